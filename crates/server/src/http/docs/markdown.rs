//! Markdown as HTML: headings with anchors, links between chapters as links between pages.

use super::frame::Text;
use crate::manual::chapter;
use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
use std::collections::BTreeMap;

/// A page's text, and what leads into it.
pub struct Rendered {
    pub html: String,
    pub headings: Vec<Heading>,
}

pub struct Heading {
    pub level: HeadingLevel,
    pub id: String,
    pub text: String,
}

impl Rendered {
    /// Links to its sections; nothing where there is but one.
    pub fn contents(&self) -> String {
        let sections: Vec<_> = self.headings.iter().filter(|heading| heading.level != HeadingLevel::H1).collect();
        if sections.len() < 2 {
            return String::new();
        }
        let item = |heading: &&Heading| {
            format!("<li class=\"{}\"><a href=\"#{}\">{}</a></li>", heading.level, heading.id, Text(&heading.text))
        };
        format!("<ul>{}</ul>", sections.iter().map(item).collect::<String>())
    }
}

/// A chapter.
pub fn render(text: &str) -> Rendered {
    let mut page = Writing::default();
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        page.take(event);
    }
    let mut html = String::new();
    html::push_html(&mut html, page.events.into_iter());
    Rendered { html, headings: page.headings }
}

/// A remark of some words, without a paragraph around them.
pub fn render_inline(text: &str) -> String {
    let html = render(text).html;
    let html = html.trim();
    match html.strip_prefix("<p>").and_then(|rest| rest.strip_suffix("</p>")) {
        Some(inner) if !inner.contains("<p>") => inner.to_owned(),
        _ => html.to_owned(),
    }
}

#[derive(Default)]
struct Writing<'a> {
    events: Vec<Event<'a>>,
    headings: Vec<Heading>,
    /// Text of the heading that is open.
    heading: Option<String>,
    /// Whether each open link leads anywhere.
    links: Vec<bool>,
    /// How often an anchor was given.
    given: BTreeMap<String, usize>,
}

impl<'a> Writing<'a> {
    fn raw(&mut self, html: impl Into<CowStr<'a>>) {
        self.events.push(Event::Html(html.into()));
    }

    fn take(&mut self, event: Event<'a>) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                self.heading = Some(String::new());
                self.headings.push(Heading { level, id: String::new(), text: String::new() });
            }
            Event::End(TagEnd::Heading(level)) => self.end_heading(level),
            Event::Text(text) | Event::Code(text) if self.heading.is_some() => {
                self.heading.get_or_insert_default().push_str(&text);
            }
            Event::Start(Tag::Table(columns)) => {
                self.raw("<div class=\"table\" tabindex=\"0\">");
                self.events.push(Event::Start(Tag::Table(columns)));
            }
            Event::End(TagEnd::Table) => {
                self.events.push(Event::End(TagEnd::Table));
                self.raw("</div>");
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                let language = match &kind {
                    CodeBlockKind::Fenced(language) => language.to_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.raw(format!(
                    "<div class=\"code\"><pre tabindex=\"0\"><code class=\"language-{}\">",
                    Text(&language)
                ));
            }
            Event::End(TagEnd::CodeBlock) => self.raw("</code></pre></div>\n"),
            Event::Start(Tag::Link { dest_url, .. }) => {
                let address = address(&dest_url);
                if let Some(address) = &address {
                    self.raw(format!("<a href=\"{}\">", Text(address)));
                }
                self.links.push(address.is_some());
            }
            Event::End(TagEnd::Link) => {
                if self.links.pop() == Some(true) {
                    self.raw("</a>");
                }
            }
            Event::Code(text) if self.links.is_empty() => match spoken_link(&text) {
                Some(link) => self.raw(link),
                None => self.events.push(Event::Code(text)),
            },
            // Chapters are text: what looks like HTML is shown as it is written.
            Event::Html(text) | Event::InlineHtml(text) => self.events.push(Event::Text(text)),
            other => self.events.push(other),
        }
    }

    fn end_heading(&mut self, level: HeadingLevel) {
        let text = self.heading.take().unwrap_or_default();
        let id = self.anchor(&text);
        let shown = Text(&text);
        let line = match level {
            HeadingLevel::H1 => format!("<h1 id=\"{id}\">{shown}</h1>\n"),
            level => format!(
                "<{level} id=\"{id}\">{shown} <a class=\"anchor\" href=\"#{id}\" aria-label=\"Link to {shown}\">#</a></{level}>\n"
            ),
        };
        self.raw(line);
        if let Some(heading) = self.headings.last_mut() {
            (heading.id, heading.text) = (id, text);
        }
    }

    /// As other readers of Markdown name headings; the second of a name gets a number.
    fn anchor(&mut self, text: &str) -> String {
        let kept = text.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
        let name = kept.collect::<String>().to_lowercase().replace(' ', "-");
        let times = self.given.entry(name.clone()).or_default();
        *times += 1;
        if *times == 1 { name } else { format!("{name}-{}", *times - 1) }
    }
}

/// Where a link of the Markdown leads among the pages; nowhere if to a file that is not served.
fn address(target: &str) -> Option<String> {
    if target.starts_with('#') || target.starts_with("https://") || target.starts_with("http://") {
        return Some(target.to_owned());
    }
    let (file, place) = target.split_once('#').map_or((target, String::new()), |(file, id)| (file, format!("#{id}")));
    match file.trim_start_matches("./").strip_suffix(".md")? {
        "README" => Some(format!("/docs/{place}")),
        topic => chapter(topic).map(|chapter| format!("/docs/{}{place}", chapter.topic)),
    }
}

/// Chapters name each other by their files, and pages of the manual by their paths.
fn spoken_link(code: &str) -> Option<String> {
    if code == "/docs/" || code == "/docs/reference" {
        return Some(format!("<a href=\"{code}\"><code>{code}</code></a>"));
    }
    let chapter = chapter(code.strip_suffix(".md")?)?;
    Some(format!("<a href=\"/docs/{}\">{}</a>", chapter.topic, Text(chapter.title())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chapters_link_to_each_other_as_pages() {
        let html =
            render("See [what](events.md#the-answer), `rules.md`, [all](README.md) and [code](../web/x.ts).").html;
        assert!(html.contains(r#"<a href="/docs/events#the-answer">what</a>"#), "{html}");
        assert!(html.contains(r#"<a href="/docs/rules">Rules</a>"#), "{html}");
        assert!(html.contains(r#"<a href="/docs/">all</a> and code."#), "{html}");
    }

    #[test]
    fn headings_of_one_name_have_anchors_of_their_own() {
        let rendered = render("# A\n\n## What's `it`?\n\n## What's `it`?\n");
        let ids: Vec<&str> = rendered.headings.iter().map(|heading| heading.id.as_str()).collect();
        assert_eq!(ids, ["a", "whats-it", "whats-it-1"]);
        assert!(rendered.contents().contains("What&#39;s it?"));
    }

    #[test]
    fn html_in_markdown_is_shown_and_not_obeyed() {
        let html = render("a <b>bold</b>\n\n<script>alert(1)</script>\n\n```html\n<i>\n```\n").html;
        assert!(!html.contains("<script") && !html.contains("<b>") && !html.contains("<i>"), "{html}");
    }

    #[test]
    fn a_remark_has_no_paragraph() {
        assert_eq!(render_inline("GOOD or `BAD`."), "GOOD or <code>BAD</code>.");
    }
}

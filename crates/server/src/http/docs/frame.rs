//! What is around every page of the manual: head, navigation, landmarks, the way on.

use super::{REFERENCE, reference};
use crate::manual::CHAPTERS;
use sha2::{Digest, Sha256};
use std::fmt::{Display, Formatter, Write};
use std::sync::LazyLock;

/// What the whole is called.
pub const WHOLE: &str = "Dregs manual";
/// Hexadecimal digits of a hash that tell one version of a file from another.
const HASH_DIGITS: usize = 16;

/// A file that pages load.
pub struct Asset {
    pub name: String,
    pub content_type: &'static str,
    pub text: &'static str,
}

pub static ASSETS: LazyLock<[Asset; 2]> = LazyLock::new(|| {
    [
        asset("css", "text/css; charset=utf-8", include_str!("../../../assets/manual.css")),
        asset("js", "text/javascript; charset=utf-8", include_str!("../../../assets/manual.js")),
    ]
});

fn asset(ending: &str, content_type: &'static str, text: &'static str) -> Asset {
    let hash = hex::encode(Sha256::digest(text));
    Asset { name: format!("manual-{}.{ending}", &hash[..HASH_DIGITS]), content_type, text }
}

/// Text as it is written into HTML, within elements and attributes.
pub struct Text<'a>(pub &'a str);

impl Display for Text<'_> {
    fn fmt(&self, to: &mut Formatter<'_>) -> std::fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => to.write_str("&amp;")?,
                '<' => to.write_str("&lt;")?,
                '>' => to.write_str("&gt;")?,
                '"' => to.write_str("&quot;")?,
                '\'' => to.write_str("&#39;")?,
                other => to.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// Where in the manual a page stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Index,
    Topic(&'static str),
    Nowhere,
}

pub struct Page<'a> {
    pub title: &'a str,
    pub place: Place,
    pub html: &'a str,
    /// What leads to its headings; empty where it has none.
    pub contents: &'a str,
}

impl Page<'_> {
    /// The document.
    pub fn whole(&self) -> String {
        let [style, script] = &*ASSETS;
        let (title, chapters) = (Text(self.title), self.chapters());
        let suffix = if self.title == WHOLE { String::new() } else { format!(" · {WHOLE}") };
        let (sections, contents) = match self.contents {
            "" => (String::new(), String::new()),
            list => (
                format!(
                    "<details class=\"menu sections\"><summary>On this page</summary><nav aria-label=\"On this page, folded\">{list}</nav></details>\n"
                ),
                format!(
                    "<aside class=\"contents\"><nav aria-label=\"On this page\"><p>On this page</p>{list}</nav></aside>\n"
                ),
            ),
        };
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}{suffix}</title>\n\
             <link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"/docs/assets/{}\">\n\
             <script src=\"/docs/assets/{}\" defer></script>\n</head>\n<body>\n\
             <a class=\"skip\" href=\"#main\">Skip to the text</a>\n\
             <header><a class=\"brand\" href=\"/docs/\">Dregs <span>manual</span></a>\n\
             <a href=\"/docs/{REFERENCE}\">API reference</a> <a href=\"/\">Dashboard</a></header>\n\
             <details class=\"menu\"><summary>Chapters</summary><nav aria-label=\"Chapters, folded\">{chapters}</nav></details>\n{sections}\
             <div class=\"layout\">\n<aside class=\"chapters\"><nav aria-label=\"Chapters\">{chapters}</nav></aside>\n\
             <main id=\"main\" tabindex=\"-1\">\n<article>\n{}</article>\n{}</main>\n{contents}</div>\n\
             <footer>Dregs {}</footer>\n</body>\n</html>\n",
            style.name,
            script.name,
            self.html,
            self.ways_on(),
            env!("CARGO_PKG_VERSION"),
        )
    }

    fn chapters(&self) -> String {
        let mut list = String::from("<ul>");
        for (topic, title) in places() {
            list.push_str(&item(topic, title, self.place == Place::Topic(topic)));
        }
        list.push_str("</ul>");
        list
    }

    /// To the chapter before and the one after.
    fn ways_on(&self) -> String {
        let places: Vec<_> = places().collect();
        let here = places.iter().position(|(topic, _)| self.place == Place::Topic(topic));
        let before = here.and_then(|here| here.checked_sub(1)).and_then(|before| places.get(before));
        let after = match self.place {
            Place::Index => places.first(),
            _ => here.and_then(|here| places.get(here + 1)),
        };
        let way = |found: Option<&(&str, &str)>, class: &str, word: &str| {
            let link = |(topic, title): &(&str, &str)| {
                let (rel, title) = (if class == "before" { "prev" } else { "next" }, Text(title));
                format!("<a class=\"{class}\" rel=\"{rel}\" href=\"/docs/{topic}\"><small>{word}</small>{title}</a>")
            };
            found.map(link).unwrap_or_default()
        };
        let ways = way(before, "before", "Previous") + &way(after, "after", "Next");
        if ways.is_empty() {
            ways
        } else {
            format!("<nav class=\"ways\" aria-label=\"Previous and next chapter\">{ways}</nav>\n")
        }
    }
}

/// Everything to read, in its order.
fn places() -> impl Iterator<Item = (&'static str, &'static str)> {
    CHAPTERS.iter().map(|chapter| (chapter.topic, chapter.title())).chain([(REFERENCE, reference::TITLE)])
}

/// A line of a list of chapters.
pub fn item(topic: &str, title: &str, is_current: bool) -> String {
    let current = if is_current { " aria-current=\"page\"" } else { "" };
    format!("<li><a href=\"/docs/{topic}\"{current}>{}</a></li>", Text(title))
}

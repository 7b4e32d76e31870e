//! `/docs/`: the manual and the reference, as a browser gets them.

use crate::api::{Answer, Api};
use crate::app::TestApp;
use crate::openapi::{Operation, operations};
use dregs_server::http::docs::REFERENCE;
use dregs_server::http::document;
use dregs_server::manual::CHAPTERS;
use hyper::Method;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

on_both!(
    every_link_and_every_anchor_of_the_manual_leads_somewhere,
    a_page_of_the_manual_loads_nothing_from_elsewhere_and_runs_nothing_within,
    what_pages_load_may_be_kept_for_ever_and_pages_may_not,
    the_index_and_every_page_lead_to_every_chapter,
    chapters_follow_one_another_to_the_reference,
    an_unknown_chapter_is_a_page_that_names_those_there_are,
    the_manual_is_read_and_nothing_else,
    chapters_lead_to_their_routes_and_routes_to_their_chapter,
    the_reference_shows_every_operation_with_all_it_takes_and_answers,
);

/// Every page by its path.
async fn pages(app: &TestApp) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let topics = CHAPTERS.iter().map(|chapter| chapter.topic).chain(["", REFERENCE]);
    for topic in topics {
        let path = format!("/docs/{topic}");
        let answer = app.root().get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        pages.insert(path, answer.text);
    }
    pages
}

/// What stands within the tags: text may look like an attribute too.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<').skip(1).filter_map(|rest| rest.split('>').next())
}

/// The values of an attribute.
fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    tags(html).filter_map(|tag| tag.split(&start).nth(1)?.split('"').next()).collect()
}

/// The text from a mark to the next one of another kind.
#[track_caller]
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = text.split_once(start).unwrap_or_else(|| panic!("there is no {start}")).1;
    rest.split_once(end).unwrap_or_else(|| panic!("{start} does not end")).0
}

async fn every_link_and_every_anchor_of_the_manual_leads_somewhere(app: &mut TestApp) {
    let pages = pages(app).await;
    for (path, html) in &pages {
        let ids = attributes(html, "id");
        assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "{path} has an id twice");
        for link in attributes(html, "href") {
            if link.starts_with("https://") || link == "data:," {
                continue;
            }
            let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if target.is_empty() { path.as_str() } else { target };
            match pages.get(target) {
                Some(there) => assert!(
                    anchor.is_empty() || attributes(there, "id").contains(&anchor),
                    "{path} links to {link}, and there is no such place"
                ),
                None => {
                    let answer = app.root().get(target).await;
                    assert_eq!(answer.status, 200, "{path} links to {link}");
                }
            }
        }
    }
}

async fn a_page_of_the_manual_loads_nothing_from_elsewhere_and_runs_nothing_within(app: &mut TestApp) {
    for (path, html) in pages(app).await {
        let policy = app.root().get(&path).await;
        let policy = policy.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        let head = between(&html, "<head>", "</head>");
        let loaded = attributes(&html, "src").into_iter().chain(attributes(head, "href"));
        for address in loaded.filter(|address| *address != "data:,") {
            assert!(address.starts_with("/docs/assets/"), "{path} loads {address}");
        }
        assert_eq!(html.matches("<script").count(), 1, "{path}");
        assert!(html.contains("defer></script>"), "{path} has a script within");
        for forbidden in ["style", "iframe", "img", "object"] {
            assert!(
                tags(&html).all(|tag| tag != forbidden && !tag.starts_with(&format!("{forbidden} "))),
                "{path}: {forbidden}"
            );
        }
        for forbidden in [" style=", " onclick=", "javascript:"] {
            assert!(!tags(&html).any(|tag| tag.contains(forbidden)), "{path} has {forbidden}");
        }
    }
    let index = app.root().get("/docs/").await.text;
    let style = attributes(&index, "href").into_iter().find(|link| link.ends_with(".css")).unwrap();
    let style = app.root().get(style).await.text;
    assert!(!style.contains("url(") && !style.contains("@import"));
}

async fn what_pages_load_may_be_kept_for_ever_and_pages_may_not(app: &mut TestApp) {
    let index = app.root().get("/docs/").await;
    assert_eq!(index.header("cache-control"), Some("no-cache"));
    let html = &index.text;
    let loaded: Vec<&str> = attributes(html, "src")
        .into_iter()
        .chain(attributes(html, "href"))
        .filter(|link| link.contains("/assets/"))
        .collect();
    assert_eq!(loaded.len(), 2);
    for link in loaded {
        let answer = app.root().get(link).await;
        assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let kind = if link.ends_with(".css") { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" };
        assert_eq!(answer.header("content-type"), Some(kind));
    }
    let packed = app.root().send(Method::GET, "/docs/reference", &[("accept-encoding", "gzip")], "").await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let page = app.root().send(Method::GET, "/", &[("accept-encoding", "gzip")], "").await;
    assert_eq!(page.header("content-encoding"), Some("gzip"), "the dashboard too");
}

async fn the_index_and_every_page_lead_to_every_chapter(app: &mut TestApp) {
    for (path, html) in pages(app).await {
        let links = attributes(&html, "href");
        for chapter in CHAPTERS {
            assert!(links.contains(&format!("/docs/{}", chapter.topic).as_str()), "{path} leads to {}", chapter.topic);
        }
        assert!(html.contains("<nav aria-label=\"Chapters\">") && html.contains("<main id=\"main\""), "{path}");
        assert_eq!(html.matches("<h1").count(), 1, "{path}");
        let current = html.matches("aria-current=\"page\"").count();
        assert_eq!(current, if path == "/docs/" { 0 } else { 2 }, "{path} says where one is, in either navigation");
    }
    let index = app.root().get("/docs/").await.text;
    let listed = attributes(between(&index, "<table>", "</table>"), "href").join(" ");
    let expected: Vec<String> = CHAPTERS.iter().map(|chapter| format!("/docs/{}", chapter.topic)).collect();
    assert_eq!(listed, expected.join(" "), "docs/README.md names the chapters in the order of reading");
}

async fn chapters_follow_one_another_to_the_reference(app: &mut TestApp) {
    let mut path = "/docs/".to_owned();
    let mut read = Vec::new();
    loop {
        let html = app.root().get(&path).await.text;
        let Some(link) = html.split("rel=\"next\" href=\"").nth(1) else { break };
        path = link.split('"').next().unwrap().to_owned();
        read.push(path.clone());
    }
    let topics = CHAPTERS.iter().map(|chapter| chapter.topic).chain([REFERENCE]);
    assert_eq!(read, topics.map(|topic| format!("/docs/{topic}")).collect::<Vec<_>>());
}

async fn an_unknown_chapter_is_a_page_that_names_those_there_are(app: &mut TestApp) {
    for path in
        ["/docs/nothing", "/docs/events/more", "/docs/assets/manual-0.css", "/docs/<script>alert(1)", "/docs/%00"]
    {
        let path = path.replace('<', "%3C").replace('>', "%3E");
        let answer = app.root().get(&path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        assert!(answer.header("content-security-policy").is_some());
        let listed = between(&answer.text, "<article>", "</article>");
        assert_eq!(attributes(listed, "href").len(), CHAPTERS.len() + 1, "{path}");
        assert!(!answer.text.contains("alert"));
    }
}

async fn the_manual_is_read_and_nothing_else(app: &mut TestApp) {
    let root: Api = app.root();
    let head: Answer = root.send(Method::HEAD, "/docs/events", &[], "").await;
    let whole = root.get("/docs/events").await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.header("content-length"), Some(whole.text.len().to_string().as_str()));
    assert_eq!(root.send(Method::HEAD, "/docs/nothing", &[], "").await.status, 404);
    root.send(Method::POST, "/docs/events", &[], "").await.error(405);
    let without = root.get("/docs").await;
    assert_eq!((without.status, without.header("location")), (308, Some("/docs/")));
}

async fn chapters_lead_to_their_routes_and_routes_to_their_chapter(app: &mut TestApp) {
    let pages = pages(app).await;
    let reference = &pages["/docs/reference"];
    let subjects: BTreeSet<String> =
        operations().iter().map(|operation| operation.about["tags"][0].as_str().unwrap().to_owned()).collect();
    let chapters = CHAPTERS.iter().filter(|chapter| subjects.contains(chapter.topic));
    let mut led = 0;
    for chapter in chapters {
        let topic = chapter.topic;
        assert!(pages[&format!("/docs/{topic}")].contains(&format!("href=\"/docs/reference#{topic}\"")), "{topic}");
        let group = between(reference, &format!("<h2 id=\"{topic}\">"), "<section class=\"operation\"");
        assert!(group.contains(&format!("href=\"/docs/{topic}\"")), "{topic}");
        led += 1;
    }
    assert!(led > 5, "most chapters are about things that have routes: {led}");
}

/// The names of all fields that a schema leads to.
fn names(document: &Value, schema: &Value, seen: &mut BTreeSet<String>, found: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        if seen.insert(reference.to_owned()) {
            names(document, document.pointer(&reference[1..]).unwrap(), seen, found);
        }
        return;
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        found.insert(name.clone());
        names(document, property, seen, found);
    }
    for part in ["oneOf", "anyOf", "allOf"].iter().flat_map(|name| schema[*name].as_array().into_iter().flatten()) {
        names(document, part, seen, found);
    }
    for part in ["items", "additionalProperties"].iter().filter_map(|name| schema.get(*name)) {
        names(document, part, seen, found);
    }
}

/// Everything the document says an operation takes and answers.
fn fields(document: &Value, operation: &Operation) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let body = &operation.about["requestBody"]["content"];
    let answers = operation.about["responses"].as_object().unwrap();
    let done = answers.iter().filter(|(status, _)| status.as_str() < "400").map(|(_, answer)| &answer["content"]);
    for content in done.chain([body]).filter_map(Value::as_object).flat_map(|kinds| kinds.values()) {
        names(document, &content["schema"], &mut BTreeSet::new(), &mut found);
    }
    found
}

async fn the_reference_shows_every_operation_with_all_it_takes_and_answers(app: &mut TestApp) {
    let document = serde_json::to_value(document()).unwrap();
    let html = app.root().get("/docs/reference").await.text;
    assert_eq!(html.matches("<section class=\"operation\"").count(), operations().len());
    for operation in operations() {
        let id = operation.about["operationId"].as_str().unwrap();
        let start = format!("<section class=\"operation\" aria-labelledby=\"{id}\"");
        let shown = between(&html, &start, "</section>");
        let summary = operation.about["summary"].as_str().unwrap().replace('\'', "&#39;");
        assert!(shown.contains(&format!("<h3 id=\"{id}\">{summary}")), "{id}");
        let method = operation.method.as_str().to_lowercase();
        assert!(shown.contains(&format!("{method}</span> <code>/api{}</code>", operation.path)), "{id}");
        for parameter in operation.about["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            assert!(shown.contains(&format!("<code>{name}</code>")), "{id} does not show its parameter {name}");
        }
        for field in fields(&document, &operation) {
            assert!(shown.contains(&format!("{field}</code>")), "{id} does not show the field {field}");
        }
        for status in operation.about["responses"].as_object().unwrap().keys() {
            assert!(shown.contains(&format!("<b class=\"status\">{status}</b>")), "{id} does not show {status}");
        }
        assert!(shown.contains("curl ") && shown.contains("$DREGS_BASE_URL/"), "{id} has no example");
    }
    let errors = between(&html, "<h2 id=\"errors\">", "</section>");
    for field in document["components"]["schemas"]["ErrorBody"]["properties"].as_object().unwrap().keys() {
        assert!(errors.contains(&format!("<code>{field}</code>")), "{field}");
    }
}

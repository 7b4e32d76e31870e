//! `/docs/`: the manual and the reference of the API as pages. They are made when they are first asked for, and kept.

mod example;
mod fields;
mod frame;
mod markdown;
mod reference;

use crate::app::App;
use crate::http::document;
use crate::manual::{CHAPTERS, Chapter, INDEX};
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use frame::{ASSETS, Asset, Page, Place, Text, WHOLE};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use tower_http::compression::CompressionLayer;

/// Pages change with the binary; what they load carries its hash in its name.
const PAGE_CACHE: &str = "no-cache";
const ASSET_CACHE: &str = "public, max-age=31536000, immutable";
const HTML: &str = "text/html; charset=utf-8";
/// A page of the manual is text: one style sheet and one script of this server, nothing else, and nothing within the page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The topic that the reference is asked for by.
pub const REFERENCE: &str = "reference";

/// Pages by topic; the index has none.
static PAGES: LazyLock<BTreeMap<&'static str, String>> = LazyLock::new(|| {
    let document = document_json();
    let described = reference::tags(&document);
    let chapters = CHAPTERS.iter().map(|chapter| (chapter.topic, chapter_page(chapter, &described)));
    chapters.chain([("", index_page()), (REFERENCE, reference::page(&document))]).collect()
});

static MISSING: LazyLock<String> = LazyLock::new(missing_page);

fn document_json() -> Value {
    serde_json::to_value(document()).unwrap_or_default()
}

pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/docs", get(async || Redirect::permanent("/docs/")))
        .route("/docs/", get(async || page("")))
        .route("/docs/{*path}", get(async |Path(path): Path<String>| page(&path)))
        .layer(CompressionLayer::new())
}

fn page(path: &str) -> Response {
    if let Some(asset) = path.strip_prefix("assets/").and_then(|name| ASSETS.iter().find(|asset| asset.name == name)) {
        let Asset { content_type, text, .. } = asset;
        return respond(StatusCode::OK, content_type, ASSET_CACHE, text);
    }
    match PAGES.get(path) {
        Some(page) => respond(StatusCode::OK, HTML, PAGE_CACHE, page),
        None => respond(StatusCode::NOT_FOUND, HTML, PAGE_CACHE, &MISSING),
    }
}

fn respond(status: StatusCode, content_type: &str, cache: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, cache),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    ];
    (status, headers, Body::from(text)).into_response()
}

/// Routes that stand under another name than the chapter that explains them.
const ALSO: [(&str, &str); 5] = [
    ("events", "ingestion"),
    ("tracking", "events"),
    ("scoring", "analysis"),
    ("webhooks", "channels"),
    ("credentials", "auth"),
];

/// The chapters that explain the routes under a name.
fn explaining(tag: &str) -> impl Iterator<Item = &'static Chapter> {
    let explains = move |topic: &str| topic == tag || ALSO.contains(&(topic, tag));
    CHAPTERS.iter().filter(move |chapter| explains(chapter.topic))
}

/// A chapter, with the way to its routes.
fn chapter_page(chapter: &Chapter, described: &[String]) -> String {
    let mut rendered = markdown::render(chapter.text);
    let own = described.iter().filter(|tag| explaining(tag).any(|explaining| explaining == chapter));
    let links: Vec<String> = own.map(|tag| format!("<a href=\"/docs/{REFERENCE}#{0}\">{0}</a>", Text(tag))).collect();
    if !links.is_empty() {
        let links = links.join(", ");
        rendered
            .html
            .push_str(&format!("<p class=\"routes\">Every route and field of this in the reference: {links}.</p>\n"));
    }
    let place = Place::Topic(chapter.topic);
    Page { title: chapter.title(), place, html: &rendered.html, contents: &rendered.contents() }.whole()
}

fn index_page() -> String {
    let rendered = markdown::render(INDEX);
    Page { title: WHOLE, place: Place::Index, html: &rendered.html, contents: "" }.whole()
}

fn missing_page() -> String {
    let items: String = CHAPTERS.iter().map(|chapter| frame::item(chapter.topic, chapter.title(), false)).collect();
    let html = format!(
        "<h1>There is no such chapter</h1>\n<p>These are there, and the <a href=\"/docs/{REFERENCE}\">{}</a>:</p>\n<ul>{items}</ul>\n",
        Text(reference::TITLE)
    );
    Page { title: "Not found", place: Place::Nowhere, html: &html, contents: "" }.whole()
}

//! The built web files, embedded: a leaf crate, so that a change in the web does not rebuild the server and a change in
//! the server does not read the web again.
//!
//! `build.rs` takes `web/dashboard/dist` and `web/tracker/dist` where they are built, and a plain page where not, so
//! that `cargo build` works before npm ran.

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// One file as it is served.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    pub content_type: &'static str,
    pub bytes: &'static [u8],
}

/// Shown where the dashboard is not built in.
const PLACEHOLDER: &[u8] = b"<!doctype html><html lang=\"en\"><title>Dregs</title><body><main><h1>Dregs is running</h1>\
<p>The API is at <a href=\"/api/openapi.json\">/api</a>, the tracker at <a href=\"/dregs.js\">/dregs.js</a>.</p></main></body></html>";

/// A file of the dashboard by its path.
pub fn asset(path: &str) -> Option<Asset> {
    let place = DASHBOARD.binary_search_by(|(name, _)| (*name).cmp(path)).ok()?;
    Some(Asset { content_type: content_type(path), bytes: DASHBOARD[place].1 })
}

/// The dashboard's page.
pub fn index() -> Asset {
    asset("index.html").unwrap_or(Asset { content_type: content_type("index.html"), bytes: PLACEHOLDER })
}

/// `dregs.js`, if it is built in.
pub fn tracker() -> Option<Asset> {
    TRACKER.map(|bytes| Asset { content_type: content_type("dregs.js"), bytes })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_a_page() {
        assert!(index().content_type.starts_with("text/html"));
        assert!(asset("no/such/file").is_none());
    }
}

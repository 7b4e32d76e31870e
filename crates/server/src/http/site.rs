//! The tracker and the dashboard, served from the binary.

use crate::http::error::ApiError;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use dregs_dashboard::Asset;
use tower_http::compression::CompressionLayer;

/// Pages load the tracker from other origins and should notice a new one within the hour.
const TRACKER_CACHE: &str = "public, max-age=3600";
const HASHED_CACHE: &str = "public, max-age=31536000, immutable";
const PAGE_CACHE: &str = "no-cache";
/// Files here are named after what is in them.
const HASHED_FILES: &str = "assets/";
/// The dashboard loads only what this server serves.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Every file, packed for whoever takes it so: the scripts of the first load are a third then.
pub fn files() -> Router {
    Router::new().fallback(serve).layer(CompressionLayer::new())
}

async fn serve(request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return ApiError::MethodNotAllowed.into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    if path == "dregs.js" {
        return match dregs_dashboard::tracker() {
            Some(script) => respond(script, TRACKER_CACHE),
            None => {
                ApiError::NotFound("the tracker is not built into this binary: run make build".into()).into_response()
            }
        };
    }
    match dregs_dashboard::asset(path) {
        Some(asset) if path.starts_with(HASHED_FILES) => respond(asset, HASHED_CACHE),
        Some(asset) => respond(asset, PAGE_CACHE),
        // Paths of the app are its own, such as /identities/ada@example.com; a missing file is missing.
        None if is_file(path) => ApiError::NotFound("there is nothing at this path".into()).into_response(),
        None => respond(dregs_dashboard::index(), PAGE_CACHE),
    }
}

/// Whether a path is a file's by its looks; what follows the first segment of the app's paths may be any text.
fn is_file(path: &str) -> bool {
    path.starts_with(HASHED_FILES) || path.starts_with('.') || (path.contains('.') && !path.contains('/'))
}

fn respond(asset: Asset, cache: &'static str) -> Response {
    Response::builder()
        .status(StatusCode::OK)
        .header(header::CONTENT_TYPE, asset.content_type)
        .header(header::CACHE_CONTROL, cache)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY)
        .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")
        .body(Body::from(asset.bytes))
        .unwrap_or_else(|error| ApiError::Internal(error.to_string()).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_may_be_named_like_a_file() {
        for page in ["", "identities", "identities/ada@example.com", "devices/a.b", "events/index.html", "no/such.page"]
        {
            assert!(!is_file(page), "{page}");
        }
        for file in ["favicon.ico", "missing.js", "assets/index-1a2b.js", "assets/gone", ".well-known/security", ".env"]
        {
            assert!(is_file(file), "{file}");
        }
    }

    #[test]
    fn the_page_runs_nothing_that_stands_in_it() {
        assert!(!CONTENT_SECURITY_POLICY.contains("unsafe"));
        assert!(CONTENT_SECURITY_POLICY.starts_with("default-src 'self';"));
    }
}

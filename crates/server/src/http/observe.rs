//! Around every request: an id, a log line, a count. Never a key, an attribute or an id of a person.

use crate::metrics::{REQUEST_SECONDS, REQUESTS};
use axum::extract::{MatchedPath, Request};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tracing::Instrument;

pub const REQUEST_ID: &str = "x-request-id";

/// Distinguishes this process's ids from those of others.
static PROCESS: std::sync::LazyLock<u32> = std::sync::LazyLock::new(rand::random);
static COUNTER: AtomicU64 = AtomicU64::new(0);

fn request_id() -> String {
    format!("{:08x}-{:x}", *PROCESS, COUNTER.fetch_add(1, Ordering::Relaxed))
}

pub async fn observe(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let span = tracing::debug_span!("request", id, %method, route = route.as_deref().unwrap_or("-"));
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    let elapsed = started.elapsed();
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let route = route.unwrap_or_else(|| "-".into());
    metrics::counter!(REQUESTS, "route" => route.clone(), "method" => method.to_string(), "status" => status.as_str().to_owned()).increment(1);
    metrics::histogram!(REQUEST_SECONDS, "route" => route.clone()).record(elapsed);
    if status.is_server_error() {
        tracing::warn!(parent: &span, status = status.as_u16(), elapsed_ms = elapsed.as_millis() as u64, id, route, "request failed");
    } else {
        tracing::debug!(parent: &span, status = status.as_u16(), elapsed_ms = elapsed.as_millis() as u64, "request");
    }
    response
}

//! Around every request: an id, a log line, a count, and what the audit log says of it. Never a key, an attribute or an id of a person.

use crate::http::audit::Trail;
use crate::metrics::{REQUEST_SECONDS, REQUESTS};
use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, Response as HttpResponse, StatusCode};
use axum::response::Response;
use metrics::{Counter, Histogram};
use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tower::Service;
use tracing::{Instrument, Span};

pub const REQUEST_ID: &str = "x-request-id";
/// Events are their own log.
const EVENTS: &str = "/api/events";

/// Distinguishes this process's ids from those of others.
static PROCESS: LazyLock<u32> = LazyLock::new(rand::random);
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// Kinds of answers remembered for a route.
const KINDS_MAX: usize = 32;

fn request_id() -> String {
    format!("{:08x}-{:x}", *PROCESS, COUNTER.fetch_add(1, Ordering::Relaxed))
}

/// The paths that requests are counted under: `/api/identities/{id}`, never a person's id.
pub struct Labels(matchit::Router<String>);

impl Labels {
    pub fn new(paths: impl Iterator<Item = String>) -> Self {
        let mut labels = matchit::Router::new();
        let others = ["/healthz", "/readyz", "/metrics", "/dregs.js", "/api/openapi.json"].map(String::from);
        for path in paths.chain(others) {
            // Two of one shape count under the first.
            let _ = labels.insert(path.clone(), path);
        }
        Labels(labels)
    }

    fn of(&self, path: &str) -> &str {
        self.0.at(path).map_or("-", |found| found.value.as_str())
    }
}

/// Observes the requests of `inner`.
pub struct Observed<S> {
    inner: S,
    labels: Arc<Labels>,
}

impl<S: Clone> Clone for Observed<S> {
    fn clone(&self) -> Self {
        Observed { inner: self.inner.clone(), labels: self.labels.clone() }
    }
}

impl<S> Observed<S> {
    pub fn new(inner: S, labels: Labels) -> Self {
        Observed { inner, labels: Arc::new(labels) }
    }
}

impl<S, B> Service<Request> for Observed<S>
where
    S: Service<Request, Response = HttpResponse<B>, Error = Infallible>,
    S::Future: Send + 'static,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let started = Instant::now();
        let id = request_id();
        let trail = (request.uri().path() != EVENTS).then(|| Trail::new(&id));
        if let Some(trail) = &trail {
            request.extensions_mut().insert(trail.clone());
        }
        let method = request.method().clone();
        let labels = self.labels.clone();
        let path = request.uri().path().to_owned();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let route = labels.of(&path);
            let span = tracing::debug_span!("request", id, %method, route);
            let mut response = answer.instrument(span.clone()).await?.map(Body::new);
            if let Ok(value) = HeaderValue::from_str(&id) {
                response.headers_mut().insert(HeaderName::from_static(REQUEST_ID), value);
            }
            let (status, elapsed) = (response.status(), started.elapsed());
            count(route, &method, status, elapsed);
            if let Some(trail) = trail {
                trail.end(status.as_u16());
            }
            log(&span, &id, route, status, elapsed);
            Ok(response)
        })
    }
}

fn log(span: &Span, id: &str, route: &str, status: StatusCode, elapsed: Duration) {
    let (status_code, elapsed_ms) = (status.as_u16(), elapsed.as_millis() as u64);
    if status.is_server_error() {
        tracing::warn!(parent: span, status = status_code, elapsed_ms, id, route, "request failed");
    } else {
        tracing::debug!(parent: span, status = status_code, elapsed_ms, "request");
    }
}

/// Where one kind of answer of one route is counted.
type Counters = HashMap<String, Vec<(Method, StatusCode, Counter, Histogram)>>;

/// Looking a counter up by its labels costs more than the rest of this file: each is looked up once. Routes, methods
/// that a route takes and statuses are few.
static COUNTERS: LazyLock<RwLock<Counters>> = LazyLock::new(RwLock::default);

fn count(route: &str, method: &Method, status: StatusCode, elapsed: Duration) {
    let same = |(held, answered, ..): &&(Method, StatusCode, Counter, Histogram)| held == method && *answered == status;
    let counters = COUNTERS.read().unwrap_or_else(PoisonError::into_inner);
    if let Some((.., requests, seconds)) = counters.get(route).and_then(|held| held.iter().find(same)) {
        requests.increment(1);
        seconds.record(elapsed);
        return;
    }
    drop(counters);
    let requests = metrics::counter!(REQUESTS, "route" => route.to_owned(), "method" => method.to_string(), "status" => status.as_str().to_owned());
    let seconds = metrics::histogram!(REQUEST_SECONDS, "route" => route.to_owned());
    requests.increment(1);
    seconds.record(elapsed);
    let mut counters = COUNTERS.write().unwrap_or_else(PoisonError::into_inner);
    let held = counters.entry(route.to_owned()).or_default();
    // A sender may make methods up; what is not remembered is looked up each time.
    if held.len() < KINDS_MAX && held.iter().find(same).is_none() {
        held.push((method.clone(), status, requests, seconds));
    }
}

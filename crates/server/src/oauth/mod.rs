//! OAuth 2.1 for agents: how a program that a person uses gets that person's leave to use `/mcp`.
//!
//! Clients are public and register themselves (RFC 7591); codes are bound to a proof (PKCE), a redirect and this server
//! (RFC 8707); answers name who gives them (RFC 9207). Tokens are opaque and stored as hashes.

pub mod authorize;
pub mod clients;
pub mod discovery;
pub mod page;
pub mod tokens;

use crate::app::App;
use crate::http::attempts::network;
use crate::http::client_address::client_ip;
use crate::http::error::{ApiError, ApiResult};
use crate::http::limits::{Limiter, take_from};
use crate::http::observe::REQUEST_ID;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use governor::{Quota, RateLimiter};
use serde::Serialize;
use std::num::NonZeroU32;
use std::sync::Arc;
use tower_http::cors::{Any, CorsLayer};

/// What a grant may cover: reading, and changing what its person may change.
pub const SCOPES: &str = "read write";
/// Requests are a few parameters; the largest is a registration with its redirects.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Requests a second that one address may make here in the long run, and at once.
const REQUESTS_PER_SECOND: NonZeroU32 = NonZeroU32::new(1).unwrap();
const REQUESTS_BURST: NonZeroU32 = NonZeroU32::new(60).unwrap();

/// Paths under which requests are counted.
pub const PATHS: [&str; 8] = [
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/mcp",
    "/.well-known/oauth-authorization-server",
    "/oauth/register",
    "/oauth/authorize",
    "/oauth/token",
    "/token",
    "/oauth/revoke",
];

pub fn router(app: &Arc<App>) -> Router {
    let requests: Arc<Limiter> =
        Arc::new(RateLimiter::keyed(Quota::per_second(REQUESTS_PER_SECOND).allow_burst(REQUESTS_BURST)));
    let (limited_by, limited_app) = (requests, app.clone());
    let limited = axum::middleware::from_fn(move |request: Request, next: Next| {
        let (requests, app) = (limited_by.clone(), limited_app.clone());
        async move {
            let (parts, body) = request.into_parts();
            match take(&requests, &app, &parts) {
                Ok(()) => next.run(Request::from_parts(parts, body)).await,
                Err(error) => OauthError::from(error).into_response(),
            }
        }
    });
    let for_programs = Router::new()
        .route("/oauth/register", post(clients::register))
        .route("/oauth/token", post(tokens::exchange))
        // Where clients ask that kept their tokens, and not what they had discovered.
        .route("/token", post(tokens::exchange))
        .route("/oauth/revoke", post(tokens::revoke))
        .layer(limited.clone())
        .route("/.well-known/oauth-protected-resource", get(discovery::protected_resource))
        .route("/.well-known/oauth-protected-resource/mcp", get(discovery::protected_resource))
        .route("/.well-known/oauth-authorization-server", get(discovery::authorization_server))
        .layer(cors());
    let for_people =
        Router::new().route("/oauth/authorize", get(authorize::ask).post(authorize::decide)).layer(limited);
    for_programs
        .merge(for_people)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(app.clone())
}

fn take(requests: &Limiter, app: &App, parts: &Parts) -> ApiResult<()> {
    take_from(requests, &network(client_ip(parts, &app.options)), NonZeroU32::MIN)
}

/// Programs in pages ask here too; nothing here rests on a cookie.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, HeaderName::from_static("mcp-protocol-version")])
        .expose_headers([header::RETRY_AFTER, HeaderName::from_static(REQUEST_ID)])
        .max_age(std::time::Duration::from_secs(24 * 3600))
}

/// What tokens are for.
pub fn resource_url(app: &App) -> String {
    format!("{}{}", app.options.notify.base_url(), crate::mcp::PATH)
}

/// Where it stands how to get one.
pub fn resource_metadata_url(app: &App) -> String {
    format!("{}/.well-known/oauth-protected-resource/mcp", app.options.notify.base_url())
}

/// Whether a token is asked for this server's `/mcp`, in whatever spelling of its address. Left out, nothing else is meant.
pub fn is_our_resource(app: &App, asked: Option<&str>) -> bool {
    let Some(asked) = asked else { return true };
    let same = |text: &str| reqwest::Url::parse(text.trim_end_matches('/')).ok();
    same(asked).is_some_and(|asked| Some(asked) == same(&resource_url(app)))
}

/// An error in the words of OAuth (RFC 6749, 5.2).
#[derive(Debug)]
pub struct OauthError {
    pub status: StatusCode,
    pub code: &'static str,
    pub description: String,
    pub retry_after_s: Option<u64>,
}

impl OauthError {
    pub fn new(code: &'static str, description: impl Into<String>) -> Self {
        let status = match code {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        OauthError { status, code, description: description.into(), retry_after_s: None }
    }

    pub fn invalid_request(description: impl Into<String>) -> Self {
        OauthError::new("invalid_request", description)
    }

    pub fn invalid_grant(description: impl Into<String>) -> Self {
        OauthError::new("invalid_grant", description)
    }
}

impl From<ApiError> for OauthError {
    fn from(error: ApiError) -> Self {
        if let ApiError::Internal(cause) = &error {
            tracing::error!(%cause, "a request failed");
        }
        let code = match error.status().as_u16() {
            429 | 503 => "temporarily_unavailable",
            500.. => "server_error",
            _ => "invalid_request",
        };
        OauthError { status: error.status(), code, description: error.message(), retry_after_s: error.retry_after_s() }
    }
}

impl From<dregs_store::StoreError> for OauthError {
    fn from(error: dregs_store::StoreError) -> Self {
        ApiError::from(error).into()
    }
}

#[derive(Serialize)]
struct ErrorAnswer<'a> {
    error: &'a str,
    error_description: &'a str,
}

impl IntoResponse for OauthError {
    fn into_response(self) -> Response {
        let body = Json(ErrorAnswer { error: self.code, error_description: &self.description });
        let mut response = (self.status, [(header::CACHE_CONTROL, "no-store")], body).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

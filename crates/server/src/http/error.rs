//! The one error of the API and the one place that gives it a status and a message.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use dregs_engine::event::format_time_ms;
use dregs_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug)]
pub enum ApiError {
    /// 400; the message names the field.
    BadRequest(String),
    /// 401
    Unauthorized(&'static str),
    /// 402
    QuotaExceeded,
    /// 403
    Forbidden(&'static str),
    /// 404; what was not found.
    NotFound(String),
    /// 405
    MethodNotAllowed,
    /// 409
    Conflict(String),
    /// 413
    TooLarge(String),
    /// 415
    UnsupportedMediaType,
    /// 429 and after how many seconds to come back.
    RateLimited(u64),
    /// 429, after how many seconds to come back, and what there was too much of.
    TooSoon(u64, &'static str),
    /// 503 and after how many seconds to come back.
    Unavailable(u64),
    /// 503; what elsewhere does not do its part.
    Elsewhere(&'static str),
    /// 500; the cause is logged, not told.
    Internal(String),
}

pub type ApiResult<T> = Result<T, ApiError>;

/// What an error looks like on the wire.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// When, ISO-8601 UTC.
    pub timestamp: String,
    /// The HTTP status.
    pub status: u16,
    /// The status in words.
    pub error: String,
    /// What is wrong with which field.
    pub message: String,
}

/// Seconds after which a client may try again when the store or the queue is full.
pub const RETRY_AFTER_S: u64 = 1;

/// And when something elsewhere does not answer.
const ELSEWHERE_RETRY_S: u64 = 10;

impl ApiError {
    pub fn status(&self) -> StatusCode {
        match self {
            ApiError::BadRequest(_) => StatusCode::BAD_REQUEST,
            ApiError::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            ApiError::QuotaExceeded => StatusCode::PAYMENT_REQUIRED,
            ApiError::Forbidden(_) => StatusCode::FORBIDDEN,
            ApiError::NotFound(_) => StatusCode::NOT_FOUND,
            ApiError::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            ApiError::Conflict(_) => StatusCode::CONFLICT,
            ApiError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            ApiError::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ApiError::RateLimited(_) | ApiError::TooSoon(..) => StatusCode::TOO_MANY_REQUESTS,
            ApiError::Unavailable(_) | ApiError::Elsewhere(_) => StatusCode::SERVICE_UNAVAILABLE,
            ApiError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub fn message(&self) -> String {
        match self {
            ApiError::BadRequest(message)
            | ApiError::NotFound(message)
            | ApiError::Conflict(message)
            | ApiError::TooLarge(message) => message.clone(),
            ApiError::Unauthorized(message) | ApiError::Forbidden(message) | ApiError::Elsewhere(message) => {
                (*message).to_owned()
            }
            ApiError::QuotaExceeded => "the team is over its monthly event limit".into(),
            ApiError::MethodNotAllowed => "this path does not take that method".into(),
            ApiError::UnsupportedMediaType => "the body must be application/json".into(),
            ApiError::RateLimited(_) => "too many requests: slow down".into(),
            ApiError::TooSoon(seconds, what) => format!("{what}: try again in {}", in_words(*seconds)),
            ApiError::Unavailable(_) => "the server is overloaded: try again".into(),
            ApiError::Internal(_) => "something went wrong here; the request id tells the operator what".into(),
        }
    }

    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            ApiError::RateLimited(seconds) | ApiError::TooSoon(seconds, _) | ApiError::Unavailable(seconds) => {
                Some(*seconds)
            }
            ApiError::Elsewhere(_) => Some(ELSEWHERE_RETRY_S),
            _ => None,
        }
    }

    /// Whether this is told before the request's body is read. A connection with half a request in it cannot go on, and a
    /// client that is not told so sends its next request into nothing.
    fn leaves_the_body(&self) -> bool {
        matches!(
            self,
            ApiError::Unauthorized(_) | ApiError::Forbidden(_) | ApiError::TooLarge(_) | ApiError::UnsupportedMediaType
        )
    }

    pub fn not_found(what: &str, id: &str) -> Self {
        ApiError::NotFound(format!("no {what} {:?}", dregs_engine::text::cut(id, 80)))
    }
}

/// How long that is, rounded up.
fn in_words(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..=90 => (seconds, "second"),
        91..=5_400 => (seconds.div_ceil(60), "minute"),
        _ => (seconds.div_ceil(3_600), "hour"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(what) => ApiError::Conflict(what.to_owned()),
            StoreError::Unavailable(cause) => {
                tracing::warn!(%cause, "the store is unavailable");
                ApiError::Unavailable(RETRY_AFTER_S)
            }
            other => ApiError::Internal(other.to_string()),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let ApiError::Internal(cause) = &self {
            tracing::error!(%cause, "a request failed");
        }
        let status = self.status();
        let body = ErrorBody {
            timestamp: format_time_ms(crate::clock::Clock::system().now_ms()),
            status: status.as_u16(),
            error: status.canonical_reason().unwrap_or("Error").to_owned(),
            message: self.message(),
        };
        let mut response = (status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after_s() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.leaves_the_body() {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_said_in_words_that_are_not_too_short() {
        let said = [1, 30, 90, 91, 3_600, 5_401, 86_400].map(in_words);
        assert_eq!(said, ["1 second", "30 seconds", "90 seconds", "2 minutes", "60 minutes", "2 hours", "24 hours"]);
    }
}

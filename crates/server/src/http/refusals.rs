//! What each kind of operation may be refused with, for the description of the API.

use crate::http::error::ErrorBody;
use axum::http::StatusCode;
use std::collections::BTreeMap;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

type Responses = BTreeMap<String, RefOr<Response>>;

/// Reads everything there is: nothing can be wrong with the question.
pub struct ToReadAll;
/// Reads with parameters.
pub struct ToRead;
/// Reads one thing, which may not be there.
pub struct ToReadOne;
/// Writes something with a body.
pub struct ToWrite;
/// Changes one thing with a body.
pub struct ToWriteOne;

impl IntoResponses for ToReadAll {
    fn responses() -> Responses {
        refusals(&[401, 403, 503])
    }
}

impl IntoResponses for ToRead {
    fn responses() -> Responses {
        refusals(&[400, 401, 403, 503])
    }
}

impl IntoResponses for ToReadOne {
    fn responses() -> Responses {
        refusals(&[400, 401, 403, 404, 503])
    }
}

impl IntoResponses for ToWrite {
    fn responses() -> Responses {
        refusals(&[400, 401, 403, 413, 415, 503])
    }
}

impl IntoResponses for ToWriteOne {
    fn responses() -> Responses {
        refusals(&[400, 401, 403, 404, 413, 415, 503])
    }
}

fn refusals(statuses: &[u16]) -> Responses {
    statuses.iter().map(|status| (status.to_string(), refusal(*status).into())).collect()
}

fn refusal(status: u16) -> Response {
    let words = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ErrorBody::name()))).build();
    ResponseBuilder::new().description(words).content("application/json", content).build()
}

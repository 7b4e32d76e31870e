//! Extractors whose refusals have the contract's shape and name the field.

use crate::http::audit::Trail;
use crate::http::error::{ApiError, ApiResult};
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use dregs_engine::event::parse_time_ms;
use dregs_engine::limits::BODY_BYTES_MAX;
use dregs_store::{ListQuery, Order, Page};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Page size when none is given, and the largest.
pub const PAGE_SIZE_DEFAULT: u32 = 25;
pub const PAGE_SIZE_MAX: u32 = 100;
/// Deepest row a list will skip to.
const OFFSET_MAX: u64 = 100_000_000;

/// Query parameters; a value that does not parse is a 400 that names it.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        without_nul(parts.uri.query().unwrap_or_default(), "the query")?;
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Params(params)),
            Err(rejection) => Err(ApiError::BadRequest(rejection.body_text())),
        }
    }
}

/// Path segments, percent-decoded.
pub struct Segments<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Segments<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        without_nul(parts.uri.path(), "the path")?;
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(segments)) => Ok(Segments(segments)),
            Err(rejection) => Err(ApiError::BadRequest(rejection.body_text())),
        }
    }
}

/// NUL is in nothing that is stored, and not every database takes it in a question either.
fn without_nul(encoded: &str, what: &str) -> ApiResult<()> {
    match encoded.contains("%00") {
        true => Err(ApiError::BadRequest(format!("{what} must not contain NUL"))),
        false => Ok(()),
    }
}

/// A JSON body. An empty body reads as `{}`.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> ApiResult<Self> {
        is_json(request.headers(), &["application/json"])?;
        let trail = request.extensions().get::<Arc<Trail>>().cloned();
        let bytes = body_bytes(request, state).await?;
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        if let Some(trail) = trail {
            trail.note_fields(text);
        }
        // An array would be read as the fields in their order.
        if text.trim_ascii_start().first() == Some(&b'[') {
            return Err(ApiError::BadRequest("the body must be a JSON object".into()));
        }
        let mut reader = serde_json::Deserializer::from_slice(text);
        let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let field = error.path().to_string();
            let named = if field == "." { String::new() } else { format!("{field}: ") };
            ApiError::BadRequest(format!("the body is not as expected: {named}{}", error.into_inner()))
        })?;
        reader.end().map_err(|error| ApiError::BadRequest(format!("the body is not valid JSON: {error}")))?;
        Ok(Body(value))
    }
}

/// The one of `all` that has this code on the wire, or a refusal that names the field and what it may be.
pub fn choice<T: Copy>(field: &str, given: &str, all: &[T], code: impl Fn(T) -> &'static str) -> ApiResult<T> {
    let found = all.iter().copied().find(|item| code(*item) == given);
    found.ok_or_else(|| {
        let allowed: Vec<&str> = all.iter().map(|item| code(*item)).collect();
        ApiError::BadRequest(format!("{field} must be one of {}", allowed.join(", ")))
    })
}

/// A time that a field gives, in epoch milliseconds.
pub fn time(field: &str, given: &str) -> ApiResult<i64> {
    parse_time_ms(given).ok_or_else(|| ApiError::BadRequest(format!("{field} must be an ISO-8601 time")))
}

/// A time that a query may give; what is empty is not given.
pub fn time_if_given(field: &str, given: Option<&str>) -> ApiResult<Option<i64>> {
    given.filter(|text| !text.is_empty()).map(|text| time(field, text)).transpose()
}

/// A field that may be null: null is told from what was left out.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(reader: D) -> Result<Option<T>, D::Error> {
    T::deserialize(reader).map(Some)
}

/// The body's bytes within the limit.
pub async fn body_bytes<S: Send + Sync>(request: Request, state: &S) -> ApiResult<Bytes> {
    Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status().as_u16() {
        413 => ApiError::TooLarge(format!("the body is larger than {BODY_BYTES_MAX} bytes")),
        _ => ApiError::BadRequest("the body could not be read".into()),
    })
}

/// Refuses a body that says it is something else; one that says nothing is taken as JSON.
pub fn is_json(headers: &HeaderMap, accepted: &[&str]) -> ApiResult<()> {
    let Some(kind) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    match accepted.iter().any(|accepted| kind.eq_ignore_ascii_case(accepted)) {
        true => Ok(()),
        false => Err(ApiError::UnsupportedMediaType),
    }
}

/// What every list takes.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// Page, from 0.
    #[param(minimum = 0)]
    pub page_number: Option<u32>,
    /// Items a page; larger than 100 counts as 100.
    #[param(minimum = 1)]
    pub page_size: Option<u32>,
    /// The field to sort by.
    pub sort: Option<String>,
    /// ASC or DESC.
    #[param(pattern = "^(ASC|DESC)$")]
    pub order: Option<String>,
}

impl PageParams {
    /// Checks the parameters against the fields that can be sorted by; the first of them is the default, newest first.
    pub fn query(&self, sorts: &[(&'static str, &'static str)]) -> ApiResult<ListQuery> {
        let page_size = match self.page_size {
            Some(0) => return Err(ApiError::BadRequest("pageSize must be at least 1".into())),
            size => size.unwrap_or(PAGE_SIZE_DEFAULT).min(PAGE_SIZE_MAX),
        };
        let page_number = self.page_number.unwrap_or(0);
        if u64::from(page_number) * u64::from(page_size) > OFFSET_MAX {
            return Err(ApiError::BadRequest("pageNumber is too large".into()));
        }
        let (sort, order) = match self.sort.as_deref().filter(|sort| !sort.is_empty()) {
            None => (sorts[0].1, Order::Desc),
            Some(wanted) => match sorts.iter().find(|(field, _)| *field == wanted) {
                Some((_, column)) => (*column, Order::Asc),
                None => return Err(ApiError::BadRequest(unknown_sort(wanted, sorts))),
            },
        };
        let order = match self.order.as_deref().map(str::to_ascii_uppercase).as_deref() {
            None | Some("") => order,
            Some("ASC") => Order::Asc,
            Some("DESC") => Order::Desc,
            Some(_) => return Err(ApiError::BadRequest("order must be ASC or DESC".into())),
        };
        Ok(ListQuery { page_number, page_size, sort, order })
    }
}

fn unknown_sort(wanted: &str, sorts: &[(&str, &str)]) -> String {
    let allowed: Vec<&str> = sorts.iter().map(|(field, _)| *field).collect();
    let wanted = dregs_engine::text::cut(wanted, 40);
    format!("sort cannot be {wanted:?}: use one of {}", allowed.join(", "))
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageBody<T: ToSchema> {
    pub page_number: u32,
    pub page_size: u32,
    pub total_pages: u64,
    pub total_elements: u64,
    pub content: Vec<T>,
    pub first: bool,
    pub last: bool,
    pub number_of_elements: usize,
}

impl<T: ToSchema> PageBody<T> {
    pub fn new<S>(page: Page<S>, query: &ListQuery, view: impl Fn(S) -> T) -> Self {
        let total_pages = page.total.div_ceil(u64::from(query.page_size));
        PageBody {
            page_number: query.page_number,
            page_size: query.page_size,
            total_pages,
            total_elements: page.total,
            number_of_elements: page.items.len(),
            content: page.items.into_iter().map(view).collect(),
            first: query.page_number == 0,
            last: u64::from(query.page_number) + 1 >= total_pages,
        }
    }
}

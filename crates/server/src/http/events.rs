//! `POST /api/events`, and reading events back.

use crate::app::App;
use crate::http::auth::{Principal, Reader, bearer, identify};
use crate::http::client_address::client_ip;
use crate::http::error::{ApiError, ApiResult, ErrorBody, RETRY_AFTER_S};
use crate::http::extract::{PageBody, PageParams, Params, Segments, body_bytes, is_json};
use crate::http::refusals::{ToRead, ToReadOne};
use crate::http::settle::{fresh, settled};
use crate::ingest::appender::{Appended, Refused, Submitted};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{ORIGIN, USER_AGENT};
use axum::http::request::Parts;
use dregs_engine::event::{Event, Intake, format_time_ms};
use dregs_engine::limits::{BATCH_EVENTS_MAX, EVENT_BYTES_MAX};
use dregs_engine::mapping::Mappings;
use dregs_engine::rejection::{Fate, Rejection};
use dregs_store::{EVENT_SORTS, EventFilter, StoredEvent, TeamId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// What a sender is told about one event.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrackResult {
    /// `success`; in an answer to several events also `rejected` or `quota_exceeded`.
    pub status: &'static str,
    /// The event's id; null when it was not recorded.
    pub id: Option<String>,
    /// The fingerprint of the device it came with.
    pub fingerprint: Option<String>,
    /// What is wrong, for a rejected event among several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl TrackResult {
    fn success(id: Option<String>, fingerprint: Option<String>) -> Self {
        TrackResult { status: "success", id, fingerprint, message: None }
    }
}

/// One result for a single event, an array of them for an array.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum TrackAnswer {
    One(TrackResult),
    Many(Vec<TrackResult>),
}

/// The body of `POST /api/events`, for the documentation; parsing itself is in the engine.
#[derive(Deserialize, ToSchema)]
#[allow(dead_code)]
#[schema(example = json!({
    "type": "user.signup", "ip": "203.0.113.7",
    "identity": {"id": "user_1", "data": {"email": "ada@example.com", "name": "Ada Lovelace"}}
}))]
pub struct EventBody {
    /// Idempotency key of at most 64 characters; the same id again gives the original event.
    #[schema(max_length = 64)]
    id: Option<String>,
    /// Your name for what happened, such as `user.signup`.
    #[schema(max_length = 128)]
    r#type: String,
    data: Option<Map<String, Value>>,
    identity: Option<IdentityBody>,
    groups: Option<Vec<GroupBody>>,
    source: Option<String>,
    /// ISO-8601; without an offset it is UTC; absent means now.
    timestamp: Option<String>,
    session: Option<String>,
    url: Option<String>,
    referrer: Option<String>,
    device: Option<DeviceBody>,
    /// The end user's address, from a server.
    ip: Option<String>,
    /// The end user's user agent, from a server.
    #[serde(rename = "userAgent")]
    user_agent: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[allow(dead_code)]
pub struct IdentityBody {
    #[schema(min_length = 1, max_length = 256)]
    id: String,
    data: Option<Map<String, Value>>,
}

#[derive(Deserialize, ToSchema)]
#[allow(dead_code)]
pub struct GroupBody {
    /// Normalized to lower_snake_case; `organization` when absent.
    r#type: Option<String>,
    #[schema(min_length = 1, max_length = 256)]
    id: String,
    data: Option<Map<String, Value>>,
}

#[derive(Deserialize, ToSchema)]
#[allow(dead_code)]
pub struct DeviceBody {
    fingerprint: Option<String>,
    signals: Option<Map<String, Value>>,
}

/// Record events
///
/// One event, or an array of up to 500. When the answer arrives, the events are on disk.
#[utoipa::path(
    post, path = "/events", tag = "events", operation_id = "trackEvents",
    request_body(content = EventBody, description = "An event, or an array of them"),
    responses(
        (status = 200, description = "Recorded; an id of null means quietly not recorded", body = TrackAnswer),
        (status = 400, description = "Malformed; the message names the field", body = ErrorBody),
        (status = 401, description = "The key is missing, unknown, revoked or expired", body = ErrorBody),
        (status = 402, description = "Over the monthly event limit; not recorded", body = ErrorBody),
        (status = 403, description = "The caller may not send events", body = ErrorBody),
        (status = 413, description = "The body is larger than 1 MiB, or the batch than the rate limit allows at once", body = ErrorBody),
        (status = 415, description = "The body is not JSON", body = ErrorBody),
        (status = 429, description = "Too fast; see Retry-After", body = ErrorBody),
        (status = 503, description = "Overloaded; see Retry-After", body = ErrorBody),
    ),
    security(("key" = []))
)]
pub async fn track(State(app): State<Arc<App>>, request: Request) -> ApiResult<Json<TrackAnswer>> {
    let (parts, body) = request.into_parts();
    let principal = sender(&app, &parts).await?;
    let ip = client_ip(&parts, &app.options);
    let intake = Intake {
        now_ms: app.clock.now_ms(),
        trusted: !matches!(principal, Principal::Page(_)),
        ip,
        user_agent: parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).map(str::to_owned),
        fallback_id: String::new(),
    };
    let visit = Visit { app: &app, team: principal.team(), intake, allowed: origin_allowed(&principal, &parts) };
    let bytes = match read_body(Request::from_parts(parts, body)).await {
        Ok(bytes) => bytes,
        Err(error) => {
            visit.count(Fate::Invalid, 1);
            return Err(error);
        }
    };
    let (single, bodies) = split(&bytes, &visit)?;
    if let Err(limited) = app.limits.take(&principal, ip, bodies.len()) {
        visit.count(Fate::RateLimited, bodies.len());
        return Err(limited);
    }
    let results = visit.record(bodies, single).await?;
    Ok(Json(match single {
        true => TrackAnswer::One(results.into_iter().next().unwrap_or_else(|| TrackResult::success(None, None))),
        false => TrackAnswer::Many(results),
    }))
}

async fn read_body(request: Request) -> ApiResult<axum::body::Bytes> {
    // A beacon cannot choose its content type: it sends text.
    is_json(request.headers(), &["application/json", "text/plain"])?;
    body_bytes(request, &()).await
}

/// Beacons cannot set headers: a public key may also stand in the query.
async fn sender(app: &App, parts: &Parts) -> ApiResult<Principal> {
    let in_query = || {
        let query = parts.uri.query().unwrap_or_default();
        query.split('&').find_map(|pair| pair.strip_prefix("key=")).filter(|key| key.starts_with("pk_"))
    };
    let token =
        bearer(parts).or_else(in_query).ok_or(ApiError::Unauthorized("a key is required: Authorization: Bearer …"))?;
    let principal = identify(app, token).await?;
    match principal {
        Principal::Person { role, .. } if role < dregs_store::Role::Admin => {
            Err(ApiError::Forbidden("only an administrator may send events from a session"))
        }
        principal => Ok(principal),
    }
}

/// Whether the page's origin is among those its public key is for. Servers have no origin.
fn origin_allowed(principal: &Principal, parts: &Parts) -> bool {
    let Principal::Page(credential) = principal else { return true };
    if credential.allowed_origins.is_empty() {
        return true;
    }
    let origin = parts.headers.get(ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or_default();
    credential.allowed_origins.iter().any(|allowed| origin_matches(allowed, origin))
}

/// `https://app.example.com` matches itself; `https://*.example.com` every host below it.
fn origin_matches(allowed: &str, origin: &str) -> bool {
    let (allowed, origin) = (allowed.trim_end_matches('/').to_lowercase(), origin.to_lowercase());
    match allowed.split_once("*.") {
        Some((scheme, domain)) => origin
            .strip_prefix(scheme)
            .and_then(|host| host.strip_suffix(domain))
            .is_some_and(|below| below.len() > 1 && below.ends_with('.') && !below.contains('/')),
        None => allowed == origin,
    }
}

/// The bodies in a request: one, or the elements of an array. Each keeps its own text, so that one malformed event
/// does not cost the others.
fn split<'a>(bytes: &'a [u8], visit: &Visit<'_>) -> ApiResult<(bool, Vec<&'a RawValue>)> {
    let invalid = |message: String| {
        visit.count(Fate::Invalid, 1);
        ApiError::BadRequest(message)
    };
    let text = std::str::from_utf8(bytes).map_err(|error| invalid(format!("the body is not valid UTF-8: {error}")))?;
    if !text.trim_start().starts_with('[') {
        let body: &RawValue =
            serde_json::from_str(text).map_err(|error| invalid(format!("the body is not valid JSON: {error}")))?;
        return Ok((true, vec![body]));
    }
    let bodies: Vec<&RawValue> =
        serde_json::from_str(text).map_err(|error| invalid(format!("the body is not valid JSON: {error}")))?;
    if bodies.len() > BATCH_EVENTS_MAX {
        visit.count(Fate::Invalid, bodies.len());
        return Err(ApiError::BadRequest(format!(
            "the array has {} events, at most {BATCH_EVENTS_MAX} are allowed",
            bodies.len()
        )));
    }
    Ok((false, bodies))
}

/// One request on its way into the log.
struct Visit<'a> {
    app: &'a App,
    team: &'a TeamId,
    intake: Intake,
    allowed: bool,
}

impl Visit<'_> {
    fn count(&self, fate: Fate, events: usize) {
        self.app.fates.count(self.team, fate, self.intake.now_ms, events as u64);
    }

    /// Records what can be recorded and answers for every body in order.
    async fn record(&self, bodies: Vec<&RawValue>, single: bool) -> ApiResult<Vec<TrackResult>> {
        let mut results: Vec<Option<TrackResult>> = Vec::with_capacity(bodies.len());
        let mut submitted = Vec::with_capacity(bodies.len());
        for (index, body) in bodies.into_iter().enumerate() {
            match self.parse(body) {
                Ok((event, own_id)) => {
                    submitted.push(Submitted::new(self.team, &event, own_id));
                    results.push(None);
                }
                Err(rejection) => {
                    self.count(rejection.fate(), 1);
                    results.push(Some(rejected(rejection, single, index)?));
                }
            }
        }
        let mut recorded = self.append(submitted, single).await?.into_iter();
        Ok(results.into_iter().filter_map(|result| result.or_else(|| recorded.next())).collect())
    }

    fn parse(&self, body: &RawValue) -> Result<(Event, bool), Rejection> {
        if !self.allowed {
            return Err(Rejection::Quiet(Fate::OriginNotAllowed));
        }
        if body.get().len() > EVENT_BYTES_MAX {
            return Err(Rejection::Invalid(format!("the event is larger than {EVENT_BYTES_MAX} bytes")));
        }
        let value: Value = serde_json::from_str(body.get())
            .map_err(|error| Rejection::Invalid(format!("the event is not readable JSON: {error}")))?;
        let own_id = value.get("id").is_some_and(|id| !id.is_null());
        let fallback_id = if own_id { String::new() } else { uuid::Uuid::new_v4().simple().to_string() };
        let intake = Intake { fallback_id, ..self.intake.clone() };
        Event::parse(value, &intake).map(|event| (event, own_id))
    }

    async fn append(&self, submitted: Vec<Submitted>, single: bool) -> ApiResult<Vec<TrackResult>> {
        let events = submitted.len();
        if events == 0 {
            return Ok(Vec::new());
        }
        let outcomes = self.app.appender.append(self.team, submitted).await.map_err(|refused| {
            self.count(Fate::Overloaded, events);
            if let Refused::Unavailable(cause) = refused {
                tracing::warn!(%cause, "events were refused");
            }
            ApiError::Unavailable(RETRY_AFTER_S)
        })?;
        outcomes.into_iter().map(|outcome| self.answer(outcome, single)).collect()
    }

    fn answer(&self, outcome: Appended, single: bool) -> ApiResult<TrackResult> {
        match outcome {
            Appended::Recorded { id, fingerprint } => Ok(TrackResult::success(Some(id), fingerprint)),
            Appended::Duplicate { id, fingerprint } => {
                self.count(Fate::Duplicate, 1);
                Ok(TrackResult::success(Some(id), fingerprint))
            }
            Appended::QuotaExceeded => {
                self.count(Fate::QuotaExceeded, 1);
                match single {
                    true => Err(ApiError::QuotaExceeded),
                    false => Ok(TrackResult { status: "quota_exceeded", id: None, fingerprint: None, message: None }),
                }
            }
        }
    }
}

fn rejected(rejection: Rejection, single: bool, index: usize) -> ApiResult<TrackResult> {
    match rejection {
        Rejection::Quiet(_) => Ok(TrackResult::success(None, None)),
        Rejection::Invalid(message) if single => Err(ApiError::BadRequest(message)),
        Rejection::Invalid(message) => Ok(TrackResult {
            status: "rejected",
            id: None,
            fingerprint: None,
            message: Some(format!("events[{index}]: {message}")),
        }),
    }
}

/// A pointer to another resource.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reference {
    pub id: String,
    /// A name to show.
    pub label: String,
    /// Its path in this API.
    pub path: String,
}

impl Reference {
    pub fn identity(id: &str, label: Option<&str>) -> Self {
        Reference {
            id: id.to_owned(),
            label: label.unwrap_or(id).to_owned(),
            path: format!("/api/identities/{}", encode(id)),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct GroupReference {
    pub r#type: String,
    pub id: String,
    pub label: String,
    pub path: String,
}

/// Everything but unreserved characters, as the official clients encode a path segment.
pub fn encode(segment: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(segment, RESERVED).to_string()
}

/// A recorded event.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventView {
    pub id: String,
    pub timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<Reference>,
    pub groups: Vec<GroupReference>,
    pub fingerprint: Option<String>,
    pub session: Option<String>,
    pub ip: Option<String>,
    pub url: Option<String>,
    pub referrer: Option<String>,
    pub user_agent: Option<String>,
    pub event_source: Option<String>,
    pub event_name: String,
    /// What the name means, if it is mapped.
    pub canonical_type: Option<&'static str>,
    /// With sensitive values redacted.
    pub event_data: Map<String, Value>,
    /// When the server received it.
    pub received_at: String,
}

impl EventView {
    fn new(stored: StoredEvent, mappings: &Mappings) -> Self {
        let StoredEvent { event, identity_id, identity_label, group_labels } = stored;
        let group = |kind: String, id: String| {
            let path = format!("/api/groups/{}/{}", encode(&kind), encode(&id));
            let label = group_labels.get(&(kind.clone(), id.clone())).cloned().unwrap_or_else(|| id.clone());
            GroupReference { r#type: kind, id, label, path }
        };
        EventView {
            identity: identity_id.map(|id| Reference::identity(&id, identity_label.as_deref())),
            fingerprint: event.fingerprint().map(str::to_owned),
            groups: event.groups.into_iter().map(|held| group(held.kind, held.id)).collect(),
            id: event.id,
            timestamp: format_time_ms(event.timestamp_ms),
            session: event.session,
            ip: event.ip.map(|ip| ip.to_string()),
            url: event.url,
            referrer: event.referrer,
            user_agent: event.user_agent,
            event_source: event.source,
            canonical_type: mappings.event_type(&event.name).map(|kind| kind.code()),
            event_name: event.name,
            event_data: event.data,
            received_at: format_time_ms(event.received_ms),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct EventParams {
    /// Of this identity.
    identity: Option<String>,
    /// Sent with this group.
    group: Option<String>,
    /// Sent with a group of this type.
    group_type: Option<String>,
    /// From this device.
    device: Option<String>,
    /// Of this session.
    session: Option<String>,
    /// Containing this text in name, id, identity, URL or address.
    term: Option<String>,
}

/// List events, newest first
#[utoipa::path(
    get, path = "/events", tag = "events", operation_id = "listEvents", params(PageParams, EventParams),
    responses((status = 200, description = "A page", body = PageBody<EventView>), ToRead),
    security(("key" = []))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Params(paging): Params<PageParams>,
    Params(params): Params<EventParams>,
) -> ApiResult<Json<PageBody<EventView>>> {
    let query = paging.query(EVENT_SORTS)?;
    let group_type = params.group_type.map(|kind| dregs_engine::text::snake_case(&kind));
    let filter = EventFilter {
        identity: params.identity,
        group: params.group,
        group_type,
        device: params.device,
        session: params.session,
        term: params.term.filter(|term| !term.is_empty()),
    };
    settled(&app).await;
    let mappings = app.store.mappings(&team).await?;
    let page = app.store.events(&team, &filter, &query).await?;
    Ok(Json(PageBody::new(page, &query, |event| EventView::new(event, &mappings))))
}

/// Read an event
#[utoipa::path(
    get, path = "/events/{id}", tag = "events", operation_id = "getEvent", params(("id" = String, Path, description = "The event's id")),
    responses((status = 200, description = "The event", body = EventView), ToReadOne),
    security(("key" = []))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(id): Segments<String>,
) -> ApiResult<Json<EventView>> {
    let found = fresh(&app, || app.store.event(&team, &id)).await?;
    let event = found.ok_or_else(|| ApiError::not_found("event", &id))?;
    Ok(Json(EventView::new(event, &app.store.mappings(&team).await?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_match_exactly_or_below_a_star() {
        assert!(origin_matches("https://app.example.com/", "https://APP.example.com"));
        assert!(origin_matches("https://*.example.com", "https://a.b.example.com"));
        for origin in
            ["https://example.com", "http://a.example.com", "https://evil.com/.example.com", "https://.example.com", ""]
        {
            assert!(!origin_matches("https://*.example.com", origin), "{origin}");
        }
        assert!(!origin_matches("https://app.example.com", "https://app.example.com.evil.com"));
    }
}

//! Escalations: what rules opened, and what people do about them.

use crate::app::App;
use crate::http::auth::{Reader, Worker};
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::events::Reference;
use crate::http::extract::{Body, PageBody, PageParams, Params, Segments, choice};
use crate::http::refusals::{ToRead, ToReadAll, ToReadOne, ToWriteOne};
use crate::http::settle::settled;
use crate::jobs::acting::{ESCALATION_CLOSED, badge_json, delivery, identity_json, told_by, with_escalation};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dregs_engine::event::format_time_ms;
use dregs_engine::rules::{Severity, Status};
use dregs_engine::score::Category;
use dregs_store::{DeliveryWrite, ESCALATION_SORTS, Escalation, EscalationChange, EscalationFilter, Note, TeamId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

const NOTE_CHARS_MAX: usize = 4_000;
const ASSIGNEE_CHARS_MAX: usize = 200;

/// An incident that a rule opened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EscalationView {
    pub id: i64,
    /// PENDING (its conditions have not held for long enough), OPEN, ACKNOWLEDGED or CLOSED.
    pub status: &'static str,
    /// INFO, WARNING or CRITICAL.
    pub severity: &'static str,
    pub identity: Reference,
    /// The rule that opened it, which may be gone.
    pub escalation_rule: Reference,
    /// The scores it rests on, by category in lower case; without those that were not known.
    pub score_snapshot: BTreeMap<String, u8>,
    /// The analysis it rests on.
    pub analysis_id: i64,
    /// Whether its rule works silently.
    pub shadow: bool,
    pub assigned_to: Option<String>,
    pub opened_at: Option<String>,
    pub acknowledged_at: Option<String>,
    pub acknowledged_by: Option<String>,
    pub closed_at: Option<String>,
    /// Who closed it; null when its conditions ceased to hold.
    pub closed_by: Option<String>,
    pub created_at: String,
}

impl From<Escalation> for EscalationView {
    fn from(held: Escalation) -> Self {
        let score = |category: Category| Some((category.code().to_lowercase(), held.scores[category as usize]?));
        EscalationView {
            id: held.id,
            status: held.status.code(),
            severity: held.severity.code(),
            identity: Reference::identity(&held.identity_id, held.identity_name.as_deref()),
            score_snapshot: Category::ALL.into_iter().filter_map(score).collect(),
            escalation_rule: Reference {
                path: format!("/api/escalation-rules/{}", held.rule_id),
                id: held.rule_id,
                label: held.rule_name,
            },
            analysis_id: held.cycle_id,
            shadow: held.shadow,
            assigned_to: held.assigned_to,
            opened_at: held.opened_ms.map(format_time_ms),
            acknowledged_at: held.acknowledged_ms.map(format_time_ms),
            acknowledged_by: held.acknowledged_by,
            closed_at: held.closed_ms.map(format_time_ms),
            closed_by: held.closed_by,
            created_at: format_time_ms(held.created_ms),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EscalationSummaryView {
    pub open: i64,
    pub acknowledged: i64,
    pub closed: i64,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct EscalationParams {
    /// PENDING, OPEN, ACKNOWLEDGED or CLOSED. Pending ones are listed only when asked for.
    #[param(pattern = "^(PENDING|OPEN|ACKNOWLEDGED|CLOSED)$")]
    status: Option<String>,
    /// INFO, WARNING or CRITICAL.
    #[param(pattern = "^(INFO|WARNING|CRITICAL)$")]
    severity: Option<String>,
    /// Of this identity.
    identity: Option<String>,
    /// Of the rule with this id.
    rule: Option<String>,
    /// True: those of rules that work silently, in the place of the others.
    shadow: Option<bool>,
    /// False: without those whose rule has been deleted. True by default.
    include_deleted_rules: Option<bool>,
}

fn status(code: &str) -> ApiResult<Status> {
    choice("status", code, &Status::ALL, Status::code)
}

fn severity(code: &str) -> ApiResult<Severity> {
    choice("severity", code, &Severity::ALL, Severity::code)
}

/// List escalations, newest first
#[utoipa::path(
    get, path = "/escalations", tag = "escalations", operation_id = "listEscalations", params(PageParams, EscalationParams),
    responses((status = 200, description = "A page", body = PageBody<EscalationView>), ToRead),
    security(("key" = []))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Params(paging): Params<PageParams>,
    Params(params): Params<EscalationParams>,
) -> ApiResult<Json<PageBody<EscalationView>>> {
    let query = paging.query(ESCALATION_SORTS)?;
    let filter = EscalationFilter {
        status: params.status.as_deref().map(status).transpose()?,
        severity: params.severity.as_deref().map(severity).transpose()?,
        identity: params.identity,
        rule: params.rule,
        shadow: params.shadow.unwrap_or(false),
        of_live_rules: params.include_deleted_rules == Some(false),
    };
    settled(&app).await;
    let page = app.store.escalations(&team, &filter, &query).await?;
    Ok(Json(PageBody::new(page, &query, EscalationView::from)))
}

/// Count escalations by status
#[utoipa::path(
    get, path = "/escalations/summary", tag = "escalations", operation_id = "summarizeEscalations",
    responses((status = 200, description = "How many are in each status", body = EscalationSummaryView), ToReadAll),
    security(("key" = []))
)]
pub async fn summary(State(app): State<Arc<App>>, Reader(team): Reader) -> ApiResult<Json<EscalationSummaryView>> {
    settled(&app).await;
    let counts = app.store.escalation_counts(&team).await?;
    Ok(Json(EscalationSummaryView { open: counts.open, acknowledged: counts.acknowledged, closed: counts.closed }))
}

async fn found(app: &App, team: &TeamId, id: i64) -> ApiResult<Escalation> {
    let found = app.store.escalation(team, id).await?;
    found.ok_or_else(|| ApiError::not_found("escalation", &id.to_string()))
}

/// Read an escalation
#[utoipa::path(
    get, path = "/escalations/{id}", tag = "escalations", operation_id = "getEscalation",
    params(("id" = i64, Path, description = "From the list")),
    responses((status = 200, description = "The escalation", body = EscalationView), ToReadOne),
    security(("key" = []))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(id): Segments<i64>,
) -> ApiResult<Json<EscalationView>> {
    Ok(Json(found(&app, &team, id).await?.into()))
}

/// What to change of an escalation; at least one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"status": "ACKNOWLEDGED"}))]
pub struct EscalationBody {
    /// OPEN, ACKNOWLEDGED or CLOSED.
    #[schema(pattern = "^(OPEN|ACKNOWLEDGED|CLOSED)$")]
    status: Option<String>,
    /// Who works on it; null: nobody.
    #[serde(default, deserialize_with = "crate::http::extract::given")]
    #[schema(value_type = Option<String>, max_length = 200)]
    assigned_to: Option<Option<String>>,
}

/// Acknowledge, close, reopen or assign an escalation
///
/// One that was closed opens anew when its conditions have ceased to hold and hold again.
#[utoipa::path(
    patch, path = "/escalations/{id}", tag = "escalations", operation_id = "updateEscalation", request_body = EscalationBody,
    params(("id" = i64, Path, description = "From the list")),
    responses((status = 200, description = "The escalation", body = EscalationView), (status = 409, body = ErrorBody), ToWriteOne),
    security(("key" = []))
)]
pub async fn update(
    State(app): State<Arc<App>>,
    worker: Worker,
    Segments(id): Segments<i64>,
    Body(body): Body<EscalationBody>,
) -> ApiResult<Json<EscalationView>> {
    let change = change(body)?;
    let held = found(&app, &worker.team, id).await?;
    if held.status == Status::Pending && change.status.is_some() {
        return Err(ApiError::Conflict(
            "the escalation is not open: its conditions have not held for long enough".into(),
        ));
    }
    let now_ms = app.clock.now_ms();
    let told = match change.status {
        Some(Status::Closed) if held.status != Status::Closed => {
            told_of_close(&app, &worker.team, &held, now_ms).await?
        }
        _ => Vec::new(),
    };
    let changed = app.store.change_escalation(&worker.team, id, &change, &worker.name, now_ms, &told).await?;
    app.bells.deliver.notify_one();
    Ok(Json(changed.ok_or_else(|| ApiError::not_found("escalation", &id.to_string()))?.into()))
}

fn change(body: EscalationBody) -> ApiResult<EscalationChange> {
    let wanted = body.status.as_deref().map(status).transpose()?;
    if wanted == Some(Status::Pending) {
        return Err(ApiError::BadRequest("status can be set to OPEN, ACKNOWLEDGED or CLOSED".into()));
    }
    let assigned_to =
        body.assigned_to.map(|name| name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()));
    let too_long = |name: &String| name.chars().count() > ASSIGNEE_CHARS_MAX || name.contains('\0');
    if assigned_to.iter().flatten().any(too_long) {
        return Err(ApiError::BadRequest(format!("assignedTo must have at most {ASSIGNEE_CHARS_MAX} characters")));
    }
    if wanted.is_none() && assigned_to.is_none() {
        return Err(ApiError::BadRequest("status or assignedTo is required".into()));
    }
    Ok(EscalationChange { status: wanted, assigned_to })
}

/// What the channels of its rule are told when a person closes an escalation.
async fn told_of_close(app: &App, team: &TeamId, held: &Escalation, now_ms: i64) -> ApiResult<Vec<DeliveryWrite>> {
    let book = app.store.rule_book(team).await?;
    let rule = book.escalations.iter().find(|rule| rule.id == held.rule_id);
    let Some(rule) = rule.filter(|_| !held.shadow) else { return Ok(Vec::new()) };
    let Some(identity) = app.store.identity(team, &held.identity_id).await? else { return Ok(Vec::new()) };
    let badges = identity.badges.iter().map(|badge| badge_json(&badge.slug, &badge.name, badge.kind.code())).collect();
    let name = identity.display_name.as_deref();
    let data = identity_json(&identity.id, name, identity.scores, badges, &app.options.notify);
    let data = with_escalation(data, (held.id, Status::Closed), rule, held.opened_ms, Some(now_ms));
    let channels = app.store.channels(team).await?;
    let told = |channel_id| delivery(&app.ids, channel_id, &identity.id, ESCALATION_CLOSED, &data, now_ms);
    Ok(told_by(rule, &channels).map(told).collect())
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NoteView {
    pub id: i64,
    pub author: String,
    pub body: String,
    pub created_at: String,
}

impl From<Note> for NoteView {
    fn from(note: Note) -> Self {
        NoteView { id: note.id, author: note.author, body: note.body, created_at: format_time_ms(note.created_ms) }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"body": "Asked them for a document."}))]
pub struct NoteBody {
    #[schema(min_length = 1, max_length = 4000)]
    body: String,
}

/// Read the notes on an escalation, oldest first
#[utoipa::path(
    get, path = "/escalations/{id}/notes", tag = "escalations", operation_id = "listEscalationNotes",
    params(("id" = i64, Path, description = "From the list")),
    responses((status = 200, description = "At most 200 of them", body = Vec<NoteView>), ToReadOne),
    security(("key" = []))
)]
pub async fn notes(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(id): Segments<i64>,
) -> ApiResult<Json<Vec<NoteView>>> {
    found(&app, &team, id).await?;
    Ok(Json(app.store.escalation_notes(&team, id).await?.into_iter().map(NoteView::from).collect()))
}

/// Add a note to an escalation
#[utoipa::path(
    post, path = "/escalations/{id}/notes", tag = "escalations", operation_id = "addEscalationNote", request_body = NoteBody,
    params(("id" = i64, Path, description = "From the list")),
    responses((status = 201, description = "The note", body = NoteView), ToWriteOne),
    security(("key" = []))
)]
pub async fn add_note(
    State(app): State<Arc<App>>,
    worker: Worker,
    Segments(id): Segments<i64>,
    Body(body): Body<NoteBody>,
) -> ApiResult<(StatusCode, Json<NoteView>)> {
    let text = body.body.replace('\0', "").trim().to_owned();
    if text.is_empty() || text.chars().count() > NOTE_CHARS_MAX {
        return Err(ApiError::BadRequest(format!("body must have 1 to {NOTE_CHARS_MAX} characters")));
    }
    found(&app, &worker.team, id).await?;
    let now_ms = app.clock.now_ms();
    let note = Note { id: app.ids.next(now_ms), author: worker.name, body: text, created_ms: now_ms };
    app.store.add_escalation_note(&worker.team, id, &note).await?;
    Ok((StatusCode::CREATED, Json(note.into())))
}

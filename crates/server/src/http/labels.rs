//! Labels: what analysts found identities to be.

use crate::app::App;
use crate::http::auth::{Reader, Worker};
use crate::http::error::{ApiError, ApiResult};
use crate::http::events::Reference;
use crate::http::extract::{Body, PageBody, PageParams, Params, Segments, choice};
use crate::http::identities::must_exist;
use crate::http::refusals::{ToRead, ToReadOne, ToWriteOne};
use crate::http::shares::by_category;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dregs_engine::event::format_time_ms;
use dregs_engine::labels::LabelKind;
use dregs_store::{LABEL_SORTS, Label, LabelFilter, LabelWrite};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Enough to say what was seen; what people discuss belongs to the notes of an escalation.
const NOTE_CHARS_MAX: usize = 2_000;

/// What an analyst found an identity to be.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LabelView {
    pub identity: Reference,
    /// LEGITIMATE, BOT, FAKE_DATA, MULTI_ACCOUNT, ACCOUNT_TAKEOVER, PAYMENT_FRAUD, PROMO_ABUSE, REFERRAL_FRAUD, SPAM, SCRAPING
    /// or OTHER.
    pub kind: &'static str,
    /// False for every kind of abuse.
    pub legitimate: bool,
    pub note: Option<String>,
    /// An e-mail address, or `key` and its name.
    pub labelled_by: String,
    pub labelled_at: String,
    /// The escalation it was given through.
    pub escalation_id: Option<i64>,
    /// The latest analysis then.
    pub analysis_id: Option<i64>,
    /// The scores then, by category in lower case; without those that were not known.
    pub score_snapshot: BTreeMap<String, u8>,
    /// When it was replaced or taken back; absent while it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<String>,
}

impl From<Label> for LabelView {
    fn from(label: Label) -> Self {
        LabelView {
            identity: Reference::identity(&label.identity_id, label.identity_name.as_deref()),
            kind: label.kind.code(),
            legitimate: label.kind.is_legitimate(),
            note: label.note,
            labelled_by: label.labelled_by,
            labelled_at: format_time_ms(label.created_ms),
            escalation_id: label.escalation_id,
            analysis_id: label.cycle_id,
            score_snapshot: by_category(label.scores),
            ended_at: label.ended_ms.map(format_time_ms),
            ended_by: label.ended_by,
        }
    }
}

/// The label of an identity, and those it had before.
#[derive(Debug, Serialize, ToSchema)]
pub struct LabelHistoryView {
    /// Null when it has none.
    pub label: Option<LabelView>,
    /// The latest 50, newest first.
    pub earlier: Vec<LabelView>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"kind": "MULTI_ACCOUNT", "note": "one person, three trials"}))]
pub struct LabelBody {
    /// LEGITIMATE, BOT, FAKE_DATA, MULTI_ACCOUNT, ACCOUNT_TAKEOVER, PAYMENT_FRAUD, PROMO_ABUSE, REFERRAL_FRAUD, SPAM, SCRAPING
    /// or OTHER.
    kind: String,
    #[schema(max_length = 2000)]
    note: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct LabelParams {
    /// Of this kind.
    kind: Option<String>,
    /// True: legitimate ones; false: abuse of any kind.
    legitimate: Option<bool>,
}

fn kind(code: &str) -> ApiResult<LabelKind> {
    choice("kind", code, &LabelKind::ALL, LabelKind::code)
}

/// List labels, newest first
#[utoipa::path(
    get, path = "/labels", tag = "labels", operation_id = "listLabels", params(PageParams, LabelParams),
    responses((status = 200, description = "A page of those that stand", body = PageBody<LabelView>), ToRead),
    security(("key" = []))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Params(paging): Params<PageParams>,
    Params(params): Params<LabelParams>,
) -> ApiResult<Json<PageBody<LabelView>>> {
    let query = paging.query(LABEL_SORTS)?;
    let filter = LabelFilter { kind: params.kind.as_deref().map(kind).transpose()?, legitimate: params.legitimate };
    let page = app.store.labels(&team, &filter, &query).await?;
    Ok(Json(PageBody::new(page, &query, LabelView::from)))
}

/// Read the label of an identity, and its earlier ones
#[utoipa::path(
    get, path = "/identities/{id}/label", tag = "labels", operation_id = "getIdentityLabel",
    params(("id" = String, Path, description = "Your id of the user, percent-encoded")),
    responses((status = 200, description = "Its labels", body = LabelHistoryView), ToReadOne),
    security(("key" = []))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(id): Segments<String>,
) -> ApiResult<Json<LabelHistoryView>> {
    must_exist(&app, &team, &id).await?;
    let label = app.store.label(&team, &id).await?.map(LabelView::from);
    let earlier = app.store.ended_labels(&team, &id).await?.into_iter().map(LabelView::from).collect();
    Ok(Json(LabelHistoryView { label, earlier }))
}

/// Label an identity
///
/// In the place of the label it has, which stays in its history. No score changes by it; a rule that has been wrong too often
/// by then is paused.
#[utoipa::path(
    put, path = "/identities/{id}/label", tag = "labels", operation_id = "labelIdentity", request_body = LabelBody,
    params(("id" = String, Path, description = "Your id of the user, percent-encoded")),
    responses((status = 200, description = "The label", body = LabelView), ToWriteOne),
    security(("key" = []))
)]
pub async fn put(
    State(app): State<Arc<App>>,
    worker: Worker,
    Segments(id): Segments<String>,
    Body(body): Body<LabelBody>,
) -> ApiResult<Json<LabelView>> {
    give(&app, worker, &id, body, None).await.map(Json)
}

/// Take the label of an identity back
///
/// It stays in its history. A rule that was paused because of it stays paused.
#[utoipa::path(
    delete, path = "/identities/{id}/label", tag = "labels", operation_id = "unlabelIdentity",
    params(("id" = String, Path, description = "Your id of the user, percent-encoded")),
    responses((status = 204, description = "It has no label"), ToReadOne),
    security(("key" = []))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    worker: Worker,
    Segments(id): Segments<String>,
) -> ApiResult<StatusCode> {
    match app.store.end_label(&worker.team, &id, &worker.name, app.clock.now_ms()).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found("label of identity", &id)),
    }
}

/// Label the identity that an escalation is about
///
/// The label remembers the escalation, which stays as it is.
#[utoipa::path(
    put, path = "/escalations/{id}/label", tag = "labels", operation_id = "labelEscalation", request_body = LabelBody,
    params(("id" = i64, Path, description = "From the list")),
    responses((status = 200, description = "The label", body = LabelView), ToWriteOne),
    security(("key" = []))
)]
pub async fn put_through_escalation(
    State(app): State<Arc<App>>,
    worker: Worker,
    Segments(id): Segments<i64>,
    Body(body): Body<LabelBody>,
) -> ApiResult<Json<LabelView>> {
    let held = app.store.escalation(&worker.team, id).await?;
    let held = held.ok_or_else(|| ApiError::not_found("escalation", &id.to_string()))?;
    give(&app, worker, &held.identity_id, body, Some(id)).await.map(Json)
}

async fn give(
    app: &App,
    worker: Worker,
    identity_id: &str,
    body: LabelBody,
    escalation_id: Option<i64>,
) -> ApiResult<LabelView> {
    let kind = kind(&body.kind)?;
    let note = body.note.map(|text| text.replace('\0', "").trim().to_owned()).filter(|text| !text.is_empty());
    if note.as_ref().is_some_and(|text| text.chars().count() > NOTE_CHARS_MAX) {
        return Err(ApiError::BadRequest(format!("note must have at most {NOTE_CHARS_MAX} characters")));
    }
    must_exist(app, &worker.team, identity_id).await?;
    let now_ms = app.clock.now_ms();
    let label = LabelWrite { id: app.ids.next(now_ms), kind, note, escalation_id, by: worker.name, now_ms };
    let given = app.store.put_label(&worker.team, identity_id, &label).await?;
    let given = given.ok_or_else(|| ApiError::not_found("identity", identity_id))?;
    for rule in &given.paused {
        tracing::warn!(team = worker.team.as_str(), rule, "a rule is paused: its false-positive budget is overspent");
    }
    if !given.paused.is_empty() {
        app.act_anew();
    }
    Ok(given.label.into())
}

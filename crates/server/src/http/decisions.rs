//! What analysts decide about two identities: that they are one person, or are not. It can be looked at beforehand and
//! taken back.

use crate::app::App;
use crate::http::analysis::LinkView;
use crate::http::auth::{Decider, Reader, Writer};
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Body, PageBody, PageParams, Params, Segments};
use crate::http::identities::must_exist;
use crate::http::refusals::{ToRead, ToReadOne, ToWriteOne};
use crate::http::settle::settled;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dregs_engine::event::format_time_ms;
use dregs_engine::limits::NOTE_CHARS_MAX;
use dregs_engine::linkage::decision::{Decision, Verdict};
use dregs_engine::score::{Category, assess};
use dregs_engine::text::without_nul;
use dregs_store::{DecisionEffect, LINK_DECISION_SORTS, LinkDecision, LinkDecisionFilter, TeamId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Identities whose score a preview computes; the others it names.
const PREDICTED_MAX: usize = 20;

/// What was decided about two identities.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkDecisionView {
    /// The lower of the two ids.
    pub identity_id: String,
    pub other_identity_id: String,
    /// SAME or DIFFERENT.
    pub verdict: &'static str,
    pub note: Option<String>,
    pub decided_by: String,
    pub decided_at: String,
    /// The pair's links when it was decided.
    pub evidence: Vec<LinkView>,
}

impl From<LinkDecision> for LinkDecisionView {
    fn from(decision: LinkDecision) -> Self {
        LinkDecisionView {
            identity_id: decision.a_id,
            other_identity_id: decision.b_id,
            verdict: decision.verdict.code(),
            note: decision.note,
            decided_by: decision.decided_by,
            decided_at: format_time_ms(decision.decided_ms),
            evidence: decision.evidence.into_iter().map(LinkView::from).collect(),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LinkDecisionParams {
    /// About this identity.
    identity: Option<String>,
    /// SAME or DIFFERENT.
    #[param(value_type = Option<String>)]
    verdict: Option<String>,
}

/// List what was decided about pairs of identities, newest first
#[utoipa::path(
    get, path = "/link-decisions", tag = "rings", operation_id = "listLinkDecisions", params(PageParams, LinkDecisionParams),
    responses((status = 200, description = "A page", body = PageBody<LinkDecisionView>), ToRead),
    security(("key" = []))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Params(paging): Params<PageParams>,
    Params(params): Params<LinkDecisionParams>,
) -> ApiResult<Json<PageBody<LinkDecisionView>>> {
    let query = paging.query(LINK_DECISION_SORTS)?;
    let verdict = params.verdict.map(|code| {
        Verdict::from_code(&code).ok_or_else(|| ApiError::BadRequest("verdict must be SAME or DIFFERENT".into()))
    });
    let filter = LinkDecisionFilter { identity: params.identity, verdict: verdict.transpose()? };
    let page = app.store.link_decisions(&team, &filter, &query).await?;
    Ok(Json(PageBody::new(page, &query, LinkDecisionView::from)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"verdict": "DIFFERENT", "note": "They are sisters."}))]
pub struct LinkDecisionBody {
    /// SAME: both are one person, certainly. DIFFERENT: they are two people, without a link, without effect on each
    /// other's scores, and never in one ring.
    #[schema(value_type = String, example = "DIFFERENT")]
    verdict: Verdict,
    /// Why, for whoever looks at it later.
    #[schema(max_length = 1000)]
    note: Option<String>,
}

impl LinkDecisionBody {
    fn about(self, id: &str, other: &str, by: String, now_ms: i64) -> ApiResult<Decision> {
        if id == other {
            return Err(ApiError::BadRequest("otherId must be another identity".into()));
        }
        if self.note.as_ref().is_some_and(|note| note.chars().count() > NOTE_CHARS_MAX) {
            return Err(ApiError::BadRequest(format!("note must be at most {NOTE_CHARS_MAX} characters")));
        }
        Ok(Decision {
            other_id: other.to_owned(),
            verdict: self.verdict,
            note: self.note.map(|note| without_nul(&note).into_owned()).filter(|note| !note.is_empty()),
            decided_by: by,
            decided_ms: now_ms,
        })
    }
}

/// Decide whether two identities are one person
///
/// In the place of what was decided before. Both are scored again.
#[utoipa::path(
    put, path = "/identities/{id}/decisions/{otherId}", tag = "rings", operation_id = "decideLink", request_body = LinkDecisionBody,
    params(("id" = String, Path, description = "Your id of the user, percent-encoded"), ("otherId" = String, Path, description = "Your id of the other")),
    responses((status = 200, description = "The decision with the evidence it overrules", body = LinkDecisionView), ToWriteOne),
    security(("key" = []))
)]
pub async fn decide(
    State(app): State<Arc<App>>,
    Decider { team, name, .. }: Decider,
    Segments((id, other)): Segments<(String, String)>,
    Body(body): Body<LinkDecisionBody>,
) -> ApiResult<Json<LinkDecisionView>> {
    let decision = body.about(&id, &other, name, app.clock.now_ms())?;
    both_must_exist(&app, &team, &id, &other).await?;
    settled(&app).await;
    app.store.decide(&team, &id, &decision).await?;
    app.bells.process.notify_one();
    let found = app.store.link_decision(&team, &id, &other).await?;
    found.map(|decision| Json(decision.into())).ok_or_else(|| ApiError::not_found("identity", &other))
}

/// Take a decision back
///
/// Links, scores and rings are again what the evidence makes of them.
#[utoipa::path(
    delete, path = "/identities/{id}/decisions/{otherId}", tag = "rings", operation_id = "takeLinkDecisionBack",
    params(("id" = String, Path, description = "Your id of the user, percent-encoded"), ("otherId" = String, Path, description = "Your id of the other")),
    responses((status = 204, description = "Nothing is decided about them"), ToReadOne),
    security(("key" = []))
)]
pub async fn take_back(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments((id, other)): Segments<(String, String)>,
) -> ApiResult<StatusCode> {
    settled(&app).await;
    let taken_back = app.store.take_back(&team, &id, &other, app.clock.now_ms()).await?;
    app.bells.process.notify_one();
    if taken_back {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::NotFound("nothing is decided about them".into()))
    }
}

/// A ring with the ids of its members.
#[derive(Debug, Serialize, ToSchema)]
pub struct RingMembersView {
    pub id: String,
    pub members: Vec<String>,
}

/// Whose score would be computed again, and what it would probably be.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PredictionView {
    pub identity_id: String,
    pub uniqueness: Option<u8>,
    /// From what the latest analysis rested on; null beyond the first 20, and without an analysis.
    pub predicted_uniqueness: Option<u8>,
}

/// What a decision would change.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionPreviewView {
    /// The pair's links as they are, and as they would be.
    pub links_before: Vec<LinkView>,
    pub links_after: Vec<LinkView>,
    /// The rings of the two as they are, and as they would be.
    pub rings_before: Vec<RingMembersView>,
    pub rings_after: Vec<RingMembersView>,
    pub scores: Vec<PredictionView>,
}

/// See what a decision would change
///
/// Nothing is changed.
#[utoipa::path(
    post, path = "/identities/{id}/decisions/{otherId}/actions/preview", tag = "rings", operation_id = "previewLinkDecision",
    request_body = LinkDecisionBody,
    params(("id" = String, Path, description = "Your id of the user, percent-encoded"), ("otherId" = String, Path, description = "Your id of the other")),
    responses((status = 200, description = "Links, rings and scores before and after", body = DecisionPreviewView), ToWriteOne),
    security(("key" = []))
)]
pub async fn preview(
    State(app): State<Arc<App>>,
    Decider { team, name, .. }: Decider,
    Segments((id, other)): Segments<(String, String)>,
    Body(body): Body<LinkDecisionBody>,
) -> ApiResult<Json<DecisionPreviewView>> {
    let decision = body.about(&id, &other, name, app.clock.now_ms())?;
    both_must_exist(&app, &team, &id, &other).await?;
    settled(&app).await;
    let effect = app.store.preview_decision(&team, &id, &decision).await?;
    let effect = effect.ok_or_else(|| ApiError::not_found("identity", &other))?;
    let scores = predictions(&app, &team, &id, &decision, &effect).await?;
    let links = |links: Vec<dregs_store::StoredLink>| links.into_iter().map(LinkView::from).collect();
    let rings = |rings: BTreeMap<String, Vec<String>>| {
        rings.into_iter().map(|(id, members)| RingMembersView { id, members }).collect()
    };
    Ok(Json(DecisionPreviewView {
        links_before: links(effect.links_before),
        links_after: links(effect.links_after),
        rings_before: rings(effect.rings_before),
        rings_after: rings(effect.rings_after),
        scores,
    }))
}

async fn predictions(
    app: &App,
    team: &TeamId,
    id: &str,
    decision: &Decision,
    effect: &DecisionEffect,
) -> ApiResult<Vec<PredictionView>> {
    let ends = [(id, decision.clone()), (&decision.other_id, Decision { other_id: id.to_owned(), ..decision.clone() })];
    let mut order: Vec<&str> = ends.iter().map(|(id, _)| *id).collect();
    order
        .extend(effect.rescored.iter().map(String::as_str).filter(|other| *other != id && *other != decision.other_id));
    let mut views = Vec::new();
    for (place, identity_id) in order.into_iter().enumerate() {
        let decided = ends.iter().find(|(end, _)| *end == identity_id).map(|(_, decision)| decision);
        let predicted_uniqueness = match place < PREDICTED_MAX {
            true => predicted(app, team, identity_id, decided, effect).await?,
            false => None,
        };
        let [_, _, uniqueness, _] = app.store.scores(team, identity_id).await?.unwrap_or_default();
        views.push(PredictionView { identity_id: identity_id.to_owned(), uniqueness, predicted_uniqueness });
    }
    Ok(views)
}

/// The uniqueness that the latest analysis would have found, had it been decided and the rings been so.
async fn predicted(
    app: &App,
    team: &TeamId,
    id: &str,
    decision: Option<&Decision>,
    effect: &DecisionEffect,
) -> ApiResult<Option<u8>> {
    let cycle = app.store.cycle(team, id, None).await?;
    let Some(evidence) = cycle.and_then(|cycle| cycle.evidence) else { return Ok(None) };
    let ring = effect.rings_after.values().find(|members| members.iter().any(|member| member == id));
    let supposed = evidence.snapshot.supposing(decision, ring.map_or(1, |members| members.len() as u64));
    Ok(assess(&supposed).value(Category::Uniqueness))
}

async fn both_must_exist(app: &App, team: &TeamId, id: &str, other: &str) -> ApiResult<()> {
    must_exist(app, team, id).await?;
    must_exist(app, team, other).await
}

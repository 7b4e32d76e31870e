//! What was concluded about an identity: scores, cycles, history, links.

use crate::app::App;
use crate::http::auth::Reader;
use crate::http::basis::{self, BasisView};
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::extract::{Params, Segments};
use crate::http::identities::must_exist;
use crate::http::refusals::{ToRead, ToReadOne};
use crate::http::settle::settled;
use axum::Json;
use axum::extract::State;
use dregs_engine::event::format_time_ms;
use dregs_engine::score::{Category, Observation};
use dregs_store::{Cycle, HistoryEntry, StoredLink, TeamId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

const HISTORY_DEFAULT: u32 = 100;
const HISTORY_MAX: u32 = 500;

/// One category's score.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScoreView {
    /// HUMANITY, AUTHENTICITY, UNIQUENESS or BEHAVIOR.
    pub category: &'static str,
    /// 0 to 100, higher is better.
    #[schema(minimum = 0, maximum = 100)]
    pub value: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observations: Option<Vec<ObservationView>>,
}

/// What one analyzer found, and what it did to the score.
#[derive(Debug, Serialize, ToSchema)]
pub struct ObservationView {
    pub category: &'static str,
    /// `category.kebab-name`.
    pub id: String,
    pub label: String,
    pub explanation: String,
    /// 0 suspicious, 1 legitimate.
    pub value: f64,
    /// 0 a guess, 1 certain.
    pub confidence: f64,
    pub weight: f64,
    /// Points of the way from 50 to the score that are its own; all of them add up to the score.
    pub contribution: f64,
    pub metadata: Map<String, Value>,
    /// The events it rests on; absent where it rests on other things, such as what was said or other identities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<BasisView>,
}

impl From<Observation> for ObservationView {
    fn from(seen: Observation) -> Self {
        ObservationView {
            category: seen.category.code(),
            id: seen.id,
            label: seen.label,
            explanation: seen.explanation,
            value: seen.value,
            confidence: seen.confidence,
            weight: seen.weight,
            contribution: seen.contribution,
            metadata: seen.metadata,
            basis: None,
        }
    }
}

/// One scoring run.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisView {
    pub id: i64,
    pub identity_id: String,
    pub scores: Vec<ScoreView>,
    pub event_count: i64,
    pub device_count: i64,
    pub duration_millis: i64,
    pub started_at: String,
    pub finished_at: String,
    /// Version of analyzers and weights that ran.
    pub engine_version: u32,
    /// Version of the data pack they consulted.
    pub data_pack: String,
}

impl From<Cycle> for AnalysisView {
    fn from(cycle: Cycle) -> Self {
        let scores = match cycle.evidence {
            Some(evidence) => evidence
                .assessment
                .scores
                .into_iter()
                .map(|score| ScoreView {
                    category: score.category.code(),
                    value: score.value,
                    observations: Some(score.observations.into_iter().map(ObservationView::from).collect()),
                })
                .collect(),
            // The evidence of old cycles is not kept; their scores are.
            None => Category::ALL
                .into_iter()
                .zip(cycle.scores)
                .filter_map(|(category, value)| {
                    Some(ScoreView { category: category.code(), value: value?, observations: Some(Vec::new()) })
                })
                .collect(),
        };
        AnalysisView {
            id: cycle.id,
            identity_id: cycle.identity_id,
            scores,
            event_count: cycle.event_count,
            device_count: cycle.device_count,
            duration_millis: cycle.duration_ms,
            started_at: format_time_ms(cycle.started_ms),
            finished_at: format_time_ms(cycle.finished_ms),
            engine_version: cycle.engine_version,
            data_pack: cycle.pack,
        }
    }
}

/// The scores of a past cycle.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryView {
    pub id: i64,
    pub humanity_score: Option<u8>,
    pub authenticity_score: Option<u8>,
    pub uniqueness_score: Option<u8>,
    pub behavior_score: Option<u8>,
    pub event_count: i64,
    pub device_count: i64,
    pub finished_at: String,
}

impl From<HistoryEntry> for HistoryView {
    fn from(entry: HistoryEntry) -> Self {
        let [humanity_score, authenticity_score, uniqueness_score, behavior_score] = entry.scores;
        HistoryView {
            id: entry.id,
            humanity_score,
            authenticity_score,
            uniqueness_score,
            behavior_score,
            event_count: entry.event_count,
            device_count: entry.device_count,
            finished_at: format_time_ms(entry.finished_ms),
        }
    }
}

/// Another identity that may belong to the same person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkView {
    pub id: String,
    pub target_identity_id: String,
    pub target_display_name: Option<String>,
    /// SAME_DEVICE, SHARED_IP, SHARED_SESSION, SIMILAR_NAME, SIMILAR_EMAIL or SIMILAR_BEHAVIOR; SAME_PERSON where an
    /// analyst decided so.
    pub r#type: String,
    /// How strongly this evidence alone links them, 0 to 1.
    pub value: f64,
    /// How sure, 0 to 1.
    pub confidence: f64,
    /// That both are one person, by all evidence about the pair for and against, 0 to 1.
    pub probability: f64,
    pub explanation: String,
    /// The evidence, with its waterfall in bits.
    pub metadata: Map<String, Value>,
    pub created_at: String,
}

impl From<StoredLink> for LinkView {
    fn from(link: StoredLink) -> Self {
        LinkView {
            id: format!("{}:{}", link.link_type, link.target_id),
            target_identity_id: link.target_id,
            target_display_name: link.target_name,
            r#type: link.link_type,
            value: link.value,
            confidence: link.confidence,
            probability: link.probability,
            explanation: link.explanation,
            metadata: link.metadata,
            created_at: format_time_ms(link.created_ms),
        }
    }
}

/// Read the four scores
///
/// Only categories that have been scored; empty for a new identity.
#[utoipa::path(
    get, path = "/identities/{id}/scores", tag = "analysis", operation_id = "getScores",
    params(("id" = String, Path, description = "Your id of the user, percent-encoded")),
    responses((status = 200, description = "The scores", body = Vec<ScoreView>), ToReadOne),
    security(("key" = []))
)]
pub async fn scores(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(id): Segments<String>,
) -> ApiResult<Json<Vec<ScoreView>>> {
    must_exist(&app, &team, &id).await?;
    let scores = app.store.scores(&team, &id).await?.unwrap_or_default();
    let scored = Category::ALL.into_iter().zip(scores);
    Ok(Json(
        scored
            .filter_map(|(category, value)| {
                Some(ScoreView { category: category.code(), value: value?, observations: None })
            })
            .collect(),
    ))
}

/// Read the latest analysis
#[utoipa::path(
    get, path = "/identities/{id}/analysis", tag = "analysis", operation_id = "getAnalysis",
    params(("id" = String, Path, description = "Your id of the user, percent-encoded")),
    responses((status = 200, description = "The latest cycle with its observations", body = AnalysisView), (status = 404, description = "Not analyzed yet", body = ErrorBody), ToRead),
    security(("key" = []))
)]
pub async fn latest(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(id): Segments<String>,
) -> ApiResult<Json<AnalysisView>> {
    cycle(&app, &team, &id, None).await
}

/// Read a past analysis
#[utoipa::path(
    get, path = "/identities/{id}/analysis/{cycleId}", tag = "analysis", operation_id = "getAnalysisCycle",
    params(("id" = String, Path, description = "Your id of the user, percent-encoded"), ("cycleId" = i64, Path, description = "From the history")),
    responses((status = 200, description = "The cycle with its observations", body = AnalysisView), ToReadOne),
    security(("key" = []))
)]
pub async fn past(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments((id, cycle_id)): Segments<(String, i64)>,
) -> ApiResult<Json<AnalysisView>> {
    cycle(&app, &team, &id, Some(cycle_id)).await
}

async fn cycle(app: &App, team: &TeamId, id: &str, cycle_id: Option<i64>) -> ApiResult<Json<AnalysisView>> {
    must_exist(app, team, id).await?;
    settled(app).await;
    let found = app.store.cycle(team, id, cycle_id).await?;
    let missing = || match cycle_id {
        Some(cycle_id) => ApiError::not_found("analysis", &cycle_id.to_string()),
        None => ApiError::NotFound("the identity has not been analyzed yet".into()),
    };
    let found = found.ok_or_else(missing)?;
    let mut bases = basis::of_cycle(app, team, &found).await?;
    let mut view = AnalysisView::from(found);
    for seen in view.scores.iter_mut().filter_map(|score| score.observations.as_mut()).flatten() {
        seen.basis = bases.remove(&seen.id);
    }
    Ok(Json(view))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryParams {
    /// Entries, 100 when absent; larger than 500 counts as 500.
    #[param(minimum = 1)]
    limit: Option<u32>,
}

/// Read the score history, newest first
#[utoipa::path(
    get, path = "/identities/{id}/history", tag = "analysis", operation_id = "getHistory",
    params(("id" = String, Path, description = "Your id of the user, percent-encoded"), HistoryParams),
    responses((status = 200, description = "Past cycles", body = Vec<HistoryView>), ToReadOne),
    security(("key" = []))
)]
pub async fn history(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(id): Segments<String>,
    Params(params): Params<HistoryParams>,
) -> ApiResult<Json<Vec<HistoryView>>> {
    let limit = match params.limit {
        Some(0) => return Err(ApiError::BadRequest("limit must be at least 1".into())),
        limit => limit.unwrap_or(HISTORY_DEFAULT).min(HISTORY_MAX),
    };
    must_exist(&app, &team, &id).await?;
    settled(&app).await;
    let entries = app.store.history(&team, &id, i64::from(limit)).await?;
    Ok(Json(entries.into_iter().map(HistoryView::from).collect()))
}

/// Read related identities, strongest first
#[utoipa::path(
    get, path = "/identities/{id}/links", tag = "analysis", operation_id = "getLinks",
    params(("id" = String, Path, description = "Your id of the user, percent-encoded")),
    responses((status = 200, description = "Links with their evidence", body = Vec<LinkView>), ToReadOne),
    security(("key" = []))
)]
pub async fn links(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(id): Segments<String>,
) -> ApiResult<Json<Vec<LinkView>>> {
    must_exist(&app, &team, &id).await?;
    settled(&app).await;
    let links = app.store.links(&team, &id).await?;
    Ok(Json(links.into_iter().map(LinkView::from).collect()))
}

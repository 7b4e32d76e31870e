//! What became of the events that arrived.

use crate::app::App;
use crate::http::auth::Reader;
use crate::http::error::ApiResult;
use crate::http::extract::{Params, time_if_given};
use crate::http::refusals::ToRead;
use axum::Json;
use axum::extract::State;
use dregs_engine::event::format_time_ms;
use dregs_engine::rejection::Fate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

const DAY_MS: i64 = 24 * 3_600_000;
const PERIOD_DEFAULT_MS: i64 = 7 * DAY_MS;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeriodParams {
    /// ISO-8601; seven days before `to` when absent.
    from: Option<String>,
    /// ISO-8601; now when absent.
    to: Option<String>,
}

/// Every event has exactly one fate.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IngestionView {
    pub from: String,
    pub to: String,
    /// How many events met each fate, counted by the hour.
    pub fates: BTreeMap<&'static str, i64>,
    /// Events that are recorded and wait to be processed.
    pub waiting: u64,
    /// Events set aside because they could not be processed, newest first, at most 100.
    pub parked: Vec<ParkedView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParkedView {
    pub id: String,
    pub error: String,
    pub parked_at: String,
    #[schema(value_type = Object)]
    pub event: Value,
}

/// Read what became of the events
#[utoipa::path(
    get, path = "/ingestion", tag = "ingestion", operation_id = "getIngestion", params(PeriodParams),
    responses((status = 200, description = "Counts by fate", body = IngestionView), ToRead),
    security(("key" = []))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Params(params): Params<PeriodParams>,
) -> ApiResult<Json<IngestionView>> {
    let to_ms = time_if_given("to", params.to.as_deref())?.unwrap_or_else(|| app.clock.now_ms() + 1);
    let from_ms = time_if_given("from", params.from.as_deref())?.unwrap_or(to_ms - PERIOD_DEFAULT_MS);
    app.fates.flush(&app.store).await;
    let mut fates: BTreeMap<&'static str, i64> = Fate::ALL.iter().map(|fate| (fate.code(), 0)).collect();
    for counted in app.store.fates(&team, dregs_store::hour_of(from_ms), to_ms).await? {
        if let Some(fate) = Fate::ALL.iter().find(|fate| fate.code() == counted.fate) {
            fates.insert(fate.code(), counted.count);
        }
    }
    let parked = app.store.parked(&team).await?.into_iter().map(|parked| ParkedView {
        id: parked.id,
        error: parked.error,
        parked_at: format_time_ms(parked.parked_ms),
        event: serde_json::from_str(&parked.event).unwrap_or_default(),
    });
    Ok(Json(IngestionView {
        from: format_time_ms(from_ms),
        to: format_time_ms(to_ms),
        fates,
        waiting: app.watermark.depth(),
        parked: parked.collect(),
    }))
}

//! Names that no mapping covers.

use crate::app::App;
use crate::http::auth::Reader;
use crate::http::error::ApiResult;
use crate::http::extract::{Params, choice};
use crate::http::period::DAY_MS;
use crate::http::refusals::ToRead;
use crate::jobs::tally::NAMES_MAX;
use axum::Json;
use axum::extract::State;
use dregs_engine::event::format_time_ms;
use dregs_engine::mapping::Mappings;
use dregs_store::{EVENT_TYPE, IDENTITY_FIELD, NameUse, Result, Store, TeamId, day_of, figure};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// How far back names are looked for.
const DAYS: i64 = 30;

/// A name that was sent and that no mapping covers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnmappedView {
    /// EVENT_TYPE or IDENTITY_FIELD.
    pub kind: &'static str,
    /// Your name; `(other)` for those beyond the 500 that are counted one by one.
    pub name: String,
    /// How often it was sent in the last 30 days.
    pub count: i64,
    /// The day it was sent last.
    pub last_seen_at: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UnmappedParams {
    /// EVENT_TYPE or IDENTITY_FIELD.
    kind: Option<String>,
}

/// List names that no mapping covers
#[utoipa::path(
    get, path = "/mappings/unmapped", tag = "mappings", operation_id = "listUnmapped", params(UnmappedParams),
    responses((status = 200, description = "Those of the last 30 days, the most frequent first", body = Vec<UnmappedView>), ToRead),
    security(("key" = []))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Params(params): Params<UnmappedParams>,
) -> ApiResult<Json<Vec<UnmappedView>>> {
    let kinds = [EVENT_TYPE, IDENTITY_FIELD];
    let kind = params.kind.as_deref().map(|kind| choice("kind", kind, &kinds, |code| code)).transpose()?;
    let mut views = Vec::new();
    for wanted in kinds.into_iter().filter(|wanted| kind.is_none_or(|kind| kind == *wanted)) {
        let found = unmapped(&app.store, &team, wanted, app.clock.now_ms()).await?;
        views.extend(found.into_iter().map(|held| UnmappedView {
            kind: wanted,
            name: held.name,
            count: held.count,
            last_seen_at: format_time_ms(held.last_ms),
        }));
    }
    Ok(Json(views))
}

/// The names of a kind that were sent lately and that the team's mappings, as they are, do not cover.
pub async fn unmapped(store: &Store, team: &TeamId, kind: &str, now_ms: i64) -> Result<Vec<NameUse>> {
    let mappings = store.mappings(team).await?;
    let counted = if kind == EVENT_TYPE { figure::EVENT_NAME } else { figure::ATTRIBUTE_NAME };
    let from = day_of(now_ms) - DAYS * DAY_MS;
    let found = store.named_figures(team, counted, from, i64::MAX, NAMES_MAX as i64 + 1).await?;
    Ok(found.into_iter().filter(|held| !is_mapped(&mappings, kind, &held.name)).collect())
}

fn is_mapped(mappings: &Mappings, kind: &str, name: &str) -> bool {
    if kind == EVENT_TYPE { mappings.event_type(name).is_some() } else { mappings.field(name).is_some() }
}

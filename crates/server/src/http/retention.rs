//! How long a team keeps each kind of data.

use crate::app::App;
use crate::http::auth::{Reader, Writer};
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Body, Params, given};
use crate::http::refusals::{ToRead, ToReadAll, ToWrite};
use crate::jobs::retention::kept;
use axum::Json;
use axum::extract::State;
use dregs_store::{AUDIT_DAYS_MIN, DAYS_MAX, RETENTION_KINDS, Retention};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// The one field with a longer shortest time.
const AUDIT_DAYS: &str = "auditDays";

/// Days; null is for ever.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetentionView {
    /// Events, by their own time.
    #[schema(minimum = 1, maximum = 3650)]
    pub events_days: Option<u32>,
    /// Events of which it is not known whose they are.
    #[schema(minimum = 1, maximum = 3650)]
    pub anonymous_events_days: Option<u32>,
    /// Analyses and their evidence, but for those that an escalation rests on which is not closed.
    #[schema(minimum = 1, maximum = 3650)]
    pub cycles_days: Option<u32>,
    /// Deliveries that are done with; 90 by default.
    #[schema(minimum = 1, maximum = 3650)]
    pub deliveries_days: Option<u32>,
    #[schema(minimum = 1, maximum = 3650)]
    pub reviews_days: Option<u32>,
    /// Events that could not be processed.
    #[schema(minimum = 1, maximum = 3650)]
    pub parked_days: Option<u32>,
    /// Escalations, from when they were closed.
    #[schema(minimum = 1, maximum = 3650)]
    pub escalations_closed_days: Option<u32>,
    /// Lines of the audit log; 400 by default.
    #[schema(minimum = 90, maximum = 3650)]
    pub audit_days: Option<u32>,
    /// Identities without an event for so long are erased.
    #[schema(minimum = 1, maximum = 3650)]
    pub inactive_identities_days: Option<u32>,
}

impl From<Retention> for RetentionView {
    fn from(retention: Retention) -> Self {
        RetentionView {
            events_days: retention.events_days,
            anonymous_events_days: retention.anonymous_events_days,
            cycles_days: retention.cycles_days,
            deliveries_days: retention.deliveries_days,
            reviews_days: retention.reviews_days,
            parked_days: retention.parked_days,
            escalations_closed_days: retention.escalations_closed_days,
            audit_days: retention.audit_days,
            inactive_identities_days: retention.inactive_identities_days,
        }
    }
}

/// Days, or null for for ever; what is left out stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RetentionBody {
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 3650)]
    events_days: Option<Option<u32>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 3650)]
    anonymous_events_days: Option<Option<u32>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 3650)]
    cycles_days: Option<Option<u32>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 3650)]
    deliveries_days: Option<Option<u32>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 3650)]
    reviews_days: Option<Option<u32>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 3650)]
    parked_days: Option<Option<u32>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 3650)]
    escalations_closed_days: Option<Option<u32>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 90, maximum = 3650)]
    audit_days: Option<Option<u32>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 3650)]
    inactive_identities_days: Option<Option<u32>>,
}

impl RetentionBody {
    fn onto(self, mut held: Retention) -> ApiResult<Retention> {
        let fields = [
            ("eventsDays", self.events_days, &mut held.events_days),
            ("anonymousEventsDays", self.anonymous_events_days, &mut held.anonymous_events_days),
            ("cyclesDays", self.cycles_days, &mut held.cycles_days),
            ("deliveriesDays", self.deliveries_days, &mut held.deliveries_days),
            ("reviewsDays", self.reviews_days, &mut held.reviews_days),
            ("parkedDays", self.parked_days, &mut held.parked_days),
            ("escalationsClosedDays", self.escalations_closed_days, &mut held.escalations_closed_days),
            (AUDIT_DAYS, self.audit_days, &mut held.audit_days),
            ("inactiveIdentitiesDays", self.inactive_identities_days, &mut held.inactive_identities_days),
        ];
        for (field, asked, kept) in fields {
            let Some(days) = asked else { continue };
            let min = if field == AUDIT_DAYS { AUDIT_DAYS_MIN } else { 1 };
            if days.is_some_and(|days| !(min..=DAYS_MAX).contains(&days)) {
                return Err(ApiError::BadRequest(format!(
                    "{field} must be {min} to {DAYS_MAX} days, or null for ever"
                )));
            }
            *kept = days;
        }
        Ok(held)
    }
}

/// What would be kept for how long, in place of what is set.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct RetentionParams {
    #[param(minimum = 1, maximum = 3650)]
    events_days: Option<u32>,
    #[param(minimum = 1, maximum = 3650)]
    anonymous_events_days: Option<u32>,
    #[param(minimum = 1, maximum = 3650)]
    cycles_days: Option<u32>,
    #[param(minimum = 1, maximum = 3650)]
    deliveries_days: Option<u32>,
    #[param(minimum = 1, maximum = 3650)]
    reviews_days: Option<u32>,
    #[param(minimum = 1, maximum = 3650)]
    parked_days: Option<u32>,
    #[param(minimum = 1, maximum = 3650)]
    escalations_closed_days: Option<u32>,
    #[param(minimum = 90, maximum = 3650)]
    audit_days: Option<u32>,
    #[param(minimum = 1, maximum = 3650)]
    inactive_identities_days: Option<u32>,
}

impl RetentionParams {
    fn body(self) -> RetentionBody {
        let asked = |days: Option<u32>| days.map(Some);
        RetentionBody {
            events_days: asked(self.events_days),
            anonymous_events_days: asked(self.anonymous_events_days),
            cycles_days: asked(self.cycles_days),
            deliveries_days: asked(self.deliveries_days),
            reviews_days: asked(self.reviews_days),
            parked_days: asked(self.parked_days),
            escalations_closed_days: asked(self.escalations_closed_days),
            audit_days: asked(self.audit_days),
            inactive_identities_days: asked(self.inactive_identities_days),
        }
    }
}

/// How many rows of each kind are older than they would be kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetentionPreview {
    pub counts: BTreeMap<&'static str, u64>,
}

/// Read how long data is kept
#[utoipa::path(
    get, path = "/retention", tag = "privacy", operation_id = "getRetention",
    responses((status = 200, description = "Days for each kind", body = RetentionView), ToReadAll),
    security(("key" = []))
)]
pub async fn get(State(app): State<Arc<App>>, Reader(team): Reader) -> ApiResult<Json<RetentionView>> {
    Ok(Json(app.store.retention(&team).await?.into()))
}

/// Set how long data is kept
///
/// What is older goes within the hour, and does not come back.
#[utoipa::path(
    put, path = "/retention", tag = "privacy", operation_id = "setRetention", request_body = RetentionBody,
    responses((status = 200, description = "As it is then", body = RetentionView), ToWrite),
    security(("key" = []))
)]
pub async fn set(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Body(body): Body<RetentionBody>,
) -> ApiResult<Json<RetentionView>> {
    let changed = app.store.change_retention(&team, app.clock.now_ms(), |held| body.onto(held)).await?;
    Ok(Json(changed?.into()))
}

/// See what would be removed
///
/// With the times that are set, or with others that are tried.
#[utoipa::path(
    get, path = "/retention/preview", tag = "privacy", operation_id = "previewRetention", params(RetentionParams),
    responses((status = 200, description = "Rows that are older, by kind", body = RetentionPreview), ToRead),
    security(("key" = []))
)]
pub async fn preview(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Params(params): Params<RetentionParams>,
) -> ApiResult<Json<RetentionPreview>> {
    let retention = params.body().onto(app.store.retention(&team).await?)?;
    let now_ms = app.clock.now_ms();
    let mut counts = BTreeMap::new();
    for kind in RETENTION_KINDS {
        let old = match retention.days(kind) {
            Some(days) => app.store.count_old(&team, kind, kept(days, now_ms)).await?,
            None => 0,
        };
        counts.insert(kind.code(), old);
    }
    let inactive = match retention.inactive_identities_days {
        Some(days) => app.store.count_inactive(&team, kept(days, now_ms)).await?,
        None => 0,
    };
    counts.insert("identities", inactive);
    Ok(Json(RetentionPreview { counts }))
}

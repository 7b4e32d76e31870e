//! Backtests: what a rule would have done over the past.

use crate::app::App;
use crate::backtest::{DAYS_DEFAULT, DAYS_MAX, Trial};
use crate::http::auth::{Reader, Worker};
use crate::http::badge_rules::BadgeRuleBody;
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::escalation_rules::{EscalationRuleBody, check_names};
use crate::http::extract::{Body, Segments};
use crate::http::refusals::{ToReadOne, ToWriteOne};
use crate::http::shares::{OverlapView, ShareView, by_category};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dregs_engine::event::format_time_ms;
use dregs_engine::rules::backtest::{Fired, Tally};
use dregs_engine::rules::{BadgeKind, BadgeRule, EscalationRule, RuleBook};
use dregs_store::{Backtest, BacktestStatus};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// The badge rule to try.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct BadgeBacktestBody {
    /// A badge rule that there is.
    slug: Option<String>,
    /// A rule of its own, or what is different from the one that there is.
    rule: Option<BadgeRuleBody>,
    /// How far back; 30 by default.
    #[schema(minimum = 1, maximum = 365)]
    days: Option<u32>,
}

/// The escalation rule to try.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct EscalationBacktestBody {
    /// An escalation rule that there is.
    id: Option<String>,
    /// A rule of its own, or what is different from the one that there is.
    rule: Option<EscalationRuleBody>,
    /// How far back; 30 by default.
    #[schema(minimum = 1, maximum = 365)]
    days: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BacktestView {
    pub id: i64,
    /// PENDING, FINISHED or FAILED.
    pub status: &'static str,
    #[schema(minimum = 0, maximum = 1)]
    pub progress: f64,
    /// BADGE or ESCALATION.
    pub kind: String,
    pub rule_name: String,
    /// How far back from `createdAt`.
    pub days: i64,
    /// Null until it is finished.
    pub result: Option<BacktestResultView>,
    /// Why there is no result.
    pub error_message: Option<String>,
    pub requested_by: String,
    pub created_at: String,
    pub completed_at: Option<String>,
}

/// What a rule would have done.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BacktestResultView {
    /// Identities and scorings that were looked at.
    pub identities: u64,
    pub scorings: u64,
    /// How often the badge would have come, or an escalation opened.
    pub firings: u64,
    /// On whom, and what analysts found them to be.
    pub fired: OverlapView,
    /// How many of them have the badge, or an open escalation, in the end.
    pub still_firing: u64,
    /// Of all labelled abuse, how much of it; null when none is labelled.
    pub recall: Option<ShareView>,
    /// Labelled abuse on which it would not have fired.
    pub missed_abuse: u64,
    /// Firings of each day (UTC) that has any.
    pub days: Vec<BacktestDayView>,
    /// The 100 identities on which it would have fired first.
    pub first: Vec<BacktestFiredView>,
    /// How many more there are.
    pub more: u64,
    /// How it compares to what the stored rule did; null for a rule of its own.
    pub stored: Option<StoredView>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct BacktestDayView {
    /// Such as 2026-03-14.
    pub day: String,
    pub firings: u64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BacktestFiredView {
    pub identity_id: String,
    /// The first time, and the scores then.
    pub at: String,
    pub score_snapshot: BTreeMap<String, u8>,
    pub times: u64,
    pub still_firing: bool,
    /// The kind of its label; null when it has none.
    pub label: Option<String>,
}

/// What the stored rule did: who has its badge now, or about whom it opened escalations in these days.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoredView {
    pub identities: u64,
    /// On whom both fired, only the backtest, and only the stored rule.
    pub both: u64,
    pub only_backtest: u64,
    pub only_stored: u64,
}

impl BacktestResultView {
    /// `is_stored`: there is a rule to compare with.
    pub fn of(tally: &mut Tally, is_stored: bool) -> Self {
        let first: Vec<BacktestFiredView> = tally.first().iter().map(BacktestFiredView::from).collect();
        let fired = tally.fired.total();
        let day = |(day_ms, firings): (&i64, &u64)| BacktestDayView {
            day: format_time_ms(*day_ms).chars().take("2026-01-01".len()).collect(),
            firings: *firings,
        };
        BacktestResultView {
            identities: tally.identities,
            scorings: tally.scorings,
            firings: tally.firings,
            fired: tally.fired.into(),
            still_firing: tally.still_firing,
            recall: tally.recall().map(ShareView::from),
            missed_abuse: tally.not_fired.abuse,
            days: tally.days.iter().map(day).collect(),
            more: fired - first.len() as u64,
            first,
            stored: is_stored.then_some(StoredView {
                identities: tally.acted,
                both: tally.both,
                only_backtest: fired - tally.both,
                only_stored: tally.acted - tally.both,
            }),
        }
    }
}

impl From<&Fired> for BacktestFiredView {
    fn from(fired: &Fired) -> Self {
        BacktestFiredView {
            identity_id: fired.identity_id.clone(),
            at: format_time_ms(fired.at_ms),
            score_snapshot: by_category(fired.scores),
            times: fired.times,
            still_firing: fired.is_firing,
            label: fired.label.map(|kind| kind.code().to_owned()),
        }
    }
}

impl From<Backtest> for BacktestView {
    fn from(backtest: Backtest) -> Self {
        let trial: Option<Trial> = serde_json::from_str(&backtest.rule).ok();
        BacktestView {
            id: backtest.id,
            status: backtest.status.code(),
            progress: backtest.progress,
            kind: backtest.kind,
            rule_name: trial.as_ref().map(Trial::name).unwrap_or_default().to_owned(),
            days: backtest.days,
            result: backtest.result.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            error_message: backtest.error,
            requested_by: backtest.requested_by,
            created_at: format_time_ms(backtest.created_ms),
            completed_at: backtest.completed_ms.map(format_time_ms),
        }
    }
}

/// See what a badge rule would have done
///
/// Begins a backtest over the scorings of the last days. Nothing is changed by it.
#[utoipa::path(
    post, path = "/badge-rules/actions/backtest", tag = "rules", operation_id = "backtestBadgeRule", request_body = BadgeBacktestBody,
    responses((status = 202, description = "It is pending", body = BacktestView),
        (status = 409, description = "Three backtests of the team are not finished", body = ErrorBody), ToWriteOne),
    security(("key" = []))
)]
pub async fn of_badge_rule(
    State(app): State<Arc<App>>,
    worker: Worker,
    Body(body): Body<BadgeBacktestBody>,
) -> ApiResult<(StatusCode, Json<BacktestView>)> {
    let held = match &body.slug {
        Some(slug) => {
            let found = app.store.badge_rule(&worker.team, slug).await?;
            Some(found.ok_or_else(|| ApiError::not_found("badge rule", slug))?.rule)
        }
        None => None,
    };
    let rule = match (held, body.rule) {
        (None, None) => return Err(ApiError::BadRequest("slug or rule is required".into())),
        (Some(rule), None) => rule,
        (held, Some(changed)) => changed.onto(held.unwrap_or_else(unnamed_badge_rule), app.clock.now_ms())?,
    };
    let book = app.store.rule_book(&worker.team).await?;
    begin(&app, worker, Trial::of_badge(rule), &book, body.days).await
}

/// See what an escalation rule would have done
///
/// Begins a backtest over the scorings of the last days. Nothing is changed by it.
#[utoipa::path(
    post, path = "/escalation-rules/actions/backtest", tag = "rules", operation_id = "backtestEscalationRule",
    request_body = EscalationBacktestBody,
    responses((status = 202, description = "It is pending", body = BacktestView),
        (status = 409, description = "Three backtests of the team are not finished", body = ErrorBody), ToWriteOne),
    security(("key" = []))
)]
pub async fn of_escalation_rule(
    State(app): State<Arc<App>>,
    worker: Worker,
    Body(body): Body<EscalationBacktestBody>,
) -> ApiResult<(StatusCode, Json<BacktestView>)> {
    let held = match &body.id {
        Some(id) => {
            let found = app.store.escalation_rule(&worker.team, id).await?;
            Some(found.ok_or_else(|| ApiError::not_found("escalation rule", id))?.rule)
        }
        None => None,
    };
    let rule = match (held, body.rule) {
        (None, None) => return Err(ApiError::BadRequest("id or rule is required".into())),
        (Some(rule), None) => rule,
        (held, Some(changed)) => changed.onto(held.unwrap_or_else(unnamed_escalation_rule), app.clock.now_ms())?,
    };
    let book = check_names(&app, &worker.team, &rule).await?;
    begin(&app, worker, Trial::of_escalation(rule), &book, body.days).await
}

/// What a rule that is tried begins as: it needs no name.
pub fn unnamed_badge_rule() -> BadgeRule {
    BadgeRule { name: "backtest".into(), kind: BadgeKind::Bad, enabled: true, ..BadgeRule::default() }
}

pub fn unnamed_escalation_rule() -> EscalationRule {
    EscalationRule { name: "backtest".into(), enabled: true, ..EscalationRule::default() }
}

/// Checks that the rule can be replayed, and puts it in line.
async fn begin(
    app: &App,
    worker: Worker,
    trial: Trial,
    book: &RuleBook,
    days: Option<u32>,
) -> ApiResult<(StatusCode, Json<BacktestView>)> {
    let days = days.unwrap_or(DAYS_DEFAULT);
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(ApiError::BadRequest(format!("days must be 1 to {DAYS_MAX}")));
    }
    let now_ms = app.clock.now_ms();
    trial.begin(book, i64::from(days), now_ms).map_err(ApiError::BadRequest)?;
    let internal = |error: serde_json::Error| ApiError::Internal(error.to_string());
    let backtest = Backtest {
        team: worker.team,
        id: app.ids.next(now_ms),
        kind: trial.kind().to_owned(),
        rule: serde_json::to_string(&trial).map_err(internal)?,
        days: i64::from(days),
        status: BacktestStatus::Pending,
        progress: 0.0,
        result: None,
        error: None,
        requested_by: worker.name,
        created_ms: now_ms,
        completed_ms: None,
    };
    app.store.add_backtest(&backtest).await?;
    app.bells.backtest.notify_one();
    Ok((StatusCode::ACCEPTED, Json(backtest.into())))
}

/// See how far a backtest is, and its result
///
/// Results are kept for a week.
#[utoipa::path(
    get, path = "/backtests/{id}", tag = "rules", operation_id = "getBacktest",
    params(("id" = i64, Path, description = "From the answer that began it")),
    responses((status = 200, description = "The backtest", body = BacktestView), ToReadOne),
    security(("key" = []))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(id): Segments<i64>,
) -> ApiResult<Json<BacktestView>> {
    let found = app.store.backtest(&team, id).await?;
    Ok(Json(found.ok_or_else(|| ApiError::not_found("backtest", &id.to_string()))?.into()))
}

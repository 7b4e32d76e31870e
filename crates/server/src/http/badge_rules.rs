//! Badge rules: which scores give which label.

use crate::app::App;
use crate::http::auth::{Reader, Writer};
use crate::http::budgets::changed;
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::extract::{Body, PageBody, PageParams, Params, Segments, choice};
use crate::http::refusals::{ToReadAll, ToReadOne, ToWrite, ToWriteOne};
use crate::http::rules::{ConditionView, MatchView, conditions, preview_page};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dregs_engine::event::format_time_ms;
use dregs_engine::rules::{BadgeKind, BadgeRule, slug_of};
use dregs_store::Stored;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// A badge that identities get while all conditions hold.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BadgeRuleView {
    pub id: String,
    pub slug: String,
    pub name: String,
    /// GOOD, BAD or NEUTRAL.
    pub r#type: &'static str,
    /// Badges of higher priority come first.
    pub priority: i32,
    pub conditions: Vec<ConditionView>,
    pub apply_delay_seconds: i64,
    pub remove_delay_seconds: i64,
    pub enabled: bool,
    /// Share of legitimate identities among the labelled ones it fires on, above which it is paused; null: it never is.
    #[schema(minimum = 0, maximum = 1)]
    pub false_positive_budget: Option<f64>,
    /// Since when it is paused, because it was wrong too often; null: it is not.
    pub paused_at: Option<String>,
    pub paused_reason: Option<String>,
    pub created_at: String,
    pub updated_at: String,
}

impl From<Stored<BadgeRule>> for BadgeRuleView {
    fn from(stored: Stored<BadgeRule>) -> Self {
        let rule = stored.rule;
        BadgeRuleView {
            id: rule.id,
            slug: rule.slug,
            name: rule.name,
            r#type: rule.kind.code(),
            priority: rule.priority,
            conditions: rule.conditions.iter().map(ConditionView::from).collect(),
            apply_delay_seconds: rule.apply_delay_seconds,
            remove_delay_seconds: rule.remove_delay_seconds,
            enabled: rule.enabled,
            false_positive_budget: rule.budget.share,
            paused_at: rule.budget.paused.as_ref().map(|pause| format_time_ms(pause.at_ms)),
            paused_reason: rule.budget.paused.map(|pause| pause.reason),
            created_at: format_time_ms(stored.created_ms),
            updated_at: format_time_ms(stored.updated_ms),
        }
    }
}

/// A badge rule to create, or what to change of one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"name": "Likely robot", "type": "BAD", "conditions": [{"type": "SCORE_LT", "category": "HUMANITY", "threshold": 25}]}))]
pub struct BadgeRuleBody {
    /// Required to create one; its slug is made of it and stays.
    #[schema(min_length = 1, max_length = 50)]
    name: Option<String>,
    /// GOOD, BAD or NEUTRAL, which is the default.
    #[schema(pattern = "^(GOOD|BAD|NEUTRAL)$")]
    r#type: Option<String>,
    /// 0 by default.
    priority: Option<i32>,
    /// SCORE_LT, SCORE_LTE, SCORE_GT, SCORE_GTE, IDENTITY_AGE_GT. Required to create one; replaces all there are.
    #[schema(min_items = 1, max_items = 10)]
    conditions: Option<Vec<ConditionView>>,
    /// 0 by default.
    #[schema(minimum = 0)]
    apply_delay_seconds: Option<i64>,
    /// 0 by default.
    #[schema(minimum = 0)]
    remove_delay_seconds: Option<i64>,
    /// True by default.
    enabled: Option<bool>,
    /// Share of legitimate identities among the labelled ones it fires on, above which it is paused; null, the default: never.
    #[serde(default, deserialize_with = "crate::http::extract::given")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1)]
    false_positive_budget: Option<Option<f64>>,
    /// False: a paused rule works again, and what it gets wrong is counted anew.
    paused: Option<bool>,
}

impl BadgeRuleBody {
    /// The rule with what is given changed.
    pub fn onto(self, mut rule: BadgeRule, now_ms: i64) -> ApiResult<BadgeRule> {
        if let Some(name) = self.name {
            rule.name = name.trim().to_owned();
        }
        if let Some(kind) = self.r#type {
            rule.kind = choice("type", &kind, &BadgeKind::ALL, BadgeKind::code)?;
        }
        if let Some(given) = &self.conditions {
            rule.conditions = conditions(given)?;
        }
        rule.priority = self.priority.unwrap_or(rule.priority);
        rule.apply_delay_seconds = self.apply_delay_seconds.unwrap_or(rule.apply_delay_seconds);
        rule.remove_delay_seconds = self.remove_delay_seconds.unwrap_or(rule.remove_delay_seconds);
        rule.enabled = self.enabled.unwrap_or(rule.enabled);
        rule.budget = changed(rule.budget, self.false_positive_budget, self.paused, now_ms)?;
        rule.check().map_err(ApiError::BadRequest)?;
        Ok(rule)
    }
}

/// List badge rules, those of higher priority first
#[utoipa::path(
    get, path = "/badge-rules", tag = "rules", operation_id = "listBadgeRules",
    responses((status = 200, description = "All of them", body = Vec<BadgeRuleView>), ToReadAll),
    security(("key" = []))
)]
pub async fn list(State(app): State<Arc<App>>, Reader(team): Reader) -> ApiResult<Json<Vec<BadgeRuleView>>> {
    Ok(Json(app.store.badge_rules(&team).await?.into_iter().map(BadgeRuleView::from).collect()))
}

/// Read a badge rule
#[utoipa::path(
    get, path = "/badge-rules/{slug}", tag = "rules", operation_id = "getBadgeRule",
    params(("slug" = String, Path, description = "From the list")),
    responses((status = 200, description = "The rule", body = BadgeRuleView), ToReadOne),
    security(("key" = []))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(slug): Segments<String>,
) -> ApiResult<Json<BadgeRuleView>> {
    let found = app.store.badge_rule(&team, &slug).await?;
    Ok(Json(found.ok_or_else(|| ApiError::not_found("badge rule", &slug))?.into()))
}

/// Create a badge rule
///
/// Whoever fulfils it is marked as soon as they are scored again, which begins at once.
#[utoipa::path(
    post, path = "/badge-rules", tag = "rules", operation_id = "createBadgeRule", request_body = BadgeRuleBody,
    responses((status = 201, description = "The rule", body = BadgeRuleView), (status = 409, body = ErrorBody), ToWrite),
    security(("key" = []))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Body(body): Body<BadgeRuleBody>,
) -> ApiResult<(StatusCode, Json<BadgeRuleView>)> {
    let now_ms = app.clock.now_ms();
    let mut rule = body.onto(BadgeRule { enabled: true, ..BadgeRule::default() }, now_ms)?;
    rule.id = app.ids.next(now_ms).to_string();
    rule.slug = slug_of(&rule.name);
    if app.store.rule_book(&team).await?.gives(&rule.slug) {
        return Err(ApiError::Conflict(format!("there is a badge {} already", rule.slug)));
    }
    app.store.put_badge_rule(&team, &rule, now_ms).await?;
    app.act_anew();
    Ok((StatusCode::CREATED, Json(Stored { rule, created_ms: now_ms, updated_ms: now_ms }.into())))
}

/// Change a badge rule
#[utoipa::path(
    patch, path = "/badge-rules/{slug}", tag = "rules", operation_id = "updateBadgeRule", request_body = BadgeRuleBody,
    params(("slug" = String, Path, description = "From the list")),
    responses((status = 200, description = "The rule", body = BadgeRuleView), ToWriteOne),
    security(("key" = []))
)]
pub async fn update(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(slug): Segments<String>,
    Body(body): Body<BadgeRuleBody>,
) -> ApiResult<Json<BadgeRuleView>> {
    let now_ms = app.clock.now_ms();
    let changed = app.store.change_badge_rule(&team, &slug, now_ms, |rule| body.onto(rule, now_ms)).await?;
    let changed = changed.ok_or_else(|| ApiError::not_found("badge rule", &slug))??;
    app.act_anew();
    Ok(Json(changed.into()))
}

/// Delete a badge rule and its badge, wherever it was given
///
/// Escalation rules that ask for the badge are silent from then on.
#[utoipa::path(
    delete, path = "/badge-rules/{slug}", tag = "rules", operation_id = "deleteBadgeRule",
    params(("slug" = String, Path, description = "From the list")),
    responses((status = 204, description = "It is gone"), ToReadOne),
    security(("key" = []))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(slug): Segments<String>,
) -> ApiResult<StatusCode> {
    if !app.store.delete_badge_rule(&team, &slug, app.clock.now_ms()).await? {
        return Err(ApiError::not_found("badge rule", &slug));
    }
    app.act_anew();
    Ok(StatusCode::NO_CONTENT)
}

/// See whom a badge rule would mark
#[utoipa::path(
    post, path = "/badge-rules/actions/preview", tag = "rules", operation_id = "previewBadgeRule", params(PageParams),
    request_body = BadgeRuleBody,
    responses((status = 200, description = "Who fulfils the conditions at this moment", body = PageBody<MatchView>), ToWrite),
    security(("key" = []))
)]
pub async fn preview(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Params(paging): Params<PageParams>,
    Body(body): Body<BadgeRuleBody>,
) -> ApiResult<Json<PageBody<MatchView>>> {
    let unnamed = BadgeRule { name: "preview".into(), enabled: true, ..BadgeRule::default() };
    let rule = body.onto(unnamed, app.clock.now_ms())?;
    preview_page(&app, &team, &rule.conditions, &paging).await.map(Json)
}

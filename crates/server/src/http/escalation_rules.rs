//! Escalation rules: when people are called, and through which channels.

use crate::app::App;
use crate::http::auth::{Reader, Writer};
use crate::http::budgets::changed;
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::extract::{Body, PageBody, PageParams, Params, Segments, choice, time};
use crate::http::refusals::{ToReadAll, ToReadOne, ToWrite, ToWriteOne};
use crate::http::rules::{ConditionView, MatchView, conditions, preview_page};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dregs_engine::event::format_time_ms;
use dregs_engine::rules::{Condition, EscalationRule, RuleBook, Severity};
use dregs_store::{Nameable, Stored, TeamId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// When all conditions hold, an escalation opens.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EscalationRuleView {
    pub id: String,
    pub name: String,
    /// INFO, WARNING or CRITICAL.
    pub severity: &'static str,
    pub conditions: Vec<ConditionView>,
    /// Slugs of the channels that are told; none: only the dashboard.
    pub channels: Vec<String>,
    /// From when on it opens escalations.
    pub effective_at: String,
    pub open_after_seconds: i64,
    /// How long the conditions must have ceased to hold before it closes one; null: it never does.
    pub close_after_seconds: Option<i64>,
    pub enabled: bool,
    /// Whether it works silently: its escalations are listed apart and nobody is told.
    pub shadow: bool,
    /// Whether it does nothing because it asks for a badge that nothing gives any more.
    pub silenced: bool,
    /// Share of legitimate identities among the labelled ones it fires on, above which it is paused; null: it never is.
    #[schema(minimum = 0, maximum = 1)]
    pub false_positive_budget: Option<f64>,
    /// Since when it is paused, because it was wrong too often; null: it is not.
    pub paused_at: Option<String>,
    pub paused_reason: Option<String>,
    pub created_at: String,
    pub updated_at: String,
}

impl EscalationRuleView {
    fn of(stored: Stored<EscalationRule>, book: &RuleBook) -> Self {
        let silenced = book.is_silenced(&stored.rule);
        let rule = stored.rule;
        EscalationRuleView {
            id: rule.id,
            name: rule.name,
            severity: rule.severity.code(),
            conditions: rule.conditions.iter().map(ConditionView::from).collect(),
            channels: rule.channels,
            effective_at: format_time_ms(rule.effective_ms),
            open_after_seconds: rule.open_after_seconds,
            close_after_seconds: rule.close_after_seconds,
            enabled: rule.enabled,
            shadow: rule.shadow,
            silenced,
            false_positive_budget: rule.budget.share,
            paused_at: rule.budget.paused.as_ref().map(|pause| format_time_ms(pause.at_ms)),
            paused_reason: rule.budget.paused.map(|pause| pause.reason),
            created_at: format_time_ms(stored.created_ms),
            updated_at: format_time_ms(stored.updated_ms),
        }
    }
}

/// An escalation rule to create, or what to change of one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"name": "Robots", "severity": "WARNING", "conditions": [{"type": "SCORE_LT", "category": "HUMANITY", "threshold": 25}], "openAfterSeconds": 60}))]
pub struct EscalationRuleBody {
    /// Required to create one.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// INFO, WARNING (the default) or CRITICAL.
    #[schema(pattern = "^(INFO|WARNING|CRITICAL)$")]
    severity: Option<String>,
    /// Required to create one; replaces all there are.
    #[schema(min_items = 1, max_items = 10)]
    conditions: Option<Vec<ConditionView>>,
    /// Slugs of channels; replaces all there are.
    #[schema(max_items = 20)]
    channels: Option<Vec<String>>,
    /// ISO-8601; by default the moment of its creation.
    effective_at: Option<String>,
    /// 0 by default.
    #[schema(minimum = 0)]
    open_after_seconds: Option<i64>,
    /// Null, the default: never.
    #[serde(default, deserialize_with = "crate::http::extract::given")]
    #[schema(value_type = Option<i64>, minimum = 0)]
    close_after_seconds: Option<Option<i64>>,
    /// True by default.
    enabled: Option<bool>,
    /// False by default.
    shadow: Option<bool>,
    /// Share of legitimate identities among the labelled ones it fires on, above which it is paused; null, the default: never.
    #[serde(default, deserialize_with = "crate::http::extract::given")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1)]
    false_positive_budget: Option<Option<f64>>,
    /// False: a paused rule works again, and what it gets wrong is counted anew.
    paused: Option<bool>,
}

impl EscalationRuleBody {
    /// The rule with what is given changed.
    pub fn onto(self, mut rule: EscalationRule, now_ms: i64) -> ApiResult<EscalationRule> {
        if let Some(name) = self.name {
            rule.name = name.trim().to_owned();
        }
        if let Some(severity) = self.severity {
            rule.severity = choice("severity", &severity, &Severity::ALL, Severity::code)?;
        }
        if let Some(given) = &self.conditions {
            rule.conditions = conditions(given)?;
        }
        if let Some(at) = &self.effective_at {
            rule.effective_ms = time("effectiveAt", at)?;
        }
        rule.channels = self.channels.unwrap_or(rule.channels);
        rule.open_after_seconds = self.open_after_seconds.unwrap_or(rule.open_after_seconds);
        rule.close_after_seconds = self.close_after_seconds.unwrap_or(rule.close_after_seconds);
        rule.enabled = self.enabled.unwrap_or(rule.enabled);
        rule.shadow = self.shadow.unwrap_or(rule.shadow);
        rule.budget = changed(rule.budget, self.false_positive_budget, self.paused, now_ms)?;
        rule.check().map_err(ApiError::BadRequest)?;
        Ok(rule)
    }
}

/// Refuses channels and badges that there are not.
pub async fn check_names(app: &App, team: &TeamId, rule: &EscalationRule) -> ApiResult<RuleBook> {
    let nameable = app.store.nameable(team).await?;
    refuse_unknown(&nameable, rule)?;
    Ok(nameable.book)
}

fn refuse_unknown(nameable: &Nameable, rule: &EscalationRule) -> ApiResult<()> {
    if let Some(slug) = rule.channels.iter().find(|slug| !nameable.channels.contains(*slug)) {
        return Err(ApiError::BadRequest(format!("channels: there is no channel {:?}", short(slug))));
    }
    let mut asked = rule.conditions.iter().filter_map(Condition::badge);
    match asked.find(|badge| !nameable.book.gives(badge)) {
        Some(badge) => Err(ApiError::BadRequest(format!("conditions: there is no badge {:?}", short(badge)))),
        None => Ok(()),
    }
}

fn short(text: &str) -> &str {
    dregs_engine::text::cut(text, 60)
}

/// List escalation rules
#[utoipa::path(
    get, path = "/escalation-rules", tag = "rules", operation_id = "listEscalationRules",
    responses((status = 200, description = "All of them", body = Vec<EscalationRuleView>), ToReadAll),
    security(("key" = []))
)]
pub async fn list(State(app): State<Arc<App>>, Reader(team): Reader) -> ApiResult<Json<Vec<EscalationRuleView>>> {
    let book = app.store.rule_book(&team).await?;
    let rules = app.store.escalation_rules(&team).await?;
    Ok(Json(rules.into_iter().map(|rule| EscalationRuleView::of(rule, &book)).collect()))
}

/// Read an escalation rule
#[utoipa::path(
    get, path = "/escalation-rules/{id}", tag = "rules", operation_id = "getEscalationRule",
    params(("id" = String, Path, description = "From the list")),
    responses((status = 200, description = "The rule", body = EscalationRuleView), ToReadOne),
    security(("key" = []))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(id): Segments<String>,
) -> ApiResult<Json<EscalationRuleView>> {
    let found = app.store.escalation_rule(&team, &id).await?;
    let found = found.ok_or_else(|| ApiError::not_found("escalation rule", &id))?;
    Ok(Json(EscalationRuleView::of(found, &app.store.rule_book(&team).await?)))
}

/// Create an escalation rule
///
/// It looks at whoever fulfils it at once, and at everyone when they are scored.
#[utoipa::path(
    post, path = "/escalation-rules", tag = "rules", operation_id = "createEscalationRule", request_body = EscalationRuleBody,
    responses((status = 201, description = "The rule", body = EscalationRuleView), (status = 409, body = ErrorBody), ToWrite),
    security(("key" = []))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Body(body): Body<EscalationRuleBody>,
) -> ApiResult<(StatusCode, Json<EscalationRuleView>)> {
    let now_ms = app.clock.now_ms();
    let blank = EscalationRule { enabled: true, effective_ms: now_ms, ..EscalationRule::default() };
    let rule = EscalationRule { id: app.ids.next(now_ms).to_string(), ..body.onto(blank, now_ms)? };
    let book = check_names(&app, &team, &rule).await?;
    app.store.put_escalation_rule(&team, &rule, now_ms).await?;
    app.act_anew();
    let stored = Stored { rule, created_ms: now_ms, updated_ms: now_ms };
    Ok((StatusCode::CREATED, Json(EscalationRuleView::of(stored, &book))))
}

/// Change an escalation rule
#[utoipa::path(
    patch, path = "/escalation-rules/{id}", tag = "rules", operation_id = "updateEscalationRule", request_body = EscalationRuleBody,
    params(("id" = String, Path, description = "From the list")),
    responses((status = 200, description = "The rule", body = EscalationRuleView), ToWriteOne),
    security(("key" = []))
)]
pub async fn update(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(id): Segments<String>,
    Body(body): Body<EscalationRuleBody>,
) -> ApiResult<Json<EscalationRuleView>> {
    let now_ms = app.clock.now_ms();
    // What a rule already names may be gone: it can be changed all the same.
    let names = body.channels.is_some() || body.conditions.is_some();
    let change = |rule, nameable: &Nameable| {
        let rule = body.onto(rule, now_ms)?;
        if names {
            refuse_unknown(nameable, &rule)?;
        }
        Ok::<_, ApiError>(rule)
    };
    let changed = app.store.change_escalation_rule(&team, &id, now_ms, change).await?;
    let changed = changed.ok_or_else(|| ApiError::not_found("escalation rule", &id))??;
    app.act_anew();
    Ok(Json(EscalationRuleView::of(changed, &app.store.rule_book(&team).await?)))
}

/// Delete an escalation rule; its escalations stay
#[utoipa::path(
    delete, path = "/escalation-rules/{id}", tag = "rules", operation_id = "deleteEscalationRule",
    params(("id" = String, Path, description = "From the list")),
    responses((status = 204, description = "It is gone"), ToReadOne),
    security(("key" = []))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(id): Segments<String>,
) -> ApiResult<StatusCode> {
    if !app.store.delete_escalation_rule(&team, &id).await? {
        return Err(ApiError::not_found("escalation rule", &id));
    }
    app.act_anew();
    Ok(StatusCode::NO_CONTENT)
}

/// See about whom an escalation rule would open escalations
#[utoipa::path(
    post, path = "/escalation-rules/actions/preview", tag = "rules", operation_id = "previewEscalationRule", params(PageParams),
    request_body = EscalationRuleBody,
    responses((status = 200, description = "Who fulfils the conditions at this moment", body = PageBody<MatchView>), ToWrite),
    security(("key" = []))
)]
pub async fn preview(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Params(paging): Params<PageParams>,
    Body(body): Body<EscalationRuleBody>,
) -> ApiResult<Json<PageBody<MatchView>>> {
    let unnamed = EscalationRule { name: "preview".into(), enabled: true, ..EscalationRule::default() };
    let rule = body.onto(unnamed, app.clock.now_ms())?;
    check_names(&app, &team, &rule).await?;
    preview_page(&app, &team, &rule.conditions, &paging).await.map(Json)
}

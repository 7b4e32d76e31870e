//! What an escalation rule opened beside what the others did: for rules that work silently, before they are made loud.

use crate::app::App;
use crate::backtest::{DAYS_DEFAULT, DAYS_MAX};
use crate::http::auth::Reader;
use crate::http::error::{ApiError, ApiResult};
use crate::http::events::Reference;
use crate::http::extract::{Params, Segments};
use crate::http::refusals::ToReadOne;
use crate::http::shares::OverlapView;
use axum::Json;
use axum::extract::State;
use dregs_engine::event::format_time_ms;
use dregs_engine::labels::LabelKind;
use dregs_engine::rules::backtest::{LISTED_MAX, Overlap};
use dregs_store::{OPENINGS_MAX, Opening};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

const DAY_MS: i64 = 24 * 3600 * 1000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DaysParams {
    /// How far back; 30 by default.
    #[param(minimum = 1, maximum = 365)]
    days: Option<u32>,
}

/// A rule beside all others that do not work silently.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComparisonView {
    pub rule: Reference,
    /// Whether it works silently.
    pub shadow: bool,
    pub days: u32,
    /// About whom it opened escalations, and what analysts found them to be.
    pub opened: OverlapView,
    /// About whom the others did, too; about whom only it did; about whom only the others did.
    pub both: OverlapView,
    pub only_this: OverlapView,
    pub only_others: OverlapView,
    /// The others, those that share most identities with it first.
    pub others: Vec<OtherRuleView>,
    /// The first 100 about whom only it opened escalations.
    pub first_only_this: Vec<OpeningView>,
    /// Whether there were more openings of either side than are looked at.
    pub truncated: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OtherRuleView {
    pub rule: Reference,
    /// About whom it opened escalations, and how many of them are the same.
    pub opened: OverlapView,
    pub shared: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpeningView {
    pub identity_id: String,
    pub opened_at: String,
    /// The kind of its label; null when it has none.
    pub label: Option<&'static str>,
}

impl From<&Opening> for OpeningView {
    fn from(opening: &Opening) -> Self {
        OpeningView {
            identity_id: opening.identity_id.clone(),
            opened_at: format_time_ms(opening.opened_ms),
            label: opening.label.map(LabelKind::code),
        }
    }
}

/// Compare an escalation rule with the others
///
/// What it opened in the last days, silently or not, beside what all rules that do not work silently did.
#[utoipa::path(
    get, path = "/escalation-rules/{id}/comparison", tag = "rules", operation_id = "compareEscalationRule",
    params(("id" = String, Path, description = "From the list"), DaysParams),
    responses((status = 200, description = "The comparison", body = ComparisonView), ToReadOne),
    security(("key" = []))
)]
pub async fn compare(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(id): Segments<String>,
    Params(params): Params<DaysParams>,
) -> ApiResult<Json<ComparisonView>> {
    let days = params.days.unwrap_or(DAYS_DEFAULT);
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(ApiError::BadRequest(format!("days must be 1 to {DAYS_MAX}")));
    }
    let found = app.store.escalation_rule(&team, &id).await?;
    let rule = found.ok_or_else(|| ApiError::not_found("escalation rule", &id))?.rule;
    let from_ms = app.clock.now_ms() - i64::from(days) * DAY_MS;
    let own = app.store.openings_of(&team, &id, from_ms).await?;
    let others = app.store.live_openings(&team, &id, from_ms).await?;
    let (of_own, of_others) = (labels(&own), labels(&others));
    let only_own = |opening: &&Opening| !of_others.contains_key(opening.identity_id.as_str());
    Ok(Json(ComparisonView {
        rule: reference(&id, &rule.name),
        shadow: rule.shadow,
        days,
        opened: overlap(&of_own, |_| true),
        both: overlap(&of_own, |id| of_others.contains_key(id)),
        only_this: overlap(&of_own, |id| !of_others.contains_key(id)),
        only_others: overlap(&of_others, |id| !of_own.contains_key(id)),
        first_only_this: own.iter().filter(only_own).take(LISTED_MAX).map(OpeningView::from).collect(),
        others: each(&others, &of_own),
        truncated: own.len().max(others.len()) >= OPENINGS_MAX,
    }))
}

fn reference(id: &str, name: &str) -> Reference {
    Reference { id: id.to_owned(), label: name.to_owned(), path: format!("/api/escalation-rules/{id}") }
}

/// What analysts found each of these identities to be.
fn labels(openings: &[Opening]) -> BTreeMap<&str, Option<LabelKind>> {
    openings.iter().map(|opening| (opening.identity_id.as_str(), opening.label)).collect()
}

fn overlap(labels: &BTreeMap<&str, Option<LabelKind>>, counts: impl Fn(&str) -> bool) -> OverlapView {
    let mut overlap = Overlap::default();
    labels.iter().filter(|(id, _)| counts(id)).for_each(|(_, label)| overlap.add(*label));
    overlap.into()
}

/// What each rule did, those that share most with the compared one first.
fn each(openings: &[Opening], own: &BTreeMap<&str, Option<LabelKind>>) -> Vec<OtherRuleView> {
    let rules: BTreeSet<&str> = openings.iter().map(|opening| opening.rule_id.as_str()).collect();
    let view = |rule_id: &str| {
        let of_rule = || openings.iter().filter(|opening| opening.rule_id == rule_id);
        let mut opened = Overlap::default();
        of_rule().for_each(|opening| opened.add(opening.label));
        let name = of_rule().next_back().map(|opening| opening.rule_name.as_str()).unwrap_or_default();
        let shared = of_rule().filter(|opening| own.contains_key(opening.identity_id.as_str())).count() as u64;
        OtherRuleView { rule: reference(rule_id, name), opened: opened.into(), shared }
    };
    let mut views: Vec<OtherRuleView> = rules.into_iter().map(view).collect();
    views.sort_by_key(|view| std::cmp::Reverse(view.shared));
    views
}

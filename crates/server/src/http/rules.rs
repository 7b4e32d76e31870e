//! What badge rules and escalation rules have in common on the wire.

use crate::app::App;
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{PageBody, PageParams};
use dregs_engine::rules::Condition;
use dregs_store::{IDENTITY_SORTS, Match, TeamId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A condition. Which fields it has depends on its type.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct ConditionView {
    /// SCORE_LT, SCORE_LTE, SCORE_GT, SCORE_GTE: `category` and `threshold`; IDENTITY_AGE_GT, IDENTITY_AGE_LT: `seconds`;
    /// BADGE_EXISTS, BADGE_NOT_EXISTS: `badge`.
    #[schema(
        pattern = "^(SCORE_LT|SCORE_LTE|SCORE_GT|SCORE_GTE|IDENTITY_AGE_GT|IDENTITY_AGE_LT|BADGE_EXISTS|BADGE_NOT_EXISTS)$"
    )]
    r#type: String,
    /// HUMANITY, AUTHENTICITY, UNIQUENESS, BEHAVIOR or ANY.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(HUMANITY|AUTHENTICITY|UNIQUENESS|BEHAVIOR|ANY)$")]
    category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 100)]
    threshold: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    seconds: Option<i64>,
    /// The slug of a badge.
    #[serde(skip_serializing_if = "Option::is_none")]
    badge: Option<String>,
}

impl From<&Condition> for ConditionView {
    fn from(condition: &Condition) -> Self {
        serde_json::to_value(condition).and_then(serde_json::from_value).unwrap_or_default()
    }
}

/// Conditions as they were given, or what is wrong with which.
pub fn conditions(given: &[ConditionView]) -> ApiResult<Vec<Condition>> {
    let read = |(place, view): (usize, &ConditionView)| {
        let read = serde_json::to_value(view).and_then(serde_json::from_value::<Condition>);
        read.map_err(|error| ApiError::BadRequest(format!("conditions[{place}]: {error}")))
    };
    given.iter().enumerate().map(read).collect()
}

/// Somebody whom a rule matches.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MatchView {
    pub id: String,
    pub display_name: Option<String>,
    #[schema(minimum = 0, maximum = 100)]
    pub humanity_score: Option<u8>,
    #[schema(minimum = 0, maximum = 100)]
    pub authenticity_score: Option<u8>,
    #[schema(minimum = 0, maximum = 100)]
    pub uniqueness_score: Option<u8>,
    #[schema(minimum = 0, maximum = 100)]
    pub behavior_score: Option<u8>,
}

impl From<Match> for MatchView {
    fn from(found: Match) -> Self {
        let [humanity_score, authenticity_score, uniqueness_score, behavior_score] = found.scores;
        let Match { id, display_name, .. } = found;
        MatchView { id, display_name, humanity_score, authenticity_score, uniqueness_score, behavior_score }
    }
}

/// Who fulfils the conditions now.
pub async fn preview_page(
    app: &App,
    team: &TeamId,
    conditions: &[Condition],
    paging: &PageParams,
) -> ApiResult<PageBody<MatchView>> {
    let query = paging.query(IDENTITY_SORTS)?;
    let page = app.store.matching(team, conditions, &query, app.clock.now_ms()).await?;
    Ok(PageBody::new(page, &query, MatchView::from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dregs_engine::rules::condition::Which;

    #[test]
    fn conditions_are_read_and_shown_as_they_were_given() {
        let given = r#"[{"type":"SCORE_LT","category":"ANY","threshold":25},{"type":"IDENTITY_AGE_GT","seconds":60},{"type":"BADGE_EXISTS","badge":"x"}]"#;
        let views: Vec<ConditionView> = serde_json::from_str(given).unwrap();
        let read = conditions(&views).unwrap();
        assert_eq!(read[0].score().map(|(_, which, _)| which), Some(Which::Any));
        let shown: Vec<ConditionView> = read.iter().map(ConditionView::from).collect();
        assert_eq!(serde_json::to_string(&shown).unwrap(), given);
    }

    #[test]
    fn what_is_missing_is_named_with_its_place() {
        let error = |json: &str| {
            let views: Vec<ConditionView> = serde_json::from_str(json).unwrap();
            format!("{:?}", conditions(&views).unwrap_err())
        };
        let text = error(r#"[{"type":"IDENTITY_AGE_GT","seconds":1},{"type":"SCORE_LT","category":"ANY"}]"#);
        assert!(text.contains("conditions[1]") && text.contains("threshold"), "{text}");
        assert!(error(r#"[{"type":"SCORE_EQ"}]"#).contains("SCORE_LT"));
    }
}

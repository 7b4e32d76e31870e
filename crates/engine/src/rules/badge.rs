//! Badges: labels that rules and analyzers give.

use super::condition::{Condition, Facts, all_hold, next_turn_ms};
use super::{Budget, Delayed, RuleBook, SECONDS_MAX};
use crate::analyzers;
use crate::score::Assessment;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub const NAME_CHARS_MAX: usize = 50;
/// An observation below this value gives its analyzer's badge.
const SIGNAL_VALUE_MAX: f64 = 0.3;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum BadgeKind {
    Good,
    Bad,
    #[default]
    Neutral,
}

impl BadgeKind {
    pub const ALL: [BadgeKind; 3] = [BadgeKind::Good, BadgeKind::Bad, BadgeKind::Neutral];

    pub fn code(self) -> &'static str {
        match self {
            BadgeKind::Good => "GOOD",
            BadgeKind::Bad => "BAD",
            BadgeKind::Neutral => "NEUTRAL",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        BadgeKind::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BadgeRule {
    #[serde(skip)]
    pub id: String,
    #[serde(skip)]
    pub slug: String,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: BadgeKind,
    /// Badges of higher priority come first.
    pub priority: i32,
    pub conditions: Vec<Condition>,
    pub apply_delay_seconds: i64,
    pub remove_delay_seconds: i64,
    pub enabled: bool,
    #[serde(default)]
    pub budget: Budget,
}

impl BadgeRule {
    /// Says what is wrong with it, naming the field.
    pub fn check(&self) -> Result<(), String> {
        super::check_conditions(&self.conditions)?;
        if let Some(place) = self.conditions.iter().position(|condition| !condition.is_for_badges()) {
            return Err(format!(
                "conditions[{place}]: a badge rule takes SCORE_LT, SCORE_LTE, SCORE_GT, SCORE_GTE and IDENTITY_AGE_GT"
            ));
        }
        if self.name.trim().is_empty() || self.name.chars().count() > NAME_CHARS_MAX || self.name.contains('\0') {
            return Err(format!("name must have 1 to {NAME_CHARS_MAX} characters"));
        }
        if super::slug_of(&self.name).is_empty() {
            return Err("name must have a letter or a digit".into());
        }
        for (field, seconds) in
            [("applyDelaySeconds", self.apply_delay_seconds), ("removeDelaySeconds", self.remove_delay_seconds)]
        {
            if !(0..=SECONDS_MAX).contains(&seconds) {
                return Err(format!("{field} must be 0 to {SECONDS_MAX}"));
            }
        }
        if self.budget.share.is_some() && self.kind != BadgeKind::Bad {
            return Err("falsePositiveBudget is for badge rules of type BAD".into());
        }
        self.budget.check()
    }

    /// Neither switched off nor paused.
    pub fn works(&self) -> bool {
        self.enabled && !self.budget.is_paused()
    }

    pub(super) fn settle(&self, held: Delayed, facts: &Facts<'_>) -> (Delayed, Option<i64>) {
        let works = self.works();
        let holds = works && all_hold(&self.conditions, facts);
        let (apply_ms, remove_ms) = (self.apply_delay_seconds * 1000, self.remove_delay_seconds * 1000);
        // Who switches a rule off does not want to wait for its badges to go, nor should those of one that is wrong too often.
        let remove_ms = if works { remove_ms } else { 0 };
        let (next, turn_ms) = held.settle(holds, apply_ms, Some(remove_ms), facts.now_ms);
        let turn_ms = [turn_ms, next_turn_ms(&self.conditions, facts).filter(|_| works)];
        (next, turn_ms.into_iter().flatten().min())
    }
}

/// A badge of an identity, or one that it is about to get.
#[derive(Debug, Clone, PartialEq)]
pub struct Badge {
    pub slug: String,
    pub name: String,
    pub kind: BadgeKind,
    pub explanation: String,
    pub metadata: Map<String, Value>,
    /// Since when it has it.
    pub since_ms: i64,
    /// Higher first.
    pub priority: i32,
    /// The rule that gives it; none for an analyzer's.
    pub rule_id: Option<String>,
    pub state: Delayed,
}

/// What was known of an identity's badges before: whether it has one and since when, by slug.
pub type Held = BTreeMap<String, (Delayed, i64)>;

/// The badges of an identity after an assessment, and when time alone will change them.
pub fn settle(book: &RuleBook, held: &Held, assessment: &Assessment, facts: &Facts<'_>) -> (Vec<Badge>, Option<i64>) {
    let mut next_ms: Option<i64> = None;
    let mut badges: Vec<Badge> = by_analyzers(assessment, held, facts.now_ms).collect();
    for rule in &book.badges {
        let (before, since_ms) = held.get(&rule.slug).copied().unwrap_or_default();
        let (state, turn_ms) = rule.settle(before, facts);
        next_ms = [next_ms, turn_ms].into_iter().flatten().min();
        if state != Delayed::default() {
            let since_ms = if before.on { since_ms } else { facts.now_ms };
            badges.push(given(rule, state, since_ms, facts));
        }
    }
    (badges, next_ms)
}

/// Slugs of those that are shown.
pub fn slugs(badges: &[Badge]) -> BTreeSet<String> {
    badges.iter().filter(|badge| badge.state.on).map(|badge| badge.slug.clone()).collect()
}

fn given(rule: &BadgeRule, state: Delayed, since_ms: i64, facts: &Facts<'_>) -> Badge {
    let mut metadata = Map::new();
    metadata.insert("ruleId".into(), json!(rule.id));
    Badge {
        slug: rule.slug.clone(),
        name: rule.name.clone(),
        kind: rule.kind,
        explanation: explain(&rule.conditions, facts),
        metadata,
        since_ms,
        priority: rule.priority,
        rule_id: Some(rule.id.clone()),
        state,
    }
}

/// The conditions in words, with the scores they are about.
fn explain(conditions: &[Condition], facts: &Facts<'_>) -> String {
    let parts: Vec<String> = conditions.iter().map(|condition| condition.in_words(facts)).collect();
    let mut text = parts.join(" and ");
    if let Some(first) = text.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    text + "."
}

/// Ids of the analyzers that give badges.
pub fn of_analyzers() -> impl Iterator<Item = &'static str> {
    analyzers::ALL.iter().map(|analyzer| analyzer.id).filter(|id| is_signal(id))
}

fn is_signal(id: &str) -> bool {
    id.ends_with("-signal")
}

/// Badges that analyzers give; they last while their observation fires.
fn by_analyzers<'a>(assessment: &'a Assessment, held: &'a Held, now_ms: i64) -> impl Iterator<Item = Badge> + 'a {
    let observations = assessment.scores.iter().flat_map(|score| &score.observations);
    observations.filter(|seen| is_signal(&seen.id) && seen.value < SIGNAL_VALUE_MAX).map(move |seen| Badge {
        slug: seen.id.clone(),
        name: seen.label.clone(),
        kind: BadgeKind::Bad,
        explanation: seen.explanation.clone(),
        metadata: seen.metadata.clone(),
        since_ms: held.get(&seen.id).map_or(now_ms, |(_, since_ms)| *since_ms),
        priority: 0,
        rule_id: None,
        state: Delayed { on: true, turning_ms: None },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::condition::Which;

    fn rule(apply: i64, remove: i64) -> BadgeRule {
        BadgeRule {
            id: "7".into(),
            slug: "likely-bot".into(),
            name: "Likely Bot".into(),
            conditions: vec![Condition::ScoreLt { category: Which::Humanity, threshold: 25 }],
            apply_delay_seconds: apply,
            remove_delay_seconds: remove,
            enabled: true,
            ..BadgeRule::default()
        }
    }

    /// Badges after a story of (second, humanity), as (second, has it, when to look again).
    fn story(rule: BadgeRule, scores: &[(i64, u8)]) -> Vec<(i64, bool, Option<i64>)> {
        let book = RuleBook { badges: vec![rule], escalations: vec![] };
        let (mut held, none) = (Held::new(), BTreeSet::new());
        let step = |&(at_s, humanity): &(i64, u8)| {
            let scores = [Some(humanity), None, None, None];
            let facts = Facts { scores, created_ms: 0, badges: &none, now_ms: at_s * 1000 };
            let (badges, next_ms) = settle(&book, &held, &Assessment::default(), &facts);
            held = badges.iter().map(|badge| (badge.slug.clone(), (badge.state, badge.since_ms))).collect();
            (at_s, slugs(&badges).contains("likely-bot"), next_ms.map(|ms| ms / 1000))
        };
        scores.iter().map(step).collect()
    }

    #[test]
    fn a_badge_comes_and_goes_after_its_delays() {
        let seen =
            story(rule(10, 60), &[(0, 10), (5, 10), (10, 10), (20, 80), (50, 10), (60, 80), (119, 80), (120, 80)]);
        assert_eq!(
            seen,
            [
                (0, false, Some(10)),
                (5, false, Some(10)),
                (10, true, None),
                (20, true, Some(80)),
                (50, true, None),
                (60, true, Some(120)),
                (119, true, Some(120)),
                (120, false, None),
            ]
        );
    }

    #[test]
    fn a_rule_that_is_switched_off_or_paused_takes_its_badge_at_once() {
        let mut paused = rule(0, 999);
        paused.budget.pause("wrong too often".into(), 1);
        for idle in [BadgeRule { enabled: false, ..rule(0, 999) }, paused] {
            let book = RuleBook { badges: vec![idle], escalations: vec![] };
            let held = Held::from([("likely-bot".to_owned(), (Delayed { on: true, turning_ms: None }, 0))]);
            let none = BTreeSet::new();
            let facts = Facts { scores: [Some(1), None, None, None], created_ms: 0, badges: &none, now_ms: 5 };
            assert!(settle(&book, &held, &Assessment::default(), &facts).0.is_empty());
        }
    }

    #[test]
    fn only_a_bad_badge_can_be_given_wrongly_too_often() {
        let mut budgeted = BadgeRule { kind: BadgeKind::Bad, ..rule(0, 0) };
        budgeted.budget.share = Some(0.1);
        assert!(budgeted.check().is_ok());
        budgeted.kind = BadgeKind::Good;
        assert!(budgeted.check().unwrap_err().starts_with("falsePositiveBudget"));
    }

    #[test]
    fn a_badge_says_why() {
        let none = BTreeSet::new();
        let facts = Facts { scores: [Some(12), None, None, None], created_ms: 0, badges: &none, now_ms: 5 };
        let rule = rule(0, 0);
        assert_eq!(explain(&rule.conditions, &facts), "Humanity is 12, below 25.");
        let aged = [Condition::IdentityAgeGt { seconds: 7 * 86_400 }, rule.conditions[0].clone()];
        assert_eq!(explain(&aged, &facts), "Known for more than 7 days and humanity is 12, below 25.");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |change: fn(&mut BadgeRule)| {
            let mut rule = rule(0, 0);
            change(&mut rule);
            rule.check().unwrap_err()
        };
        assert!(rule(0, 0).check().is_ok());
        assert!(wrong(|rule| rule.name = "x".repeat(51)).starts_with("name"));
        assert!(wrong(|rule| rule.name = "!!".into()).starts_with("name"));
        assert!(wrong(|rule| rule.remove_delay_seconds = -1).starts_with("removeDelaySeconds"));
        let other = Condition::BadgeExists { badge: "trusted".into() };
        assert!(wrong(|rule| rule.conditions.clear()).contains("1 to 10"));
        let mut about_badges = rule(0, 0);
        about_badges.conditions.push(other);
        assert!(about_badges.check().unwrap_err().starts_with("conditions[1]"));
    }
}

//! What a rule asks of an identity.

use super::SECONDS_MAX;
use crate::score::Category;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One score, or whichever of the four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Which {
    Humanity,
    Authenticity,
    Uniqueness,
    Behavior,
    Any,
}

impl Which {
    pub fn category(self) -> Option<Category> {
        match self {
            Which::Humanity => Some(Category::Humanity),
            Which::Authenticity => Some(Category::Authenticity),
            Which::Uniqueness => Some(Category::Uniqueness),
            Which::Behavior => Some(Category::Behavior),
            Which::Any => None,
        }
    }
}

/// What is asked. A score that is not known fulfils nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Condition {
    ScoreLt { category: Which, threshold: u8 },
    ScoreLte { category: Which, threshold: u8 },
    ScoreGt { category: Which, threshold: u8 },
    ScoreGte { category: Which, threshold: u8 },
    IdentityAgeGt { seconds: i64 },
    IdentityAgeLt { seconds: i64 },
    BadgeExists { badge: String },
    BadgeNotExists { badge: String },
}

/// What is known of an identity when rules look at it.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// In the order of `Category::ALL`.
    pub scores: [Option<u8>; 4],
    pub created_ms: i64,
    /// Slugs of the badges it has.
    pub badges: &'a BTreeSet<String>,
    pub now_ms: i64,
}

/// A comparison of a score with a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Lt,
    Lte,
    Gt,
    Gte,
}

impl Comparison {
    pub fn holds(self, score: u8, threshold: u8) -> bool {
        match self {
            Comparison::Lt => score < threshold,
            Comparison::Lte => score <= threshold,
            Comparison::Gt => score > threshold,
            Comparison::Gte => score >= threshold,
        }
    }

    /// As SQL spells it.
    pub fn sign(self) -> &'static str {
        match self {
            Comparison::Lt => "<",
            Comparison::Lte => "<=",
            Comparison::Gt => ">",
            Comparison::Gte => ">=",
        }
    }
}

impl Condition {
    /// What it asks of scores, if it is about scores.
    pub fn score(&self) -> Option<(Comparison, Which, u8)> {
        match *self {
            Condition::ScoreLt { category, threshold } => Some((Comparison::Lt, category, threshold)),
            Condition::ScoreLte { category, threshold } => Some((Comparison::Lte, category, threshold)),
            Condition::ScoreGt { category, threshold } => Some((Comparison::Gt, category, threshold)),
            Condition::ScoreGte { category, threshold } => Some((Comparison::Gte, category, threshold)),
            _ => None,
        }
    }

    /// The badge it is about.
    pub fn badge(&self) -> Option<&str> {
        match self {
            Condition::BadgeExists { badge } | Condition::BadgeNotExists { badge } => Some(badge),
            _ => None,
        }
    }

    /// Whether a badge rule may ask it: not what depends on badges, nor what ends by itself.
    pub fn is_for_badges(&self) -> bool {
        self.badge().is_none() && !matches!(self, Condition::IdentityAgeLt { .. })
    }

    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        match self {
            Condition::IdentityAgeGt { seconds } => facts.now_ms > turn_ms(facts, *seconds),
            Condition::IdentityAgeLt { seconds } => facts.now_ms < turn_ms(facts, *seconds),
            Condition::BadgeExists { badge } => facts.badges.contains(badge),
            Condition::BadgeNotExists { badge } => !facts.badges.contains(badge),
            _ => self.score().is_some_and(|(comparison, which, threshold)| {
                let of_category = |category: Category| facts.scores[category as usize];
                let fits = |score: Option<u8>| score.is_some_and(|score| comparison.holds(score, threshold));
                which
                    .category()
                    .map_or_else(|| facts.scores.into_iter().any(fits), |category| fits(of_category(category)))
            }),
        }
    }

    /// When time alone changes the answer.
    fn turns_ms(&self, facts: &Facts<'_>) -> Option<i64> {
        let at_ms = match self {
            Condition::IdentityAgeGt { seconds } => turn_ms(facts, *seconds) + 1,
            Condition::IdentityAgeLt { seconds } => turn_ms(facts, *seconds),
            _ => return None,
        };
        (at_ms > facts.now_ms).then_some(at_ms)
    }

    /// What it asks and what is the case, as part of a sentence.
    pub(super) fn in_words(&self, facts: &Facts<'_>) -> String {
        match self {
            Condition::IdentityAgeGt { seconds } => format!("known for more than {}", span(*seconds)),
            Condition::IdentityAgeLt { seconds } => format!("known for less than {}", span(*seconds)),
            Condition::BadgeExists { badge } => format!("it has the badge {badge}"),
            Condition::BadgeNotExists { badge } => format!("it does not have the badge {badge}"),
            _ => self.score().map_or_else(String::new, |asked| score_in_words(asked, facts)),
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Condition::IdentityAgeGt { seconds } | Condition::IdentityAgeLt { seconds }
                if !(0..=SECONDS_MAX).contains(seconds) =>
            {
                Err(format!("seconds must be 0 to {SECONDS_MAX}"))
            }
            Condition::BadgeExists { badge } | Condition::BadgeNotExists { badge }
                if badge.is_empty() || badge.chars().count() > super::badge::NAME_CHARS_MAX || badge.contains('\0') =>
            {
                Err("badge must be the slug of a badge".into())
            }
            _ if self.score().is_some_and(|(_, _, threshold)| threshold > 100) => {
                Err("threshold must be 0 to 100".into())
            }
            _ => Ok(()),
        }
    }
}

fn score_in_words((comparison, which, threshold): (Comparison, Which, u8), facts: &Facts<'_>) -> String {
    let asked = match comparison {
        Comparison::Lt => format!("below {threshold}"),
        Comparison::Lte => format!("at most {threshold}"),
        Comparison::Gt => format!("above {threshold}"),
        Comparison::Gte => format!("at least {threshold}"),
    };
    let is = |category: Category| facts.scores[category as usize];
    let fitting = Category::ALL.into_iter().filter(|category| {
        which.category().is_none_or(|wanted| wanted == *category)
            && is(*category).is_some_and(|score| comparison.holds(score, threshold))
    });
    let found: Vec<String> = fitting
        .map(|category| format!("{} is {}", category.code().to_lowercase(), is(category).unwrap_or_default()))
        .collect();
    match found.is_empty() {
        true => format!("a score {asked}"),
        false => format!("{}, {asked}", found.join(", ")),
    }
}

/// So many seconds in the largest unit that fits.
fn span(seconds: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let (size, unit) = UNITS.into_iter().find(|(size, _)| seconds >= *size && seconds % size == 0).unwrap_or(UNITS[3]);
    let count = seconds / size;
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

fn turn_ms(facts: &Facts<'_>, seconds: i64) -> i64 {
    facts.created_ms.saturating_add(seconds.saturating_mul(1000))
}

/// Whether all conditions hold; none at all never do.
pub fn all_hold(conditions: &[Condition], facts: &Facts<'_>) -> bool {
    !conditions.is_empty() && conditions.iter().all(|condition| condition.holds(facts))
}

/// When time alone next changes one of the answers.
pub fn next_turn_ms(conditions: &[Condition], facts: &Facts<'_>) -> Option<i64> {
    conditions.iter().filter_map(|condition| condition.turns_ms(facts)).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(scores: [Option<u8>; 4], now_ms: i64, badges: &BTreeSet<String>) -> Facts<'_> {
        Facts { scores, created_ms: 0, badges, now_ms }
    }

    fn holds(json: &str, scores: [Option<u8>; 4], now_ms: i64) -> bool {
        let badges = BTreeSet::from(["likely-bot".to_owned()]);
        serde_json::from_str::<Condition>(json).unwrap().holds(&facts(scores, now_ms, &badges))
    }

    #[test]
    fn scores_are_compared_and_what_is_not_known_fulfils_nothing() {
        let scores = [Some(24), None, Some(75), Some(50)];
        for (json, expected) in [
            (r#"{"type":"SCORE_LT","category":"HUMANITY","threshold":25}"#, true),
            (r#"{"type":"SCORE_LT","category":"HUMANITY","threshold":24}"#, false),
            (r#"{"type":"SCORE_LTE","category":"HUMANITY","threshold":24}"#, true),
            (r#"{"type":"SCORE_GT","category":"UNIQUENESS","threshold":75}"#, false),
            (r#"{"type":"SCORE_GTE","category":"UNIQUENESS","threshold":75}"#, true),
            (r#"{"type":"SCORE_GTE","category":"AUTHENTICITY","threshold":0}"#, false),
            (r#"{"type":"SCORE_LT","category":"AUTHENTICITY","threshold":100}"#, false),
            (r#"{"type":"SCORE_LT","category":"ANY","threshold":25}"#, true),
            (r#"{"type":"SCORE_GT","category":"ANY","threshold":80}"#, false),
        ] {
            assert_eq!(holds(json, scores, 0), expected, "{json}");
        }
    }

    #[test]
    fn ages_and_badges() {
        let none = [None; 4];
        assert!(holds(r#"{"type":"IDENTITY_AGE_GT","seconds":60}"#, none, 60_001));
        assert!(!holds(r#"{"type":"IDENTITY_AGE_GT","seconds":60}"#, none, 60_000));
        assert!(holds(r#"{"type":"IDENTITY_AGE_LT","seconds":60}"#, none, 59_999));
        assert!(holds(r#"{"type":"BADGE_EXISTS","badge":"likely-bot"}"#, none, 0));
        assert!(!holds(r#"{"type":"BADGE_NOT_EXISTS","badge":"likely-bot"}"#, none, 0));
    }

    #[test]
    fn time_says_when_it_changes_the_answer() {
        let badges = BTreeSet::new();
        let conditions = [Condition::IdentityAgeGt { seconds: 60 }, Condition::IdentityAgeLt { seconds: 90 }];
        let at = |now_ms| facts([None; 4], now_ms, &badges);
        for now_ms in [0, 60_000, 60_001, 89_999, 90_000] {
            let next = next_turn_ms(&conditions, &at(now_ms));
            let now = all_hold(&conditions, &at(now_ms));
            match next {
                Some(next) => {
                    assert!((now_ms + 1..next).step_by(997).all(|ms| all_hold(&conditions, &at(ms)) == now));
                    assert_ne!(all_hold(&conditions, &at(next)), now, "{now_ms} -> {next}");
                }
                None => assert_eq!(all_hold(&conditions, &at(now_ms + 1_000_000_000)), now),
            }
        }
    }

    #[test]
    fn unknown_types_and_categories_are_refused_by_name() {
        let error = |json: &str| serde_json::from_str::<Condition>(json).unwrap_err().to_string();
        assert!(error(r#"{"type":"SCORE_EQ"}"#).contains("SCORE_LTE"));
        assert!(error(r#"{"type":"SCORE_LT","category":"LUCK","threshold":1}"#).contains("HUMANITY"));
        assert!(error(r#"{"type":"SCORE_LT","category":"ANY","threshold":300}"#).contains("300"));
    }
}

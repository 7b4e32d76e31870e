//! From findings to four scores.
//!
//! The roll-up is additive evidence in log-odds (weight of evidence; I. J. Good, 1950): each finding moves the score by
//! `weight · confidence · logit(value)`, so every observation has a contribution that can be shown as a waterfall, a
//! score without evidence sits at the prior, and low confidence leaves it in the middle. Analyzers that look at the
//! same thing share a group whose joint contribution is capped, so that one fact told three times is not three facts.

use crate::analyzers;
use crate::snapshot::Snapshot;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Category {
    Humanity,
    Authenticity,
    Uniqueness,
    Behavior,
}

impl Category {
    pub const ALL: [Category; 4] =
        [Category::Humanity, Category::Authenticity, Category::Uniqueness, Category::Behavior];

    /// The name on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Category::Humanity => "HUMANITY",
            Category::Authenticity => "AUTHENTICITY",
            Category::Uniqueness => "UNIQUENESS",
            Category::Behavior => "BEHAVIOR",
        }
    }
}

/// What one analyzer concluded.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// 0 entirely suspicious, 1 entirely legitimate.
    pub value: f64,
    /// 0 a guess, 1 certain.
    pub confidence: f64,
    /// A sentence with the numbers, for the analyst.
    pub explanation: String,
    pub metadata: Map<String, Value>,
}

/// A finding in its place: what the analyst reads and the API returns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    pub category: Category,
    pub id: String,
    pub label: String,
    pub explanation: String,
    pub value: f64,
    pub confidence: f64,
    pub weight: f64,
    /// Points of the way from the middle (50) to the score that are this observation's; all of them add up to the score.
    pub contribution: f64,
    pub metadata: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    pub category: Category,
    /// 0–100, higher is better.
    pub value: u8,
    pub observations: Vec<Observation>,
}

/// The result of one analysis cycle. A category without evidence is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    pub scores: Vec<Score>,
}

impl Assessment {
    pub fn value(&self, category: Category) -> Option<u8> {
        self.scores.iter().find(|score| score.category == category).map(|score| score.value)
    }
}

/// Where a score starts: in the middle. Evidence, not habit, moves it.
const PRIOR_LOG_ODDS: f64 = 0.0;
/// Values are clipped to this distance from certainty, so that no single finding is beyond contradiction.
const VALUE_CLIP: f64 = 0.01;
/// The most that one group of correlated analyzers may move the log-odds either way.
const GROUP_LOG_ODDS_MAX: f64 = 5.0;
/// A score never claims certainty.
const LOG_ODDS_MAX: f64 = 6.0;

/// Runs every analyzer over the snapshot and rolls the findings up.
pub fn assess(snapshot: &Snapshot) -> Assessment {
    let scores = Category::ALL.into_iter().filter_map(|category| score(category, snapshot)).collect();
    Assessment { scores }
}

struct Piece {
    observation: Observation,
    group: &'static str,
    log_odds: f64,
}

fn score(category: Category, snapshot: &Snapshot) -> Option<Score> {
    let mut pieces: Vec<Piece> = analyzers::ALL
        .iter()
        .filter(|analyzer| analyzer.category == category)
        .filter_map(|analyzer| {
            let finding = (analyzer.analyze)(snapshot)?;
            Some(piece(analyzer, finding))
        })
        .collect();
    if pieces.is_empty() {
        return None;
    }
    cap_groups(&mut pieces);
    let total: f64 = pieces.iter().map(|piece| piece.log_odds).sum();
    let value = points(total);
    let points_per_log_odd = points_per_log_odd(total);
    for piece in &mut pieces {
        piece.observation.contribution = round(piece.log_odds * points_per_log_odd, 2);
    }
    let observations = pieces.into_iter().map(|piece| piece.observation).collect();
    Some(Score { category, value, observations })
}

fn piece(analyzer: &analyzers::Analyzer, finding: Finding) -> Piece {
    let value = unit(finding.value);
    let confidence = unit(finding.confidence);
    let observation = Observation {
        category: analyzer.category,
        id: analyzer.id.to_owned(),
        label: analyzer.label.to_owned(),
        explanation: finding.explanation,
        value,
        confidence,
        weight: analyzer.weight,
        contribution: 0.0,
        metadata: finding.metadata,
    };
    Piece { log_odds: analyzer.weight * confidence * logit(value), group: analyzer.group, observation }
}

/// Scales each group's evidence down so that its sum on either side stays within the cap.
fn cap_groups(pieces: &mut [Piece]) {
    let groups: std::collections::BTreeSet<&'static str> = pieces.iter().map(|piece| piece.group).collect();
    for group in groups {
        for sign in [1.0, -1.0] {
            let on_side = |piece: &Piece| piece.group == group && piece.log_odds * sign > 0.0;
            let sum: f64 = pieces.iter().filter(|piece| on_side(piece)).map(|piece| piece.log_odds.abs()).sum();
            if sum > GROUP_LOG_ODDS_MAX {
                let scale = GROUP_LOG_ODDS_MAX / sum;
                pieces.iter_mut().filter(|piece| on_side(piece)).for_each(|piece| piece.log_odds *= scale);
            }
        }
    }
}

/// A number in 0..=1 with four decimals, so that it prints and reads back the same everywhere.
fn unit(value: f64) -> f64 {
    if value.is_nan() { 0.5 } else { round(value.clamp(0.0, 1.0), 4) }
}

fn round(value: f64, decimals: i32) -> f64 {
    let scale = 10f64.powi(decimals);
    (value * scale).round() / scale
}

fn logit(value: f64) -> f64 {
    let value = value.clamp(VALUE_CLIP, 1.0 - VALUE_CLIP);
    (value / (1.0 - value)).ln()
}

fn points_exact(log_odds: f64) -> f64 {
    let z = (PRIOR_LOG_ODDS + log_odds).clamp(-LOG_ODDS_MAX, LOG_ODDS_MAX);
    100.0 / (1.0 + (-z).exp())
}

/// What one unit of evidence is worth on the way from the middle to the score, so that contributions add up to exactly
/// that way (Aumann–Shapley prices; "integrated gradients", Sundararajan et al. 2017).
fn points_per_log_odd(total: f64) -> f64 {
    const SLOPE_AT_MIDDLE: f64 = 25.0;
    if total.abs() < 1e-6 { SLOPE_AT_MIDDLE } else { (points_exact(total) - points_exact(0.0)) / total }
}

fn points(log_odds: f64) -> u8 {
    points_exact(log_odds).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pieces(parts: &[(&'static str, f64)]) -> Vec<Piece> {
        let observation = Observation {
            category: Category::Humanity,
            id: String::new(),
            label: String::new(),
            explanation: String::new(),
            value: 0.5,
            confidence: 1.0,
            weight: 1.0,
            contribution: 0.0,
            metadata: Map::new(),
        };
        parts.iter().map(|&(group, log_odds)| Piece { observation: observation.clone(), group, log_odds }).collect()
    }

    #[test]
    fn no_evidence_is_the_middle_and_certainty_is_never_claimed() {
        assert_eq!(points(0.0), 50);
        assert_eq!((points(1e9), points(-1e9)), (100, 0));
        assert!(points_exact(1e9) < 100.0 && points_exact(-1e9) > 0.0);
    }

    #[test]
    fn one_group_cannot_shout_down_the_rest() {
        let mut pieces = pieces(&[("input", -4.0), ("input", -4.0), ("network", 1.0)]);
        cap_groups(&mut pieces);
        assert_eq!(pieces.iter().map(|piece| piece.log_odds).collect::<Vec<_>>(), [-2.5, -2.5, 1.0]);
    }

    proptest! {
        #[test]
        fn contributions_add_up_to_the_score(parts in prop::collection::vec(-4.0..4.0f64, 1..8)) {
            let total: f64 = parts.iter().sum();
            let sum: f64 = parts.iter().map(|part| part * points_per_log_odd(total)).sum();
            prop_assert!((50.0 + sum - points_exact(total)).abs() < 1e-6);
        }

        #[test]
        fn more_evidence_of_one_kind_never_lowers_the_other_way(a in -8.0..8.0f64, b in 0.0..4.0f64) {
            prop_assert!(points(a + b) >= points(a));
        }
    }
}

//! One analyzer a file; this is the type and the one list.
//!
//! An analyzer is a pure function from a [`Snapshot`] to a [`Finding`], or to `None` when the data says nothing: silence
//! is not innocence and not guilt. To add one: write its file with its tests under it, and name it below.

use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;
use serde_json::{Map, Value};

mod account_farm;
mod account_takeover;
mod automation;
mod basis;
mod data_agreement;
mod device_capabilities;
mod email_domain;
mod event_timing;
mod evidence;
mod failed_logins;
mod ip_stability;
mod ip_trust;
#[cfg(test)]
mod listed_stories;
mod name_plausibility;
mod one_operator;
mod other_accounts;
mod places;
mod referral_ring;
mod repetition;
mod shared_contact;
mod shared_device;
mod shared_ip;
#[cfg(test)]
mod stories;
mod user_agent;
mod velocity;

pub use basis::basis;
pub(crate) use evidence::{is_background, quoted};

/// What can be said of an identity, and how to say it.
pub struct Analyzer {
    /// `category.kebab-name`; stable, part of the API.
    pub id: &'static str,
    pub label: &'static str,
    pub category: Category,
    /// Analyzers of one group look at the same thing; their joint contribution is capped.
    pub group: &'static str,
    /// Factor on the evidence in log-odds.
    pub weight: f64,
    pub analyze: fn(&Snapshot) -> Option<Finding>,
}

/// Every analyzer, in the order in which observations are shown.
pub const ALL: &[Analyzer] = &[
    automation::ANALYZER,
    user_agent::ANALYZER,
    device_capabilities::ANALYZER,
    event_timing::ANALYZER,
    ip_trust::ANALYZER,
    email_domain::ANALYZER,
    name_plausibility::ANALYZER,
    data_agreement::ANALYZER,
    other_accounts::ANALYZER,
    shared_device::ANALYZER,
    shared_contact::ANALYZER,
    shared_ip::ANALYZER,
    account_farm::ANALYZER,
    one_operator::ANALYZER,
    velocity::ANALYZER,
    failed_logins::ANALYZER,
    repetition::ANALYZER,
    ip_stability::ANALYZER,
    account_takeover::ANALYZER,
    referral_ring::ANALYZER,
];

impl Finding {
    /// `value` 0 suspicious to 1 legitimate, `confidence` 0 to 1, and the sentence an analyst reads.
    pub fn new(value: f64, confidence: f64, explanation: impl Into<String>) -> Self {
        Finding { value, confidence, explanation: explanation.into(), metadata: Map::new() }
    }

    /// Adds a number or text behind the finding.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.metadata.insert(key.to_owned(), value.into());
        self
    }
}

/// How far `n` observations carry: 0 at none, ½ at `half`, towards 1 with more.
pub fn saturation(n: f64, half: f64) -> f64 {
    n / (n + half)
}

/// `one` or `many`, with the number before it: `1 device`, `3 devices`.
pub fn counted(n: u64, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_unique_and_begin_with_their_category() {
        let ids: BTreeSet<&str> = ALL.iter().map(|analyzer| analyzer.id).collect();
        assert_eq!(ids.len(), ALL.len());
        for analyzer in ALL {
            let prefix = format!("{}.", analyzer.category.code().to_lowercase());
            assert!(analyzer.id.starts_with(&prefix), "{}", analyzer.id);
            assert!(analyzer.weight > 0.0, "{}", analyzer.id);
        }
    }

    #[test]
    fn an_empty_snapshot_leaves_every_analyzer_silent() {
        for analyzer in ALL {
            assert_eq!((analyzer.analyze)(&Snapshot::default()), None, "{}", analyzer.id);
        }
    }
}

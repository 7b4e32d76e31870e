//! A ring of many accounts, nearly all thrown away after use: an account farm.

use super::Analyzer;
use super::evidence::span;
use crate::linkage::ring::{RING_TOLD_MIN, RingFacts};
use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;

pub const ANALYZER: Analyzer = Analyzer {
    id: "uniqueness.account-farm-signal",
    label: "Account Farm Suspected",
    category: Category::Uniqueness,
    group: "rings",
    weight: 0.8,
    analyze,
};

/// Share of accounts that were used only briefly from which a ring is a farm; people come back to theirs.
pub(super) const BRIEF_SHARE_MIN: f64 = 0.6;

fn analyze(snapshot: &Snapshot) -> Option<Finding> {
    let ring = told(snapshot).filter(|ring| ring.brief_share() >= BRIEF_SHARE_MIN)?;
    let text = format!(
        "One of {} accounts that are probably one operator's; {} of them were used only briefly, and all were {}.",
        ring.size,
        ring.brief,
        made(ring),
    );
    Some(finding(ring, text).with("brief", ring.brief))
}

/// Over what time the accounts came into being, so far as they tell different ones: what was imported tells one.
pub(super) fn made(ring: &RingFacts) -> String {
    match ring.span_ms() {
        ..1_000 => "made at one moment".into(),
        long => format!("made within {}", span(long)),
    }
}

/// The snapshot's ring, where it is more than a household and this is not the account that stands for it.
pub(super) fn told(snapshot: &Snapshot) -> Option<&RingFacts> {
    snapshot.ring.as_ref().filter(|ring| ring.is_told() && !ring.is_main)
}

/// What a ring says against its members: more the larger it is, and surer the closer it is knit.
pub(super) fn finding(ring: &RingFacts, text: String) -> Finding {
    let beyond = ring.size as f64 / RING_TOLD_MIN as f64;
    Finding::new((0.25 / beyond).max(0.02), 0.5 + 0.4 * ring.density(), text)
        .with("ring", ring.id.as_str())
        .with("size", ring.size)
        .with("density", (ring.density() * 100.0).round() / 100.0)
        .with("ageMillis", ring.age_ms)
        .with("spanMillis", ring.span_ms())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(size: u64, brief: u64, is_main: bool) -> Option<Finding> {
        let ring = RingFacts { id: "r".into(), size, brief, pairs: size, is_main, ..RingFacts::default() };
        analyze(&Snapshot { ring: Some(ring), ..Snapshot::default() })
    }

    #[test]
    fn many_accounts_used_once_are_a_farm_and_a_household_is_none() {
        let farm = said(12, 11, false).unwrap();
        assert!(farm.value < 0.2 && farm.explanation.contains("12 accounts"), "{farm:?}");
        assert!(said(40, 40, false).unwrap().value < farm.value);
        for size in 2..=4 {
            assert_eq!(said(size, size, false), None, "a family of {size}");
        }
        assert_eq!(said(12, 3, false), None, "accounts that live are no farm's");
        assert_eq!(said(12, 11, true), None, "the main account does not answer for the others");
    }
}

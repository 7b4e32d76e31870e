//! A ring whose accounts came with one referral code: somebody refers himself for the bonus.

use super::Analyzer;
use super::account_farm::told;
use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;

pub const ANALYZER: Analyzer = Analyzer {
    id: "behavior.referral-ring-signal",
    label: "Referral Ring Suspected",
    category: Category::Behavior,
    group: "referrals",
    weight: 1.0,
    analyze,
};

/// Share of a ring that came with one code from which it refers itself.
const REFERRAL_SHARE_MIN: f64 = 0.5;

fn analyze(snapshot: &Snapshot) -> Option<Finding> {
    let ring = told(snapshot).filter(|ring| ring.referral_share() >= REFERRAL_SHARE_MIN)?;
    let text = format!(
        "{} of the {} accounts that are probably one person's came with the same referral code.",
        ring.referral, ring.size,
    );
    let finding = Finding::new(0.2 * (1.0 - ring.referral_share() / 2.0), 0.5 + 0.4 * ring.density(), text);
    Some(finding.with("ring", ring.id.as_str()).with("size", ring.size).with("referred", ring.referral))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linkage::ring::RingFacts;

    #[test]
    fn one_code_for_a_whole_ring_is_a_referral_ring() {
        let said = |size, referral| {
            let ring = RingFacts { size, referral, pairs: size, ..RingFacts::default() };
            analyze(&Snapshot { ring: Some(ring), ..Snapshot::default() })
        };
        assert!(said(6, 5).unwrap().value < 0.2);
        assert_eq!(said(6, 2), None);
        assert_eq!(said(4, 4), None, "a family may refer each other");
    }
}

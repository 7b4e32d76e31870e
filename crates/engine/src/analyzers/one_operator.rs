//! A ring of many accounts that live: one person runs them side by side.

use super::Analyzer;
use super::account_farm::{BRIEF_SHARE_MIN, finding, made, told};
use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;

pub const ANALYZER: Analyzer = Analyzer {
    id: "uniqueness.one-operator-signal",
    label: "One Operator of Many Accounts Suspected",
    category: Category::Uniqueness,
    group: "rings",
    weight: 0.8,
    analyze,
};

fn analyze(snapshot: &Snapshot) -> Option<Finding> {
    let ring = told(snapshot).filter(|ring| ring.brief_share() < BRIEF_SHARE_MIN)?;
    let made = made(ring);
    let text = format!("One of {} accounts that are probably one person's, {made} and kept in use.", ring.size);
    Some(finding(ring, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linkage::ring::RingFacts;

    #[test]
    fn many_accounts_that_live_are_one_operators() {
        let said = |size, brief| {
            let ring = RingFacts { size, brief, pairs: size, ..RingFacts::default() };
            analyze(&Snapshot { ring: Some(ring), ..Snapshot::default() })
        };
        assert!(said(6, 1).unwrap().value < 0.3);
        assert_eq!(said(6, 6), None, "that is a farm");
        assert_eq!(said(4, 0), None, "that is a household");
    }
}

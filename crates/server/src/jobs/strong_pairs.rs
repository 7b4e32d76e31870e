//! What a cycle means for rings: which strong pairs of an identity it makes and which it ends.

use dregs_engine::linkage::ring::is_strong;
use dregs_store::RingChanges;
use std::collections::{BTreeMap, BTreeSet};

/// Probability of each linked identity being the same person, and since when they are linked.
#[derive(Debug, Default)]
pub struct Strengths(BTreeMap<String, (f64, i64)>);

impl Strengths {
    pub fn see(&mut self, target: &str, probability: f64, since_ms: i64) {
        let held = self.0.entry(target.to_owned()).or_insert((probability, since_ms));
        *held = (held.0.max(probability), held.1.min(since_ms));
    }

    fn of(&self, target: &str) -> f64 {
        self.0.get(target).map_or(0.0, |(probability, _)| *probability)
    }
}

/// Notes the pairs of `id` that became strong or ceased to be. Where a decision keeps people apart, the strength of any
/// strong pair may decide whom a ring holds.
pub fn note(changes: &mut RingChanges, id: &str, before: &Strengths, after: &Strengths, contested: bool) {
    let targets: BTreeSet<&String> = before.0.keys().chain(after.0.keys()).collect();
    for target in targets {
        let (was, is) = (before.of(target), after.of(target));
        let (a, b) = if id <= target.as_str() { (id, target.as_str()) } else { (target.as_str(), id) };
        let pair = (a.to_owned(), b.to_owned());
        match (is_strong(was), is_strong(is)) {
            (false, true) if !contested => {
                let since_ms = after.0.get(target).map_or(changes.now_ms, |(_, since_ms)| *since_ms);
                changes.gained.insert(pair, since_ms);
            }
            (was_strong, is_strong) if was_strong != is_strong || is_strong && contested && was != is => {
                changes.lost.insert(pair);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(was: f64, is: f64, contested: bool) -> (usize, usize) {
        let strengths = |probability| {
            let mut strengths = Strengths::default();
            strengths.see("b", probability, 5);
            strengths
        };
        let mut changes = RingChanges::default();
        note(&mut changes, "c", &strengths(was), &strengths(is), contested);
        let all: Vec<&(String, String)> = changes.gained.keys().chain(&changes.lost).collect();
        assert!(all.iter().all(|(a, b)| a == "b" && b == "c"));
        (changes.gained.len(), changes.lost.len())
    }

    #[test]
    fn only_what_crosses_the_threshold_changes_a_ring_unless_somebody_is_kept_out() {
        assert_eq!(noted(0.5, 0.95, false), (1, 0));
        assert_eq!(noted(0.95, 0.5, false), (0, 1));
        assert_eq!(noted(0.92, 0.97, false), (0, 0));
        assert_eq!(noted(0.1, 0.5, true), (0, 0));
        assert_eq!(noted(0.92, 0.97, true), (0, 1));
        assert_eq!(noted(0.5, 0.95, true), (0, 1));
    }
}

//! Doing the same things in the same order: a script, or somebody's routine for the tenth time. What begins alike is a
//! candidate; it counts the more the fewer begin so, and the more of all that either did is the same.

use super::{Evidence, KeyKind, LESSON_MS, LinkType, Pair, Trace};

/// Bits when a few begin in a way, and bits lost with every doubling of those who do. Two or three begin alike by chance:
/// among many people somebody always does; so every halving of the few costs as well.
const RARE: f64 = 5.0;
const FEW: u64 = 5;
const PER_DOUBLING: f64 = 0.7;
const CHANCE: f64 = 1.2;
/// Bits gained when everything that both did is the same.
const ALL_ALIKE: f64 = 3.5;
/// Bits lost with every kind of thing (card, promotion code, street) that both named differently.
const OTHER_THINGS: f64 = 1.2;
/// What is left of it for people at one crowded address, and for those with fewer others who began within a lesson.
const TOLD_TOGETHER: f64 = 0.4;
const CLASS_MIN: u64 = 12;
/// From this likeness on it counts, and from this one on it is nearly everything.
const LIKENESS_MIN: f64 = 0.4;
const LIKENESS_ALL: f64 = 0.75;
/// What is taken off when all that both did is look at pages: whoever looks around decides anew at every step.
const WANDERING: f64 = 0.8;
/// Steps from page to page are everybody's; so few others are a coincidence.
const DEEDS_MIN: u32 = 3;

pub(super) fn compare(pair: &Pair<'_>) -> Option<Evidence> {
    let (mine, theirs) = (&pair.me.trace, &pair.peer.trace);
    // A key is kept after the opening went on; who holds it must still begin so.
    let (key, _) = pair.of_kind(KeyKind::Behavior).min_by_key(|(key, _)| key.holders)?;
    if mine.opening != theirs.opening || mine.deeds.min(theirs.deeds) < DEEDS_MIN {
        return None;
    }
    let likeness = mine.likeness(theirs);
    let share = |from: f64, to: f64| ((likeness - from) / (to - from)).clamp(0.0, 1.0);
    let rare = match key.holders {
        ..FEW => RARE - CHANCE * (FEW as f64 / key.holders.max(2) as f64).log2(),
        holders => (RARE - PER_DOUBLING * (holders as f64 / FEW as f64).log2()).max(0.0),
    };
    let pages = |trace: &Trace| f64::from(trace.pages) / f64::from(trace.acts.max(1));
    let wandering = 1.0 - WANDERING * (pages(mine) + pages(theirs)) / 2.0;
    let bits = (rare + ALL_ALIKE * share(LIKENESS_ALL, 1.0)) * share(LIKENESS_MIN, LIKENESS_ALL) * wandering;
    let bits = if told_together(pair) { bits * TOLD_TOGETHER } else { bits };
    // Whoever works accounts alike uses what is at hand for all of them.
    let other_things = mine.named.iter().zip(&theirs.named).filter(|(a, b)| **a != 0 && **b != 0 && a != b).count();
    let bits = bits - OTHER_THINGS * other_things as f64;
    if bits < 0.5 || rare == 0.0 {
        return None;
    }
    let text = format!(
        "They began with the same acts, as {} accounts did, and about {:.0} % of the steps of both are the same.",
        key.holders,
        likeness * 100.0
    );
    let evidence = Evidence::new("behavior", Some(LinkType::SimilarBehavior), bits, text).sure(0.7);
    Some(evidence.with("holders", key.holders).with("likeness", super::round2(likeness)))
}

/// A class at its one address does the same at the same hour because somebody says so, and colleagues do the same work.
pub(super) fn told_together(pair: &Pair<'_>) -> bool {
    let (mine, theirs) = (&pair.me.trace, &pair.peer.trace);
    let here = pair.of_kind(KeyKind::Ip).map(|(key, _)| key.holders).max();
    match here {
        Some(holders) => holders >= CLASS_MIN && (mine.first_ms - theirs.first_ms).abs() <= LESSON_MS,
        // An address of so many that it offers nobody.
        None => pair.in_one_crowd(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linkage::Card;
    use crate::testkit::{card, shared_with};

    fn bits(holders: u64, mine: &[u16], theirs: &[u16]) -> f64 {
        let act = |id: &str, sketch: &[u16]| Card {
            trace: Trace { opening: 7, steps: 4, deeds: 4, sketch: sketch.to_vec(), ..Trace::default() },
            ..card(id, "", "")
        };
        let (me, peer) = (act("a", mine), act("b", theirs));
        let key = shared_with("b", KeyKind::Behavior, "7", holders);
        compare(&Pair { me: &me, peer: &peer, shared: vec![(&key, &key.peers[0])], places: &Default::default() })
            .map_or(0.0, |evidence| evidence.bits)
    }

    #[test]
    fn a_rare_script_counts_and_the_usual_way_in_does_not() {
        let script = [1, 2, 3, 4];
        assert!(bits(6, &script, &script) > 6.0);
        assert!(bits(6, &script, &script) > bits(40, &script, &script));
        assert_eq!(bits(1900, &script, &script), 0.0);
        assert_eq!(bits(6, &script, &[1, 7, 8, 9]), 0.0);
    }
}

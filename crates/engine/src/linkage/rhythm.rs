//! Active on the same few days: accounts that one person works in rounds wake together and sleep together. What the overlap
//! of two calendars is worth is how improbable it would be by chance, by the hypergeometric distribution.

use super::trace::DAY_MS;
use super::{Card, Evidence, LinkType, Pair, behavior};

/// Days that a calendar holds, and fewest days side by side that tell anything.
const CALENDAR_DAYS: i64 = 64;
const SPAN_MIN: i64 = 7;
/// Fewest days on which both were active.
const COMMON_MIN: u32 = 3;
/// Bits of improbability that weekdays and campaigns explain, what the others count, and the most that is believed.
const EXPLAINED: f64 = 4.0;
const COUNTED: f64 = 0.5;
const BITS_MAX: f64 = 3.0;

pub(super) fn compare(pair: &Pair<'_>) -> Option<Evidence> {
    let known = pair.me.trace.acts > 0 && pair.peer.trace.acts > 0;
    if !known || !pair.is_alike() || behavior::told_together(pair) {
        return None;
    }
    let side = SideBySide::of(pair.me, pair.peer)?;
    let bits = (COUNTED * (side.improbability() - EXPLAINED)).min(BITS_MAX);
    let text = format!(
        "Of {} days they were active on {} and {}, and {} of those are the same.",
        side.span, side.mine, side.theirs, side.common
    );
    (bits >= 0.5).then(|| Evidence::new("rhythm", Some(LinkType::SimilarBehavior), bits, text).sure(0.6))
}

/// Active days since both exist, the one on which the later of them began left out.
struct SideBySide {
    span: i64,
    mine: u32,
    theirs: u32,
    common: u32,
}

impl SideBySide {
    /// None where they were side by side too briefly, seldom active together, or active on most days.
    fn of(me: &Card, peer: &Card) -> Option<Self> {
        let day = |ms: i64| ms.div_euclid(DAY_MS);
        let end = day(me.trace.last_ms.max(peer.trace.last_ms));
        let begun = day(me.trace.first_ms.max(peer.trace.first_ms));
        let span = (end - begun).min(CALENDAR_DAYS);
        if span < SPAN_MIN {
            return None;
        }
        let within = u64::MAX >> (CALENDAR_DAYS - span);
        let active = |card: &Card| {
            let ago = u32::try_from(end - day(card.trace.last_ms)).unwrap_or(u32::MAX);
            card.trace.calendar.checked_shl(ago).unwrap_or(0) & within
        };
        let (mine, theirs) = (active(me), active(peer));
        let side = SideBySide {
            span,
            mine: mine.count_ones(),
            theirs: theirs.count_ones(),
            common: (mine & theirs).count_ones(),
        };
        let seldom = i64::from(side.mine.max(side.theirs)) * 2 <= span;
        (side.common >= COMMON_MIN && seldom).then_some(side)
    }

    /// Bits by which so many days in common, or more, would surprise of two who know nothing of each other.
    fn improbability(&self) -> f64 {
        let (span, mine, theirs) = (self.span as u32, self.mine, self.theirs);
        let ways = |common: u32| choose(mine, common) * choose(span - mine, theirs - common);
        let as_many: f64 = (self.common..=mine.min(theirs)).map(ways).sum();
        -(as_many / choose(span, theirs)).log2()
    }
}

/// Ways to pick `k` of `n`; none when there are fewer.
fn choose(n: u32, k: u32) -> f64 {
    if k > n { 0.0 } else { (0..k).map(|i| f64::from(n - i) / f64::from(i + 1)).product() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linkage::Trace;
    use crate::testkit::card;

    fn active(id: &str, days: &[i64], sketch: &[u16]) -> Card {
        let last = days.last().copied().unwrap_or(0);
        let trace = Trace {
            first_ms: 0,
            last_ms: last * DAY_MS,
            acts: 9,
            calendar: days.iter().fold(0, |held, day| held | 1 << (last - day)),
            sketch: sketch.to_vec(),
            ..Trace::default()
        };
        Card { trace, ..card(id, "", "") }
    }

    fn bits(mine: &[i64], theirs: &[i64]) -> f64 {
        let (me, peer) = (active("a", mine, &[1, 2, 3]), active("b", theirs, &[1, 2, 3]));
        let of = |me: &Card, peer: &Card| {
            compare(&Pair { me, peer, shared: vec![], places: &Default::default() }).map_or(0.0, |found| found.bits)
        };
        assert_eq!(of(&me, &peer), of(&peer, &me));
        of(&me, &peer)
    }

    #[test]
    fn rounds_on_the_same_days_count_and_habits_of_every_day_do_not() {
        assert_eq!(bits(&[0, 4, 9, 15, 20], &[0, 4, 9, 15, 20]), BITS_MAX);
        assert!(bits(&[0, 4, 9, 15, 20], &[0, 4, 9, 16, 20]) < BITS_MAX);
        assert_eq!(bits(&[0, 4, 9, 15, 20], &[0, 3, 8, 14, 19]), 0.0);
        let daily: Vec<i64> = (0..25).filter(|day| day % 7 < 5).collect();
        assert_eq!(bits(&daily, &daily), 0.0);
        assert_eq!(bits(&[0, 2, 3, 4], &[0, 2, 3, 4]), 0.0, "less than a week");
    }

    #[test]
    fn other_doings_on_the_same_days_are_no_rounds() {
        let days = [0, 4, 9, 15, 20];
        let (me, peer) = (active("a", &days, &[1, 2, 3]), active("b", &days, &[7, 8, 9]));
        assert!(compare(&Pair { me: &me, peer: &peer, shared: vec![], places: &Default::default() }).is_none());
    }

    #[test]
    fn improbability_is_that_of_drawing_days() {
        let side = SideBySide { span: 20, mine: 4, theirs: 4, common: 4 };
        assert!((side.improbability() - 4845f64.log2()).abs() < 1e-9);
        assert_eq!((choose(5, 2), choose(3, 4), choose(7, 0)), (10.0, 0.0, 1.0));
    }
}

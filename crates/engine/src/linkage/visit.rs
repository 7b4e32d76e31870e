//! Visits: from the first act after a pause to the last before the next, in whole minutes.

use crate::profile::Note;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Visits kept.
const VISITS_MAX: usize = 16;
const MINUTE_MS: i64 = 60_000;
const DAY_MINUTES: i64 = 24 * 60;

/// Minutes since the epoch in which it began and ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Visit {
    pub from: i64,
    pub to: i64,
}

impl Visit {
    /// Minutes between the two; none when both were there at once.
    pub fn gap(self, other: Visit) -> Option<i64> {
        let gap = self.from.max(other.from) - self.to.min(other.to);
        (gap > 0 || (gap == 0 && self.from != other.from)).then_some(gap)
    }

    /// The same as if the other had been on another day: how far apart they are on the clock.
    pub fn gap_on_the_clock(self, other: Visit) -> Option<i64> {
        let days = (self.from - other.from + DAY_MINUTES / 2).div_euclid(DAY_MINUTES);
        self.gap(Visit { from: other.from + days * DAY_MINUTES, to: other.to + days * DAY_MINUTES })
    }

    pub fn on_one_day(self, other: Visit) -> bool {
        (self.from - other.from).abs() < DAY_MINUTES / 2
    }
}

/// The latest of the visits that these acts make up.
pub(super) fn latest(visits: &[&[&Note]]) -> Vec<Visit> {
    let told = visits.iter().filter_map(|notes| {
        let minute = |note: &Note| note.at_ms.div_euclid(MINUTE_MS);
        Some(Visit { from: minute(notes.first()?), to: minute(notes.last()?) })
    });
    told.skip(visits.len().saturating_sub(VISITS_MAX)).collect()
}

/// As one list of numbers, each a difference from the one before: a trace is read for every candidate.
pub(super) mod as_gaps {
    use super::*;

    pub fn serialize<S: Serializer>(visits: &[Visit], serializer: S) -> Result<S::Ok, S::Error> {
        let mut before = 0;
        let times = visits.iter().flat_map(|visit| [visit.from, visit.to]);
        let gaps: Vec<i64> = times.map(|time| time - std::mem::replace(&mut before, time)).collect();
        gaps.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Visit>, D::Error> {
        let gaps = Vec::<i64>::deserialize(deserializer)?;
        let mut time = 0i64;
        let mut next = |gap: i64| {
            time = time.saturating_add(gap);
            time
        };
        Ok(gaps.chunks_exact(2).map(|gaps| Visit { from: next(gaps[0]), to: next(gaps[1]) }).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linkage::Trace;

    #[test]
    fn visits_are_kept_as_they_were() {
        let visits = vec![Visit { from: 29_461_234, to: 29_461_240 }, Visit { from: 29_470_000, to: 29_470_000 }];
        let trace = Trace { visits, ..Trace::default() };
        assert_eq!(Trace::of_json(&trace.to_json()), trace);
        assert!(trace.to_json().contains("[29461234,6,8760,0]"));
    }

    #[test]
    fn two_visits_follow_each_other_or_are_at_once() {
        let visit = |from, to| Visit { from, to };
        assert_eq!(visit(10, 20).gap(visit(25, 30)), Some(5));
        assert_eq!(visit(25, 30).gap(visit(10, 20)), Some(5));
        assert_eq!(visit(10, 20).gap(visit(20, 30)), Some(0), "one ends in the minute in which the other begins");
        assert_eq!(visit(10, 20).gap(visit(15, 30)), None);
        assert_eq!(visit(10, 10).gap(visit(10, 10)), None);
        assert_eq!(visit(10, 20).gap_on_the_clock(visit(3 * DAY_MINUTES + 25, 3 * DAY_MINUTES + 30)), Some(5));
        assert_eq!(visit(1439, 1439).gap_on_the_clock(visit(2 * DAY_MINUTES + 1, 2 * DAY_MINUTES + 1)), Some(2));
    }
}

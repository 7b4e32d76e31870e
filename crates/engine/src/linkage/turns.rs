//! Taking turns: one account is put down and the next is taken up within minutes, visit after visit, and never are two in use
//! at once. People of one home or office come at the hours they always come; whoever works a row of accounts comes at any.
//!
//! How often two would follow each other by their hours alone is read off their visits on different days; that it happened
//! more often on the same days is as improbable as the tail of a Poisson distribution says.

use super::visit::Visit;
use super::{Card, Evidence, KeyKind, LinkType, Pair};

/// Holders of an address that can be told apart by the hour.
pub(super) const HOLDERS_MAX: u64 = 24;
/// Minutes within which the next is taken up, and within which a long row is gone through. The better of the two counts, less
/// a bit for having looked twice.
const WITHIN_MINUTES: [i64; 2] = [20, 60];
const LOOKED_TWICE: f64 = 1.0;
/// Fewest turns that tell anything.
const TURNS_MIN: usize = 3;
/// Bits of improbability that a shared calendar explains, what the others count, and the most that is believed of two and of a
/// row of accounts: a couple hands a day over too.
const EXPLAINED: f64 = 4.0;
const COUNTED: f64 = 0.5;
const PAIR_BITS_MAX: f64 = 3.0;
const ROW_BITS_MAX: f64 = 9.0;
/// Accounts at one address that take turns with one another and make a row.
const ROW_MIN: u64 = 4;

pub(super) fn compare(pair: &Pair<'_>) -> Option<Evidence> {
    let address = pair.of_kind(KeyKind::Ip).map(|(key, _)| *key).filter(|key| key.holders <= HOLDERS_MAX);
    let key = address.min_by_key(|key| (key.holders, &key.key))?;
    let turns = Turns::of(pair.me, pair.peer)?;
    let row = pair.places.in_turns(&key.key);
    let most = if row >= ROW_MIN { ROW_BITS_MAX } else { PAIR_BITS_MAX };
    let bits = (COUNTED * (turns.improbability() - EXPLAINED)).min(most);
    let others = if row >= ROW_MIN { format!("; so were {row} accounts there") } else { String::new() };
    let text = format!(
        "At one address they were used in turn {} times, within {} minutes and never at once, at hours that change{others}.",
        turns.taken, turns.within
    );
    let evidence = Evidence::new("turns", Some(LinkType::SimilarBehavior), bits, text).sure(0.6);
    (bits >= 0.5).then(|| evidence.with("turns", turns.taken).with("row", row))
}

/// Whether two take turns more often than their hours explain.
pub(super) fn take_turns(a: &Card, b: &Card) -> bool {
    Turns::of(a, b).is_some_and(|turns| turns.improbability() > EXPLAINED)
}

struct Turns {
    /// Minutes that lie between two turns at most.
    within: i64,
    /// Visits of the one that a visit of the other follows or precedes closely.
    taken: usize,
    /// How many there would be by the hours of both.
    expected: f64,
}

impl Turns {
    /// None where they were in use at once, or did not take turns often enough to tell.
    fn of(a: &Card, b: &Card) -> Option<Self> {
        let found = WITHIN_MINUTES.into_iter().filter_map(|within| Turns::within(within, a, b));
        found.max_by(|one, other| one.improbability().total_cmp(&other.improbability()))
    }

    fn within(within: i64, a: &Card, b: &Card) -> Option<Self> {
        let (a, b) = (&a.trace.visits, &b.trace.visits);
        let (fewer, more) = if a.len() <= b.len() { (a, b) } else { (b, a) };
        if fewer.len() < TURNS_MIN {
            return None;
        }
        let follows = |gap: Option<i64>| gap.is_some_and(|gap| gap <= within);
        let (mut taken, mut side_by_side, mut elsewhere, mut by_the_clock) = (0, 0u32, 0u32, 0u32);
        for mine in fewer {
            let same_day = |theirs: &&Visit| mine.on_one_day(**theirs);
            for theirs in more.iter().filter(same_day) {
                side_by_side += 1;
                mine.gap(*theirs)?;
            }
            taken += usize::from(more.iter().any(|theirs| follows(mine.gap(*theirs))));
            for theirs in more.iter().filter(|theirs| !same_day(theirs)) {
                elsewhere += 1;
                by_the_clock += u32::from(follows(mine.gap_on_the_clock(*theirs)));
            }
        }
        let share = f64::from(by_the_clock + 1) / f64::from(elsewhere + 2);
        (taken >= TURNS_MIN).then(|| Turns { within, taken, expected: share * f64::from(side_by_side) })
    }

    /// Bits by which so many turns, or more, would surprise.
    fn improbability(&self) -> f64 {
        let mut term = (-self.expected).exp();
        for n in 1..=self.taken {
            term *= self.expected / n as f64;
        }
        let mut tail = 0.0;
        for n in self.taken + 1..self.taken + TAIL_TERMS {
            tail += term;
            term *= self.expected / n as f64;
        }
        -tail.clamp(f64::MIN_POSITIVE, 1.0).log2() - LOOKED_TWICE
    }
}

/// Terms of the tail that are summed: visits are few, so that the rest is nothing.
const TAIL_TERMS: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linkage::{Link, SharedKey, Trace, link};
    use crate::testkit::{START_MS, card, shared_with};
    use std::collections::BTreeMap;

    const DAY: i64 = 24 * 60;

    /// Accounts at one address with these visits, each the minutes at which it begins and what it lasts.
    fn links(visits: &[Vec<(i64, i64)>]) -> Vec<Link> {
        let start = START_MS / 60_000;
        let account = |(n, visits): (usize, &Vec<(i64, i64)>)| {
            let visits = visits.iter().map(|(at, lasts)| Visit { from: start + at, to: start + at + lasts }).collect();
            let trace = Trace { acts: 20, steps: 4, sketch: vec![1, 2, 3, 4], visits, ..Trace::default() };
            Card { trace, ..card(&format!("u{n}"), "", "") }
        };
        let cards: BTreeMap<String, Card> =
            visits.iter().enumerate().map(account).map(|card| (card.id.clone(), card)).collect();
        let peers = (1..visits.len()).map(|n| shared_with(&format!("u{n}"), KeyKind::Ip, "k", 2).peers[0].clone());
        let key = SharedKey { peers: peers.collect(), ..shared_with("u1", KeyKind::Ip, "k", visits.len() as u64) };
        link(&cards["u0"], &[key], &cards, 1000)
    }

    fn told(visits: &[Vec<(i64, i64)>]) -> f64 {
        let of = |link: &Link| link.metadata.get("turns").and(link.metadata.get("bits"))?.as_f64();
        links(visits).iter().filter_map(of).fold(0.0, f64::max)
    }

    /// Rounds at hours that change, in which each account has its turn of five minutes.
    fn row(accounts: i64) -> Vec<Vec<(i64, i64)>> {
        let hours = [3, 14, 9, 20, 6, 17, 11];
        let rounds = |n: i64| (0..7).map(|day| (day * 2 * DAY + hours[day as usize] * 60 + n * 8, 5)).collect();
        (0..accounts).map(rounds).collect()
    }

    #[test]
    fn a_row_of_accounts_worked_in_turn_hangs_together() {
        assert!(told(&row(5)) > 6.0, "{}", told(&row(5)));
    }

    #[test]
    fn a_couple_an_office_and_who_are_there_at_once_do_not() {
        assert!(told(&row(2)) <= PAIR_BITS_MAX);
        let at_nine = |n: i64| (0..10).map(|day| (day * DAY + 9 * 60 + n * 6, 4)).collect();
        assert_eq!(told(&(0..6).map(at_nine).collect::<Vec<_>>()), 0.0, "everybody comes at nine");
        let mut at_once = row(5);
        at_once.iter_mut().for_each(|visits| visits.iter_mut().for_each(|visit| visit.1 = 60));
        assert_eq!(told(&at_once), 0.0, "they overlap");
        let own_hours = |n: i64| (0..8).map(|day| (day * DAY + (n * 397 + day * 211) % DAY, 5)).collect();
        assert_eq!(told(&(0..5).map(own_hours).collect::<Vec<_>>()), 0.0, "each at hours of their own");
    }
}

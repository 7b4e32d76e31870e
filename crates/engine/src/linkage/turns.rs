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
/// Terms of the tail that are summed: visits are few, so that the rest is nothing.
const TAIL_TERMS: usize = 48;

pub(super) fn compare(pair: &Pair<'_>) -> Option<Evidence> {
    let address = pair.of_kind(KeyKind::Ip).map(|(key, _)| *key).filter(|key| key.holders <= HOLDERS_MAX);
    let key = address.min_by_key(|key| (key.holders, &key.key))?;
    let turns = Turns::of(pair.me, pair.peer)?;
    let row = pair.places.row(&key.key);
    let most = if row >= ROW_MIN { ROW_BITS_MAX } else { PAIR_BITS_MAX };
    let bits = (COUNTED * (turns.improbability() - EXPLAINED)).min(most);
    let others = if row >= ROW_MIN { format!("; they are of a row of {row} accounts there") } else { String::new() };
    let text = format!(
        "At one address they were used in turn {} times, within {} minutes and never at once, at hours that change{others}.",
        turns.taken, turns.within
    );
    let evidence = Evidence::new("turns", Some(LinkType::SimilarBehavior), bits, text).sure(0.6);
    (bits >= 0.5).then(|| evidence.with("turns", turns.taken).with("row", row))
}

/// How many accounts hang together by taking turns, `me` among them: whoever takes turns with one of them is another. Two of
/// one row find it alike, from whichever of them it is looked for.
pub(super) fn row(me: &Card, users: &[&Card]) -> u64 {
    let mut left: Vec<&Card> = users.iter().copied().filter(|user| user.id != me.id).collect();
    let mut found = vec![me];
    let mut looked_at = 0;
    while let Some(one) = found.get(looked_at).copied() {
        let (next, others) = left.into_iter().partition(|other| take_turns(one, other));
        found.extend::<Vec<&Card>>(next);
        left = others;
        looked_at += 1;
    }
    found.len() as u64
}

/// Whether two take turns more often than their hours explain.
fn take_turns(a: &Card, b: &Card) -> bool {
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
    /// None where they were in use at once, or did not take turns often enough to tell. The same whoever is named first.
    fn of(a: &Card, b: &Card) -> Option<Self> {
        let (fewer, more) =
            if (a.trace.visits.len(), &a.id) <= (b.trace.visits.len(), &b.id) { (a, b) } else { (b, a) };
        let (fewer, more) = (&fewer.trace.visits, &more.trace.visits);
        if fewer.len() < TURNS_MIN {
            return None;
        }
        let gaps = Gaps::between(fewer, more)?;
        let found = WITHIN_MINUTES.into_iter().filter_map(|within| gaps.turns(within));
        found.max_by(|one, other| one.improbability().total_cmp(&other.improbability()))
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

/// Minutes between the visits of two.
struct Gaps {
    /// Of each visit of the one to the closest of the other on that day.
    closest: Vec<i64>,
    /// Pairs of visits on one day.
    side_by_side: usize,
    /// Pairs on different days, and what lies between them on the clock, but for those that would be at once.
    elsewhere: usize,
    by_the_clock: Vec<i64>,
}

impl Gaps {
    /// None where both were there at once.
    fn between(fewer: &[Visit], more: &[Visit]) -> Option<Self> {
        let mut gaps = Gaps { closest: Vec::new(), side_by_side: 0, elsewhere: 0, by_the_clock: Vec::new() };
        for mine in fewer {
            let mut closest = None;
            for theirs in more {
                if mine.on_one_day(*theirs) {
                    gaps.side_by_side += 1;
                    let gap = mine.gap(*theirs)?;
                    closest = Some(closest.map_or(gap, |held: i64| held.min(gap)));
                } else {
                    gaps.elsewhere += 1;
                    gaps.by_the_clock.extend(mine.gap_on_the_clock(*theirs));
                }
            }
            gaps.closest.extend(closest);
        }
        Some(gaps)
    }

    fn turns(&self, within: i64) -> Option<Turns> {
        let close = |gaps: &[i64]| gaps.iter().filter(|gap| **gap <= within).count();
        let share = (close(&self.by_the_clock) + 1) as f64 / (self.elsewhere + 2) as f64;
        let taken = close(&self.closest);
        (taken >= TURNS_MIN).then_some(Turns { within, taken, expected: share * self.side_by_side as f64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linkage::{Link, SharedKey, Trace, link};
    use crate::testkit::{START_MS, card, shared_with};
    use std::collections::BTreeMap;

    const DAY: i64 = 24 * 60;

    /// The links of one of some accounts at one address with these visits, each the minutes at which it begins and what it
    /// lasts.
    fn links_of(me: usize, visits: &[Vec<(i64, i64)>]) -> Vec<Link> {
        let start = START_MS / 60_000;
        let account = |(n, visits): (usize, &Vec<(i64, i64)>)| {
            let visits = visits.iter().map(|(at, lasts)| Visit { from: start + at, to: start + at + lasts }).collect();
            let trace = Trace { acts: 20, steps: 4, sketch: vec![1, 2, 3, 4], visits, ..Trace::default() };
            Card { trace, ..card(&format!("u{n}"), "", "") }
        };
        let cards: BTreeMap<String, Card> =
            visits.iter().enumerate().map(account).map(|card| (card.id.clone(), card)).collect();
        let others = (0..visits.len()).filter(|n| *n != me);
        let peers = others.map(|n| shared_with(&format!("u{n}"), KeyKind::Ip, "k", 2).peers[0].clone());
        let key = SharedKey { peers: peers.collect(), ..shared_with("", KeyKind::Ip, "k", visits.len() as u64) };
        link(&cards[&format!("u{me}")], &[key], &cards, 1000)
    }

    /// The bits of the surest link by turns.
    fn told(visits: &[Vec<(i64, i64)>]) -> f64 {
        let of = |link: &Link| link.metadata.get("turns").and(link.metadata.get("bits"))?.as_f64();
        links_of(0, visits).iter().filter_map(of).fold(0.0, f64::max)
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

    #[test]
    fn both_sides_of_a_pair_come_to_the_same() {
        // Each of the others takes turns with the first for some rounds, and with nobody else.
        let hours = [3, 14, 9, 20, 6, 17, 11, 1, 22];
        let at = |round: usize, minute: i64| (round as i64 * 2 * DAY + hours[round] * 60 + minute, 5);
        let first = (0..9).map(|round| at(round, 0)).collect();
        let of = |rounds: std::ops::Range<usize>| rounds.map(|round| at(round, 8)).collect();
        let visits = [first, of(0..3), of(3..6), of(6..9)];
        let between = |me: usize, other: usize| {
            let links = links_of(me, &visits);
            links.into_iter().find(|link| link.target_id == format!("u{other}")).map(|link| link.probability)
        };
        for other in 1..4 {
            assert!(between(0, other).is_some());
            assert_eq!(between(0, other), between(other, 0));
        }
    }
}

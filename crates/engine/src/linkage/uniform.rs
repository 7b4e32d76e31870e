//! One place, one way to begin: nearly all accounts of an address or a device begin in the same way, which elsewhere is that
//! of few. Many of a team may begin so that it tells nothing of two; that all at one place do has a cause in that place.

use super::{Evidence, KeyKind, LinkType, Pair};

/// Holders of a place that know each other, fewest of them that begin alike, and the least share of them.
const HOLDERS: std::ops::RangeInclusive<u64> = 4..=24;
const ALIKE_MIN: u64 = 4;
const ALIKE_SHARE_MIN: f64 = 0.7;
/// A way to begin that more of the team take is the usual one.
const OPENERS_MAX: f64 = 0.25;
/// Bits for each further account, as a share of what its beginning tells, and the most of them: not every cause is one hand.
const COUNTED: f64 = 0.6;
const BITS_MAX: f64 = 8.5;

pub(super) fn compare(pair: &Pair<'_>) -> Option<Evidence> {
    // A rare way to begin is told by itself, and colleagues have one domain and one introduction.
    let told = pair.shares(KeyKind::Behavior) || pair.shares(KeyKind::EmailDomain);
    if told || pair.me.trace.opening != pair.peer.trace.opening || !pair.is_scripted() {
        return None;
    }
    let openers = pair.places.openers;
    let places = pair.of_kind(KeyKind::Ip).chain(pair.of_kind(KeyKind::Device)).map(|(key, _)| key);
    let (holders, alike) = places
        .filter(|key| HOLDERS.contains(&key.holders))
        .map(|key| (key.holders, pair.places.alike(&key.key)))
        .max_by_key(|(_, alike)| *alike)?;
    if openers > OPENERS_MAX || alike < ALIKE_MIN || (alike as f64) < ALIKE_SHARE_MIN * holders as f64 {
        return None;
    }
    let bits = (COUNTED * (alike - 1) as f64 * -openers.log2()).min(BITS_MAX);
    let text = format!(
        "{alike} of the {holders} accounts at one place began with the same acts, as {:.1} % of all accounts do, and looked at no page.",
        openers * 100.0
    );
    let evidence = Evidence::new("uniform", Some(LinkType::SimilarBehavior), bits, text).sure(0.6);
    Some(evidence.with("holders", holders).with("alike", alike))
}

#[cfg(test)]
mod tests {
    use crate::linkage::{Card, KeyKind, Link, SharedKey, Trace, link};
    use crate::testkit::{START_MS, card, shared_with};
    use std::collections::BTreeMap;

    const HOUR_MS: i64 = 3_600_000;

    /// Accounts at one address, of which the first so many have one script, and another is the way of `openers` in 1,000.
    fn at_one_address(accounts: usize, scripted: usize, openers: u64, domain: bool) -> Vec<Link> {
        let account = |n: usize| {
            let (opening, sketch) = if n < scripted { (7, vec![1, 2, 3]) } else { (n as u32 + 50, vec![n as u16 + 9]) };
            let first_ms = START_MS + n as i64 * 5 * HOUR_MS;
            let trace = Trace { acts: 3, deeds: 3, steps: 3, opening, sketch, first_ms, ..Trace::default() };
            Card { trace, first_ms, last_ms: first_ms + HOUR_MS, ..card(&format!("u{n}"), "", "") }
        };
        let cards: BTreeMap<String, Card> = (0..accounts).map(account).map(|card| (card.id.clone(), card)).collect();
        let key = |kind, key: &str, holders: u64, peers: usize| {
            let others = (1..peers).map(|n| shared_with(&format!("u{n}"), kind, key, holders).peers[0].clone());
            SharedKey { peers: others.collect(), ..shared_with("u1", kind, key, holders) }
        };
        let mut shared = vec![
            key(KeyKind::Ip, "192.0.2.1", accounts as u64, accounts),
            key(KeyKind::Behavior, "00000007", openers, 1),
        ];
        if domain {
            shared.push(key(KeyKind::EmailDomain, "nordwind.example", accounts as u64, accounts));
        }
        link(&cards["u0"], &shared, &cards, 1000)
    }

    fn linked(accounts: usize, scripted: usize, openers: u64, domain: bool) -> usize {
        let links = at_one_address(accounts, scripted, openers, domain);
        links.iter().filter(|link| link.probability > 0.5 && link.metadata.contains_key("alike")).count()
    }

    #[test]
    fn who_all_begin_alike_at_one_place_and_unlike_others_hang_together() {
        assert_eq!(linked(8, 8, 80, false), 7);
        assert_eq!(linked(8, 6, 80, false), 5);
    }

    #[test]
    fn the_usual_way_a_mixed_place_a_flat_and_colleagues_do_not() {
        assert_eq!(linked(8, 8, 600, false), 0);
        assert_eq!(linked(8, 4, 80, false), 0);
        assert_eq!(linked(3, 3, 80, false), 0);
        assert_eq!(linked(8, 8, 80, true), 0);
    }
}

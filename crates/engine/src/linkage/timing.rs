//! When the two appeared: accounts made one after the other in one place, each used little, are one operator's way of
//! working; two that live side by side for weeks are two people's, or one person's two lives.

use super::{Evidence, KeyKind, LinkType, Pair};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// Accounts that appear within this of each other, in one place.
const BURST_MS: i64 = 15 * MINUTE_MS;
/// In a place with more people than this, appearing at one time is a lesson or a lunch break.
const CROWD: u64 = 12;

const BURST: f64 = 1.5;
const RELAY: f64 = 2.0;
/// Bits when a device in one place is passed on from one brief account to the next, several times: a conveyor.
const CONVEYOR: f64 = 6.0;
const CONVEYOR_HOLDERS_MIN: u64 = 4;
const CONVEYOR_SHARE_MIN: f64 = 0.7;
/// Bits when accounts that begin alike were made in one go.
const SERIES: f64 = 1.5;
const SIDE_BY_SIDE: f64 = -1.5;
/// The same of a device that several have, each with habits of their own: a family's, or a public one.
const IN_COMMON: f64 = -3.0;

pub(super) fn compare(pair: &Pair<'_>) -> Option<Evidence> {
    let device = pair.of_kind(KeyKind::Device).map(|(key, _)| key.holders).min();
    let place = pair.of_kind(KeyKind::Ip).map(|(key, _)| key.holders).min().or(device.filter(|_| !pair.in_one_crowd()));
    let (me, peer) = (pair.me, pair.peer);
    // Relatives and library visitors follow each other too, but each with an errand of their own.
    let known = me.trace.acts > 0 && peer.trace.acts > 0;
    let alike = !known || pair.is_alike();
    let gap_ms = (me.first_ms - peer.first_ms).abs();
    let both_short = me.is_brief() && peer.is_brief();
    let overlap_ms = me.last_ms.min(peer.last_ms) - me.first_ms.max(peer.first_ms);
    let behaves = |bits: f64, text: &str| {
        Some(
            Evidence::new("timing", Some(LinkType::SimilarBehavior), bits, text)
                .sure(0.6)
                .with("firstSeenGapMillis", gap_ms),
        )
    };
    let conveyor = pair
        .of_kind(KeyKind::Device)
        .find(|(key, _)| key.holders >= CONVEYOR_HOLDERS_MIN && pair.places.passed_on(&key.key) >= CONVEYOR_SHARE_MIN);
    let one_place = pair.shares(KeyKind::Ip) || pair.shares(KeyKind::IpPrefix);
    match () {
        () if both_short && one_place && alike && conveyor.is_some() => {
            let holders = conveyor.map_or(0, |(key, _)| key.holders);
            let text = format!(
                "{holders} accounts came from this device, nearly all used only briefly and one after the other."
            );
            behaves(CONVEYOR, &text)
        }
        () if both_short && alike && overlap_ms <= 0 && device.is_some() => {
            behaves(RELAY, "They were used one after the other on one device, each only briefly.")
        }
        () if both_short && alike && gap_ms <= BURST_MS && place.is_some_and(|place| place <= CROWD) => {
            behaves(BURST, "They appeared within minutes of each other in one place, and were used only briefly.")
        }
        () if known
            && me.trace.opening == peer.trace.opening
            && me.trace.opening != 0
            && alike
            && gap_ms <= 10 * DAY_MS =>
        {
            let bits = if gap_ms <= 4 * DAY_MS { SERIES } else { SERIES / 2.0 };
            behaves(bits, "One began days after the other, in the same way.")
        }
        () if overlap_ms >= 7 * DAY_MS && known && !alike && device.is_some_and(|holders| holders > 2) => {
            let text =
                "Several use the device, these two side by side for more than a week, and each for something else.";
            Some(Evidence::new("timing", None, IN_COMMON, text))
        }
        () if overlap_ms >= 7 * DAY_MS && place.is_some() => {
            Some(Evidence::new("timing", None, SIDE_BY_SIDE, "They have been used side by side for more than a week."))
        }
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{START_MS, card, shared_with};

    fn bits(mine: (i64, i64), theirs: (i64, i64), holders: u64) -> f64 {
        let life = |id: &str, (first_min, last_min): (i64, i64)| super::super::Card {
            first_ms: START_MS + first_min * MINUTE_MS,
            last_ms: START_MS + last_min * MINUTE_MS,
            ..card(id, "", "")
        };
        let (me, peer) = (life("a", mine), life("b", theirs));
        let key = shared_with("b", KeyKind::Ip, "192.0.2.1", holders);
        compare(&Pair { me: &me, peer: &peer, shared: vec![(&key, &key.peers[0])], places: &Default::default() })
            .map_or(0.0, |evidence| evidence.bits)
    }

    #[test]
    fn a_burst_in_a_quiet_place_counts_and_a_classroom_does_not() {
        assert!(bits((0, 5), (6, 9), 4) > 0.0);
        assert_eq!(bits((0, 5), (6, 9), 30), 0.0);
        assert!(bits((0, 40_000), (10, 40_000), 3) < 0.0);
    }
}

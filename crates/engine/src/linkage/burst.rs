//! Arrivals that pile up: many accounts within an hour that all come from hidden networks, from machines or with throw-away
//! addresses, and do nothing but register. An advertisement brings crowds too, but those look around, from homes and phones.

use super::{Evidence, KeyKind, LinkType, Pair};

/// Marked arrivals in an hour below which there is no pile.
const PILE_MIN: u64 = 4;
/// Bits for every doubling of the arrivals over what the day would bring in an hour, and the most of them.
const PER_DOUBLING: f64 = 1.7;
const BITS_MAX: f64 = 7.0;
/// Bits gained when both came through one address or one device, or have addresses at one domain.
const ONE_WAY: f64 = 3.0;
const HOURS_OF_A_DAY: f64 = 24.0;

pub(super) fn compare(pair: &Pair<'_>) -> Option<Evidence> {
    let (mine, theirs) = (&pair.me.trace, &pair.peer.trace);
    if !mine.is_slight() || !theirs.is_slight() {
        return None;
    }
    let of_span = |day: bool| {
        let keys = pair.of_kind(KeyKind::Arrival).filter(move |(key, _)| key.key.starts_with('d') == day);
        keys.map(|(key, _)| key.holders).max()
    };
    let here = of_span(false).filter(|here| *here >= PILE_MIN)?;
    // A day too full to be listed is at least as full as the list.
    let day = of_span(true).unwrap_or(here + crate::limits::CANDIDATES_PER_KEY_MAX as u64).max(here);
    let usual = (day - here) as f64 / (HOURS_OF_A_DAY - 1.0) + 1.0;
    let one_way = [KeyKind::Ip, KeyKind::Device, KeyKind::Domain].into_iter().any(|kind| pair.shares(kind));
    let bits = (PER_DOUBLING * (here as f64 / usual).log2()).clamp(0.0, BITS_MAX) + if one_way { ONE_WAY } else { 0.0 };
    let text = format!(
        "Both only registered, among {here} accounts of an hour that came from hidden networks, from machines or with throw-away addresses; other hours of that day had {:.1}.",
        usual - 1.0
    );
    Some(Evidence::new("burst", Some(LinkType::SimilarBehavior), bits, text).sure(0.7).with("holders", here))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linkage::{Card, Trace};
    use crate::testkit::{card, shared_with};

    fn bits(hour: u64, day: u64, acts: u32) -> f64 {
        let arrive = |id: &str| Card { trace: Trace { acts, days: 1, ..Trace::default() }, ..card(id, "", "") };
        let (me, peer) = (arrive("a"), arrive("b"));
        let keys = [shared_with("b", KeyKind::Arrival, "h1", hour), shared_with("b", KeyKind::Arrival, "d1", day)];
        let shared = keys.iter().map(|key| (key, &key.peers[0])).collect();
        compare(&Pair { me: &me, peer: &peer, shared, relayed: &Default::default() })
            .map_or(0.0, |evidence| evidence.bits)
    }

    #[test]
    fn a_pile_counts_and_a_busy_day_or_a_life_does_not() {
        assert!(bits(20, 24, 2) > 5.0);
        assert!(bits(20, 24, 2) > bits(20, 300, 2));
        assert_eq!(bits(2, 2, 2), 0.0);
        assert_eq!(bits(20, 24, 9), 0.0);
    }
}

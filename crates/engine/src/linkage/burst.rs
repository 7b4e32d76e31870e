//! Arrivals that pile up: many accounts within an hour that all come from hidden networks, from machines or with throw-away
//! addresses, and do nothing but register. An advertisement brings crowds too, but those look around, from homes and phones.

use super::{Evidence, KeyKind, LinkType, Pair, company};

/// Marked arrivals in an hour below which there is no pile.
const PILE_MIN: u64 = 4;
/// Bits for every doubling of the arrivals over what the day would bring in an hour, and the most of them.
const PER_DOUBLING: f64 = 1.7;
const BITS_MAX: f64 = 8.5;
/// Bits gained when both came through one address or one device, or have addresses at one domain.
const ONE_WAY: f64 = 3.0;
/// Bits gained when both came with a machine: few people do, and not together.
const MACHINES: f64 = 3.0;
const HOURS_OF_A_DAY: f64 = 24.0;
/// The same of accounts without such marks: more of them are needed, and less is believed.
const GONE_PILE_MIN: u64 = 8;
const GONE: f64 = 2.8;
const GONE_BITS_MAX: f64 = 8.0;
const SPANS_OF_A_WEEK: f64 = 28.0;

pub(super) fn compare(pair: &Pair<'_>) -> Option<Evidence> {
    let slight = pair.me.trace.is_slight() && pair.peer.trace.is_slight();
    if slight { marked(pair).or_else(|| gone(pair)) } else { None }
}

/// A pile of arrivals that show marks of machines and of hiding.
fn marked(pair: &Pair<'_>) -> Option<Evidence> {
    let pile = Pile::of(pair, KeyKind::Arrival, 'd', HOURS_OF_A_DAY, PILE_MIN)?;
    let one_way = [KeyKind::Ip, KeyKind::Device, KeyKind::EmailDomain].into_iter().any(|kind| pair.shares(kind));
    let machines = pair.me.trace.machine && pair.peer.trace.machine;
    let bits = pile.bits() + if one_way { ONE_WAY } else { 0.0 } + if machines { MACHINES } else { 0.0 };
    let text = format!(
        "Both only registered, among {} accounts of an hour that came from hidden networks, from machines or with throw-away addresses; other hours of that day had {:.1}.",
        pile.here, pile.elsewhere
    );
    Some(Evidence::new("burst", Some(LinkType::SimilarBehavior), bits, text).sure(0.7).with("holders", pile.here))
}

/// A pile of accounts of one country that registered while a tracker looked on, and did nothing else, each from a network of
/// its own. A class or an office that registers together has one, and who belongs with others is none of the pile.
fn gone(pair: &Pair<'_>) -> Option<Evidence> {
    if pair.shares(KeyKind::Ip) || pair.shares(KeyKind::IpPrefix) || company::one_belongs_elsewhere(pair) {
        return None;
    }
    let pile = Pile::of(pair, KeyKind::Leaving, 'w', SPANS_OF_A_WEEK, GONE_PILE_MIN)?;
    let text = format!(
        "Both only registered, among {} accounts of one country that did nothing else, each from a network of its own, in six hours; others of that week had {:.1}.",
        pile.here, pile.elsewhere
    );
    let bits = (pile.bits() + GONE).min(GONE_BITS_MAX);
    Some(Evidence::new("burst", Some(LinkType::SimilarBehavior), bits, text).sure(0.5).with("holders", pile.here))
}

/// How many came in a span of time, and how many in others like it.
struct Pile {
    here: u64,
    elsewhere: f64,
}

impl Pile {
    /// The fullest span that both came in, held against the longer one around it, `spans` times as long.
    fn of(pair: &Pair<'_>, kind: KeyKind, longer: char, spans: f64, least: u64) -> Option<Self> {
        let most = |of_longer: bool| {
            let keys = pair.of_kind(kind).filter(move |(key, _)| key.key.starts_with(longer) == of_longer);
            keys.map(|(key, _)| key.holders).max()
        };
        let here = most(false).filter(|here| *here >= least)?;
        // What is too full to be listed is at least as full as the list.
        let around = most(true).unwrap_or(here + crate::limits::CANDIDATES_PER_KEY_MAX as u64).max(here);
        Some(Pile { here, elsewhere: (around - here) as f64 / (spans - 1.0) })
    }

    fn bits(&self) -> f64 {
        (PER_DOUBLING * (self.here as f64 / (self.elsewhere + 1.0)).log2()).clamp(0.0, BITS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linkage::{Card, SharedKey, Trace};
    use crate::testkit::{card, shared_with};

    fn bits(hour: u64, day: u64, acts: u32) -> f64 {
        let arrive = |id: &str| Card { trace: Trace { acts, days: 1, ..Trace::default() }, ..card(id, "", "") };
        let (me, peer) = (arrive("a"), arrive("b"));
        let keys = [shared_with("b", KeyKind::Arrival, "h1", hour), shared_with("b", KeyKind::Arrival, "d1", day)];
        let shared = keys.iter().map(|key| (key, &key.peers[0])).collect();
        compare(&Pair { me: &me, peer: &peer, shared, places: &Default::default() })
            .map_or(0.0, |evidence| evidence.bits)
    }

    #[test]
    fn a_pile_counts_and_a_busy_day_or_a_life_does_not() {
        assert!(bits(20, 24, 2) > 5.0);
        assert!(bits(20, 24, 2) > bits(20, 300, 2));
        assert_eq!(bits(2, 2, 2), 0.0);
        assert_eq!(bits(20, 24, 9), 0.0);
    }

    #[test]
    fn who_belongs_with_others_is_none_of_a_pile() {
        let gone = |company: bool, more: &[SharedKey]| {
            let leave = |id: &str, company| Card {
                trace: Trace { acts: 2, days: 1, company, ..Trace::default() },
                ..card(id, "", "")
            };
            let (me, peer) = (leave("a", company), leave("b", false));
            let span = [shared_with("b", KeyKind::Leaving, "q1", 20), shared_with("b", KeyKind::Leaving, "w1", 24)];
            let shared = span.iter().chain(more).map(|key| (key, &key.peers[0])).collect();
            super::gone(&Pair { me: &me, peer: &peer, shared, places: &Default::default() }).is_some()
        };
        assert!(gone(false, &[]));
        assert!(!gone(true, &[]), "one device for a few of them is no network of its own");
        assert!(gone(true, &[shared_with("b", KeyKind::Device, "d", 5)]), "they are the company");
    }
}

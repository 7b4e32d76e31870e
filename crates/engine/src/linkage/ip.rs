//! Seen at the same address, or in the same network: weak alone, since offices, carriers and VPNs share addresses; more
//! when few are there, when it happened at several addresses, or at the same time.

use super::{Evidence, KeyKind, LinkType, Pair, crowd, popularity};

/// Bits when two identities alone were seen at an address, or in a network.
const BITS: f64 = 4.5;
const PREFIX_BITS: f64 = 1.5;
const PER_DOUBLING: f64 = 1.3;
const PER_DOUBLING_SCRIPTED: f64 = 0.8;
/// Bits gained with each further address that both were seen at.
const FURTHER: f64 = 1.0;

pub(super) fn compare(pair: &Pair<'_>) -> Option<Evidence> {
    if pair.shares_public(KeyKind::Ip) && !pair.shares(KeyKind::Ip) {
        return None;
    }
    let (kind, alone) = if pair.shares(KeyKind::Ip) { (KeyKind::Ip, BITS) } else { (KeyKind::IpPrefix, PREFIX_BITS) };
    let (key, peer) = pair.of_kind(kind).min_by_key(|(key, _)| key.holders)?;
    let places = pair.of_kind(kind).count();
    // The crowd at an address is one hand's where they all do the same.
    let per_doubling = if pair.is_scripted() { PER_DOUBLING_SCRIPTED } else { PER_DOUBLING };
    let bits = (alone - popularity(key.holders, per_doubling)).max(0.0);
    let further = if bits > 0.0 { FURTHER * (places - 1).min(2) as f64 } else { 0.0 };
    let what = match (kind, places) {
        (KeyKind::Ip, 1) => "Both use the same IP address".to_owned(),
        (KeyKind::Ip, places) => format!("Both use the same {places} IP addresses"),
        (_, _) => "Both use addresses of the same network".to_owned(),
    };
    let overlap_ms = key.seen.last_ms.min(peer.seen.last_ms) - key.seen.first_ms.max(peer.seen.first_ms);
    let evidence =
        Evidence::new("ip", Some(LinkType::SharedIp), bits + further, format!("{what}{}.", crowd(key.holders)))
            .with("holders", key.holders)
            .with("key", key.key.as_str())
            .with("overlapMillis", overlap_ms.max(0));
    Some(evidence.sure(0.7))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linkage::{Card, Trace};
    use crate::testkit::{card, shared_with};

    fn bits(holders: u64, trace: Trace) -> f64 {
        let me = Card { trace: trace.clone(), ..card("a", "", "") };
        let peer = Card { trace: Trace { first_ms: trace.first_ms + 9_000_000, ..trace }, ..card("b", "", "") };
        let key = shared_with("b", KeyKind::Ip, "192.0.2.1", holders);
        compare(&Pair { me: &me, peer: &peer, shared: vec![(&key, &key.peers[0])], places: &Default::default() })
            .map_or(0.0, |evidence| evidence.bits)
    }

    #[test]
    fn a_quiet_address_counts_and_a_crowded_one_only_where_all_do_the_same() {
        let script = Trace { deeds: 3, steps: 3, sketch: vec![1, 2, 3], ..Trace::default() };
        assert!(bits(2, Trace::default()) > bits(8, Trace::default()));
        assert_eq!(bits(60, Trace::default()), 0.0);
        assert!(bits(8, script.clone()) > bits(8, Trace { pages: 1, ..script }));
    }
}

//! Seen on the same device: strong when few are, and weaker where the device could be two of one model.

use super::{Evidence, KeyKind, LinkType, Pair, crowd, popularity};
use crate::analyzers::saturation;

/// Bits when two identities alone show a fingerprint.
const BITS: f64 = 10.5;
/// Bits lost with every doubling of the others.
const PER_DOUBLING: f64 = 1.1;
/// Bits lost when the two use it for different things, and with every doubling of the others then.
const OTHER_USE: f64 = 1.2;
const PER_DOUBLING_OTHER_USE: f64 = 1.0;
/// Bits gained with each further device that both were seen on.
const FURTHER: f64 = 2.0;

pub(super) fn compare(pair: &Pair<'_>) -> Option<Evidence> {
    let (key, peer) = pair.of_kind(KeyKind::Device).min_by_key(|(key, _)| key.holders)?;
    let devices = pair.of_kind(KeyKind::Device).count();
    let together = pair.shares(KeyKind::Ip) || pair.shares(KeyKind::IpPrefix) || pair.shares(KeyKind::Session);
    let further = FURTHER * (devices - 1).min(2) as f64;
    // What several have, each for something else, is a family's or a public one.
    let in_common = if pair.live_apart() { OTHER_USE + popularity(key.holders, PER_DOUBLING_OTHER_USE) } else { 0.0 };
    let bits = (bits(key.holders) - in_common).max(0.0) + further;
    let sightings = f64::from(key.seen.count.min(peer.seen.count));
    let what =
        if devices > 1 { format!("Both use the same {devices} devices") } else { "Both use the same device".into() };
    let place = if together { "" } else { ", though never from one network" };
    let evidence =
        Evidence::new("device", Some(LinkType::SameDevice), bits, format!("{what}{place}{}.", crowd(key.holders)))
            .with("fingerprint", key.key.as_str())
            .with("holders", key.holders)
            .with("devices", devices);
    Some(evidence.sure(0.6 + 0.4 * saturation(sightings, 2.0)))
}

/// Bits of one fingerprint with so many holders.
pub(super) fn bits(holders: u64) -> f64 {
    (BITS - popularity(holders, PER_DOUBLING)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{card, shared_with};

    fn bits(shared: &[super::super::SharedKey]) -> f64 {
        let (me, peer) = (card("a", "", ""), card("b", "", ""));
        let shared = shared.iter().map(|key| (key, &key.peers[0])).collect();
        compare(&Pair { me: &me, peer: &peer, shared, places: &Default::default() })
            .map_or(0.0, |evidence| evidence.bits)
    }

    #[test]
    fn identical_phones_in_different_places_say_less_than_one_computer() {
        let phone = [shared_with("b", KeyKind::Device, "fp", 30)];
        let computer = [shared_with("b", KeyKind::Device, "fp", 2), shared_with("b", KeyKind::Ip, "192.0.2.1", 2)];
        assert!(bits(&phone) < 6.0 && bits(&computer) > 9.0);
    }

    #[test]
    fn two_common_devices_say_more_than_one() {
        let one = [shared_with("b", KeyKind::Device, "x", 2)];
        let two = [shared_with("b", KeyKind::Device, "x", 2), shared_with("b", KeyKind::Device, "y", 2)];
        assert!(bits(&two) > bits(&one));
    }
}

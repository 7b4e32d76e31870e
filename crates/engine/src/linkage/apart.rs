//! What speaks against one person although a fingerprint or a habit is shared: devices of one's own beside it, never having
//! been at one address, which for phones of one model is the rule, and lives in different countries.

use super::{Evidence, KeyKind, Pair};
use crate::text::hash32;

/// Bits against when two show one fingerprint but were never at one address: phones of one model look alike everywhere,
/// of two computers that look alike one in six is two people's.
const HANDHELD: f64 = -6.5;
const COMPUTER: f64 = -2.0;
/// The same of two that are worked by one script: who works accounts changes the address on purpose.
const COMPUTER_SCRIPTED: f64 = -0.8;
/// Bits against when each also has devices of their own: relatives share a computer and not their phones.
const OWN_DEVICES: f64 = -3.0;
/// An address with more holders than this brings strangers together.
const CROWD: u64 = 24;
/// Bits for and against, when nothing shared tells where people are: most services have users in many countries.
const ONE_COUNTRY: f64 = 1.5;
const OTHER_COUNTRY: f64 = -2.5;
/// What people share without ever being in one place.
const HABITS: [KeyKind; 5] =
    [KeyKind::Behavior, KeyKind::Referral, KeyKind::Promo, KeyKind::EmailDomain, KeyKind::Leaving];

pub(super) fn compare(pair: &Pair<'_>) -> Option<Evidence> {
    let shared = pair.of_kind(KeyKind::Device).count() as u32;
    let (mine, theirs) = (&pair.me.trace, &pair.peer.trace);
    if shared > 0 && mine.devices > shared && theirs.devices > shared {
        return Some(Evidence::new(
            "place",
            None,
            OWN_DEVICES,
            "Each of the two also uses devices that the other does not.",
        ));
    }
    let together = pair.shares(KeyKind::Session) || pair.of_kind(KeyKind::Ip).any(|(key, _)| key.holders <= CROWD);
    if together {
        return None;
    }
    if let Some((key, _)) = pair.of_kind(KeyKind::Device).min_by_key(|(key, _)| key.holders) {
        let hash = hash32(&key.key);
        let handheld = mine.handhelds.contains(&hash) || theirs.handhelds.contains(&hash);
        // Who hides where they are is never at one address.
        if !handheld && (mine.hidden || theirs.hidden) {
            return None;
        }
        // It takes back what the fingerprint says, and no more.
        let handheld_bits = HANDHELD.max(-super::device::bits(key.holders));
        return Some(match handheld {
            true => Evidence::new(
                "place",
                None,
                handheld_bits,
                "The device is a phone or tablet, alike are many, and the two were never seen at one address.",
            ),
            false => {
                let bits = if pair.is_scripted() { COMPUTER_SCRIPTED } else { COMPUTER };
                Evidence::new("place", None, bits, "The two were never seen at one address.")
            }
        });
    }
    if pair.in_one_crowd()
        || mine.country.is_empty()
        || theirs.country.is_empty()
        || !HABITS.into_iter().any(|kind| pair.shares(kind))
    {
        return None;
    }
    Some(match mine.country == theirs.country {
        true => Evidence::new("place", None, ONE_COUNTRY, "Both are seen in the same country."),
        false => Evidence::new("place", None, OTHER_COUNTRY, "They are seen in different countries."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linkage::{Card, Trace};
    use crate::testkit::{card, shared_with};

    fn bits(keys: &[super::super::SharedKey], trace: Trace) -> f64 {
        let (me, peer) = (Card { trace: trace.clone(), ..card("a", "", "") }, Card { trace, ..card("b", "", "") });
        let shared = keys.iter().map(|key| (key, &key.peers[0])).collect();
        compare(&Pair { me: &me, peer: &peer, shared, places: &Default::default() })
            .map_or(0.0, |evidence| evidence.bits)
    }

    #[test]
    fn identical_phones_in_different_places_are_two_peoples() {
        let device = shared_with("b", KeyKind::Device, "fp", 3);
        let phone = Trace { handhelds: vec![hash32("fp")], ..Trace::default() };
        assert!(
            bits(std::slice::from_ref(&device), phone.clone()) < bits(std::slice::from_ref(&device), Trace::default())
        );
        assert_eq!(bits(&[device, shared_with("b", KeyKind::Ip, "192.0.2.1", 3)], phone), 0.0);
    }

    #[test]
    fn who_has_devices_of_their_own_is_rather_a_relative() {
        let device = shared_with("b", KeyKind::Device, "fp", 2);
        let ip = shared_with("b", KeyKind::Ip, "192.0.2.1", 2);
        let of = |devices| bits(&[device.clone(), ip.clone()], Trace { devices, ..Trace::default() });
        assert!(of(2) < of(1) && of(1) == 0.0);
    }

    #[test]
    fn countries_tell_where_nothing_else_does() {
        let here = Trace { country: "PL".into(), ..Trace::default() };
        assert!(bits(&[shared_with("b", KeyKind::Behavior, "x", 3)], here) > 0.0);
    }
}

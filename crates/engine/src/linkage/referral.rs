//! Who brought whom: accounts behind one referral code. Friends bring friends, so it is a hint that needs company; the same
//! rare promotion code is a weaker one.

use super::{Evidence, KeyKind, LinkType, Pair, popularity};

const REFERRAL: f64 = 3.0;
const PROMO: f64 = 2.5;
/// A code that many use is an advertisement's.
const PER_DOUBLING: f64 = 0.5;

pub(super) fn compare(pair: &Pair<'_>) -> Option<Evidence> {
    let of = |kind: KeyKind, alone: f64| {
        let (key, _) = pair.of_kind(kind).min_by_key(|(key, _)| key.holders)?;
        Some((key.holders, (alone - popularity(key.holders, PER_DOUBLING)).max(0.0)))
    };
    let (what, (holders, bits)) = match (of(KeyKind::Referral, REFERRAL), of(KeyKind::Promo, PROMO)) {
        (Some(referral), _) => ("came by, or gave, the same referral code", referral),
        (None, Some(promo)) => ("used the same promotion code", promo),
        (None, None) => return None,
    };
    if bits == 0.0 {
        return None;
    }
    let text = format!("{holders} accounts {what}.");
    Some(Evidence::new("referral", Some(LinkType::SimilarBehavior), bits, text).sure(0.5).with("holders", holders))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{card, shared_with};

    fn bits(kind: KeyKind, holders: u64) -> f64 {
        let (me, peer) = (card("a", "", ""), card("b", "", ""));
        let key = shared_with("b", kind, "CODE", holders);
        compare(&Pair { me: &me, peer: &peer, shared: vec![(&key, &key.peers[0])], places: &Default::default() })
            .map_or(0.0, |evidence| evidence.bits)
    }

    #[test]
    fn a_code_of_few_is_a_hint_and_an_advertisement_is_none() {
        assert!(bits(KeyKind::Referral, 4) > bits(KeyKind::Promo, 4));
        assert!(bits(KeyKind::Referral, 4) < 4.0);
        assert_eq!(bits(KeyKind::Promo, 500), 0.0);
    }
}

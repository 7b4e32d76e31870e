//! E-mail addresses at one domain that few have: a company, a family, or somebody who catches all mail of a domain bought
//! for the purpose. Alone it says little; it ties together what else looks like one hand.

use super::{Evidence, KeyKind, LinkType, Pair, popularity};

const BITS: f64 = 3.5;
const PER_DOUBLING: f64 = 0.5;
/// Bits when accounts at such a domain begin alike and do little, one after the other.
const SERIES: f64 = 2.0;
const SERIES_GAP_MS: i64 = 14 * 24 * 3_600_000;
const ALIKE: f64 = 0.7;

pub(super) fn compare(pair: &Pair<'_>) -> Option<Evidence> {
    let (key, _) = pair.of_kind(KeyKind::EmailDomain).min_by_key(|(key, _)| key.holders)?;
    let (mine, theirs) = (&pair.me.trace, &pair.peer.trace);
    let alike = mine.acts > 0 && mine.likeness(theirs) >= ALIKE && mine.pages + theirs.pages == 0;
    let series = alike && (mine.first_ms - theirs.first_ms).abs() <= SERIES_GAP_MS;
    let bits = (BITS - popularity(key.holders, PER_DOUBLING)).max(0.0) + if series { SERIES } else { 0.0 };
    if bits <= 0.0 {
        return None;
    }
    let alike = if series { ", and do the same things there" } else { "" };
    let text = format!("{} accounts have e-mail addresses at the same domain{alike}.", key.holders);
    Some(Evidence::new("domain", Some(LinkType::SimilarEmail), bits, text).sure(0.6).with("holders", key.holders))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{card, shared_with};

    fn bits(holders: u64) -> f64 {
        let (me, peer) = (card("a", "", ""), card("b", "", ""));
        let key = shared_with("b", KeyKind::EmailDomain, "bluefox.example", holders);
        compare(&Pair { me: &me, peer: &peer, shared: vec![(&key, &key.peers[0])], places: &Default::default() })
            .map_or(0.0, |evidence| evidence.bits)
    }

    #[test]
    fn a_rare_domain_is_a_hint_and_a_company_is_none() {
        assert!((2.0..4.0).contains(&bits(4)));
        assert_eq!(bits(400), 0.0);
    }
}

//! Goods that go to one house: a household, or somebody who orders under many names.

use super::{Evidence, KeyKind, LinkType, Pair, crowd, popularity};

const BITS: f64 = 5.0;
const PER_DOUBLING: f64 = 0.7;

pub(super) fn compare(pair: &Pair<'_>) -> Option<Evidence> {
    let (key, _) = pair.of_kind(KeyKind::Street).min_by_key(|(key, _)| key.holders)?;
    let bits = (BITS - popularity(key.holders, PER_DOUBLING)).max(0.0);
    let text = format!("Both gave the same street and number{}.", crowd(key.holders));
    let evidence = Evidence::new("street", Some(LinkType::SimilarEmail), bits, text).sure(0.7);
    Some(evidence.with("kind", "street").with("holders", key.holders))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{card, shared_with};

    #[test]
    fn a_house_counts_less_the_more_live_there() {
        let bits = |holders| {
            let (me, peer) = (card("a", "", ""), card("b", "", ""));
            let key = shared_with("b", KeyKind::Street, "park lane 7|", holders);
            compare(&Pair { me: &me, peer: &peer, shared: vec![(&key, &key.peers[0])], places: &Default::default() })
                .map_or(0.0, |evidence| evidence.bits)
        };
        assert!(bits(2) > bits(8) && bits(8) > 2.0 && bits(500) == 0.0);
    }
}

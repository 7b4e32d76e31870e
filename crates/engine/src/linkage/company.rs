//! The company each keeps: who shares a device, an address or a card with a few others, and none of that with this one,
//! belongs with them. Crews that work accounts in the same way are told apart by it.

use super::{Evidence, KeyKind, Pair, SharedKey, Trace};

/// Bits against when each has company and they have none of it in common.
const OTHER_COMPANY: f64 = -2.0;
/// Holders of an artefact that know each other: two may be a coincidence, and in a crowd nobody knows anybody.
const COMPANY: std::ops::RangeInclusive<u64> = 3..=24;
/// What company has in common.
const TIES: [KeyKind; 8] = [
    KeyKind::Device,
    KeyKind::Session,
    KeyKind::Ip,
    KeyKind::EmailDomain,
    KeyKind::Phone,
    KeyKind::Payment,
    KeyKind::Document,
    KeyKind::Street,
];

/// Whether an identity that shares these keys has company. Who hides behind a network, or was there for a moment, has an
/// address in common with strangers: every account of one hand with others.
pub fn has_company(trace: &Trace, shared: &[SharedKey]) -> bool {
    let anywhere = trace.hidden || trace.is_slight();
    let ties = |kind| TIES.contains(&kind) && !(anywhere && kind == KeyKind::Ip);
    shared.iter().any(|key| ties(key.kind) && !key.public && COMPANY.contains(&key.holders))
}

/// Whether they have no tie to each other and one of them has company elsewhere.
pub(super) fn one_belongs_elsewhere(pair: &Pair<'_>) -> bool {
    (pair.me.trace.company || pair.peer.trace.company) && !are_tied(pair)
}

fn are_tied(pair: &Pair<'_>) -> bool {
    TIES.into_iter().any(|kind| pair.shares(kind))
}

pub(super) fn compare(pair: &Pair<'_>) -> Option<Evidence> {
    let apart = pair.me.trace.company && pair.peer.trace.company && !are_tied(pair);
    let text =
        "Each shares a device, an address or the like with a few other accounts, and nothing of that with this one.";
    apart.then(|| Evidence::new("company", None, OTHER_COMPANY, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linkage::Card;
    use crate::testkit::{card, shared_with};

    fn bits(company: [bool; 2], kind: KeyKind) -> f64 {
        let of = |id: &str, company| Card { trace: Trace { company, ..Trace::default() }, ..card(id, "", "") };
        let (me, peer) = (of("a", company[0]), of("b", company[1]));
        let key = shared_with("b", kind, "k", 5);
        compare(&Pair { me: &me, peer: &peer, shared: vec![(&key, &key.peers[0])], places: &Default::default() })
            .map_or(0.0, |evidence| evidence.bits)
    }

    #[test]
    fn only_who_both_have_company_of_their_own_are_told_apart() {
        assert_eq!(bits([true, true], KeyKind::Behavior), OTHER_COMPANY);
        assert_eq!(bits([true, false], KeyKind::Behavior), 0.0);
        assert_eq!(bits([true, true], KeyKind::Device), 0.0);
    }

    #[test]
    fn a_few_are_company_and_a_crowd_is_none() {
        let of = |kind, holders| has_company(&Trace::default(), &[shared_with("b", kind, "k", holders)]);
        assert!(of(KeyKind::Device, 3) && of(KeyKind::Ip, 24));
        assert!(!of(KeyKind::Device, 2) && !of(KeyKind::Ip, 25) && !of(KeyKind::Name, 5));
        let hidden = Trace { hidden: true, ..Trace::default() };
        assert!(!has_company(&hidden, &[shared_with("b", KeyKind::Ip, "k", 5)]));
        assert!(has_company(&hidden, &[shared_with("b", KeyKind::Device, "k", 5)]));
    }
}

//! Similar e-mail addresses: numbered series, the same pattern at one provider, a local part carried to another.

use super::{Evidence, KeyKind, LinkType, Pair, popularity};
use crate::intelligence::email::{Disposable, EmailFacts};
use crate::intelligence::names::name_rank;

/// Bits for a series (`anna01@`, `anna02@`) of a local part that is nobody's common name.
const SERIES: f64 = 6.0;
/// Bits for the same local part at two providers, and for two that differ by one keystroke.
const CARRIED: f64 = 4.5;
const TYPO: f64 = 2.5;
/// Bits for the same disposable domain: few people use any.
const DISPOSABLE: f64 = 1.5;
/// Bits against, when two addresses have nothing in common.
const UNLIKE: f64 = -1.0;
/// A local part of at least this many characters is rarely two people's by chance.
const LONG_LOCAL: usize = 8;

pub(super) fn compare(pair: &Pair<'_>) -> Option<Evidence> {
    let (mine, theirs) = (pair.me.face.email.as_ref()?, pair.peer.face.email.as_ref()?);
    if mine.canonical == theirs.canonical {
        // The same mailbox is contact evidence; it is not told twice.
        return None;
    }
    let (a, b) = (local_skeleton(mine), local_skeleton(theirs));
    let similar = |bits: f64, text: &str| {
        Some(Evidence::new("e-mail", Some(LinkType::SimilarEmail), bits, text).with("kind", "similar"))
    };
    let rarity = rarity(a);
    match () {
        () if a.len() >= 3 && mine.skeleton == theirs.skeleton => {
            let holders = pair.of_kind(KeyKind::EmailSkeleton).map(|(key, _)| key.holders).min().unwrap_or(2);
            // A long series is rather a machine's than chance: popularity costs less than elsewhere.
            let bits = (SERIES * rarity - popularity(holders, 0.5)).max(0.0);
            similar(bits, "Their e-mail addresses are one pattern at one provider, with other digits or separators.")
        }
        () if a.len() >= 3 && a == b => {
            similar(CARRIED * rarity, "Their e-mail addresses have the same name before the @ at two providers.")
        }
        () if close(a, b) => similar(TYPO * rarity, "Their e-mail addresses differ by a keystroke or two."),
        () if mine.registrable == theirs.registrable && mine.disposable >= Disposable::Weak => {
            similar(DISPOSABLE, "Both use the same provider of throw-away addresses.")
        }
        // Throw-away addresses differ because they are free, not because their owners do.
        () if mine.disposable >= Disposable::Weak || theirs.disposable >= Disposable::Weak => None,
        () => Some(Evidence::new("e-mail", None, UNLIKE, "Their e-mail addresses have nothing in common.")),
    }
}

fn local_skeleton(facts: &EmailFacts) -> &str {
    facts.skeleton.split('@').next().unwrap_or_default()
}

/// One or two typing errors in something long enough to tell.
fn close(a: &str, b: &str) -> bool {
    let length = a.chars().count().min(b.chars().count());
    length >= LONG_LOCAL && strsim::osa_distance(a, b) <= 1 + length / 12
}

/// 0.4 for a common first name, 1 for something long or unheard of.
fn rarity(local: &str) -> f64 {
    let length = (local.chars().count() as f64 / LONG_LOCAL as f64).min(1.0);
    let common = name_rank(local).is_some_and(|rank| rank < 2000);
    if common { 0.4 } else { 0.5 + 0.5 * length }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::card;

    fn bits(a: &str, b: &str) -> f64 {
        let (me, peer) = (card("a", "", a), card("b", "", b));
        compare(&Pair { me: &me, peer: &peer, shared: Vec::new(), relayed: &Default::default() })
            .map_or(0.0, |evidence| evidence.bits)
    }

    #[test]
    fn series_and_carried_names_count_and_common_names_hardly() {
        assert!(bits("promo.hunter01@gmail.com", "promohunter77@gmail.com") > 5.0);
        assert!(bits("kvirtanen@gmail.com", "kvirtanen@outlook.com") > 3.5);
        assert!(bits("maria1@gmail.com", "maria22@gmail.com") < 3.0);
        assert!(bits("anna.virtanen@example.com", "tomasz.k@example.com") < 0.0);
    }
}

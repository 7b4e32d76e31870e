//! Similar names: the same words in any order, initials, nicknames, typing errors; and unlike names, which speak against.

use super::{Evidence, KeyKind, LinkType, Pair, popularity};
use crate::intelligence::names::nicknames_of;

/// Bits for the same full name, for a common and for a rare one.
const SAME_COMMON: f64 = 3.0;
const SAME_RARE: f64 = 6.0;
/// Bits for names that agree but for a nickname, an initial or a keystroke.
const NEARLY: f64 = 2.5;
/// Bits for one family name and two first names: a household, not a person.
const SAME_FAMILY: f64 = -3.5;
/// Bits against, when two full names have no word in common.
const UNLIKE: f64 = -4.5;
/// Ranks up to this are common names.
const COMMON_RANK: u32 = 3000;

pub(super) fn compare(pair: &Pair<'_>) -> Option<Evidence> {
    let (me, peer) = (&pair.me.face, &pair.peer.face);
    let (mine, theirs) = (&me.name, &peer.name);
    if mine.is_empty() || theirs.is_empty() || (mine.len() < 2 && theirs.len() < 2) {
        return None;
    }
    let (matched, exact) = agreement(mine, theirs);
    let shortest = mine.len().min(theirs.len());
    let similar = |bits: f64, text: &str| Some(Evidence::new("name", Some(LinkType::SimilarName), bits, text));
    match () {
        () if matched == shortest && shortest >= 2 && exact == matched => {
            let holders = pair.of_kind(KeyKind::Name).map(|(key, _)| key.holders).min().unwrap_or(2);
            similar((same_bits(me.rarest_rank) - popularity(holders, 0.8)).max(0.5), "They have the same name.")
        }
        () if matched == shortest && shortest >= 2 => similar(NEARLY, "Their names agree but for a nickname, an initial or a keystroke."),
        () if matched > 0 => Some(Evidence::new("name", None, SAME_FAMILY, "They share a part of the name and differ in another, as relatives do.")),
        // Names that nobody has differ because they are invented.
        () if me.invented || peer.invented => None,
        () => Some(Evidence::new("name", None, UNLIKE, "Their names have nothing in common.")),
    }
}

/// How many words of the shorter name have a counterpart in the longer, and how many of those are the same to the letter.
fn agreement(a: &[String], b: &[String]) -> (usize, usize) {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let mut free: Vec<&String> = long.iter().collect();
    let (mut matched, mut exact) = (0, 0);
    for word in short {
        let same = free.iter().position(|other| *other == word);
        let place = same.or_else(|| free.iter().position(|other| is_near(word, other)));
        if let Some(place) = place {
            free.remove(place);
            matched += 1;
            exact += usize::from(same.is_some());
        }
    }
    (matched, exact)
}

/// A nickname, an initial, or one typing error in a word of five letters or more.
fn is_near(a: &str, b: &str) -> bool {
    let (short, long) = if a.chars().count() <= b.chars().count() { (a, b) } else { (b, a) };
    if short.chars().count() == 1 {
        return long.starts_with(short);
    }
    let one_error = short.chars().count() >= 5 && long.len() - short.len() <= 4;
    one_error && strsim::osa_distance(a, b) <= 1
        || nicknames_of(a).any(|name| name == b)
        || nicknames_of(b).any(|name| name == a)
}

/// Rarity by the rarest word: `John Smith` is many people, `Xochitl Zapotecatl` is not.
fn same_bits(rarest_rank: u32) -> f64 {
    if rarest_rank <= COMMON_RANK { SAME_COMMON } else { SAME_RARE }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::card;

    fn bits(a: &str, b: &str) -> f64 {
        let (me, peer) = (card("a", a, ""), card("b", b, ""));
        compare(&Pair { me: &me, peer: &peer, shared: Vec::new(), relayed: &Default::default() }).map_or(0.0, |evidence| evidence.bits)
    }

    #[test]
    fn the_same_name_in_any_dress() {
        assert!(bits("Xochitl Zapotecatl", "ZAPOTECATL, Xóchitl") > bits("John Smith", "Smith John"));
        assert!(bits("Robert Kowalczyk", "Bob Kowalczyk") > 0.0);
        assert!(bits("A. Virtanen", "Anna Virtanen") > 0.0);
        assert!(bits("Katarzyna Wisniewska", "Katarzina Wisniewska") > 0.0);
    }

    #[test]
    fn relatives_and_strangers_are_not_one_person() {
        assert!(bits("Anna Virtanen", "Mikko Virtanen") < 0.0);
        assert!(bits("Anna Virtanen", "Tomasz Kowalczyk") < bits("Anna Virtanen", "Mikko Virtanen"));
        assert_eq!(bits("Anna", "Mikko"), 0.0);
    }
}

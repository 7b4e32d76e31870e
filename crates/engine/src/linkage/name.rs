//! Similar names: the same words in any order, initials, nicknames, typing errors; and unlike names, which speak against.

use super::{Evidence, Face, KeyKind, LinkType, Pair, popularity};

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
    let (matched, exact) = agreement(me, peer);
    let shortest = mine.len().min(theirs.len());
    let similar = |bits: f64, text: &str| Some(Evidence::new("name", Some(LinkType::SimilarName), bits, text));
    match () {
        () if matched == shortest && shortest >= 2 && exact == matched => {
            let holders = pair.of_kind(KeyKind::Name).map(|(key, _)| key.holders).min().unwrap_or(2);
            similar((same_bits(me.rarest_rank) - popularity(holders, 0.8)).max(0.5), "They have the same name.")
        }
        () if matched == shortest && shortest >= 2 => {
            similar(NEARLY, "Their names agree but for a nickname, an initial or a keystroke.")
        }
        () if matched > 0 => Some(Evidence::new(
            "name",
            None,
            SAME_FAMILY,
            "They share a part of the name and differ in another, as relatives do.",
        )),
        // Names that nobody has differ because they are invented.
        () if me.invented || peer.invented => None,
        () => Some(Evidence::new("name", None, UNLIKE, "Their names have nothing in common.")),
    }
}

/// How many words of the shorter name have a counterpart in the longer, and how many of those are the same to the letter.
fn agreement(a: &Face, b: &Face) -> (usize, usize) {
    let (short, long) = if a.name.len() <= b.name.len() { (a, b) } else { (b, a) };
    let mut free: Vec<usize> = (0..long.name.len()).collect();
    let (mut matched, mut exact) = (0, 0);
    for place in 0..short.name.len() {
        let same = free.iter().position(|&other| long.name[other] == short.name[place]);
        let found = same.or_else(|| free.iter().position(|&other| is_near(short, place, long, other)));
        if let Some(found) = found {
            free.remove(found);
            matched += 1;
            exact += usize::from(same.is_some());
        }
    }
    (matched, exact)
}

/// A nickname, an initial, or one typing error in a word of five letters or more.
fn is_near(a: &Face, place: usize, b: &Face, other: usize) -> bool {
    let (mine, theirs) = (a.name[place].as_str(), b.name[other].as_str());
    let (short, long) = if mine.len() <= theirs.len() { (mine, theirs) } else { (theirs, mine) };
    if short.chars().nth(1).is_none() {
        return long.starts_with(short);
    }
    let ends_meet =
        short.chars().next() == long.chars().next() || short.chars().next_back() == long.chars().next_back();
    let one_error = ends_meet && long.len() - short.len() <= 4 && short.chars().nth(4).is_some();
    one_error && strsim::osa_distance(mine, theirs) <= 1
        || a.nicknames[place].contains(&theirs)
        || b.nicknames[other].contains(&mine)
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
        compare(&Pair { me: &me, peer: &peer, shared: Vec::new(), relayed: &Default::default() })
            .map_or(0.0, |evidence| evidence.bits)
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

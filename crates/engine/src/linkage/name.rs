//! Similar names: the same words in any order, initials, nicknames, other spellings, typing errors; and unlike names, which
//! speak against.

use super::card::Word;
use super::{Evidence, Face, KeyKind, LinkType, Pair, popularity};

/// Bits for a full name that two alone hold, to the letter or nearly, if its words tell [`TYPICAL`] bits; and what each
/// further bit adds.
const SAME: f64 = 6.4;
const NEARLY: f64 = 6.0;
const PER_BIT: f64 = 0.08;
const TYPICAL: f64 = 20.0;
/// The most that a name tells: namesakes exist, and so do made-up names.
const BITS_MAX: f64 = 7.4;
/// Bits lost with every doubling of those who hold it, and those lost beside when they are more than one person's.
const PER_DOUBLING: f64 = 0.35;
const PER_DOUBLING_CROWD: f64 = 0.8;
const CROWD: f64 = 8.0;
/// Share of that which remains for the rarest name.
const PEOPLE_MIN: f64 = 0.6;
/// Bits lost when nobody knows how many hold it, by how much its words tell: a common and a rare name.
const UNCOUNTED: [(f64, f64); 2] = [(12.0, 3.5), (26.0, 1.2)];
/// Bits for one family name and two first names: a household, not a person.
const SAME_FAMILY: f64 = -3.5;
/// Bits against, when two full names have no word in common.
const UNLIKE: f64 = -4.5;
/// Share of a word's rarity that a likeness keeps.
const NICKNAME: f64 = 0.7;
const SAME_SOUND: f64 = 0.65;
const ONE_ERROR: f64 = 0.65;
const TWO_ERRORS: f64 = 0.5;
const CUT_SHORT: f64 = 0.4;
const SPELLING: f64 = 0.35;
const INITIAL: f64 = 0.15;
const GARBLED: f64 = 0.1;
/// Errors with which a word can still sound alike.
const ERRORS_MAX: usize = 3;
/// Likeness (Winkler, 1990) from which a word that nobody is called may be the other, mistyped.
const GARBLED_MIN: f64 = 0.8;

pub(super) fn compare(pair: &Pair<'_>) -> Option<Evidence> {
    let (me, peer) = (&pair.me.face, &pair.peer.face);
    if me.name.is_empty() || peer.name.is_empty() {
        return None;
    }
    let found = agreement(me, peer);
    let shortest = me.name.len().min(peer.name.len());
    match () {
        () if shortest < 2 => one_word(&found, me.name.len().max(peer.name.len())),
        () if found.matched == shortest => Some(same(pair, &found)),
        () if found.matched > 0 => Some(Evidence::new(
            "name",
            None,
            SAME_FAMILY,
            "They share a part of the name and differ in another, as relatives do.",
        )),
        // Names that nobody has differ because they are invented.
        () if me.is_invented() || peer.is_invented() => None,
        () => Some(Evidence::new("name", None, UNLIKE, "Their names have nothing in common.")),
    }
}

/// Every word of the shorter name has a counterpart in the longer one.
fn same(pair: &Pair<'_>, found: &Agreement) -> Evidence {
    let exact = found.exact == found.matched;
    let kinds = if exact { [KeyKind::Name, KeyKind::NameSound] } else { [KeyKind::NameSound, KeyKind::Name] };
    let holders = kinds.into_iter().find_map(|kind| pair.of_kind(kind).map(|(key, _)| key.holders).min());
    let bits = if exact { SAME } else { NEARLY } + PER_BIT * (found.rarity - TYPICAL);
    let crowd = holders.map_or_else(|| uncounted(found.rarity), |holders| crowded(holders, found.rarity));
    let text = match exact {
        true => "They have the same name.",
        false => "Their names agree but for a nickname, an initial, a spelling or a keystroke.",
    };
    Evidence::new("name", Some(LinkType::SimilarName), (bits.min(BITS_MAX) - crowd).max(0.5), text)
}

/// Many with a common name are many people; many with a name that hardly anybody has are fewer than they seem. Only
/// somewhat fewer: what is rare in the data pack may be common where the team's users live.
fn crowded(holders: u64, rarity: f64) -> f64 {
    let people = (1.0 - (rarity - TYPICAL) / TYPICAL).clamp(PEOPLE_MIN, 1.0);
    people * (popularity(holders, PER_DOUBLING) + PER_DOUBLING_CROWD * (holders as f64 / CROWD).log2().max(0.0))
}

fn uncounted(rarity: f64) -> f64 {
    let [(common, most), (rare, least)] = UNCOUNTED;
    (most + (least - most) * (rarity - common) / (rare - common)).clamp(least, most)
}

/// A single word is no name to go by, unless it is a rare one; and it never speaks against.
fn one_word(found: &Agreement, longest: usize) -> Option<Evidence> {
    let bits = (0.25 * (found.rarity - 8.0)).clamp(0.0, if longest == 1 { 2.0 } else { 1.5 });
    (found.matched == 1 && bits > 0.0)
        .then(|| Evidence::new("name", None, bits, "They share the one name that is known."))
}

struct Agreement {
    /// Words of the shorter name that have a counterpart in the longer.
    matched: usize,
    /// Those of them that are the same to the letter.
    exact: usize,
    /// What the words agreed upon tell, in bits.
    rarity: f64,
}

fn agreement(a: &Face, b: &Face) -> Agreement {
    let (short, long) = if a.name.len() <= b.name.len() { (&a.name, &b.name) } else { (&b.name, &a.name) };
    let mut free: Vec<&Word> = long.iter().collect();
    let mut left: Vec<&Word> = Vec::new();
    let mut found = Agreement { matched: 0, exact: 0, rarity: 0.0 };
    for word in short {
        match free.iter().position(|other| other.text == word.text) {
            Some(place) => {
                free.remove(place);
                found.matched += 1;
                found.exact += 1;
                found.rarity += word.rarity;
            }
            None => left.push(word),
        }
    }
    for word in left {
        let shares = free.iter().enumerate().map(|(place, other)| (place, likeness(word, other)));
        let Some((place, share)) = shares.max_by(|a, b| a.1.total_cmp(&b.1)) else { break };
        if share > 0.0 {
            found.matched += 1;
            found.rarity += share * word.rarity.min(free[place].rarity);
            free.remove(place);
        }
    }
    found
}

/// How much of a word's rarity counts although the two are not the same to the letter; 0 when they are two names.
fn likeness(a: &Word, b: &Word) -> f64 {
    if a.is_initial() || b.is_initial() {
        return if a.text.chars().next() == b.text.chars().next() { INITIAL } else { 0.0 };
    }
    if a.nicknames.contains(&b.text.as_str()) || b.nicknames.contains(&a.text.as_str()) {
        return NICKNAME;
    }
    let (short, long) = if a.text.len() <= b.text.len() { (&a.text, &b.text) } else { (&b.text, &a.text) };
    let length = a.letters.count().min(b.letters.count());
    if length < 3 || long.len() - short.len() > 4 * length {
        return 0.0;
    }
    if a.known && b.known {
        return spelling(a, b);
    }
    // Most words are two words: nothing is asked about so many errors.
    let errors_min = a.letters.errors_min(b.letters);
    let errors = if errors_min > ERRORS_MAX { errors_min } else { strsim::osa_distance(&a.text, &b.text) };
    match () {
        () if errors == 1 && length >= 4 => ONE_ERROR,
        () if a.sound == b.sound && errors <= ERRORS_MAX => SAME_SOUND,
        () if errors == 2 && length >= 6 => TWO_ERRORS,
        () if length >= 4 && long.starts_with(short.as_str()) => CUT_SHORT,
        () if errors == 1 => CUT_SHORT,
        () if a.letters.likeness_max(b.letters) < GARBLED_MIN => 0.0,
        () if strsim::jaro_winkler(&a.text, &b.text) >= GARBLED_MIN => GARBLED,
        () => 0.0,
    }
}

/// Two names that people have are two names, Maria no misspelt Mario, unless they are spellings of one: Smith and Smyth.
/// Between Clark and Clarke, Daniel and Danielle nothing can be told.
fn spelling(a: &Word, b: &Word) -> f64 {
    const VOWELS: [char; 6] = ['a', 'e', 'i', 'o', 'u', 'y'];
    let heard =
        |text: &str| text.chars().find(|char| VOWELS.contains(char)).map(|char| if char == 'y' { 'i' } else { char });
    let end = |text: &str| text.trim_end_matches('h').chars().next_back().filter(|char| VOWELS.contains(char));
    match (end(&a.text), end(&b.text)) {
        _ if a.sound != b.sound || heard(&a.text) != heard(&b.text) => 0.0,
        (one, other) if one == other => SPELLING,
        (Some('e') | None, Some('e') | None) => GARBLED,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{card, shared_with};

    fn bits(a: &str, b: &str) -> f64 {
        let (me, peer) = (card("a", a, ""), card("b", b, ""));
        compare(&Pair { me: &me, peer: &peer, shared: Vec::new(), places: &Default::default() })
            .map_or(0.0, |evidence| evidence.bits)
    }

    fn bits_among(holders: u64, a: &str, b: &str) -> f64 {
        let (me, peer) = (card("a", a, ""), card("b", b, ""));
        let key = shared_with("b", KeyKind::NameSound, "x", holders);
        compare(&Pair { me: &me, peer: &peer, shared: vec![(&key, &key.peers[0])], places: &Default::default() })
            .map_or(0.0, |evidence| evidence.bits)
    }

    #[test]
    fn the_same_name_in_any_dress() {
        assert!(bits("Xochitl Zapotecatl", "ZAPOTECATL, Xóchitl") > bits("John Smith", "Smith John"));
        for (a, b) in [
            ("Robert Kowalczyk", "Bob Kowalczyk"),
            ("A. Virtanen", "Anna Virtanen"),
            ("Katarzyna Wisniewska", "Katarzina Wisniewska"),
            ("Mohammed Siddiqui", "Mohamed Sidiqi"),
            ("Katherine Smyth", "Catherine Smith"),
            ("Anna Maria Virtanen", "Virtanen Anna"),
            ("Νίκος Παπαδόπουλος", "Nikos Papadopoulos"),
            ("Наталья Кузнецова", "Natalya Kuznetsova"),
            ("محمد الفاسي", "محمد الفاسي"),
        ] {
            assert!(bits(a, b) > 1.0, "{a}, {b}: {}", bits(a, b));
        }
        // Cyrillic letters that look like Latin ones.
        assert_eq!(bits("Аnnа Virtanen", "Anna Virtanen"), bits("Anna Virtanen", "Anna Virtanen"));
        assert_eq!(bits("Дмитро Скрипник", "Dmitro Skripnik"), bits("Dmitro Skripnik", "Dmitro Skripnik"));
    }

    #[test]
    fn relatives_and_strangers_are_not_one_person() {
        for (a, b) in [
            ("Anna Virtanen", "Mikko Virtanen"),
            ("Maria Rossi", "Mario Rossi"),
            ("Paula Novak", "Paul Novak"),
            ("Tim Berger", "Tom Berger"),
            ("Erin Walsh", "Eric Walsh"),
            ("Daniela García López", "Daniel García López"),
            ("山田 太郎", "山田 花子"),
        ] {
            assert_eq!(bits(a, b), SAME_FAMILY, "{a}, {b}");
        }
        assert_eq!(bits("Anna Virtanen", "Tomasz Kowalczyk"), UNLIKE);
        assert_eq!(bits("山田 太郎", "佐藤 花子"), UNLIKE);
    }

    #[test]
    fn a_single_word_says_little_and_never_speaks_against() {
        assert_eq!(bits("Anna", "Mikko"), 0.0);
        assert_eq!(bits("王小明", "李丽丽"), 0.0);
        assert_eq!(bits("Anna Virtanen", "Tomasz"), 0.0);
        for (a, b) in [("Virtanen", "Anna Virtanen"), ("王小明", "王小明"), ("Zapotecatl", "Zapotecatl")] {
            assert!((0.0..=2.0).contains(&bits(a, b)), "{a}, {b}: {}", bits(a, b));
        }
    }

    #[test]
    fn the_more_hold_a_name_the_less_it_says() {
        for (a, b) in [("Anna Virtanen", "Anna Virtanen"), ("Noah Henderson", "Noah Hendersn")] {
            let said: Vec<f64> = [2, 4, 16, 64].into_iter().map(|holders| bits_among(holders, a, b)).collect();
            assert!(said.is_sorted_by(|more, less| more > less), "{said:?}");
            assert!(said[0] > 5.0 && said[3] < 3.0, "{said:?}");
        }
    }
}

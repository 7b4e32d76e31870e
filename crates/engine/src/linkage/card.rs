//! What of an identity is compared with another: small enough to be read for every candidate.

use crate::datasets::Lists;
use crate::intelligence::email::{Disposable, email_facts};
use crate::intelligence::fold::{fold, words};
use crate::intelligence::latin::latin;
use crate::intelligence::names::{gibberish, name_rank, nicknames_of};
use crate::intelligence::sound::sound;
use crate::linkage::letters::Letters;
use crate::linkage::trace::Trace;
use crate::text::cut;
use std::sync::{Arc, OnceLock};

/// Longest name compared, in bytes, and most of its words.
const NAME_BYTES_MAX: usize = 160;
const TOKENS_MAX: usize = 6;
/// Fewest letters and digits of an address that are worth comparing.
const ADDRESS_CHARS_MIN: usize = 5;
/// A name may be spelt otherwise in one of so many letters.
const NAME_CHARS_PER_ERROR: usize = 6;
/// Gibberish from which a name counts as typed at random.
const INVENTED_MIN: f64 = 0.8;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Card {
    pub id: String,
    pub face: Arc<Face>,
    /// When the identity was first and last seen, epoch milliseconds.
    pub first_ms: i64,
    pub last_ms: i64,
    /// What it did; empty where that is not known.
    pub trace: Trace,
}

/// What a name and an e-mail address come down to. Making it takes much longer than comparing two: keep it where the same
/// people are compared again and again.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Face {
    /// The name, in the order written.
    pub name: Vec<Word>,
    /// Whether the name looks typed at random, once that was asked.
    invented: OnceLock<bool>,
    pub mail: Option<Mail>,
}

/// A word of a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// Folded, in Latin letters where it can be spelt in them.
    pub text: String,
    pub letters: Letters,
    pub sound: String,
    /// What it is short for, or is shortened to.
    pub nicknames: Vec<&'static str>,
    /// Among the names that the data pack knows.
    pub known: bool,
    /// How much it tells, in bits: few for a common name.
    pub rarity: f64,
}

/// An e-mail address, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Mail {
    /// A mailbox can have this address. What is left of a mangled one is compared all the same.
    pub valid: bool,
    /// The mailbox by its provider's rules.
    pub canonical: String,
    pub registrable: String,
    pub free: bool,
    pub disposable: Disposable,
    /// The letters of the local part.
    pub letters: String,
    /// Letters and digits of the local part, and of the whole address; and which these are.
    pub local: String,
    pub all: String,
    pub local_letters: Letters,
    pub all_letters: Letters,
    /// The local part is made of nothing but the name beside it, so that it tells little more than the name.
    pub spells_name: bool,
}

impl Face {
    pub fn of(name: Option<&str>, email: Option<&str>) -> Self {
        Face::under(name, email, &Lists::default())
    }

    /// With what the team says of the address's domain.
    pub fn under(name: Option<&str>, email: Option<&str>, lists: &Lists) -> Self {
        let name: Vec<Word> = name.map(name_tokens).unwrap_or_default().into_iter().map(Word::new).collect();
        let written: Vec<&str> = name.iter().map(|word| word.text.as_str()).collect();
        Face { mail: email.and_then(|email| Mail::of(email, &written, lists)), invented: OnceLock::new(), name }
    }

    /// Whether the name looks typed at random. To tell takes longer than all the rest of a face, and few are asked.
    pub fn is_invented(&self) -> bool {
        let written = || self.name.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        *self.invented.get_or_init(|| gibberish(&written()) > INVENTED_MIN)
    }
}

impl Word {
    fn new(text: String) -> Self {
        let rank = name_rank(&text);
        Word {
            letters: Letters::of(&text),
            sound: sound(&text),
            nicknames: nicknames_of(&text).collect(),
            known: rank.is_some(),
            rarity: rarity(rank),
            text,
        }
    }

    pub fn is_initial(&self) -> bool {
        self.text.chars().nth(1).is_none()
    }
}

impl Mail {
    fn of(email: &str, name: &[&str], lists: &Lists) -> Option<Self> {
        let mut facts = email_facts(email);
        lists.email(&mut facts);
        let plain = |text: &str| fold(text).chars().filter(|char| char.is_alphanumeric()).collect::<String>();
        let before_at = |text: &str| text.rsplit_once('@').map_or(String::new(), |(local, _)| local.to_owned());
        let (local, all) = (plain(&before_at(&facts.canonical)), plain(&facts.canonical));
        let (letters, all_letters) = (before_at(&facts.skeleton), Letters::of(&all));
        (all_letters.count() >= ADDRESS_CHARS_MIN).then(|| Mail {
            valid: facts.valid,
            registrable: facts.registrable,
            free: facts.free,
            disposable: facts.disposable,
            local_letters: Letters::of(&local),
            all_letters,
            local,
            canonical: facts.canonical,
            spells_name: is_made_of(&letters, name) || is_spelt(&letters, name),
            letters,
            all,
        })
    }

    /// Where the mailbox is, by its provider's one name.
    pub fn provider(&self) -> &str {
        self.canonical.rsplit_once('@').map_or("", |(_, provider)| provider)
    }

    pub fn digits(&self) -> impl Iterator<Item = char> {
        self.local.chars().filter(char::is_ascii_digit)
    }
}

/// Bits that a name tells, by its rank: about one in twenty of a people has the commonest name, and the share falls with
/// the rank.
fn rarity(rank: Option<u32>) -> f64 {
    const COMMONEST: f64 = 0.06;
    const RARITY_MAX: f64 = 16.0;
    let share = |rank: u32| COMMONEST / (f64::from(rank) + 5.0);
    rank.map_or(RARITY_MAX, |rank| -share(rank).log2()).min(RARITY_MAX)
}

/// Whether words of the name and initials of the others are all there is in the letters.
fn is_made_of(letters: &str, name: &[&str]) -> bool {
    let mut left = letters.to_owned();
    let mut whole = 0;
    for word in name.iter().filter(|word| word.chars().nth(1).is_some()) {
        if let Some(at) = left.find(word) {
            left.replace_range(at..at + word.len(), "");
            whole += 1;
        }
    }
    let initials: Vec<char> = name.iter().filter_map(|word| word.chars().next()).collect();
    whole > 0 && left.chars().count() <= name.len() - whole && left.chars().all(|char| initials.contains(&char))
}

/// Whether the letters are the name in another spelling: `timschroeder` for Tim Schröder, `amelnyk` for Artem Melnik. How a name
/// without Latin letters is spelt in them nobody knows here, so any may be it.
fn is_spelt(letters: &str, name: &[&str]) -> bool {
    let [first, .., last] = name else { return false };
    if !first.is_ascii() || !last.is_ascii() {
        return true;
    }
    let (f, l) = (&first[..first.len().min(1)], &last[..last.len().min(1)]);
    let ways = [[*first, *last], [last, first], [f, last], [last, f], [first, l], [l, first]].map(|way| way.concat());
    let held = Letters::of(letters);
    ways.iter().any(|way| {
        let errors_max = way.len() / NAME_CHARS_PER_ERROR;
        held.errors_min(Letters::of(way)) <= errors_max && strsim::osa_distance(letters, way) <= errors_max
    })
}

/// An account that was used for no longer than this was made for one purpose, or has just begun.
pub const BRIEF_MS: i64 = 2 * 3_600_000;

impl Card {
    /// `last_ms` is of its last event, if it had one. What was sent later than it happened tells its own time.
    pub fn new(id: String, face: Arc<Face>, created_ms: i64, last_ms: Option<i64>, trace: Trace) -> Self {
        let last_ms = last_ms.unwrap_or(created_ms);
        let begun_ms = if trace.first_ms > 0 { created_ms.min(trace.first_ms) } else { created_ms };
        Card { id, face, first_ms: begun_ms.min(last_ms), last_ms, trace }
    }

    pub fn is_brief(&self) -> bool {
        self.last_ms - self.first_ms <= BRIEF_MS
    }
}

/// The words of a name in one spelling: lower case, without accents, titles and punctuation, in Latin letters if possible.
pub fn name_tokens(name: &str) -> Vec<String> {
    const TITLES: [&str; 10] = ["mr", "mrs", "ms", "miss", "dr", "prof", "jr", "sr", "herr", "frau"];
    let folded = fold(cut(name, NAME_BYTES_MAX));
    let words = words(&folded).filter(|word| !TITLES.contains(&word.as_str())).take(TOKENS_MAX);
    words.map(|word| latin(&word).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_can_spell_the_name_in_other_letters() {
        let spells = |name: &str, email: &str| Face::of(Some(name), Some(email)).mail.unwrap().spells_name;
        for (name, email) in [
            ("Tim Schröder", "tim.schroeder21@web.example"),
            ("Артем Мельник", "amelnyk95@mail.example"),
            ("陽翔 渡辺", "haruto.watanabe@mail.example"),
            ("Anna Virtanen", "virtanen.anna@mail.example"),
        ] {
            assert!(spells(name, email), "{name} {email}");
        }
        for (name, email) in [
            ("Anna Virtanen", "moonlightfox81@mail.example"),
            ("Tim Berger", "tom.barker@mail.example"),
            ("Tim", "timothy@mail.example"),
        ] {
            assert!(!spells(name, email), "{name} {email}");
        }
    }

    #[test]
    fn an_account_whose_past_was_sent_at_once_is_as_old_as_its_past() {
        let seen = |first_ms, last_ms| Trace { first_ms, last_ms, ..Trace::default() };
        let sent_ms = 100 * BRIEF_MS;
        let of = |trace: Trace| Card::new("a".into(), Arc::default(), sent_ms, Some(trace.last_ms), trace);
        let past = of(seen(BRIEF_MS, 9 * BRIEF_MS));
        assert_eq!((past.first_ms, past.last_ms, past.is_brief()), (BRIEF_MS, 9 * BRIEF_MS, false));
        assert!(of(seen(sent_ms - 1, sent_ms + 5)).is_brief());
        let silent = Card::new("a".into(), Arc::default(), sent_ms, None, Trace::default());
        assert_eq!((silent.first_ms, silent.last_ms), (sent_ms, sent_ms));
    }

    #[test]
    fn names_are_folded_to_one_spelling() {
        assert_eq!(name_tokens("Dr. José O’Brien-Müller"), ["jose", "obrien", "muller"]);
        assert_eq!(name_tokens("  "), Vec::<String>::new());
        assert_eq!(name_tokens("山田 太郎"), ["山田", "太郎"]);
        assert_eq!(name_tokens("Дмитро Скрипник"), name_tokens("Dmitro Skripnik"));
    }
}

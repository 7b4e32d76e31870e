//! What of an identity is compared with another: small enough to be read for every candidate.

use crate::intelligence::email::{EmailFacts, email_facts};
use crate::intelligence::fold::{fold, words};
use crate::intelligence::names::{gibberish, name_rank, nicknames_of};
use crate::linkage::trace::Trace;
use crate::text::cut;
use std::sync::Arc;

/// Longest name compared, in bytes, and most of its words.
const NAME_BYTES_MAX: usize = 160;
const TOKENS_MAX: usize = 6;
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
    /// Words of the name, folded, in the order written.
    pub name: Vec<String>,
    /// What each of the words is short for, or is shortened to.
    pub nicknames: Vec<Vec<&'static str>>,
    /// Rank of the rarest word among known names; `u32::MAX` for one that nobody knows.
    pub rarest_rank: u32,
    /// The name looks typed at random.
    pub invented: bool,
    pub email: Option<EmailFacts>,
}

impl Face {
    pub fn of(name: Option<&str>, email: Option<&str>) -> Self {
        let name = name.map(name_tokens).unwrap_or_default();
        Face {
            nicknames: name.iter().map(|word| nicknames_of(word).collect()).collect(),
            rarest_rank: name.iter().map(|word| name_rank(word).unwrap_or(u32::MAX)).max().unwrap_or(u32::MAX),
            invented: gibberish(&name.join(" ")) > INVENTED_MIN,
            email: email.map(email_facts).filter(|facts| facts.valid),
            name,
        }
    }
}

/// An account that was used for no longer than this was made for one purpose, or has just begun.
const BRIEF_MS: i64 = 2 * 3_600_000;

impl Card {
    pub fn is_brief(&self) -> bool {
        self.last_ms - self.first_ms <= BRIEF_MS
    }
}

/// The words of a name in one spelling: lower case, without accents, titles and punctuation.
pub fn name_tokens(name: &str) -> Vec<String> {
    const TITLES: [&str; 10] = ["mr", "mrs", "ms", "miss", "dr", "prof", "jr", "sr", "herr", "frau"];
    let folded = fold(cut(name, NAME_BYTES_MAX));
    words(&folded).filter(|word| !TITLES.contains(&word.as_str())).take(TOKENS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folded_to_one_spelling() {
        assert_eq!(name_tokens("Dr. José O’Brien-Müller"), ["jose", "obrien", "muller"]);
        assert_eq!(name_tokens("  "), Vec::<String>::new());
        assert_eq!(name_tokens("山田 太郎"), ["山田", "太郎"]);
    }
}

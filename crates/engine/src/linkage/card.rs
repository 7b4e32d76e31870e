//! What of an identity is compared with another: small enough to be read for every candidate.

use crate::intelligence::email::{EmailFacts, email_facts};
use crate::intelligence::fold::{fold, words};
use crate::text::cut;

/// Longest name compared, in bytes, and most of its words.
const NAME_BYTES_MAX: usize = 160;
const TOKENS_MAX: usize = 6;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Card {
    pub id: String,
    /// Words of the name, folded, in the order written.
    pub name: Vec<String>,
    pub email: Option<EmailFacts>,
    /// When the identity was first and last seen, epoch milliseconds.
    pub first_ms: i64,
    pub last_ms: i64,
}

impl Card {
    pub fn new(id: &str, name: Option<&str>, email: Option<&str>, first_ms: i64, last_ms: i64) -> Self {
        Card {
            id: id.to_owned(),
            name: name.map(name_tokens).unwrap_or_default(),
            email: email.map(email_facts).filter(|facts| facts.valid),
            first_ms,
            last_ms,
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

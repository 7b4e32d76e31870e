//! What identities are searched for: whatever somebody typed, and never more than text to a database.

use crate::paging::{Where, like_pattern};

/// The shortest text that the search index knows, in characters.
const PHRASE_CHARS_MIN: usize = 3;
/// How much of a term is looked for in the search index, in characters. The rest is compared with what that finds.
const PHRASE_CHARS_MAX: usize = 48;
/// Patterns that are longer than this, in bytes, are more than SQLite takes.
const PATTERN_BYTES_MAX: usize = 4_096;
/// Characters that SQLite takes for one and the same, but in `instr`.
const CONFUSED: [char; 3] = ['\u{fffd}', '\u{fffe}', '\u{ffff}'];

/// What is looked for in id, name, e-mail and username.
pub(crate) struct Term {
    /// In lower case, as those are stored for it.
    pub text: String,
    /// The query of the search index that finds it, if there can be one.
    pub phrase: Option<String>,
    /// Whether whatever the phrase finds holds the whole term.
    pub is_all: bool,
}

impl Term {
    pub fn new(term: &str) -> Self {
        let text = term.to_lowercase();
        let sought: String = text.chars().take(PHRASE_CHARS_MAX).collect();
        let is_indexed = sought.chars().count() >= PHRASE_CHARS_MIN && !text.contains(CONFUSED);
        let phrase = is_indexed.then(|| format!("\"{}\"", sought.replace('"', "\"\"")));
        Term { phrase, is_all: sought.len() == text.len(), text }
    }

    /// The column on PostgreSQL: hidden from its index, which would be read as a whole for a term without three letters or
    /// digits in a row.
    pub fn searched(&self, column: &str) -> String {
        let is_indexed =
            self.text.split(|c: char| !c.is_alphanumeric()).any(|word| word.chars().count() >= PHRASE_CHARS_MIN);
        if is_indexed { column.to_owned() } else { format!("({column} || '')") }
    }
}

/// Finds a term in a row, on SQLite.
pub(crate) fn and_term(condition: &mut Where, term: &Term) {
    let pattern = like_pattern(&term.text);
    match pattern.len() <= PATTERN_BYTES_MAX && !term.text.contains(CONFUSED) {
        true => condition.and("i.search like ? escape '\\'", pattern),
        false => condition.and("instr(i.search, ?) > 0", &term.text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_nothing_but_text_to_the_search_index() {
        assert_eq!(Term::new("A \"OR\" b*").phrase.as_deref(), Some("\"a \"\"or\"\" b*\""));
        assert_eq!(Term::new("王伟").phrase, None);
        assert_eq!(Term::new("a\u{ffff}bc").phrase, None);
        let long = Term::new(&"x".repeat(PHRASE_CHARS_MAX + 1));
        assert_eq!((long.phrase.unwrap().len(), long.is_all), (PHRASE_CHARS_MAX + 2, false));
    }
}

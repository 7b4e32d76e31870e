//! One spelling for what people write in many: lower case, no accents, and the words of a text.
//!
//! `tools/datapack/text.py` folds the keys of the data pack by the same rules; a change here is a change there.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// Lower case without accents: compatibility decomposition, marks dropped, letters without a decomposition spelt out.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let bare = text.nfkd().filter(|&char| !is_mark(char));
    bare.flat_map(char::to_lowercase).filter(|&char| !is_mark(char)).flat_map(spell).nfc().collect()
}

fn is_mark(char: char) -> bool {
    canonical_combining_class(char) != 0
}

/// A letter that Unicode does not decompose, in plain letters.
fn spell(char: char) -> impl Iterator<Item = char> {
    let (first, second) = match char {
        'đ' | 'ð' | 'ɖ' | 'ɗ' => ('d', None),
        'ł' => ('l', None),
        'ø' | 'ɔ' => ('o', None),
        'ß' => ('s', Some('s')),
        'ı' => ('i', None),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'þ' => ('t', Some('h')),
        'ħ' => ('h', None),
        'ŋ' | 'ɲ' => ('n', None),
        'ə' | 'ǝ' | 'ɛ' => ('e', None),
        'ŧ' => ('t', None),
        'ƙ' | 'ĸ' => ('k', None),
        'ɓ' => ('b', None),
        'ƴ' => ('y', None),
        'ς' => ('σ', None),
        other => (other, None),
    };
    std::iter::once(first).chain(second)
}

/// The words of a text already folded: apostrophes and joiners vanish, whatever else is no letter or digit separates.
pub fn words(folded: &str) -> impl Iterator<Item = String> {
    folded
        .split(|char: char| !char.is_alphanumeric() && !is_silent(char))
        .map(|word| word.chars().filter(|&char| !is_silent(char)).collect::<String>())
        .filter(|word| !word.is_empty())
}

/// Signs inside a word that people type or leave out as they like: O'Brien, Hawaiʻi, Persian half-spaces.
pub(super) fn is_silent(char: char) -> bool {
    matches!(char, '\'' | '’' | '‘' | '`' | '´' | 'ʻ' | 'ʼ' | 'ʹ' | '′' | '\u{200c}' | '\u{200d}')
}

/// The first `limit` characters: a bound on the work, far beyond what people write.
pub(super) fn head(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_accents_case_and_widths() {
        for (text, folded) in [
            ("Nguyễn", "nguyen"),
            ("ŁUKASZ Straße", "lukasz strasse"),
            ("Þórður Ægir", "thordur aegir"),
            ("İstanbul ılık", "istanbul ilik"),
            ("Ｊｏｈｎ", "john"),
            ("Αλέξανδρος", "αλεξανδροσ"),
            ("Андрей", "андреи"),
            ("김민준", "김민준"),
        ] {
            assert_eq!(fold(text), folded);
        }
    }

    #[test]
    fn words_keep_letters_of_every_script() {
        let words = |text| words(&fold(text)).collect::<Vec<_>>();
        assert_eq!(words("O’Brien-Smith, J."), ["obrien", "smith", "j"]);
        assert_eq!(words("王 小明"), ["王", "小明"]);
        assert_eq!(words("  ...  "), Vec::<String>::new());
    }

    #[test]
    fn head_cuts_between_characters() {
        assert_eq!(head("žluť", 2), "žl");
        assert_eq!(head("ab", 2), "ab");
        assert_eq!(head("", 0), "");
    }
}

//! Names of other alphabets in Latin letters, so that Дмитро and Dmytro are found together.
//!
//! Letter by letter, as `tools/datapack/romanize.py` spells the names of the data pack; a change here is a change there.
//! Scripts that do not write vowels, or whose signs are words, cannot be spelt this way and stay as they are.

use super::script::{CONFUSABLE, Script, script_of};
use std::borrow::Cow;

/// A folded word in Latin letters, as far as its letters have a spelling. A word that mixes Latin letters with their
/// look-alikes is read as it looks: that is what it was made for.
pub fn latin(word: &str) -> Cow<'_, str> {
    if word.is_ascii() {
        return Cow::Borrowed(word);
    }
    let mixed = word.chars().any(|char| script_of(char) == Some(Script::Latin));
    let disguised =
        mixed && word.chars().any(|char| script_of(char).is_some_and(|script| CONFUSABLE.contains(&script)));
    let mut out = String::with_capacity(word.len());
    for char in word.chars() {
        match if disguised { look_alike(char) } else { None } {
            Some(seen) => out.push(seen),
            None => spell(char, &mut out),
        }
    }
    Cow::Owned(out)
}

fn spell(char: char, out: &mut String) {
    match SPELLINGS.binary_search_by_key(&char, |(letter, _)| *letter) {
        Ok(at) => out.push_str(SPELLINGS[at].1),
        Err(_) => spell_hangul(char, out),
    }
}

/// A syllable by the Revised Romanization without sound changes; any other character as it is.
fn spell_hangul(char: char, out: &mut String) {
    const INITIALS: [&str; 19] =
        ["g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p", "h"];
    const VOWELS: [&str; 21] = [
        "a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we", "wi", "yu",
        "eu", "ui", "i",
    ];
    const FINALS: [&str; 28] = [
        "", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l", "p", "l", "m", "p", "p", "t", "t", "ng",
        "t", "t", "k", "t", "p", "t",
    ];
    match u32::from(char).checked_sub(0xAC00).map(|index| index as usize) {
        Some(index) if index < 11_172 => {
            out.push_str(INITIALS[index / 588]);
            out.push_str(VOWELS[index % 588 / 28]);
            out.push_str(FINALS[index % 28]);
        }
        _ => out.push(char),
    }
}

/// The Latin letter that a Cyrillic or Greek one is taken for.
fn look_alike(char: char) -> Option<char> {
    Some(match char {
        'а' | 'α' => 'a',
        'в' | 'β' => 'b',
        'с' => 'c',
        'ԁ' => 'd',
        'е' | 'ε' => 'e',
        'һ' | 'н' | 'η' => 'h',
        'і' | 'ι' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'м' | 'μ' => 'm',
        'ν' => 'v',
        'о' | 'ο' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' => 'u',
        'ԝ' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        'ζ' => 'z',
        _ => return None,
    })
}

/// Greek, Cyrillic, Armenian and Georgian letters by code point.
const SPELLINGS: &[(char, &str)] = &[
    ('α', "a"),
    ('β', "v"),
    ('γ', "g"),
    ('δ', "d"),
    ('ε', "e"),
    ('ζ', "z"),
    ('η', "i"),
    ('θ', "th"),
    ('ι', "i"),
    ('κ', "k"),
    ('λ', "l"),
    ('μ', "m"),
    ('ν', "n"),
    ('ξ', "x"),
    ('ο', "o"),
    ('π', "p"),
    ('ρ', "r"),
    ('σ', "s"),
    ('τ', "t"),
    ('υ', "y"),
    ('φ', "f"),
    ('χ', "ch"),
    ('ψ', "ps"),
    ('ω', "o"),
    ('а', "a"),
    ('б', "b"),
    ('в', "v"),
    ('г', "g"),
    ('д', "d"),
    ('е', "e"),
    ('ж', "zh"),
    ('з', "z"),
    ('и', "i"),
    ('к', "k"),
    ('л', "l"),
    ('м', "m"),
    ('н', "n"),
    ('о', "o"),
    ('п', "p"),
    ('р', "r"),
    ('с', "s"),
    ('т', "t"),
    ('у', "u"),
    ('ф', "f"),
    ('х', "kh"),
    ('ц', "ts"),
    ('ч', "ch"),
    ('ш', "sh"),
    ('щ', "shch"),
    ('ъ', ""),
    ('ы', "y"),
    ('ь', ""),
    ('э', "e"),
    ('ю', "yu"),
    ('я', "ya"),
    ('ё', "e"),
    ('ђ', "dj"),
    ('ѓ', "gj"),
    ('є', "ye"),
    ('ѕ', "dz"),
    ('і', "i"),
    ('ї', "i"),
    ('ј', "j"),
    ('љ', "lj"),
    ('њ', "nj"),
    ('ћ', "c"),
    ('ќ', "kj"),
    ('ў', "u"),
    ('џ', "dz"),
    ('ґ', "g"),
    ('ա', "a"),
    ('բ', "b"),
    ('գ', "g"),
    ('դ', "d"),
    ('ե', "e"),
    ('զ', "z"),
    ('է', "e"),
    ('ը', "y"),
    ('թ', "t"),
    ('ժ', "zh"),
    ('ի', "i"),
    ('լ', "l"),
    ('խ', "kh"),
    ('ծ', "ts"),
    ('կ', "k"),
    ('հ', "h"),
    ('ձ', "dz"),
    ('ղ', "gh"),
    ('ճ', "ch"),
    ('մ', "m"),
    ('յ', "y"),
    ('ն', "n"),
    ('շ', "sh"),
    ('ո', "o"),
    ('չ', "ch"),
    ('պ', "p"),
    ('ջ', "j"),
    ('ռ', "r"),
    ('ս', "s"),
    ('վ', "v"),
    ('տ', "t"),
    ('ր', "r"),
    ('ց', "ts"),
    ('ւ', "v"),
    ('փ', "p"),
    ('ք', "k"),
    ('օ', "o"),
    ('ֆ', "f"),
    ('և', "ev"),
    ('ა', "a"),
    ('ბ', "b"),
    ('გ', "g"),
    ('დ', "d"),
    ('ე', "e"),
    ('ვ', "v"),
    ('ზ', "z"),
    ('თ', "t"),
    ('ი', "i"),
    ('კ', "k"),
    ('ლ', "l"),
    ('მ', "m"),
    ('ნ', "n"),
    ('ო', "o"),
    ('პ', "p"),
    ('ჟ', "zh"),
    ('რ', "r"),
    ('ს', "s"),
    ('ტ', "t"),
    ('უ', "u"),
    ('ფ', "p"),
    ('ქ', "k"),
    ('ღ', "gh"),
    ('ყ', "q"),
    ('შ', "sh"),
    ('ჩ', "ch"),
    ('ც', "ts"),
    ('ძ', "dz"),
    ('წ', "ts"),
    ('ჭ', "ch"),
    ('ხ', "kh"),
    ('ჯ', "j"),
    ('ჰ', "h"),
];

#[cfg(test)]
mod tests {
    use super::super::fold::fold;
    use super::*;

    #[test]
    fn other_alphabets_are_spelt_and_disguises_are_read_as_they_look() {
        for (word, expected) in [
            ("Дмитро", "dmitro"),
            ("Щербаков", "shcherbakov"),
            ("Νίκος", "nikos"),
            ("გიორგი", "giorgi"),
            ("Տիգրան", "tigran"),
            ("김민준", "gimminjun"),
            ("аnnа", "anna"),
            ("Хavier", "xavier"),
            ("Müller", "muller"),
            ("山田", "山田"),
            ("אברהם", "אברהם"),
        ] {
            assert_eq!(latin(&fold(word)), expected, "{word}");
        }
    }

    #[test]
    fn the_table_is_in_order() {
        assert!(SPELLINGS.is_sorted_by_key(|(letter, _)| *letter));
    }
}

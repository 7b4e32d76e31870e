//! What a person's name tells: known or not, mash, placeholder, swear word, disguise.
//!
//! Every finding errs on the honest side: short, rare and foreign names are common, and a wrong suspicion costs a person.

use super::fold::{fold, head, words};
use super::script::{CONFUSABLE, Script, main_script, script_of};
use super::{gibberish as mash, keyboard, lines};
use serde::{Deserialize, Serialize};

const NAMES: &str = include_str!("../../../../data/names.tsv");
const NICKNAMES: &str = include_str!("../../../../data/nicknames.tsv");
pub(crate) const PLACEHOLDERS: &str = include_str!("../../../../data/placeholders.txt");
pub(crate) const PROFANITY: &str = include_str!("../../../../data/profanity.txt");
/// Characters of a name that are read.
const LIMIT: usize = 256;

#[derive(Serialize, Deserialize, Clone, PartialEq, Debug, Default)]
pub struct NameFacts {
    /// Words of the name.
    pub tokens: u8,
    /// Words that the pack knows as a given name or surname.
    pub known_tokens: u8,
    /// 0 plausible to 1 keyboard mash.
    pub gibberish: f64,
    /// One letter or group over and over: `aaaa`, `lalala`, `dfg dfg`.
    pub repetitive: bool,
    /// A slide over neighbouring keys that is no known name.
    pub keyboard_walk: bool,
    /// Typed to get past the form: `test test`, `n/a`, `John Doe`.
    pub placeholder: bool,
    pub profane: bool,
    /// Latin letters and their Cyrillic or Greek look-alikes in one word.
    pub mixed_scripts: bool,
    pub has_digits: bool,
    /// Script of most letters, `Latin`, `Han`, …; `None` without letters.
    pub script: String,
}

/// Everything the name alone tells; the first 256 characters are read.
pub fn name_facts(name: &str) -> NameFacts {
    let name = head(name, LIMIT);
    let folded = fold(name);
    let tokens: Vec<String> = words(&folded).map(|word| without_digits(&word)).collect();
    let letters: Vec<&str> = tokens.iter().map(String::as_str).filter(|token| !token.is_empty()).collect();
    NameFacts {
        tokens: saturate(tokens.len()),
        known_tokens: saturate(letters.iter().filter(|token| is_known(token)).count()),
        gibberish: mash::gibberish(name),
        repetitive: is_repetitive(&letters),
        keyboard_walk: letters.iter().any(|token| keyboard::is_walk(token) && !is_known(token)),
        placeholder: is_placeholder(&folded, &letters),
        profane: letters.iter().any(|token| is_profane(token)),
        mixed_scripts: name.split_whitespace().any(mixes_scripts),
        has_digits: name.chars().any(char::is_numeric),
        script: main_script(name).map_or_else(|| "None".to_owned(), Script::name),
    }
}

/// How common a name is among those the pack knows: 1 the commonest. The order is the United States census's where it has
/// the name, and otherwise rough: names from other locales stand between 50 and 1000. Case and accents do not matter.
pub fn name_rank(token: &str) -> Option<u32> {
    let key: String = words(&fold(head(token, LIMIT))).collect();
    rank(&key)
}

/// Other names the same person may go by (Robert: Bob, Rob, …), folded; both directions, one step only.
pub fn nicknames_of(token: &str) -> impl Iterator<Item = &'static str> {
    let key: String = words(&fold(head(token, LIMIT))).collect();
    lines::find(NICKNAMES, &key).unwrap_or_default().split(',').filter(|name| !name.is_empty())
}

/// A whole name as lists of names have it: as written, and of its letters alone.
pub(crate) fn spellings(name: &str) -> [String; 2] {
    let folded = fold(head(name, LIMIT));
    [folded.split_whitespace().collect::<Vec<_>>().join(" "), letters(name).join(" ")]
}

/// The words of a name, folded and without digits.
pub(crate) fn letters(name: &str) -> Vec<String> {
    let tokens = words(&fold(head(name, LIMIT))).map(|word| without_digits(&word)).collect::<Vec<_>>();
    tokens.into_iter().filter(|token| !token.is_empty()).collect()
}

/// Whether a folded word is a swear word.
pub(crate) fn is_profane(word: &str) -> bool {
    lines::contains(PROFANITY, word)
}

/// 0 plausible to 1 keyboard mash, for any text; the first 512 characters are read.
pub fn gibberish(text: &str) -> f64 {
    mash::gibberish(text)
}

fn rank(folded: &str) -> Option<u32> {
    lines::find(NAMES, folded)?.parse().ok()
}

/// Whether a folded word is a name. Chinese, Japanese and Korean names are written without a space after the surname, so
/// there a known beginning of one or two characters is enough.
pub(super) fn is_known(folded: &str) -> bool {
    if rank(folded).is_some() {
        return true;
    }
    let unspaced = matches!(main_script(folded), Some(Script::Han | Script::Hangul));
    unspaced && (1..=2).any(|length| rank(head(folded, length)).is_some())
}

fn without_digits(word: &str) -> String {
    word.chars().filter(|char| !char.is_numeric()).collect()
}

fn saturate(count: usize) -> u8 {
    u8::try_from(count).unwrap_or(u8::MAX)
}

/// The whole name is on the list, as written or without its digits, or it is made of nothing but words from the list, of
/// which one at least is nobody's name: Guest and Person are surnames.
fn is_placeholder(folded: &str, letters: &[&str]) -> bool {
    let written = folded.split_whitespace().collect::<Vec<_>>().join(" ");
    let listed = |text: &str| lines::contains(PLACEHOLDERS, text);
    listed(&written)
        || listed(&letters.join(" "))
        || (letters.iter().all(|token| listed(token)) && letters.iter().any(|token| rank(token).is_none()))
}

fn is_repetitive(letters: &[&str]) -> bool {
    letters.iter().any(|token| !is_known(token) && repeats(token)) || same_words(letters)
}

/// Mostly one letter, three times together (no Roman numeral; four times in Han and kana, where 哈哈哈 is a word; a typing
/// error in a long name is not most of it), a group three times over,
/// or a group of three and more twice if it is no syllable: Feifei, Lulu and Xinxin are people.
fn repeats(token: &str) -> bool {
    let chars: Vec<char> = token.chars().collect();
    let needed = if matches!(main_script(token), Some(Script::Han | Script::Kana)) { 4 } else { 3 };
    let (letter, run) = longest_run(&chars);
    let one_letter = run >= needed && run * 2 >= chars.len() && !(run == 3 && "ixvcm".contains(letter));
    one_letter
        || (2..=4).any(|unit| is_made_of(&chars, unit, 3))
        || (3..=8).any(|unit| is_made_of(&chars, unit, 2) && !is_syllable(&chars[..unit]))
}

/// The letter that stands together most often, and how often; a blank and 0 without letters.
fn longest_run(chars: &[char]) -> (char, usize) {
    let runs = chars.chunk_by(|a, b| a == b).map(|run| (run[0], run.len()));
    runs.max_by_key(|(_, length)| *length).unwrap_or((' ', 0))
}

fn is_made_of(chars: &[char], unit: usize, times: usize) -> bool {
    chars.len().is_multiple_of(unit)
        && chars.len() >= unit * times
        && chars.chunks(unit).all(|chunk| chunk == &chars[..unit])
}

/// Two letters or more that can be spoken, as far as a table of three letters and the keyboard can tell.
fn is_syllable(unit: &[char]) -> bool {
    let vowel = unit.iter().any(|char| "aeiouy".contains(*char) || !char.is_ascii());
    let word: String = unit.iter().collect();
    vowel && !matches!(word.as_str(), "asd" | "qwe" | "dsa" | "ewq" | "wer" | "abc" | "qaz")
}

/// One word again and again. Twice is a custom in many countries (Ali Ali, Thomas Thomas) when it is a name.
fn same_words(letters: &[&str]) -> bool {
    let [first, rest @ ..] = letters else { return false };
    let same = !rest.is_empty() && rest.iter().all(|word| word == first) && !is_known(first);
    same && (rest.len() > 1 || mash::word_gibberish(first).is_some_and(|value| value > 0.5))
}

fn mixes_scripts(word: &str) -> bool {
    let has = |script| word.chars().any(|char| script_of(char) == Some(script));
    has(Script::Latin) && CONFUSABLE.into_iter().any(has)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HONEST: &[&str] = &[
        "Nguyễn Thị Minh Khai",
        "Chukwuemeka Okonkwo",
        "Grzegorz Brzęczyszczykiewicz",
        "Llywelyn ap Gruffydd",
        "Wang Xiaoming",
        "王小明",
        "李丽丽",
        "佐藤さくら",
        "김민준",
        "محمد عبد الله",
        "Дмитро Скрипник",
        "Νίκος Παπαδόπουλος",
        "Ali Ali",
        "Thomas Thomas",
        "Mohamed Mohamed Mohamed",
        "Fei Fei",
        "Feifei Zhang",
        "Lulu Lin",
        "Xinxin Xu",
        "Zsazsa",
        "John Smith III",
        "J. R. R. Tolkien",
        "Jennifer Null",
        "Jon Tester",
        "Foo Wei Ming",
        "Guest Person",
        "Dick Van Dyke",
        "Phuc Nguyen",
        "Anurag Dikshit",
        "Wilhelm Fucks",
        "Andrew Powers",
        "Trewin",
        "Ng",
        "Xu",
        "X Æ A-12",
        "O'Brien",
        "Jan-Åke",
        "Jean-Luc",
        "Drew",
        "Polk",
        "Zaïre",
        "Bob",
        "Mimi",
        "Lola",
        "Willliams",
        "哈哈哈",
        "สมชาย",
        "प्रिया शर्मा",
        "אברהם לוי",
        "გიორგი",
        "Տիգրան",
        "ሃይለ",
        "தமிழ்",
    ];

    #[test]
    fn honest_names_raise_nothing() {
        for name in HONEST {
            let facts = name_facts(name);
            let raised =
                facts.repetitive || facts.keyboard_walk || facts.placeholder || facts.profane || facts.mixed_scripts;
            assert!(!raised && facts.gibberish < 0.5, "{name}: {facts:?}");
        }
    }

    #[test]
    fn placeholders_whole_or_word_by_word() {
        for name in [
            "test",
            "Test Test",
            "TEST 123",
            "test1 user2",
            "n/a",
            "N/A",
            "John Doe",
            "foo bar",
            "asdf",
            "Max Mustermann",
            "тест",
            "テスト",
        ] {
            assert!(name_facts(name).placeholder, "{name}");
        }
        for name in ["Testa Rossa", "Johnny Doe", "Anna Test-Schmidt", "Foo", ""].into_iter().skip(1) {
            assert_eq!(name_facts(name).placeholder, name == "Foo", "{name}");
        }
    }

    #[test]
    fn repetition_mash_and_walks() {
        for name in
            ["aaaa", "Lalalala la", "abababab", "asdasd", "dfg dfg", "xxxx yyyy", "哈哈哈哈", "ааа", "blup blup blup"]
        {
            assert!(name_facts(name).repetitive, "{name}");
        }
        for name in ["qwerty uiop", "asdf", "zxcvbn", "Йцукен"] {
            assert!(name_facts(name).keyboard_walk, "{name}");
        }
        assert!(name_facts("sdfkjhsdf xkcjvbn").gibberish > 0.9);
        assert!(name_facts("Maria sdfkjhsdf").gibberish > 0.5);
    }

    #[test]
    fn swear_words_are_whole_words_and_no_names() {
        assert!(name_facts("Fuck You").profane);
        assert!(name_facts("shit123").profane);
        assert!(!name_facts("Scunthorpe").profane);
        for word in PROFANITY.lines() {
            assert_eq!(rank(word), None, "{word} is a name");
        }
    }

    #[test]
    fn look_alikes_digits_and_scripts() {
        assert!(name_facts("Аlex").mixed_scripts, "Cyrillic А");
        assert!(name_facts("Jοhn").mixed_scripts, "Greek ο");
        assert!(!name_facts("Alex Иванов").mixed_scripts, "two words, each in its script");
        assert!(name_facts("John2").has_digits);
        assert_eq!(name_facts("Иван").script, "Cyrillic");
        assert_eq!(name_facts("42").script, "None");
    }

    #[test]
    fn known_names_in_every_spelling() {
        for name in
            ["Smith", "SMITH", "Nguyễn", "nguyen", "O'Brien", "Łukasz", "Иван", "山田太郎", "김민준", "Ivan", "Zhang"]
        {
            assert!(name_facts(name).known_tokens > 0, "{name}");
        }
        assert_eq!(name_facts("Maria Sdfkj").known_tokens, 1);
        assert!(name_rank("smith") < name_rank("Abernathy"));
        assert_eq!(name_rank("xkcjvbn"), None);
    }

    #[test]
    fn nicknames_go_both_ways() {
        assert!(nicknames_of("Robert").any(|name| name == "bob"));
        assert!(nicknames_of("BOB").any(|name| name == "robert"));
        assert_eq!(nicknames_of("Xochitl").count(), 0);
    }

    #[test]
    fn any_text_gets_an_answer() {
        for name in [
            "".to_owned(),
            "\u{0}".into(),
            "a".repeat(10_000),
            "a ".repeat(5_000),
            "é\u{301}".repeat(5_000),
            "👩‍🚀".repeat(999),
            "\u{202e}\u{feff}".into(),
        ] {
            let facts = name_facts(&name);
            assert!((0.0..=1.0).contains(&facts.gibberish));
        }
    }
}

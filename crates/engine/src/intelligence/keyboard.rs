//! Fingers sliding over neighbouring keys, on the layouts people use.

/// Keys in the order they lie beside or below each other. Cyrillic letters are folded as `fold` folds them (й is и).
const LINES: [&str; 18] = [
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm", // QWERTY
    "qwertzuiop",
    "yxcvbnm", // QWERTZ
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn", // AZERTY
    "ицукенгшщзхъ",
    "фывапролджэ",
    "ячсмитьбю", // ЙЦУКЕН
    "qaz",
    "wsx",
    "edc",
    "rfv",
    "tgb",
    "yhn",
    "ujm",
];
/// Three keys in a row are chance in a name (w-e-r in Werner), so they only count together with more of the same.
const RUN: usize = 3;
const COVERED: usize = 4;
/// Смит lies in a row on the Russian keyboard.
const COVERED_ELSEWHERE: usize = 5;

/// Whether the whole word (nine tenths; four keys at least, five outside Latin) is runs along the keyboard, in either direction.
pub(super) fn is_walk(word: &str) -> bool {
    let keys: Vec<char> = word.chars().collect();
    let (mut at, mut covered) = (0, 0);
    while at < keys.len() {
        let run = LINES.iter().map(|line| run_length(line, &keys[at..])).max().unwrap_or(0);
        if run >= RUN {
            covered += run;
            at += run;
        } else {
            at += 1;
        }
    }
    let least = if word.is_ascii() { COVERED } else { COVERED_ELSEWHERE };
    covered >= least && covered * 10 >= keys.len() * 9
}

/// How many leading keys follow one another on the line, forwards or backwards.
fn run_length(line: &str, keys: &[char]) -> usize {
    let position = |key: char| line.chars().position(|other| other == key);
    let Some(start) = keys.first().and_then(|&key| position(key)) else { return 0 };
    let run = |step: isize| {
        let expected = |i: usize| start.checked_add_signed(step * i as isize);
        keys.iter().enumerate().take_while(|&(i, &key)| position(key).is_some() && position(key) == expected(i)).count()
    };
    run(1).max(run(-1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slides_are_walks() {
        for word in [
            "qwerty",
            "asdf",
            "asdfgh",
            "lkjhgf",
            "qazwsx",
            "zxcvbnm",
            "qwertz",
            "azerty",
            "sdfkjhsdf",
            "asdasd",
            "фывапр",
            "ицукен",
        ] {
            assert!(is_walk(word), "{word}");
        }
    }

    #[test]
    fn names_are_not() {
        for word in [
            "",
            "werner",
            "drew",
            "andrew",
            "trewin",
            "powers",
            "fredi",
            "saskia",
            "oliver",
            "wesley",
            "asdis",
            "lukas",
            "ferdi",
            "polk",
            "lazer",
            "berty",
            "rewitzer",
            "treffert",
            "pertz",
            "юлия",
            "андреи",
            "мария",
            "олег",
            "смит",
        ] {
            assert!(!is_walk(word), "{word}");
        }
    }
}

//! Which script a letter belongs to, as far as names need it.

/// Scripts told apart. `Other` is a letter of a script without a name here, `None` a character of no script.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Script {
    Latin,
    Cyrillic,
    Greek,
    Armenian,
    Georgian,
    Hebrew,
    Arabic,
    Ethiopic,
    Devanagari,
    Bengali,
    Tamil,
    Thai,
    Han,
    Kana,
    Hangul,
    Other,
}

/// Latin and the two scripts with letters that look the same; a word that mixes them is a disguise.
pub(super) const CONFUSABLE: [Script; 2] = [Script::Cyrillic, Script::Greek];

impl Script {
    /// English name, `Latin`, `Han`, and so on.
    pub(super) fn name(self) -> String {
        format!("{self:?}")
    }
}

/// Script of a letter by Unicode block; `None` for digits, punctuation, marks and symbols.
pub(super) fn script_of(char: char) -> Option<Script> {
    if !char.is_alphabetic() {
        return None;
    }
    Some(match u32::from(char) {
        0x0041..=0x024F | 0x0250..=0x02AF | 0x1E00..=0x1EFF | 0x2C60..=0x2C7F | 0xA720..=0xA7FF | 0xFF21..=0xFF5A => {
            Script::Latin
        }
        0x02B0..=0x02FF => return None,
        0x0370..=0x03FF | 0x1F00..=0x1FFF => Script::Greek,
        0x0400..=0x052F | 0x1C80..=0x1C8F | 0x2DE0..=0x2DFF | 0xA640..=0xA69F => Script::Cyrillic,
        0x0530..=0x058F => Script::Armenian,
        0x0590..=0x05FF | 0xFB1D..=0xFB4F => Script::Hebrew,
        0x0600..=0x06FF | 0x0750..=0x077F | 0x08A0..=0x08FF | 0xFB50..=0xFDFF | 0xFE70..=0xFEFC => Script::Arabic,
        0x0900..=0x097F | 0xA8E0..=0xA8FF => Script::Devanagari,
        0x0980..=0x09FF => Script::Bengali,
        0x0B80..=0x0BFF => Script::Tamil,
        0x0E00..=0x0E7F => Script::Thai,
        0x10A0..=0x10FF | 0x1C90..=0x1CBF | 0x2D00..=0x2D2F => Script::Georgian,
        0x1100..=0x11FF | 0x3130..=0x318F | 0xAC00..=0xD7AF => Script::Hangul,
        0x1200..=0x139F | 0x2D80..=0x2DDF => Script::Ethiopic,
        0x3040..=0x30FF | 0x31F0..=0x31FF | 0xFF66..=0xFF9F => Script::Kana,
        0x3005..=0x3007 | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF => Script::Han,
        _ => Script::Other,
    })
}

/// Script of most letters of a text; the earlier of the list above when equally many. `None` without letters.
pub(super) fn main_script(text: &str) -> Option<Script> {
    let mut counts = [0usize; Script::Other as usize + 1];
    let mut best = None;
    for script in text.chars().filter_map(script_of) {
        counts[script as usize] += 1;
        let ahead = best.is_none_or(|other: Script| {
            (counts[script as usize], other as usize) > (counts[other as usize], script as usize)
        });
        if ahead {
            best = Some(script);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_script_of_most_letters() {
        for (text, script) in [
            ("Zoë O'Hara 3", Some(Script::Latin)),
            ("Дмитро", Some(Script::Cyrillic)),
            ("محمد", Some(Script::Arabic)),
            ("山田太郎", Some(Script::Han)),
            ("さくら", Some(Script::Kana)),
            ("김민준", Some(Script::Hangul)),
            ("אברהם", Some(Script::Hebrew)),
            ("สมชาย", Some(Script::Thai)),
            ("ᏣᎳᎩ", Some(Script::Other)),
            ("12 !?", None),
            ("", None),
        ] {
            assert_eq!(main_script(text), script, "{text}");
        }
    }
}

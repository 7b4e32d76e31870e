//! Small text operations shared by parsing, profiles and linkage.

/// The longest prefix of `text` with at most `max` bytes that ends at a character.
pub fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// A name in lower_snake_case: `userSignedUp`, `User Signed-Up` and `user.signed.up` all become `user_signed_up`.
pub fn snake_case(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    let mut previous_lower = false;
    for c in text.trim().chars() {
        if !c.is_alphanumeric() {
            if !out.is_empty() && !out.ends_with('_') {
                out.push('_');
            }
            previous_lower = false;
            continue;
        }
        if c.is_uppercase() && previous_lower && !out.ends_with('_') {
            out.push('_');
        }
        previous_lower = c.is_lowercase() || c.is_numeric();
        out.extend(c.to_lowercase());
    }
    out.truncate(out.trim_end_matches('_').len());
    out
}

/// FNV-1a, 32 bits: equality of two short texts where the text itself need not be kept. Source: Fowler, Noll, Vo.
pub fn hash32(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Text without the characters a database cannot hold (NUL).
pub fn without_nul(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

/// Whether a character steers how others are shown, or hides: marks and overrides of direction, zero-width spaces, tags.
/// The joiners stay: Persian, Hindi and emoji are written with them.
pub fn is_hidden(char: char) -> bool {
    matches!(char,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snake_case_folds_every_common_spelling() {
        for spelling in ["userSignedUp", "User Signed-Up", "user.signed.up", " user__signed_up_ ", "USER_SIGNED_UP"] {
            assert_eq!(snake_case(spelling), "user_signed_up", "{spelling}");
        }
        assert_eq!(snake_case("Équipe Été"), "équipe_été");
        assert_eq!(snake_case("---"), "");
    }

    #[test]
    fn cut_never_splits_a_character() {
        assert_eq!(cut("añb", 2), "a");
        assert_eq!(cut("añb", 3), "añ");
        assert_eq!(cut("ab", 9), "ab");
    }
}

//! Keys as they are kept: one spelling for what people write in many.

use crate::intelligence::email::{is_domain, registrable};
use crate::intelligence::fold::{fold, words};
use crate::intelligence::networks::{masked, parse_prefix};

/// Longest key, in characters: that of an event's name, which is longer than anything that is looked up.
pub const KEY_CHARS_MAX: usize = 128;
/// Fewest characters of a part of a user agent: shorter ones are in most of them.
const MARK_CHARS_MIN: usize = 4;
/// Fewest characters of a code: shorter texts are not taken for codes either.
const CODE_CHARS_MIN: usize = 2;
/// The widest networks: a wider one is most of a continent, and nearly always a slip.
const V4_LENGTH_MIN: u8 = 8;
const V6_LENGTH_MIN: u8 = 16;

fn text(written: &str) -> Result<&str, String> {
    let text = written.trim();
    match () {
        () if text.is_empty() => Err("must not be empty".into()),
        () if text.chars().count() > KEY_CHARS_MAX => Err(format!("must have at most {KEY_CHARS_MAX} characters")),
        () if text.chars().any(char::is_control) => Err("must not contain control characters".into()),
        () => Ok(text),
    }
}

pub fn domain(written: &str) -> Result<String, String> {
    let lower = text(written)?.to_lowercase();
    let bare = lower.trim_start_matches("*.").trim_start_matches('@').trim_end_matches('.');
    if !is_domain(bare) {
        return Err("must be a domain, such as example.com".into());
    }
    if registrable(bare).is_none() {
        return Err("must be a domain that somebody registered: everybody's addresses are under this one".into());
    }
    Ok(bare.to_owned())
}

pub fn network(written: &str) -> Result<String, String> {
    let wrong = "must be an address or a prefix, such as 203.0.113.7 or 203.0.113.0/24";
    let (ip, length) = parse_prefix(text(written)?).ok_or(wrong)?;
    let shortest = if ip.is_ipv4() { V4_LENGTH_MIN } else { V6_LENGTH_MIN };
    if length < shortest {
        return Err(format!("is too wide: the shortest prefix is /{shortest}"));
    }
    Ok(format!("{}/{length}", masked(ip, length)))
}

pub fn mark(written: &str) -> Result<String, String> {
    let mark = text(written)?.to_lowercase();
    match mark.chars().count() < MARK_CHARS_MIN {
        true => Err(format!("must have at least {MARK_CHARS_MIN} characters: shorter texts are in most user agents")),
        false => Ok(mark),
    }
}

pub fn name(written: &str) -> Result<String, String> {
    let folded = fold(text(written)?);
    let name = folded.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() { Err("must be a name".into()) } else { Ok(name) }
}

pub fn word(written: &str) -> Result<String, String> {
    let folded = fold(text(written)?);
    let mut found = words(&folded).map(|word| word.chars().filter(|c| !c.is_numeric()).collect::<String>());
    match (found.next().filter(|word| !word.is_empty()), found.next()) {
        (Some(word), None) => Ok(word),
        _ => Err("must be one word".into()),
    }
}

pub fn code(written: &str) -> Result<String, String> {
    let code = text(written)?.to_lowercase();
    match code.chars().count() < CODE_CHARS_MIN {
        true => Err(format!("must have at least {CODE_CHARS_MIN} characters")),
        false => Ok(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_of_each() {
        assert_eq!(domain(" *.Example.COM. ").as_deref(), Ok("example.com"));
        assert_eq!(domain("@mail.example.co.uk").as_deref(), Ok("mail.example.co.uk"));
        assert_eq!(network("203.0.113.77/24").as_deref(), Ok("203.0.113.0/24"));
        assert_eq!(network("::ffff:203.0.113.7").as_deref(), Ok("203.0.113.7/32"));
        assert_eq!(network("2001:DB8:7::5/48").as_deref(), Ok("2001:db8:7::/48"));
        assert_eq!(mark(" Acme-Android/ ").as_deref(), Ok("acme-android/"));
        assert_eq!(name("  Jöhn   DOE").as_deref(), Ok("john doe"));
        assert_eq!(word("Fußball!").as_deref(), Ok("fussball"));
        assert_eq!(code(" SUMMER25 ").as_deref(), Ok("summer25"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (found, why) in [
            (domain("co.uk"), "registered"),
            (domain("nonsense"), "domain"),
            (domain(""), "empty"),
            (network("203.0.113.0/33"), "prefix"),
            (network("0.0.0.0/0"), "/8"),
            (network("2000::/3"), "/16"),
            (mark("bot"), "at least"),
            (word("two words"), "one word"),
            (word("123"), "one word"),
            (code("x"), "at least"),
            (code(&"x".repeat(129)), "at most"),
            (name("a\u{7}b"), "control"),
        ] {
            assert!(found.clone().is_err_and(|error| error.contains(why)), "{found:?} {why}");
        }
    }
}

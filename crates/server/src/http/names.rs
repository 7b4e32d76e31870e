//! What people are called and where they get their mail, as far as it can be told by looking.

use crate::http::error::{ApiError, ApiResult};

pub const NAME_CHARS_MAX: usize = 100;
/// What a mailbox may be long by RFC 5321, in all and before the @.
pub const EMAIL_CHARS_MAX: usize = 254;
const LOCAL_CHARS_MAX: usize = 64;

/// An e-mail address as it is stored and compared.
pub fn folded(email: &str) -> String {
    email.trim().to_lowercase()
}

/// A folded address that mail could be sent to.
pub fn email(field: &str, given: &str) -> ApiResult<String> {
    let email = folded(given);
    match is_address(&email) {
        true => Ok(email),
        false => Err(ApiError::BadRequest(format!("{field} must be an e-mail address such as ann@example.com"))),
    }
}

fn is_address(email: &str) -> bool {
    let Some((local, domain)) = email.rsplit_once('@') else { return false };
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"()<>[]:;@\\,\"".contains(c);
    let label = |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    email.len() <= EMAIL_CHARS_MAX
        && !local.is_empty()
        && local.len() <= LOCAL_CHARS_MAX
        && email.replacen('@', "", 1).chars().all(plain)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && domain.split('.').all(label)
}

/// A name of a person or a team.
pub fn name(field: &str, given: &str) -> ApiResult<String> {
    let name = given.trim();
    let length = name.chars().count();
    match (1..=NAME_CHARS_MAX).contains(&length) && !name.chars().any(char::is_control) {
        true => Ok(name.to_owned()),
        false => Err(ApiError::BadRequest(format!(
            "{field} must have 1 to {NAME_CHARS_MAX} characters, none of them a control"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_folded_and_told_from_other_text() {
        assert_eq!(email("email", " Ann.O'Neil+x@Example.ORG ").unwrap(), "ann.o'neil+x@example.org");
        for plausible in ["admin@localhost", "ünï@bücher.example", "a@b.co"] {
            assert_eq!(email("email", plausible).unwrap(), plausible);
        }
        let (long_local, long) = (format!("{}@b.co", "a".repeat(65)), format!("a@{}.co", "b".repeat(254)));
        for wrong in [
            "",
            "ann",
            "@b.co",
            "ann@",
            "a@b@c.co",
            "a b@c.co",
            "a@b..co",
            "a@-b.co",
            ".a@b.co",
            "a..b@c.co",
            "a\u{0}@b.co",
            "a@b.co\r\nBcc: x@y.z",
            "Ann <a@b.co>",
            "a,b@c.co",
            &long_local,
            &long,
        ] {
            assert!(email("email", wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(name("name", "  Zoë 🦓 ").unwrap(), "Zoë 🦓");
        for wrong in ["", "   ", "a\u{0}b", "a\nb", &"x".repeat(101)] {
            assert!(name("name", wrong).is_err(), "{wrong:?}");
        }
    }
}

//! What an e-mail address tells: whose mailbox it is, and what kind of place its domain is.

use super::fold::{fold, head};
use super::lines;
use serde::{Deserialize, Serialize};

pub(crate) const DISPOSABLE: &str = include_str!("../../../../data/disposable-domains.tsv");
pub(crate) const FREE: &str = include_str!("../../../../data/free-providers.txt");
const ROLES: &str = include_str!("../../../../data/role-accounts.txt");
/// The longest address the mail protocol can carry, in characters; the rest of a longer text is not read.
const LIMIT: usize = 320;
const LOCAL_LIMIT: usize = 64;

/// How sure we are that the domain hands out throw-away addresses. Ordered: a later value is stronger evidence.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Disposable {
    #[default]
    No,
    /// Forwards to the person's real mailbox: privacy, hardly suspicious.
    Relay,
    /// Only in a large collected list.
    Weak,
    /// In the curated list.
    Strong,
}

#[derive(Serialize, Deserialize, Clone, PartialEq, Debug, Default)]
pub struct EmailFacts {
    /// One `@` between a local part and a domain with a dot, nothing a mailbox provider would refuse. Quoted local parts
    /// and bare addresses in brackets count as invalid. Only valid addresses are worth comparing with others.
    pub valid: bool,
    /// Before the `@`, lower case.
    pub local: String,
    /// After the `@`, lower case.
    pub domain: String,
    /// What someone registered: `example.co.uk` of `mail.example.co.uk`.
    pub registrable: String,
    pub disposable: Disposable,
    /// How many of the three lists hold the domain.
    pub lists: u8,
    /// A provider where anyone gets an address for nothing.
    pub free: bool,
    /// An office rather than a person: `info`, `no-reply`.
    pub role: bool,
    /// Has a `+tag`.
    pub plus_tag: bool,
    /// The mailbox by its provider's rules: without tag, without the dots Gmail ignores, one domain for a provider's aliases.
    pub canonical: String,
    /// The canonical address with digits, separators and accents of the local part taken out: `j.smith.77` and `jsmith3`
    /// are one. A local part of nothing else keeps them.
    pub skeleton: String,
}

/// Everything the address alone tells; surrounding blanks are ignored and the first 320 characters are read.
pub fn email_facts(address: &str) -> EmailFacts {
    let written = head(address.trim(), LIMIT + 1);
    let lower = written.to_lowercase();
    let (local, domain) = lower.rsplit_once('@').unwrap_or((&lower, ""));
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let registrable = psl::domain_str(domain).unwrap_or(domain);
    let (disposable, lists) = disposable(domain, registrable);
    let (mailbox, provider) = canonical(local, domain);
    EmailFacts {
        valid: written.chars().count() <= LIMIT && is_local(local) && is_domain(domain),
        free: lines::contains(FREE, domain),
        role: is_role(local),
        plus_tag: untagged(local).len() < local.len(),
        skeleton: format!("{}@{provider}", skeleton(&mailbox)),
        canonical: format!("{mailbox}@{provider}"),
        registrable: registrable.to_owned(),
        disposable,
        lists,
        local: local.to_owned(),
        domain: domain.to_owned(),
    }
}

/// What somebody registered of a domain; none for a suffix under which anybody may register.
pub(crate) fn registrable(domain: &str) -> Option<&str> {
    psl::domain_str(domain)
}

fn is_local(local: &str) -> bool {
    let allowed = |char: char| {
        char.is_alphanumeric()
            || "!#$%&'*+-/=?^_`{|}~.".contains(char)
            || (!char.is_ascii() && !char.is_control() && !char.is_whitespace())
    };
    let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
    !local.is_empty() && local.len() <= LOCAL_LIMIT && !dots && local.chars().all(allowed)
}

/// Whether mail can be sent to it.
pub(crate) fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        let edges = label.starts_with('-') || label.ends_with('-');
        !label.is_empty()
            && label.len() <= 63
            && !edges
            && label.chars().all(|char| char.is_alphanumeric() || char == '-' || is_joined(char))
    };
    let top = domain.rsplit('.').next().unwrap_or_default();
    domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(label)
        && !top.chars().all(|char| char.is_ascii_digit())
}

/// Vowel signs and joiners of scripts that need them within a word.
fn is_joined(char: char) -> bool {
    !char.is_ascii() && !char.is_control() && !char.is_whitespace()
}

/// The grade of the domain, or of the nearest parent down to what someone registered, and how many lists hold it.
fn disposable(domain: &str, registrable: &str) -> (Disposable, u8) {
    let mut name = domain;
    loop {
        if let Some(grade) = lines::find(DISPOSABLE, name) {
            return read_grade(grade);
        }
        match name.split_once('.') {
            Some((_, parent)) if parent.len() >= registrable.len() && !registrable.is_empty() => name = parent,
            _ => return (Disposable::No, 0),
        }
    }
}

/// `s3` is strong by three lists.
pub(crate) fn read_grade(grade: &str) -> (Disposable, u8) {
    let kind = match grade.as_bytes().first() {
        Some(b's') => Disposable::Strong,
        Some(b'w') => Disposable::Weak,
        Some(b'r') => Disposable::Relay,
        _ => Disposable::No,
    };
    (kind, grade.get(1..).and_then(|count| count.parse().ok()).unwrap_or(0))
}

/// The name of an office, with separators taken out, and with a number behind it when the name is long enough to be sure.
fn is_role(local: &str) -> bool {
    let plain: String = untagged(local).chars().filter(|char| !is_separator(*char)).collect();
    let unnumbered = plain.trim_end_matches(|char: char| char.is_ascii_digit());
    lines::contains(ROLES, &plain) || (unnumbered.len() >= 4 && lines::contains(ROLES, unnumbered))
}

fn is_separator(char: char) -> bool {
    matches!(char, '.' | '_' | '-')
}

/// The local part before its `+tag`; a leading `+` is no tag.
fn untagged(local: &str) -> &str {
    match local.find('+') {
        Some(at) if at > 0 => &local[..at],
        _ => local,
    }
}

/// Mailbox and provider by the provider's own rules for what is the same mailbox.
fn canonical<'a>(local: &str, domain: &'a str) -> (String, &'a str) {
    let base = untagged(local);
    let provider = provider(domain);
    let mailbox = match provider {
        "gmail.com" => base.replace('.', ""),
        "proton.me" => base.replace(is_separator, ""),
        "yandex.ru" => base.replace('.', "-"),
        _ => base.to_owned(),
    };
    (if mailbox.is_empty() { base.to_owned() } else { mailbox }, provider)
}

/// One name for the domains under which a provider delivers to the same mailbox.
fn provider(domain: &str) -> &str {
    match domain {
        "googlemail.com" => "gmail.com",
        "protonmail.com" | "protonmail.ch" | "pm.me" => "proton.me",
        "ya.ru" | "yandex.com" | "yandex.by" | "yandex.kz" | "yandex.ua" => "yandex.ru",
        "me.com" | "mac.com" => "icloud.com",
        other => other,
    }
}

fn skeleton(mailbox: &str) -> String {
    let folded: String = fold(mailbox).chars().filter(|char| !char.is_numeric() && !is_separator(*char)).collect();
    if folded.is_empty() { mailbox.to_owned() } else { folded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disposable_domains_by_how_sure_we_are() {
        for (address, grade) in [
            ("a@mailinator.com", Disposable::Strong),
            ("a@yopmail.com", Disposable::Strong),
            ("a@inbox.mailinator.com", Disposable::Strong),
            ("a@tempmail.io", Disposable::Weak),
            ("a@duck.com", Disposable::Relay),
            ("a@mozmail.com", Disposable::Relay),
            ("x7f@privaterelay.appleid.com", Disposable::Relay),
            ("a@simplelogin.com", Disposable::Relay),
        ] {
            assert_eq!(email_facts(address).disposable, grade, "{address}");
        }
        assert_eq!(email_facts("a@mailinator.com").lists, 3);
        assert!(Disposable::Strong > Disposable::Weak && Disposable::Weak > Disposable::Relay);
    }

    #[test]
    fn honest_domains_are_not_disposable() {
        for domain in [
            "gmail.com",
            "outlook.com",
            "proton.me",
            "icloud.com",
            "yahoo.co.uk",
            "web.de",
            "mail.ru",
            "qq.com",
            "163.com",
            "21cn.com",
            "naver.com",
            "sify.com",
            "hongkong.com",
            "consultant.com",
            "dr.com",
            "example.com",
            "example.org",
            "siemens.com",
            "mit.edu",
            "ox.ac.uk",
            "bbc.co.uk",
            "appleid.com",
            "co.uk",
            "github.com",
            "münchen.de",
            "fastmail.com",
            "hey.com",
            "cock.li",
            "free.fr",
            "laposte.net",
        ] {
            let facts = email_facts(&format!("jane@{domain}"));
            assert_eq!((facts.disposable, facts.lists), (Disposable::No, 0), "{domain}");
        }
    }

    #[test]
    fn free_providers_and_offices() {
        for address in ["a@gmail.com", "a@proton.me", "a@web.de", "a@qq.com", "a@tutanota.com"] {
            assert!(email_facts(address).free, "{address}");
        }
        for address in ["a@mit.edu", "a@nus.edu.sg", "a@example.com", "a@mailinator.com", "a@siemens.com"] {
            assert!(!email_facts(address).free, "{address}");
        }
        for address in
            ["info@x.de", "no-reply@x.de", "NoReply@x.de", "sales2@x.de", "support+de@x.de", "postmaster@x.de"]
        {
            assert!(email_facts(address).role, "{address}");
        }
        for address in [
            "paris@x.de",
            "alexa@x.de",
            "india@x.de",
            "grant@x.de",
            "max@x.de",
            "md77@x.de",
            "infantino@x.de",
            "art@x.de",
        ] {
            assert!(!email_facts(address).role, "{address}");
        }
    }

    #[test]
    fn one_mailbox_by_the_providers_rules() {
        for (address, canonical) in [
            ("Jane.Doe+shop@GoogleMail.com", "janedoe@gmail.com"),
            ("j.a.n.e@gmail.com", "jane@gmail.com"),
            ("jane.doe+x@outlook.com", "jane.doe@outlook.com"),
            ("jane.doe@pm.me", "janedoe@proton.me"),
            ("jane.doe@ya.ru", "jane-doe@yandex.ru"),
            ("jane@me.com", "jane@icloud.com"),
            ("jane.doe@example.com", "jane.doe@example.com"),
            ("+tag@gmail.com", "+tag@gmail.com"),
        ] {
            assert_eq!(email_facts(address).canonical, canonical);
        }
        assert!(email_facts("jane+a@x.de").plus_tag);
        assert!(!email_facts("+jane@x.de").plus_tag);
    }

    #[test]
    fn skeletons_fold_numbers_and_separators() {
        for address in ["jane.doe77@x.de", "jane_doe@x.de", "janedoe3+a@x.de", "Jané-Doe@x.de"] {
            assert_eq!(email_facts(address).skeleton, "janedoe@x.de", "{address}");
        }
        assert_eq!(email_facts("12345@qq.com").skeleton, "12345@qq.com", "numbers are all there is to tell them apart");
    }

    #[test]
    fn validity() {
        for address in [
            "a@b.co",
            " jane@example.com ",
            "o'brien@x.ie",
            "用户@例子.公司",
            "jané@münchen.de",
            "a+b_c-d.e@x-y.io",
            "ಅ@ಉದಾಹರಣೆ.ಭಾರತ",
        ] {
            assert!(email_facts(address).valid, "{address}");
        }
        for address in [
            "",
            "@",
            "a@",
            "@b.co",
            "a",
            "a@b",
            "a b@c.de",
            "a@b..de",
            ".a@b.de",
            "a..b@c.de",
            "a@-b.de",
            "a@b.de@",
            "a@1.2.3.4",
            "a@b,de",
            "a\u{0}@b.de",
        ] {
            assert!(!email_facts(address).valid, "{address:?}");
        }
    }

    #[test]
    fn registrable_domains() {
        for (address, registrable) in [
            ("a@mail.example.co.uk", "example.co.uk"),
            ("a@gmail.com", "gmail.com"),
            ("a@localhost", "localhost"),
            ("a", ""),
        ] {
            assert_eq!(email_facts(address).registrable, registrable);
        }
    }

    #[test]
    fn any_text_gets_an_answer() {
        for text in [
            "@".repeat(10_000),
            ".".repeat(10_000),
            "a@".to_owned() + &"b.".repeat(5_000),
            "é@é.é".to_owned(),
            "\u{202e}@\u{0}.\u{feff}".to_owned(),
            "😀".repeat(4_000),
        ] {
            let facts = email_facts(&text);
            assert!(facts.canonical.chars().count() <= 2 * LIMIT);
        }
    }
}

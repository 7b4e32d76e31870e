//! Blocking keys: the artefacts under which candidates are found.

use crate::intelligence::email::{EmailFacts, email_facts};
use crate::intelligence::sound::sound;
use crate::linkage::card::name_tokens;
use crate::mapping::{Field, display_name};
use crate::profile::{Profile, Seen};
use crate::text::cut;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Longest key, in bytes.
const KEY_BYTES_MAX: usize = 256;
/// A key with more holders than this tells nobody apart, whatever it is.
const CROWD_MAX: u64 = 2_000;
/// Fewest characters of an e-mail skeleton's local part, and fewest digits of a phone number, that tell anything.
const SKELETON_CHARS_MIN: usize = 4;
const PHONE_DIGITS_MIN: usize = 7;

/// Kinds of blocking keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    #[default]
    Device,
    Session,
    Ip,
    IpPrefix,
    Email,
    EmailSkeleton,
    EmailDomain,
    Name,
    NameSound,
    Phone,
    Payment,
    Document,
    Referral,
}

impl KeyKind {
    pub const ALL: [KeyKind; 13] = [
        KeyKind::Device,
        KeyKind::Session,
        KeyKind::Ip,
        KeyKind::IpPrefix,
        KeyKind::Email,
        KeyKind::EmailSkeleton,
        KeyKind::EmailDomain,
        KeyKind::Name,
        KeyKind::NameSound,
        KeyKind::Phone,
        KeyKind::Payment,
        KeyKind::Document,
        KeyKind::Referral,
    ];

    pub fn code(self) -> &'static str {
        match self {
            KeyKind::Device => "device",
            KeyKind::Session => "session",
            KeyKind::Ip => "ip",
            KeyKind::IpPrefix => "ip_prefix",
            KeyKind::Email => "email",
            KeyKind::EmailSkeleton => "email_skeleton",
            KeyKind::EmailDomain => "email_domain",
            KeyKind::Name => "name",
            KeyKind::NameSound => "name_sound",
            KeyKind::Phone => "phone",
            KeyKind::Payment => "payment",
            KeyKind::Document => "document",
            KeyKind::Referral => "referral",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        KeyKind::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Whether a key of this kind offers a few of its holders when it has a crowd of them: a farm can be large, but an
    /// address, a name or a referral code that hundreds share is just popular.
    pub fn samples_crowd(self, holders: u64) -> bool {
        let popular = [
            KeyKind::Ip,
            KeyKind::IpPrefix,
            KeyKind::EmailDomain,
            KeyKind::Name,
            KeyKind::NameSound,
            KeyKind::Referral,
        ];
        holders <= CROWD_MAX && !popular.contains(&self)
    }
}

/// One artefact that an identity holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    pub kind: KeyKind,
    pub key: String,
    pub seen: Seen,
}

/// The blocking keys of a profile.
pub fn keys(profile: &Profile, fields: &BTreeMap<Field, String>) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    let mut add = |kind, key: &str, seen| {
        if !key.is_empty() {
            keys.push(Key { kind, key: cut(key, KEY_BYTES_MAX).to_owned(), seen });
        }
    };
    profile.devices.iter().for_each(|held| add(KeyKind::Device, &held.fingerprint, held.seen));
    profile.sessions.iter().for_each(|held| add(KeyKind::Session, &held.id, held.seen));
    for held in &profile.ips {
        add(KeyKind::Ip, &held.ip, held.seen);
        add(KeyKind::IpPrefix, &prefix(&held.ip).unwrap_or_default(), held.seen);
    }
    let whole = Seen { first_ms: profile.first_ms, last_ms: profile.last_ms, count: 1 };
    if let Some(facts) = fields.get(&Field::Email).map(|email| email_facts(email)).filter(|facts| facts.valid) {
        add(KeyKind::Email, &facts.canonical, whole);
        add(KeyKind::EmailSkeleton, &skeleton(&facts), whole);
        add(KeyKind::EmailDomain, own_domain(&facts), whole);
    }
    if let Some(name) = display_name(fields) {
        add(KeyKind::Name, &name_key(&name), whole);
        name_sounds(&name).iter().for_each(|key| add(KeyKind::NameSound, key, whole));
    }
    let of_field = |field| fields.get(&field).map(String::as_str).unwrap_or_default();
    add(KeyKind::Phone, &phone(of_field(Field::Phone)), whole);
    add(KeyKind::Payment, of_field(Field::PaymentFingerprint), whole);
    add(KeyKind::Document, of_field(Field::DocumentHash), whole);
    add(KeyKind::Referral, of_field(Field::ReferralCode), whole);
    folded(keys)
}

/// One key for each kind and text: two addresses of one prefix are one sighting of the prefix.
fn folded(keys: Vec<Key>) -> Vec<Key> {
    let mut out: BTreeMap<(KeyKind, String), Seen> = BTreeMap::new();
    for key in keys {
        out.entry((key.kind, key.key))
            .and_modify(|seen| {
                seen.first_ms = seen.first_ms.min(key.seen.first_ms);
                seen.last_ms = seen.last_ms.max(key.seen.last_ms);
                seen.count = seen.count.saturating_add(key.seen.count);
            })
            .or_insert(key.seen);
    }
    out.into_iter().map(|((kind, key), seen)| Key { kind, key, seen }).collect()
}

/// The network of an address that one household or office gets: /24 for IPv4, /48 for IPv6.
fn prefix(ip: &str) -> Option<String> {
    match ip.parse().ok()? {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            Some(format!("{a}.{b}.{c}.0/24"))
        }
        IpAddr::V6(ip) => {
            let [a, b, c, ..] = ip.segments();
            Some(format!("{a:x}:{b:x}:{c:x}::/48"))
        }
    }
}

/// The local part of the e-mail skeleton, at whatever provider, unless it is too short to tell anybody apart.
fn skeleton(facts: &EmailFacts) -> String {
    let local = facts.skeleton.split('@').next().unwrap_or_default();
    if local.chars().count() < SKELETON_CHARS_MIN { String::new() } else { local.to_owned() }
}

/// A domain that few have an address at, as far as lists can tell.
fn own_domain(facts: &EmailFacts) -> &str {
    if facts.free { "" } else { &facts.registrable }
}

/// The words of a name in alphabetical order: `Virtanen Anna` is `Anna Virtanen`. A single word is no name to go by.
pub fn name_key(name: &str) -> String {
    let mut tokens = name_tokens(name);
    tokens.sort();
    if tokens.len() < 2 { String::new() } else { tokens.join(" ") }
}

/// How the first and the last word of a name sound, each with the other's initial: an error in one of them, or their
/// order, hides nobody.
fn name_sounds(name: &str) -> Vec<String> {
    let tokens = name_tokens(name);
    let [first, .., last] = tokens.as_slice() else { return Vec::new() };
    let key = |whole: &str, other: &str| {
        let (sound, initial) = (sound(whole), other.chars().next().unwrap_or_default());
        if sound.chars().nth(1).is_none() { String::new() } else { format!("{sound} {initial}") }
    };
    vec![key(first, last), key(last, first)]
}

fn phone(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < PHONE_DIGITS_MIN { String::new() } else { digits.trim_start_matches('0').to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_those_of_a_household() {
        assert_eq!(prefix("203.0.113.77").unwrap(), "203.0.113.0/24");
        assert_eq!(prefix("2001:db8:7:1::5").unwrap(), "2001:db8:7::/48");
        assert_eq!(prefix("nonsense"), None);
    }

    #[test]
    fn an_error_in_either_word_of_a_name_or_their_order_hides_nobody() {
        let meet = |a: &str, b: &str| name_sounds(a).iter().any(|key| name_sounds(b).contains(key));
        for (a, b) in [
            ("Katarzyna Wisniewska", "Katarzina Visnievska"),
            ("Noah Henderson", "Hendersonn Noha"),
            ("Anna Maria Virtanen", "Anna Virtanen"),
            ("Robert Kowalczyk", "Rob Kowalczyk"),
            ("Дмитро Скрипник", "Dmitro Skrypnyk"),
        ] {
            assert!(meet(a, b), "{a}, {b}");
        }
        assert!(!meet("Anna Virtanen", "Mikko Virtanen"));
        assert!(name_sounds("Cher").is_empty() && name_sounds("").is_empty());
    }

    #[test]
    fn addresses_meet_at_any_provider_and_at_domains_of_their_own() {
        assert_eq!(skeleton(&email_facts("promo.hunter01@gmail.com")), skeleton(&email_facts("promohunter@gmx.de")));
        assert_eq!(skeleton(&email_facts("kim7@gmail.com")), "");
        assert_eq!(own_domain(&email_facts("kim@mail.virtanen.co.uk")), "virtanen.co.uk");
        assert_eq!(own_domain(&email_facts("kim@gmail.com")), "");
    }

    #[test]
    fn order_of_names_and_dress_of_numbers_do_not_matter() {
        assert_eq!(name_key("Virtanen, Anna"), name_key("Anna VIRTANEN"));
        assert_eq!(name_key("Cher"), "");
        assert_eq!(phone("+49 (0)170 1234567"), "4901701234567");
        assert_eq!(phone("12"), "");
    }
}

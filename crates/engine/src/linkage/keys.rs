//! Blocking keys: the artefacts under which candidates are found.

use crate::intelligence::email::{Disposable, EmailFacts, email_facts};
use crate::intelligence::fold::{fold, words};
use crate::intelligence::sound::sound;
use crate::limits::CANDIDATES_PER_KEY_MAX;
use crate::linkage::card::name_tokens;
use crate::linkage::trace::{Trace, is_marked};
use crate::mapping::{EventType, Field, Mappings, display_name};
use crate::profile::{Note, Profile, Seen};
use crate::said::Topic;
use crate::text::{cut, hash32};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Longest key, in bytes.
const KEY_BYTES_MAX: usize = 256;
/// A key with more holders than this tells nobody apart, whatever it is.
const CROWD_MAX: u64 = 2_000;
/// Holders of names that sound alike who are candidates.
const SOUND_CANDIDATES_MAX: usize = 12;
/// Fewest characters of an e-mail skeleton's local part, and fewest digits of a phone number, that tell anything.
const SKELETON_CHARS_MIN: usize = 4;
const PHONE_DIGITS_MIN: usize = 7;
/// Fewest characters of a street with its number.
const STREET_CHARS_MIN: usize = 6;

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
    /// The domain of an e-mail address, unless everybody gets addresses there.
    EmailDomain,
    Name,
    NameSound,
    Phone,
    Payment,
    Document,
    /// The code that brought somebody, or that somebody brings others with.
    Referral,
    Promo,
    Street,
    /// The first acts.
    Behavior,
    /// The hour and the day of a marked arrival.
    Arrival,
    /// The hours, the week and the country of somebody who registered under a tracker's eyes and did nothing else.
    Leaving,
}

impl KeyKind {
    pub const ALL: [KeyKind; 18] = [
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
        KeyKind::Promo,
        KeyKind::Street,
        KeyKind::Behavior,
        KeyKind::Arrival,
        KeyKind::Leaving,
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
            KeyKind::Promo => "promo",
            KeyKind::Street => "street",
            KeyKind::Behavior => "behavior",
            KeyKind::Arrival => "arrival",
            KeyKind::Leaving => "leaving",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        KeyKind::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Whether it is of what somebody is called: many are called alike, and never met.
    pub fn is_of_name(self) -> bool {
        matches!(self, KeyKind::Name | KeyKind::NameSound | KeyKind::EmailSkeleton)
    }

    /// Whether it is something that somebody has or somewhere they were, unlike what they are called and how they behave.
    pub fn is_common_ground(self) -> bool {
        !self.is_of_name() && !self.is_given_up()
    }

    /// Whether an identity gives a key of this kind up when it holds it no longer. What it was seen with and called by
    /// stays; how it has behaved so far is something else after the next event, whatever the order events come in.
    pub fn is_given_up(self) -> bool {
        matches!(self, KeyKind::Behavior | KeyKind::Arrival | KeyKind::Leaving)
    }

    /// How many may hold a key of this kind before it offers them no longer, or only some. What merely sounds alike is mostly
    /// chance where many do, and costs as much to compare as the rest.
    pub fn candidates_max(self) -> usize {
        match self {
            KeyKind::NameSound => SOUND_CANDIDATES_MAX,
            _ => CANDIDATES_PER_KEY_MAX,
        }
    }

    /// Whether a key of this kind offers a few of its holders when it has a crowd of them: a farm can be large, but an
    /// address, a name, a code or a way to begin that hundreds share is just popular.
    pub fn samples_crowd(self, holders: u64) -> bool {
        let popular = [
            KeyKind::Ip,
            KeyKind::IpPrefix,
            KeyKind::EmailDomain,
            KeyKind::Name,
            KeyKind::NameSound,
            KeyKind::Referral,
            KeyKind::Promo,
            KeyKind::Street,
            KeyKind::Behavior,
            KeyKind::Arrival,
            KeyKind::Leaving,
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

impl Key {
    /// This artefact as it stands among those.
    pub fn among<'a>(&self, held: &'a [Key]) -> Option<&'a Key> {
        held.iter().find(|key| key.kind == self.kind && key.key == self.key)
    }
}

/// The blocking keys of a profile, as it stands at `now_ms`.
pub fn keys(
    profile: &Profile,
    fields: &BTreeMap<Field, String>,
    trace: &Trace,
    mappings: &Mappings,
    now_ms: i64,
) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    let mut add = |kind, key: &str, seen| {
        if !key.is_empty() {
            keys.push(Key { kind, key: cut(key, KEY_BYTES_MAX).to_owned(), seen });
        }
    };
    let strangers = Strangers::of(profile, mappings);
    let own_devices = profile.devices.iter().filter(|held| !strangers.hold(&held.fingerprint, held.seen));
    own_devices.for_each(|held| add(KeyKind::Device, &held.fingerprint, held.seen));
    let own_sessions = profile.sessions.iter().filter(|held| !strangers.hold(&held.id, held.seen));
    own_sessions.for_each(|held| add(KeyKind::Session, &held.id, held.seen));
    for held in profile.ips.iter().filter(|held| !strangers.hold(&held.ip, held.seen)) {
        add(KeyKind::Ip, &held.ip, held.seen);
        add(KeyKind::IpPrefix, &prefix(&held.ip).unwrap_or_default(), held.seen);
    }
    let whole = Seen { first_ms: profile.first_ms, last_ms: profile.last_ms, count: 1 };
    let email = fields.get(&Field::Email).map(|email| email_facts(email)).filter(|facts| facts.valid);
    if let Some(facts) = &email {
        add(KeyKind::Email, &facts.canonical, whole);
        add(KeyKind::EmailSkeleton, &skeleton(facts), whole);
        add(KeyKind::EmailDomain, own_domain(facts), whole);
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
    let place = [Field::PostalCode, Field::City].map(of_field).into_iter().find(|text| !text.is_empty());
    add(KeyKind::Street, &street(of_field(Field::Street), place.unwrap_or_default()), whole);
    for said in &profile.said {
        match said.topic {
            Topic::Payment => add(KeyKind::Payment, &said.text, said.seen),
            Topic::Document => add(KeyKind::Document, &said.text, said.seen),
            Topic::Referral => add(KeyKind::Referral, &said.text, said.seen),
            Topic::Promo => add(KeyKind::Promo, &said.text.to_lowercase(), said.seen),
            Topic::Street => add(KeyKind::Street, &street(&said.text, ""), said.seen),
        }
    }
    if trace.opening != 0 {
        add(KeyKind::Behavior, &format!("{:08x}", trace.opening), whole);
    }
    if is_marked(trace, email.as_ref()) {
        arrivals(trace.first_ms).iter().for_each(|key| add(KeyKind::Arrival, key, whole));
    }
    if trace.is_slight() && trace.tracked && !trace.country.is_empty() && trace.has_gone(now_ms) {
        leavings(trace).iter().for_each(|key| add(KeyKind::Leaving, key, whole));
    }
    folded(keys)
}

/// Devices, sessions and addresses that were seen with failed logins alone: whoever tries passwords there is not known to
/// be the account's owner. By the hashes under which events remember them, with the number of failures.
struct Strangers(BTreeMap<u32, u32>);

impl Strangers {
    fn of(profile: &Profile, mappings: &Mappings) -> Self {
        let mut failures: BTreeMap<u32, u32> = BTreeMap::new();
        let failed: BTreeSet<&str> = profile
            .names
            .keys()
            .map(String::as_str)
            .filter(|name| mappings.event_type(name) == Some(EventType::LoginFailed))
            .collect();
        if failed.is_empty() {
            return Strangers(failures);
        }
        let artefacts = |note: &Note| [note.device, note.session, note.ip].into_iter().filter(|hash| *hash != 0);
        let (bad, good): (Vec<&Note>, Vec<&Note>) =
            profile.recent.iter().partition(|note| failed.contains(note.name.as_str()));
        bad.iter().flat_map(|note| artefacts(note)).for_each(|hash| *failures.entry(hash).or_default() += 1);
        let owned: BTreeSet<u32> = good.iter().flat_map(|note| artefacts(note)).collect();
        failures.retain(|hash, _| !owned.contains(hash));
        Strangers(failures)
    }

    /// Older sightings than those remembered may have been the owner's.
    fn hold(&self, text: &str, seen: Seen) -> bool {
        !self.0.is_empty() && self.0.get(&hash32(text)).is_some_and(|failures| seen.count <= *failures)
    }
}

/// Two hours that overlap by half, so that any two arrivals within half an hour have one in common, and the day.
fn arrivals(first_ms: i64) -> [String; 3] {
    const HOUR_MS: i64 = 3_600_000;
    let hour = first_ms.div_euclid(HOUR_MS);
    [
        format!("h{hour}"),
        format!("m{}", (first_ms + HOUR_MS / 2).div_euclid(HOUR_MS)),
        format!("d{}", hour.div_euclid(24)),
    ]
}

/// Two spans of six hours that overlap by half, and the week, each of one country.
fn leavings(trace: &Trace) -> [String; 3] {
    const SPAN_MS: i64 = 6 * 3_600_000;
    let (span, half) = (trace.first_ms.div_euclid(SPAN_MS), (trace.first_ms + SPAN_MS / 2).div_euclid(SPAN_MS));
    let country = &trace.country;
    [format!("h{span} {country}"), format!("m{half} {country}"), format!("w{} {country}", span.div_euclid(28))]
}

/// A house: the street with its number, and what tells it from its namesakes elsewhere.
fn street(text: &str, place: &str) -> String {
    if !text.chars().any(|c| c.is_ascii_digit()) || text.chars().count() < STREET_CHARS_MIN {
        return String::new();
    }
    let words = [text, place].map(|part| words(&fold(cut(part, KEY_BYTES_MAX / 2))).collect::<Vec<_>>().join(" "));
    words.join("|")
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
pub fn prefix(ip: &str) -> Option<String> {
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
    if facts.free || facts.disposable != Disposable::No { "" } else { &facts.domain }
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
    use crate::testkit::{START_MS, Story};

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
        assert_eq!(own_domain(&email_facts("kim@virtanen.co.uk")), "virtanen.co.uk");
        assert_eq!(own_domain(&email_facts("kim@gmail.com")), "");
    }

    #[test]
    fn order_of_names_and_dress_of_numbers_do_not_matter() {
        assert_eq!(name_key("Virtanen, Anna"), name_key("Anna VIRTANEN"));
        assert_eq!(name_key("Cher"), "");
        assert_eq!(phone("+49 (0)170 1234567"), "4901701234567");
        assert_eq!(phone("12"), "");
    }

    fn held(story: &Story, now_s: i64) -> Vec<(KeyKind, String)> {
        let (profile, mappings) = (story.snapshot().profile, Mappings::default());
        let fields = mappings.fields(&profile.attributes);
        let trace = Trace::of(&profile, &mappings);
        let keys = keys(&profile, &fields, &trace, &mappings, START_MS + now_s * 1000);
        keys.into_iter().map(|key| (key.kind, key.key)).collect()
    }

    fn kinds(story: &Story, now_s: i64) -> Vec<KeyKind> {
        held(story, now_s).into_iter().map(|(kind, _)| kind).collect()
    }

    #[test]
    fn where_only_passwords_failed_somebody_else_may_have_tried_them() {
        let own = Story::new().ip("203.0.113.7").device("own", "{}").session("s1").event(0, "login");
        let tried = own.ip("198.51.100.9").device("tool", "{}").session("s2");
        let tried = (60..64).fold(tried, |story, at_s| story.event(at_s, "login_failed"));
        let texts: Vec<String> = held(&tried, 70).into_iter().map(|(_, text)| text).collect();
        assert!(texts.iter().any(|text| text == "own") && texts.iter().any(|text| text == "203.0.113.7"));
        assert!(!["tool", "s2", "198.51.100.9"].iter().any(|stranger| texts.iter().any(|text| text == stranger)));
        let opened: Vec<String> = held(&tried.event(70, "login"), 80).into_iter().map(|(_, text)| text).collect();
        assert!(["tool", "s2", "198.51.100.9"].iter().all(|known| opened.iter().any(|text| text == known)));
    }

    #[test]
    fn a_domain_of_ones_own_is_a_key_and_a_providers_is_not() {
        let of = |email: &str| kinds(&Story::new().identity(&format!(r#"{{"email":"{email}"}}"#)).event(0, "login"), 0);
        assert!(of("jan@bluefox7.example.net").contains(&KeyKind::EmailDomain));
        assert!(
            !of("jan@gmail.com").contains(&KeyKind::EmailDomain)
                && !of("jan@mailinator.com").contains(&KeyKind::EmailDomain)
        );
    }

    #[test]
    fn what_events_say_is_a_key() {
        let data = r#"{"card_fingerprint":"ab12","promo_code":"NEW20","ship_to_street":"Park Lane 7"}"#;
        let kinds = kinds(&Story::new().event_with(0, "purchase", data), 0);
        assert!([KeyKind::Payment, KeyKind::Promo, KeyKind::Street].iter().all(|kind| kinds.contains(kind)));
        assert_eq!(street("Main Street", ""), "");
        assert_eq!(street("Park Lane 7", "SW1"), street("PARK LANE, 7", "sw1"));
    }

    #[test]
    fn arrivals_within_half_an_hour_have_an_hour_in_common() {
        let base = 1_790_000_000_000;
        for minutes in 0..180 {
            let (a, b) = (arrivals(base + minutes * 60_000), arrivals(base + (minutes + 29) * 60_000));
            assert!(a[..2].iter().any(|key| b.contains(key)), "{minutes}");
        }
    }

    #[test]
    fn only_who_has_gone_without_a_look_around_leaves_a_key() {
        let signals = r#"{"platform":"Win32"}"#;
        let story = Story::new().ip("84.128.7.9").device("d", signals).event(0, "signup").event(9, "email_confirmed");
        let known = |story: &Story, now_s| kinds(story, now_s).contains(&KeyKind::Leaving);
        if story.snapshot().profile.ips[0].network.country.is_some() {
            assert!(!known(&story, 60) && known(&story, 7200));
            assert!(!known(&story.event(99, "page_view"), 7200));
        }
    }
}

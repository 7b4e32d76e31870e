//! Whether what the identity says of itself agrees with itself and with where it comes from.

use super::evidence::{country, grown, join};
use super::places::{country_of_text, country_of_zone, has_dialling_code};
use super::{Analyzer, counted};
use crate::mapping::Field;
use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;
use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;

pub const ANALYZER: Analyzer = Analyzer {
    id: "authenticity.data-agreement",
    label: "Data agreement",
    category: Category::Authenticity,
    group: "agreement",
    weight: 1.0,
    analyze,
};

/// Values of the first, second … mismatch: one happens to travellers and VPN users, several to made-up people.
const MISMATCHES: [f64; 4] = [0.42, 0.3, 0.22, 0.2];
/// Whoever invents a person keeps the invention consistent, so agreement alone is never more than this.
const AGREEING_MAX: f64 = 0.9;
/// Shortest part of a name that is looked for in an address: `li` is in too many words.
const PART_CHARS_MIN: usize = 3;

struct Check {
    agrees: bool,
    /// The value when it agrees.
    good: f64,
    words: &'static str,
}

fn check(agrees: Option<bool>, good: f64, words: &'static str) -> Option<Check> {
    Some(Check { agrees: agrees?, good, words })
}

fn analyze(snapshot: &Snapshot) -> Option<Finding> {
    let checks: Vec<Check> = names(snapshot).into_iter().chain(places(snapshot)).flatten().collect();
    if checks.is_empty() {
        return None;
    }
    let words = |agrees: bool| {
        checks.iter().filter(|check| check.agrees == agrees).map(|check| check.words).collect::<Vec<_>>()
    };
    let (agreeing, differing) = (words(true), words(false));
    let good = checks.iter().filter(|check| check.agrees).map(|check| check.good);
    let bad = (0..differing.len()).map(|index| MISMATCHES[index.min(MISMATCHES.len() - 1)]);
    let value = join(good.chain(bad)).min(AGREEING_MAX);
    let confidence = grown(0.85, checks.len() as f64, 1.2);
    let list = |lead: &str, words: &[&str]| match words.is_empty() {
        true => String::new(),
        false => format!(" {lead}: {}.", words.join("; ")),
    };
    let text = format!(
        "{} of {} agree.{}{}",
        agreeing.len(),
        counted(checks.len() as u64, "comparison", "comparisons"),
        list("Agreeing", &agreeing),
        list("Differing", &differing)
    );
    Some(Finding::new(value, confidence, text).with("agreeing", agreeing).with("differing", differing))
}

fn names(snapshot: &Snapshot) -> [Option<Check>; 3] {
    // Random letters agree with the random address made of them.
    let plausible = snapshot.name.as_ref().is_none_or(|facts| facts.gibberish < 0.6 && !facts.keyboard_walk);
    let name = snapshot.display_name().filter(|_| plausible);
    let parts = name.as_deref().map(parts).unwrap_or_default();
    let local = snapshot.email.as_ref().filter(|email| email.valid && !email.role).map(|email| folded(&email.local));
    let username = snapshot.fields.get(&Field::Username).map(|name| folded(name.split('@').next().unwrap_or("")));
    // Many people have an address or a handle that is not their name: only agreement says something.
    let in_local = local.as_ref().filter(|local| occurs(&parts, local)).map(|_| true);
    let of_username = username.as_ref().filter(|handle| {
        let mailbox = local.as_ref().is_some_and(|local| local == *handle && local.chars().count() >= PART_CHARS_MIN);
        mailbox || occurs(&parts, handle)
    });
    [
        check(in_local, 0.74, "name and e-mail address"),
        check(of_username.map(|_| true), 0.68, "username and name or e-mail address"),
        check(whole_name(snapshot), 0.62, "full name and its parts"),
    ]
}

/// First and last name occur in the full name; in scripts and orders of any kind.
fn whole_name(snapshot: &Snapshot) -> Option<bool> {
    let of = |field| snapshot.fields.get(&field).map(|text| folded(text)).filter(|text| !text.is_empty());
    let (full, first, last) = (of(Field::FullName)?, of(Field::FirstName), of(Field::LastName));
    let known: Vec<String> = [first, last].into_iter().flatten().collect();
    // A nickname for one part is common; a name of which no part occurs is another name.
    (!known.is_empty()).then(|| known.iter().any(|part| full.contains(part.as_str())))
}

fn places(snapshot: &Snapshot) -> [Option<Check>; 5] {
    let said = snapshot.fields.get(&Field::Country).and_then(|text| country_of_text(text));
    let ips: BTreeSet<&str> = snapshot.profile.ips.iter().filter_map(country).collect();
    let zones = snapshot.profile.devices.iter().filter_map(|held| held.traits.timezone.as_deref());
    let zones: BTreeSet<&str> = zones.filter_map(country_of_zone).collect();
    let among =
        |places: &BTreeSet<&str>| said.as_deref().filter(|_| !places.is_empty()).map(|said| places.contains(said));
    let both = (!ips.is_empty() && !zones.is_empty()).then(|| !ips.is_disjoint(&zones));
    let phone = snapshot.fields.get(&Field::Phone);
    let dialled = |code: Option<&str>| has_dialling_code(phone?, code?);
    // Where the country is not said, one of the addresses' countries has to do.
    let by_ip = if said.is_none() && ips.len() == 1 { dialled(ips.first().copied()) } else { None };
    [
        check(among(&ips), 0.74, "country and IP address"),
        check(among(&zones), 0.7, "country and time zone"),
        check(both, 0.68, "IP address and time zone"),
        check(dialled(said.as_deref()), 0.68, "country and phone number"),
        check(by_ip, 0.66, "IP address and phone number"),
    ]
}

/// Letters and digits without accents, in lower case.
fn folded(text: &str) -> String {
    let plain = text.chars().take(256).collect::<String>();
    plain.nfkd().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn parts(name: &str) -> Vec<String> {
    let words = name.split(|c: char| c.is_whitespace() || c == '-' || c == ',').take(8).map(folded);
    words.filter(|word| word.chars().count() >= PART_CHARS_MIN).collect()
}

fn occurs(parts: &[String], text: &str) -> bool {
    parts.iter().any(|part| text.contains(part.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Story, check, check_silent};

    fn finding(data: &str, zone: &str, ip_country: &str) -> Option<Finding> {
        let signals = format!(r#"{{"timezone":"{zone}"}}"#);
        let story = Story::new().identity(data).ip("10.0.0.1").device("fp", &signals).event(0, "signup");
        let mut snapshot = story.snapshot();
        snapshot.profile.ips[0].network = Default::default();
        snapshot.profile.ips[0].network.country = Some(ip_country.into());
        analyze(&snapshot)
    }

    #[test]
    fn a_name_in_its_address_is_good_and_another_is_nothing() {
        let story = |data| Story::new().identity(data).event(0, "signup");
        check(&ANALYZER, &story(r#"{"name":"Ada Lovelace","email":"ada.lovelace@example.com"}"#), 0.7..=0.85);
        check_silent(&ANALYZER, &story(r#"{"name":"Ada Lovelace","email":"moonfox@example.com"}"#));
        check(&ANALYZER, &story(r#"{"name":"José Núñez","email":"jnunez7@example.com"}"#), 0.7..=0.85);
        check(&ANALYZER, &story(r#"{"name":"Ada Lovelace","firstName":"Bob","lastName":"Stone"}"#), 0.3..=0.45);
    }

    #[test]
    fn agreeing_places_are_good() {
        let home = finding(r#"{"country":"Japan","phone":"+81 90 1234 5678"}"#, "Asia/Tokyo", "JP").unwrap();
        assert!(home.value > 0.8, "{}", home.explanation);
    }

    #[test]
    fn one_mismatch_is_weak_and_many_are_not() {
        let traveller = finding(r#"{"country":"DE"}"#, "Europe/Berlin", "TH").unwrap();
        assert!((0.25..0.6).contains(&traveller.value), "{}", traveller.value);
        let invented = finding(r#"{"country":"US","phone":"+234 803 123 4567"}"#, "Asia/Karachi", "NL").unwrap();
        assert!(invented.value < 0.12, "{}", invented.value);
    }

    #[test]
    fn nothing_to_compare_says_nothing() {
        check_silent(&ANALYZER, &Story::new().identity(r#"{"country":"DE"}"#).event(0, "signup"));
    }
}

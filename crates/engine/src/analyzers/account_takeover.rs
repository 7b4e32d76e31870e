//! An established account, seen somewhere new, that changes how its owner could get it back.

use super::evidence::{DAY_MS, HOUR_MS, addresses, country, gap_ms, join};
use super::{Analyzer, counted};
use crate::mapping::EventType;
use crate::profile::Note;
use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;
use crate::text::hash32;
use std::collections::{BTreeMap, BTreeSet};

pub const ANALYZER: Analyzer = Analyzer {
    id: "behavior.account-takeover-signal",
    label: "Account Takeover Suspected",
    category: Category::Behavior,
    group: "takeover",
    weight: 1.5,
    analyze,
};

const ESTABLISHED_EVENTS: usize = 5;
/// Time between the newcomer's first sight and what it does.
const WINDOW_MS: i64 = HOUR_MS;
/// Failed logins in the hour before that are more than typing.
const BURST: u64 = 5;

/// Changes that lock the owner out, and what each is worth. People reset a forgotten password on a new phone; they
/// seldom change the address that resets go to.
fn weigh(meaning: EventType) -> Option<(f64, &'static str)> {
    match meaning {
        EventType::EmailChange => Some((0.3, "e-mail change")),
        EventType::PhoneChange => Some((0.34, "phone change")),
        EventType::MfaDisabled => Some((0.28, "second factor disabled")),
        EventType::PasswordChange => Some((0.36, "password change")),
        EventType::PasswordReset => Some((0.45, "password reset")),
        EventType::MfaEnabled => Some((0.47, "second factor enabled")),
        EventType::ApiKeyCreated => Some((0.42, "API key created")),
        EventType::PaymentMethodAdded => Some((0.47, "payment method added")),
        _ => None,
    }
}

/// The moment something new appears on the account.
struct Arrival {
    at_ms: i64,
    device: bool,
    country: Option<String>,
}

fn analyze(snapshot: &Snapshot) -> Option<Finding> {
    worst(snapshot).map(|(finding, _)| finding)
}

/// Of all arrivals the one that looks most like a takeover, with its moment.
fn worst(snapshot: &Snapshot) -> Option<(Finding, i64)> {
    let judged = arrivals(snapshot).into_iter().filter_map(|arrival| Some((judge(snapshot, &arrival)?, arrival.at_ms)));
    judged.min_by(|(a, _), (b, _)| a.value.total_cmp(&b.value))
}

/// First sights of a device or country after the account was established with others.
fn arrivals(snapshot: &Snapshot) -> Vec<Arrival> {
    let mut seen: BTreeMap<i64, Arrival> = BTreeMap::new();
    let by_hash = addresses(snapshot);
    let devices = snapshot.profile.devices.iter().map(|held| (hash32(&held.fingerprint), held.seen.first_ms)).collect();
    let home = snapshot.profile.ips.iter().filter_map(|held| Some((country(held)?, held.seen.first_ms)));
    let countries = earliest(home);
    let is_first = |first: &BTreeMap<u32, i64>, key: u32, at_ms: i64| {
        first.get(&key) == Some(&at_ms) && first.values().any(|other| *other < at_ms)
    };
    for (index, note) in snapshot.profile.recent.iter().enumerate() {
        if !is_established(snapshot, index, note.at_ms) {
            continue;
        }
        let place = by_hash.get(&note.ip).and_then(|held| country(held));
        let abroad = place.filter(|place| {
            countries.get(place) == Some(&note.at_ms) && countries.values().any(|other| *other < note.at_ms)
        });
        let device = note.device != 0 && is_first(&devices, note.device, note.at_ms);
        if device || abroad.is_some() {
            let arrival = seen.entry(note.at_ms).or_insert(Arrival { at_ms: note.at_ms, device: false, country: None });
            arrival.device |= device;
            arrival.country = arrival.country.take().or_else(|| abroad.map(str::to_owned));
        }
    }
    seen.into_values().collect()
}

fn earliest<'a>(sightings: impl Iterator<Item = (&'a str, i64)>) -> BTreeMap<&'a str, i64> {
    let mut first: BTreeMap<&str, i64> = BTreeMap::new();
    for (place, at_ms) in sightings {
        let held = first.entry(place).or_insert(at_ms);
        *held = (*held).min(at_ms);
    }
    first
}

/// `index` remembered events lie before; the profile may have forgotten earlier ones.
fn is_established(snapshot: &Snapshot, index: usize, at_ms: i64) -> bool {
    let forgotten = snapshot.profile.events as usize > snapshot.profile.recent.len();
    let age_ms = gap_ms(snapshot.profile.first_ms, at_ms);
    (forgotten || index > 0) && (forgotten || index >= ESTABLISHED_EVENTS || age_ms >= DAY_MS)
}

fn judge(snapshot: &Snapshot, arrival: &Arrival) -> Option<Finding> {
    let within = |note: &&Note| (0..=WINDOW_MS).contains(&gap_ms(arrival.at_ms, note.at_ms));
    let after = snapshot.profile.recent.iter().filter(within);
    let changes: BTreeSet<EventType> = after.filter_map(|note| snapshot.meanings.get(&note.name).copied()).collect();
    let changes: Vec<(f64, &str)> = changes.into_iter().filter_map(weigh).collect();
    let failed = burst(snapshot, arrival.at_ms);
    if changes.is_empty() && failed < BURST {
        return None;
    }
    let value = join(
        [arrival.device.then_some(0.42), arrival.country.is_some().then_some(0.27), (failed >= BURST).then_some(0.2)]
            .into_iter()
            .flatten()
            .chain(changes.iter().map(|(value, _)| *value)),
    );
    let confidence = 0.55 + 0.35 * (1.0 - value);
    let words: Vec<&str> = changes.iter().map(|(_, words)| *words).collect();
    Some(
        Finding::new(value, confidence, explain(arrival, &words, failed))
            .with("newDevice", arrival.device)
            .with("newCountry", arrival.country.clone())
            .with("changes", words)
            .with("failedLogins", failed)
            .with("at", crate::event::format_time_ms(arrival.at_ms)),
    )
}

/// Failed logins in the hour before a success at or after the arrival.
fn burst(snapshot: &Snapshot, at_ms: i64) -> u64 {
    let near = |note: &&Note, range: std::ops::RangeInclusive<i64>| range.contains(&gap_ms(at_ms, note.at_ms));
    let success = snapshot.notes(EventType::Login).any(|note| near(&note, 0..=WINDOW_MS));
    let failed =
        snapshot.notes(EventType::LoginFailed).filter(|note| near(note, -WINDOW_MS..=WINDOW_MS)).count() as u64;
    if success { failed } else { 0 }
}

fn explain(arrival: &Arrival, changes: &[&str], failed: u64) -> String {
    let what = match (arrival.device, &arrival.country) {
        (true, Some(place)) => format!("a device and a country ({place}) it had not been seen with"),
        (false, Some(place)) => format!("a country ({place}) it had not been seen in"),
        _ => "a device it had not been seen with".into(),
    };
    let then =
        if changes.is_empty() { String::new() } else { format!("; within an hour followed: {}", changes.join(", ")) };
    let before = match failed {
        0 => String::new(),
        _ => format!("; {} came within the hour around a success", counted(failed, "failed login", "failed logins")),
    };
    format!("The established account appeared with {what}{then}{before}.")
}

/// What arrived, and what it did that locks the owner out or follows a burst of guesses.
pub(super) fn basis(snapshot: &Snapshot) -> Vec<&Note> {
    let Some((_, at_ms)) = worst(snapshot) else { return Vec::new() };
    let guessed = burst(snapshot, at_ms) >= BURST;
    let belongs = |note: &&Note| {
        let (gap_ms, meaning) = (gap_ms(at_ms, note.at_ms), snapshot.meanings.get(&note.name).copied());
        let locks_out = (0..=WINDOW_MS).contains(&gap_ms) && meaning.is_some_and(|meaning| weigh(meaning).is_some());
        let guesses = guessed && (-WINDOW_MS..=WINDOW_MS).contains(&gap_ms) && meaning == Some(EventType::LoginFailed);
        gap_ms == 0 || locks_out || guesses
    };
    snapshot.profile.recent.iter().filter(belongs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Story, check, check_silent};

    fn owner() -> Story {
        (0..6).fold(Story::new().device("home", "{}"), |story, i| story.event(i * 90_000, "login"))
    }

    #[test]
    fn a_new_device_that_changes_password_and_address_is_a_takeover() {
        let story = owner().device("other", "{}").event(700_000, "login");
        let taken = story.event(700_060, "password_change").event(700_120, "email_change");
        let finding = check(&ANALYZER, &taken, 0.0..=0.2);
        assert!(finding.explanation.contains("e-mail change"), "{}", finding.explanation);
    }

    #[test]
    fn guessing_then_success_from_a_new_device() {
        let guessed =
            (0..12).fold(owner().device("other", "{}"), |story, i| story.event(700_000 + i * 5, "login_failed"));
        check(&ANALYZER, &guessed.event(700_100, "login"), 0.0..=0.2);
    }

    #[test]
    fn a_forgotten_password_on_a_new_phone_is_weak() {
        let story = owner().device("phone", "{}").event(700_000, "password_reset").event(700_200, "login");
        check(&ANALYZER, &story, 0.3..=0.45);
    }

    #[test]
    fn a_new_country_weighs_more() {
        let story = owner().ip("10.0.0.1").event(600_000, "login").ip("10.0.0.2").device("other", "{}");
        let mut snapshot = story.event(700_000, "login").event(700_300, "email_change").snapshot();
        for (held, country) in snapshot.profile.ips.iter_mut().zip(["DE", "VN"]) {
            held.network = Default::default();
            held.network.country = Some(country.into());
        }
        assert!(analyze(&snapshot).unwrap().value < 0.12);
    }

    #[test]
    fn owners_young_accounts_and_quiet_new_devices_say_nothing() {
        check_silent(&ANALYZER, &owner().event(700_000, "password_change").event(700_100, "email_change"));
        check_silent(&ANALYZER, &owner().device("phone", "{}").event(700_000, "login"));
        let young = Story::new().device("a", "{}").event(0, "signup").device("b", "{}").event(60, "password_change");
        check_silent(&ANALYZER, &young);
    }
}

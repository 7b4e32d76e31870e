//! Whether others use the identity's devices and browser sessions: the strongest sign of a second account.

use super::basis::{in_sessions, on_devices};
use super::evidence::{TOLD_ELSEWHERE, grown, same_person, unshared};
use super::{Analyzer, counted};
use crate::linkage::{KeyKind, Link, LinkType};
use crate::profile::Note;
use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;

pub const ANALYZER: Analyzer = Analyzer {
    id: "uniqueness.shared-device",
    label: "Shared device",
    category: Category::Uniqueness,
    group: "links-device",
    weight: 1.4,
    analyze,
};

/// A device that only this identity uses: most people with several accounts use one device for them.
const OWN: f64 = 0.85;
/// Sharing is no evidence of being unique, however weak the links that come of it.
const SHARED_MAX: f64 = 0.7;

fn analyze(snapshot: &Snapshot) -> Option<Finding> {
    let devices = snapshot.profile.devices.len() as u64;
    let of_kind = |link: &&Link| matches!(link.link_type, LinkType::SameDevice | LinkType::SharedSession);
    let shared = snapshot.shared.iter().filter(|key| matches!(key.kind, KeyKind::Device | KeyKind::Session));
    let holders = shared.map(|key| key.holders).max().unwrap_or(0);
    if let Some((probability, others)) = same_person(snapshot.links.iter().filter(of_kind)) {
        return Some(linked(probability, others, holders));
    }
    if devices == 0 {
        return None;
    }
    let finding = if holders > 1 { crowd(holders) } else { own(snapshot, devices) };
    Some(finding.with("devices", devices).with("holders", holders))
}

fn linked(probability: f64, others: u64, holders: u64) -> Finding {
    let text = format!(
        "{} seen on the same device or in the same browser session; the closest is the same person with {:.0} %, by all evidence.",
        counted(others, "other identity was", "other identities were"),
        probability * 100.0
    );
    Finding::new((1.0 - probability) * SHARED_MAX, TOLD_ELSEWHERE, text)
        .with("others", others)
        .with("holders", holders)
        .with("probability", probability)
}

fn crowd(holders: u64) -> Finding {
    let text =
        format!("{holders} identities show the same device fingerprint: likely a common model, which says little.");
    Finding::new(0.6, 0.3, text)
}

fn own(snapshot: &Snapshot, devices: u64) -> Finding {
    let sightings: u64 = snapshot.profile.devices.iter().map(|held| u64::from(held.seen.count)).sum();
    let text = match devices {
        1 => format!("No other identity was seen on the one device, seen {}.", counted(sightings, "time", "times")),
        _ => format!("No other identity was seen on any of {devices} devices, seen {sightings} times."),
    };
    // A fingerprint of few signals is unique by luck; the tracker sends a dozen.
    let told = snapshot.profile.devices.iter().any(|held| held.traits.signals >= 6);
    Finding::new(OWN, unshared(snapshot, grown(if told { 0.85 } else { 0.7 }, sightings as f64, 2.0)), text)
}

/// What came from the devices and in the sessions that others hold too.
pub(super) fn basis(snapshot: &Snapshot) -> Vec<&Note> {
    let is_shared =
        |kind, key: &str| snapshot.shared.iter().any(|held| held.kind == kind && held.holders > 1 && held.key == key);
    let mut notes = on_devices(snapshot, |held| is_shared(KeyKind::Device, &held.fingerprint));
    notes.extend(in_sessions(snapshot, |held| is_shared(KeyKind::Session, &held.id)));
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Story, check, check_silent};

    fn story() -> Story {
        (0..6).fold(Story::new().device("fp", "{}"), |story, n| story.event(n * 60, "page_view"))
    }

    #[test]
    fn other_accounts_on_the_device_are_told_with_their_number() {
        let one = check(&ANALYZER, &story().shared(KeyKind::Device, "fp", 2, &["b"]), 0.0..=0.3);
        let many = check(&ANALYZER, &story().shared(KeyKind::Device, "fp", 6, &["b", "c", "d", "e", "f"]), 0.0..=0.6);
        assert!(many.explanation.contains('5') && one.explanation.contains('1'));
    }

    #[test]
    fn a_fingerprint_that_thousands_have_says_little() {
        let peers: Vec<String> = (0..64).map(|n| format!("p{n}")).collect();
        let peers: Vec<&str> = peers.iter().map(String::as_str).collect();
        check(&ANALYZER, &story().shared(KeyKind::Device, "fp", 5000, &peers), 0.5..=0.75);
    }

    #[test]
    fn an_own_device_is_good_and_no_device_says_nothing() {
        check(&ANALYZER, &story(), 0.8..=0.9);
        check_silent(&ANALYZER, &Story::new().event(0, "signup"));
    }
}

//! What kind of network the identity comes from.

use super::basis::from_addresses;
use super::evidence::{grown, join, quoted, share};
use super::{Analyzer, counted};
use crate::intelligence::networks::NetworkKind;
use crate::profile::Note;
use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;
use std::collections::BTreeMap;

pub const ANALYZER: Analyzer = Analyzer {
    id: "humanity.ip-trust",
    label: "IP trust",
    category: Category::Humanity,
    group: "network",
    weight: 0.9,
    analyze,
};

/// The value of a kind of network and its words; `None` where the network says nothing.
fn weigh(kind: NetworkKind) -> Option<(f64, &'static str)> {
    match kind {
        NetworkKind::Unknown | NetworkKind::Private => None,
        NetworkKind::Residential => Some((0.75, "residential lines")),
        NetworkKind::Mobile => Some((0.74, "mobile carriers")),
        NetworkKind::Business => Some((0.66, "business lines")),
        NetworkKind::Relay => Some((0.5, "privacy relays")),
        // Many honest people, and most of the careful dishonest ones.
        NetworkKind::Vpn => Some((0.4, "VPN services")),
        NetworkKind::Cdn => Some((0.35, "content delivery networks")),
        NetworkKind::Tor => Some((0.18, "the Tor network")),
        NetworkKind::Hosting => Some((0.12, "hosting providers")),
        NetworkKind::Crawler => Some((0.05, "known crawlers")),
    }
}

fn analyze(snapshot: &Snapshot) -> Option<Finding> {
    let mut kinds: BTreeMap<&str, (f64, u64)> = BTreeMap::new();
    for held in &snapshot.profile.ips {
        let Some((value, words)) = weigh(held.network.kind) else { continue };
        let sightings = u64::from(held.seen.count.max(1));
        let entry = kinds.entry(words).or_insert((value, 0));
        entry.1 = entry.1.saturating_add(sightings);
    }
    let known: u64 = kinds.values().map(|(_, n)| *n).fold(0, u64::saturating_add);
    if known == 0 {
        return None;
    }
    let value = mean(&kinds, known);
    let all: u64 =
        snapshot.profile.ips.iter().map(|held| u64::from(held.seen.count.max(1))).fold(0, u64::saturating_add);
    // The first sight of a data centre is as telling as the tenth.
    let confidence = (0.45 + grown(0.4, known as f64, 3.0)) * (0.5 + 0.5 * share(known, all));
    let mut finding = Finding::new(value, confidence, explain(snapshot, &kinds, known)).with("sightings", known);
    for (words, (_, n)) in kinds {
        finding = finding.with(words, n);
    }
    Some(finding)
}

/// The kinds' evidence weighed by how often each was seen.
fn mean(kinds: &BTreeMap<&str, (f64, u64)>, known: u64) -> f64 {
    let log_odds: f64 = kinds.values().map(|(value, n)| share(*n, known) * (value / (1.0 - value)).ln()).sum();
    join([1.0 / (1.0 + (-log_odds).exp())])
}

fn explain(snapshot: &Snapshot, kinds: &BTreeMap<&str, (f64, u64)>, known: u64) -> String {
    let mut parts: Vec<(u64, &str)> = kinds.iter().map(|(words, (_, n))| (*n, *words)).collect();
    parts.sort_by(|a, b| b.cmp(a));
    let parts: Vec<String> = parts.iter().map(|(n, words)| format!("{n} from {words}")).collect();
    let doubtful = |kind| weigh(kind).is_some_and(|(value, _)| value < 0.5);
    let mut suspects = snapshot.profile.ips.iter().filter(|held| doubtful(held.network.kind));
    let label = suspects.find_map(|held| held.network.label.as_deref());
    let label = label.map(|label| format!(", such as {}", quoted(label))).unwrap_or_default();
    format!("{} in networks we know: {}{label}.", counted(known, "sighting", "sightings"), parts.join(", "))
}

/// What came from networks that speak against somebody.
pub(super) fn basis(snapshot: &Snapshot) -> Vec<&Note> {
    from_addresses(snapshot, |held| weigh(held.network.kind).is_some_and(|(value, _)| value < 0.5))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Story, check_silent};

    fn finding(kinds: &[NetworkKind]) -> Finding {
        let story =
            (0..kinds.len()).fold(Story::new(), |story, n| story.ip(&format!("10.0.0.{n}")).event(n as i64, "x"));
        let mut snapshot = story.snapshot();
        snapshot.profile.ips.iter_mut().zip(kinds).for_each(|(held, kind)| held.network.kind = *kind);
        analyze(&snapshot).unwrap()
    }

    #[test]
    fn data_centres_are_suspicious_and_homes_are_not() {
        assert!(finding(&[NetworkKind::Hosting; 3]).value < 0.15);
        assert!(finding(&[NetworkKind::Crawler]).value < 0.1);
        assert!(finding(&[NetworkKind::Residential, NetworkKind::Mobile]).value > 0.7);
    }

    #[test]
    fn a_vpn_now_and_then_is_no_matter() {
        assert!((0.35..0.5).contains(&finding(&[NetworkKind::Vpn]).value));
        assert!(finding(&[NetworkKind::Residential, NetworkKind::Residential, NetworkKind::Vpn]).value > 0.6);
    }

    #[test]
    fn private_addresses_say_nothing() {
        check_silent(&ANALYZER, &Story::new().ip("192.168.1.4").event(0, "x"));
        check_silent(&ANALYZER, &Story::new().event(0, "x"));
    }
}

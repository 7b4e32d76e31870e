//! Small arithmetic and wording that several analyzers share.

use super::saturation;
use crate::intelligence::networks::NetworkKind;
use crate::intelligence::user_agent::UserAgentFacts;
use crate::linkage::Link;
use crate::profile::{INTERACTION_EVENT, IpUse, Note};
use crate::snapshot::Snapshot;
use crate::text::{hash32, snake_case};
use std::collections::BTreeMap;

pub(super) const SECOND_MS: i64 = 1000;
pub(super) const MINUTE_MS: i64 = 60 * SECOND_MS;
pub(super) const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;

/// Longest identity-written text shown in an explanation, in characters.
const SHOWN_CHARS_MAX: usize = 60;

/// Several independent hints as one value: their odds multiplied.
pub(super) fn join(values: impl IntoIterator<Item = f64>) -> f64 {
    let log_odds: f64 = values.into_iter().map(|value| value.clamp(0.01, 0.99)).map(|v| (v / (1.0 - v)).ln()).sum();
    1.0 / (1.0 + (-log_odds).exp())
}

/// Text that an identity wrote, made safe to show: cut, in quotes, without control characters.
pub(crate) fn quoted(text: &str) -> String {
    let shown: String =
        text.chars().take(SHOWN_CHARS_MAX).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    let more = if text.chars().count() > SHOWN_CHARS_MAX { "…" } else { "" };
    format!("\"{shown}{more}\"")
}

/// A duration in the unit that reads best.
pub(super) fn span(ms: i64) -> String {
    let n = ms.max(0) as f64;
    match ms {
        ..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{:.1} s", n / 1e3),
        60_000..3_600_000 => format!("{:.0} min", n / 6e4),
        3_600_000..172_800_000 => format!("{:.1} h", n / 3.6e6),
        _ => format!("{:.0} days", n / 8.64e7),
    }
}

/// The gap between two times, whatever they are.
pub(super) fn gap_ms(earlier: i64, later: i64) -> i64 {
    later.saturating_sub(earlier)
}

/// What software sends by its own clock, even when a person sits in front of it.
const BACKGROUND_WORDS: [&str; 9] =
    ["heartbeat", "ping", "poll", "polling", "keepalive", "progress", "tick", "sync", "background"];

/// Events that no human act causes one by one: summaries, heartbeats, the tracker's start.
pub(crate) fn is_background(name: &str) -> bool {
    name == INTERACTION_EVENT
        || name == "dregs_init"
        || snake_case(name).split('_').any(|word| BACKGROUND_WORDS.contains(&word))
}

/// The remembered events that somebody caused, oldest first.
pub(super) fn acts(snapshot: &Snapshot) -> Vec<&Note> {
    let names: std::collections::BTreeSet<&str> =
        snapshot.profile.recent.iter().map(|note| note.name.as_str()).filter(|name| !is_background(name)).collect();
    snapshot.profile.recent.iter().filter(|note| names.contains(note.name.as_str())).collect()
}

/// The user agents the identity came with, and how many sightings each has.
pub(super) fn agents(snapshot: &Snapshot) -> Vec<(&UserAgentFacts, u32)> {
    let mut held: Vec<(&UserAgentFacts, u32)> = Vec::new();
    for session in &snapshot.profile.sessions {
        let Some(agent) = &session.agent else { continue };
        match held.iter_mut().find(|(known, _)| *known == agent) {
            Some((_, sightings)) => *sightings = sightings.saturating_add(session.seen.count),
            None => held.push((agent, session.seen.count)),
        }
    }
    held
}

/// Addresses by the hash under which events remember them.
pub(super) fn addresses(snapshot: &Snapshot) -> BTreeMap<u32, &IpUse> {
    snapshot.profile.ips.iter().map(|held| (hash32(&held.ip), held)).collect()
}

/// Networks whose address says nothing about where the person is.
pub(super) fn is_elsewhere(kind: NetworkKind) -> bool {
    use NetworkKind::*;
    matches!(kind, Hosting | Vpn | Tor | Relay | Cdn | Crawler | Private)
}

/// The country of an address, where the address says where the person is.
pub(super) fn country(held: &IpUse) -> Option<&str> {
    held.network.country.as_deref().filter(|code| !code.is_empty() && !is_elsewhere(held.network.kind))
}

/// Among links of one kind: the probability of the most probable pair, and how many others there are. The probability is
/// the pair's, by all evidence, and `uniqueness.other-accounts` has counted it: what a kind of link adds is the reason.
pub(super) fn same_person<'a>(links: impl IntoIterator<Item = &'a Link>) -> Option<(f64, u64)> {
    let mut others: std::collections::BTreeSet<&str> = std::collections::BTreeSet::new();
    let mut probability: f64 = 0.0;
    for link in links {
        others.insert(&link.target_id);
        probability = probability.max(link.probability);
    }
    (!others.is_empty()).then_some((probability.clamp(0.0, 1.0), others.len() as u64))
}

/// Confidence in that nobody shares something. It says little once somebody is found by other means.
pub(super) fn unshared(snapshot: &Snapshot, confidence: f64) -> f64 {
    const FOUND: f64 = 0.2;
    if snapshot.links.iter().any(|link| link.probability >= FOUND) { confidence * TOLD_ELSEWHERE } else { confidence }
}

/// Confidence of a reason that another observation has counted already.
pub(super) const TOLD_ELSEWHERE: f64 = 0.1;

/// Confidence that grows with `n` towards `max`.
pub(super) fn grown(max: f64, n: f64, half: f64) -> f64 {
    max * saturation(n.max(0.0), half)
}

/// `part` of `whole`, 0 when there is no whole.
pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_multiply_their_odds() {
        assert!((join([0.8, 0.2]) - 0.5).abs() < 1e-9);
        assert!(join([0.2, 0.2]) < 0.06 && join([]) == 0.5);
    }

    #[test]
    fn shown_text_is_short_and_tame() {
        assert_eq!(quoted("a\u{7}b"), "\"a\u{fffd}b\"");
        assert_eq!(quoted(&"é".repeat(99)).chars().count(), SHOWN_CHARS_MAX + 3);
    }

    #[test]
    fn heartbeats_are_background_and_shopping_is_not() {
        assert!(is_background("video.progress") && is_background("interaction"));
        assert!(!is_background("shopping_cart") && !is_background("signup"));
    }
}

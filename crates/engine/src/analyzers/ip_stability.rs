//! How the identity's addresses change: their number within a day, and countries too far apart for the time between.

use super::evidence::{DAY_MS, HOUR_MS, addresses, country, gap_ms, grown, is_elsewhere, join, span};
use super::{Analyzer, counted};
use crate::intelligence::networks::NetworkKind;
use crate::profile::IpUse;
use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

pub const ANALYZER: Analyzer = Analyzer {
    id: "behavior.ip-stability",
    label: "IP stability",
    category: Category::Behavior,
    group: "location",
    weight: 0.9,
    analyze,
};

/// Nobody flies to another country faster. Neighbours and roaming make one switch now and then honest.
const TRAVEL_MS: i64 = HOUR_MS;

/// A sighting where the address says where the person is.
struct Sighting<'a> {
    at_ms: i64,
    place: String,
    country: Option<&'a str>,
}

struct Travel {
    switches: u64,
    quickest_ms: i64,
    between: (String, String),
}

fn analyze(snapshot: &Snapshot) -> Option<Finding> {
    let sightings = sightings(snapshot);
    let ips = snapshot.profile.ips.iter().filter(|held| held.network.kind != NetworkKind::Private).count() as u64;
    let hidden = snapshot.profile.ips.iter().filter(|held| is_hidden(held)).count() as u64;
    if sightings.len() < 2 {
        // A VPN user's addresses change with the VPN's mood: nothing to judge.
        return None;
    }
    let peak = busiest_day(&sightings);
    let travel = travel(&sightings);
    let value = join([of_places(peak)].into_iter().chain(travel.as_ref().map(|travel| of_travel(travel.switches))));
    let confidence = match value {
        0.5.. => grown(0.75, sightings.len() as f64, 4.0),
        _ => 0.45 + grown(0.4, sightings.len() as f64, 5.0),
    };
    let countries: BTreeSet<&str> = sightings.iter().filter_map(|sighting| sighting.country).collect();
    Some(
        Finding::new(value, confidence, explain(peak, ips, hidden, travel.as_ref(), &countries))
            .with("addresses", ips)
            .with("placesInADay", peak)
            .with("countries", countries.into_iter().collect::<Vec<_>>())
            .with("impossibleTravels", travel.map_or(0, |travel| travel.switches))
            .with("sightings", sightings.len()),
    )
}

fn is_hidden(held: &IpUse) -> bool {
    held.network.kind != NetworkKind::Private && is_elsewhere(held.network.kind)
}

fn sightings(snapshot: &Snapshot) -> Vec<Sighting<'_>> {
    let by_hash = addresses(snapshot);
    let places: BTreeMap<u32, String> = by_hash.iter().map(|(hash, held)| (*hash, place(held))).collect();
    let notes = snapshot.profile.recent.iter().filter_map(|note| Some((note, *by_hash.get(&note.ip)?)));
    let told = notes.filter(|(_, held)| !is_elsewhere(held.network.kind));
    told.filter_map(|(note, held)| {
        Some(Sighting { at_ms: note.at_ms, place: places.get(&note.ip)?.clone(), country: country(held) })
    })
    .collect()
}

/// What stays the same while an address changes honestly: a carrier's pool, a household's prefix.
fn place(held: &IpUse) -> String {
    if held.network.kind == NetworkKind::Mobile {
        return format!("mobile {}", held.network.country.as_deref().unwrap_or_default());
    }
    match held.ip.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => format!("{:?}", &ip.octets()[..3]),
        Ok(IpAddr::V6(ip)) => format!("{:?}", &ip.segments()[..4]),
        Err(_) => held.ip.clone(),
    }
}

/// The most places seen within any day.
fn busiest_day(sightings: &[Sighting]) -> u64 {
    let mut start = 0;
    let mut best = 0;
    let mut held: BTreeMap<&str, u32> = BTreeMap::new();
    for sighting in sightings {
        *held.entry(&sighting.place).or_default() += 1;
        while gap_ms(sightings[start].at_ms, sighting.at_ms) >= DAY_MS {
            let gone = sightings[start].place.as_str();
            let left = held.get(gone).map_or(0, |n| n - 1);
            if left == 0 {
                held.remove(gone)
            } else {
                held.insert(gone, left)
            };
            start += 1;
        }
        best = best.max(held.len() as u64);
    }
    best
}

fn travel(sightings: &[Sighting]) -> Option<Travel> {
    let told: Vec<(i64, &str)> = sightings.iter().filter_map(|s| Some((s.at_ms, s.country?))).collect();
    let switches: Vec<_> = told
        .windows(2)
        .filter(|pair| pair[0].1 != pair[1].1 && gap_ms(pair[0].0, pair[1].0) <= TRAVEL_MS)
        .map(|pair| (gap_ms(pair[0].0, pair[1].0), pair[0].1, pair[1].1))
        .collect();
    let (quickest_ms, from, to) = switches.iter().min()?;
    Some(Travel { switches: switches.len() as u64, quickest_ms: *quickest_ms, between: ((*from).into(), (*to).into()) })
}

fn of_places(peak: u64) -> f64 {
    match peak {
        ..=2 => 0.78,
        3 => 0.7,
        4..=5 => 0.55,
        6..=8 => 0.36,
        9..=14 => 0.18,
        _ => 0.08,
    }
}

fn of_travel(switches: u64) -> f64 {
    match switches {
        0 => 0.5,
        1 => 0.27,
        2 => 0.16,
        3..=5 => 0.08,
        _ => 0.04,
    }
}

fn explain(peak: u64, ips: u64, hidden: u64, travel: Option<&Travel>, countries: &BTreeSet<&str>) -> String {
    let mut text = format!(
        "At most {} within a day, among {}",
        counted(peak, "network", "networks"),
        counted(ips, "address", "addresses")
    );
    match countries.len() {
        0 => {}
        1 => text.push_str(&format!(", all in {}", countries.first().copied().unwrap_or_default())),
        n => text.push_str(&format!(", in {n} countries")),
    }
    if hidden > 0 {
        text.push_str(&format!("; {hidden} of VPNs, relays or data centres left aside"));
    }
    text.push('.');
    if let Some(Travel { switches, quickest_ms, between: (from, to) }) = travel {
        let times = counted(*switches, "time", "times");
        text.push_str(&format!(
            " The country changed {times} within an hour, quickest from {from} to {to} in {}.",
            span(*quickest_ms)
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Story, check, check_silent};

    fn between(countries: [&str; 2], kind: NetworkKind, step_s: i64) -> Option<Finding> {
        let story =
            (0..8).fold(Story::new(), |story, i| story.ip(&format!("10.0.{}.1", i % 2)).event(i * step_s, "login"));
        let mut snapshot = story.snapshot();
        for (held, country) in snapshot.profile.ips.iter_mut().zip(countries) {
            held.network.country = Some(country.into());
            held.network.kind = kind;
        }
        analyze(&snapshot)
    }

    #[test]
    fn impossible_travel_is_suspicious_and_a_flight_is_not() {
        let finding = between(["DE", "VN"], NetworkKind::Residential, 300).unwrap();
        assert!(finding.value < 0.25 && finding.explanation.contains("in 5 min"), "{finding:?}");
        assert!(between(["DE", "VN"], NetworkKind::Residential, 50_000).unwrap().value > 0.7);
    }

    #[test]
    fn vpn_hops_say_nothing_and_carriers_vary() {
        assert_eq!(between(["DE", "VN"], NetworkKind::Vpn, 300), None);
        assert!(between(["DE", "DE"], NetworkKind::Mobile, 300).unwrap().value > 0.7);
    }

    #[test]
    fn a_new_network_with_every_event_is_suspicious() {
        let story = (0..20).fold(Story::new(), |story, i| story.ip(&format!("89.{i}.7.9")).event(i * 900, "login"));
        let mut snapshot = story.snapshot();
        snapshot.profile.ips.iter_mut().for_each(|held| held.network = Default::default());
        let finding = analyze(&snapshot).unwrap();
        assert!(finding.value < 0.1, "{finding:?}");
    }

    #[test]
    fn one_line_is_stable() {
        let story = (0..8).fold(Story::new().ip("93.184.0.1"), |story, i| story.event(i * 900, "login"));
        let mut snapshot = story.snapshot();
        snapshot.profile.ips[0].network = Default::default();
        assert!(analyze(&snapshot).unwrap().value > 0.75);
        check_silent(&ANALYZER, &Story::new().event(0, "login"));
        check(&ANALYZER, &Story::new().ip("93.184.0.1").event(0, "a").event(5, "b"), 0.0..=1.0);
    }
}

//! How the identity's addresses change: their number within a day, and countries too far apart for the time between.

use super::evidence::{DAY_MS, HOUR_MS, addresses, country, gap_ms, grown, is_elsewhere, join, span};
use super::{Analyzer, counted};
use crate::intelligence::networks::NetworkKind;
use crate::profile::{IpUse, Note};
use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::Range;

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
    let public = snapshot.profile.ips.iter().map(|held| held.network.kind).filter(|kind| *kind != NetworkKind::Private);
    let (ips, hidden) = (public.clone().count() as u64, public.filter(|kind| is_elsewhere(*kind)).count() as u64);
    if sightings.len() < 2 {
        // A VPN user's addresses change with the VPN's mood: nothing to judge.
        return None;
    }
    let (peak, _) = busiest_day(&sightings);
    let travel = travel(&sightings);
    let value = join([Some(of_places(peak)), travel.as_ref().map(of_travel)].into_iter().flatten());
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

/// The most places seen within any day, and which sightings those were.
fn busiest_day(sightings: &[Sighting]) -> (u64, Range<usize>) {
    let (mut start, mut best) = (0, (0, 0..0));
    let mut held: BTreeMap<&str, u32> = BTreeMap::new();
    for (end, sighting) in sightings.iter().enumerate() {
        *held.entry(&sighting.place).or_default() += 1;
        while gap_ms(sightings[start].at_ms, sighting.at_ms) >= DAY_MS {
            let gone = sightings[start].place.as_str();
            held.entry(gone).and_modify(|n| *n = n.saturating_sub(1));
            held.retain(|_, n| *n > 0);
            start += 1;
        }
        if held.len() as u64 > best.0 {
            best = (held.len() as u64, start..end + 1);
        }
    }
    best
}

fn travel(sightings: &[Sighting]) -> Option<Travel> {
    let told: Vec<(i64, &str)> = sightings.iter().filter_map(|s| Some((s.at_ms, s.country?))).collect();
    let switches: Vec<_> = switches(&told).map(|pair| (gap_ms(pair[0].0, pair[1].0), pair[0].1, pair[1].1)).collect();
    let (quickest_ms, from, to) = switches.iter().min()?;
    Some(Travel { switches: switches.len() as u64, quickest_ms: *quickest_ms, between: ((*from).into(), (*to).into()) })
}

/// Two sightings in a row, in countries too far apart for the time between.
fn switches<'a, 'b>(told: &'b [(i64, &'a str)]) -> impl Iterator<Item = &'b [(i64, &'a str)]> {
    told.windows(2).filter(|pair| pair[0].1 != pair[1].1 && gap_ms(pair[0].0, pair[1].0) <= TRAVEL_MS)
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

fn of_travel(travel: &Travel) -> f64 {
    match travel.switches {
        ..=1 => 0.27,
        2 => 0.16,
        3..=5 => 0.08,
        _ => 0.04,
    }
}

fn explain(peak: u64, ips: u64, hidden: u64, travel: Option<&Travel>, countries: &BTreeSet<&str>) -> String {
    let (networks, addresses) = (counted(peak, "network", "networks"), counted(ips, "address", "addresses"));
    let mut text = format!("At most {networks} within a day, among {addresses}");
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
        let quickest = span(*quickest_ms);
        text.push_str(&format!(
            " The country changed {times} within an hour, quickest from {from} to {to} in {quickest}."
        ));
    }
    text
}

/// Where the country changed too quickly, or else the busiest day where that speaks against somebody.
pub(super) fn basis(snapshot: &Snapshot) -> Vec<&Note> {
    let sightings = sightings(snapshot);
    let told: Vec<(i64, &str)> = sightings.iter().filter_map(|s| Some((s.at_ms, s.country?))).collect();
    let mut times: BTreeSet<i64> = switches(&told).flat_map(|pair| [pair[0].0, pair[1].0]).collect();
    let (peak, day) = busiest_day(&sightings);
    if times.is_empty() && of_places(peak) < 0.5 {
        times.extend(sightings[day].iter().map(|sighting| sighting.at_ms));
    }
    snapshot.profile.recent.iter().filter(|note| note.ip != 0 && times.contains(&note.at_ms)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Story, check_silent};

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
    fn one_line_is_stable_and_no_address_says_nothing() {
        assert!(between(["DE", "DE"], NetworkKind::Residential, 900).unwrap().value > 0.75);
        check_silent(&ANALYZER, &Story::new().event(0, "login"));
    }
}

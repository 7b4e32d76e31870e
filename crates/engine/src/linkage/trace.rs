//! What an identity did, when and from where, in a few dozen bytes: small enough to lie beside every candidate's card.
//!
//! What somebody does from one act to the next is a set of steps (`signup → trial_start`). Of a set the smallest hashes are
//! kept, after Broder (1997): all of a short life, and a fair sample of a long one.

use crate::analyzers::is_background;
use crate::device::DeviceTraits;
use crate::intelligence::email::{Disposable, EmailFacts};
use crate::intelligence::networks::{NetworkFacts, NetworkKind};
use crate::intelligence::user_agent::DeviceClass;
use crate::linkage::visit::{self, Visit};
use crate::mapping::{EventType, Mappings};
use crate::profile::{Note, Profile};
use crate::said::Topic;
use crate::text::hash32;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Steps kept: more than an account made for one purpose ever takes.
const SKETCH_STEPS_MAX: usize = 20;
/// After a pause of this length somebody comes back rather than going on.
pub(super) const PAUSE_MS: i64 = 30 * 60_000;
/// Acts of the opening visit that make its key, and how few are worth one.
pub(super) const OPENING_ACTS: usize = 3;
/// Hand-held devices remembered by their fingerprints.
const HANDHELDS_MAX: usize = 4;
/// Who has not come back after this has gone.
const GONE_MS: i64 = 3_600_000;
pub(super) const DAY_MS: i64 = 24 * 3_600_000;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trace {
    /// The first and the last event by their own times, epoch milliseconds.
    #[serde(rename = "f")]
    pub first_ms: i64,
    #[serde(rename = "l")]
    pub last_ms: i64,
    /// What somebody did, heartbeats not counted.
    #[serde(rename = "a")]
    pub acts: u32,
    /// Pages looked at among them.
    #[serde(rename = "p", skip_serializing_if = "is_zero")]
    pub pages: u32,
    /// Days on which it was active.
    #[serde(rename = "d")]
    pub days: u32,
    /// Which days those were: bit `i` stands for the day of `last_ms` less `i`.
    #[serde(rename = "k", skip_serializing_if = "is_none")]
    pub calendar: u64,
    /// The latest visits, oldest first.
    #[serde(rename = "v", skip_serializing_if = "Vec::is_empty", with = "visit::as_gaps")]
    pub visits: Vec<Visit>,
    /// Distinct steps, how many of them have nothing to do with pages, and their sketch: hashes in order.
    #[serde(rename = "g", skip_serializing_if = "is_zero")]
    pub steps: u32,
    #[serde(rename = "b", skip_serializing_if = "is_zero")]
    pub deeds: u32,
    #[serde(rename = "s", skip_serializing_if = "Vec::is_empty")]
    pub sketch: Vec<u16>,
    /// The first acts, as the blocking key has them; 0 when they are too few or forgotten.
    #[serde(rename = "o", skip_serializing_if = "is_zero")]
    pub opening: u32,
    /// Devices it was seen on.
    #[serde(rename = "e", skip_serializing_if = "is_zero")]
    pub devices: u32,
    /// Country of the addresses that tell one.
    #[serde(rename = "c", skip_serializing_if = "String::is_empty")]
    pub country: String,
    /// Hash of the address it is mostly at; 0 when that is nowhere.
    #[serde(rename = "i", skip_serializing_if = "is_zero")]
    pub place: u32,
    /// It came from a network that hides where people are: a data centre, a VPN, Tor.
    #[serde(rename = "h", skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// It came with software that drives a browser, on a machine without a screen, or with none at all.
    #[serde(rename = "m", skip_serializing_if = "std::ops::Not::not")]
    pub machine: bool,
    /// A page's tracker was there to see what it did.
    #[serde(rename = "w", skip_serializing_if = "std::ops::Not::not")]
    pub tracked: bool,
    /// Hashes of the latest card, promotion code and street that were named; 0 for none.
    #[serde(rename = "n", skip_serializing_if = "are_none")]
    pub named: [u16; 3],
    /// It has company: a few others who share a device, an address, a card or the like with it. Linkage sets it.
    #[serde(rename = "y", skip_serializing_if = "std::ops::Not::not")]
    pub company: bool,
    /// Hashes of the fingerprints that are phones' or tablets': one model is many people's.
    #[serde(rename = "t", skip_serializing_if = "Vec::is_empty")]
    pub handhelds: Vec<u32>,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

fn is_none(calendar: &u64) -> bool {
    *calendar == 0
}

fn are_none(named: &[u16; 3]) -> bool {
    *named == [0; 3]
}

impl Trace {
    pub fn of(profile: &Profile, mappings: &Mappings) -> Self {
        let mut acts = acts(profile);
        // Who tries passwords is not known to be the owner.
        acts.retain(|note| mappings.event_type(&note.name) != Some(EventType::LoginFailed));
        let visits = visits(&acts);
        let mut steps: BTreeMap<u16, bool> = BTreeMap::new();
        let mut known: BTreeMap<&str, bool> = BTreeMap::new();
        let mut is_page =
            |name| *known.entry(name).or_insert_with(|| mappings.event_type(name) == Some(EventType::PageView));
        let mut pages = 0;
        for visit in &visits {
            let mut before = "^";
            let mut from_page = false;
            for note in visit.iter() {
                let to_page = is_page(&note.name);
                pages += u32::from(to_page);
                if note.name != before {
                    steps.insert(step(before, &note.name), !from_page && !to_page);
                }
                (before, from_page) = (&note.name, to_page);
            }
        }
        let mut days: Vec<i64> = acts.iter().map(|note| note.at_ms.div_euclid(DAY_MS)).collect();
        days.dedup();
        Trace {
            first_ms: profile.first_ms,
            last_ms: profile.last_ms,
            acts: acts.len() as u32,
            pages,
            days: days.len() as u32,
            calendar: calendar(&days, profile.last_ms),
            visits: visit::latest(&visits),
            steps: steps.len() as u32,
            deeds: steps.values().filter(|is_deed| **is_deed).count() as u32,
            sketch: steps.keys().copied().take(SKETCH_STEPS_MAX).collect(),
            opening: opening(profile).map_or(0, |text| hash32(&text)),
            devices: profile.devices.len() as u32,
            country: country(profile),
            place: place(profile),
            hidden: arrival(profile).is_some_and(|network| hides(network.kind)),
            machine: is_machine(profile),
            tracked: profile.devices.iter().any(|held| held.traits.signals > 0),
            company: false,
            named: [Topic::Payment, Topic::Promo, Topic::Street].map(|topic| named(profile, topic)),
            handhelds: handhelds(profile),
        }
    }

    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What cannot be read tells nothing.
    pub fn of_json(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// How much of their steps two have in common, 0 to 1: halfway between the share of all that either took and the share
    /// of what the one took who took fewer, since the younger of two that are worked alike has not come as far.
    pub fn likeness(&self, other: &Trace) -> f64 {
        // Of a set that is not kept whole nothing is known beyond the largest hash kept.
        let reach = |trace: &Trace| match trace.steps as usize > trace.sketch.len() {
            true => trace.sketch.last().copied().unwrap_or(0),
            false => u16::MAX,
        };
        let reach = reach(self).min(reach(other));
        let within = |trace: &Trace| trace.sketch.partition_point(|hash| *hash <= reach);
        let (mine, theirs) = (&self.sketch[..within(self)], &other.sketch[..within(other)]);
        let common = mine.iter().filter(|hash| theirs.binary_search(hash).is_ok()).count() as f64;
        let (fewer, all) = (mine.len().min(theirs.len()) as f64, (mine.len() + theirs.len()) as f64 - common);
        if fewer == 0.0 { 0.0 } else { (common / fewer + common / all) / 2.0 }
    }

    /// It has not been back for so long that it will hardly look around any more.
    pub fn has_gone(&self, now_ms: i64) -> bool {
        now_ms - self.last_ms >= GONE_MS
    }

    /// It did little more than come into being: a handful of acts on one day, none of them a look around.
    pub fn is_slight(&self) -> bool {
        (1..=4).contains(&self.acts) && self.pages == 0 && self.days <= 1
    }
}

/// Something about the way it arrived is not how people come: a hidden network, a machine, a throw-away address.
pub fn is_marked(trace: &Trace, email: Option<&EmailFacts>) -> bool {
    trace.hidden || trace.machine || email.is_some_and(|email| email.disposable >= Disposable::Weak)
}

/// The remembered events that somebody caused, oldest first.
fn acts(profile: &Profile) -> Vec<&Note> {
    let mut known: BTreeMap<&str, bool> = BTreeMap::new();
    let mut background = |name| *known.entry(name).or_insert_with(|| is_background(name));
    profile.recent.iter().filter(|note| !background(&note.name)).collect()
}

fn visits<'a>(acts: &'a [&'a Note]) -> Vec<&'a [&'a Note]> {
    acts.chunk_by(|a, b| b.at_ms - a.at_ms < PAUSE_MS).collect()
}

/// The first acts of an identity, repeats told once; none while they are too few or when they are forgotten.
pub(super) fn opening(profile: &Profile) -> Option<String> {
    if profile.events > profile.recent.len() as u64 {
        return None;
    }
    let acts = acts(profile);
    let first = *visits(&acts).first()?;
    let mut names: Vec<&str> = first.iter().map(|note| note.name.as_str()).collect();
    names.dedup();
    (names.len() >= OPENING_ACTS).then(|| names[..OPENING_ACTS].join("\n"))
}

fn calendar(days: &[i64], last_ms: i64) -> u64 {
    let last = last_ms.div_euclid(DAY_MS);
    days.iter().map(|day| last - day).filter(|ago| (0..64).contains(ago)).fold(0, |held, ago| held | 1 << ago)
}

fn step(from: &str, to: &str) -> u16 {
    short_hash(&format!("{from}\n{to}"))
}

fn short_hash(text: &str) -> u16 {
    let hash = hash32(text);
    (hash ^ (hash >> 16)) as u16
}

/// The network of the earliest address.
fn arrival(profile: &Profile) -> Option<&NetworkFacts> {
    profile.ips.iter().min_by_key(|held| held.seen.first_ms).map(|held| &held.network)
}

fn hides(kind: NetworkKind) -> bool {
    matches!(kind, NetworkKind::Hosting | NetworkKind::Vpn | NetworkKind::Tor)
}

fn country(profile: &Profile) -> String {
    use NetworkKind::*;
    let told = profile.ips.iter().filter(|held| matches!(held.network.kind, Unknown | Residential | Mobile | Business));
    let most = told.max_by_key(|held| held.seen.count).and_then(|held| held.network.country.clone());
    most.filter(|code| code.len() == 2).unwrap_or_default()
}

fn place(profile: &Profile) -> u32 {
    let somewhere = profile.ips.iter().filter(|held| !hides(held.network.kind));
    somewhere.max_by_key(|held| held.seen.count).map_or(0, |held| hash32(&held.ip))
}

fn is_machine(profile: &Profile) -> bool {
    let by_agent = profile.sessions.iter().filter_map(|held| held.agent.as_ref()).any(|agent| {
        agent.headless || agent.automation.is_some() || matches!(agent.device, DeviceClass::Library | DeviceClass::Bot)
    });
    by_agent || profile.devices.iter().any(|held| draws_in_software(&held.traits) || !held.traits.automation.is_empty())
}

fn draws_in_software(traits: &DeviceTraits) -> bool {
    let renderer = traits.renderer.as_deref().unwrap_or_default().to_ascii_lowercase();
    ["swiftshader", "llvmpipe", "softpipe", "basic render"].iter().any(|mark| renderer.contains(mark))
}

fn named(profile: &Profile, topic: Topic) -> u16 {
    let latest = profile.said.iter().filter(|said| said.topic == topic).max_by_key(|said| said.seen.last_ms);
    latest.map_or(0, |said| short_hash(&said.text).max(1))
}

fn handhelds(profile: &Profile) -> Vec<u32> {
    let mobile = |traits: &DeviceTraits| {
        let platform = traits.platform.as_deref().unwrap_or_default();
        let arm = platform.starts_with("Linux arm") || platform.starts_with("Linux aarch");
        arm || matches!(platform, "iPhone" | "iPad" | "Android")
            || traits.screen.is_some_and(is_phone_screen) && traits.touch_points.unwrap_or(0) > 0
    };
    let mut found: Vec<u32> =
        profile.devices.iter().filter(|held| mobile(&held.traits)).map(|held| hash32(&held.fingerprint)).collect();
    found.sort_unstable();
    found.truncate(HANDHELDS_MAX);
    found
}

/// Narrower than any computer's.
fn is_phone_screen((width, height): (u32, u32)) -> bool {
    (200..500).contains(&width.min(height))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Story;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn trace(story: &Story) -> Trace {
        Trace::of(&story.snapshot().profile, &Mappings::default())
    }

    fn tell(names: &[&str]) -> Trace {
        trace(&names.iter().enumerate().fold(Story::new(), |story, (n, name)| story.event(n as i64 * 40, name)))
    }

    #[test]
    fn the_same_script_is_alike_and_another_life_is_not() {
        let farm = ["signup", "trial_start", "content_created", "export"];
        let (a, b) = (tell(&farm), tell(&farm));
        assert_eq!(a.likeness(&b), 1.0);
        assert_ne!(a.opening, 0);
        assert_eq!(a.opening, b.opening);
        assert!(a.likeness(&tell(&["login", "page_view", "search", "page_view", "purchase"])) < 0.2);
    }

    #[test]
    fn heartbeats_and_repeats_do_not_change_a_trace() {
        let plain = tell(&["signup", "page_view", "export"]);
        let noisy = tell(&["dregs_init", "signup", "heartbeat", "page_view", "page_view", "export"]);
        assert_eq!((plain.sketch.clone(), plain.opening, plain.steps), (noisy.sketch, noisy.opening, noisy.steps));
    }

    #[test]
    fn who_only_signs_up_is_slight_and_who_looks_around_is_not() {
        assert!(tell(&["signup", "email_confirmed"]).is_slight());
        assert!(!tell(&["signup", "page_view"]).is_slight());
    }

    #[test]
    fn failed_logins_are_nobodys_acts() {
        let tried = tell(&["login_failed", "login_failed", "login_failed"]);
        assert_eq!((tried.acts, tried.steps), (0, 0));
        assert!(!tried.is_slight());
    }

    #[test]
    fn machines_and_phones_are_told_from_computers() {
        let device = |signals| trace(&Story::new().device("fp", signals).event(0, "signup"));
        assert!(device(r#"{"webgl":{"renderer":"Google SwiftShader"}}"#).machine);
        assert!(!device(r#"{"webgl":{"renderer":"Apple GPU"}}"#).machine);
        assert_eq!(device(r#"{"platform":"iPhone"}"#).handhelds.len(), 1);
        assert!(device(r#"{"platform":"Win32","touchPoints":10}"#).handhelds.is_empty());
    }

    proptest! {
        /// The sketch tells the share of common steps as the sets themselves would: exactly while they are kept whole.
        #[test]
        fn likeness_is_that_of_the_sets(a in prop::collection::btree_set(any::<u16>(), 1..60), b in prop::collection::btree_set(any::<u16>(), 1..60)) {
            let of = |steps: &BTreeSet<u16>| Trace {
                steps: steps.len() as u32,
                sketch: steps.iter().copied().take(SKETCH_STEPS_MAX).collect(),
                ..Trace::default()
            };
            let common = a.intersection(&b).count() as f64;
            let exact = (common / a.len().min(b.len()) as f64 + common / a.union(&b).count() as f64) / 2.0;
            let (mine, theirs) = (of(&a), of(&b));
            if a.len().max(b.len()) <= SKETCH_STEPS_MAX {
                prop_assert!((mine.likeness(&theirs) - exact).abs() < 1e-9);
            }
            prop_assert_eq!(mine.likeness(&theirs), theirs.likeness(&mine));
            prop_assert_eq!(mine.likeness(&mine), 1.0);
        }

        /// A trace reads back as it was written, and stays small whatever happened.
        #[test]
        fn a_trace_is_small(names in prop::collection::vec("[a-z]\\PC{0,30}", 0..60)) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let trace = tell(&names);
            let text = trace.to_json();
            prop_assert!(text.len() < 360, "{} {}", text.len(), text);
            prop_assert_eq!(Trace::of_json(&text), trace);
        }
    }
}

//! The living profile of one identity: bounded, and changed by [`Profile::apply`] alone.

use crate::device::DeviceTraits;
use crate::event::{Event, data_digest, merge_attributes};
use crate::intelligence::networks::{NetworkFacts, network_facts};
use crate::intelligence::user_agent::{UserAgentFacts, user_agent_facts};
use crate::limits::*;
use crate::said::{Said, hear};
use crate::text::hash32;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Names beyond [`PROFILE_NAMES_MAX`] are counted under this one.
const OTHER_NAMES: &str = "(other)";
/// Counters kept of the tracker's interaction summaries, and the longest name of one, in bytes.
const INTERACTION_KEYS_MAX: usize = 96;
const INTERACTION_KEY_BYTES_MAX: usize = 64;
/// The tracker's event that carries an interaction summary.
pub const INTERACTION_EVENT: &str = "interaction";

/// What enrichment found out about the circumstances of one event.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    pub network: Option<NetworkFacts>,
    pub agent: Option<UserAgentFacts>,
    pub geo: Geo,
}

/// Where an address is; null without an operator's own database.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Geo {
    pub asn: Option<String>,
    pub asn_label: Option<String>,
    pub city: Option<String>,
    pub region: Option<String>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
}

impl Facts {
    /// Facts from the bundled data alone.
    pub fn of(event: &Event) -> Self {
        Facts {
            network: event.ip.map(network_facts),
            agent: event.user_agent.as_deref().map(user_agent_facts),
            geo: Geo::default(),
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    pub attributes: Map<String, Value>,
    pub events: u64,
    pub first_ms: i64,
    pub last_ms: i64,
    /// How often each event name occurred.
    pub names: BTreeMap<String, NameUse>,
    /// The latest events by their own time, oldest first.
    pub recent: Vec<Note>,
    pub devices: Vec<DeviceUse>,
    pub ips: Vec<IpUse>,
    pub sessions: Vec<SessionUse>,
    /// Sums of the tracker's interaction counters.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub interaction: BTreeMap<String, f64>,
    /// What events said that can tell people apart.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<Said>,
    /// Values that were cut or dropped because they were over a limit.
    pub truncated: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NameUse {
    pub count: u64,
    pub first_ms: i64,
    pub last_ms: i64,
}

/// One remembered event. Where only equality matters a 32-bit hash stands for the text; 0 means absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Note {
    #[serde(rename = "t")]
    pub at_ms: i64,
    #[serde(rename = "n")]
    pub name: String,
    #[serde(rename = "i", skip_serializing_if = "is_zero")]
    pub ip: u32,
    #[serde(rename = "d", skip_serializing_if = "is_zero")]
    pub device: u32,
    #[serde(rename = "s", skip_serializing_if = "is_zero")]
    pub session: u32,
    #[serde(rename = "u", skip_serializing_if = "is_zero")]
    pub url: u32,
    #[serde(rename = "h", skip_serializing_if = "is_zero")]
    pub data: u32,
    /// Sent by a page's tracker rather than by a server.
    #[serde(rename = "p", skip_serializing_if = "std::ops::Not::not")]
    pub page: bool,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// First and last time, and how often.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    #[serde(rename = "f")]
    pub first_ms: i64,
    #[serde(rename = "l")]
    pub last_ms: i64,
    #[serde(rename = "c")]
    pub count: u32,
}

impl Seen {
    pub fn at(at_ms: i64) -> Self {
        Seen { first_ms: at_ms, last_ms: at_ms, count: 1 }
    }

    pub fn again(&mut self, at_ms: i64) {
        self.first_ms = self.first_ms.min(at_ms);
        self.last_ms = self.last_ms.max(at_ms);
        self.count = self.count.saturating_add(1);
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceUse {
    pub fingerprint: String,
    pub seen: Seen,
    #[serde(default)]
    pub traits: DeviceTraits,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct IpUse {
    pub ip: String,
    pub seen: Seen,
    #[serde(default)]
    pub network: NetworkFacts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asn: Option<String>,
    /// The team's own list says what the network is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub listed: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionUse {
    pub id: String,
    pub seen: Seen,
    /// The user agent the session was seen with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<UserAgentFacts>,
}

impl Profile {
    /// Folds one event into the profile. Events may arrive in any order; what is kept is bounded.
    pub fn apply(&mut self, event: &Event, facts: &Facts) {
        let at_ms = event.timestamp_ms;
        self.first_ms = if self.events == 0 { at_ms } else { self.first_ms.min(at_ms) };
        self.last_ms = self.last_ms.max(at_ms);
        self.events += 1;
        self.truncated += u64::from(event.truncated);
        if let Some(identity) = &event.identity {
            self.truncated += u64::from(merge_attributes(&mut self.attributes, &identity.data));
        }
        self.count_name(&event.name, at_ms);
        self.remember(Note::of(event));
        self.see_device(event);
        self.see_ip(event, facts);
        self.see_session(event, facts);
        hear(&mut self.said, event);
        if event.name == INTERACTION_EVENT {
            self.sum_interaction(&event.data);
        }
    }

    fn count_name(&mut self, name: &str, at_ms: i64) {
        let known = self.names.contains_key(name) || self.names.len() < PROFILE_NAMES_MAX;
        let entry = self.names.entry(if known { name } else { OTHER_NAMES }.to_owned());
        let held = entry.or_insert(NameUse { count: 0, first_ms: at_ms, last_ms: at_ms });
        held.count += 1;
        held.first_ms = held.first_ms.min(at_ms);
        held.last_ms = held.last_ms.max(at_ms);
    }

    fn remember(&mut self, note: Note) {
        let place = self.recent.partition_point(|held| held.at_ms <= note.at_ms);
        self.recent.insert(place, note);
        if self.recent.len() > PROFILE_EVENTS_MAX {
            self.recent.remove(0);
        }
    }

    fn see_device(&mut self, event: &Event) {
        let Some(device) = &event.device else { return };
        let at_ms = event.timestamp_ms;
        match self.devices.iter_mut().find(|held| held.fingerprint == device.fingerprint) {
            Some(held) => held.seen.again(at_ms),
            None => self.devices.push(DeviceUse {
                fingerprint: device.fingerprint.clone(),
                seen: Seen::at(at_ms),
                traits: DeviceTraits::default(),
            }),
        }
        if !device.signals.is_empty() {
            let traits = DeviceTraits::of(&device.signals, event.user_agent.as_deref());
            let held = self.devices.iter_mut().find(|held| held.fingerprint == device.fingerprint);
            held.into_iter().for_each(|held| held.traits = traits.clone());
        }
        forget_oldest(&mut self.devices, PROFILE_DEVICES_MAX, |held| held.seen.last_ms);
    }

    fn see_ip(&mut self, event: &Event, facts: &Facts) {
        let Some(ip) = event.ip.map(|ip| ip.to_string()) else { return };
        match self.ips.iter_mut().find(|held| held.ip == ip) {
            Some(held) => held.seen.again(event.timestamp_ms),
            None => self.ips.push(IpUse {
                ip,
                seen: Seen::at(event.timestamp_ms),
                network: facts.network.clone().unwrap_or_default(),
                asn: facts.geo.asn.clone(),
                listed: false,
            }),
        }
        forget_oldest(&mut self.ips, PROFILE_IPS_MAX, |held| held.seen.last_ms);
    }

    fn see_session(&mut self, event: &Event, facts: &Facts) {
        // A server event has no session; the user agent it forwards still says what the person came with.
        let id = event.session.as_deref().unwrap_or("");
        if id.is_empty() && facts.agent.is_none() {
            return;
        }
        match self.sessions.iter_mut().find(|held| held.id == id && held.agent == facts.agent) {
            Some(held) => held.seen.again(event.timestamp_ms),
            None => self.sessions.push(SessionUse {
                id: id.to_owned(),
                seen: Seen::at(event.timestamp_ms),
                agent: facts.agent.clone(),
            }),
        }
        forget_oldest(&mut self.sessions, PROFILE_SESSIONS_MAX, |held| held.seen.last_ms);
    }

    fn sum_interaction(&mut self, data: &Map<String, Value>) {
        for (group, value) in data {
            match value {
                Value::Object(counters) => {
                    counters.iter().for_each(|(name, value)| self.add_interaction(format!("{group}.{name}"), value));
                }
                value => self.add_interaction(group.clone(), value),
            }
        }
    }

    fn add_interaction(&mut self, key: String, value: &Value) {
        let Some(number) = value.as_f64().filter(|number| number.abs() < 1e12) else { return };
        if key.len() > INTERACTION_KEY_BYTES_MAX {
            self.truncated += 1;
            return;
        }
        if self.interaction.len() < INTERACTION_KEYS_MAX || self.interaction.contains_key(&key) {
            *self.interaction.entry(key).or_default() += number;
        }
    }

    /// The profile as it is stored: JSON of at most [`PROFILE_BYTES_MAX`] besides the attributes, which have a bound of
    /// their own. What does not fit is forgotten oldest first.
    pub fn to_json(&mut self) -> String {
        loop {
            let text = serde_json::to_string(self).unwrap_or_default();
            let attributes = serde_json::to_string(&self.attributes).map_or(0, |attributes| attributes.len());
            if text.len() <= PROFILE_BYTES_MAX + attributes {
                return text;
            }
            self.truncated += 1;
            halve(&mut self.recent);
            halve(&mut self.ips);
            halve(&mut self.sessions);
            halve(&mut self.devices);
            halve(&mut self.said);
            for _ in 0..self.names.len().div_ceil(2) {
                self.names.pop_last();
            }
        }
    }
}

impl Note {
    fn of(event: &Event) -> Self {
        let hash = |text: Option<&str>| text.map_or(0, hash32);
        Note {
            at_ms: event.timestamp_ms,
            name: event.name.clone(),
            ip: event.ip.map_or(0, |ip| hash32(&ip.to_string())),
            device: hash(event.fingerprint()),
            session: hash(event.session.as_deref()),
            url: hash(event.url.as_deref()),
            data: data_digest(&event.data),
            page: event.source.as_deref() == Some("tracker"),
        }
    }
}

fn forget_oldest<T>(items: &mut Vec<T>, max: usize, last_ms: impl Fn(&T) -> i64) {
    while items.len() > max {
        let oldest = (0..items.len()).min_by_key(|&index| last_ms(&items[index]));
        oldest.map(|index| items.remove(index));
    }
}

fn halve<T>(items: &mut Vec<T>) {
    items.drain(..items.len().div_ceil(2));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{DeviceInput, IdentityInput};
    use proptest::prelude::*;
    use serde_json::json;

    fn event(at_ms: i64, name: &str, ip: u32, device: u32) -> Event {
        Event {
            id: format!("{at_ms}-{name}"),
            name: name.into(),
            timestamp_ms: at_ms,
            received_ms: at_ms,
            ip: Some(std::net::Ipv4Addr::from(ip).into()),
            device: Some(DeviceInput { fingerprint: format!("fp-{device}"), signals: Map::new() }),
            identity: Some(IdentityInput { id: "u".into(), data: Map::new() }),
            ..Event::default()
        }
    }

    #[test]
    fn ten_thousand_devices_keep_the_profile_small() {
        let mut profile = Profile::default();
        for i in 0..10_000 {
            profile.apply(&event(i64::from(i) * 1000, &format!("name-{i}"), i, i), &Facts::default());
        }
        assert_eq!((profile.events, profile.devices.len(), profile.ips.len()), (10_000, 64, 128));
        assert_eq!(profile.devices.last().unwrap().fingerprint, "fp-9999");
        assert_eq!(profile.names.values().map(|held| held.count).sum::<u64>(), 10_000);
        assert!(profile.to_json().len() <= PROFILE_BYTES_MAX);
    }

    /// Names and counters are written by the page, so by the people judged: the longest there are still fit.
    #[test]
    fn the_longest_names_and_counters_fit() {
        let mut profile = Profile::default();
        for i in 0..200 {
            let name = format!("{i}{}", "\u{1}".repeat(NAME_CHARS_MAX - 3));
            profile.apply(&event(i, &name, 1, 1), &Facts::default());
            let counters =
                [("k", 60_000), ("l", 40)].map(|(key, length)| (format!("{key}{i}").repeat(length / 4), json!(1)));
            let summary = Event { data: counters.into_iter().collect(), ..event(i, INTERACTION_EVENT, 1, 1) };
            profile.apply(&summary, &Facts::default());
        }
        assert!(profile.to_json().len() <= PROFILE_BYTES_MAX + "{}".len());
        assert_eq!(profile.interaction.len(), INTERACTION_KEYS_MAX);
        assert!(profile.interaction.keys().all(|key| key.starts_with('l')));
    }

    #[test]
    fn later_attributes_win_and_others_stay() {
        let mut profile = Profile::default();
        let mut first = event(1, "a", 1, 1);
        first.identity.as_mut().unwrap().data =
            json!({"email": "a@x.com", "plan": "free"}).as_object().unwrap().clone();
        let mut second = event(2, "b", 1, 1);
        second.identity.as_mut().unwrap().data = json!({"plan": "pro"}).as_object().unwrap().clone();
        profile.apply(&first, &Facts::default());
        profile.apply(&second, &Facts::default());
        assert_eq!(Value::Object(profile.attributes), json!({"email": "a@x.com", "plan": "pro"}));
    }

    fn any_event() -> impl Strategy<Value = Event> {
        (0i64..2_000_000_000_000, "\\PC{1,24}", 0u32..400, 0u32..200, prop::option::of("[a-z]{1,300}"))
            .prop_map(|(at_ms, name, ip, device, session)| Event { session, ..event(at_ms, &name, ip, device) })
    }

    proptest! {
        /// Any sequence of events leaves a bounded profile that reads back as it was written.
        #[test]
        fn apply_is_total_and_bounded(events in prop::collection::vec(any_event(), 1..300)) {
            let mut profile = Profile::default();
            events.iter().for_each(|event| profile.apply(event, &Facts::of(event)));
            prop_assert_eq!(profile.events, events.len() as u64);
            prop_assert!(profile.recent.len() <= PROFILE_EVENTS_MAX && profile.ips.len() <= PROFILE_IPS_MAX);
            prop_assert!(profile.recent.is_sorted_by_key(|note| note.at_ms));
            let text = profile.to_json();
            prop_assert!(text.len() <= PROFILE_BYTES_MAX + "{}".len(), "{} bytes besides the empty attributes", text.len());
            prop_assert_eq!(serde_json::from_str::<Profile>(&text).unwrap(), profile);
        }

        /// The order in which events arrive does not change counts, times or what is remembered of distinct moments.
        #[test]
        fn order_of_arrival_does_not_matter(mut times in prop::collection::btree_set(0i64..1_000_000, 1..100)) {
            let events: Vec<Event> = std::mem::take(&mut times).into_iter().map(|at_ms| event(at_ms, "n", 1, 1)).collect();
            let fold = |events: &mut dyn Iterator<Item = &Event>| {
                let mut profile = Profile::default();
                events.for_each(|event| profile.apply(event, &Facts::default()));
                profile
            };
            prop_assert_eq!(fold(&mut events.iter()), fold(&mut events.iter().rev()));
        }
    }
}

//! What a team knows better than the data pack, laid over what was looked up.
//!
//! What an entry changes is written down where it is: in the profile's addresses, in the facts and shared keys of a
//! snapshot, with the entries that were hit. So a verdict is recomputed from its evidence, whatever the lists say later.

use super::{Dataset, NOT};
use crate::intelligence::email::{Disposable, EmailFacts, email_facts};
use crate::intelligence::names::{self, NameFacts};
use crate::intelligence::networks::{NetworkFacts, NetworkKind, kind_named, parse_prefix, unwrapped};
use crate::intelligence::user_agent::{DeviceClass, UserAgentFacts};
use crate::linkage::{KeyKind, SharedKey};
use crate::profile::Profile;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Entries that one snapshot names: a few for an address and a name, however long the name.
const HITS_MAX: usize = 8;

/// An entry of a team's own that was hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    pub dataset: Dataset,
    pub key: String,
    pub value: String,
}

/// A team's own entries of all datasets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lists {
    words: BTreeMap<Dataset, BTreeMap<String, &'static str>>,
    networks: BTreeMap<(bool, u8), BTreeMap<u128, &'static str>>,
    /// Parts of user agents, and whether each is the team's own application's.
    agents: Vec<(String, bool)>,
}

impl Lists {
    /// Keys as [`Dataset::key`] makes them. What this version does not know is passed over.
    pub fn of(entries: impl IntoIterator<Item = (Dataset, String, String)>) -> Self {
        let mut lists = Lists::default();
        for (dataset, key, value) in entries {
            let Ok(value) = dataset.value(Some(&value)) else { continue };
            match dataset {
                Dataset::Networks => lists.add_network(&key, value),
                Dataset::UserAgents => lists.agents.push((key, value == "app")),
                _ => drop(lists.words.entry(dataset).or_default().insert(key, value)),
            }
        }
        // The most particular first.
        lists.agents.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        lists
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.networks.is_empty() && self.agents.is_empty()
    }

    fn add_network(&mut self, key: &str, value: &'static str) {
        let Some((ip, length)) = parse_prefix(key) else { return };
        self.networks.entry((ip.is_ipv4(), length)).or_default().insert(leading(ip, length), value);
    }

    fn word(&self, dataset: Dataset, key: &str) -> Option<&'static str> {
        self.words.get(&dataset)?.get(key).copied()
    }

    /// The entry of the domain, or of the nearest parent down to what somebody registered.
    fn domain(&self, dataset: Dataset, facts: &EmailFacts) -> Option<Hit> {
        let held = self.words.get(&dataset)?;
        let mut name = facts.domain.as_str();
        loop {
            if let Some(value) = held.get(name) {
                return Some(Hit { dataset, key: name.to_owned(), value: (*value).to_owned() });
            }
            match name.split_once('.') {
                Some((_, parent)) if parent.len() >= facts.registrable.len() => name = parent,
                _ => return None,
            }
        }
    }

    /// What the team says of the domain of an address.
    pub fn email(&self, facts: &mut EmailFacts) -> Vec<Hit> {
        let trusted = self.domain(Dataset::TrustedEmailDomains, facts);
        let disposable = self.domain(Dataset::DisposableEmailDomains, facts).filter(|_| trusted.is_none());
        let free = self.domain(Dataset::FreeEmailProviders, facts);
        if let Some(hit) = trusted.as_ref().or(disposable.as_ref()) {
            (facts.disposable, facts.lists) = match hit.value.as_str() {
                "disposable" => (Disposable::Strong, 1),
                "weak" => (Disposable::Weak, 1),
                "relay" => (Disposable::Relay, 1),
                _ => (Disposable::No, 0),
            };
        }
        if let Some(hit) = &free {
            facts.free = hit.value != NOT;
        }
        [trusted, disposable, free].into_iter().flatten().collect()
    }

    /// What the team says of a name: of the whole of it, and of its words.
    pub fn name(&self, name: &str, facts: &mut NameFacts) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut hit = |dataset, key: &str| {
            let value = self.word(dataset, key)?;
            hits.push(Hit { dataset, key: key.to_owned(), value: value.to_owned() });
            Some(value != NOT)
        };
        if self.words.contains_key(&Dataset::PlaceholderNames) {
            let found = names::spellings(name).iter().find_map(|spelling| hit(Dataset::PlaceholderNames, spelling));
            facts.placeholder = found.unwrap_or(facts.placeholder);
        }
        if self.words.contains_key(&Dataset::BlockedWords) {
            let words = names::letters(name);
            let blocked = |word: &String| hit(Dataset::BlockedWords, word).unwrap_or_else(|| names::is_profane(word));
            facts.profane = words.iter().map(blocked).fold(false, |any, blocked| any | blocked);
        }
        hits.truncate(HITS_MAX);
        hits
    }

    /// What the team says of an address: of several prefixes that hold it, the longest answers.
    fn network(&self, ip: IpAddr, longest: u8) -> Option<(u8, &'static str)> {
        let ip = unwrapped(ip);
        let of_family = self.networks.range((ip.is_ipv4(), 0)..=(ip.is_ipv4(), longest)).rev();
        of_family.into_iter().find_map(|((_, length), held)| Some((*length, *held.get(&leading(ip, *length))?)))
    }

    /// Lays the team's networks over the addresses of a profile, and takes off what the team no longer says.
    pub fn place(&self, profile: &mut Profile, bundled: impl Fn(IpAddr) -> NetworkFacts) {
        for held in &mut profile.ips {
            if self.networks.is_empty() && !held.listed {
                continue;
            }
            let Ok(ip) = held.ip.parse::<IpAddr>() else { continue };
            match self.network(ip, u8::MAX) {
                Some((length, value)) => {
                    let country = held.network.country.take();
                    let label = Some(format!("/{length} in your list, {value}"));
                    held.network = NetworkFacts { country, kind: kind(value), label };
                    held.listed = true;
                }
                None if held.listed => (held.network, held.listed) = (bundled(ip), false),
                None => {}
            }
        }
    }

    /// What the team says of a user agent.
    pub fn agent(&self, agent: &str, facts: &mut UserAgentFacts) {
        if self.agents.is_empty() {
            return;
        }
        let lower = agent.to_lowercase();
        let Some((mark, own)) = self.agents.iter().find(|(mark, _)| lower.contains(mark.as_str())) else { return };
        if *own {
            let UserAgentFacts { os, os_version, .. } = std::mem::take(facts);
            *facts = UserAgentFacts { os, os_version, own: true, ..UserAgentFacts::default() };
        } else {
            (facts.crawler, facts.device) = (Some(mark.clone()), DeviceClass::Bot);
        }
    }

    /// Whether the team says that many people hold this, so that sharing it tells nobody apart.
    fn is_public(&self, kind: KeyKind, key: &str) -> bool {
        match kind {
            KeyKind::Ip | KeyKind::IpPrefix => {
                let network = parse_prefix(key).and_then(|(ip, length)| self.network(ip, length));
                network.is_some_and(|(_, value)| matches!(value, "office" | "carrier" | "trusted"))
            }
            KeyKind::Promo | KeyKind::Referral => self.word(Dataset::PublicCodes, &key.to_lowercase()).is_some(),
            KeyKind::EmailDomain => {
                let mut facts = email_facts(&format!("a@{key}"));
                let trusted = self.email(&mut facts).iter().any(|hit| hit.dataset == Dataset::TrustedEmailDomains);
                trusted || facts.free || facts.disposable != Disposable::No
            }
            _ => false,
        }
    }

    /// Marks what is shared with many by what the team says.
    pub fn mark<'a>(&self, shared: impl IntoIterator<Item = &'a mut SharedKey>) {
        if !self.is_empty() {
            shared.into_iter().for_each(|key| key.public = self.is_public(key.kind, &key.key));
        }
    }

    /// The keys under which those can be found whom an entry concerns.
    pub fn found_under(dataset: Dataset, key: &str) -> BTreeSet<(KeyKind, String)> {
        let found = match dataset {
            Dataset::Networks => under_network(key),
            Dataset::PublicCodes => {
                let upper = key.to_uppercase();
                vec![(KeyKind::Promo, key.to_owned()), (KeyKind::Referral, key.to_owned()), (KeyKind::Referral, upper)]
            }
            Dataset::DisposableEmailDomains | Dataset::FreeEmailProviders | Dataset::TrustedEmailDomains => {
                vec![(KeyKind::EmailDomain, key.to_owned())]
            }
            Dataset::PlaceholderNames => vec![(KeyKind::Name, crate::linkage::keys::name_key(key))],
            Dataset::UserAgents | Dataset::BlockedWords => Vec::new(),
        };
        found.into_iter().filter(|(_, key)| !key.is_empty()).collect()
    }
}

/// One address, or the network of a household or an office; who is in a wider one is under too many keys to look for.
fn under_network(key: &str) -> Vec<(KeyKind, String)> {
    let Some((ip, length)) = parse_prefix(key) else { return Vec::new() };
    let (whole, household) = if ip.is_ipv4() { (32, 24) } else { (128, 48) };
    match () {
        () if length == whole => vec![(KeyKind::Ip, ip.to_string())],
        () if length >= household => {
            vec![(KeyKind::IpPrefix, crate::linkage::keys::prefix(&ip.to_string()).unwrap_or_default())]
        }
        () => Vec::new(),
    }
}

fn kind(value: &str) -> NetworkKind {
    if value == "trusted" { NetworkKind::Private } else { kind_named(value).unwrap_or_default() }
}

/// The leading bits of an address, shifted to the right end.
fn leading(ip: IpAddr, length: u8) -> u128 {
    let (bits, width) = match ip {
        IpAddr::V4(ip) => (u128::from(u32::from(ip)), 32),
        IpAddr::V6(ip) => (u128::from(ip), 128),
    };
    bits.checked_shr(u32::from(width - length.min(width))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intelligence::names::name_facts;
    use crate::intelligence::networks::network_facts;
    use crate::intelligence::user_agent::user_agent_facts;
    use crate::testkit::{Story, shared_with};

    fn lists(entries: &[(Dataset, &str, &str)]) -> Lists {
        Lists::of(
            entries.iter().map(|(dataset, key, value)| (*dataset, dataset.key(key).unwrap(), (*value).to_owned())),
        )
    }

    fn email(lists: &Lists, address: &str) -> (Disposable, bool, usize) {
        let mut facts = email_facts(address);
        let hits = lists.email(&mut facts);
        (facts.disposable, facts.free, hits.len())
    }

    #[test]
    fn a_team_s_word_on_a_domain_goes_before_the_bundled_one_and_holds_for_subdomains() {
        let lists = lists(&[
            (Dataset::DisposableEmailDomains, "mailinator.com", "not"),
            (Dataset::DisposableEmailDomains, "quick.example", "disposable"),
            (Dataset::TrustedEmailDomains, "yopmail.com", "trusted"),
            (Dataset::FreeEmailProviders, "isp.example", "free"),
        ]);
        assert_eq!(email(&lists, "a@inbox.mailinator.com"), (Disposable::No, false, 1));
        assert_eq!(email(&lists, "a@mx.quick.example"), (Disposable::Strong, false, 1));
        assert_eq!(email(&lists, "a@yopmail.com"), (Disposable::No, false, 1));
        assert_eq!(email(&lists, "a@isp.example"), (Disposable::No, true, 1));
        assert_eq!(email(&lists, "a@guerrillamail.com").2, 0);
    }

    #[test]
    fn names_and_words_are_blocked_and_let_pass() {
        let lists = lists(&[
            (Dataset::PlaceholderNames, "Max Mustermann", "placeholder"),
            (Dataset::PlaceholderNames, "Test Test", "not"),
            (Dataset::BlockedWords, "casino", "blocked"),
        ]);
        let facts = |name: &str| {
            let mut facts = name_facts(name);
            let hits = lists.name(name, &mut facts);
            (facts.placeholder, facts.profane, hits.len())
        };
        assert_eq!(facts("Max  MUSTERMANN"), (true, false, 1));
        assert_eq!(facts("test test"), (false, false, 1));
        assert_eq!(facts("Royal Casino"), (false, true, 1));
        assert_eq!(facts("Anna Schmidt"), (false, false, 0));
    }

    #[test]
    fn the_longest_prefix_answers_and_an_entry_taken_back_leaves_nothing() {
        let held = lists(&[
            (Dataset::Networks, "52.95.0.0/16", "office"),
            (Dataset::Networks, "52.95.110.1", "trusted"),
            (Dataset::Networks, "2001:db8:7::/48", "carrier"),
        ]);
        let story =
            Story::new().ip("52.95.110.1").event(0, "a").ip("52.95.7.7").event(1, "b").ip("84.128.7.9").event(2, "c");
        let mut profile = story.snapshot().profile;
        let before = profile.clone();
        held.place(&mut profile, network_facts);
        let kinds: Vec<(NetworkKind, bool)> = profile.ips.iter().map(|held| (held.network.kind, held.listed)).collect();
        let expected =
            [(NetworkKind::Private, true), (NetworkKind::Business, true), (before.ips[2].network.kind, false)];
        assert_eq!(kinds, expected);
        Lists::default().place(&mut profile, network_facts);
        assert_eq!(profile, before);
    }

    #[test]
    fn a_team_s_own_application_is_no_robot_and_its_robots_are() {
        let lists = lists(&[(Dataset::UserAgents, "acme-android/", "app"), (Dataset::UserAgents, "acme", "bot")]);
        let read = |agent: &str| {
            let mut facts = user_agent_facts(agent);
            lists.agent(agent, &mut facts);
            facts
        };
        let app = read("Acme-Android/3.1 okhttp/4.12");
        assert!(app.own && app.library.is_none() && app.crawler.is_none());
        assert_eq!(read("okhttp/4.12 acme").crawler.as_deref(), Some("acme"));
        assert_eq!(read("okhttp/4.12"), user_agent_facts("okhttp/4.12"));
    }

    #[test]
    fn what_many_hold_is_marked_and_nothing_else() {
        let lists = lists(&[
            (Dataset::Networks, "198.51.100.0/24", "office"),
            (Dataset::Networks, "203.0.113.0/24", "vpn"),
            (Dataset::PublicCodes, "SUMMER25", "public"),
            (Dataset::TrustedEmailDomains, "example.org", "trusted"),
        ]);
        for (kind, key, public) in [
            (KeyKind::Ip, "198.51.100.7", true),
            (KeyKind::IpPrefix, "198.51.100.0/24", true),
            (KeyKind::Ip, "203.0.113.7", false),
            (KeyKind::Promo, "summer25", true),
            (KeyKind::Referral, "Summer25", true),
            (KeyKind::Referral, "OTHER", false),
            (KeyKind::EmailDomain, "mail.example.org", true),
            (KeyKind::EmailDomain, "bluefox.example", false),
            (KeyKind::Device, "198.51.100.7", false),
        ] {
            let mut shared = [shared_with("b", kind, key, 2)];
            lists.mark(&mut shared);
            assert_eq!(shared[0].public, public, "{kind:?} {key}");
        }
    }

    #[test]
    fn those_concerned_are_found_where_a_key_tells_them() {
        let found = |dataset: Dataset, key: &str| Lists::found_under(dataset, &dataset.key(key).unwrap());
        let one = |kind, key: &str| BTreeSet::from([(kind, key.to_owned())]);
        assert_eq!(found(Dataset::Networks, "203.0.113.7"), one(KeyKind::Ip, "203.0.113.7"));
        assert_eq!(found(Dataset::Networks, "203.0.113.64/26"), one(KeyKind::IpPrefix, "203.0.113.0/24"));
        assert_eq!(found(Dataset::Networks, "203.0.0.0/16"), BTreeSet::new());
        assert_eq!(found(Dataset::PlaceholderNames, "Max Mustermann"), one(KeyKind::Name, "max mustermann"));
        assert_eq!(found(Dataset::PublicCodes, "Summer25").len(), 3);
    }
}

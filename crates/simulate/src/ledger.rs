//! Collects what happens in the world and who is who in it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::account::Account;
use crate::hash::mix;
use crate::person::Person;
use crate::random::Random;
use crate::time::{DAY, HOUR};
use crate::{HardPair, IdentityLabel, PairLabel, Tier, TimedEvent, World, network};

/// How many partners a member of a large group is paired with.
const NEIGHBOURS: usize = 3;

/// What is bad about an identity, if anything.
#[derive(Clone, Copy, Default)]
pub(crate) struct Bad {
    pub humanity: bool,
    pub authenticity: bool,
    pub uniqueness: bool,
    pub behavior: bool,
}

pub(crate) struct Ledger {
    pub start_ms: i64,
    pub end_ms: i64,
    seed: u64,
    skill: Option<Tier>,
    events: Vec<TimedEvent>,
    identities: BTreeMap<String, IdentityLabel>,
    pairs: BTreeSet<(String, String)>,
    hard: BTreeMap<(String, String), String>,
    emails: BTreeSet<String>,
    namesakes: BTreeMap<String, Vec<String>>,
    accounts: u64,
}

impl Ledger {
    pub(crate) fn new(seed: u64, start_ms: i64, days: u32, skill: Option<Tier>) -> Self {
        Ledger {
            start_ms,
            end_ms: start_ms + i64::from(days.max(1)) * DAY,
            seed,
            skill,
            events: Vec::new(),
            identities: BTreeMap::new(),
            pairs: BTreeSet::new(),
            hard: BTreeMap::new(),
            emails: BTreeSet::new(),
            namesakes: BTreeMap::new(),
            accounts: 0,
        }
    }

    pub(crate) fn tier(&self, rng: &mut Random) -> Tier {
        self.skill.unwrap_or_else(|| *rng.pick(&[Tier::Naive, Tier::Skilled, Tier::Expert]))
    }

    /// Opens an account. Ids say nothing about order: sequential ones would tell a farm by its numbers.
    pub(crate) fn open(&mut self, person: &Person, email: String, rng: &mut Random) -> Account {
        self.accounts += 1;
        let id = format!("u_{:016x}", mix(self.seed, self.accounts));
        let email = self.unused(email);
        self.emails.insert(email.clone());
        Account::of(person, id, email, rng)
    }

    /// The application refuses an address that is taken; people then add a digit.
    fn unused(&self, email: String) -> String {
        let (handle, domain) = email.split_once('@').unwrap_or((&email, "example.com"));
        let mut candidate = email.clone();
        let mut digit = 1;
        while self.emails.contains(&candidate) {
            candidate = format!("{handle}{digit}@{domain}");
            digit += 1;
        }
        candidate
    }

    /// A moment early enough that something can still follow.
    pub(crate) fn some_moment(&self, rng: &mut Random) -> i64 {
        let span = (self.end_ms - self.start_ms - 6 * HOUR).max(HOUR);
        self.start_ms + (rng.unit() * span as f64) as i64
    }

    pub(crate) fn covers(&self, at_ms: i64) -> bool {
        (self.start_ms..self.end_ms).contains(&at_ms)
    }

    pub(crate) fn push(&mut self, at_ms: i64, identity: Option<&str>, mut body: Map<String, Value>) {
        if !self.covers(at_ms) {
            return;
        }
        let number = self.events.len() as u64;
        body.insert("id".into(), json!(format!("ev_{:08x}_{:016x}", mix(self.seed, 1) as u32, mix(self.seed, number))));
        self.events.push(TimedEvent { at_ms, identity: identity.map(str::to_owned), body: Value::Object(body) });
    }

    pub(crate) fn label_honest(&mut self, account: &Account, class: &str) {
        self.label(account, class, None, Bad::default(), None);
    }

    pub(crate) fn label_abuser(&mut self, account: &Account, class: &str, tier: Tier, bad: Bad) {
        self.label(account, class, Some(tier), bad, None);
    }

    /// An honest account that passes into other hands.
    pub(crate) fn label_taken(&mut self, account: &Account, class: &str, tier: Tier, bad: Bad, from_ms: i64) {
        self.label(account, class, Some(tier), bad, Some(from_ms));
    }

    fn label(&mut self, account: &Account, class: &str, tier: Option<Tier>, bad: Bad, bad_from_ms: Option<i64>) {
        if !self.identities.contains_key(&account.id) {
            self.namesakes.entry(account.display.to_lowercase()).or_default().push(account.id.clone());
        }
        let label = self.identities.entry(account.id.clone()).or_insert_with(|| IdentityLabel {
            identity: account.id.clone(),
            abuser: false,
            classes: Vec::new(),
            tier: None,
            humanity_bad: false,
            authenticity_bad: false,
            uniqueness_bad: false,
            behavior_bad: false,
            bad_from_ms: None,
            country: account.country.code.to_owned(),
        });
        if !label.classes.iter().any(|known| known == class) {
            label.classes.push(class.to_owned());
        }
        label.abuser |= tier.is_some();
        label.tier = label.tier.or(tier);
        label.humanity_bad |= bad.humanity;
        label.authenticity_bad |= bad.authenticity;
        label.uniqueness_bad |= bad.uniqueness;
        label.behavior_bad |= bad.behavior;
        label.bad_from_ms = label.bad_from_ms.or(bad_from_ms);
    }

    pub(crate) fn same_person(&mut self, accounts: &[Account]) {
        for (i, a) in accounts.iter().enumerate() {
            for b in &accounts[i + 1..] {
                self.pairs.insert(ordered(&a.id, &b.id));
            }
        }
    }

    pub(crate) fn hard_pair(&mut self, a: &Account, b: &Account, kind: &str) {
        if a.id != b.id {
            self.hard.insert(ordered(&a.id, &b.id), kind.to_owned());
        }
    }

    /// Neighbours in a large group: all pairs would drown the other kinds.
    pub(crate) fn hard_chain(&mut self, accounts: &[Account], kind: &str) {
        for (i, a) in accounts.iter().enumerate() {
            for b in accounts[i + 1..].iter().take(NEIGHBOURS) {
                self.hard_pair(a, b, kind);
            }
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.identities.len()
    }

    /// Equal names of different persons; `into_world` takes out those who are one.
    fn pair_namesakes(&mut self) {
        for ids in std::mem::take(&mut self.namesakes).into_values() {
            for (i, a) in ids.iter().enumerate() {
                for b in ids[i + 1..].iter().take(NEIGHBOURS) {
                    self.hard.entry(ordered(a, b)).or_insert_with(|| "same_name".to_owned());
                }
            }
        }
    }

    pub(crate) fn into_world(mut self) -> World {
        self.pair_namesakes();
        // Stable: events of one instant stay in the order in which they were told.
        self.events.sort_by_key(|event| event.at_ms);
        let seen: BTreeSet<&str> = self.events.iter().filter_map(|event| event.identity.as_deref()).collect();
        let both = |a: &String, b: &String| seen.contains(a.as_str()) && seen.contains(b.as_str());
        let identities = self.identities.into_values().filter(|label| seen.contains(label.identity.as_str())).collect();
        let hard =
            self.hard.into_iter().filter(|((a, b), _)| both(a, b) && !self.pairs.contains(&(a.clone(), b.clone())));
        let hard = hard.map(|((a, b), kind)| HardPair { a, b, kind }).collect();
        let pairs = self
            .pairs
            .iter()
            .filter(|(a, b)| both(a, b))
            .map(|(a, b)| PairLabel { a: a.clone(), b: b.clone() })
            .collect();
        World { identities, pairs, hard, networks_csv: network::CSV.to_owned(), events: self.events }
    }
}

fn ordered(a: &str, b: &str) -> (String, String) {
    if a < b { (a.to_owned(), b.to_owned()) } else { (b.to_owned(), a.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taken_addresses_get_a_digit() {
        let mut ledger = Ledger::new(1, 0, 1, None);
        let mut rng = Random::new(1, 1);
        let person = Person::any(&mut rng);
        let a = ledger.open(&person, "x@y.z".into(), &mut rng);
        let b = ledger.open(&person, "x@y.z".into(), &mut rng);
        assert_eq!((a.email.as_str(), b.email.as_str()), ("x@y.z", "x1@y.z"));
        assert_ne!(a.id, b.id);
    }

    #[test]
    fn labels_without_events_are_dropped() {
        let mut ledger = Ledger::new(1, 0, 1, None);
        let mut rng = Random::new(1, 1);
        let person = Person::any(&mut rng);
        let account = ledger.open(&person, "x@y.z".into(), &mut rng);
        ledger.label_honest(&account, "ordinary");
        assert!(ledger.into_world().identities.is_empty());
    }
}

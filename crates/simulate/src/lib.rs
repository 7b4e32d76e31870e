//! Pure generator of labelled traffic: who is who is known, so that verdicts can be measured.
//!
//! A *segment* is a way in which people (or one operator) use an application. Honest segments are in `honest/`, abusive ones in
//! `abuse/`, each one file and one line of the list there. A segment makes *persons*, opens *accounts* in the *ledger*, and lets
//! them *visit*. Nothing here reads a clock or the world; one seed gives one world, byte for byte.

mod abuse;
mod account;
mod device;
mod hash;
mod honest;
mod journey;
mod labels;
mod ledger;
mod names;
mod network;
mod person;
mod place;
mod plan;
mod random;
mod stream;
mod time;
mod visit;
mod vocabulary;

pub use labels::{labels_hard_csv, labels_identities_csv, labels_pairs_csv};
pub use stream::Stream;

use serde::Serialize;
use serde_json::Value;

#[derive(Clone, Debug)]
pub struct Config {
    /// Number of labelled identities, up to the size of the last group that was begun.
    pub identities: usize,
    pub seed: u64,
    pub start_ms: i64,
    pub days: u32,
    /// Share of identities that are abusive.
    pub abuse_share: f64,
    /// None: all three mixed.
    pub skill: Option<Tier>,
}

impl Default for Config {
    fn default() -> Self {
        // 5 January 2026, a Monday.
        Config { identities: 2_000, seed: 1, start_ms: 1_767_571_200_000, days: 30, abuse_share: 0.15, skill: None }
    }
}

/// How well an abuser hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// One device, one address, addresses that count up.
    Naive,
    /// Rotates one artefact, varies names.
    Skilled,
    /// Residential proxies, distinct fingerprints, human pacing; leaks by behaviour, e-mail pattern, payment or referral only.
    Expert,
}

impl Tier {
    pub fn name(self) -> &'static str {
        match self {
            Tier::Naive => "naive",
            Tier::Skilled => "skilled",
            Tier::Expert => "expert",
        }
    }
}

/// A complete server-side `POST /api/events` body and its moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimedEvent {
    pub at_ms: i64,
    /// None for a device that has not identified itself yet.
    pub identity: Option<String>,
    pub body: Value,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IdentityLabel {
    pub identity: String,
    pub abuser: bool,
    pub classes: Vec<String>,
    pub tier: Option<Tier>,
    pub humanity_bad: bool,
    pub authenticity_bad: bool,
    pub uniqueness_bad: bool,
    pub behavior_bad: bool,
    /// When an honest account turned bad; None for those bad from their first event.
    pub bad_from_ms: Option<i64>,
    pub country: String,
}

/// Two accounts of one person; `a < b`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PairLabel {
    pub a: String,
    pub b: String,
}

/// Accounts of different persons who share something; `a < b`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HardPair {
    pub a: String,
    pub b: String,
    pub kind: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// In time order.
    pub events: Vec<TimedEvent>,
    /// In order of their ids.
    pub identities: Vec<IdentityLabel>,
    pub pairs: Vec<PairLabel>,
    pub hard: Vec<HardPair>,
    /// `prefix,kind,country,label` of the networks used.
    pub networks_csv: String,
}

/// Classes of honest identities, one for each way of being honest.
pub fn honest_classes() -> impl Iterator<Item = &'static str> {
    honest::ALL.iter().map(|segment| segment.name).chain(["stuffing_target"])
}

/// Classes of abusive identities.
pub fn abuse_classes() -> impl Iterator<Item = &'static str> {
    abuse::ALL.iter().map(|segment| segment.name)
}

pub fn generate(config: &Config) -> World {
    plan::carry_out(config)
}

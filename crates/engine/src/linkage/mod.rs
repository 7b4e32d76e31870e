//! Which identities belong to one person, and why we think so.
//!
//! Each artefact an identity leaves (device, session, address, canonical e-mail …) is a *blocking key*. Identities that
//! hold the same key are candidates; each shared key is evidence in bits, weighed down by how many others hold it (one
//! office address is not a ring, one rare fingerprint is). The bits add up to a probability, after Fellegi and Sunter
//! (1969) with the frequency adjustment of Winkler (1988): agreement on a rare value counts for more.

use crate::mapping::Field;
use crate::profile::{Profile, Seen};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Kinds of blocking keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    #[default]
    Device,
    Session,
    Ip,
    Email,
    Phone,
    Payment,
    Document,
}

impl KeyKind {
    pub const ALL: [KeyKind; 7] = [
        KeyKind::Device,
        KeyKind::Session,
        KeyKind::Ip,
        KeyKind::Email,
        KeyKind::Phone,
        KeyKind::Payment,
        KeyKind::Document,
    ];

    pub fn code(self) -> &'static str {
        match self {
            KeyKind::Device => "device",
            KeyKind::Session => "session",
            KeyKind::Ip => "ip",
            KeyKind::Email => "email",
            KeyKind::Phone => "phone",
            KeyKind::Payment => "payment",
            KeyKind::Document => "document",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        KeyKind::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Bits of evidence when exactly two identities hold the key, and bits lost with every doubling of the others.
    fn bits(self) -> (f64, f64) {
        match self {
            KeyKind::Session => (12.0, 1.0),
            KeyKind::Device => (10.0, 1.0),
            KeyKind::Document => (12.0, 2.0),
            KeyKind::Email => (11.0, 2.0),
            KeyKind::Payment => (10.0, 2.0),
            KeyKind::Phone => (9.5, 2.0),
            KeyKind::Ip => (4.5, 1.5),
        }
    }

    fn link_type(self) -> LinkType {
        match self {
            KeyKind::Device => LinkType::SameDevice,
            KeyKind::Session => LinkType::SharedSession,
            KeyKind::Ip => LinkType::SharedIp,
            KeyKind::Email | KeyKind::Phone | KeyKind::Payment | KeyKind::Document => LinkType::SimilarEmail,
        }
    }
}

/// The relation as the API names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LinkType {
    SameDevice,
    SharedIp,
    SharedSession,
    SimilarName,
    SimilarEmail,
    SimilarBehavior,
}

impl LinkType {
    pub fn code(self) -> &'static str {
        match self {
            LinkType::SameDevice => "SAME_DEVICE",
            LinkType::SharedIp => "SHARED_IP",
            LinkType::SharedSession => "SHARED_SESSION",
            LinkType::SimilarName => "SIMILAR_NAME",
            LinkType::SimilarEmail => "SIMILAR_EMAIL",
            LinkType::SimilarBehavior => "SIMILAR_BEHAVIOR",
        }
    }
}

/// One artefact that an identity holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    pub kind: KeyKind,
    pub key: String,
    pub seen: Seen,
}

/// An artefact that others hold too.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SharedKey {
    pub kind: KeyKind,
    pub key: String,
    /// Identities that hold it, this one included; disregarded ones are not counted.
    pub holders: u64,
    pub seen: Seen,
    /// Some of the others, at most [`crate::limits::CANDIDATES_PER_KEY_MAX`].
    pub peers: Vec<Peer>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Peer {
    pub identity_id: String,
    pub seen: Seen,
}

/// One reason to believe that two identities belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Link {
    pub target_id: String,
    #[serde(rename = "type")]
    pub link_type: LinkType,
    /// Probability by this evidence alone that both are one person, 0 to 1.
    pub value: f64,
    /// How much the evidence can be relied on, 0 to 1.
    pub confidence: f64,
    pub explanation: String,
    pub metadata: Map<String, Value>,
}

/// Bits against two identities being one person before anything is known.
const PRIOR_BITS: f64 = -6.0;
/// Evidence weaker than this probability is not worth a link.
const LINK_VALUE_MIN: f64 = 0.02;

/// The blocking keys of a profile.
pub fn keys(profile: &Profile, fields: &BTreeMap<Field, String>) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    let mut add = |kind, key: &str, seen| {
        if !key.is_empty() {
            keys.push(Key { kind, key: key.to_owned(), seen });
        }
    };
    profile.devices.iter().for_each(|held| add(KeyKind::Device, &held.fingerprint, held.seen));
    profile.sessions.iter().for_each(|held| add(KeyKind::Session, &held.id, held.seen));
    profile.ips.iter().for_each(|held| add(KeyKind::Ip, &held.ip, held.seen));
    let whole = Seen { first_ms: profile.first_ms, last_ms: profile.last_ms, count: 1 };
    if let Some(email) = fields.get(&Field::Email) {
        let facts = crate::intelligence::email::email_facts(email);
        if facts.valid {
            add(KeyKind::Email, &facts.canonical, whole);
        }
    }
    for (field, kind) in [
        (Field::Phone, KeyKind::Phone),
        (Field::PaymentFingerprint, KeyKind::Payment),
        (Field::DocumentHash, KeyKind::Document),
    ] {
        if let Some(text) = fields.get(&field) {
            add(kind, &folded(kind, text), whole);
        }
    }
    keys.sort_by(|a, b| (a.kind, &a.key).cmp(&(b.kind, &b.key)));
    keys.dedup_by(|a, b| a.kind == b.kind && a.key == b.key);
    keys
}

fn folded(kind: KeyKind, text: &str) -> String {
    match kind {
        KeyKind::Phone => {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            if digits.len() >= 7 { digits } else { String::new() }
        }
        _ => crate::text::cut(text, 256).to_owned(),
    }
}

/// The links that shared keys give, strongest first, one for each other identity and type.
pub fn link(identity_id: &str, shared: &[SharedKey]) -> Vec<Link> {
    let mut best: BTreeMap<(String, LinkType), Link> = BTreeMap::new();
    for key in shared {
        for peer in key.peers.iter().filter(|peer| peer.identity_id != identity_id) {
            let found = weigh(key, peer);
            let place = (peer.identity_id.clone(), found.link_type);
            if found.value >= LINK_VALUE_MIN && best.get(&place).is_none_or(|held| held.value < found.value) {
                best.insert(place, found);
            }
        }
    }
    let mut links: Vec<Link> = best.into_values().collect();
    links.sort_by(|a, b| b.value.total_cmp(&a.value).then_with(|| a.target_id.cmp(&b.target_id)));
    links.truncate(crate::limits::LINKS_MAX);
    links
}

fn weigh(key: &SharedKey, peer: &Peer) -> Link {
    let (alone, per_doubling) = key.kind.bits();
    let others = (key.holders.max(2) - 1) as f64;
    let bits = (alone - per_doubling * others.log2()).max(0.0);
    let value = round4(1.0 / (1.0 + (-(PRIOR_BITS + bits) * std::f64::consts::LN_2).exp()));
    let sightings = f64::from(key.seen.count.min(peer.seen.count));
    Link {
        target_id: peer.identity_id.clone(),
        link_type: key.kind.link_type(),
        value,
        confidence: round4(0.5 + 0.5 * crate::analyzers::saturation(sightings, 2.0)),
        explanation: explain(key),
        metadata: metadata(key, peer, bits),
    }
}

fn explain(key: &SharedKey) -> String {
    let what = match key.kind {
        KeyKind::Device => "Both were seen on the same device",
        KeyKind::Session => "Both were seen in the same browser session",
        KeyKind::Ip => "Both were seen at the same IP address",
        KeyKind::Email => "Both have e-mail addresses that reach the same mailbox",
        KeyKind::Phone => "Both have the same phone number",
        KeyKind::Payment => "Both paid with the same instrument",
        KeyKind::Document => "Both showed the same document",
    };
    match key.holders.saturating_sub(2) {
        0 => format!("{what}; nobody else was."),
        1 => format!("{what}; one other identity was too."),
        others => format!("{what}; so were {others} other identities, which weakens it."),
    }
}

fn metadata(key: &SharedKey, peer: &Peer, bits: f64) -> Map<String, Value> {
    let waterfall = json!([
        {"evidence": "prior", "bits": PRIOR_BITS},
        {"evidence": key.kind.code(), "bits": round4(bits)},
    ]);
    let overlap_ms = key.seen.last_ms.min(peer.seen.last_ms) - key.seen.first_ms.max(peer.seen.first_ms);
    let fields = json!({
        "kind": key.kind.code(), "key": key.key, "holders": key.holders, "waterfall": waterfall,
        "overlapMillis": overlap_ms.max(0),
    });
    fields.as_object().cloned().unwrap_or_default()
}

fn round4(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::START_MS;

    fn shared(kind: KeyKind, holders: u64) -> SharedKey {
        let seen = Seen::at(START_MS);
        let peers = vec![Peer { identity_id: "b".into(), seen }];
        SharedKey { kind, key: "k".into(), holders, seen, peers }
    }

    fn value(kind: KeyKind, holders: u64) -> f64 {
        link("a", &[shared(kind, holders)]).first().map_or(0.0, |link| link.value)
    }

    #[test]
    fn a_rare_device_is_strong_and_an_office_address_is_nothing() {
        assert!(value(KeyKind::Device, 2) > 0.9);
        assert!(value(KeyKind::Ip, 2) < 0.4);
        assert!(value(KeyKind::Ip, 200) < 0.02);
        assert!(value(KeyKind::Device, 5000) < 0.1);
    }

    #[test]
    fn both_sides_see_the_same_strength() {
        let mut other = shared(KeyKind::Device, 3);
        other.peers[0].identity_id = "a".into();
        assert_eq!(link("a", &[shared(KeyKind::Device, 3)])[0].value, link("b", &[other])[0].value);
    }

    #[test]
    fn an_identity_is_never_linked_to_itself() {
        assert!(link("b", &[shared(KeyKind::Device, 2)]).is_empty());
    }
}

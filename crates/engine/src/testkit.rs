//! Small builders for tests: events as they arrive, snapshots as the server would make them.
//!
//! ```
//! use dregs_engine::testkit::Story;
//! let finding = Story::new().identity(r#"{"email":"ada@example.com"}"#).event(0, "signup").snapshot();
//! assert_eq!(finding.profile.events, 1);
//! ```

use crate::datasets::{Dataset, Lists};
use crate::event::{Event, Intake};
use crate::intelligence::networks::network_facts;
use crate::linkage::{Card, Face, KeyKind, Peer, SharedKey, Trace};
use crate::mapping::Mappings;
use crate::profile::Seen;
use crate::score::Finding;
use crate::snapshot::{Snapshot, of_events};
use serde_json::{Value, json};

/// 2026-09-21T14:13:20Z, the moment stories begin.
pub const START_MS: i64 = 1_790_000_000_000;

/// What happened to one identity, told event by event; times are seconds after [`START_MS`].
#[derive(Debug, Clone)]
pub struct Story {
    events: Vec<Event>,
    template: Value,
    now_s: Option<i64>,
    shared: Vec<SharedKey>,
    lists: Lists,
}

impl Default for Story {
    fn default() -> Self {
        Story::new()
    }
}

impl Story {
    pub fn new() -> Self {
        let template = json!({"type": "", "identity": {"id": "u", "data": {}}});
        Story { events: Vec::new(), template, now_s: None, shared: Vec::new(), lists: Lists::default() }
    }

    /// Attributes sent with every following event, as a JSON object.
    pub fn identity(mut self, data: &str) -> Self {
        self.template["identity"]["data"] = parse(data);
        self
    }

    pub fn ip(self, ip: &str) -> Self {
        self.with("ip", json!(ip))
    }

    pub fn user_agent(self, agent: &str) -> Self {
        self.with("userAgent", json!(agent))
    }

    pub fn session(self, session: &str) -> Self {
        self.with("session", json!(session))
    }

    /// A device named by its fingerprint, with signals as a JSON object.
    pub fn device(self, fingerprint: &str, signals: &str) -> Self {
        self.with("device", json!({"fingerprint": fingerprint, "signals": parse(signals)}))
    }

    /// Sets a field of every following event's body.
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.template[field] = value;
        self
    }

    pub fn event(self, at_s: i64, name: &str) -> Self {
        self.event_with(at_s, name, "{}")
    }

    pub fn event_with(mut self, at_s: i64, name: &str, data: &str) -> Self {
        let mut body = self.template.clone();
        body["type"] = json!(name);
        body["data"] = parse(data);
        let now_ms = START_MS + at_s * 1000;
        let intake =
            Intake { now_ms, trusted: true, fallback_id: format!("e{}", self.events.len()), ..Intake::default() };
        self.events.push(Event::parse(body, &intake).expect("a story's event is well-formed"));
        self
    }

    /// Something the identity shares with `peers` others, `holders` in all.
    pub fn shared(mut self, kind: KeyKind, key: &str, holders: u64, peers: &[&str]) -> Self {
        let seen = Seen::at(START_MS);
        let peers = peers.iter().map(|id| Peer { identity_id: (*id).into(), seen }).collect();
        self.shared.push(SharedKey { kind, key: key.into(), holders, seen, peers, public: false });
        self
    }

    /// Entries of the team's own datasets: dataset, key, value.
    pub fn listed(mut self, entries: &[(Dataset, &str, &str)]) -> Self {
        let entry = |(dataset, key, value): &(Dataset, &str, &str)| {
            (*dataset, dataset.key(key).expect("a story's entries are well-formed"), (*value).to_owned())
        };
        self.lists = Lists::of(entries.iter().map(entry));
        self
    }

    /// When the assessment is made; by default at the last event.
    pub fn now(mut self, at_s: i64) -> Self {
        self.now_s = Some(at_s);
        self
    }

    pub fn snapshot(&self) -> Snapshot {
        let last_ms = self.events.iter().map(|event| event.timestamp_ms).max().unwrap_or(START_MS);
        let now_ms = self.now_s.map_or(last_ms, |at_s| START_MS + at_s * 1000);
        let mut snapshot = of_events("u", &self.events, &Mappings::default(), now_ms);
        self.lists.place(&mut snapshot.profile, network_facts);
        snapshot.heed(&self.lists);
        let mut shared = self.shared.clone();
        self.lists.mark(&mut shared);
        snapshot.team_identities = 1000;
        let me = Card {
            id: "u".into(),
            face: Face::of(snapshot.display_name().as_deref(), None).into(),
            first_ms: snapshot.created_ms,
            last_ms,
            trace: Trace::of(&snapshot.profile, &Mappings::default()),
        };
        let peers = self.shared.iter().flat_map(|key| &key.peers);
        let cards = peers.map(|peer| (peer.identity_id.clone(), card(&peer.identity_id, "", ""))).collect();
        snapshot.links = crate::linkage::link(&me, &shared, &cards, snapshot.team_identities);
        snapshot.shared = shared;
        snapshot
    }
}

/// An identity to compare, known for a day; empty name or e-mail means none.
pub fn card(id: &str, name: &str, email: &str) -> Card {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let face = Face::of(some(name).as_deref(), some(email).as_deref());
    Card { id: id.into(), face: face.into(), first_ms: START_MS, last_ms: START_MS + 24 * 3_600_000, ..Card::default() }
}

/// Something that is shared with `peer`, by `holders` in all.
pub fn shared_with(peer: &str, kind: KeyKind, key: &str, holders: u64) -> SharedKey {
    let seen = Seen::at(START_MS);
    let peers = vec![Peer { identity_id: peer.into(), seen }];
    SharedKey { kind, key: key.into(), holders, seen, peers, public: false }
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("a story's JSON is well-formed")
}

/// Runs one analyzer on a story and holds the finding's value against a range; returns the finding to look closer.
pub fn check(analyzer: &crate::analyzers::Analyzer, story: &Story, values: std::ops::RangeInclusive<f64>) -> Finding {
    let finding = (analyzer.analyze)(&story.snapshot()).unwrap_or_else(|| panic!("{} says nothing", analyzer.id));
    assert!(values.contains(&finding.value), "{} gives {} : {}", analyzer.id, finding.value, finding.explanation);
    assert!((0.0..=1.0).contains(&finding.confidence), "{} is {} confident", analyzer.id, finding.confidence);
    assert!(!finding.explanation.is_empty(), "{} does not explain", analyzer.id);
    finding
}

/// Holds that an analyzer has nothing to say about a story.
pub fn check_silent(analyzer: &crate::analyzers::Analyzer, story: &Story) {
    assert_eq!((analyzer.analyze)(&story.snapshot()), None, "{} should be silent", analyzer.id);
}

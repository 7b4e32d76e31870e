//! Stores to test on, and the small writes that specifications are made of.

use dregs_engine::event::{DeviceInput, Event, GroupInput, IdentityInput};
use dregs_engine::linkage::{Key, KeyKind, Link, LinkType};
use dregs_engine::profile::{Profile, Seen};
use dregs_engine::rules::badge::Badge;
use dregs_engine::rules::{BadgeKind, Delayed};
use dregs_store::{
    Backtest, BacktestStatus, Commit, CycleEvidence, CycleWrite, DeliveryWrite, DeviceWrite, EventWrite,
    IdentityBefore, IdentityWrite, KeyWrite, LinkWrite, ListQuery, Order, SessionWrite, Store, TeamId, Undone,
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

/// Texts that have broken other programs.
pub const ODD: [&str; 6] =
    ["👩‍👩‍👧 ünï", "it's \"quoted\" \\ %_", "a/b/../c?d=e#f", "tab\tline\nend\u{1}\u{7f}", "\u{202e}evil", "$1 {} null"];

/// An opened store and what must live as long as it.
pub struct Opened {
    store: Store,
    /// How another connection finds it.
    pub url: String,
    _folder: Option<tempfile::TempDir>,
}

impl Deref for Opened {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

pub async fn sqlite() -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite_url(folder.path());
    Opened { store: Store::open(&url).await.unwrap(), url, _folder: Some(folder) }
}

pub fn sqlite_url(folder: &std::path::Path) -> String {
    format!("sqlite:{}", folder.join("dregs.db").display())
}

pub async fn postgres() -> Option<Opened> {
    let url = crate::postgres::postgres()?.new_database();
    Some(Opened { store: Store::open(&url).await.unwrap(), url, _folder: None })
}

/// Makes each specification a test on SQLite and a test on PostgreSQL.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $name() {
                let store = crate::suite::support::sqlite().await;
                super::$name(&store).await
            })*
        }
        mod postgres {
            $(#[tokio::test] async fn $name() {
                if let Some(store) = crate::suite::support::postgres().await { super::$name(&store).await }
            })*
        }
    };
}

pub fn team() -> TeamId {
    TeamId::new("team")
}

pub fn other_team() -> TeamId {
    TeamId::new("other")
}

pub fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

pub fn set<'a>(ids: &[&'a str]) -> BTreeSet<&'a str> {
    ids.iter().copied().collect()
}

pub fn identity(id: &str, version: i64) -> IdentityWrite {
    IdentityWrite {
        id: id.into(),
        before: (version > 1).then(IdentityBefore::default),
        version,
        display_name: None,
        display_email: None,
        display_username: None,
        scores: [None; 4],
        created_ms: 1_000,
        updated_ms: 2_000,
        last_tracked_ms: None,
        last_scored_ms: None,
        due_ms: None,
        cycles: 0,
        body: Profile::default().to_json(),
        trace: "{}".into(),
    }
}

/// Identities that are new to the store.
pub fn new_identities(ids: &[&str]) -> Commit {
    Commit { identities: ids.iter().map(|id| identity(id, 1)).collect(), ..Commit::default() }
}

pub fn event(seq: i64, id: &str, identity: Option<&str>) -> EventWrite {
    let event = Event {
        id: id.into(),
        name: "LOGIN".into(),
        timestamp_ms: seq * 10,
        received_ms: seq * 10 + 1,
        identity: identity.map(|id| IdentityInput { id: id.into(), data: Map::new() }),
        ..Event::default()
    };
    EventWrite { seq, identity_id: identity.map(str::to_owned), event }
}

pub fn on_device(mut write: EventWrite, fingerprint: &str) -> EventWrite {
    write.event.device = Some(DeviceInput { fingerprint: fingerprint.into(), signals: Map::new() });
    write
}

pub fn in_session(mut write: EventWrite, session: &str) -> EventWrite {
    write.event.session = Some(session.into());
    write
}

pub fn in_group(mut write: EventWrite, kind: &str, id: &str) -> EventWrite {
    write.event.groups.push(GroupInput { kind: kind.into(), id: id.into(), data: Map::new() });
    write
}

pub fn session(id: &str, identity: Option<&str>, at_ms: i64) -> SessionWrite {
    SessionWrite { id: id.into(), identity_id: identity.map(str::to_owned), fingerprint: None, at_ms }
}

pub fn device(fingerprint: &str, at_ms: i64) -> DeviceWrite {
    DeviceWrite { fingerprint: fingerprint.into(), first_ms: at_ms, last_ms: at_ms, ..DeviceWrite::default() }
}

pub fn holds(identity: &str, kind: KeyKind, key: &str) -> KeyWrite {
    KeyWrite { identity_id: identity.into(), key: Key { kind, key: key.into(), seen: Seen::at(5) }, disregarded: false }
}

pub fn cycle(identity: &str, id: i64, ordinal: i64) -> CycleWrite {
    CycleWrite {
        id,
        identity_id: identity.into(),
        scores: [Some(10), None, Some(100), Some(0)],
        event_count: 3,
        device_count: 2,
        started_ms: id * 10,
        finished_ms: id * 10 + 5,
        duration_ms: 5,
        engine_version: 7,
        pack: "pack-1".into(),
        evidence: CycleEvidence::pack(&Default::default(), &Default::default()).unwrap(),
        ordinal,
    }
}

pub fn link(from: &str, to: &str, value: f64) -> LinkWrite {
    let link = Link {
        target_id: to.into(),
        link_type: LinkType::SameDevice,
        value,
        confidence: 0.75,
        probability: 0.8,
        explanation: "the same device".into(),
        metadata: object(serde_json::json!({"holders": 2})),
    };
    LinkWrite { identity_id: from.into(), link, created_ms: 50 }
}

pub fn badge(slug: &str, since_ms: i64) -> Badge {
    Badge {
        slug: slug.into(),
        name: slug.to_uppercase(),
        kind: BadgeKind::Bad,
        explanation: "why".into(),
        metadata: object(serde_json::json!({"n": 1})),
        since_ms,
        priority: 0,
        rule_id: None,
        state: Delayed { on: true, turning_ms: None },
    }
}

pub fn badges(owner: &str, held: &[Badge]) -> BTreeMap<String, Vec<Badge>> {
    BTreeMap::from([(owner.to_owned(), held.to_vec())])
}

/// Who is told when an identity is disregarded.
pub fn nobody_told(_: &Undone) -> Vec<DeliveryWrite> {
    Vec::new()
}

/// A page of 1000 in ascending order.
pub fn all(sort: &'static str) -> ListQuery {
    ListQuery { page_number: 0, page_size: 1000, sort, order: Order::Asc }
}

/// No problem is known to the store's own integrity check.
pub async fn assert_sound(store: &Store) {
    assert_eq!(store.check().await.unwrap().problems, Vec::<String>::new());
}

/// A backtest that waits, made at its number.
pub fn backtest(id: i64) -> Backtest {
    Backtest {
        team: team(),
        id,
        kind: "BADGE".into(),
        rule: "{}".into(),
        days: 30,
        status: BacktestStatus::Pending,
        progress: 0.0,
        result: None,
        error: None,
        requested_by: "ana".into(),
        created_ms: id,
        completed_ms: None,
    }
}

//! The order in which transactions take what others take too: on PostgreSQL none waits for one that waits for it.

use super::support::*;
use dregs_engine::linkage::decision::{Decision, Verdict};
use dregs_engine::linkage::{Key, KeyKind};
use dregs_engine::profile::Seen;
use dregs_engine::rules::Status;
use dregs_store::{Channel, ChannelConfig, DeliveryWrite, EscalationChange, GroupWrite, KeyWrite, Store, StoreError};
use sqlx::{Connection as _, PgConnection, Row as _};
use std::time::{Duration, Instant};

/// The advisory lock under which nodes append to the ingest log.
const LOG_LOCK: i64 = 0x64_72_65_67_73 + 1;
/// How long a condition is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

async fn raw(connection: &mut PgConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(connection).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

async fn count(connection: &mut PgConnection, sql: &'static str) -> i64 {
    sqlx::raw_sql(sql).fetch_one(connection).await.unwrap().get(0)
}

/// Waits until so many connections to this database wait for somebody.
async fn until_waiting(url: &str, wanted: i64) {
    let mut looking = PgConnection::connect(url).await.unwrap();
    let begun = Instant::now();
    loop {
        let sql = "select count(*) from pg_locks l join pg_stat_activity a on a.pid = l.pid
                   where not l.granted and a.datname = current_database()";
        let waiting = count(&mut looking, sql).await;
        if waiting == wanted {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{waiting} wait and not {wanted}");
        tokio::task::yield_now().await;
    }
}

fn mail() -> Channel {
    Channel {
        id: "mail".into(),
        slug: "mail".into(),
        name: "Mail".into(),
        config: ChannelConfig::Email { to: vec!["a@b.example".into()] },
        secrets: Vec::new(),
        events: Vec::new(),
        enabled: true,
        disabled_reason: None,
        failing_since_ms: None,
        max_per_minute: None,
        digest_minutes: 10,
        resting_until_ms: None,
        created_ms: 5,
        updated_ms: 5,
    }
}

/// Two who share a phone, one escalation, one delivery.
async fn fill(store: &Store) {
    let mut commit = new_identities(&["a", "b"]);
    let holds = |id: &str| KeyWrite {
        identity_id: id.into(),
        key: Key { kind: KeyKind::Phone, key: "1".into(), seen: Seen::at(5) },
        disregarded: false,
    };
    commit.keys = vec![holds("a"), holds("b")];
    commit.devices = vec![device("fp", 1)];
    commit.cycles = vec![cycle("a", 11, 1), cycle("b", 12, 1)];
    commit.links = vec![link("a", "b", 0.9)];
    commit.deliveries = vec![DeliveryWrite {
        id: 31,
        channel_id: "mail".into(),
        identity_id: "a".into(),
        event: "IDENTITY_SCORED".into(),
        data: "{}".into(),
        created_ms: 50,
    }];
    store.commit(&team(), &commit).await.unwrap();
    store.add_channel(&team(), &mail()).await.unwrap();
    assert!(store.channel(&team(), "mail").await.unwrap().is_some());
}

/// What a commit of a batch takes on its way, in an order that suits it.
const AS_A_COMMIT: [&str; 8] = [
    "update keys set holders = holders",
    "update identity_keys set count = count",
    "update links set value = value",
    "update cycle_evidence set body = body",
    "update deliveries set next_ms = next_ms",
    "update channels set name = name",
    "update devices set last_ms = last_ms",
    "update identities set due_ms = due_ms",
];

/// One of the verbs that may run beside a commit.
async fn run(store: &Store, verb: &str) -> Result<(), StoreError> {
    let team = team();
    let decision = Decision {
        other_id: "b".into(),
        verdict: Verdict::Different,
        note: None,
        decided_by: "ana".into(),
        decided_ms: 70,
    };
    let change = EscalationChange { status: Some(Status::Closed), ..EscalationChange::default() };
    let group =
        GroupWrite { kind: "team".into(), id: "g".into(), attributes: Default::default(), at_ms: 3, tracked: false };
    let minutes = |held| Ok::<_, ()>(Channel { digest_minutes: 5, ..held });
    match verb {
        "disregard" => store.set_identity_disregarded(&team, "a", true, 80, nobody_told).await.map(drop),
        "regard" => store.set_identity_disregarded(&team, "a", false, 81, nobody_told).await.map(drop),
        "disregard a device" => store.set_device_disregarded(&team, "fp", true, 80).await.map(drop),
        "decide" => store.decide(&team, "a", &decision).await.map(drop),
        "preview" => store.preview_decision(&team, "a", &decision).await.map(drop),
        "take back" => store.take_back(&team, "a", "b", 80).await.map(drop),
        "name" => store.name_main_account(&team, "a", "ana", 80).await.map(drop),
        "unname" => store.unname_main_account(&team, "a", 80).await.map(drop),
        "ask" => store.request_assessment(&team, &["a", "b"], 80).await,
        "escalation" => store.change_escalation(&team, 1, &change, "ana", 80, &[]).await.map(drop),
        "change a channel" => store.change_channel(&team, "mail", 80, minutes).await.map(drop),
        "switch off" => store.switch_off_channel(&team, "mail", "gone", 80, &[]).await.map(drop),
        "delete a channel" => store.delete_channel(&team, "mail").await.map(drop),
        "group" => store.put_group(&team, group).await,
        other => panic!("{other}"),
    }
}

const VERBS: [&str; 14] = [
    "disregard",
    "regard",
    "disregard a device",
    "decide",
    "preview",
    "take back",
    "name",
    "unname",
    "ask",
    "escalation",
    "change a channel",
    "switch off",
    "delete a channel",
    "group",
];

#[tokio::test]
async fn whoever_waits_for_a_commit_of_postgres_has_taken_nothing_that_it_needs() {
    let Some(store) = postgres().await else { return };
    fill(&store).await;
    let mut processing = PgConnection::connect(&store.url).await.unwrap();
    for verb in VERBS {
        raw(&mut processing, "begin; set local lock_timeout = '5s'").await;
        raw(&mut processing, "update team_counts set playbook = playbook").await;
        let commit = async {
            until_waiting(&store.url, 1).await;
            for sql in AS_A_COMMIT {
                raw(&mut processing, sql).await;
            }
            raw(&mut processing, "commit").await;
        };
        let (done, ()) = tokio::join!(run(&store, verb), commit);
        done.unwrap_or_else(|error| panic!("{verb}: {error}"));
    }
}

#[tokio::test]
async fn a_channel_of_postgres_is_changed_and_switched_off_at_once() {
    let Some(store) = postgres().await else { return };
    fill(&store).await;
    let mut holding = PgConnection::connect(&store.url).await.unwrap();
    raw(&mut holding, "begin; update team_counts set playbook = playbook").await;
    let release = async {
        until_waiting(&store.url, 2).await;
        raw(&mut holding, "commit").await;
    };
    let (changed, off, ()) = tokio::join!(run(&store, "change a channel"), run(&store, "switch off"), release);
    changed.unwrap();
    off.unwrap();
    let held = store.channel(&team(), "mail").await.unwrap().unwrap();
    assert_eq!((held.enabled, held.digest_minutes), (false, 5));
}

/// Both have asked for the rule before either has written it.
#[tokio::test]
async fn two_changes_of_one_rule_of_postgres_are_both_kept() {
    let Some(store) = postgres().await else { return };
    let rule = dregs_engine::rules::BadgeRule { id: "1".into(), slug: "low".into(), ..Default::default() };
    store.put_badge_rule(&team(), &rule, 10).await.unwrap();
    let mut holding = PgConnection::connect(&store.url).await.unwrap();
    raw(&mut holding, "begin; update team_counts set playbook = playbook").await;
    let release = async {
        until_waiting(&store.url, 2).await;
        raw(&mut holding, "commit").await;
    };
    let own = team();
    let (one, another, ()) = tokio::join!(
        store.change_badge_rule(&own, "low", 20, |mut rule| {
            rule.priority = 7;
            Ok::<_, ()>(rule)
        }),
        store.change_badge_rule(&own, "low", 20, |mut rule| {
            rule.enabled = true;
            Ok::<_, ()>(rule)
        }),
        release,
    );
    assert!(one.unwrap().unwrap().is_ok() && another.unwrap().unwrap().is_ok());
    let held = store.badge_rule(&team(), "low").await.unwrap().unwrap().rule;
    assert_eq!((held.priority, held.enabled), (7, true));
}

#[tokio::test]
async fn a_node_of_postgres_appends_after_the_other_has_committed() {
    let Some(store) = postgres().await else { return };
    let mut other = PgConnection::connect(&store.url).await.unwrap();
    raw(&mut other, "begin").await;
    sqlx::query("select pg_advisory_xact_lock($1)").bind(LOG_LOCK).execute(&mut other).await.unwrap();
    let sql = "insert into ingest_log (events, usage, payload) values (1, '[]', 'of the other') returning seq";
    let theirs = count(&mut other, sql).await;
    let commit = async {
        until_waiting(&store.url, 1).await;
        let mut looking = PgConnection::connect(&store.url).await.unwrap();
        let sql = "select count(*) from pg_locks where locktype = 'advisory' and not granted
                   and (classid::bigint << 32 | objid::bigint) = 431415977844";
        assert_eq!(count(&mut looking, sql).await, 1, "it waits for the log");
        assert!(store.read_log(0).await.unwrap().is_empty(), "nobody reads past what is not committed");
        raw(&mut other, "commit").await;
    };
    let (own, ()) = tokio::join!(store.append(b"own".to_vec(), &[]), commit);
    let own = own.unwrap();
    assert!(own > theirs, "{own} after {theirs}");
    let read: Vec<i64> = store.read_log(0).await.unwrap().iter().map(|held| held.seq).collect();
    assert_eq!(read, [theirs, own]);
}

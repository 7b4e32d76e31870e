//! Counters say what counting would, and datasets keep what a team knows.

use super::support::*;
use dregs_engine::datasets::{Dataset, ENTRIES_MAX, USER_AGENT_ENTRIES_MAX};
use dregs_engine::linkage::KeyKind;
use dregs_engine::rejection::Fate;
use dregs_engine::rules::{Severity, Status};
use dregs_store::{
    Commit, EntryWrite, Escalation, EscalationChange, EscalationWrites, IdentityBefore, IdentityFilter, IdentityWrite,
    Imported, NameUse, RuleFigures, SCORE_BUCKETS, Store, StoreError, TimeBucket, day_of, figure, hour_of,
};
use std::collections::BTreeMap;

on_both!(
    counters_say_what_counting_would_after_any_history,
    scores_are_counted_by_the_day_they_were_made,
    badges_are_counted_while_they_are_held,
    names_are_counted_by_day_and_old_ones_go,
    escalations_are_counted_by_bucket_and_rule,
    entries_are_kept_overwritten_found_and_deleted,
    a_dataset_takes_so_many_entries_and_all_or_none_of_a_batch,
    whom_an_entry_concerns_is_scored_again,
    a_public_referral_code_makes_no_referral_ring,
);

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const START_MS: i64 = 20_000 * DAY_MS;

/// The same numbers on every run, in no order that anybody chose.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn score(&mut self) -> Option<u8> {
        (self.roll(5) > 0).then(|| self.roll(101) as u8)
    }
}

/// What the test itself knows of an identity.
#[derive(Clone, Default)]
struct Known {
    version: i64,
    before: Option<IdentityBefore>,
}

async fn disregard(store: &Store, known: &mut Known, id: &str, now_ms: i64) {
    let Some(before) = &mut known.before else { return };
    before.disregarded = !before.disregarded;
    known.version += 1;
    assert!(store.set_identity_disregarded(&team(), id, before.disregarded, now_ms, nobody_told).await.unwrap());
}

fn write(dice: &mut Dice, known: &mut Known, id: &str, now_ms: i64) -> IdentityWrite {
    let mut write = identity(id, known.version + 1);
    let held = known.before.unwrap_or_default();
    let judged = !held.disregarded;
    write.before = known.before;
    write.scores = if judged { [(); 4].map(|()| dice.score()) } else { held.scores };
    write.last_scored_ms = if judged { Some(now_ms) } else { held.last_scored_ms };
    let seen_ms = now_ms - (dice.roll(30) as i64) * HOUR_MS;
    write.last_tracked_ms = held.last_tracked_ms.max(Some(seen_ms));
    (write.created_ms, write.updated_ms) = (if known.before.is_some() { 1 } else { now_ms }, now_ms);
    known.version += 1;
    known.before = Some(IdentityBefore {
        scores: write.scores,
        last_tracked_ms: write.last_tracked_ms,
        last_scored_ms: write.last_scored_ms,
        disregarded: held.disregarded,
    });
    write
}

async fn counters_say_what_counting_would_after_any_history(store: &Store) {
    let mut dice = Dice(7);
    let mut people: BTreeMap<String, Known> = BTreeMap::new();
    let mut now_ms = START_MS;
    for _ in 0..60 {
        now_ms += (dice.roll(8 * 60) as i64) * 60_000;
        let chosen: Vec<String> = (0..1 + dice.roll(6)).map(|_| format!("u{:02}", dice.roll(20))).collect();
        let mut commit = Commit::default();
        for id in std::collections::BTreeSet::from_iter(chosen) {
            commit.identities.push(write(&mut dice, people.entry(id.clone()).or_default(), &id, now_ms));
        }
        store.commit(&team(), &commit).await.unwrap();
        if dice.roll(3) == 0 {
            let id = format!("u{:02}", dice.roll(20));
            disregard(store, people.entry(id.clone()).or_default(), &id, now_ms).await;
        }
        if dice.roll(10) == 0 {
            store.tidy_figures(&team(), now_ms).await.unwrap();
        }
    }
    let all = store.identities(&team(), &IdentityFilter::default(), &all("i.id")).await.unwrap().items;
    let mut expected = [[0; SCORE_BUCKETS]; 4];
    for identity in all.iter().filter(|identity| !identity.disregarded) {
        for (category, score) in identity.scores.iter().enumerate() {
            expected[category][score.map_or(20, |score| usize::from(score / 5).min(19))] += 1;
        }
    }
    assert!(all.iter().any(|identity| identity.disregarded));
    assert_eq!(store.score_counts(&team(), None).await.unwrap(), expected);
    let within = |at_ms: Option<i64>| at_ms.is_some_and(|at_ms| hour_of(at_ms) > hour_of(now_ms) - DAY_MS);
    for (name, at_ms) in [
        (figure::ACTIVE_DAY, Box::new(|item: &dregs_store::Identity| item.last_tracked_ms) as Box<dyn Fn(_) -> _>),
        (figure::SCORED_DAY, Box::new(|item: &dregs_store::Identity| item.last_scored_ms)),
    ] {
        let counted = store.figure_sums(&team(), &[name], hour_of(now_ms), hour_of(now_ms) + 1).await.unwrap();
        let expected = all.iter().filter(|identity| within(at_ms(identity))).count() as i64;
        assert_eq!(counted.get(name).copied().unwrap_or(0), expected, "{name}");
    }
    let new = store.figure_sums(&team(), &[figure::NEW], 0, i64::MAX).await.unwrap();
    assert_eq!(new[figure::NEW], all.len() as i64);
    assert_eq!(store.score_counts(&other_team(), None).await.unwrap(), [[0; SCORE_BUCKETS]; 4]);
    assert_sound(store).await;
}

async fn scores_are_counted_by_the_day_they_were_made(store: &Store) {
    let scored = |id: &str, humanity, day: i64| IdentityWrite {
        scores: [Some(humanity), None, None, None],
        last_scored_ms: Some(START_MS + day * DAY_MS + 5),
        ..identity(id, 1)
    };
    let commit =
        Commit { identities: vec![scored("a", 3, 0), scored("b", 100, 0), scored("c", 52, 1)], ..Commit::default() };
    store.commit(&team(), &commit).await.unwrap();
    let first = store.score_counts(&team(), Some((START_MS, START_MS + DAY_MS))).await.unwrap();
    assert_eq!((first[0][0], first[0][19], first[0][10], first[1][20]), (1, 1, 0, 2));
    let second = store.score_counts(&team(), Some((START_MS + DAY_MS, START_MS + 2 * DAY_MS))).await.unwrap();
    assert_eq!((second[0][10], second[0].iter().sum::<i64>()), (1, 1));
    assert_eq!(day_of(START_MS + 5), START_MS);
}

async fn badges_are_counted_while_they_are_held(store: &Store) {
    let mut commit = new_identities(&["a", "b"]);
    for id in ["a", "b"] {
        commit.badges.extend(badges(id, &[badge("bot", 4)]));
        commit.figures.badge("bot", true, START_MS + 5);
    }
    store.commit(&team(), &commit).await.unwrap();
    let count = async |name: &'static str| {
        let found = store.named_figures(&team(), name, 0, i64::MAX, 9).await.unwrap();
        found.into_iter().map(|NameUse { name, count, .. }| (name, count)).collect::<Vec<_>>()
    };
    assert_eq!(count(figure::BADGE_HELD).await, [("bot".to_owned(), 2)]);
    store.set_identity_disregarded(&team(), "a", true, 9, nobody_told).await.unwrap();
    assert_eq!(count(figure::BADGE_HELD).await, [("bot".to_owned(), 1)]);
    store.set_identity_disregarded(&team(), "a", false, 10, nobody_told).await.unwrap();
    assert_eq!(count(figure::BADGE_HELD).await, [("bot".to_owned(), 1)]);
    let rule =
        dregs_engine::rules::BadgeRule { id: "1".into(), slug: "bot".into(), name: "Bot".into(), ..Default::default() };
    store.put_badge_rule(&team(), &rule, 11).await.unwrap();
    assert!(store.delete_badge_rule(&team(), "bot", 12).await.unwrap());
    assert_eq!(count(figure::BADGE_HELD).await, []);
    assert_eq!(count(figure::BADGE_GIVEN).await, [("bot".to_owned(), 2)]);
}

async fn names_are_counted_by_day_and_old_ones_go(store: &Store) {
    let mut commit = Commit::default();
    for (name, days_ago, n) in [("pigeon.fed", 0, 3), ("pigeon.fed", 2, 4), ("owl", 31, 9), (ODD[0], 1, 1)] {
        commit.figures.add(figure::EVENT_NAME, name, START_MS - days_ago * DAY_MS, n);
    }
    store.commit(&team(), &commit).await.unwrap();
    store.tidy_figures(&team(), START_MS).await.unwrap();
    let found = store.named_figures(&team(), figure::EVENT_NAME, 0, i64::MAX, 9).await.unwrap();
    let expected = [("pigeon.fed", 7, START_MS), (ODD[0], 1, START_MS - DAY_MS)];
    let expected = expected.map(|(name, count, last_ms)| NameUse { name: name.into(), count, last_ms });
    assert_eq!(found, expected);
    assert_eq!(store.named_figures(&team(), figure::EVENT_NAME, 0, i64::MAX, 1).await.unwrap().len(), 1);
    assert!(store.named_figures(&other_team(), figure::EVENT_NAME, 0, i64::MAX, 9).await.unwrap().is_empty());
}

fn escalation(id: i64, rule: &str, shadow: bool, opened_ms: i64) -> Escalation {
    Escalation {
        id,
        identity_id: format!("u{id}"),
        identity_name: None,
        rule_id: rule.into(),
        rule_name: rule.to_uppercase(),
        severity: if id == 1 { Severity::Critical } else { Severity::Info },
        status: Status::Open,
        shadow,
        scores: [None; 4],
        cycle_id: 1,
        created_ms: opened_ms,
        opened_ms: Some(opened_ms),
        acknowledged_ms: None,
        acknowledged_by: None,
        closed_ms: None,
        closed_by: None,
        assigned_to: None,
    }
}

async fn escalations_are_counted_by_bucket_and_rule(store: &Store) {
    let at = |hour: i64| START_MS + hour * HOUR_MS;
    let begun = vec![
        escalation(1, "r", false, at(0)),
        escalation(2, "r", false, at(1)),
        escalation(3, "r", false, at(1) + 5),
        escalation(4, "r", true, at(1)),
        escalation(5, "s", false, at(30)),
    ];
    let fates =
        BTreeMap::from([((at(0), Fate::Applied), 5), ((at(1), Fate::Invalid), 2), ((at(25), Fate::Applied), 1)]);
    let escalations = EscalationWrites { begun, ..EscalationWrites::default() };
    store.commit(&team(), &Commit { escalations, fates, ..Commit::default() }).await.unwrap();
    let change = async |id, status, now_ms| {
        let change = EscalationChange { status: Some(status), ..EscalationChange::default() };
        store.change_escalation(&team(), id, &change, "ana", now_ms, &[]).await.unwrap().unwrap();
    };
    change(1, Status::Acknowledged, at(0) + 100).await;
    change(2, Status::Acknowledged, at(1) + 300).await;
    change(2, Status::Closed, at(2)).await;
    let bucket = |hour, count| TimeBucket { start_ms: at(hour), count };
    let (opened, closed) = store.escalation_buckets(&team(), at(0), at(24), HOUR_MS).await.unwrap();
    assert_eq!((opened, closed), (vec![bucket(0, 1), bucket(1, 2)], vec![bucket(2, 1)]));
    let (by_day, _) = store.escalation_buckets(&team(), at(0), at(48), DAY_MS).await.unwrap();
    assert_eq!(by_day, [bucket(0, 3), bucket(24, 1)]);
    let open = store.open_escalations(&team()).await.unwrap();
    assert_eq!((open.open, open.acknowledged), ([2, 0, 0], [0, 0, 1]));
    let figures = store.rule_figures(&team(), at(0), at(24)).await.unwrap();
    let expected = RuleFigures { opened: 3, closed: 1, acknowledged: 2, acknowledge_median_ms: Some(200), silent: 1 };
    assert_eq!(figures, BTreeMap::from([("r".to_owned(), expected)]));
    let fates = store.fate_buckets(&team(), at(0), at(48), DAY_MS).await.unwrap();
    let fates: Vec<_> = fates.iter().map(|bucket| (bucket.start_ms, bucket.fate.as_str(), bucket.count)).collect();
    assert_eq!(fates, [(at(0), "applied", 5), (at(0), "invalid", 2), (at(24), "applied", 1)]);
    let other = other_team();
    assert!(store.rule_figures(&other, 0, i64::MAX).await.unwrap().is_empty());
    assert!(store.fate_buckets(&other, 0, i64::MAX, DAY_MS).await.unwrap().is_empty());
    assert_eq!(store.open_escalations(&other).await.unwrap(), Default::default());
}

fn entry(key: &str, value: &str) -> EntryWrite {
    EntryWrite { key: key.into(), value: value.into(), note: Some(format!("why {key}")) }
}

async fn put(store: &Store, dataset: Dataset, entries: &[EntryWrite], now_ms: i64) -> dregs_store::Result<Imported> {
    store.put_dataset_entries(&team(), dataset, entries, "ana", now_ms).await
}

async fn entries_are_kept_overwritten_found_and_deleted(store: &Store) {
    const DOMAINS: Dataset = Dataset::DisposableEmailDomains;
    let version = async || store.team_counts(&team()).await.unwrap().playbook_version;
    let before = version().await;
    let written = [entry("a.example", "not"), entry("b.example", "relay"), entry("a.example", "weak")];
    assert_eq!(put(store, DOMAINS, &written, 5).await.unwrap(), Imported { created: 2, updated: 0 });
    assert_eq!(
        put(store, DOMAINS, &[entry("a.example", "disposable")], 7).await.unwrap(),
        Imported { created: 0, updated: 1 }
    );
    let held = store.dataset_entry(&team(), DOMAINS, "a.example").await.unwrap().unwrap();
    assert_eq!(
        (held.value.as_str(), held.created_ms, held.updated_ms, held.updated_by.as_str()),
        ("disposable", 5, 7, "ana")
    );
    let page = store.dataset_entries(&team(), DOMAINS, "", &all("e.key")).await.unwrap();
    let keys: Vec<&str> = page.items.iter().map(|item| item.key.as_str()).collect();
    assert_eq!((keys, page.total), (vec!["a.example", "b.example"], 2));
    assert_eq!(store.dataset_entries(&team(), DOMAINS, "WHY B", &all("e.key")).await.unwrap().total, 1);
    assert_eq!(store.dataset_counts(&team()).await.unwrap(), BTreeMap::from([(DOMAINS.slug().to_owned(), 2)]));
    assert!(!store.lists(&team()).await.unwrap().is_empty());
    assert!(version().await > before);
    for other in [other_team()] {
        assert!(store.lists(&other).await.unwrap().is_empty());
        assert!(store.dataset_counts(&other).await.unwrap().is_empty());
        assert!(store.dataset_entry(&other, DOMAINS, "a.example").await.unwrap().is_none());
        assert!(!store.delete_dataset_entry(&other, DOMAINS, "a.example", 9).await.unwrap());
    }
    assert!(!store.delete_dataset_entry(&team(), Dataset::FreeEmailProviders, "a.example", 9).await.unwrap());
    let before = version().await;
    assert!(store.delete_dataset_entry(&team(), DOMAINS, "a.example", 9).await.unwrap());
    assert!(!store.delete_dataset_entry(&team(), DOMAINS, "a.example", 9).await.unwrap());
    assert_eq!(version().await, before + 1);
}

async fn a_dataset_takes_so_many_entries_and_all_or_none_of_a_batch(store: &Store) {
    let marks =
        |range: std::ops::Range<usize>| range.map(|n| entry(&format!("mark-{n:05}"), "bot")).collect::<Vec<_>>();
    put(store, Dataset::UserAgents, &marks(0..USER_AGENT_ENTRIES_MAX - 1), 5).await.unwrap();
    let over = put(store, Dataset::UserAgents, &marks(USER_AGENT_ENTRIES_MAX - 1..USER_AGENT_ENTRIES_MAX + 1), 5).await;
    assert!(matches!(over, Err(StoreError::Conflict(_))));
    let counts = store.dataset_counts(&team()).await.unwrap();
    assert_eq!(counts[Dataset::UserAgents.slug()], USER_AGENT_ENTRIES_MAX as u64 - 1);
    let words: Vec<EntryWrite> = (0..ENTRIES_MAX).map(|n| entry(&format!("code{n}"), "public")).collect();
    assert_eq!(put(store, Dataset::PublicCodes, &words, 5).await.unwrap().created, ENTRIES_MAX as u64);
    put(store, Dataset::PublicCodes, &words[..9], 6).await.unwrap();
}

async fn whom_an_entry_concerns_is_scored_again(store: &Store) {
    let mut commit = new_identities(&["office", "other", "code"]);
    commit.keys = vec![
        holds("office", KeyKind::Ip, "203.0.113.7"),
        holds("other", KeyKind::Ip, "198.51.100.7"),
        holds("code", KeyKind::Promo, "summer25"),
    ];
    store.commit(&team(), &commit).await.unwrap();
    let due = async |now_ms| {
        let due = store.due(now_ms, 9).await.unwrap();
        due.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
    };
    put(store, Dataset::Networks, &[entry("203.0.113.7/32", "office")], 5).await.unwrap();
    assert_eq!(due(5).await, ["office"]);
    put(store, Dataset::PublicCodes, &[entry("summer25", "public")], 6).await.unwrap();
    assert_eq!(due(6).await, ["office", "code"]);
    assert!(store.delete_dataset_entry(&team(), Dataset::Networks, "203.0.113.7/32", 8).await.unwrap());
    assert_eq!(due(8).await, ["code", "office"]);
}

async fn a_public_referral_code_makes_no_referral_ring(store: &Store) {
    let mut commit = new_identities(&["a", "b"]);
    commit.keys = vec![holds("a", KeyKind::Referral, "REF1"), holds("b", KeyKind::Referral, "REF1")];
    commit.links = vec![link("a", "b", 0.9)];
    commit.rings.gained.insert(("a".into(), "b".into()), 5);
    commit.rings.now_ms = 5;
    store.commit(&team(), &commit).await.unwrap();
    let referral = async || {
        let standings = store.standings(&team(), &["a"], 9).await.unwrap();
        standings["a"].standing.ring.as_ref().unwrap().referral
    };
    assert_eq!(referral().await, 2);
    put(store, Dataset::PublicCodes, &[entry("ref1", "public")], 5).await.unwrap();
    assert_eq!(referral().await, 0);
}

/// The statements of the migration that count what a store has already.
fn backfill(migration: &'static str) -> Vec<&'static str> {
    let statements =
        migration.split_inclusive(";\n").map(|text| &text[text.find("insert into figures").unwrap_or(text.len())..]);
    statements.filter(|text| !text.is_empty()).collect()
}

fn counted_people() -> Commit {
    let mut dice = Dice(3);
    let mut commit = Commit::default();
    for n in 0..40 {
        let mut write = write(&mut dice, &mut Known::default(), &format!("u{n}"), START_MS + n * 7 * HOUR_MS);
        write.last_tracked_ms = Some(write.updated_ms - (n % 30) * HOUR_MS);
        commit.badges.extend(badges(&write.id, &[badge("bot", write.updated_ms)]));
        commit.figures.badge("bot", true, write.updated_ms);
        commit.identities.push(write);
    }
    commit
}

type FigureRow = (String, String, i64, i64);
const EVERY_FIGURE: &str = "select figure, name, place, n from figures where n <> 0 order by figure, name, place";

#[tokio::test]
async fn an_older_store_is_counted_when_it_is_migrated_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&sqlite_url(folder.path())).await.unwrap();
    store.commit(&team(), &counted_people()).await.unwrap();
    store.close().await;
    let connection = rusqlite::Connection::open(folder.path().join("dregs.db")).unwrap();
    let rows = || -> Vec<FigureRow> {
        let mut select = connection.prepare(EVERY_FIGURE).unwrap();
        let read = select.query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
        read.map(|row| row.unwrap()).collect()
    };
    let before = rows();
    connection.execute_batch("delete from figures").unwrap();
    let statements = backfill(include_str!("../../migrations/sqlite/0008_datasets.sql"));
    assert_eq!(statements.len(), 2);
    statements.into_iter().for_each(|statement| connection.execute_batch(statement).unwrap());
    assert!(before.len() > 100);
    assert_eq!(rows(), before);
}

#[tokio::test]
async fn an_older_store_is_counted_when_it_is_migrated_on_postgres() {
    use sqlx::{Connection as _, Row as _};
    let Some(cluster) = crate::postgres::postgres() else { return };
    let url = cluster.new_database();
    let store = Store::open(&url).await.unwrap();
    store.commit(&team(), &counted_people()).await.unwrap();
    store.close().await;
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    let before = figure_rows(&mut connection).await;
    sqlx::raw_sql("delete from figures").execute(&mut connection).await.unwrap();
    for statement in backfill(include_str!("../../migrations/postgres/0008_datasets.sql")) {
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
    }
    assert!(before.len() > 100);
    assert_eq!(figure_rows(&mut connection).await, before);

    async fn figure_rows(connection: &mut sqlx::PgConnection) -> Vec<FigureRow> {
        let rows = sqlx::raw_sql(EVERY_FIGURE).fetch_all(connection).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
    }
}

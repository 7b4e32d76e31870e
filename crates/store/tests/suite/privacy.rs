//! Erasing and exporting a person: the inventory is complete, and nothing that it lists is left.

use super::support::*;
use dregs_engine::event::{Event, IdentityInput};
use dregs_engine::labels::LabelKind;
use dregs_engine::linkage::decision::{Decision, Verdict};
use dregs_engine::linkage::{KeyKind, Link, LinkType};
use dregs_engine::profile::{Profile, Seen};
use dregs_engine::rejection::Fate;
use dregs_engine::rules::{Severity, Status};
use dregs_engine::snapshot::Snapshot;
use dregs_store::{
    ActorKind, AuditEntry, BadgeFiring, Commit, CycleEvidence, DeliveryWrite, EXPORT_SECTIONS, Erased, ErasedFrom,
    Erasure, ErasureStatus, Escalation, EscalationWrites, Exported, GroupWrite, INVENTORY, KeptOn, LabelWrite, Note,
    ParkedEvent, Review, ReviewStatus, Store, StoreError, TableEntry, Trail, Usage,
};
use serde_json::json;
use sqlx::{Connection as _, Row as _};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

on_both!(
    nothing_of_somebody_who_is_erased_is_in_any_table,
    others_keep_what_is_theirs,
    an_erased_event_counts_as_recorded,
    another_team_keeps_its_own,
    an_erasure_goes_from_step_to_step,
    an_erasure_that_is_begun_again_knows_what_it_looked_for,
    an_erasure_that_another_node_went_on_with_takes_nobody,
    everything_is_exported,
    many_events_are_exported_in_pages,
);

/// A word that is in everything of the person.
const WORD: &str = "quixworth";
const ID: &str = "quixworth-7";
const NOW_MS: i64 = 1_000_000;

fn person() -> dregs_store::IdentityWrite {
    let attributes = object(json!({"email": "zoe@quixworth.example", "phone": "quixworth +49 151 998877"}));
    let name = Some("Zoe Quixworth".to_owned());
    dregs_store::IdentityWrite {
        display_name: name,
        display_email: Some("zoe@quixworth.example".into()),
        body: Profile { attributes, ..Profile::default() }.to_json(),
        trace: json!({"quixworth": 1}).to_string(),
        ..identity(ID, 1)
    }
}

fn their_event(seq: i64, id: &str, owner: Option<&str>) -> dregs_store::EventWrite {
    let mut write = in_session(on_device(event(seq, id, owner), "fp-quixworth"), "s-quixworth");
    write.event.ip = Some("203.0.113.77".parse().unwrap());
    write.event.user_agent = Some("QuixworthBrowser/9".into());
    write.event.url = Some("https://shop.example/quixworth".into());
    write.event.referrer = Some("https://quixworth.example/".into());
    write.event.data = object(json!({"note": "quixworth"}));
    write
}

fn evidence(owner: &str, compared_with: &str) -> Vec<u8> {
    let link = Link {
        target_id: compared_with.into(),
        link_type: LinkType::SameDevice,
        value: 0.9,
        confidence: 0.9,
        probability: 0.9,
        explanation: "the same device".into(),
        metadata: Default::default(),
    };
    let snapshot = Snapshot { identity_id: owner.into(), links: vec![link], ..Snapshot::default() };
    CycleEvidence::pack(&snapshot, &Default::default()).unwrap()
}

fn escalation(id: i64, identity_id: &str) -> Escalation {
    Escalation {
        id,
        identity_id: identity_id.into(),
        identity_name: None,
        rule_id: "r".into(),
        rule_name: "Rule".into(),
        severity: Severity::Warning,
        status: Status::Open,
        shadow: false,
        scores: [None; 4],
        cycle_id: 11,
        created_ms: 50,
        opened_ms: Some(50),
        acknowledged_ms: None,
        acknowledged_by: None,
        closed_ms: None,
        closed_by: None,
        assigned_to: None,
    }
}

fn review(id: i64, identity_id: &str, text: &str, status: ReviewStatus) -> Review {
    Review {
        team: team(),
        id,
        identity_id: identity_id.into(),
        status,
        feedback: Some(text.into()),
        summary: Some(text.into()),
        error: None,
        requested_by: "ana".into(),
        created_ms: 60,
        completed_ms: None,
        attempts: 0,
        model: None,
        duration_ms: None,
    }
}

fn decision(other: &str, note: &str) -> Decision {
    Decision {
        other_id: other.into(),
        verdict: Verdict::Same,
        note: Some(note.into()),
        decided_by: "ana".into(),
        decided_ms: 70,
    }
}

fn logged(id: &str, identity: Option<&str>) -> Event {
    Event {
        id: id.into(),
        name: "LOGIN".into(),
        received_ms: 90,
        identity: identity.map(|id| IdentityInput { id: id.into(), ..IdentityInput::default() }),
        ..Event::default()
    }
}

/// A person in every table, and two others who have to do with them.
async fn fill(store: &Store) {
    let mut commit = new_identities(&["other", "third"]);
    commit.identities.push(person());
    let mut shared = in_session(on_device(event(4, "o-1", Some("other")), "fp-both"), "s-other");
    shared.event.user_agent = Some("Browser/1".into());
    let mut on_both = their_event(5, "q-3", Some(ID));
    on_both.event.device.as_mut().unwrap().fingerprint = "fp-both".into();
    commit.events = vec![
        in_group(their_event(1, "q-1", Some(ID)), "team", "g-quixworth"),
        in_group(their_event(2, "q-2", Some(ID)), "team", "g-all"),
        their_event(3, "dregs-anonymous", None),
        in_group(shared, "team", "g-all"),
        on_both,
    ];
    let with_device = |write: dregs_store::SessionWrite, device: &str| dregs_store::SessionWrite {
        fingerprint: Some(device.into()),
        ..write
    };
    commit.sessions =
        vec![with_device(session("s-quixworth", Some(ID), 10), "fp-quixworth"), session("s-other", Some("other"), 10)];
    let seen = |fingerprint: &str| dregs_store::DeviceWrite {
        ip: Some("203.0.113.77".into()),
        user_agent: Some("QuixworthBrowser/9".into()),
        signals: Some(json!({"of": "quixworth"}).to_string()),
        ..device(fingerprint, 10)
    };
    commit.devices = vec![seen("fp-quixworth"), seen("fp-both")];
    commit.keys = vec![
        holds(ID, KeyKind::Device, "fp-quixworth"),
        holds(ID, KeyKind::Device, "fp-both"),
        holds("other", KeyKind::Device, "fp-both"),
        holds(ID, KeyKind::Email, "zoe@quixworth.example"),
        // What is counted although nobody else holds it any longer.
        holds(ID, KeyKind::Phone, "quixworth 998877"),
        holds("third", KeyKind::Phone, "quixworth 998877"),
    ];
    let group = |id: &str| GroupWrite {
        kind: "team".into(),
        id: id.into(),
        attributes: object(json!({"name": id})),
        at_ms: 3,
        tracked: true,
    };
    commit.groups = vec![group("g-quixworth"), group("g-all")];
    commit.members = [("g-quixworth", ID), ("g-all", ID), ("g-all", "other")]
        .map(|(group, member)| ("team".to_owned(), group.to_owned(), member.to_owned()))
        .into();
    commit.cycles = vec![cycle(ID, 11, 1), cycle("other", 12, 1), cycle("third", 13, 1)];
    commit.cycles[0].evidence = evidence(ID, "other");
    commit.cycles[1].evidence = evidence("other", ID);
    commit.cycles[2].evidence = evidence("third", "other");
    commit.links = vec![link(ID, "other", 0.9)];
    let mut bad = badge("bot", 4);
    bad.explanation = "quixworth".into();
    commit.badges = badges(ID, &[bad]);
    commit.badge_firings = vec![BadgeFiring { rule_id: "r".into(), identity_id: ID.into(), fired_ms: 4 }];
    commit.escalations =
        EscalationWrites { begun: vec![escalation(21, ID), escalation(22, "other")], ..Default::default() };
    commit.deliveries = vec![DeliveryWrite {
        id: 31,
        channel_id: "c".into(),
        identity_id: ID.into(),
        event: "IDENTITY_SCORED".into(),
        data: json!({"identityId": ID}).to_string(),
        created_ms: 50,
    }];
    store.commit(&team(), &commit).await.unwrap();
    let gone =
        Commit { keys_gone: vec![("third".into(), KeyKind::Phone, "quixworth 998877".into())], ..Commit::default() };
    store.commit(&team(), &gone).await.unwrap();

    for (id, escalation_id) in [(41, 21), (42, 22)] {
        let note = Note { id, author: "ana".into(), body: "as Zoe Quixworth (quixworth-7) did".into(), created_ms: 60 };
        store.add_escalation_note(&team(), escalation_id, &note).await.unwrap();
    }
    let said = "the same person as quixworth-7";
    store.add_review(&review(51, ID, said, ReviewStatus::Finished)).await.unwrap();
    store.add_review(&review(52, "other", said, ReviewStatus::Finished)).await.unwrap();
    store.add_review(&review(53, "other", "soon", ReviewStatus::Pending)).await.unwrap();
    store.decide(&team(), "other", &decision("third", "like Zoe Quixworth")).await.unwrap().unwrap();
    store.decide(&team(), ID, &decision("other", "one")).await.unwrap().unwrap();
    assert!(store.name_main_account(&team(), ID, "ana", 80).await.unwrap());
    let event = serde_json::to_string(&logged("q-parked", Some(ID))).unwrap();
    let parked = ParkedEvent { id: "q-parked".into(), event, error: "quixworth".into(), parked_ms: 80 };
    store.park(&team(), &parked).await.unwrap();
    let label = |id: i64, note: &str| LabelWrite {
        id,
        kind: LabelKind::Bot,
        note: Some(note.into()),
        escalation_id: None,
        by: "ana".into(),
        now_ms: 80,
    };
    store.put_label(&team(), ID, &label(61, "quixworth")).await.unwrap();
    store.put_label(&team(), "other", &label(62, "as Zoe Quixworth")).await.unwrap();
    let line = |id: i64, subject: &str, other: Option<&str>| AuditEntry {
        id,
        created_ms: 80,
        actor_kind: ActorKind::Person,
        actor_id: "u".into(),
        actor: "ana".into(),
        action: "decide".into(),
        path: format!("/identities/{subject}/{}", other.unwrap_or_default()),
        subject: Some(subject.into()),
        other_subject: other.map(str::to_owned),
        ip: None,
        request_id: "r".into(),
        fields: Vec::new(),
        status: Some(200),
    };
    let lines = [line(71, ID, None), line(72, "other", Some(ID)), line(73, "fp-quixworth", None)];
    store.add_audit_entries(&team(), &lines).await.unwrap();
    store.add_backtest(&backtest(81)).await.unwrap();
    let result = json!({"first": [{"identityId": ID}]}).to_string();
    assert!(store.complete_backtest(&team(), 81, Ok(&result), 85, 90).await.unwrap());
    let usage = Usage { team: team(), month: "2026-11".into(), events: 2 };
    store.append(b"of quixworth\nof others\n".to_vec(), &[usage]).await.unwrap();
}

async fn asked(store: &Store) -> Erasure {
    let erasure = Erasure {
        team: team(),
        id: 99,
        salt: "salt".into(),
        digest: "digest".into(),
        status: ErasureStatus::Pending,
        trail: Some(Trail { identity_id: ID.into(), ..Trail::default() }),
        requested_ms: NOW_MS,
        unlogged_ms: None,
        finished_ms: None,
    };
    store.add_erasure(&erasure).await.unwrap();
    erasure
}

/// All steps, as the server goes through them.
async fn erase(store: &Store) {
    let erasure = asked(store).await;
    let trail = store.follow(&team(), erasure.trail.as_ref().unwrap(), NOW_MS).await.unwrap();
    let lost = ErasedFrom { event_ids: vec!["q-waiting".into()], fates: BTreeMap::from([((0, Fate::Erased), 1)]) };
    assert!(!store.erase_events(&erasure, ID).await.unwrap());
    store.erase_identity(&erasure, &trail, &lost, NOW_MS).await.unwrap();
    while store.erase_anonymous_events(&erasure, &trail).await.unwrap() {}
    let segment = store.read_log(0).await.unwrap().remove(0);
    store.rewrite_segment(segment.seq, 1, b"of others\n".to_vec()).await.unwrap();
    store.note_unlogged(&erasure, NOW_MS).await.unwrap();
    store.erase_mentions(&team(), &[&trail], 0, NOW_MS).await.unwrap();
    store.erase_orphans(&team(), &trail).await.unwrap();
    store.clear_erasure(&erasure).await.unwrap();
    assert!(store.scrub().await.unwrap());
    store.finish_erasure(&erasure, NOW_MS).await.unwrap();
}

/// Files of an embedded store.
fn files(store: &Opened) -> Vec<std::path::PathBuf> {
    let Some(main) = store.url.strip_prefix("sqlite:").map(Path::new) else { return Vec::new() };
    std::fs::read_dir(main.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Every value of every table, as bytes.
async fn values(store: &Opened) -> Vec<(String, Vec<u8>)> {
    match store.url.strip_prefix("sqlite:") {
        Some(main) => {
            let main = Path::new(main);
            [main.to_owned(), main.with_extension("ingest.db")].iter().flat_map(|path| values_in_file(path)).collect()
        }
        None => values_in_postgres(&store.url).await,
    }
}

fn values_in_file(path: &Path) -> Vec<(String, Vec<u8>)> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut found = Vec::new();
    for table in columns_in_file(&connection).into_keys() {
        let mut select = connection.prepare(&format!("select * from \"{table}\"")).unwrap();
        let columns = select.column_count();
        let mut rows = select.raw_query();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                let bytes = row.get_ref(column).unwrap().as_bytes_or_null().unwrap_or_default().unwrap_or_default();
                found.push((table.clone(), bytes.to_vec()));
            }
        }
    }
    found
}

async fn values_in_postgres(url: &str) -> Vec<(String, Vec<u8>)> {
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    let mut found = Vec::new();
    for (table, columns) in columns_in_postgres(&mut connection).await {
        for column in columns {
            let sql = format!("select case pg_typeof({column})::text when 'bytea' then {column}::text::bytea else convert_to({column}::text, 'UTF8') end as value
                               from {table} where {column} is not null");
            for row in sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap() {
                // The simple protocol shows bytes in hexadecimal digits.
                let text: String = row.try_get_unchecked("value").unwrap();
                found.push((table.clone(), bytes_of(&text)));
            }
        }
    }
    found
}

fn bytes_of(hexadecimal: &str) -> Vec<u8> {
    let digits = hexadecimal.trim_start_matches("\\x").as_bytes();
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap() as u8;
    digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// Columns that can hold text or bytes, by table.
type Columns = BTreeMap<String, BTreeSet<String>>;

fn columns_in_file(connection: &rusqlite::Connection) -> Columns {
    let sql = "select m.name as place, c.name as held, lower(c.type) as type from sqlite_master m, pragma_table_info(m.name) c
               where m.type = 'table' and m.name not like 'sqlite_%'";
    let mut select = connection.prepare(sql).unwrap();
    let mut rows = select.raw_query();
    let mut found = Columns::new();
    while let Some(row) = rows.next().unwrap() {
        let held = found.entry(row.get("place").unwrap()).or_default();
        let kind: String = row.get("type").unwrap();
        if !["bigint", "integer", "double precision"].contains(&kind.as_str()) {
            held.insert(row.get("held").unwrap());
        }
    }
    found
}

async fn columns_in_postgres(connection: &mut sqlx::PgConnection) -> Columns {
    let sql = "select table_name::text, column_name::text, data_type::text from information_schema.columns where table_schema = 'public'";
    let mut found = Columns::new();
    for row in sqlx::raw_sql(sql).fetch_all(connection).await.unwrap() {
        let held = found.entry(row.get(0)).or_default();
        if !["bigint", "double precision"].contains(&row.get::<&str, _>(2)) {
            held.insert(row.get(1));
        }
    }
    found
}

/// Tables in which the word stands. Packed evidence is unpacked.
async fn tables_with(store: &Opened, word: &str) -> BTreeSet<String> {
    let has_word = |bytes: &[u8]| {
        let unpacked = zstd::bulk::decompress(bytes, 1 << 24);
        String::from_utf8_lossy(unpacked.as_deref().unwrap_or(bytes)).to_lowercase().contains(word)
    };
    values(store).await.into_iter().filter(|(_, bytes)| has_word(bytes)).map(|(table, _)| table).collect()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
}

fn assert_complete(schema: &Columns, what: &str, database: KeptOn) {
    let there = |entry: &&TableEntry| [KeptOn::Both, database].contains(&entry.kept_on);
    assert_eq!(schema.len(), INVENTORY.iter().filter(there).count(), "{what}: a table of the inventory is not there");
    for (table, columns) in schema {
        let entry = INVENTORY.iter().find(|entry| entry.table == table);
        let entry = entry.unwrap_or_else(|| panic!("{what}: the inventory lacks the table {table}"));
        let listed: BTreeSet<String> =
            entry.personal.iter().chain(entry.other).map(|name| (*name).to_owned()).collect();
        assert_eq!(&listed, columns, "{what}: the inventory lists other columns of {table}");
        for column in ["identity_id", "a_id", "b_id"].iter().filter(|name| columns.contains(**name)) {
            assert!(entry.personal.contains(column), "{what}: {table}.{column} names a person");
        }
    }
}

#[tokio::test]
async fn the_inventory_lists_every_table_and_column_of_sqlite() {
    let store = sqlite().await;
    let main = Path::new(store.url.strip_prefix("sqlite:").unwrap()).to_owned();
    let mut schema = columns_in_file(&rusqlite::Connection::open(&main).unwrap());
    schema.extend(columns_in_file(&rusqlite::Connection::open(main.with_extension("ingest.db")).unwrap()));
    assert_complete(&schema, "SQLite", KeptOn::Sqlite);
}

#[tokio::test]
async fn the_inventory_lists_every_table_and_column_of_postgres() {
    let Some(store) = postgres().await else { return };
    let schema = columns_in_postgres(&mut sqlx::PgConnection::connect(&store.url).await.unwrap()).await;
    assert_complete(&schema, "PostgreSQL", KeptOn::Postgres);
}

#[test]
fn what_the_inventory_exports_is_a_list_of_the_export() {
    let named = INVENTORY.iter().filter_map(|entry| match entry.exported {
        Exported::As(name) => Some(name),
        _ => None,
    });
    let lists = EXPORT_SECTIONS.iter().map(|section| section.name).chain(["parkedEvents", "waitingEvents"]);
    assert_eq!(named.collect::<BTreeSet<_>>(), lists.collect());
}

async fn nothing_of_somebody_who_is_erased_is_in_any_table(store: &Opened) {
    fill(store).await;
    let before = tables_with(store, WORD).await;
    let missing = if store.is_shared() { KeptOn::Sqlite } else { KeptOn::Postgres };
    let goes = |entry: &&TableEntry| !entry.personal.is_empty() && !matches!(entry.erased, Erased::Kept(_));
    for entry in INVENTORY.iter().filter(|entry| goes(entry) && entry.kept_on != missing) {
        assert!(before.contains(entry.table), "the test puts nothing of the person into {}", entry.table);
    }
    let packed = values(store).await.into_iter().filter(|(table, _)| table == "cycle_evidence");
    let packed: Vec<Vec<u8>> = packed
        .map(|(_, bytes)| bytes)
        .filter(|bytes| zstd::bulk::decompress(bytes, 1 << 24).is_ok_and(|text| contains(&text, WORD.as_bytes())))
        .collect();
    assert_eq!(packed.len(), 2, "the person's own evidence, and somebody's who was compared with them");

    erase(store).await;
    assert_eq!(tables_with(store, WORD).await, BTreeSet::new());
    for address in ["203.0.113.77", "998877"] {
        assert_eq!(tables_with(store, address).await, BTreeSet::new(), "{address}");
    }
    for path in files(store) {
        let bytes = std::fs::read(&path).unwrap();
        assert!(!contains(&bytes, WORD.as_bytes()), "{} spells the person", path.display());
        assert!(!contains(&bytes, b"203.0.113.77"), "{} has their address", path.display());
        for body in &packed {
            assert!(!contains(&bytes, &body[body.len() / 2..]), "{} has their evidence, packed", path.display());
        }
    }
    assert_sound(store).await;
}

async fn others_keep_what_is_theirs(store: &Opened) {
    fill(store).await;
    erase(store).await;
    let kept = store.event(&team(), "o-1").await.unwrap().unwrap();
    assert_eq!(kept.identity_id.as_deref(), Some("other"));
    let device = store.device(&team(), "fp-both").await.unwrap().unwrap();
    assert_eq!((device.ip, device.user_agent.as_deref()), (None, Some("Browser/1")));
    assert!(store.device(&team(), "fp-quixworth").await.unwrap().is_none());
    assert_eq!(store.group(&team(), "team", "g-all").await.unwrap().unwrap().identity_count, 1);
    assert!(store.group(&team(), "team", "g-quixworth").await.unwrap().is_none());
    assert_eq!(store.team_counts(&team()).await.unwrap().identities, 2);

    let evidence = async |id: &str| store.cycle(&team(), id, None).await.unwrap().unwrap().evidence;
    assert!(evidence("third").await.is_some(), "it quotes others alone");
    assert!(evidence("other").await.is_none(), "it quotes the person");
    let due = store.due(NOW_MS, 9).await.unwrap();
    assert!(due.iter().any(|(_, id)| id == "other") && due.iter().all(|(_, id)| id != ID), "{due:?}");

    let reviews = store.reviews(&team(), "other").await.unwrap();
    let said: Vec<_> = reviews.iter().map(|review| (review.id, review.status, review.summary.as_deref())).collect();
    assert_eq!(
        said,
        [(53, ReviewStatus::Failed, None), (52, ReviewStatus::Finished, Some("the same person as [erased]"))]
    );
    let notes = store.escalation_notes(&team(), 22).await.unwrap();
    assert_eq!(notes[0].body, "as [erased] ([erased]) did");
    let decided = store.link_decision(&team(), "other", "third").await.unwrap().unwrap();
    assert_eq!(decided.note.as_deref(), Some("like [erased]"));
    let rings = store.rings(&team(), &Default::default(), &all("r.id"), NOW_MS).await.unwrap();
    assert_eq!((rings.total, rings.items[0].size), (1, 2));
    assert_eq!(store.read_log(0).await.unwrap()[0].payload, b"of others\n");
    assert_eq!(store.usage("2026-11").await.unwrap()[&team()], 2, "what was sent counts");
}

async fn an_erased_event_counts_as_recorded(store: &Opened) {
    fill(store).await;
    erase(store).await;
    let ids = set(&["q-1", "q-parked", "q-waiting", "q-other", "o-1"]);
    let recorded = store.recorded(&team(), &ids).await.unwrap();
    assert_eq!(recorded.keys().map(String::as_str).collect::<Vec<_>>(), ["o-1", "q-1", "q-parked", "q-waiting"]);
    assert!(store.recorded(&other_team(), &ids).await.unwrap().is_empty());
    let fates = store.fates(&team(), 0, 1).await.unwrap();
    assert_eq!(
        fates.iter().map(|held| (held.fate.as_str(), held.count)).collect::<Vec<_>>(),
        [("erased", 1), ("parked", 1)]
    );
}

async fn another_team_keeps_its_own(store: &Opened) {
    store.commit(&other_team(), &Commit { identities: vec![person()], ..Commit::default() }).await.unwrap();
    let packed =
        Commit { cycles: vec![cycle(ID, 90, 1)], keys: vec![holds(ID, KeyKind::Email, "k")], ..Commit::default() };
    store.commit(&other_team(), &packed).await.unwrap();
    fill(store).await;
    erase(store).await;
    assert!(store.identity_exists(&other_team(), ID).await.unwrap());
    assert!(store.cycle(&other_team(), ID, None).await.unwrap().unwrap().evidence.is_some());
    assert_eq!(store.team_counts(&other_team()).await.unwrap().identities, 1);
    let keys = store.candidates(&other_team(), &BTreeMap::from([((KeyKind::Email, "k"), true)])).await.unwrap();
    assert_eq!(keys.into_values().next().map(|key| (key.holders, key.peers[0].seen)), Some((1, Seen::at(5))));
    assert!(store.erasure(&other_team(), 99).await.unwrap().is_none());
}

async fn an_erasure_goes_from_step_to_step(store: &Opened) {
    assert!(store.next_erasure().await.unwrap().is_none());
    assert_eq!(store.erasure_salt(&team()).await.unwrap(), None);
    let asked = asked(store).await;
    assert_eq!(store.erasure_salt(&team()).await.unwrap().as_deref(), Some("salt"));
    assert_eq!(store.next_erasure().await.unwrap().as_ref(), Some(&asked));
    assert!(store.unlogged_erasures().await.unwrap().is_empty());
    store.erase_identity(&asked, asked.trail.as_ref().unwrap(), &ErasedFrom::default(), 5).await.unwrap();
    assert_eq!(store.next_erasure().await.unwrap().unwrap().status, ErasureStatus::Removed);
    store.note_unlogged(&asked, 6).await.unwrap();
    assert!(store.next_erasure().await.unwrap().is_none());
    let unlogged = store.unlogged_erasures().await.unwrap().remove(0);
    assert_eq!((unlogged.trail, unlogged.unlogged_ms), (asked.trail.clone(), Some(6)));
    store.clear_erasure(&asked).await.unwrap();
    assert_eq!(store.unlogged_erasures().await.unwrap()[0].trail, None);
    store.finish_erasure(&asked, 7).await.unwrap();
    assert!(store.unlogged_erasures().await.unwrap().is_empty());
    let done = store.erasure(&team(), 99).await.unwrap().unwrap();
    assert_eq!((done.status, done.finished_ms, done.trail), (ErasureStatus::Done, Some(7), None));
    assert_eq!(store.erasures(&team(), &all("e.id")).await.unwrap().total, 1);
}

async fn an_erasure_that_is_begun_again_knows_what_it_looked_for(store: &Opened) {
    let mut commit = new_identities(&[ID]);
    commit.events = vec![their_event(1, "q-1", Some(ID))];
    store.commit(&team(), &commit).await.unwrap();
    let asked = asked(store).await;
    let trail = store.follow(&team(), asked.trail.as_ref().unwrap(), NOW_MS).await.unwrap();
    assert!(trail.sessions.contains("s-quixworth") && trail.devices.contains("fp-quixworth"), "{trail:?}");
    store.note_trail(&asked, &trail).await.unwrap();
    store.erase_events(&asked, ID).await.unwrap();
    let again = store.next_erasure().await.unwrap().unwrap();
    assert_eq!(store.follow(&team(), again.trail.as_ref().unwrap(), NOW_MS).await.unwrap(), trail);
}

async fn an_erasure_that_another_node_went_on_with_takes_nobody(store: &Opened) {
    fill(store).await;
    let asked = asked(store).await;
    let trail = store.follow(&team(), asked.trail.as_ref().unwrap(), NOW_MS).await.unwrap();
    store.erase_identity(&asked, &trail, &ErasedFrom::default(), NOW_MS).await.unwrap();
    store.note_unlogged(&asked, NOW_MS).await.unwrap();
    store.clear_erasure(&asked).await.unwrap();
    store.finish_erasure(&asked, NOW_MS).await.unwrap();
    let events = vec![event(9, "again", Some(ID))];
    store.commit(&team(), &Commit { events, ..new_identities(&[ID]) }).await.unwrap();

    let late = [
        store.erase_events(&asked, ID).await.map(drop),
        store.erase_identity(&asked, &trail, &ErasedFrom::default(), NOW_MS).await,
        store.note_unlogged(&asked, NOW_MS).await,
        store.erase_anonymous_events(&asked, &trail).await.map(drop),
    ];
    assert!(late.iter().all(|step| matches!(step, Err(StoreError::Conflict(_)))), "{late:?}");
    store.clear_erasure(&asked).await.unwrap();
    let done = store.erasure(&team(), 99).await.unwrap().unwrap();
    assert_eq!((done.status, done.trail), (ErasureStatus::Done, None));
    assert!(store.identity_exists(&team(), ID).await.unwrap());
    assert!(store.event(&team(), "again").await.unwrap().is_some());
}

async fn everything_is_exported(store: &Opened) {
    fill(store).await;
    for section in EXPORT_SECTIONS {
        let (rows, next) = store.export_page(&team(), ID, section, None).await.unwrap();
        assert!(!rows.is_empty() && next.is_none(), "{}", section.name);
        let (rows, _) = store.export_page(&other_team(), ID, section, None).await.unwrap();
        assert!(rows.is_empty(), "{} of another team", section.name);
    }
    assert_eq!(store.parked_events_of(&team(), ID).await.unwrap()[0]["event"]["id"], "q-parked");
    assert!(store.parked_events_of(&team(), "other").await.unwrap().is_empty());
    assert_eq!(store.parked_identities(&team()).await.unwrap(), BTreeSet::from([ID.to_owned()]));
    assert!(store.is_held(&team(), ID).await.unwrap() && !store.is_held(&other_team(), ID).await.unwrap());
    let ids = set(&["q-parked", "q-1"]);
    assert_eq!(store.parked_among(&team(), &ids).await.unwrap(), BTreeSet::from(["q-parked".to_owned()]));
}

async fn many_events_are_exported_in_pages(store: &Opened) {
    let events = (1..=1_100).map(|n| event(n, &format!("e{n}"), Some("a"))).collect();
    store.commit(&team(), &Commit { events, ..new_identities(&["a"]) }).await.unwrap();
    let section = EXPORT_SECTIONS.iter().find(|section| section.name == "events").unwrap();
    let (mut after, mut ids, mut pages) = (None, Vec::new(), 0);
    loop {
        let (rows, next) = store.export_page(&team(), "a", section, after.as_ref()).await.unwrap();
        ids.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        pages += 1;
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((pages, ids.len()), (3, 1_100));
    assert_eq!(ids, (1..=1_100).map(|n| format!("e{n}")).collect::<Vec<_>>());
}

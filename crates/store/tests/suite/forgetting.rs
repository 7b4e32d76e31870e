//! What must not come back behind an erasure, and what must not keep one from ending.

use super::support::*;
use dregs_engine::linkage::decision::{Decision, Verdict};
use dregs_store::{
    ActorKind, AuditEntry, BacktestStatus, ErasedFrom, Erasure, ErasureStatus, ParkedEvent, Store, StoreError, Trail,
};
use serde_json::json;

on_both!(
    a_parked_event_that_does_not_read_back_goes_if_it_names_the_person,
    many_parked_events_are_looked_through,
    many_decisions_and_backtests_are_looked_through,
    a_backtest_that_an_erasure_overtook_is_not_written,
    the_audit_log_is_redacted_even_if_somebody_has_come_since,
    anonymous_events_go_some_at_a_time,
);

const ID: &str = "quixworth-7";
const NOW_MS: i64 = 1_000_000;

async fn asked(store: &Store, id: i64) -> Erasure {
    let erasure = Erasure {
        team: team(),
        id,
        salt: "salt".into(),
        digest: "digest".into(),
        status: ErasureStatus::Pending,
        trail: Some(Trail { identity_id: ID.into(), names: vec!["Zoe Quixworth".into()], ..Trail::default() }),
        requested_ms: NOW_MS,
        unlogged_ms: None,
        finished_ms: None,
    };
    store.add_erasure(&erasure).await.unwrap();
    erasure
}

async fn out_of_tables(store: &Store, erasure: &Erasure) -> Trail {
    let trail = store.follow(&team(), erasure.trail.as_ref().unwrap(), NOW_MS).await.unwrap();
    store.erase_identity(erasure, &trail, &ErasedFrom::default(), NOW_MS).await.unwrap();
    trail
}

async fn park(store: &Store, id: &str, event: &str) {
    let parked = ParkedEvent { id: id.into(), event: event.into(), error: "no".into(), parked_ms: 80 };
    store.park(&team(), &parked).await.unwrap();
}

async fn parked(store: &Store) -> Vec<String> {
    store.parked(&team()).await.unwrap().into_iter().map(|held| held.id).collect()
}

async fn a_parked_event_that_does_not_read_back_goes_if_it_names_the_person(store: &Store) {
    store.commit(&team(), &new_identities(&[ID])).await.unwrap();
    park(store, "theirs", r#"{"identity":{"id":"quixworth-7"},"#).await;
    park(store, "nobodys", r#"{"identity":{"id":"quixworth-70"},"#).await;
    assert!(store.is_held(&team(), ID).await.unwrap() && !store.is_held(&other_team(), ID).await.unwrap());
    let own = store.parked_events_of(&team(), ID).await.unwrap();
    assert_eq!(own[0]["event"], json!(r#"{"identity":{"id":"quixworth-7"},"#));
    assert!(store.parked_identities(&team()).await.unwrap().is_empty());
    let erasure = asked(store, 1).await;
    out_of_tables(store, &erasure).await;
    assert_eq!((own.len(), parked(store).await), (1, vec!["nobodys".to_owned()]));
    assert!(!store.is_held(&team(), ID).await.unwrap());
}

async fn many_parked_events_are_looked_through(store: &Store) {
    for n in 0..520 {
        let owner = if n % 260 == 259 { ID } else { "other" };
        let event = dregs_engine::event::Event {
            identity: Some(dregs_engine::event::IdentityInput { id: owner.into(), ..Default::default() }),
            ..Default::default()
        };
        park(store, &format!("p{n:03}"), &serde_json::to_string(&event).unwrap()).await;
    }
    assert_eq!(store.parked_events_of(&team(), ID).await.unwrap().len(), 2);
    assert_eq!(store.parked_identities(&team()).await.unwrap().len(), 2);
    out_of_tables(store, &asked(store, 1).await).await;
    assert_eq!(store.parked_events_of(&team(), ID).await.unwrap().len(), 0);
    assert_eq!(store.parked_events_of(&team(), "other").await.unwrap().len(), 518);
}

async fn many_decisions_and_backtests_are_looked_through(store: &Store) {
    let ids: Vec<String> = (0..300).map(|n| format!("i{n:03}")).collect();
    store.commit(&team(), &new_identities(&ids.iter().map(String::as_str).collect::<Vec<_>>())).await.unwrap();
    for id in &ids[1..] {
        let decision = Decision {
            other_id: id.clone(),
            verdict: Verdict::Different,
            note: Some("not Zoe Quixworth".into()),
            decided_by: "ana".into(),
            decided_ms: NOW_MS,
        };
        store.decide(&team(), &ids[0], &decision).await.unwrap().unwrap();
    }
    for id in 1..=20 {
        store.add_backtest(&backtest(id)).await.unwrap();
        let result = json!({"first": [{"identityId": if id == 3 || id == 19 { ID } else { "other" }}]}).to_string();
        assert!(store.complete_backtest(&team(), id, Ok(&result), 85, 90).await.unwrap());
    }
    let trail = asked(store, 1).await.trail.unwrap();
    store.erase_mentions(&team(), &[&trail], 0, NOW_MS).await.unwrap();
    for id in &ids[1..] {
        let held = store.link_decision(&team(), &ids[0], id).await.unwrap().unwrap();
        assert_eq!(held.note.as_deref(), Some("not [erased]"), "{id}");
    }
    for id in 1..=20 {
        assert_eq!(store.backtest(&team(), id).await.unwrap().is_none(), id == 3 || id == 19, "{id}");
    }
}

async fn a_backtest_that_an_erasure_overtook_is_not_written(store: &Store) {
    for id in 1..=3 {
        store.add_backtest(&backtest(id)).await.unwrap();
    }
    let result = json!({"first": [{"identityId": ID}]}).to_string();
    let complete = async |id, begun_ms| store.complete_backtest(&team(), id, Ok(&result), begun_ms, 500).await.unwrap();
    let erasure = asked(store, 1).await;
    assert!(!complete(1, 100).await, "asked for");
    let trail = out_of_tables(store, &erasure).await;
    assert!(!complete(1, 100).await, "out of the tables");
    store.note_unlogged(&erasure, 150).await.unwrap();
    assert!(!complete(1, 100).await, "out of the log");
    assert!(store.complete_backtest(&team(), 2, Err("no such badge"), 100, 500).await.unwrap(), "it names nobody");
    store.erase_mentions(&team(), &[&trail], 0, NOW_MS).await.unwrap();
    store.clear_erasure(&erasure).await.unwrap();
    store.finish_erasure(&erasure, 200).await.unwrap();
    assert!(!complete(1, 200).await, "ended since it began");
    let waits = store.backtest(&team(), 1).await.unwrap().unwrap();
    assert_eq!((waits.status, waits.result), (BacktestStatus::Pending, None));
    assert!(complete(1, 201).await);
    store.add_erasure(&Erasure { team: other_team(), id: 2, ..erasure }).await.unwrap();
    assert!(complete(3, 201).await, "another team's erasure is another's");
}

async fn the_audit_log_is_redacted_even_if_somebody_has_come_since(store: &Store) {
    let mut commit = new_identities(&[ID]);
    commit.events = vec![on_device(event(1, "q-1", Some(ID)), "fp-quixworth")];
    store.commit(&team(), &commit).await.unwrap();
    let erasure = asked(store, 1).await;
    let trail = out_of_tables(store, &erasure).await;
    let late = |id: i64, subject: &str| AuditEntry {
        id,
        created_ms: NOW_MS,
        actor_kind: ActorKind::Person,
        actor_id: "u".into(),
        actor: "ana".into(),
        action: "getIdentity".into(),
        path: format!("/identities/{subject}"),
        subject: Some(subject.into()),
        other_subject: None,
        ip: None,
        request_id: "r".into(),
        fields: Vec::new(),
        status: Some(200),
    };
    store.add_audit_entries(&team(), &[late(1, ID), late(2, "fp-quixworth"), late(3, "other")]).await.unwrap();
    store.commit(&team(), &new_identities(&[ID])).await.unwrap();
    store.erase_orphans(&team(), &trail).await.unwrap();
    let lines = store.audit_log(&team(), &Default::default(), &all("l.id")).await.unwrap().items;
    let said: Vec<_> = lines.iter().map(|line| (line.subject.as_deref(), line.path.as_str())).collect();
    assert_eq!(said, [(None, "[erased]"), (None, "[erased]"), (Some("other"), "/identities/other")]);
    assert!(store.identity_exists(&team(), ID).await.unwrap());
}

async fn anonymous_events_go_some_at_a_time(store: &Store) {
    let mut commit = new_identities(&[ID, "other"]);
    let mut events = vec![in_session(event(1, "q-1", Some(ID)), "s"), in_session(event(2, "o-1", Some("other")), "s2")];
    events.extend((10..2_200).map(|n| in_session(event(n, &format!("e{n}"), None), "s")));
    events.extend((3_000..3_003).map(|n| on_device(event(n, &format!("e{n}"), None), "fp")));
    events.push(in_session(event(4_000, "kept", None), "s2"));
    commit.events = events;
    commit.keys = vec![holds(ID, dregs_engine::linkage::KeyKind::Device, "fp")];
    store.commit(&team(), &commit).await.unwrap();
    let erasure = asked(store, 1).await;
    let trail = store.follow(&team(), erasure.trail.as_ref().unwrap(), NOW_MS).await.unwrap();
    let early = store.erase_anonymous_events(&erasure, &trail).await;
    assert!(matches!(early, Err(StoreError::Conflict(_))), "it is not at that step: {early:?}");
    assert!(!store.erase_events(&erasure, ID).await.unwrap());
    store.erase_identity(&erasure, &trail, &ErasedFrom::default(), NOW_MS).await.unwrap();
    let left = async || store.events(&team(), &Default::default(), &all("e.timestamp_ms")).await.unwrap().total;
    assert!(store.erase_anonymous_events(&erasure, &trail).await.unwrap());
    assert_eq!(left().await, 2 + 190, "two thousand and those of the device");
    while store.erase_anonymous_events(&erasure, &trail).await.unwrap() {}
    assert_eq!(left().await, 2);
    assert!(store.event(&team(), "kept").await.unwrap().is_some());
}

//! Loading and committing batches.

use super::support::*;
use dregs_engine::event::{DeviceInput, GroupInput};
use dregs_engine::profile::{Facts, Profile};
use dregs_engine::rejection::Fate;
use dregs_store::{Commit, EventFilter, GroupWrite, IdentityFilter, LoadRequest, Store, StoreError};
use serde_json::json;
use std::collections::BTreeMap;

on_both!(
    a_new_store_knows_nothing,
    a_new_identity_loads_as_it_was_written,
    a_commit_raises_the_version_and_replaces_what_is_held,
    a_commit_on_an_outdated_version_writes_nothing,
    an_identity_that_exists_cannot_be_created_again,
    one_outdated_identity_fails_the_whole_batch,
    an_event_id_is_recorded_once,
    a_batch_of_everything_is_written_in_one_go,
    odd_text_comes_back_as_it_went_in,
    long_text_comes_back_as_it_went_in,
    a_session_that_identifies_itself_brings_its_events_along,
    several_sightings_of_a_session_in_one_batch_are_one_row,
    a_session_keeps_its_identity_when_a_later_sighting_has_none,
    anonymous_events_come_with_the_signals_of_their_device,
    the_earliest_due_assessment_comes_first,
    an_assessment_is_never_put_off_by_a_later_request,
    an_assessment_can_be_put_off_on_purpose,
    changing_a_profile_raises_its_version_and_asks_for_an_assessment,
);

async fn load(store: &Store, ids: &[&str]) -> dregs_store::Loaded {
    let request = LoadRequest { identities: set(ids), ..LoadRequest::default() };
    store.load(&team(), &request).await.unwrap()
}

async fn a_new_store_knows_nothing(store: &Store) {
    let request = LoadRequest { identities: set(&["a"]), events: set(&["e"]), sessions: set(&["s"]) };
    let loaded = store.load(&team(), &request).await.unwrap();
    assert!(loaded.profiles.is_empty() && loaded.recorded.is_empty() && loaded.sessions.is_empty());
    assert_eq!(store.team_counts(&team()).await.unwrap().identities, 0);
    store.commit(&team(), &Commit::default()).await.unwrap();
    assert_sound(store).await;
}

async fn a_new_identity_loads_as_it_was_written(store: &Store) {
    let mut profile = Profile::default();
    let write = event(1, "e", Some("a"));
    profile.apply(&write.event, &Facts::of(&write.event));
    let body = profile.to_json();
    let written = dregs_store::IdentityWrite {
        scores: [Some(0), None, Some(100), Some(37)],
        last_scored_ms: Some(9),
        cycles: 4,
        created_ms: 77,
        body,
        ..identity("a", 1)
    };
    store.commit(&team(), &Commit { identities: vec![written], ..Commit::default() }).await.unwrap();
    let held = &load(store, &["a", "absent"]).await.profiles["a"];
    assert_eq!(held.profile, profile);
    assert_eq!((held.version, held.created_ms, held.disregarded, held.cycles), (1, 77, false, 4));
    assert_eq!((held.scores, held.last_scored_ms), ([Some(0), None, Some(100), Some(37)], Some(9)));
    assert_eq!(store.scores(&team(), "a").await.unwrap(), Some(held.scores));
    assert_eq!(store.scores(&team(), "absent").await.unwrap(), None);
}

async fn a_commit_raises_the_version_and_replaces_what_is_held(store: &Store) {
    store.commit(&team(), &new_identities(&["a", "b"])).await.unwrap();
    let again = dregs_store::IdentityWrite { display_name: Some("Ann".into()), cycles: 9, ..identity("a", 2) };
    store.commit(&team(), &Commit { identities: vec![again, identity("c", 1)], ..Commit::default() }).await.unwrap();
    let loaded = load(store, &["a", "b", "c"]).await;
    assert_eq!(store.team_counts(&team()).await.unwrap().identities, 3);
    let versions: Vec<i64> = loaded.profiles.values().map(|held| held.version).collect();
    assert_eq!((versions, loaded.profiles["a"].cycles), (vec![2, 1, 1], 9));
    assert_eq!(store.identity(&team(), "a").await.unwrap().unwrap().display_name.as_deref(), Some("Ann"));
    assert_sound(store).await;
}

async fn a_commit_on_an_outdated_version_writes_nothing(store: &Store) {
    store.commit(&team(), &new_identities(&["a"])).await.unwrap();
    store.commit(&team(), &Commit { identities: vec![identity("a", 2)], ..Commit::default() }).await.unwrap();
    let outdated = Commit {
        identities: vec![identity("a", 2), identity("b", 1)],
        events: vec![event(1, "e", Some("a"))],
        sessions: vec![session("s", None, 1)],
        ..Commit::default()
    };
    assert!(matches!(store.commit(&team(), &outdated).await, Err(StoreError::Conflict(_))));
    let request = LoadRequest { identities: set(&["a", "b"]), events: set(&["e"]), sessions: set(&["s"]) };
    let loaded = store.load(&team(), &request).await.unwrap();
    assert_eq!((loaded.profiles.len(), loaded.profiles["a"].version), (1, 2));
    assert_eq!(store.team_counts(&team()).await.unwrap().identities, 1);
    assert!(loaded.recorded.is_empty() && loaded.sessions.is_empty());
    assert_sound(store).await;
}

async fn an_identity_that_exists_cannot_be_created_again(store: &Store) {
    store.commit(&team(), &new_identities(&["a"])).await.unwrap();
    assert!(matches!(store.commit(&team(), &new_identities(&["a"])).await, Err(StoreError::Conflict(_))));
    assert_eq!(store.team_counts(&team()).await.unwrap().identities, 1);
}

async fn one_outdated_identity_fails_the_whole_batch(store: &Store) {
    store.commit(&team(), &new_identities(&["a", "b"])).await.unwrap();
    let mixed = Commit { identities: vec![identity("a", 2), identity("b", 3)], ..Commit::default() };
    assert!(matches!(store.commit(&team(), &mixed).await, Err(StoreError::Conflict(_))));
    assert_eq!(load(store, &["a"]).await.profiles["a"].version, 1);
}

async fn an_event_id_is_recorded_once(store: &Store) {
    let once = |seq| Commit { events: vec![on_device(event(seq, "e", None), "fp")], ..Commit::default() };
    store.commit(&team(), &once(1)).await.unwrap();
    assert!(matches!(store.commit(&team(), &once(2)).await, Err(StoreError::Conflict(_))));
    let recorded = store.recorded(&team(), &set(&["e", "f"])).await.unwrap();
    assert_eq!(recorded, BTreeMap::from([("e".to_owned(), Some("fp".to_owned()))]));
    store.commit(&other_team(), &once(3)).await.unwrap();
}

async fn a_batch_of_everything_is_written_in_one_go(store: &Store) {
    use dregs_engine::linkage::KeyKind;
    let mut commit = new_identities(&["a", "b"]);
    commit.events = vec![in_group(on_device(event(1, "e1", Some("a")), "fp"), "organization", "acme")];
    commit.sessions = vec![session("s", Some("a"), 3)];
    commit.devices = vec![device("fp", 3)];
    commit.keys = vec![holds("a", KeyKind::Device, "fp"), holds("b", KeyKind::Device, "fp")];
    commit.groups =
        vec![GroupWrite { kind: "organization".into(), id: "acme".into(), at_ms: 3, ..GroupWrite::default() }];
    commit.members = vec![("organization".into(), "acme".into(), "a".into())];
    commit.cycles = vec![cycle("a", 1, 1)];
    commit.links = vec![link("a", "b", 0.5)];
    commit.badges = badges("a", &[badge("bot", 4)]);
    commit.due = vec![("a".into(), 9)];
    commit.fates = BTreeMap::from([((0, Fate::Applied), 1)]);
    store.commit(&team(), &commit).await.unwrap();
    let report = store.check().await.unwrap();
    assert_eq!((report.identities, report.events, report.cycles, report.waiting), (2, 1, 1, 0));
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!(store.links(&team(), "b").await.unwrap()[0].target_id, "a");
    assert_eq!(store.next_due_ms().await.unwrap(), Some(9));
}

async fn odd_text_comes_back_as_it_went_in(store: &Store) {
    for (n, odd) in ODD.into_iter().enumerate() {
        let seq = n as i64 + 1;
        let mut written = identity(odd, 1);
        written.display_name = Some(odd.into());
        let attributes = object(json!({odd: odd, "nested": {"list": [odd, null, 1.5, true]}}));
        let mut profile = Profile { attributes, ..Profile::default() };
        written.body = profile.to_json();
        let mut sent = in_group(in_session(on_device(event(seq, odd, Some(odd)), odd), odd), odd, odd);
        sent.event.name = odd.into();
        sent.event.url = Some(odd.into());
        sent.event.data = profile.attributes.clone();
        let expected = sent.event.clone();
        store
            .commit(&team(), &Commit { identities: vec![written], events: vec![sent], ..Commit::default() })
            .await
            .unwrap();
        assert_eq!(store.event(&team(), odd).await.unwrap().unwrap().event, expected);
        let held = store.identity(&team(), odd).await.unwrap().unwrap();
        assert_eq!((held.display_name.as_deref(), held.attributes), (Some(odd), profile.attributes));
        let filter = IdentityFilter { term: Some(odd.into()), ..IdentityFilter::default() };
        assert_eq!(store.identities(&team(), &filter, &all("i.id")).await.unwrap().total, 1, "{odd:?}");
        let filter = EventFilter { term: Some(odd.into()), ..EventFilter::default() };
        assert_eq!(store.events(&team(), &filter, &all("e.name")).await.unwrap().total, 1, "{odd:?}");
    }
}

async fn long_text_comes_back_as_it_went_in(store: &Store) {
    let long = "é\"\\".repeat(2048);
    let mut sent = event(1, "e", Some("a"));
    sent.event.data = object(json!({"text": long}));
    let expected = sent.event.clone();
    store.commit(&team(), &Commit { events: vec![sent], ..new_identities(&["a"]) }).await.unwrap();
    assert_eq!(store.event(&team(), "e").await.unwrap().unwrap().event, expected);
}

async fn a_session_that_identifies_itself_brings_its_events_along(store: &Store) {
    let anonymous = vec![in_session(event(1, "e1", None), "s"), in_session(event(2, "e2", None), "other")];
    store
        .commit(&team(), &Commit { events: anonymous, sessions: vec![session("s", None, 1)], ..Commit::default() })
        .await
        .unwrap();
    let held = store.anonymous_events(&team(), &set(&["s"])).await.unwrap();
    assert_eq!(
        held.iter().map(|(session, event)| (session.as_str(), event.id.as_str())).collect::<Vec<_>>(),
        [("s", "e1")]
    );
    let known = Commit {
        bound: vec![("s".into(), "a".into())],
        sessions: vec![session("s", Some("a"), 5)],
        ..new_identities(&["a"])
    };
    store.commit(&team(), &known).await.unwrap();
    assert!(store.anonymous_events(&team(), &set(&["s"])).await.unwrap().is_empty());
    assert_eq!(store.event(&team(), "e1").await.unwrap().unwrap().identity_id.as_deref(), Some("a"));
    assert_eq!(store.event(&team(), "e2").await.unwrap().unwrap().identity_id, None);
    let request = LoadRequest { sessions: set(&["s", "other"]), ..LoadRequest::default() };
    let sessions = store.load(&team(), &request).await.unwrap().sessions;
    assert_eq!(sessions, BTreeMap::from([("s".to_owned(), Some("a".to_owned()))]));
}

async fn several_sightings_of_a_session_in_one_batch_are_one_row(store: &Store) {
    let sessions = vec![session("s", None, 5), session("s", Some("a"), 9), session("s", None, 2)];
    store.commit(&team(), &Commit { sessions, ..new_identities(&["a"]) }).await.unwrap();
    let request = LoadRequest { sessions: set(&["s"]), ..LoadRequest::default() };
    assert_eq!(store.load(&team(), &request).await.unwrap().sessions["s"].as_deref(), Some("a"));
}

async fn a_session_keeps_its_identity_when_a_later_sighting_has_none(store: &Store) {
    for identity in [Some("a"), None] {
        store
            .commit(&team(), &Commit { sessions: vec![session("s", identity, 1)], ..Commit::default() })
            .await
            .unwrap();
    }
    let request = LoadRequest { sessions: set(&["s"]), ..LoadRequest::default() };
    assert_eq!(store.load(&team(), &request).await.unwrap().sessions["s"].as_deref(), Some("a"));
}

async fn anonymous_events_come_with_the_signals_of_their_device(store: &Store) {
    let mut seen = device("fp", 1);
    seen.signals = Some(json!({"cores": 8}).to_string());
    let mut sent = in_session(on_device(event(1, "e", None), "fp"), "s");
    sent.event.groups = vec![GroupInput { kind: "team".into(), id: "1".into(), ..GroupInput::default() }];
    store.commit(&team(), &Commit { events: vec![sent], devices: vec![seen], ..Commit::default() }).await.unwrap();
    let (_, held) = store.anonymous_events(&team(), &set(&["s"])).await.unwrap().remove(0);
    assert_eq!(held.device, Some(DeviceInput { fingerprint: "fp".into(), signals: object(json!({"cores": 8})) }));
    assert_eq!((held.groups.len(), held.timestamp_ms, held.received_ms), (1, 10, 11));
}

async fn the_earliest_due_assessment_comes_first(store: &Store) {
    assert_eq!(store.next_due_ms().await.unwrap(), None);
    store.commit(&team(), &new_identities(&["a", "b", "c"])).await.unwrap();
    store.commit(&other_team(), &new_identities(&["d"])).await.unwrap();
    store.request_assessment(&team(), &["a"], 30).await.unwrap();
    store.request_assessment(&team(), &["b", "b", "unknown"], 10).await.unwrap();
    store.request_assessment(&other_team(), &["d"], 20).await.unwrap();
    assert_eq!(store.next_due_ms().await.unwrap(), Some(10));
    let due = store.due(20, 10).await.unwrap();
    assert_eq!(due, [(team(), "b".to_owned()), (other_team(), "d".to_owned())]);
    assert_eq!(store.due(100, 1).await.unwrap().len(), 1);
    assert!(store.due(9, 10).await.unwrap().is_empty());
    store.commit(&team(), &Commit { identities: vec![identity("b", 2)], ..Commit::default() }).await.unwrap();
    assert_eq!(store.next_due_ms().await.unwrap(), Some(20));
}

async fn an_assessment_is_never_put_off_by_a_later_request(store: &Store) {
    let commit = Commit { due: vec![("a".into(), 50), ("a".into(), 20), ("a".into(), 70)], ..new_identities(&["a"]) };
    store.commit(&team(), &commit).await.unwrap();
    store.request_assessment(&team(), &["a"], 60).await.unwrap();
    assert_eq!(store.next_due_ms().await.unwrap(), Some(20));
}

async fn an_assessment_can_be_put_off_on_purpose(store: &Store) {
    store.commit(&team(), &Commit { due: vec![("a".into(), 5)], ..new_identities(&["a"]) }).await.unwrap();
    store.postpone(&other_team(), "a", 90).await.unwrap();
    assert_eq!(store.next_due_ms().await.unwrap(), Some(5));
    store.postpone(&team(), "a", 80).await.unwrap();
    assert_eq!(store.next_due_ms().await.unwrap(), Some(80));
}

async fn changing_a_profile_raises_its_version_and_asks_for_an_assessment(store: &Store) {
    let rename = |profile: &mut Profile| {
        profile.attributes = object(json!({"name": "Zoë"}));
        [Some("Zoë".to_owned()), None, Some("zoe".to_owned())]
    };
    assert_eq!(store.change_profile(&team(), "a", 5, rename).await.unwrap(), None);
    store.commit(&team(), &new_identities(&["a"])).await.unwrap();
    assert_eq!(store.change_profile(&other_team(), "a", 5, rename).await.unwrap(), None);
    assert_eq!(store.change_profile(&team(), "a", 5, rename).await.unwrap(), Some(()));
    let held = store.identity(&team(), "a").await.unwrap().unwrap();
    assert_eq!((held.display_name.as_deref(), held.updated_ms), (Some("Zoë"), 5));
    assert_eq!(held.attributes, object(json!({"name": "Zoë"})));
    assert_eq!((load(store, &["a"]).await.profiles["a"].version, store.next_due_ms().await.unwrap()), (2, Some(5)));
    let filter = IdentityFilter { term: Some("ZOË".into()), ..IdentityFilter::default() };
    assert_eq!(store.identities(&team(), &filter, &all("i.id")).await.unwrap().total, 1);
    let outdated = Commit { identities: vec![identity("a", 2)], ..Commit::default() };
    assert!(matches!(store.commit(&team(), &outdated).await, Err(StoreError::Conflict(_))));
}

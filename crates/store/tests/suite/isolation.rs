//! Two teams on one store never see each other, though they use the same ids for everything.

use super::support::*;
use dregs_engine::linkage::KeyKind;
use dregs_engine::linkage::decision::{Decision, Verdict};
use dregs_engine::linkage::ring::ring_id;
use dregs_engine::rejection::Fate;
use dregs_store::{
    Commit, DeviceFilter, EVENT_TYPE, EventFilter, GroupFilter, GroupWrite, IdentityFilter, LinkDecisionFilter,
    LoadRequest, Mapping, ParkedEvent, RingChanges, RingFilter, Store, TeamId,
};
use std::collections::{BTreeMap, BTreeSet};

on_both!(another_team_reads_nothing, another_team_changes_nothing, both_teams_may_use_the_same_ids);

fn everything() -> Commit {
    let mut commit = new_identities(&["a", "b"]);
    commit.events = vec![
        in_group(on_device(event(1, "e1", Some("a")), "fp"), "organization", "acme"),
        in_session(event(2, "e2", None), "anonymous"),
    ];
    commit.sessions = vec![session("s", Some("a"), 3), session("anonymous", None, 3)];
    commit.devices = vec![device("fp", 3)];
    commit.keys = vec![holds("a", KeyKind::Device, "fp"), holds("b", KeyKind::Device, "fp")];
    commit.groups =
        vec![GroupWrite { kind: "organization".into(), id: "acme".into(), at_ms: 3, ..GroupWrite::default() }];
    commit.members = vec![("organization".into(), "acme".into(), "a".into())];
    commit.cycles = vec![cycle("a", 1, 1)];
    commit.links = vec![link("a", "b", 0.5)];
    commit.badges = badges("a", &[badge("bot", 4)]);
    commit.fates = BTreeMap::from([((0, Fate::Applied), 1)]);
    commit
}

async fn fill(store: &Store, team: &TeamId, mut commit: Commit) {
    commit.due = vec![("a".into(), 9)];
    store.commit(team, &commit).await.unwrap();
    let parked = ParkedEvent { id: "p".into(), event: "{}".into(), error: "x".into(), parked_ms: 1 };
    store.park(team, &parked).await.unwrap();
    let mapping = Mapping {
        kind: EVENT_TYPE.into(),
        source: "x".into(),
        target: "LOGIN".into(),
        description: None,
        created_ms: 1,
    };
    store.set_mapping(team, &mapping).await.unwrap();
    store.set_device_disregarded(team, "fp", true, 9).await.unwrap();
    store.decide(team, "a", &same("b", 9)).await.unwrap().unwrap();
    assert!(store.name_main_account(team, "a", "ana", 9).await.unwrap());
}

fn same(other: &str, decided_ms: i64) -> Decision {
    Decision { other_id: other.into(), verdict: Verdict::Same, note: None, decided_by: "ana".into(), decided_ms }
}

/// How many rows each verb shows to `team`.
async fn seen(store: &Store, team: &TeamId) -> BTreeMap<&'static str, usize> {
    let request =
        LoadRequest { identities: set(&["a", "b"]), events: set(&["e1", "e2"]), sessions: set(&["s", "anonymous"]) };
    let loaded = store.load(team, &request).await.unwrap();
    let lists = [
        store.identities(team, &IdentityFilter::default(), &all("i.id")).await.unwrap().total,
        store.events(team, &EventFilter::default(), &all("e.name")).await.unwrap().total,
        store.devices(team, &DeviceFilter::default(), &all("d.fingerprint")).await.unwrap().total,
        store.groups(team, &GroupFilter::default(), &all("g.id")).await.unwrap().total,
    ];
    let rings = store.rings(team, &RingFilter::default(), &all("r.id"), 99).await.unwrap();
    let ring = rings.items.first().map(|ring| ring.id.clone()).unwrap_or(ring_id("a"));
    BTreeMap::from([
        ("rings", rings.total as usize),
        ("ring", usize::from(store.ring(team, &ring, 99).await.unwrap().is_some_and(|ring| ring.main_id.is_some()))),
        ("ring members", store.ring_members(team, &ring).await.unwrap().len()),
        (
            "decisions",
            store.link_decisions(team, &LinkDecisionFilter::default(), &all("d.decided_ms")).await.unwrap().items.len(),
        ),
        ("decision", usize::from(store.link_decision(team, "a", "b").await.unwrap().is_some())),
        ("standings", store.standings(team, &["a", "b"], 99).await.unwrap().len()),
        ("graph", store.graph(team, "a", 2, 0.0).await.unwrap().edges.len()),
        ("steps", store.steps(team, &["a"], 0.0).await.unwrap().len()),
        ("nodes", store.nodes(team, &set(&["a", "b"])).await.unwrap().len()),
        ("profiles", loaded.profiles.len()),
        ("recorded", loaded.recorded.len() + store.recorded(team, &set(&["e1"])).await.unwrap().len()),
        ("sessions", loaded.sessions.len()),
        ("count", store.team_counts(team).await.unwrap().identities as usize),
        ("anonymous", store.anonymous_events(team, &set(&["anonymous"])).await.unwrap().len()),
        ("candidates", store.candidates(team, &BTreeMap::from([((KeyKind::Device, "fp"), true)])).await.unwrap().len()),
        ("lists", lists.iter().sum::<u64>() as usize),
        ("identity", usize::from(store.identity(team, "a").await.unwrap().is_some())),
        ("scores", usize::from(store.scores(team, "a").await.unwrap().is_some())),
        ("disregarded", store.disregarded_devices(team, &set(&["fp"])).await.unwrap().len()),
        ("exists", usize::from(store.identity_exists(team, "a").await.unwrap())),
        ("event", usize::from(store.event(team, "e1").await.unwrap().is_some())),
        ("device", usize::from(store.device(team, "fp").await.unwrap().is_some())),
        ("group", usize::from(store.group(team, "organization", "acme").await.unwrap().is_some())),
        ("cycle", usize::from(store.cycle(team, "a", None).await.unwrap().is_some())),
        ("cycle by id", usize::from(store.cycle(team, "a", Some(1)).await.unwrap().is_some())),
        ("history", store.history(team, "a", 10).await.unwrap().len()),
        (
            "links",
            store.links(team, "a").await.unwrap().len() + store.held_links(team, &["a", "b"]).await.unwrap().len(),
        ),
        ("fates", store.fates(team, 0, 10).await.unwrap().len()),
        ("parked", store.parked(team).await.unwrap().len()),
        ("mappings", store.customer_mappings(team).await.unwrap().len()),
        ("credentials", store.credentials(team).await.unwrap().len()),
    ])
}

async fn another_team_reads_nothing(store: &Store) {
    fill(store, &team(), everything()).await;
    let own = seen(store, &team()).await;
    assert!(own.iter().all(|(verb, rows)| *rows > 0 || *verb == "credentials"), "{own:?}");
    let strange = seen(store, &other_team()).await;
    assert!(strange.values().all(|rows| *rows == 0), "{strange:?}");
}

async fn another_team_changes_nothing(store: &Store) {
    fill(store, &team(), everything()).await;
    let before = seen(store, &team()).await;
    let other = other_team();
    assert!(!store.set_identity_disregarded(&other, "a", true, 1, nobody_told).await.unwrap());
    assert!(!store.set_device_disregarded(&other, "fp", false, 1).await.unwrap());
    assert!(!store.add_member(&other, "organization", "acme", "b").await.unwrap());
    assert!(!store.remove_member(&other, "organization", "acme", "a").await.unwrap());
    assert_eq!(store.decide(&other, "a", &same("b", 1)).await.unwrap(), None);
    assert_eq!(store.preview_decision(&other, "a", &same("b", 1)).await.unwrap(), None);
    assert!(!store.take_back(&other, "a", "b", 1).await.unwrap());
    assert!(!store.name_main_account(&other, "a", "ana", 1).await.unwrap());
    assert!(!store.unname_main_account(&other, "a", 1).await.unwrap());
    assert!(!store.delete_mapping(&other, EVENT_TYPE, "x").await.unwrap());
    store.request_assessment(&other, &["a", "b"], 1).await.unwrap();
    let strange = Commit {
        links_gone: vec![("a".into(), "b".into(), dregs_engine::linkage::LinkType::SameDevice)],
        badges: badges("a", &[]),
        bound: vec![("anonymous".into(), "a".into())],
        due: vec![("a".into(), 1)],
        rings: RingChanges { lost: BTreeSet::from([("a".into(), "b".into())]), now_ms: 1, ..RingChanges::default() },
        ring_risks: BTreeMap::from([(ring_id("a"), 99)]),
        ..Commit::default()
    };
    store.commit(&other, &strange).await.unwrap();
    assert_eq!(seen(store, &team()).await, before);
    assert_eq!(store.next_due_ms().await.unwrap(), Some(9));
    assert_eq!(store.identity(&team(), "a").await.unwrap().unwrap().badges.len(), 1);
}

async fn both_teams_may_use_the_same_ids(store: &Store) {
    fill(store, &team(), everything()).await;
    let mut same = everything();
    // Numbers that the server gives are unique over all teams; ids that callers give are not.
    same.events.iter_mut().for_each(|write| write.seq += 100);
    same.cycles.iter_mut().for_each(|write| write.id += 100);
    fill(store, &other_team(), same).await;
    let without_cycle_1 = |mut seen: BTreeMap<&'static str, usize>| {
        seen.remove("cycle by id");
        seen
    };
    let (of_one, of_other) = (seen(store, &team()).await, seen(store, &other_team()).await);
    assert_eq!(without_cycle_1(of_one), without_cycle_1(of_other));
    store.set_identity_disregarded(&other_team(), "a", true, 1, nobody_told).await.unwrap();
    assert!(!store.identity(&team(), "a").await.unwrap().unwrap().disregarded);
    assert_eq!(store.links(&team(), "a").await.unwrap().len(), 2);
    assert_sound(store).await;
}

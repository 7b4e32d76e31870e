//! Rings follow the strong links; decisions divide and join them, and give back what they took.

use super::support::*;
use dregs_engine::limits::RING_MEMBERS_MAX;
use dregs_engine::linkage::decision::{Decision, Verdict};
use dregs_engine::linkage::ring::{self, StrongPair};
use dregs_store::{
    Commit, LINK_DECISION_SORTS, LinkDecisionFilter, LinkWrite, RING_SORTS, RingChanges, RingFilter, Store, StoredRing,
};
use std::collections::{BTreeMap, BTreeSet};

on_both!(
    strong_pairs_make_rings_and_rings_grow_together,
    a_ring_splits_when_a_link_goes_and_the_larger_part_keeps_its_id,
    rings_are_the_same_as_for_all_pairs_at_once,
    different_people_are_kept_apart_and_taking_back_restores,
    the_same_person_is_certain_until_taken_back,
    deciding_anew_replaces_what_was_decided,
    a_preview_changes_nothing,
    only_known_identities_are_decided_about,
    a_disregarded_member_leaves_its_ring,
    members_are_scored_again_when_a_ring_is_of_another_order,
    a_main_account_is_excused_until_it_is_unnamed,
    a_ring_takes_no_more_than_it_may_hold,
    no_ring_is_too_large_however_many_hang_together,
    a_ring_has_an_id_although_its_accounts_have_lent_theirs,
    rings_are_listed_by_every_sort_and_filter,
    decisions_are_listed_by_every_sort_and_filter,
    a_graph_is_walked_strongest_first,
);

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn strong(a: &str, b: &str, probability: f64) -> LinkWrite {
    let mut write = link(a, b, 0.5);
    write.link.probability = probability;
    write
}

fn ordered(a: &str, b: &str) -> (String, String) {
    if a <= b { (a.to_owned(), b.to_owned()) } else { (b.to_owned(), a.to_owned()) }
}

/// Links these pairs as a batch would.
fn gain(pairs: &[(&str, &str, f64)]) -> Commit {
    let gained = pairs.iter().filter(|(.., probability)| ring::is_strong(*probability));
    let rings = RingChanges {
        gained: gained.map(|(a, b, _)| (ordered(a, b), 50)).collect(),
        now_ms: 100,
        ..RingChanges::default()
    };
    Commit { links: pairs.iter().map(|(a, b, p)| strong(a, b, *p)).collect(), rings, ..Commit::default() }
}

fn lose(pairs: Pairs<'_>) -> Commit {
    let ends: Vec<(String, String)> = pairs.iter().map(|(a, b)| ordered(a, b)).collect();
    let rings = RingChanges { lost: ends.iter().cloned().collect(), now_ms: 200, ..RingChanges::default() };
    let links_gone = ends.into_iter().map(|(a, b)| (a, b, dregs_engine::linkage::LinkType::SameDevice)).collect();
    Commit { links_gone, rings, ..Commit::default() }
}

async fn commit(store: &Store, commit: Commit) {
    store.commit(&team(), &commit).await.unwrap();
    assert_sound(store).await;
}

async fn people(store: &Store, ids: &[&str]) {
    commit(store, new_identities(ids)).await;
}

async fn listed(store: &Store) -> Vec<StoredRing> {
    store.rings(&team(), &RingFilter::default(), &all("r.id"), 1_000).await.unwrap().items
}

/// The members of every ring, by its id.
async fn rings(store: &Store) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for ring in listed(store).await {
        let mut members = store.ring_members(&team(), &ring.id).await.unwrap();
        members.sort();
        assert_eq!(members.len(), ring.size);
        found.insert(ring.id, members.into_iter().map(|(id, _)| id).collect::<Vec<_>>().join(""));
    }
    found
}

async fn members(store: &Store) -> Vec<String> {
    let mut found: Vec<String> = rings(store).await.into_values().collect();
    found.sort();
    found
}

fn decision(other: &str, verdict: Verdict) -> Decision {
    Decision {
        other_id: other.into(),
        verdict,
        note: Some("asked them".into()),
        decided_by: "ana".into(),
        decided_ms: 300,
    }
}

/// Everything that taking a decision back must restore.
async fn picture(store: &Store, ids: &[&str]) -> (Vec<StoredRing>, BTreeMap<String, String>, Vec<String>) {
    let mut held = listed(store).await;
    held.iter_mut().for_each(|ring| ring.updated_ms = 0);
    let mut links = Vec::new();
    for id in ids {
        links.push(format!("{:?}", store.links(&team(), id).await.unwrap()));
    }
    (held, rings(store).await, links)
}

async fn strong_pairs_make_rings_and_rings_grow_together(store: &Store) {
    people(store, &["a", "b", "c", "d", "e"]).await;
    commit(store, gain(&[("a", "b", 0.95), ("c", "d", 0.95), ("d", "e", 0.55)])).await;
    let before = rings(store).await;
    assert_eq!(members(store).await, ["ab", "cd"]);
    commit(store, gain(&[("c", "a", 0.91), ("e", "a", 0.92), ("b", "e", 0.93)])).await;
    let after = listed(store).await;
    assert_eq!(members(store).await, ["abcde"]);
    assert_eq!((after[0].size, after[0].pairs, after[0].created_ms, after[0].updated_ms), (5, 5, 50, 100));
    assert!(before.contains_key(&after[0].id));
    commit(store, gain(&[("b", "d", 0.99)])).await;
    assert_eq!(listed(store).await[0].pairs, 6, "a pair within makes it denser");
}

async fn a_ring_splits_when_a_link_goes_and_the_larger_part_keeps_its_id(store: &Store) {
    people(store, &["a", "b", "c", "d", "e"]).await;
    commit(store, gain(&[("a", "b", 0.95), ("b", "c", 0.95), ("c", "d", 0.95), ("d", "e", 0.95)])).await;
    let id = listed(store).await.remove(0).id;
    commit(store, lose(&[("c", "b")])).await;
    assert_eq!(members(store).await, ["ab", "cde"]);
    assert_eq!(rings(store).await[&id], "cde");
    commit(store, lose(&[("d", "c"), ("e", "d")])).await;
    assert_eq!(members(store).await, ["ab"]);
    commit(store, lose(&[("a", "b")])).await;
    assert_eq!(members(store).await, [""; 0]);
}

/// Whatever comes and goes, what is kept is what the engine makes of everything at once.
async fn rings_are_the_same_as_for_all_pairs_at_once(store: &Store) {
    let names: Vec<String> = (0..12).map(|n| format!("{}", (b'a' + n) as char)).collect();
    people(store, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    store.decide(&team(), "a", &decision("b", Verdict::Different)).await.unwrap().unwrap();
    store.decide(&team(), "h", &decision("c", Verdict::Different)).await.unwrap().unwrap();
    let different: BTreeSet<(String, String)> = [ordered("a", "b"), ordered("c", "h")].into();
    let mut linked: BTreeMap<(String, String), f64> = BTreeMap::new();
    let mut state = 42_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..60 {
        let pair = ordered(&names[random(12) as usize], &names[random(12) as usize]);
        if pair.0 == pair.1 || different.contains(&pair) {
            continue;
        }
        if linked.remove(&pair).is_some() {
            commit(store, lose(&[(&pair.0, &pair.1)])).await;
        } else {
            let probability = 0.9 + random(90) as f64 / 1000.0;
            commit(store, gain(&[(&pair.0, &pair.1, probability)])).await;
            linked.insert(pair, probability);
        }
        let pairs: Vec<StrongPair> =
            linked.iter().map(|((a, b), p)| StrongPair { a: a.clone(), b: b.clone(), probability: *p }).collect();
        let mut expected: Vec<(String, usize)> = ring::rings(&pairs, &different, RING_MEMBERS_MAX)
            .into_iter()
            .map(|ring| (ring.members.join(""), ring.pairs))
            .collect();
        expected.sort();
        let names = rings(store).await;
        let mut found: Vec<(String, usize)> =
            listed(store).await.into_iter().map(|ring| (names[&ring.id].clone(), ring.pairs)).collect();
        found.sort();
        assert_eq!(found, expected);
    }
}

async fn different_people_are_kept_apart_and_taking_back_restores(store: &Store) {
    let ids = ["a", "b", "c", "d"];
    people(store, &ids).await;
    commit(store, gain(&[("a", "b", 0.97), ("b", "c", 0.95), ("c", "d", 0.93), ("a", "c", 0.92), ("b", "d", 0.3)]))
        .await;
    let before = picture(store, &ids).await;
    let effect = store.decide(&team(), "c", &decision("b", Verdict::Different)).await.unwrap().unwrap();
    assert_sound(store).await;
    assert_eq!((effect.links_before.len(), effect.links_after.len()), (1, 0));
    assert_eq!((effect.rings_before.len(), effect.rings_after.len()), (1, 2));
    assert_eq!(members(store).await, ["ab", "cd"], "a goes with whom it is closer to");
    let held = store.link_decision(&team(), "b", "c").await.unwrap().unwrap();
    assert_eq!(
        (held.a_id.as_str(), held.verdict, held.evidence.len()),
        ("b", Verdict::Different, 1),
        "its evidence stays"
    );
    assert_eq!(store.due(300, 10).await.unwrap().len(), 2);
    // The evidence between others goes on changing rings, and those two stay apart.
    commit(store, gain(&[("b", "d", 0.99)])).await;
    assert_eq!(members(store).await, ["abd"]);
    commit(store, Commit { links: vec![strong("b", "d", 0.3)], ..lose(&[]) }).await;
    commit(store, Commit { rings: lose(&[("b", "d")]).rings, ..Commit::default() }).await;
    assert!(store.take_back(&team(), "b", "c", 400).await.unwrap());
    assert_sound(store).await;
    assert_eq!(picture(store, &ids).await, before);
    assert!(!store.take_back(&team(), "b", "c", 400).await.unwrap());
}

async fn the_same_person_is_certain_until_taken_back(store: &Store) {
    let ids = ["a", "b", "c", "d"];
    people(store, &ids).await;
    commit(store, gain(&[("a", "b", 0.97), ("c", "d", 0.95), ("b", "c", 0.998)])).await;
    commit(store, lose(&[("b", "c")])).await;
    commit(store, Commit { links: vec![strong("b", "c", 0.4)], ..Commit::default() }).await;
    let before = picture(store, &ids).await;
    store.decide(&team(), "c", &decision("b", Verdict::Same)).await.unwrap().unwrap();
    assert_sound(store).await;
    assert_eq!(members(store).await, ["abcd"]);
    let links = store.links(&team(), "b").await.unwrap();
    let of_c: Vec<(&str, f64)> = links
        .iter()
        .filter(|link| link.target_id == "c")
        .map(|link| (link.link_type.as_str(), link.probability))
        .collect();
    assert_eq!(of_c, [("SAME_PERSON", 1.0), ("SAME_DEVICE", 1.0)]);
    assert!(links.iter().any(|link| link.explanation.contains("ana decided")));
    let held = store.standings(&team(), &["b", "a"], 1_000).await.unwrap();
    assert_eq!(held["b"].standing.decisions, [decision("c", Verdict::Same)]);
    assert!(held["a"].standing.decisions.is_empty());
    store.take_back(&team(), "b", "c", 400).await.unwrap();
    assert_eq!(picture(store, &ids).await, before);
}

async fn deciding_anew_replaces_what_was_decided(store: &Store) {
    people(store, &["a", "b"]).await;
    commit(store, gain(&[("a", "b", 0.97)])).await;
    let before = picture(store, &["a", "b"]).await;
    for verdict in [Verdict::Different, Verdict::Same, Verdict::Same, Verdict::Different] {
        store.decide(&team(), "a", &decision("b", verdict)).await.unwrap().unwrap();
        let held = store.link_decision(&team(), "a", "b").await.unwrap().unwrap();
        assert_eq!((held.verdict, held.evidence.len()), (verdict, 1));
        assert_eq!(members(store).await.len(), usize::from(verdict == Verdict::Same));
    }
    store.take_back(&team(), "a", "b", 500).await.unwrap();
    assert_eq!(picture(store, &["a", "b"]).await, before);
}

async fn a_preview_changes_nothing(store: &Store) {
    people(store, &["a", "b", "c"]).await;
    commit(store, gain(&[("a", "b", 0.97), ("b", "c", 0.95)])).await;
    let before = picture(store, &["a", "b", "c"]).await;
    let due = store.next_due_ms().await.unwrap();
    for verdict in [Verdict::Different, Verdict::Same] {
        let seen = store.preview_decision(&team(), "a", &decision("b", verdict)).await.unwrap().unwrap();
        let kept: Vec<Vec<String>> = seen.rings_after.values().cloned().collect();
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].len(), if verdict == Verdict::Different { 2 } else { 3 });
        assert!(seen.rescored.contains("a") && seen.rescored.contains("b"));
    }
    assert_eq!(picture(store, &["a", "b", "c"]).await, before);
    assert_eq!(store.next_due_ms().await.unwrap(), due);
}

async fn only_known_identities_are_decided_about(store: &Store) {
    people(store, &["a", "b"]).await;
    assert_eq!(store.decide(&team(), "a", &decision("nobody", Verdict::Same)).await.unwrap(), None);
    assert_eq!(store.decide(&other_team(), "a", &decision("b", Verdict::Same)).await.unwrap(), None);
    assert!(!store.name_main_account(&team(), "a", "ana", 1).await.unwrap(), "it is in no ring");
    assert_eq!(store.link_decision(&team(), "a", "nobody").await.unwrap(), None);
}

async fn a_disregarded_member_leaves_its_ring(store: &Store) {
    people(store, &["a", "b", "c"]).await;
    commit(store, gain(&[("a", "b", 0.97), ("b", "c", 0.95)])).await;
    store.decide(&team(), "a", &decision("c", Verdict::Same)).await.unwrap().unwrap();
    store.set_identity_disregarded(&team(), "c", true, 400, nobody_told).await.unwrap();
    assert_sound(store).await;
    assert_eq!(members(store).await, ["ab"]);
    assert!(store.standings(&team(), &["a"], 500).await.unwrap()["a"].standing.decisions.is_empty());
    store.take_back(&team(), "a", "c", 500).await.unwrap();
    assert_eq!(members(store).await, ["ab"]);
    store.decide(&team(), "a", &decision("c", Verdict::Same)).await.unwrap().unwrap();
    assert_eq!(members(store).await, ["ab"], "whoever is disregarded is in no ring, even by decision");
    store.set_identity_disregarded(&team(), "b", true, 400, nobody_told).await.unwrap();
    assert_eq!(members(store).await, [""; 0]);
}

async fn members_are_scored_again_when_a_ring_is_of_another_order(store: &Store) {
    let ids = ["a", "b", "c", "d", "e", "f"];
    people(store, &ids).await;
    let due = async || store.due(1_000, 100).await.unwrap().len();
    commit(store, gain(&[("a", "b", 0.97), ("b", "c", 0.97), ("c", "d", 0.97)])).await;
    assert_eq!(due().await, 0, "four are a household");
    commit(store, gain(&[("d", "e", 0.97)])).await;
    assert_eq!(due().await, 5);
    commit(store, gain(&[("e", "f", 0.97)])).await;
    assert_eq!(due().await, 6, "the sixth learns of it, the others knew");
}

async fn a_main_account_is_excused_until_it_is_unnamed(store: &Store) {
    people(store, &["a", "b", "c"]).await;
    commit(store, gain(&[("a", "b", 0.97)])).await;
    assert!(store.name_main_account(&team(), "b", "ana", 1).await.unwrap());
    assert!(store.name_main_account(&team(), "a", "ana", 2).await.unwrap());
    assert_eq!(listed(store).await[0].main_id.as_deref(), Some("a"), "a ring has one");
    let held = store.standings(&team(), &["a", "b"], 1_000).await.unwrap();
    assert_eq!(held["a"].standing.excused, ["b".to_owned()].into());
    assert!(held["a"].standing.ring.as_ref().unwrap().is_main && !held["b"].standing.ring.as_ref().unwrap().is_main);
    assert!(held["b"].standing.excused.is_empty());
    store.request_assessment(&team(), &["a", "b", "c"], 90_000).await.unwrap();
    commit(store, gain(&[("c", "b", 0.97)])).await;
    let held = store.standings(&team(), &["a"], 1_000).await.unwrap();
    assert_eq!(held["a"].standing.excused.len(), 2);
    assert!(
        store.due(100, 10).await.unwrap().contains(&(team(), "a".to_owned())),
        "a newcomer concerns the main account"
    );
    assert!(store.unname_main_account(&team(), "a", 3).await.unwrap());
    assert!(!store.unname_main_account(&team(), "a", 3).await.unwrap());
    assert!(store.standings(&team(), &["a"], 1_000).await.unwrap()["a"].standing.excused.is_empty());
}

async fn a_ring_takes_no_more_than_it_may_hold(store: &Store) {
    let names: Vec<String> = (0..RING_MEMBERS_MAX + 3).map(|n| format!("m{n:04}")).collect();
    people(store, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let chain: Vec<(&str, &str, f64)> =
        names.windows(2).map(|pair| (pair[0].as_str(), pair[1].as_str(), 0.95)).collect();
    commit(store, gain(&chain[..RING_MEMBERS_MAX - 1])).await;
    assert_eq!((listed(store).await[0].size, listed(store).await[0].truncated), (RING_MEMBERS_MAX, false));
    commit(store, gain(&chain[RING_MEMBERS_MAX - 1..])).await;
    let held = listed(store).await;
    assert_eq!((held[0].size, held[0].truncated), (RING_MEMBERS_MAX, true));
    commit(store, lose(&[(&names[0], &names[1])])).await;
    assert!(listed(store).await.iter().all(|ring| ring.size <= RING_MEMBERS_MAX));
}

/// Thousands that hang together, as an attack leaves them, are several full rings; nobody is in two, whichever comes first.
async fn no_ring_is_too_large_however_many_hang_together(store: &Store) {
    const PEOPLE: usize = 3 * RING_MEMBERS_MAX;
    let names: Vec<String> = (0..PEOPLE).map(|n| format!("m{n:04}")).collect();
    people(store, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    // Each with one that came a little before, in an order without locality.
    let scattered = |n: usize| (n * 997) % PEOPLE;
    let pairs: Vec<(&str, &str, f64)> = (0..PEOPLE)
        .map(scattered)
        .filter(|n| *n > 0)
        .map(|n| (names[n - 1 - (n * 31) % n.min(40)].as_str(), names[n].as_str(), 0.95))
        .collect();
    let sizes = async || listed(store).await.into_iter().map(|ring| (ring.size, ring.truncated)).collect::<Vec<_>>();
    for some in pairs.chunks(250) {
        commit(store, gain(some)).await;
        assert!(sizes().await.iter().all(|(size, _)| *size <= RING_MEMBERS_MAX), "{:?}", sizes().await);
    }
    assert!(sizes().await.iter().any(|(_, truncated)| *truncated));
    for (a, b, _) in pairs.iter().step_by(200) {
        commit(store, lose(&[(a, b)])).await;
        assert!(sizes().await.iter().all(|(size, _)| *size <= RING_MEMBERS_MAX), "{:?}", sizes().await);
    }
    let members: Vec<usize> = sizes().await.into_iter().map(|(size, _)| size).collect();
    assert!(members.iter().sum::<usize>() > PEOPLE / 2, "{members:?}");
}

async fn a_ring_has_an_id_although_its_accounts_have_lent_theirs(store: &Store) {
    people(store, &["a", "b", "c", "d", "e", "f"]).await;
    let ring = |a, b, c| gain(&[(a, b, 0.95), (b, c, 0.95), (a, c, 0.95)]);
    commit(store, ring("a", "c", "d")).await;
    commit(store, ring("b", "e", "f")).await;
    commit(store, lose(&[("a", "c"), ("a", "d"), ("b", "e"), ("b", "f")])).await;
    let lent = rings(store).await;
    assert_eq!(lent.keys().collect::<BTreeSet<_>>(), BTreeSet::from([&ring::ring_id("a"), &ring::ring_id("b")]));
    commit(store, gain(&[("a", "b", 0.95)])).await;
    assert_eq!(members(store).await, ["ab", "cd", "ef"]);
}

async fn rings_are_listed_by_every_sort_and_filter(store: &Store) {
    people(store, &["a", "b", "c", "d", "e"]).await;
    commit(store, gain(&[("a", "b", 0.97), ("c", "d", 0.95), ("d", "e", 0.95)])).await;
    let large = listed(store).await.into_iter().find(|ring| ring.size == 3).unwrap();
    commit(store, Commit { ring_risks: BTreeMap::from([(large.id.clone(), 70)]), ..Commit::default() }).await;
    let by = async |filter: RingFilter, sort| {
        let mut query = all(sort);
        query.order = dregs_store::Order::Desc;
        let page = store.rings(&team(), &filter, &query, 1_000).await.unwrap();
        assert_eq!(page.items.len() as u64, page.total);
        page.items.iter().map(|ring| ring.size).collect::<Vec<_>>()
    };
    for (name, sort) in RING_SORTS {
        assert_eq!(by(RingFilter::default(), sort).await.len(), 2, "{name}");
    }
    assert_eq!(by(RingFilter::default(), "r.risk").await, [3, 2]);
    assert_eq!(by(RingFilter::default(), "growth").await, [3, 2]);
    assert_eq!(by(RingFilter { min_size: Some(3), ..RingFilter::default() }, "r.size").await, [3]);
    assert_eq!(by(RingFilter { identity: Some("a".into()), ..RingFilter::default() }, "r.size").await, [2]);
    let found = store.ring(&team(), &large.id, 1_000).await.unwrap().unwrap();
    assert_eq!((found.risk, found.growth, found.main_id), (70, 3, None));
    let later = store.ring(&team(), &large.id, 8 * 86_400_000).await.unwrap().unwrap();
    assert_eq!(later.growth, 0, "a week later nobody is a newcomer");
    assert_eq!(store.ring(&other_team(), &large.id, 1_000).await.unwrap(), None);
}

async fn decisions_are_listed_by_every_sort_and_filter(store: &Store) {
    people(store, &["a", "b", "c"]).await;
    store.decide(&team(), "a", &decision("b", Verdict::Different)).await.unwrap().unwrap();
    store.decide(&team(), "c", &decision("b", Verdict::Same)).await.unwrap().unwrap();
    let count = async |filter: LinkDecisionFilter, sort| {
        store.link_decisions(&team(), &filter, &all(sort)).await.unwrap().items.len()
    };
    for (name, sort) in LINK_DECISION_SORTS {
        assert_eq!(count(LinkDecisionFilter::default(), sort).await, 2, "{name}");
    }
    let of = |id: &str| LinkDecisionFilter { identity: Some(id.into()), ..LinkDecisionFilter::default() };
    assert_eq!((count(of("a"), "d.decided_ms").await, count(of("b"), "d.decided_ms").await), (1, 2));
    let same = LinkDecisionFilter { verdict: Some(Verdict::Same), ..LinkDecisionFilter::default() };
    assert_eq!(count(same, "d.decided_ms").await, 1);
}

async fn a_graph_is_walked_strongest_first(store: &Store) {
    people(store, &["a", "b", "c", "d"]).await;
    commit(store, gain(&[("a", "b", 0.97), ("b", "c", 0.5), ("c", "d", 0.95), ("a", "d", 0.2)])).await;
    let shown = async |hops, min| {
        let graph = store.graph(&team(), "a", hops, min).await.unwrap();
        (graph.nodes.into_keys().collect::<String>(), graph.edges.len(), graph.truncated)
    };
    assert_eq!(shown(1, 0.0).await, ("abd".into(), 2, false));
    assert_eq!(shown(2, 0.3).await, ("abc".into(), 2, false));
    assert_eq!(shown(2, 0.0).await, ("abcd".into(), 4, false), "links among the outermost are drawn too");
    assert_eq!(store.graph(&other_team(), "a", 2, 0.0).await.unwrap().nodes.len(), 1);
    let nodes = store.nodes(&team(), &set(&["a", "b", "x"])).await.unwrap();
    assert!(nodes.len() == 2 && nodes[0].ring_id.is_some() && nodes[0].ring_id == nodes[1].ring_id);
}

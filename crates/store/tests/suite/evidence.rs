//! Keys and their holders, candidates, cycles, links, badges, and what disregarding does to them.

use super::support::*;
use dregs_engine::limits::CROWD_SAMPLE;
use dregs_engine::linkage::{KeyKind, LinkType, SharedKey};
use dregs_engine::profile::Seen;
use dregs_engine::rules::Delayed;
use dregs_engine::rules::badge::{Badge, Held};
use dregs_store::{Commit, CycleEvidence, LoadRequest, Store};
use std::collections::{BTreeMap, BTreeSet};

on_both!(
    an_identity_holds_a_key_once,
    sightings_of_a_key_widen_what_was_seen,
    a_key_of_one_identity_offers_nobody_else,
    a_common_key_offers_a_sample,
    a_popular_address_offers_nobody,
    a_disregarded_device_is_told_from_others,
    a_disregarded_identity_counts_for_nothing_until_it_is_back,
    keys_of_a_disregarded_identity_count_once_it_is_back,
    a_key_that_is_given_up_has_a_holder_less,
    devices_of_a_disregarded_identity_are_nobodys_evidence,
    disregarding_asks_those_who_share_something_for_an_assessment,
    disregarding_asks_those_for_whom_something_becomes_uncommon,
    disregarding_drops_links_and_badges,
    disregarding_twice_changes_nothing,
    disregarding_a_device_asks_its_owners_for_an_assessment,
    a_cycle_is_read_with_its_evidence,
    old_cycles_lose_their_evidence_and_then_their_scores,
    a_link_is_seen_from_both_sides,
    a_link_written_from_both_sides_is_one,
    a_link_that_is_gone_is_gone_for_both,
    the_strongest_link_comes_first,
    badges_are_replaced_and_those_to_come_are_not_shown,
);

async fn commit(store: &Store, commit: Commit) {
    store.commit(&team(), &commit).await.unwrap();
}

async fn hold(store: &Store, owners: &[&str], kind: KeyKind, key: &str) {
    let keys = owners.iter().map(|owner| holds(owner, kind, key)).collect();
    commit(store, Commit { keys, ..new_identities(owners) }).await;
}

async fn shared(store: &Store, kind: KeyKind, key: &str) -> Option<SharedKey> {
    let found = store.candidates(&team(), &BTreeMap::from([((kind, key), true)])).await.unwrap();
    assert!(found.keys().all(|(held_kind, held)| (*held_kind, held.as_str()) == (kind, key)));
    let mut held = found.into_values().next()?;
    // Holders come in no promised order.
    held.peers.sort_by(|a, b| a.identity_id.cmp(&b.identity_id));
    Some(held)
}

fn owners(shared: &SharedKey) -> Vec<&str> {
    let mut owners: Vec<&str> = shared.peers.iter().map(|peer| peer.identity_id.as_str()).collect();
    owners.sort_unstable();
    owners
}

async fn an_identity_holds_a_key_once(store: &Store) {
    hold(store, &["a", "b"], KeyKind::Device, "fp").await;
    let again =
        vec![holds("a", KeyKind::Device, "fp"), holds("a", KeyKind::Device, "fp"), holds("a", KeyKind::Ip, "fp")];
    commit(store, Commit { keys: again, ..Commit::default() }).await;
    let held = shared(store, KeyKind::Device, "fp").await.unwrap();
    assert_eq!((held.holders, owners(&held)), (2, vec!["a", "b"]));
    assert_sound(store).await;
}

async fn sightings_of_a_key_widen_what_was_seen(store: &Store) {
    hold(store, &["a", "b"], KeyKind::Session, "s").await;
    let mut keys: Vec<_> = (0..3).map(|_| holds("a", KeyKind::Session, "s")).collect();
    keys[0].key.seen = Seen { first_ms: 9, last_ms: 20, count: 4 };
    keys[1].key.seen = Seen { first_ms: 1, last_ms: 3, count: 2 };
    commit(store, Commit { keys, ..Commit::default() }).await;
    let held = shared(store, KeyKind::Session, "s").await.unwrap();
    let seen: BTreeMap<_, _> = held.peers.iter().map(|peer| (peer.identity_id.as_str(), peer.seen)).collect();
    assert_eq!(seen["a"], Seen { first_ms: 1, last_ms: 20, count: 4 });
    assert_eq!(seen["b"], Seen::at(5));
}

async fn a_key_of_one_identity_offers_nobody_else(store: &Store) {
    hold(store, &["a"], KeyKind::Email, "mail").await;
    let held = shared(store, KeyKind::Email, "mail").await.unwrap();
    assert_eq!((held.holders, owners(&held)), (1, vec!["a"]));
    assert_eq!(shared(store, KeyKind::Email, "unknown").await, None);
    // Who holds it already and finds no counter need not look for others.
    let again = store.candidates(&team(), &BTreeMap::from([((KeyKind::Email, "mail"), false)])).await.unwrap();
    assert!(again.is_empty());
    hold(store, &["b"], KeyKind::Email, "mail").await;
    let again = store.candidates(&team(), &BTreeMap::from([((KeyKind::Email, "mail"), false)])).await.unwrap();
    assert_eq!(owners(again.values().next().unwrap()), ["a", "b"]);
    assert!(store.candidates(&team(), &BTreeMap::new()).await.unwrap().is_empty());
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{prefix}{n:03}")).collect()
}

async fn hold_many(store: &Store, count: usize, kind: KeyKind, key: &str) {
    let names = names("u", count);
    hold(store, &names.iter().map(String::as_str).collect::<Vec<_>>(), kind, key).await;
}

async fn a_common_key_offers_a_sample(store: &Store) {
    hold_many(store, 64, KeyKind::Phone, "rare").await;
    let keys = names("u", 64)
        .iter()
        .map(|id| holds(id, KeyKind::Device, "fp"))
        .chain([holds("v", KeyKind::Device, "fp")])
        .collect();
    commit(store, Commit { keys, ..new_identities(&["v"]) }).await;
    let rare = shared(store, KeyKind::Phone, "rare").await.unwrap();
    let common = shared(store, KeyKind::Device, "fp").await.unwrap();
    assert_eq!((rare.holders, rare.peers.len()), (64, 64));
    assert_eq!((common.holders, common.peers.len()), (65, CROWD_SAMPLE));
}

async fn a_popular_address_offers_nobody(store: &Store) {
    hold_many(store, 65, KeyKind::Ip, "192.0.2.1").await;
    let held = shared(store, KeyKind::Ip, "192.0.2.1").await.unwrap();
    assert_eq!((held.holders, held.peers.len()), (65, 0));
}

async fn a_disregarded_device_is_told_from_others(store: &Store) {
    commit(store, Commit { devices: vec![device("fp", 1), device("other", 1)], ..Commit::default() }).await;
    let disregarded = async || store.disregarded_devices(&team(), &set(&["fp", "other", "unknown"])).await.unwrap();
    assert_eq!(disregarded().await, BTreeSet::new());
    assert!(store.set_device_disregarded(&team(), "fp", true, 7).await.unwrap());
    assert_eq!(disregarded().await, owned(&["fp"]));
    commit(store, Commit { devices: vec![device("fp", 2)], ..Commit::default() }).await;
    assert!(store.device(&team(), "fp").await.unwrap().unwrap().disregarded, "another sighting does not bring it back");
    assert!(store.set_device_disregarded(&team(), "fp", false, 8).await.unwrap());
    assert_eq!(disregarded().await, BTreeSet::new());
}

async fn a_disregarded_identity_counts_for_nothing_until_it_is_back(store: &Store) {
    hold(store, &["a", "b", "c"], KeyKind::Device, "fp").await;
    let before = shared(store, KeyKind::Device, "fp").await;
    assert!(store.set_identity_disregarded(&team(), "a", true, 7, nobody_told).await.unwrap());
    let without = shared(store, KeyKind::Device, "fp").await.unwrap();
    assert_eq!((without.holders, owners(&without)), (2, vec!["b", "c"]));
    assert_sound(store).await;
    let request = LoadRequest { identities: set(&["a"]), ..LoadRequest::default() };
    let held = store.load(&team(), &request).await.unwrap();
    assert!(held.profiles["a"].disregarded && held.profiles["a"].version == 2);
    assert!(store.set_identity_disregarded(&team(), "a", false, 8, nobody_told).await.unwrap());
    assert_eq!(shared(store, KeyKind::Device, "fp").await, before);
    assert_sound(store).await;
}

async fn keys_of_a_disregarded_identity_count_once_it_is_back(store: &Store) {
    hold(store, &["a", "b"], KeyKind::Ip, "192.0.2.9").await;
    store.set_identity_disregarded(&team(), "a", true, 7, nobody_told).await.unwrap();
    let mut seen = vec![holds("a", KeyKind::Device, "fp"), holds("a", KeyKind::Ip, "192.0.2.9")];
    seen.iter_mut().for_each(|write| write.disregarded = true);
    commit(store, Commit { keys: seen, ..Commit::default() }).await;
    commit(store, Commit { keys: vec![holds("b", KeyKind::Device, "fp")], ..Commit::default() }).await;
    let without = shared(store, KeyKind::Device, "fp").await.unwrap();
    assert_eq!((without.holders, owners(&without)), (1, vec!["b"]));
    assert_sound(store).await;
    store.set_identity_disregarded(&team(), "a", false, 8, nobody_told).await.unwrap();
    assert_eq!(shared(store, KeyKind::Device, "fp").await.unwrap().holders, 2);
    assert_eq!(shared(store, KeyKind::Ip, "192.0.2.9").await.unwrap().holders, 2);
    assert_sound(store).await;
}

async fn a_key_that_is_given_up_has_a_holder_less(store: &Store) {
    hold(store, &["a", "b", "c"], KeyKind::Behavior, "opening").await;
    store.set_identity_disregarded(&team(), "c", true, 7, nobody_told).await.unwrap();
    let gone = |id: &str| (id.to_owned(), KeyKind::Behavior, "opening".to_owned());
    commit(store, Commit { keys_gone: vec![gone("a"), gone("c"), gone("nobody")], ..Commit::default() }).await;
    let held = shared(store, KeyKind::Behavior, "opening").await.unwrap();
    assert_eq!((held.holders, owners(&held)), (1, vec!["b"]));
    assert_sound(store).await;
    commit(store, Commit { keys: vec![holds("a", KeyKind::Behavior, "opening")], ..Commit::default() }).await;
    assert_eq!(shared(store, KeyKind::Behavior, "opening").await.unwrap().holders, 2);
    assert_sound(store).await;
}

async fn devices_of_a_disregarded_identity_are_nobodys_evidence(store: &Store) {
    hold(store, &["a", "b", "c"], KeyKind::Device, "fp").await;
    commit(store, Commit { devices: vec![device("fp", 1)], ..Commit::default() }).await;
    let disregarded = async || store.disregarded_devices(&team(), &set(&["fp"])).await.unwrap();
    store.set_identity_disregarded(&team(), "a", true, 7, nobody_told).await.unwrap();
    assert_eq!(disregarded().await, owned(&["fp"]));
    assert!(!store.device(&team(), "fp").await.unwrap().unwrap().disregarded, "the device itself is not");
    store.set_identity_disregarded(&team(), "a", false, 8, nobody_told).await.unwrap();
    assert_eq!(disregarded().await, BTreeSet::new());
}

async fn due(store: &Store, now_ms: i64) -> BTreeSet<String> {
    store.due(now_ms, 1000).await.unwrap().into_iter().map(|(_, id)| id).collect()
}

fn owned(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

async fn disregarding_asks_those_who_share_something_for_an_assessment(store: &Store) {
    hold(store, &["a", "b"], KeyKind::Device, "fp").await;
    hold(store, &["c", "d"], KeyKind::Device, "elsewhere").await;
    store.set_identity_disregarded(&team(), "a", true, 7, nobody_told).await.unwrap();
    assert_eq!(due(store, 7).await, owned(&["a", "b"]));
}

async fn disregarding_asks_those_for_whom_something_becomes_uncommon(store: &Store) {
    hold_many(store, 65, KeyKind::Phone, "crowded").await;
    store.set_identity_disregarded(&team(), "u000", true, 7, nobody_told).await.unwrap();
    assert_eq!(due(store, 7).await.len(), 65);
}

async fn disregarding_drops_links_and_badges(store: &Store) {
    let links = vec![link("a", "b", 0.9), link("c", "a", 0.8), link("b", "c", 0.7)];
    let mut held = badges("a", &[badge("bot", 1)]);
    held.extend(badges("b", &[badge("bot", 1)]));
    commit(store, Commit { links, badges: held, ..new_identities(&["a", "b", "c"]) }).await;
    store.set_identity_disregarded(&team(), "a", true, 7, nobody_told).await.unwrap();
    assert!(store.links(&team(), "a").await.unwrap().is_empty());
    assert_eq!(store.links(&team(), "b").await.unwrap().len(), 1);
    assert!(store.identity(&team(), "a").await.unwrap().unwrap().badges.is_empty());
    assert_eq!(store.identity(&team(), "b").await.unwrap().unwrap().badges.len(), 1);
}

async fn disregarding_twice_changes_nothing(store: &Store) {
    hold(store, &["a", "b", "c"], KeyKind::Device, "fp").await;
    for disregarded in [true, true, false, false, true] {
        assert!(store.set_identity_disregarded(&team(), "a", disregarded, 7, nobody_told).await.unwrap());
        assert_sound(store).await;
    }
    assert_eq!(shared(store, KeyKind::Device, "fp").await.unwrap().holders, 2);
    assert!(!store.set_identity_disregarded(&team(), "unknown", true, 7, nobody_told).await.unwrap());
    assert!(!store.set_identity_disregarded(&other_team(), "b", true, 7, nobody_told).await.unwrap());
}

async fn disregarding_a_device_asks_its_owners_for_an_assessment(store: &Store) {
    hold(store, &["a", "b"], KeyKind::Device, "fp").await;
    hold(store, &["c"], KeyKind::Session, "fp").await;
    assert!(
        !store.set_device_disregarded(&team(), "fp", true, 3).await.unwrap(),
        "only the key is known, not the device"
    );
    commit(store, Commit { devices: vec![device("fp", 1)], ..Commit::default() }).await;
    assert!(store.set_device_disregarded(&team(), "fp", true, 3).await.unwrap());
    assert_eq!(due(store, 3).await, owned(&["a", "b"]));
    assert!(!store.set_device_disregarded(&other_team(), "fp", true, 3).await.unwrap());
}

async fn a_cycle_is_read_with_its_evidence(store: &Store) {
    let mut second = cycle("a", 20, 2);
    let evidence = CycleEvidence { snapshot: Default::default(), assessment: Default::default() };
    second.evidence = CycleEvidence::pack(&evidence.snapshot, &evidence.assessment).unwrap();
    commit(store, Commit { cycles: vec![cycle("a", 10, 1), second, cycle("b", 30, 1)], ..new_identities(&["a", "b"]) })
        .await;
    let latest = store.cycle(&team(), "a", None).await.unwrap().unwrap();
    assert_eq!(
        (latest.id, latest.identity_id.as_str(), latest.scores),
        (20, "a", [Some(10), None, Some(100), Some(0)])
    );
    assert_eq!((latest.event_count, latest.device_count, latest.started_ms, latest.finished_ms), (3, 2, 200, 205));
    assert_eq!((latest.duration_ms, latest.engine_version, latest.pack.as_str()), (5, 7, "pack-1"));
    assert_eq!(latest.evidence, Some(evidence));
    assert_eq!(store.cycle(&team(), "a", Some(10)).await.unwrap().unwrap().id, 10);
    assert_eq!(store.cycle(&team(), "a", Some(30)).await.unwrap(), None);
    assert_eq!(store.cycle(&team(), "nobody", None).await.unwrap(), None);
    let history = store.history(&team(), "a", 10).await.unwrap();
    assert_eq!(history.iter().map(|held| (held.id, held.finished_ms)).collect::<Vec<_>>(), [(20, 205), (10, 105)]);
    assert_eq!(store.history(&team(), "a", 1).await.unwrap().len(), 1);
    assert_eq!(store.cycle_ids(2).await.unwrap(), [(team(), "b".to_owned(), 30), (team(), "a".to_owned(), 20)]);
    let (found_team, found) = store.find_cycle(30).await.unwrap().unwrap();
    assert_eq!((found_team, found.identity_id.as_str()), (team(), "b"));
    assert!(store.find_cycle(31).await.unwrap().is_none());
}

async fn old_cycles_lose_their_evidence_and_then_their_scores(store: &Store) {
    commit(store, new_identities(&["a", "b"])).await;
    commit(store, Commit { cycles: vec![cycle("b", 1, 1)], ..Commit::default() }).await;
    let cycles: Vec<_> = (1..=512).map(|n| cycle("a", n + 1, n)).collect();
    commit(store, Commit { cycles, ..Commit::default() }).await;
    let history = store.history(&team(), "a", 1000).await.unwrap();
    assert_eq!((history.len(), history[0].id), (500, 513));
    let with_evidence = async |id| store.cycle(&team(), "a", Some(id)).await.unwrap().unwrap().evidence.is_some();
    assert!(with_evidence(513).await && with_evidence(464).await);
    assert!(!with_evidence(463).await);
    assert!(store.cycle(&team(), "b", None).await.unwrap().unwrap().evidence.is_some(), "others keep theirs");
}

async fn a_link_is_seen_from_both_sides(store: &Store) {
    let mut named = new_identities(&["a", "b"]);
    named.identities[1].display_email = Some("b@example.org".into());
    commit(store, Commit { links: vec![link("b", "a", 0.9)], ..named }).await;
    let of_a = store.links(&team(), "a").await.unwrap().remove(0);
    let of_b = store.links(&team(), "b").await.unwrap().remove(0);
    assert_eq!((of_a.target_id.as_str(), of_a.target_name.as_deref()), ("b", Some("b@example.org")));
    assert_eq!((of_b.target_id.as_str(), of_b.target_name.as_deref()), ("a", None));
    assert_eq!((of_a.value, of_a.confidence, of_a.created_ms, of_a.link_type.as_str()), (0.9, 0.75, 50, "SAME_DEVICE"));
    assert_eq!((of_a.explanation.as_str(), &of_a.metadata), ("the same device", &link("b", "a", 0.9).link.metadata));
    let held = store.held_links(&team(), &["a", "b", "c"]).await.unwrap();
    let place = |target: &str| (target.to_owned(), "SAME_DEVICE".to_owned());
    assert_eq!(held["a"], BTreeMap::from([(place("b"), (0.8, 50))]));
    assert_eq!(held["b"], BTreeMap::from([(place("a"), (0.8, 50))]));
    assert!(!held.contains_key("c"));
}

async fn a_link_written_from_both_sides_is_one(store: &Store) {
    commit(store, Commit { links: vec![link("a", "b", 0.4), link("b", "a", 0.6)], ..new_identities(&["a", "b"]) })
        .await;
    let mut stronger = link("b", "a", 1.0);
    stronger.created_ms = 99;
    commit(store, Commit { links: vec![stronger], ..Commit::default() }).await;
    let held = store.links(&team(), "a").await.unwrap();
    assert_eq!((held.len(), held[0].value, held[0].created_ms), (1, 1.0, 50));
}

async fn a_link_that_is_gone_is_gone_for_both(store: &Store) {
    commit(store, Commit { links: vec![link("a", "b", 0.4), link("a", "c", 0.4)], ..new_identities(&["a", "b", "c"]) })
        .await;
    let gone = vec![("a".into(), "b".into(), LinkType::SameDevice), ("a".into(), "c".into(), LinkType::SharedIp)];
    commit(store, Commit { links_gone: gone, ..Commit::default() }).await;
    assert!(store.links(&team(), "b").await.unwrap().is_empty());
    assert_eq!(store.links(&team(), "a").await.unwrap()[0].target_id, "c");
}

async fn the_strongest_link_comes_first(store: &Store) {
    let links = vec![link("m", "a", 0.25), link("m", "z", 0.75), link("m", "b", 0.25)];
    commit(store, Commit { links, ..new_identities(&["a", "b", "m", "z"]) }).await;
    let held = store.links(&team(), "m").await.unwrap();
    assert_eq!(held.iter().map(|link| link.target_id.as_str()).collect::<Vec<_>>(), ["z", "a", "b"]);
}

async fn badges_are_replaced_and_those_to_come_are_not_shown(store: &Store) {
    let to_come = Delayed { on: false, turning_ms: Some(7) };
    let first = vec![badge("old", 1), badge("kept", 2), Badge { state: to_come, ..badge("coming", 3) }];
    let mut all = badges("a", &first);
    all.extend(badges("b", &[badge("old", 1)]));
    commit(store, Commit { badges: all, ..new_identities(&["a", "b"]) }).await;
    let held = store.held_badges(&team(), &["a", "nobody"]).await.unwrap();
    let on = Delayed { on: true, turning_ms: None };
    assert_eq!(
        held["a"].held,
        Held::from([("old".into(), (on, 1)), ("kept".into(), (on, 2)), ("coming".into(), (to_come, 3))])
    );
    let shown = async |id: &str| store.identity(&team(), id).await.unwrap().unwrap().badges;
    assert_eq!(shown("a").await.iter().map(|badge| badge.slug.as_str()).collect::<Vec<_>>(), ["old", "kept"]);

    let kept = Badge { explanation: "still".into(), priority: 5, rule_id: Some("9".into()), ..badge("kept", 2) };
    commit(store, Commit { badges: badges("a", &[badge("new", 1), kept.clone()]), ..Commit::default() }).await;
    assert_eq!(shown("a").await, [kept, badge("new", 1)], "higher priority first");
    assert_eq!(shown("b").await.len(), 1);
    commit(store, Commit { badges: badges("a", &[]), ..Commit::default() }).await;
    assert!(shown("a").await.is_empty());
}

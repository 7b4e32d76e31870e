//! Whom the identities of a batch are compared with, and what is written of the outcome.
//!
//! However many hold a key or are linked to an identity, a cycle compares it with a bounded number of them.

use crate::jobs::faces::Faces;
use crate::jobs::pipeline::{Work, Works};
use crate::jobs::strong_pairs::{self, Strengths};
use crate::lists::TeamLists;
use dregs_engine::limits::{CROWD_SAMPLE, LINKED_MAX};
use dregs_engine::linkage::ring::is_strong;
use dregs_engine::linkage::{self, Card, Key, KeyKind, Link, LinkType, Peer, SharedKey};
use dregs_engine::mapping::{Field, display_name};
use dregs_store::{Commit, HeldLinks, KeyWrite, LinkWrite, Result, Store, TeamId};
use std::collections::{BTreeMap, BTreeSet};

/// A link that grew or shrank by this much makes the other side's scores worth computing again.
const LINK_CHANGE_MIN: f64 = 0.1;
/// A change smaller than this is not written.
const LINK_CHANGE_WRITTEN: f64 = 0.005;
/// Other identities that one cycle may send to be scored again.
const PEERS_RESCORED_MAX: usize = 16;
/// Below this strength a link moves nobody's score.
const LINK_VALUE_FELT: f64 = 0.3;
/// When an address was last seen is written once in this time, not at every event.
const KEY_REFRESH_MS: i64 = 24 * 60 * 60 * 1000;

/// Stored links of each identity of a batch.
pub type Held = BTreeMap<String, HeldLinks>;
type SharedKeys = BTreeMap<(KeyKind, String), SharedKey>;

/// Whom each identity of a batch is compared with.
pub struct Candidates {
    /// What each shares with others, who are its candidates.
    shared: BTreeMap<String, Vec<SharedKey>>,
    /// Everyone who is compared.
    pub cards: BTreeMap<String, Card>,
}

impl Candidates {
    /// What `id` shares with others. Can be taken once.
    pub fn take(&mut self, id: &str) -> Vec<SharedKey> {
        self.shared.remove(id).unwrap_or_default()
    }
}

pub struct Linker {
    store: Store,
    faces: Faces,
}

impl Linker {
    pub fn new(store: Store) -> Self {
        Linker { store, faces: Faces::default() }
    }

    /// Forgets the names and addresses that were compared.
    pub fn forget_people(&self) {
        self.faces.forget();
    }

    /// Finds the candidates of a batch. What is `held` of links that are too many to be compared again is taken out of it:
    /// they stay as they are.
    pub async fn candidates(
        &self,
        team: &TeamId,
        works: &mut Works,
        held: &mut Held,
        lists: &TeamLists,
    ) -> Result<Candidates> {
        let keys = self.shared_keys(team, works).await?;
        let shared_by = |(id, work): (&String, &Work)| (id.clone(), shared_by(id, &work.keys, &keys));
        let mut shared: BTreeMap<String, Vec<SharedKey>> = works.iter().map(shared_by).collect();
        lists.mark(shared.values_mut().flatten());
        for (id, work) in works.iter_mut() {
            work.trace.company = shared.get(id).is_some_and(|keys| linkage::has_company(&work.trace, keys));
        }
        self.add_linked(team, &mut shared, held).await?;
        let cards = self.cards(team, works, &shared, lists).await?;
        Ok(Candidates { shared, cards })
    }

    /// Everything this batch's identities share, with the batch itself laid over what the store knows: two newcomers on
    /// one device see each other although neither is written yet.
    async fn shared_keys(&self, team: &TeamId, works: &Works) -> Result<SharedKeys> {
        let mut wanted: BTreeMap<(KeyKind, &str), bool> = BTreeMap::new();
        for work in works.values() {
            for key in &work.keys {
                *wanted.entry((key.kind, &key.key)).or_default() |= key.among(&work.keys_before).is_none();
            }
        }
        if wanted.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut shared = self.store.candidates(team, &wanted).await?;
        for (id, work) in works.iter().filter(|(_, work)| !work.stored.disregarded) {
            for key in &work.keys {
                let entry = shared.entry((key.kind, key.key.clone())).or_insert_with(|| SharedKey {
                    kind: key.kind,
                    key: key.key.clone(),
                    ..SharedKey::default()
                });
                entry.holders += u64::from(key.among(&work.keys_before).is_none());
                // The store's come first, and each of the batch comes once.
                let stored = entry.peers.iter_mut().take(key.kind.candidates_max());
                match stored.into_iter().find(|peer| peer.identity_id == *id) {
                    Some(peer) => peer.seen = key.seen,
                    None => entry.peers.push(Peer { identity_id: id.clone(), seen: key.seen }),
                }
            }
        }
        shared.retain(|_, held| held.holders > 1);
        self.drop_disregarded(team, &mut shared).await?;
        shared.values_mut().filter(|held| held.is_popular()).for_each(|held| held.peers.sort_by(in_order_of_arrival));
        Ok(shared)
    }

    /// A disregarded device is nobody's evidence.
    async fn drop_disregarded(&self, team: &TeamId, shared: &mut SharedKeys) -> Result<()> {
        let devices = shared.keys().filter(|(kind, _)| *kind == KeyKind::Device);
        let devices: BTreeSet<&str> = devices.map(|(_, key)| key.as_str()).collect();
        if devices.is_empty() {
            return Ok(());
        }
        for fingerprint in self.store.disregarded_devices(team, &devices).await? {
            shared.remove(&(KeyKind::Device, fingerprint));
        }
        Ok(())
    }

    /// Of a popular key only some holders are candidates. Those who are linked already are compared again all the same: the
    /// most probable of them, if they are many. And of everyone who is compared all that both hold counts, however popular:
    /// what a pair comes to must not depend on how it was found, or two would be linked and parted in turn for ever.
    async fn add_linked(
        &self,
        team: &TeamId,
        shared: &mut BTreeMap<String, Vec<SharedKey>>,
        held: &mut Held,
    ) -> Result<()> {
        for (id, links) in held.iter_mut() {
            leave_distant(links, &peers_of(shared.get(id).map_or(&[], Vec::as_slice)));
        }
        let mut asked: BTreeMap<(KeyKind, &str, &str), Vec<&str>> = BTreeMap::new();
        for (id, keys) in shared.iter() {
            let mut others = peers_of(keys);
            others.extend(held.get(id).into_iter().flat_map(|links| links.keys()).map(|(target, _)| target.as_str()));
            for key in keys.iter().filter(|key| key.is_popular()) {
                let listed = |other: &str| key.peers.iter().any(|peer| peer.identity_id == other);
                for other in others.iter().filter(|other| !listed(other)) {
                    asked.entry((key.kind, &key.key, other)).or_default().push(id);
                }
            }
        }
        let mut found: Vec<(String, KeyKind, String, Peer)> = Vec::new();
        for (kind, key, peer) in self.store.holders_among(team, &asked.keys().copied().collect::<Vec<_>>()).await? {
            let askers = asked.get(&(kind, key.as_str(), peer.identity_id.as_str())).into_iter().flatten();
            found.extend(askers.map(|id| ((*id).to_owned(), kind, key.clone(), peer.clone())));
        }
        for (id, kind, key, peer) in found {
            let keys = shared.get_mut(&id).into_iter().flatten();
            keys.filter(|held| held.kind == kind && held.key == key).for_each(|held| held.peers.push(peer.clone()));
        }
        Ok(())
    }

    /// The cards of everyone who is compared, the batch's own as they are after it.
    async fn cards(
        &self,
        team: &TeamId,
        works: &Works,
        shared: &BTreeMap<String, Vec<SharedKey>>,
        lists: &TeamLists,
    ) -> Result<BTreeMap<String, Card>> {
        let peers = shared.values().flatten().flat_map(|held| &held.peers);
        let others: BTreeSet<&str> =
            peers.map(|peer| peer.identity_id.as_str()).filter(|id| !works.contains_key(*id)).collect();
        let mut cards = match others.is_empty() {
            true => BTreeMap::new(),
            false => self.store.cards(team, &others, |name, email| self.faces.of(name, email, lists)).await?,
        };
        cards.extend(works.iter().map(|(id, work)| (id.clone(), self.card(id, work, lists))));
        Ok(cards)
    }

    fn card(&self, id: &str, work: &Work, lists: &TeamLists) -> Card {
        let profile = &work.stored.profile;
        let created_ms =
            if work.is_new { work.received_ms.unwrap_or(profile.first_ms) } else { work.stored.created_ms };
        let face = self.faces.of(display_name(&work.fields), work.fields.get(&Field::Email).cloned(), lists);
        let last_ms = Some(profile.last_ms).filter(|ms| *ms > 0);
        Card::new(id.to_owned(), face, created_ms, last_ms, work.trace.clone())
    }
}

fn in_order_of_arrival(a: &Peer, b: &Peer) -> std::cmp::Ordering {
    (a.seen.first_ms, &a.identity_id).cmp(&(b.seen.first_ms, &b.identity_id))
}

/// The keys of one identity that others hold too, each with the others alone as peers. Of a popular one these are who came
/// just before and after: a batch of strangers of one hour would all be compared with each other, or all with the same few.
fn shared_by(id: &str, keys: &[Key], shared: &SharedKeys) -> Vec<SharedKey> {
    let of = |key: &Key| {
        let found = shared.get(&(key.kind, key.key.clone()))?;
        let peers = if found.is_popular() { neighbours(id, key.seen.first_ms, &found.peers) } else { &found.peers };
        Some(SharedKey {
            seen: key.seen,
            peers: peers.iter().filter(|peer| peer.identity_id != id).cloned().collect(),
            kind: key.kind,
            key: key.key.clone(),
            holders: found.holders,
            public: false,
        })
    };
    keys.iter().filter_map(of).collect()
}

fn peers_of(keys: &[SharedKey]) -> BTreeSet<&str> {
    keys.iter().flat_map(|key| &key.peers).map(|peer| peer.identity_id.as_str()).collect()
}

/// Those of `peers`, in order of arrival, that are closest to `id`, itself among them.
fn neighbours<'a>(id: &str, first_ms: i64, peers: &'a [Peer]) -> &'a [Peer] {
    let place = peers.partition_point(|peer| (peer.seen.first_ms, peer.identity_id.as_str()) < (first_ms, id));
    let last = peers.len().saturating_sub(CROWD_SAMPLE + 1);
    let from = place.saturating_sub(CROWD_SAMPLE / 2).min(last);
    &peers[from..peers.len().min(from + CROWD_SAMPLE + 1)]
}

/// Keeps the links to candidates and to the most probable others, as many as one may newly have.
fn leave_distant(links: &mut HeldLinks, candidates: &BTreeSet<&str>) {
    let mut targets: BTreeMap<&str, f64> = BTreeMap::new();
    for ((target, _), (probability, _)) in links.iter() {
        let held = targets.entry(target).or_default();
        *held = held.max(*probability);
    }
    if targets.len() <= LINKED_MAX {
        return;
    }
    let mut closest: Vec<(&str, f64)> = targets.into_iter().collect();
    closest.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let kept = closest.into_iter().take(LINKED_MAX).map(|(target, _)| target);
    let kept: BTreeSet<String> = kept.chain(candidates.iter().copied()).map(str::to_owned).collect();
    links.retain(|(target, _), _| kept.contains(target));
}

/// Writes keys that are new or whose sightings changed in a way that is asked for, and drops those that are given up.
pub fn note_keys(commit: &mut Commit, id: &str, work: &Work) {
    let given_up = work.keys_before.iter().filter(|key| key.kind.is_given_up() && key.among(&work.keys).is_none());
    commit.keys_gone.extend(given_up.map(|key| (id.to_owned(), key.kind, key.key.clone())));
    for key in &work.keys {
        if key.among(&work.keys_before).is_none_or(|held| is_outdated(held, key)) {
            commit.keys.push(KeyWrite {
                identity_id: id.to_owned(),
                key: key.clone(),
                disregarded: work.stored.disregarded,
            });
        }
    }
}

/// Whether the sightings that are kept with a key tell something else by now: since when it was held, how often a device was
/// seen, by order of magnitude, and until when an address was.
fn is_outdated(held: &Key, key: &Key) -> bool {
    let seen_more =
        |kind: KeyKind| kind == KeyKind::Device && key.seen.count.max(1).ilog2() != held.seen.count.max(1).ilog2();
    let seen_later = |kind: KeyKind| {
        matches!(kind, KeyKind::Ip | KeyKind::IpPrefix)
            && key.seen.last_ms / KEY_REFRESH_MS != held.seen.last_ms / KEY_REFRESH_MS
    };
    key.seen.first_ms != held.seen.first_ms || seen_more(key.kind) || seen_later(key.kind)
}

/// Writes links that changed, drops those that went, and sends the other side to be scored where it will feel it.
pub fn note_links(commit: &mut Commit, id: &str, links: &[Link], mut held: HeldLinks, contested: bool, now_ms: i64) {
    let mut felt: BTreeSet<String> = BTreeSet::new();
    let (mut before_all, mut after_all) = (Strengths::default(), Strengths::default());
    held.iter().for_each(|((target, _), (probability, since_ms))| before_all.see(target, *probability, *since_ms));
    let closest = linkage::closest(links, LINKED_MAX);
    for link in links {
        let before = held.remove(&(link.target_id.clone(), link.link_type.code().to_owned()));
        if before.is_none() && !closest.contains(link.target_id.as_str()) {
            continue;
        }
        let (old, created_ms) = before.unwrap_or((0.0, now_ms));
        let change = (link.probability - old).abs();
        let crosses = is_strong(link.probability) != is_strong(old);
        let written = before.is_none() || change >= LINK_CHANGE_WRITTEN || crosses;
        after_all.see(&link.target_id, if written { link.probability } else { old }, created_ms);
        if written {
            commit.links.push(LinkWrite { identity_id: id.to_owned(), link: link.clone(), created_ms });
        }
        if change >= LINK_CHANGE_MIN && link.probability.max(old) >= LINK_VALUE_FELT {
            felt.insert(link.target_id.clone());
        }
    }
    for ((target, kind), (old, _)) in held {
        let Some(kind) = LinkType::from_code(&kind) else { continue };
        if old >= LINK_VALUE_FELT {
            felt.insert(target.clone());
        }
        let (a, b) = if id <= target.as_str() { (id.to_owned(), target) } else { (target, id.to_owned()) };
        commit.links_gone.push((a, b, kind));
    }
    commit.due.extend(felt.into_iter().take(PEERS_RESCORED_MAX).map(|target| (target, now_ms)));
    commit.rings.now_ms = now_ms;
    strong_pairs::note(&mut commit.rings, id, &before_all, &after_all, contested);
}

#[cfg(test)]
mod tests {
    use super::*;
    use dregs_engine::profile::Seen;

    fn peer(place: i64) -> Peer {
        Peer { identity_id: format!("p{place:04}"), seen: Seen::at(place) }
    }

    fn shared(kind: KeyKind, holders: u64, peers: Vec<Peer>) -> SharedKeys {
        let held = SharedKey { kind, key: "k".into(), holders, peers, seen: Seen::default(), public: false };
        BTreeMap::from([((kind, "k".into()), held)])
    }

    fn compared(holders: i64, place: i64) -> Vec<String> {
        let keys = [Key { kind: KeyKind::Arrival, key: "k".into(), seen: Seen::at(place) }];
        let all = shared(KeyKind::Arrival, holders as u64, (0..holders).map(peer).collect());
        let of = shared_by(&peer(place).identity_id, &keys, &all);
        of[0].peers.iter().map(|peer| peer.identity_id.clone()).collect()
    }

    #[test]
    fn in_a_crowd_one_is_compared_with_who_came_just_before_and_after() {
        assert_eq!(compared(64, 10).len(), 63);
        assert_eq!(compared(1000, 0), (1..9).map(|place| peer(place).identity_id).collect::<Vec<_>>());
        assert_eq!(compared(1000, 999).len(), CROWD_SAMPLE);
        for place in [3, 4, 500, 996] {
            let of_me = compared(1000, place);
            assert_eq!(of_me.len(), CROWD_SAMPLE);
            let near = |id: &String| (id[1..].parse::<i64>().unwrap() - place).abs() <= CROWD_SAMPLE as i64;
            assert!(of_me.iter().all(near), "{place}: {of_me:?}");
        }
    }

    #[test]
    fn of_many_links_the_closest_are_compared_again_and_all_candidates() {
        let link = |place: i64| ((peer(place).identity_id, "SHARED_IP".to_owned()), (place as f64 / 1000.0, 0));
        let mut few: HeldLinks = (0..64).map(link).collect();
        leave_distant(&mut few, &BTreeSet::new());
        assert_eq!(few.len(), 64);
        let mut many: HeldLinks = (0..900).map(link).collect();
        leave_distant(&mut many, &BTreeSet::from(["p0005"]));
        let kept: Vec<&str> = many.keys().map(|(target, _)| target.as_str()).collect();
        assert_eq!((kept.len(), kept[0], kept[1], kept[64]), (65, "p0005", "p0836", "p0899"));
    }
}

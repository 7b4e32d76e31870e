//! One batch, from events to scores, in one transaction: load, enrich, apply, link, score, commit.
//!
//! Running a batch twice is harmless: events that are recorded already are passed over, and a profile that changed
//! between load and commit refuses the commit.

use crate::clock::Clock;
use crate::ids::Ids;
use crate::jobs::claims::{BatchOfSubjects, Claimed, Owner};
use crate::jobs::enrich::Enricher;
use crate::jobs::strong_pairs::{self, Strengths};
use crate::metrics::{BATCH_SECONDS, CYCLES, EVENT_TO_SCORE, EVENTS, LAG};
use dregs_engine::ENGINE_VERSION;
use dregs_engine::event::Event;
use dregs_engine::intelligence;
use dregs_engine::limits::{CANDIDATES_PER_KEY_MAX, CROWD_SAMPLE, LINKED_MAX};
use dregs_engine::linkage::decision::overrule;
use dregs_engine::linkage::ring::is_strong;
use dregs_engine::linkage::{self, Card, Face, Key, KeyKind, Link, LinkType, Peer, SharedKey, Trace};
use dregs_engine::mapping::{Field, Mappings, display_name};
use dregs_engine::profile::Profile;
use dregs_engine::rejection::Fate;
use dregs_engine::score::{Assessment, Category, assess};
use dregs_engine::snapshot::Snapshot;
use dregs_store::{
    Badge, Commit, CycleEvidence, CycleWrite, DeviceWrite, EventWrite, GroupWrite, IdentityWrite, KeyWrite, LinkWrite,
    LoadRequest, Loaded, Result, SessionWrite, Store, StoredProfile, StoredStanding, TeamId, hour_of,
};
use moka::sync::Cache;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

const HOUR_MS: i64 = 3_600_000;
/// A link that grew or shrank by this much makes the other side's scores worth computing again.
const LINK_CHANGE_MIN: f64 = 0.1;
/// A change smaller than this is not written.
const LINK_CHANGE_WRITTEN: f64 = 0.005;
/// Other identities that one cycle may send to be scored again.
const PEERS_RESCORED_MAX: usize = 16;
/// Below this strength a link moves nobody's score.
const LINK_VALUE_FELT: f64 = 0.3;
/// A key's last sighting is written again after this time, not at every event.
const KEY_REFRESH_MS: i64 = 10 * 60 * 1000;
/// An observation below this value gives its analyzer's badge.
const BADGE_VALUE_MAX: f64 = 0.3;

pub struct Pipeline {
    store: Store,
    clock: Clock,
    ids: Arc<Ids>,
    enricher: Enricher,
    reevaluate_ms: i64,
    pack: String,
    /// Names and addresses that were compared lately.
    faces: Cache<(Option<String>, Option<String>), Arc<Face>>,
}

/// Faces remembered.
const FACES_MAX: u64 = 20_000;

/// One identity of the batch on its way through.
struct Work {
    stored: StoredProfile,
    /// Keys it held before this batch.
    keys_before: Vec<Key>,
    keys: Vec<Key>,
    trace: Trace,
    fields: BTreeMap<Field, String>,
    is_new: bool,
    received_ms: Option<i64>,
}

type Works = BTreeMap<String, Work>;
/// Stored links of each identity: (target, type) to probability and since when.
type Held = BTreeMap<String, BTreeMap<(String, String), (f64, i64)>>;

impl Pipeline {
    pub fn new(store: Store, clock: Clock, ids: Arc<Ids>, enricher: Enricher, reevaluate_hours: u32) -> Self {
        let reevaluate_ms = i64::from(reevaluate_hours.max(1)) * HOUR_MS;
        Pipeline {
            store,
            clock,
            ids,
            enricher,
            reevaluate_ms,
            pack: intelligence::pack().version,
            faces: Cache::new(FACES_MAX),
        }
    }

    /// Processes a batch of one team's subjects. Returns how many identities it made due.
    pub async fn run(&self, batch: &BatchOfSubjects) -> Result<u64> {
        let Some((first, _)) = batch.owners.first() else { return Ok(0) };
        let team = &first.team;
        let started_ms = self.clock.now_ms();
        let begun = Instant::now();
        let mappings = self.store.mappings(team).await?;
        let (loaded, events) = self.load(team, batch).await?;
        let adopted = self.adopted(team, &loaded, &events).await?;
        let mut commit = Commit::default();
        let team_identities = loaded.team_identities;
        let mut works = works(batch, loaded, &events, &mappings);
        self.apply(&mut works, &mut commit, &events, adopted, &mappings);
        let load_seconds = begun.elapsed();
        let new = works.values().filter(|work| work.is_new).count() as u64;
        let cycles = self.conclude(team, works, &mut commit, &mappings, team_identities + new, started_ms).await?;
        let scored = begun.elapsed();
        self.store.commit(team, &commit).await?;
        self.measure(&events, &commit, begun, load_seconds, scored, cycles);
        Ok(commit.due.len() as u64)
    }

    /// Makes an identity wait for its next periodic assessment: it could not be scored.
    pub async fn postpone(&self, team: &TeamId, id: &str) -> Result<()> {
        self.store.postpone(team, id, self.clock.now_ms() + self.reevaluate_ms).await
    }

    /// Reads what the batch touches and decides whose each event is: a session that has identified itself lends its
    /// identity to the events that do not name one.
    async fn load<'a>(&self, team: &TeamId, batch: &'a BatchOfSubjects) -> Result<(Loaded, Vec<Routed<'a>>)> {
        let all: Vec<&Claimed> = batch.owners.iter().flat_map(|(_, events)| events).collect();
        let sessions: BTreeSet<&str> = all.iter().filter_map(|claimed| claimed.event.session.as_deref()).collect();
        let known = match sessions.is_empty() {
            true => BTreeMap::new(),
            false => self.store.load(team, &LoadRequest { sessions, ..LoadRequest::default() }).await?.sessions,
        };
        let events = route(all, &known);
        let mut request = LoadRequest {
            events: events.iter().map(|routed| routed.event().id.as_str()).collect(),
            ..LoadRequest::default()
        };
        request.identities.extend(events.iter().filter_map(|routed| routed.identity.as_deref()));
        request.identities.extend(batch.owners.iter().filter_map(|(owner, _)| owner.identity_id()));
        let mut loaded = self.store.load(team, &request).await?;
        loaded.sessions = known;
        let mut seen = std::mem::take(&mut loaded.recorded);
        let fresh = events.into_iter().map(|routed| {
            let fresh = seen.insert(routed.event().id.clone());
            Routed { fate: if fresh { Fate::Applied } else { Fate::Duplicate }, ..routed }
        });
        Ok((loaded, fresh.collect()))
    }

    /// Earlier anonymous events of the sessions that identify themselves in this batch, by identity.
    async fn adopted(
        &self,
        team: &TeamId,
        loaded: &Loaded,
        events: &[Routed<'_>],
    ) -> Result<BTreeMap<String, Vec<Event>>> {
        let mut binding: BTreeMap<&str, &str> = BTreeMap::new();
        for routed in events {
            let (Some(identity), Some(session)) = (&routed.event().identity, &routed.event().session) else { continue };
            // A session the store does not know has no earlier events.
            if loaded.sessions.get(session).is_some_and(Option::is_none) {
                binding.insert(session, &identity.id);
            }
        }
        let mut adopted: BTreeMap<String, Vec<Event>> = BTreeMap::new();
        if binding.is_empty() {
            return Ok(adopted);
        }
        for (session, event) in self.store.anonymous_events(team, &binding.keys().copied().collect()).await? {
            if let Some(identity) = binding.get(session.as_str()) {
                adopted.entry((*identity).to_owned()).or_default().push(event);
            }
        }
        Ok(adopted)
    }

    /// Folds the events into their profiles and notes everything that is to be written about them.
    fn apply(
        &self,
        works: &mut Works,
        commit: &mut Commit,
        events: &[Routed<'_>],
        adopted: BTreeMap<String, Vec<Event>>,
        mappings: &Mappings,
    ) {
        for (identity, earlier) in adopted {
            let Some(work) = works.get_mut(&identity) else { continue };
            for event in earlier {
                work.stored.profile.apply(&event, &self.enricher.facts(&event));
                commit.bound.extend(event.session.clone().map(|session| (session, identity.clone())));
            }
        }
        commit.bound.dedup();
        for routed in events {
            let event = routed.event();
            let known = routed.fate == Fate::Duplicate;
            if !(known && routed.claimed.repeated) {
                *commit.fates.entry((hour_of(event.received_ms), routed.fate)).or_default() += 1;
            }
            if known {
                continue;
            }
            let facts = self.enricher.facts(event);
            if let Some(work) = routed.identity.as_ref().and_then(|id| works.get_mut(id)) {
                work.stored.profile.apply(event, &facts);
                work.received_ms = Some(work.received_ms.map_or(event.received_ms, |held| held.min(event.received_ms)));
            }
            note_session(commit, routed);
            note_device(commit, event, &facts);
            note_groups(commit, routed);
            commit.events.push(EventWrite {
                seq: self.ids.next(event.received_ms),
                identity_id: routed.identity.clone(),
                event: (*event).clone(),
            });
        }
        fold_sightings(commit);
        let now_ms = self.clock.now_ms();
        for work in works.values_mut() {
            work.fields = mappings.fields(&work.stored.profile.attributes);
            work.trace = Trace::of(&work.stored.profile, mappings);
            work.keys = linkage::keys(&work.stored.profile, &work.fields, &work.trace, mappings, now_ms);
        }
    }

    /// Links and scores every identity of the batch and writes down the outcome. Returns how many cycles that were.
    async fn conclude(
        &self,
        team: &TeamId,
        works: Works,
        commit: &mut Commit,
        mappings: &Mappings,
        team_identities: u64,
        started_ms: i64,
    ) -> Result<u64> {
        let ids: Vec<&str> = works.keys().map(String::as_str).collect();
        let mut held = self.store.held_links(team, &ids).await?;
        let mut standings = self.store.standings(team, &ids, started_ms).await?;
        let shared = self.shared_keys(team, &works, &held).await?;
        let cards = self.cards(team, &works, &shared).await?;
        let mut cycles = 0;
        for (id, work) in works {
            note_keys(commit, &id, &work);
            let now_ms = self.clock.now_ms();
            let mut write = self.identity_write(&id, &work, now_ms);
            if !work.stored.disregarded {
                let mut snapshot = Snapshot::of(&id, work.stored.profile.clone(), mappings, write.created_ms, now_ms);
                snapshot.shared = shared_of(&id, &work.keys, &shared);
                let standing = standings.remove(&id).unwrap_or_default();
                let found = linkage::link(&self.card_of(&id, &work), &snapshot.shared, &cards);
                snapshot.links = overrule(found, &standing.standing.decisions);
                let held = held.remove(&id).unwrap_or_default();
                note_links(commit, &id, &snapshot.links, held, standing.contested, now_ms);
                note_risk(commit, &standing);
                snapshot.stand(standing.standing);
                snapshot.team_identities = team_identities;
                let assessment = assess(&snapshot);
                commit.badges.insert(id.clone(), badges(&assessment, now_ms));
                write.scores = Category::ALL.map(|category| assessment.value(category));
                write.last_scored_ms = Some(now_ms);
                write.cycles += 1;
                commit.cycles.push(self.cycle_write(&write, &snapshot, &assessment, started_ms)?);
                cycles += 1;
            }
            let mut profile = work.stored.profile;
            write.body = profile.to_json();
            write.trace = work.trace.to_json();
            commit.identities.push(write);
        }
        // An identity of this batch has just been scored; its links need no second round.
        let own: BTreeSet<&String> = commit.identities.iter().map(|identity| &identity.id).collect();
        let due = std::mem::take(&mut commit.due);
        commit.due = due.into_iter().filter(|(id, _)| !own.contains(id)).collect();
        Ok(cycles)
    }

    /// Everything this batch's identities share, with the batch itself laid over what the store knows: two newcomers on
    /// one device see each other although neither is written yet.
    async fn shared_keys(
        &self,
        team: &TeamId,
        works: &Works,
        held: &Held,
    ) -> Result<BTreeMap<(KeyKind, String), SharedKey>> {
        let wanted: BTreeSet<(KeyKind, &str)> =
            works.values().flat_map(|work| work.keys.iter().map(|key| (key.kind, key.key.as_str()))).collect();
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
                let known = work.keys_before.iter().any(|held| held.kind == key.kind && held.key == key.key);
                entry.holders += u64::from(!known);
                let room = entry.peers.len() < offered(entry.holders);
                match entry.peers.iter_mut().find(|peer| peer.identity_id == *id) {
                    Some(peer) => peer.seen = key.seen,
                    None if room => entry.peers.push(Peer { identity_id: id.clone(), seen: key.seen }),
                    None => {}
                }
            }
        }
        self.add_linked(team, works, held, &mut shared).await?;
        self.drop_disregarded(team, &mut shared).await?;
        Ok(shared)
    }

    /// Of a popular key only some holders are candidates. Those who are linked already are compared again all the same,
    /// or each side would undo what the other found.
    async fn add_linked(
        &self,
        team: &TeamId,
        works: &Works,
        held: &Held,
        shared: &mut BTreeMap<(KeyKind, String), SharedKey>,
    ) -> Result<()> {
        for (id, links) in held {
            let Some(work) = works.get(id) else { continue };
            let popular: BTreeSet<(KeyKind, &str)> = work
                .keys
                .iter()
                .filter(|key| {
                    let found = shared.get(&(key.kind, key.key.clone()));
                    found.is_some_and(|found| found.holders > found.peers.len() as u64)
                })
                .map(|key| (key.kind, key.key.as_str()))
                .collect();
            let targets: BTreeSet<&str> = links.keys().map(|(target, _)| target.as_str()).collect();
            if popular.is_empty() {
                continue;
            }
            for (kind, key, peer) in self.store.holders_among(team, &popular, &targets).await? {
                let Some(found) = shared.get_mut(&(kind, key)) else { continue };
                if found.peers.iter().all(|known| known.identity_id != peer.identity_id) {
                    found.peers.push(peer);
                }
            }
        }
        Ok(())
    }

    /// The cards of everyone who shares something with the batch, the batch's own as they are after it.
    async fn cards(
        &self,
        team: &TeamId,
        works: &Works,
        shared: &BTreeMap<(KeyKind, String), SharedKey>,
    ) -> Result<BTreeMap<String, Card>> {
        let peers = shared.values().filter(|held| held.holders > 1).flat_map(|held| &held.peers);
        let others: BTreeSet<&str> =
            peers.map(|peer| peer.identity_id.as_str()).filter(|id| !works.contains_key(*id)).collect();
        let mut cards = match others.is_empty() {
            true => BTreeMap::new(),
            false => self.store.cards(team, &others, |name, email| self.face(name, email)).await?,
        };
        cards.extend(works.iter().map(|(id, work)| (id.clone(), self.card_of(id, work))));
        Ok(cards)
    }

    fn card_of(&self, id: &str, work: &Work) -> Card {
        let profile = &work.stored.profile;
        let created_ms =
            if work.is_new { work.received_ms.unwrap_or(profile.first_ms) } else { work.stored.created_ms };
        let face = self.face(display_name(&work.fields), work.fields.get(&Field::Email).cloned());
        let first_ms = created_ms.min(profile.last_ms);
        Card { id: id.to_owned(), face, first_ms, last_ms: profile.last_ms, trace: work.trace.clone() }
    }

    fn face(&self, name: Option<String>, email: Option<String>) -> Arc<Face> {
        let key = (name, email);
        self.faces.get(&key).unwrap_or_else(|| {
            let face = Arc::new(Face::of(key.0.as_deref(), key.1.as_deref()));
            self.faces.insert(key, face.clone());
            face
        })
    }

    /// A disregarded device is nobody's evidence.
    async fn drop_disregarded(&self, team: &TeamId, shared: &mut BTreeMap<(KeyKind, String), SharedKey>) -> Result<()> {
        let devices: BTreeSet<&str> = shared
            .values()
            .filter(|held| held.kind == KeyKind::Device && held.holders > 1)
            .map(|held| held.key.as_str())
            .collect();
        if devices.is_empty() {
            return Ok(());
        }
        for fingerprint in self.store.disregarded_devices(team, &devices).await? {
            shared.remove(&(KeyKind::Device, fingerprint));
        }
        Ok(())
    }

    fn identity_write(&self, id: &str, work: &Work, now_ms: i64) -> IdentityWrite {
        let stored = &work.stored;
        let jitter_ms = i64::from(dregs_engine::text::hash32(id)) % (self.reevaluate_ms / 8).max(1);
        IdentityWrite {
            id: id.to_owned(),
            version: stored.version + 1,
            display_name: display_name(&work.fields),
            display_email: work.fields.get(&Field::Email).cloned(),
            display_username: work.fields.get(&Field::Username).cloned(),
            scores: stored.scores,
            created_ms: if work.is_new { work.received_ms.unwrap_or(now_ms) } else { stored.created_ms },
            updated_ms: now_ms,
            last_tracked_ms: Some(stored.profile.last_ms).filter(|ms| *ms > 0),
            last_scored_ms: stored.last_scored_ms,
            due_ms: (!stored.disregarded).then_some(now_ms + self.reevaluate_ms + jitter_ms),
            cycles: stored.cycles,
            body: String::new(),
            trace: String::new(),
        }
    }

    fn cycle_write(
        &self,
        identity: &IdentityWrite,
        snapshot: &Snapshot,
        assessment: &Assessment,
        started_ms: i64,
    ) -> Result<CycleWrite> {
        let finished_ms = self.clock.now_ms();
        Ok(CycleWrite {
            id: self.ids.next(finished_ms),
            identity_id: identity.id.clone(),
            scores: identity.scores,
            event_count: snapshot.profile.events as i64,
            device_count: snapshot.profile.devices.len() as i64,
            started_ms,
            finished_ms,
            duration_ms: finished_ms - started_ms,
            engine_version: ENGINE_VERSION,
            pack: self.pack.clone(),
            evidence: CycleEvidence::pack(snapshot, assessment)?,
            ordinal: identity.cycles,
        })
    }

    fn measure(
        &self,
        events: &[Routed<'_>],
        commit: &Commit,
        begun: Instant,
        loaded: std::time::Duration,
        scored: std::time::Duration,
        cycles: u64,
    ) {
        let now_ms = self.clock.now_ms();
        let seconds = |ms: i64| ms.max(0) as f64 / 1000.0;
        metrics::histogram!(BATCH_SECONDS, "step" => "load").record(loaded);
        metrics::histogram!(BATCH_SECONDS, "step" => "score").record(scored - loaded);
        metrics::histogram!(BATCH_SECONDS, "step" => "commit").record(begun.elapsed() - scored);
        metrics::counter!(CYCLES).increment(cycles);
        for fate in [Fate::Applied, Fate::Duplicate] {
            let count: u64 = commit.fates.iter().filter(|((_, held), _)| *held == fate).map(|(_, count)| count).sum();
            metrics::counter!(EVENTS, "fate" => fate.code()).increment(count);
        }
        for routed in events {
            let claimed = routed.claimed;
            metrics::histogram!(EVENT_TO_SCORE).record(seconds(now_ms - claimed.event.received_ms));
            metrics::histogram!(LAG, "stage" => "logged").record(seconds(claimed.read_ms - claimed.event.received_ms));
            metrics::histogram!(LAG, "stage" => "queued")
                .record(seconds(now_ms - claimed.read_ms) - begun.elapsed().as_secs_f64());
            metrics::histogram!(LAG, "stage" => "processing").record(begun.elapsed());
        }
    }
}

/// An event with the identity it counts for.
struct Routed<'a> {
    claimed: &'a Claimed,
    identity: Option<String>,
    fate: Fate,
}

impl Routed<'_> {
    fn event(&self) -> &Event {
        &self.claimed.event
    }
}

fn route<'a>(all: Vec<&'a Claimed>, known: &BTreeMap<String, Option<String>>) -> Vec<Routed<'a>> {
    let named: BTreeMap<&str, &str> = all
        .iter()
        .filter_map(|claimed| Some((claimed.event.session.as_deref()?, claimed.event.identity.as_ref()?.id.as_str())))
        .collect();
    let whose = |event: &Event| -> Option<String> {
        if let Some(identity) = &event.identity {
            return Some(identity.id.clone());
        }
        let session = event.session.as_deref()?;
        named.get(session).map(|id| (*id).to_owned()).or_else(|| known.get(session).cloned().flatten())
    };
    all.into_iter().map(|claimed| Routed { identity: whose(&claimed.event), claimed, fate: Fate::Applied }).collect()
}

fn works(batch: &BatchOfSubjects, mut loaded: Loaded, events: &[Routed<'_>], mappings: &Mappings) -> Works {
    let fresh =
        events.iter().filter(|routed| routed.fate == Fate::Applied).filter_map(|routed| routed.identity.as_deref());
    let created: BTreeSet<&str> = fresh.collect();
    // Events that are recorded were scored when they were: an owner who has no others is not scored for them again.
    let asked = batch.owners.iter().filter(|(_, events): &&(Owner, Vec<Claimed>)| events.is_empty());
    let wanted: BTreeSet<&str> =
        asked.filter_map(|(owner, _)| owner.identity_id()).chain(created.iter().copied()).collect();
    let work = |id: &str, stored: Option<StoredProfile>| {
        let is_new = stored.is_none();
        let stored = stored.unwrap_or_default();
        let keys_before = keys_of(&stored.profile, mappings, stored.last_scored_ms.unwrap_or(0));
        let work = Work {
            stored,
            keys_before,
            keys: Vec::new(),
            trace: Trace::default(),
            fields: BTreeMap::new(),
            is_new,
            received_ms: None,
        };
        (id.to_owned(), work)
    };
    wanted
        .into_iter()
        .filter_map(|id| match loaded.profiles.remove(id) {
            Some(stored) => Some(work(id, Some(stored))),
            // An identity comes into being with its first event, not because someone asks for its score.
            None => created.contains(id).then(|| work(id, None)),
        })
        .collect()
}

fn keys_of(profile: &Profile, mappings: &Mappings, scored_ms: i64) -> Vec<Key> {
    linkage::keys(profile, &mappings.fields(&profile.attributes), &Trace::of(profile, mappings), mappings, scored_ms)
}

fn note_session(commit: &mut Commit, routed: &Routed<'_>) {
    let event = routed.event();
    if let Some(session) = &event.session {
        commit.sessions.push(SessionWrite {
            id: session.clone(),
            identity_id: routed.identity.clone(),
            fingerprint: event.fingerprint().map(str::to_owned),
            at_ms: event.timestamp_ms,
        });
    }
}

fn note_device(commit: &mut Commit, event: &Event, facts: &dregs_engine::profile::Facts) {
    let Some(device) = &event.device else { return };
    let timezone = device.signals.get("timezone").and_then(serde_json::Value::as_str).map(str::to_owned);
    commit.devices.push(DeviceWrite {
        fingerprint: device.fingerprint.clone(),
        ip: event.ip.map(|ip| ip.to_string()),
        user_agent: event.user_agent.clone(),
        timezone,
        country_code: facts.network.as_ref().and_then(|network| network.country.clone()),
        geo: facts.geo.clone(),
        signals: (!device.signals.is_empty()).then(|| serde_json::Value::Object(device.signals.clone()).to_string()),
        first_ms: event.timestamp_ms,
        last_ms: event.timestamp_ms,
    });
}

fn note_groups(commit: &mut Commit, routed: &Routed<'_>) {
    let event = routed.event();
    for group in &event.groups {
        commit.groups.push(GroupWrite {
            kind: group.kind.clone(),
            id: group.id.clone(),
            attributes: group.data.clone(),
            at_ms: event.timestamp_ms,
            tracked: true,
        });
        commit.members.extend(routed.identity.clone().map(|id| (group.kind.clone(), group.id.clone(), id)));
    }
}

/// One row for each session and device, and each membership once: a statement may touch a row only once.
fn fold_sightings(commit: &mut Commit) {
    let mut sessions: BTreeMap<String, SessionWrite> = BTreeMap::new();
    for write in std::mem::take(&mut commit.sessions) {
        match sessions.get_mut(&write.id) {
            Some(held) => {
                held.identity_id = write.identity_id.or(held.identity_id.take());
                held.fingerprint = write.fingerprint.or(held.fingerprint.take());
                held.at_ms = held.at_ms.max(write.at_ms);
            }
            None => drop(sessions.insert(write.id.clone(), write)),
        }
    }
    commit.sessions = sessions.into_values().collect();
    let mut devices: BTreeMap<String, DeviceWrite> = BTreeMap::new();
    for write in std::mem::take(&mut commit.devices) {
        match devices.remove(&write.fingerprint) {
            Some(held) => drop(devices.insert(write.fingerprint.clone(), later_device(held, write))),
            None => drop(devices.insert(write.fingerprint.clone(), write)),
        }
    }
    commit.devices = devices.into_values().collect();
    commit.members.sort();
    commit.members.dedup();
}

fn later_device(held: DeviceWrite, new: DeviceWrite) -> DeviceWrite {
    DeviceWrite {
        ip: new.ip.or(held.ip),
        user_agent: new.user_agent.or(held.user_agent),
        timezone: new.timezone.or(held.timezone),
        country_code: new.country_code.or(held.country_code),
        signals: new.signals.or(held.signals),
        first_ms: held.first_ms.min(new.first_ms),
        last_ms: held.last_ms.max(new.last_ms),
        ..new
    }
}

/// Writes keys that are new or were last written a while ago, and drops those that are given up.
fn note_keys(commit: &mut Commit, id: &str, work: &Work) {
    let holds = |key: &Key| work.keys.iter().any(|held| held.kind == key.kind && held.key == key.key);
    let given_up = work.keys_before.iter().filter(|key| key.kind.is_given_up() && !holds(key));
    commit.keys_gone.extend(given_up.map(|key| (id.to_owned(), key.kind, key.key.clone())));
    for key in &work.keys {
        let before = work.keys_before.iter().find(|held| held.kind == key.kind && held.key == key.key);
        let stale = before.is_none_or(|held| {
            key.seen.last_ms / KEY_REFRESH_MS != held.seen.last_ms / KEY_REFRESH_MS
                || key.seen.first_ms != held.seen.first_ms
                || key.seen.count.is_power_of_two() && key.seen.count != held.seen.count
        });
        if stale {
            commit.keys.push(KeyWrite {
                identity_id: id.to_owned(),
                key: key.clone(),
                disregarded: work.stored.disregarded,
            });
        }
    }
}

/// How many holders a key offers for comparison: of a popular one a few, or a batch of strangers who came in one hour would
/// all be compared with each other.
fn offered(holders: u64) -> usize {
    if holders > CANDIDATES_PER_KEY_MAX as u64 { CROWD_SAMPLE } else { CANDIDATES_PER_KEY_MAX }
}

/// The keys of one identity that others hold too, each with the others alone as peers.
fn shared_of(id: &str, keys: &[Key], shared: &BTreeMap<(KeyKind, String), SharedKey>) -> Vec<SharedKey> {
    keys.iter()
        .filter_map(|key| {
            let found = shared.get(&(key.kind, key.key.clone())).filter(|found| found.holders > 1)?;
            let others = found.peers.iter().filter(|peer| peer.identity_id != id);
            Some(SharedKey {
                seen: key.seen,
                peers: others.cloned().collect(),
                kind: key.kind,
                key: key.key.clone(),
                holders: found.holders,
            })
        })
        .collect()
}

/// Writes links that changed, drops those that went, and sends the other side to be scored where it will feel it.
fn note_links(
    commit: &mut Commit,
    id: &str,
    links: &[Link],
    mut held: BTreeMap<(String, String), (f64, i64)>,
    contested: bool,
    now_ms: i64,
) {
    let mut felt: BTreeSet<String> = BTreeSet::new();
    let (mut before_all, mut after_all) = (Strengths::default(), Strengths::default());
    held.iter().for_each(|((target, _), (probability, since_ms))| before_all.see(target, *probability, *since_ms));
    let closest: BTreeSet<&str> =
        linkage::pairs(links).into_iter().map(|(target, _)| target).take(LINKED_MAX).collect();
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

/// Writes what the ring's risk is by the facts of this cycle, where that is something else.
fn note_risk(commit: &mut Commit, held: &StoredStanding) {
    if let Some(ring) = held.standing.ring.as_ref().filter(|ring| ring.risk() != held.risk) {
        commit.ring_risks.insert(ring.id.clone(), ring.risk());
    }
}

/// Badges that analyzers give; they last while their observation fires.
fn badges(assessment: &Assessment, now_ms: i64) -> Vec<Badge> {
    let observations = assessment.scores.iter().flat_map(|score| &score.observations);
    observations
        .filter(|seen| seen.id.ends_with("-signal") && seen.value < BADGE_VALUE_MAX)
        .map(|seen| Badge {
            slug: seen.id.clone(),
            name: seen.label.clone(),
            kind: "BAD".into(),
            explanation: seen.explanation.clone(),
            metadata: seen.metadata.clone(),
            since_ms: now_ms,
        })
        .collect()
}

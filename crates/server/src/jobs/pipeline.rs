//! One batch, from events to scores, in one transaction: load, enrich, apply, link, score, commit.
//!
//! Running a batch twice is harmless: events that are recorded already are passed over, and a profile that changed
//! between load and commit refuses the commit.

use crate::clock::Clock;
use crate::config::{NotifyOptions, RunOptions};
use crate::ids::Ids;
use crate::jobs::acting::{Scored, Stage};
use crate::jobs::claims::{BatchOfSubjects, Claimed, Owner};
use crate::jobs::enrich::Enricher;
use crate::jobs::judging::{Asked, Case, Judge, Judged, Verdict};
use crate::jobs::linking::{self, Linker};
use crate::jobs::sightings;
use crate::jobs::tally::Tally;
use crate::lists::{AllLists, TeamLists};
use crate::live::{Kind, Live};
use crate::metrics::{BATCH_SECONDS, CYCLES, EVENT_TO_SCORE, EVENTS, LAG};
use crate::playbook::Playbooks;
use dregs_engine::event::Event;
use dregs_engine::intelligence;
use dregs_engine::linkage::{self, Key, Trace};
use dregs_engine::mapping::{Field, Mappings, display_name};
use dregs_engine::profile::Facts;
use dregs_engine::rejection::Fate;
use dregs_store::{
    Commit, EventWrite, IdentityBefore, IdentityWrite, LoadRequest, Loaded, Result, Store, StoredProfile,
    StoredStanding, TeamCounts, TeamId, hour_of,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

const HOUR_MS: i64 = 3_600_000;

pub struct Pipeline {
    store: Store,
    linker: Linker,
    clock: Clock,
    ids: Arc<Ids>,
    enricher: Enricher,
    playbooks: Playbooks,
    lists: AllLists,
    tally: Tally,
    notify: NotifyOptions,
    reevaluate_ms: i64,
    pack: String,
    live: Arc<Live>,
}

/// One identity of the batch on its way through.
pub struct Work {
    pub stored: StoredProfile,
    /// Keys it held before this batch.
    pub keys_before: Vec<Key>,
    pub keys: Vec<Key>,
    pub trace: Trace,
    pub fields: BTreeMap<Field, String>,
    pub is_new: bool,
    /// When the first of its events in this batch arrived.
    pub received_ms: Option<i64>,
    /// What is counted of it, as it was read; none for one that comes into being.
    pub before: Option<IdentityBefore>,
}

/// How a team wants its data read, and what is counted of it.
struct Terms {
    mappings: Mappings,
    lists: Arc<TeamLists>,
    counts: TeamCounts,
}

/// What a batch left for others to do.
#[derive(Debug, Clone, Copy, Default)]
pub struct Made {
    /// Identities that it made due.
    pub due: u64,
    /// Whether somebody is to be told.
    pub notifies: bool,
}

pub type Works = BTreeMap<String, Work>;

impl Pipeline {
    pub fn new(store: Store, clock: Clock, ids: Arc<Ids>, enricher: Enricher, options: &RunOptions) -> Self {
        Pipeline {
            linker: Linker::new(store.clone()),
            playbooks: Playbooks::new(store.clone()),
            lists: AllLists::new(store.clone()),
            tally: Tally::new(store.clone()),
            store,
            clock,
            ids,
            enricher,
            notify: options.notify.clone(),
            reevaluate_ms: i64::from(options.reevaluate_hours.max(1)) * HOUR_MS,
            pack: intelligence::pack().version,
            live: Arc::default(),
        }
    }

    /// The same, with pages that are told what changes.
    pub fn telling(self, live: &Arc<Live>) -> Self {
        Pipeline { live: live.clone(), ..self }
    }

    /// Processes a batch of one team's subjects.
    pub async fn run(&self, batch: &BatchOfSubjects) -> Result<Made> {
        let Some((first, _)) = batch.owners.first() else { return Ok(Made::default()) };
        let team = &first.team;
        let started_ms = self.clock.now_ms();
        let begun = Instant::now();
        let counts = self.store.team_counts(team).await?;
        let lists = self.lists.of(team, counts.playbook_version).await?;
        let terms = Terms { mappings: self.store.mappings(team).await?, lists, counts };
        let (loaded, events) = self.load(team, batch).await?;
        let adopted = self.adopted(team, &loaded, &events).await?;
        let mut commit = Commit::default();
        let mut works = works(batch, loaded, &events, &terms.mappings);
        self.apply(&mut works, &mut commit, &events, adopted, &terms);
        let fresh = events.iter().filter(|routed| routed.fate == Fate::Applied).map(Routed::event);
        self.tally.note(team, fresh, &terms.mappings, started_ms, &mut commit.figures).await?;
        let load_seconds = begun.elapsed();
        let cycles = self.conclude(team, works, &mut commit, &terms, started_ms).await?;
        let scored = begun.elapsed();
        self.store.commit(team, &commit).await?;
        self.hint(team, &commit);
        self.measure(&events, &commit, begun, load_seconds, scored, cycles);
        Ok(Made { due: commit.due.len() as u64, notifies: !commit.deliveries.is_empty() })
    }

    /// Tells open pages what a batch changed.
    fn hint(&self, team: &TeamId, commit: &Commit) {
        let live = &self.live;
        if !live.is_watched(team) {
            return;
        }
        live.note(team, Kind::Identity, commit.identities.iter().map(|write| &write.id));
        live.note(team, Kind::Event, commit.events.iter().map(|write| &write.event.id));
        live.note(team, Kind::Device, commit.devices.iter().map(|write| &write.fingerprint));
        let begun = commit.escalations.begun.iter().map(|escalation| escalation.id);
        let changed = commit.escalations.changed.iter().map(|(id, _)| *id);
        live.note(team, Kind::Escalation, begun.chain(changed).map(|id| id.to_string()));
        let changed = [
            (Kind::Ring, !(commit.rings.is_empty() && commit.ring_risks.is_empty())),
            (Kind::Delivery, !commit.deliveries.is_empty()),
            (Kind::Ingestion, !commit.fates.is_empty()),
        ];
        changed.iter().filter(|(_, changed)| *changed).for_each(|(kind, _)| live.note_many(team, *kind));
    }

    /// Forgets what is remembered of people's names and addresses.
    pub fn forget_people(&self) {
        self.linker.forget_people();
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
        Terms { mappings, lists, .. }: &Terms,
    ) {
        for (identity, earlier) in adopted {
            let Some(work) = works.get_mut(&identity) else { continue };
            for event in earlier {
                work.stored.profile.apply(&event, &self.facts(&event, lists));
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
            let facts = self.facts(event, lists);
            if let Some(work) = routed.identity.as_ref().and_then(|id| works.get_mut(id)) {
                work.stored.profile.apply(event, &facts);
                work.received_ms = Some(work.received_ms.map_or(event.received_ms, |held| held.min(event.received_ms)));
            }
            sightings::note(commit, routed, &facts);
            commit.events.push(EventWrite {
                seq: self.ids.next(event.received_ms),
                identity_id: routed.identity.clone(),
                event: (*event).clone(),
            });
        }
        sightings::fold(commit);
        let now_ms = self.clock.now_ms();
        for work in works.values_mut() {
            lists.place(&mut work.stored.profile, |ip| self.enricher.network(ip));
            work.fields = mappings.fields(&work.stored.profile.attributes);
            work.trace = Trace::of(&work.stored.profile, mappings);
            work.keys = linkage::keys(&work.stored.profile, &work.fields, &work.trace, mappings, now_ms);
        }
    }

    /// What is known of an event's circumstances, with what the team says of its user agent.
    fn facts(&self, event: &Event, lists: &TeamLists) -> Facts {
        let mut facts = self.enricher.facts(event);
        if let (Some(agent), Some(known)) = (&event.user_agent, &mut facts.agent) {
            lists.agent(agent, known);
        }
        facts
    }

    /// Links and scores every identity of the batch and writes down the outcome. Returns how many cycles that were.
    async fn conclude(
        &self,
        team: &TeamId,
        mut works: Works,
        commit: &mut Commit,
        Terms { mappings, lists, counts }: &Terms,
        started_ms: i64,
    ) -> Result<u64> {
        let ids: Vec<&str> = works.keys().map(String::as_str).collect();
        let mut held = self.store.held_links(team, &ids).await?;
        let playbook = self.playbooks.of(team, counts.playbook_version).await?;
        commit.playbook_version = Some(counts.playbook_version);
        let mut stage = Stage::set(&self.store, playbook, team, &ids).await?;
        let mut standings = self.store.standings(team, &ids, started_ms).await?;
        let new = works.values().filter(|work| work.is_new).count() as u64;
        let team_identities = counts.identities + new;
        let mut candidates = self.linker.candidates(team, &mut works, &mut held, lists).await?;
        let mut contested: BTreeSet<String> = BTreeSet::new();
        let cases = works.into_iter().map(|(id, work)| {
            linking::note_keys(commit, &id, &work);
            let write = self.identity_write(&id, &work, self.clock.now_ms());
            let asked = (!work.stored.disregarded).then(|| {
                let stored = standings.remove(&id).unwrap_or_default();
                note_risk(commit, &stored);
                contested.extend(stored.contested.then(|| id.clone()));
                Asked { shared: candidates.take(&id), standing: stored.standing }
            });
            Case { work, write, asked }
        });
        let cases = cases.collect();
        let judge = Judge {
            mappings,
            lists,
            cards: &candidates.cards,
            team_identities,
            pack: &self.pack,
            ids: &self.ids,
            clock: &self.clock,
            started_ms,
        };
        let judged = judge.judge_all(cases)?;
        let cycles = judged.iter().filter(|judged| judged.verdict.is_some()).count() as u64;
        for Judged { mut write, verdict } in judged {
            if let Some(verdict) = verdict {
                let held = held.remove(&write.id).unwrap_or_default();
                let contested = contested.contains(&write.id);
                linking::note_links(commit, &write.id, &verdict.links, held, contested, write.updated_ms);
                self.act(commit, &mut stage, &mut write, verdict);
            }
            commit.identities.push(write);
        }
        // An identity of this batch has just been scored; its links need no second round.
        let own: BTreeSet<&String> = commit.identities.iter().map(|identity| &identity.id).collect();
        let due = std::mem::take(&mut commit.due);
        commit.due = due.into_iter().filter(|(id, _)| !own.contains(id)).collect();
        Ok(cycles)
    }

    fn identity_write(&self, id: &str, work: &Work, now_ms: i64) -> IdentityWrite {
        let stored = &work.stored;
        let jitter_ms = i64::from(dregs_engine::text::hash32(id)) % (self.reevaluate_ms / 8).max(1);
        IdentityWrite {
            id: id.to_owned(),
            before: work.before,
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

    /// Notes a verdict, and what follows from it by the rules.
    fn act(&self, commit: &mut Commit, stage: &mut Stage, write: &mut IdentityWrite, verdict: Verdict) {
        let scored = Scored {
            id: &write.id,
            display_name: write.display_name.as_deref(),
            created_ms: write.created_ms,
            before: write.before.unwrap_or_default().scores,
            scores: write.scores,
            assessment: &verdict.assessment,
            cycle_id: verdict.cycle.id,
            now_ms: write.updated_ms,
        };
        let next_ms = stage.act(commit, &scored, &self.ids, &self.notify);
        write.due_ms = [write.due_ms, next_ms].into_iter().flatten().min();
        commit.cycles.push(verdict.cycle);
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
pub struct Routed<'a> {
    claimed: &'a Claimed,
    pub identity: Option<String>,
    fate: Fate,
}

impl Routed<'_> {
    pub fn event(&self) -> &Event {
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
        let before = stored.as_ref().map(before);
        let stored = stored.unwrap_or_default();
        let scored_ms = stored.last_scored_ms.unwrap_or(0);
        let fields = mappings.fields(&stored.profile.attributes);
        let keys_before = linkage::keys(&stored.profile, &fields, &stored.trace, mappings, scored_ms);
        let work = Work {
            stored,
            keys_before,
            keys: Vec::new(),
            trace: Trace::default(),
            fields: BTreeMap::new(),
            is_new,
            received_ms: None,
            before,
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

/// What is counted of an identity before its events are applied.
fn before(stored: &StoredProfile) -> IdentityBefore {
    IdentityBefore {
        scores: stored.scores,
        last_tracked_ms: Some(stored.profile.last_ms).filter(|ms| *ms > 0),
        last_scored_ms: stored.last_scored_ms,
        disregarded: stored.disregarded,
    }
}

/// Writes what the ring's risk is by the facts of this cycle, where that is something else.
fn note_risk(commit: &mut Commit, held: &StoredStanding) {
    if let Some(ring) = held.standing.ring.as_ref().filter(|ring| ring.risk() != held.risk) {
        commit.ring_risks.insert(ring.id.clone(), ring.risk());
    }
}

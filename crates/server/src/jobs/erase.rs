//! Erasing people, step by step; each can be done again after a crash.
//!
//! The processor takes a person out of the tables and of the ingest log, between two batches: so no event and no score of
//! theirs is under way. The [`Eraser`] then looks for what others' rows say of them, and for what is left on disk.

use crate::clock::Clock;
use crate::http::audit::{self, AuditLog};
use crate::ids::Ids;
use crate::ingest::log::{read_lines, write_line};
use crate::jobs::lease::{Hold, Lease};
use crate::jobs::{Bells, is_running};
use crate::metrics::{ERASURES, EVENTS};
use dregs_engine::event::Event;
use dregs_engine::rejection::Fate;
use dregs_store::{
    CLOCKS_DIFFER_MS, ErasedFrom, Erasure, ErasureStatus, Result, Store, StoreError, TeamId, Trail, hour_of,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often it is looked for what an earlier run or another node left.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Pause after the store refused, or when a reader kept its log from being emptied.
const REFUSED_PAUSE: Duration = Duration::from_secs(1);
/// How long lines of the audit log may be on their way that tell of somebody who is out of tables and log: on every node they
/// wait for the next flush, and the request that they are about may just have ended.
const ON_THEIR_WAY_MS: i64 = 2 * audit::FLUSH_EVERY.as_millis() as i64;

/// Whether an event goes with an erasure: it is the person's, and arrived before that was asked for.
pub fn is_erased(erasure: &Erasure, team: &TeamId, event: &Event) -> bool {
    *team == erasure.team
        && event.received_ms <= erasure.requested_ms
        && erasure.trail.as_ref().is_some_and(|trail| trail.owns(event))
}

/// Takes a person out of the tables, as long as the processor's lease is held. Returns by what the rest is found.
pub async fn out_of_tables(store: &Store, clock: &Clock, lease: &mut Lease, erasure: &Erasure) -> Result<Trail> {
    let known = erasure.trail.clone().unwrap_or_default();
    let mut trail = store.follow(&erasure.team, &known, erasure.requested_ms).await?;
    follow_into_log(store, erasure, &mut trail).await?;
    store.note_trail(erasure, &trail).await?;
    let erasure = Erasure { trail: Some(trail.clone()), ..erasure.clone() };
    let lost = waiting(store, &erasure).await?;
    loop {
        keep(lease, clock).await?;
        if !store.erase_events(&erasure, &trail.identity_id).await? {
            break;
        }
    }
    store.erase_identity(&erasure, &trail, &lost, clock.now_ms()).await?;
    metrics::counter!(EVENTS, "fate" => Fate::Erased.code()).increment(lost.fates.values().sum());
    Ok(trail)
}

/// Adds sessions that the log alone knows to be the person's, and leaves out sessions and devices that others have taken
/// over.
async fn follow_into_log(store: &Store, erasure: &Erasure, trail: &mut Trail) -> Result<()> {
    let mut others: BTreeSet<String> = BTreeSet::new();
    let mut after = 0;
    loop {
        let segments = store.read_log(after).await?;
        let Some(last) = segments.last() else { break };
        after = last.seq;
        for logged in segments.iter().flat_map(|segment| read_lines(&segment.payload)).flatten() {
            let Some(identity) = logged.event.identity.as_ref().filter(|_| logged.team == erasure.team) else {
                continue;
            };
            if identity.id != trail.identity_id {
                others.extend(logged.event.session.clone());
                if let Some(device) = logged.event.fingerprint().and_then(|device| trail.devices.take(device)) {
                    trail.shared_devices.insert(device);
                }
            } else if logged.event.received_ms <= erasure.requested_ms {
                trail.sessions.extend(logged.event.session.clone());
            }
        }
    }
    trail.sessions.retain(|session| !others.contains(session));
    Ok(())
}

/// What of the log will never be processed, counted unless it was already.
async fn waiting(store: &Store, erasure: &Erasure) -> Result<ErasedFrom> {
    let mut lost = ErasedFrom::default();
    let mut after = 0;
    loop {
        let segments = store.read_log(after).await?;
        let Some(last) = segments.last() else { return Ok(lost) };
        after = last.seq;
        let logged = segments.iter().flat_map(|segment| read_lines(&segment.payload)).flatten();
        let own: BTreeMap<String, i64> = logged
            .filter(|logged| is_erased(erasure, &logged.team, &logged.event))
            .map(|logged| (logged.event.id, logged.event.received_ms))
            .collect();
        if own.is_empty() {
            continue;
        }
        let ids: BTreeSet<&str> = own.keys().map(String::as_str).collect();
        let recorded = store.recorded(&erasure.team, &ids).await?;
        let parked = store.parked_among(&erasure.team, &ids).await?;
        for (id, received_ms) in own {
            if !recorded.contains_key(&id) && !parked.contains(&id) {
                *lost.fates.entry((hour_of(received_ms), Fate::Erased)).or_default() += 1;
            }
            lost.event_ids.push(id);
        }
    }
}

/// Goes on only as long as this node erases.
async fn keep(lease: &mut Lease, clock: &Clock) -> Result<()> {
    match lease.keep(clock.now_ms()).await? {
        true => Ok(()),
        false => Err(StoreError::Conflict("another node erases")),
    }
}

/// Takes a person out of the ingest log, and their events that nobody had claimed out of the tables, as long as the
/// processor's lease is held. `account` is told each event with its segment.
pub async fn out_of_log(
    store: &Store,
    clock: &Clock,
    lease: &mut Lease,
    erasure: &Erasure,
    mut account: impl FnMut(i64, &TeamId, &Event),
) -> Result<()> {
    let Some(trail) = &erasure.trail else { return Ok(()) };
    keep(lease, clock).await?;
    while store.erase_anonymous_events(erasure, trail).await? {
        keep(lease, clock).await?;
    }
    let id = serde_json::Value::from(trail.identity_id.as_str()).to_string();
    let mut after = 0;
    loop {
        let segments = store.read_log(after).await?;
        let Some(last) = segments.last() else { return Ok(()) };
        after = last.seq;
        for segment in segments {
            let (mut kept, mut events, mut gone) = (Vec::with_capacity(segment.payload.len()), 0, Vec::new());
            let mut is_damaged = false;
            for line in segment.payload.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                match read_lines(line).next() {
                    Some(Ok(logged)) if is_erased(erasure, &logged.team, &logged.event) => gone.push(logged),
                    Some(Ok(logged)) => {
                        write_line(&mut kept, &logged.team, &logged.event);
                        events += 1;
                    }
                    // What does not read back is nobody's, unless it names the person.
                    _ if String::from_utf8_lossy(line).contains(&id) => is_damaged = true,
                    _ => {
                        kept.extend_from_slice(line);
                        kept.push(b'\n');
                    }
                }
            }
            if gone.is_empty() && !is_damaged {
                continue;
            }
            keep(lease, clock).await?;
            store.rewrite_segment(segment.seq, events, kept).await?;
            gone.iter().for_each(|logged| account(segment.seq, &logged.team, &logged.event));
        }
    }
}

/// The job that looks for what is left of people once they are out of the tables and of the log.
pub struct Eraser {
    store: Store,
    clock: Clock,
    bells: Bells,
    audit: Arc<AuditLog>,
    lease: Lease,
}

impl Eraser {
    pub fn new(store: &Store, clock: &Clock, bells: &Bells, audit: &Arc<AuditLog>) -> Self {
        Eraser {
            store: store.clone(),
            clock: clock.clone(),
            bells: bells.clone(),
            audit: audit.clone(),
            lease: Lease::new(store.clone(), "erase"),
        }
    }

    pub async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        while is_running(&stopped) {
            let pause = match self.step().await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::warn!(%error, "erasing pauses");
                    REFUSED_PAUSE
                }
            };
            tokio::select! {
                () = self.bells.erase.notified() => {}
                () = tokio::time::sleep(pause) => {}
                _ = stopped.changed() => {}
            }
        }
        self.lease.release().await;
    }

    async fn step(&mut self) -> Result<Duration> {
        let now_ms = self.clock.now_ms();
        if self.lease.hold(now_ms).await? == Hold::No {
            return Ok(LOOK_EVERY);
        }
        match clear_traces(&self.store, &self.audit, now_ms).await? {
            Cleared::Nobody => Ok(LOOK_EVERY),
            Cleared::Done => {
                self.bells.process.notify_one();
                Ok(Duration::ZERO)
            }
            Cleared::Again => Ok(REFUSED_PAUSE),
        }
    }
}

/// What became of looking for traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleared {
    /// There was nobody to look for.
    Nobody,
    Done,
    /// Something of them may still be on its way, or bytes could not be overwritten because somebody stood in the way.
    Again,
}

/// Looks for what is left of those who are out of the tables and of the log, all of them together. `audit` is this node's.
pub async fn clear_traces(store: &Store, audit: &AuditLog, now_ms: i64) -> Result<Cleared> {
    let mut erasures = store.unlogged_erasures().await?;
    if erasures.is_empty() {
        return Ok(Cleared::Nobody);
    }
    erasures.retain(|erasure| erasure.unlogged_ms.is_none_or(|unlogged_ms| unlogged_ms + ON_THEIR_WAY_MS <= now_ms));
    if erasures.is_empty() || !audit.flush(store).await {
        return Ok(Cleared::Again);
    }
    let mut teams: BTreeMap<&TeamId, Vec<&Trail>> = BTreeMap::new();
    for erasure in erasures.iter().filter(|erasure| erasure.status == ErasureStatus::Unlogged) {
        teams.entry(&erasure.team).or_default().extend(&erasure.trail);
    }
    for (team, trails) in teams {
        let since_ms = trails.iter().map(|trail| trail.since_ms).min().unwrap_or(0);
        store.erase_mentions(team, &trails, Ids::at(since_ms - CLOCKS_DIFFER_MS), now_ms).await?;
        for trail in trails {
            store.erase_orphans(team, trail).await?;
        }
    }
    for erasure in &erasures {
        store.clear_erasure(erasure).await?;
    }
    if !store.scrub().await? {
        return Ok(Cleared::Again);
    }
    for erasure in &erasures {
        store.finish_erasure(erasure, now_ms).await?;
        metrics::counter!(ERASURES).increment(1);
    }
    Ok(Cleared::Done)
}

//! Group commit: one task takes what waits, writes it as one transaction, and answers all.
//!
//! Appending is the only thing between a client and its answer, so it does as little as it can: tell duplicates, count
//! quotas, write one row. Everything else happens behind the log.

use crate::clock::Clock;
use crate::ingest::log::write_line;
use crate::ingest::watermark::Watermark;
use crate::metrics::{APPEND_EVENTS, APPEND_SECONDS, QUEUE_DEPTH};
use dregs_engine::event::{Event, format_time_ms};
use dregs_store::{Result, Store, StoreError, TeamId, Usage};
use std::collections::hash_map::{Entry, HashMap, RandomState};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc, oneshot, watch};

/// Requests that may wait for a commit; beyond it the client is asked to come back.
const SUBMISSIONS_MAX: usize = 8192;
/// Requests in one commit.
const GROUP_MAX: usize = 512;
/// From so many requests in one commit on, accepting is at its limit.
const GROUP_PRESSED: usize = 16;
/// Events that may wait in the log before new ones are refused.
const BACKLOG_EVENTS_MAX: u64 = 2_000_000;
/// How often limits of teams are read again, so that another node's change arrives.
const LIMITS_TTL: Duration = Duration::from_secs(10);

/// An event on its way into the log, with its line already written by the request that brought it.
pub struct Submitted {
    pub id: String,
    pub fingerprint: Option<String>,
    /// Whether the sender chose the id: only then can it be a duplicate.
    pub own_id: bool,
    line: Vec<u8>,
}

impl Submitted {
    pub fn new(team: &TeamId, event: &Event, own_id: bool) -> Self {
        let mut line = Vec::with_capacity(512);
        write_line(&mut line, team, event);
        Submitted { id: event.id.clone(), fingerprint: event.fingerprint().map(str::to_owned), own_id, line }
    }
}

/// What became of one submitted event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    Recorded {
        id: String,
        fingerprint: Option<String>,
    },
    /// The id was recorded before; this is the original.
    Duplicate {
        id: String,
        fingerprint: Option<String>,
    },
    QuotaExceeded,
}

/// Why nothing of a request was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    Overloaded,
    Unavailable(String),
}

struct Submission {
    team: TeamId,
    events: Vec<Submitted>,
    answer: oneshot::Sender<std::result::Result<Vec<Appended>, Refused>>,
}

/// The way into the log. Cheap to clone.
#[derive(Clone)]
pub struct Appender {
    queue: mpsc::Sender<Submission>,
    pending: Arc<Pending>,
    watermark: Arc<Watermark>,
    limits_stale: Arc<Notify>,
}

impl Appender {
    /// The way into the log, and the job behind it that writes.
    pub fn new(
        store: &Store,
        clock: &Clock,
        watermark: &Arc<Watermark>,
        wake: &Arc<Notify>,
        stopped: watch::Receiver<bool>,
    ) -> (Appender, impl Future<Output = ()> + Send + use<>) {
        let (queue, submissions) = mpsc::channel(SUBMISSIONS_MAX);
        let appender = Appender {
            queue,
            pending: Arc::default(),
            watermark: watermark.clone(),
            limits_stale: Arc::new(Notify::new()),
        };
        let writer = Writer {
            usage: Quotas::default(),
            pending: appender.pending.clone(),
            store: store.clone(),
            clock: clock.clone(),
            watermark: watermark.clone(),
            wake: wake.clone(),
        };
        let job = writer.run(submissions, appender.limits_stale.clone(), stopped);
        (appender, job)
    }

    /// Makes events durable. Returns one outcome for each, in order, or why none was recorded.
    pub async fn append(&self, team: &TeamId, events: Vec<Submitted>) -> std::result::Result<Vec<Appended>, Refused> {
        if self.watermark.depth() > BACKLOG_EVENTS_MAX {
            return Err(Refused::Overloaded);
        }
        let (answer, outcome) = oneshot::channel();
        let submission = Submission { team: team.clone(), events, answer };
        self.queue.try_send(submission).map_err(|_| Refused::Overloaded)?;
        outcome.await.unwrap_or_else(|_| Err(Refused::Unavailable("the server is stopping".into())))
    }

    /// Events that are in the main tables no longer wait: their ids are looked up there.
    pub fn forget(&self, team: &TeamId, ids: impl Iterator<Item = impl AsRef<str>>) {
        self.pending.forget(team, ids);
    }

    /// Leaves telling duplicates to the node that processes.
    pub fn forget_all(&self) {
        self.pending.ids.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Registers an event found in the log at start. Returns whether it was not known to wait.
    pub fn remember(&self, team: &TeamId, event: &Event) -> bool {
        self.pending.insert(team, &event.id, event.fingerprint())
    }

    /// Makes a changed monthly limit effective at once.
    pub fn limits_changed(&self) {
        self.limits_stale.notify_one();
    }
}

/// Ids that are in the log but not in the main tables yet, by a keyed 128-bit hash.
#[derive(Default)]
struct Pending {
    ids: Mutex<HashMap<u128, Option<Box<str>>>>,
    seeds: (RandomState, RandomState),
}

impl Pending {
    fn key(&self, team: &TeamId, id: &str) -> u128 {
        let of = |seed: &RandomState| u128::from(seed.hash_one((team.as_str(), id)));
        of(&self.seeds.0) << 64 | of(&self.seeds.1)
    }

    fn get(&self, team: &TeamId, id: &str) -> Option<Option<Box<str>>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).get(&self.key(team, id)).cloned()
    }

    /// Returns whether the id was not there.
    fn insert(&self, team: &TeamId, id: &str, fingerprint: Option<&str>) -> bool {
        match self.ids.lock().unwrap_or_else(PoisonError::into_inner).entry(self.key(team, id)) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(fingerprint.map(Box::from));
                true
            }
        }
    }

    fn forget(&self, team: &TeamId, ids: impl Iterator<Item = impl AsRef<str>>) {
        let mut held = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        for id in ids {
            held.remove(&self.key(team, id.as_ref()));
        }
        // After a burst the map gives its memory back.
        if held.capacity() > 4096 && held.len() < held.capacity() / 8 {
            held.shrink_to_fit();
        }
    }
}

/// Monthly limits and what is used of them.
#[derive(Default)]
struct Quotas {
    month: String,
    used: BTreeMap<TeamId, i64>,
    limits: BTreeMap<TeamId, i64>,
    read_at: Option<Instant>,
}

impl Quotas {
    async fn refresh(&mut self, store: &Store, now_ms: i64) -> Result<()> {
        let month = format_time_ms(now_ms)[..7].to_owned();
        if self.month == month && self.read_at.is_some_and(|at| at.elapsed() < LIMITS_TTL) {
            return Ok(());
        }
        self.limits = store.event_limits().await?;
        self.used = store.usage(&month).await?;
        self.month = month;
        self.read_at = Some(Instant::now());
        Ok(())
    }

    fn take(&mut self, team: &TeamId) -> bool {
        let used = self.used.entry(team.clone()).or_default();
        if self.limits.get(team).is_some_and(|limit| *used >= *limit) {
            return false;
        }
        *used += 1;
        true
    }

    fn give_back(&mut self, team: &TeamId, events: i64) {
        *self.used.entry(team.clone()).or_default() -= events;
    }
}

struct Writer {
    store: Store,
    clock: Clock,
    watermark: Arc<Watermark>,
    wake: Arc<Notify>,
    pending: Arc<Pending>,
    usage: Quotas,
}

impl Writer {
    async fn run(
        mut self,
        mut submissions: mpsc::Receiver<Submission>,
        limits_stale: Arc<Notify>,
        mut stopped: watch::Receiver<bool>,
    ) {
        let mut group = Vec::with_capacity(GROUP_MAX);
        loop {
            tokio::select! {
                taken = submissions.recv_many(&mut group, GROUP_MAX) => {
                    if taken == 0 {
                        return;
                    }
                    self.watermark.press(taken >= GROUP_PRESSED);
                    self.write(std::mem::take(&mut group)).await;
                    self.watermark.press(taken >= GROUP_PRESSED && !submissions.is_empty());
                }
                () = limits_stale.notified() => self.usage.read_at = None,
                _ = stopped.changed() => {
                    // What was accepted before the stop is still written and answered.
                    submissions.close();
                }
            }
        }
    }

    async fn write(&mut self, group: Vec<Submission>) {
        let started = Instant::now();
        match self.sort_out(&group).await {
            Ok(sorted) => match self.append(&group, &sorted).await {
                Ok(events) => {
                    metrics::histogram!(APPEND_SECONDS).record(started.elapsed());
                    metrics::histogram!(APPEND_EVENTS).record(events as f64);
                    metrics::gauge!(QUEUE_DEPTH).set(self.watermark.depth() as f64);
                    group
                        .into_iter()
                        .zip(sorted)
                        .for_each(|(submission, outcomes)| drop(submission.answer.send(Ok(outcomes))));
                }
                Err(error) => {
                    self.undo(&group, &sorted);
                    refuse(group, &error);
                }
            },
            Err(error) => refuse(group, &error),
        }
    }

    /// Decides each event's outcome. Recorded ones are marked as pending, so that a repetition in the same group or in
    /// the next is seen.
    async fn sort_out(&mut self, group: &[Submission]) -> Result<Vec<Vec<Appended>>> {
        self.usage.refresh(&self.store, self.clock.now_ms()).await?;
        let known = self.known(group).await?;
        let sorted = group
            .iter()
            .map(|submission| {
                let team = &submission.team;
                submission.events.iter().map(|event| self.outcome(team, event, &known)).collect()
            })
            .collect();
        Ok(sorted)
    }

    fn outcome(&mut self, team: &TeamId, event: &Submitted, known: &Known) -> Appended {
        let duplicate = |fingerprint: Option<String>| Appended::Duplicate { id: event.id.clone(), fingerprint };
        if event.own_id {
            if !known.is_empty()
                && let Some(fingerprint) = known.get(&(team.clone(), event.id.clone()))
            {
                return duplicate(fingerprint.clone());
            }
            // A repetition within the group.
            if let Some(fingerprint) = self.pending.get(team, &event.id) {
                return duplicate(fingerprint.map(String::from));
            }
        }
        if !self.usage.take(team) {
            return Appended::QuotaExceeded;
        }
        self.pending.insert(team, &event.id, event.fingerprint.as_deref());
        Appended::Recorded { id: event.id.clone(), fingerprint: event.fingerprint.clone() }
    }

    /// Which of the chosen ids were recorded before. Pending ids are looked at first: an event leaves them only after it
    /// is in the tables, so one of the two always knows it.
    async fn known(&self, group: &[Submission]) -> Result<Known> {
        let mut wanted: BTreeMap<&TeamId, BTreeSet<&str>> = BTreeMap::new();
        let mut known = Known::new();
        for submission in group {
            for event in submission.events.iter().filter(|event| event.own_id) {
                match self.pending.get(&submission.team, &event.id) {
                    Some(fingerprint) => {
                        known.insert((submission.team.clone(), event.id.clone()), fingerprint.map(String::from));
                    }
                    None => {
                        wanted.entry(&submission.team).or_default().insert(&event.id);
                    }
                }
            }
        }
        for (team, ids) in wanted {
            let recorded = self.store.recorded(team, &ids).await?;
            known.extend(recorded.into_iter().map(|(id, fingerprint)| ((team.clone(), id), fingerprint)));
        }
        Ok(known)
    }

    async fn append(&mut self, group: &[Submission], sorted: &[Vec<Appended>]) -> Result<u64> {
        let mut payload = Vec::with_capacity(group.len() * 512);
        let mut counts: BTreeMap<&TeamId, i64> = BTreeMap::new();
        for (submission, event, outcome) in each(group, sorted) {
            if matches!(outcome, Appended::Recorded { .. }) {
                payload.extend_from_slice(&event.line);
                *counts.entry(&submission.team).or_default() += 1;
            }
        }
        if counts.is_empty() {
            return Ok(0);
        }
        let month = self.usage.month.clone();
        let usage: Vec<Usage> = counts
            .into_iter()
            .map(|(team, events)| Usage { team: team.clone(), month: month.clone(), events })
            .collect();
        let events = usage.iter().map(|usage| usage.events).sum::<i64>() as u64;
        // Counted first: processing may be done with them before this task runs again.
        self.watermark.append(events);
        if let Err(error) = self.store.append(payload, &usage).await {
            self.watermark.process(events);
            return Err(error);
        }
        self.wake.notify_one();
        Ok(events)
    }

    fn undo(&mut self, group: &[Submission], sorted: &[Vec<Appended>]) {
        for (submission, event, outcome) in each(group, sorted) {
            if matches!(outcome, Appended::Recorded { .. }) {
                self.pending.forget(&submission.team, std::iter::once(&event.id));
                self.usage.give_back(&submission.team, 1);
            }
        }
    }
}

type Known = HashMap<(TeamId, String), Option<String>>;

fn each<'a>(
    group: &'a [Submission],
    sorted: &'a [Vec<Appended>],
) -> impl Iterator<Item = (&'a Submission, &'a Submitted, &'a Appended)> {
    group.iter().zip(sorted).flat_map(|(submission, outcomes)| {
        submission.events.iter().zip(outcomes).map(move |(event, outcome)| (submission, event, outcome))
    })
}

fn refuse(group: Vec<Submission>, error: &StoreError) {
    tracing::error!(%error, requests = group.len(), "events could not be made durable");
    for submission in group {
        let _ = submission.answer.send(Err(Refused::Unavailable(error.to_string())));
    }
}

//! Events through the pipeline of the server, on a clock that follows them.

use super::reading::Events;
use crate::cli::terminal::progress;
use crate::clock::Clock;
use crate::config::RunOptions;
use crate::ids::Ids;
use crate::jobs::claims::{BATCH_EVENTS_MAX, BATCH_SUBJECTS_MAX, BatchOfSubjects, Claimed, Owner};
use crate::jobs::enrich::Enricher;
use crate::jobs::pipeline::Pipeline;
use dregs_engine::event::Event;
use dregs_engine::intelligence::networks::NetworkTable;
use dregs_store::{Store, StoreError, Team, TeamId};
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

/// Batches of events between two rounds of assessments that are due: an identity that several batches would send to be
/// scored again is scored once.
const BATCHES_BETWEEN_DUE: usize = 4;
/// Rounds of assessments at the end. What one round changes the next carries one identity further; if something is still
/// due after so many, some identities send each other round for ever.
const LAST_ROUNDS_MAX: usize = 30;
/// Identities named of those that never come to rest.
const UNSETTLED_NAMED_MAX: usize = 10;

/// What the replay did.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    pub events: usize,
    /// Assessments without an event, because something else had changed or time had passed.
    pub rescored: usize,
    /// Subjects that the pipeline refused, and what it said of the first.
    pub failed: usize,
    pub first_failure: Option<String>,
    /// Identities that were still due when patience ended, and the first of them.
    pub unsettled: usize,
    pub unsettled_first: Vec<String>,
    pub seconds: f64,
    pub events_per_second: f64,
    #[serde(skip)]
    pub identities: BTreeSet<String>,
    #[serde(skip)]
    pub now_ms: i64,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Runs all events through a pipeline on `store` and scores again what is due, as a server would have by the end.
pub async fn replay(
    store: &Store,
    team: &TeamId,
    events: &mut Events,
    networks: Option<NetworkTable>,
) -> Outcome<Replayed> {
    let begun = Instant::now();
    store
        .add_team(&Team { id: team.clone(), name: "Evaluation".into(), monthly_event_limit: None, created_ms: 0 })
        .await?;
    let clock = Clock::manual(0);
    let ids = Arc::new(Ids::new(0));
    let enricher = Enricher::new(networks);
    let pipeline = Pipeline::new(store.clone(), clock.clone(), ids, enricher, &RunOptions::default());
    let mut replay = Replay { store, team, clock, pipeline, done: Replayed::default() };
    replay.stream(events).await?;
    replay.settle_all().await?;
    let mut done = replay.done;
    done.seconds = begun.elapsed().as_secs_f64();
    done.events_per_second = done.events as f64 / done.seconds.max(1e-9);
    Ok(done)
}

struct Replay<'a> {
    store: &'a Store,
    team: &'a TeamId,
    clock: Clock,
    pipeline: Pipeline,
    done: Replayed,
}

impl Replay<'_> {
    async fn stream(&mut self, events: &mut Events) -> Outcome<()> {
        let bar = progress(events.left() as u64, "replaying");
        let mut window = Window::default();
        let mut batches = 0;
        loop {
            let event = events.next()?;
            let owner = event.as_ref().map(|event| Owner::of(self.team, event));
            if !owner.as_ref().is_some_and(|owner| window.takes(owner)) && window.events > 0 {
                bar.inc(window.events as u64);
                self.run_window(std::mem::take(&mut window)).await?;
                batches += 1;
                if batches % BATCHES_BETWEEN_DUE == 0 {
                    self.settle_once().await?;
                }
            }
            let (Some(owner), Some(event)) = (owner, event) else { break };
            self.done.identities.extend(event.identity.as_ref().map(|identity| identity.id.clone()));
            window.push(owner, event);
        }
        bar.finish_and_clear();
        Ok(())
    }

    async fn run_window(&mut self, window: Window) -> Outcome<()> {
        self.clock.set(window.last_ms);
        self.done.now_ms = window.last_ms;
        self.done.events += window.events;
        self.run(window.batch).await
    }

    /// A batch that fails is tried one subject at a time; what fails alone is counted and passed over.
    async fn run(&mut self, batch: BatchOfSubjects) -> Outcome<()> {
        let error = match self.pipeline.run(&batch).await {
            Ok(_) => return Ok(()),
            Err(error @ StoreError::Unavailable(_)) => return Err(error.into()),
            Err(error) => error,
        };
        tracing::debug!(%error, "a batch failed, its subjects are processed one by one");
        for single in batch.owners {
            let single = BatchOfSubjects { owners: vec![single] };
            if let Err(error) = self.pipeline.run(&single).await {
                self.fail(&single, &error).await?;
            }
        }
        Ok(())
    }

    async fn fail(&mut self, single: &BatchOfSubjects, error: &StoreError) -> Outcome<()> {
        self.done.failed += 1;
        self.done.first_failure.get_or_insert_with(|| error.to_string());
        for id in single.owners.iter().filter_map(|(owner, _)| owner.identity_id()) {
            self.pipeline.postpone(self.team, id).await?;
        }
        Ok(())
    }

    /// Scores again what is due now, and not what becomes due by that.
    async fn settle_once(&mut self) -> Outcome<()> {
        let due = self.store.due(self.clock.now_ms(), i64::MAX).await?;
        for ids in due.chunks(BATCH_SUBJECTS_MAX) {
            let owners = ids.iter().map(|(team, id)| (Owner::identity(team, id), Vec::new())).collect();
            self.done.rescored += ids.len();
            self.run(BatchOfSubjects { owners }).await?;
        }
        Ok(())
    }

    /// Scores again until nothing is due.
    async fn settle_all(&mut self) -> Outcome<()> {
        let bar = progress(1, "settling");
        for round in 0.. {
            let due = self.store.due(self.clock.now_ms(), i64::MAX).await?;
            if due.is_empty() || round == LAST_ROUNDS_MAX {
                self.done.unsettled = due.len();
                self.done.unsettled_first = due.into_iter().take(UNSETTLED_NAMED_MAX).map(|(_, id)| id).collect();
                break;
            }
            bar.set_length(bar.position() + due.len() as u64);
            self.settle_once().await?;
            bar.inc(due.len() as u64);
        }
        bar.finish_and_clear();
        Ok(())
    }
}

/// Consecutive events that are processed together, by subject.
#[derive(Default)]
struct Window {
    batch: BatchOfSubjects,
    places: HashMap<Owner, usize>,
    events: usize,
    last_ms: i64,
}

impl Window {
    fn takes(&self, owner: &Owner) -> bool {
        self.events < BATCH_EVENTS_MAX
            && (self.batch.owners.len() < BATCH_SUBJECTS_MAX || self.places.contains_key(owner))
    }

    fn push(&mut self, owner: Owner, event: Event) {
        self.events += 1;
        self.last_ms = event.timestamp_ms;
        let place = *self.places.entry(owner.clone()).or_insert_with(|| {
            self.batch.owners.push((owner, Vec::new()));
            self.batch.owners.len() - 1
        });
        let read_ms = event.received_ms;
        self.batch.owners[place].1.push(Claimed { event, segment: 0, read_ms, repeated: false });
    }
}

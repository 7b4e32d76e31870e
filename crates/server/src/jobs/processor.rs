//! The loop behind the log: reads what waits, hands it to the pipeline batch by batch, and sets aside what cannot be
//! processed. It sleeps until something happens: an append, a request, or the next time something is due.

use crate::clock::Clock;
use crate::config::RunOptions;
use crate::ids::Ids;
use crate::ingest::appender::Appender;
use crate::ingest::log::read_lines;
use crate::ingest::watermark::Watermark;
use crate::jobs::claims::{BatchOfSubjects, Claimed, Claims, Owner};
use crate::jobs::enrich::Enricher;
use crate::jobs::erase;
use crate::jobs::lease::{Hold, Lease};
use crate::jobs::pipeline::{Made, Pipeline};
use crate::jobs::{Bells, is_running};
use crate::metrics::{EVENTS, FAILURES};
use dregs_engine::event::Event;
use dregs_engine::rejection::Fate;
use dregs_store::{Erasure, ErasureStatus, Flushed, LogSegment, ParkedEvent, Result, Store, StoreError, TeamId};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Attempts before an event is set aside.
const ATTEMPTS_MAX: u32 = 5;
/// Times in a row that a batch comes again because somebody changed what it had read. Then it is looked at one by one.
const CONFLICTS_MAX: u32 = 5;
/// Identities that are due, taken at once.
const DUE_BATCH: i64 = 256;
/// The longest sleep: another node's work, and clocks that jump, are noticed within it.
const SLEEP_MAX: Duration = Duration::from_secs(5);
/// Pause after the store refused.
const REFUSED_PAUSE: Duration = Duration::from_millis(200);
/// While senders queue up, the processor rests this many times as long as it works, up to a bound.
const PRESSED_REST: u32 = 9;
const PRESSED_REST_MAX: Duration = Duration::from_secs(1);
/// Finished segments are dropped together: that many, or what there is after so long.
const TRIM_SEGMENTS: i64 = 256;
const TRIM_EVERY: Duration = Duration::from_secs(1);
/// How long nobody is erased after one could not be.
const ERASE_AGAIN_MS: i64 = 10_000;
/// How often a node without the right asks for it.
const LEASE_RETRY: Duration = Duration::from_millis(500);

pub struct Processor {
    store: Store,
    clock: Clock,
    watermark: Arc<Watermark>,
    appender: Appender,
    bells: Bells,
    pipeline: Pipeline,
    claims: Claims,
    attempts: HashMap<(Owner, String), u32>,
    /// Conflicts since a batch was last processed.
    conflicts: u32,
    read_upto: i64,
    trimmed_upto: i64,
    trimmed_at: Instant,
    /// Finished segments that go once what came of them is on disk.
    flushing: Option<(i64, JoinHandle<Result<Flushed>>)>,
    /// Events found in the log at start: appended before this process counted.
    recovering: bool,
    lease: Lease,
    next_due_ms: Option<i64>,
    /// Before this nobody is erased: the last try failed.
    erase_from_ms: i64,
}

impl Processor {
    pub fn new(
        store: &Store,
        clock: &Clock,
        ids: &Arc<Ids>,
        watermark: &Arc<Watermark>,
        appender: &Appender,
        bells: &Bells,
        options: &RunOptions,
    ) -> Self {
        let store = store.for_processing();
        let pipeline = Pipeline::new(store.clone(), clock.clone(), ids.clone(), Enricher::new(None), options);
        Processor {
            pipeline: pipeline.telling(&bells.live),
            lease: Lease::new(store.clone(), "processor"),
            store,
            clock: clock.clone(),
            watermark: watermark.clone(),
            appender: appender.clone(),
            bells: bells.clone(),
            claims: Claims::default(),
            attempts: HashMap::new(),
            conflicts: 0,
            read_upto: 0,
            trimmed_upto: 0,
            trimmed_at: Instant::now(),
            flushing: None,
            recovering: true,
            next_due_ms: Some(0),
            erase_from_ms: 0,
        }
    }

    pub async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        while is_running(&stopped) {
            let pause = match self.step().await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::warn!(%error, "processing pauses");
                    metrics::counter!(FAILURES, "kind" => "store").increment(1);
                    REFUSED_PAUSE
                }
            };
            if !pause.is_zero() {
                tokio::select! {
                    () = self.bells.process.notified() => {}
                    () = tokio::time::sleep(pause) => {}
                    _ = stopped.changed() => {}
                }
            }
        }
        let _ = self.trim(true).await;
        self.lease.release().await;
    }

    /// Does what can be done now; returns how long nothing will be to do.
    async fn step(&mut self) -> Result<Duration> {
        if !self.hold_lease().await? {
            return Ok(LEASE_RETRY);
        }
        self.read_log().await?;
        // After the log was read and before anything of it is processed: what was sent after an erasure was asked for begins
        // from nothing.
        let erased = self.erase().await?;
        self.take_due().await?;
        let now_ms = self.clock.now_ms();
        let (batch, next_ms) = self.claims.take(now_ms);
        if batch.owners.is_empty() {
            self.trim(false).await?;
            self.watermark.set_due(self.claims.waiting() as u64);
            return Ok(if erased { Duration::ZERO } else { self.pause(now_ms, next_ms) });
        }
        let begun = Instant::now();
        self.process(batch).await?;
        self.trim(false).await?;
        if self.watermark.is_pressed() {
            tokio::time::sleep((begun.elapsed() * PRESSED_REST).min(PRESSED_REST_MAX)).await;
        }
        Ok(Duration::ZERO)
    }

    fn pause(&self, now_ms: i64, next_ms: Option<i64>) -> Duration {
        // What is due but rests is in `next_ms`; what is due later is in `next_due_ms`.
        let later_ms = self.next_due_ms.filter(|due_ms| *due_ms > now_ms);
        let next_ms = [next_ms, later_ms].into_iter().flatten().min();
        let until = next_ms.map_or(SLEEP_MAX, |next_ms| Duration::from_millis((next_ms - now_ms).max(1) as u64));
        let trimmed = self.claims.finished_upto() <= self.trimmed_upto;
        until.min(if trimmed { SLEEP_MAX } else { TRIM_EVERY })
    }

    /// Only one node processes.
    async fn hold_lease(&mut self) -> Result<bool> {
        match self.lease.hold(self.clock.now_ms()).await? {
            Hold::Kept => Ok(true),
            Hold::Taken => {
                // Another node may have worked meanwhile: begin from what the log says.
                self.claims = Claims::default();
                self.read_upto = 0;
                self.recovering = true;
                Ok(true)
            }
            Hold::No => {
                // The node that holds the lease processes what this one appends.
                self.watermark.process(self.watermark.depth());
                self.appender.forget_all();
                Ok(false)
            }
        }
    }

    async fn read_log(&mut self) -> Result<()> {
        while self.claims.has_room() {
            let segments = self.store.read_log(self.read_upto).await?;
            if segments.is_empty() {
                self.recovering = false;
                return Ok(());
            }
            for segment in segments {
                self.read_segment(segment).await?;
            }
        }
        Ok(())
    }

    async fn read_segment(&mut self, segment: LogSegment) -> Result<()> {
        let read_ms = self.clock.now_ms();
        let lines: Vec<_> = read_lines(&segment.payload).collect();
        self.claims.open_segment(segment.seq, lines.iter().filter(|line| line.is_ok()).count());
        for line in lines {
            match line {
                Ok(logged) => {
                    // What this process appended itself it has counted already.
                    if self.appender.remember(&logged.team, &logged.event) {
                        self.watermark.append(1);
                    }
                    let owner = Owner::of(&logged.team, &logged.event);
                    let repeated = self.recovering;
                    self.claims.push(owner, Claimed { event: logged.event, segment: segment.seq, read_ms, repeated });
                }
                Err(error) => {
                    tracing::error!(%error, segment = segment.seq, "a line of the ingest log does not read back")
                }
            }
        }
        self.read_upto = segment.seq;
        Ok(())
    }

    /// Erases who is to be erased first, and says whether there was somebody. Nothing else is under way: no batch brings
    /// anybody back.
    async fn erase(&mut self) -> Result<bool> {
        let now_ms = self.clock.now_ms();
        if now_ms < self.erase_from_ms {
            return Ok(false);
        }
        let erased = self.erase_next().await;
        match erased {
            // Others are not to wait for what fails again and again.
            Err(error) if !matches!(error, StoreError::Unavailable(_) | StoreError::Conflict(_)) => {
                tracing::error!(%error, "an identity could not be erased; it is tried again");
                metrics::counter!(FAILURES, "kind" => "erasure").increment(1);
                self.erase_from_ms = now_ms + ERASE_AGAIN_MS;
                Ok(false)
            }
            erased => erased,
        }
    }

    async fn erase_next(&mut self) -> Result<bool> {
        let Some(mut erasure) = self.store.next_erasure().await? else { return Ok(false) };
        // What is done with need not be rewritten.
        self.trim(true).await?;
        if erasure.status == ErasureStatus::Pending {
            erasure.trail = Some(erase::out_of_tables(&self.store, &self.clock, &mut self.lease, &erasure).await?);
        }
        // Before anything else can fail: what is left in memory would be processed and bring the person back.
        self.forget(&erasure);
        let (read_upto, appender, watermark) = (self.read_upto, &self.appender, &self.watermark);
        let account = |seq: i64, team: &TeamId, event: &Event| {
            // Those that were read were taken out of memory above.
            if seq > read_upto {
                watermark.append(u64::from(appender.remember(team, event)));
                appender.forget(team, std::iter::once(&event.id));
                watermark.process(1);
            }
        };
        erase::out_of_log(&self.store, &self.clock, &mut self.lease, &erasure, account).await?;
        self.store.note_unlogged(&erasure, self.clock.now_ms()).await?;
        self.bells.erase.notify_one();
        Ok(true)
    }

    /// Drops what is in memory of somebody who is out of the tables.
    fn forget(&mut self, erasure: &Erasure) {
        let gone = self.claims.drop_events(|team, event| erase::is_erased(erasure, team, event));
        for (team, event) in &gone {
            self.appender.forget(team, std::iter::once(&event.id));
        }
        self.watermark.process(gone.len() as u64);
        if let Some(trail) = &erasure.trail {
            let owner = Owner::identity(&erasure.team, &trail.identity_id);
            self.claims.drop_rescore(&owner);
            self.attempts.retain(|(held, _), _| *held != owner);
        }
        self.pipeline.forget_people();
    }

    async fn take_due(&mut self) -> Result<()> {
        let now_ms = self.clock.now_ms();
        self.next_due_ms = self.store.next_due_ms().await?;
        if self.next_due_ms.is_none_or(|due_ms| due_ms > now_ms) {
            return Ok(());
        }
        let due = self.store.due(now_ms, DUE_BATCH).await?;
        self.watermark.set_due(due.len() as u64);
        for (team, id) in due {
            let owner = Owner::identity(&team, &id);
            match self.claims.put_off_until_ms(&owner, now_ms) {
                Some(until_ms) => self.store.postpone(&team, &id, until_ms).await?,
                None => self.claims.push_rescore(owner),
            }
        }
        Ok(())
    }

    async fn process(&mut self, batch: BatchOfSubjects) -> Result<()> {
        match self.pipeline.run(&batch).await {
            Ok(made) => {
                self.finish(batch, made);
                Ok(())
            }
            Err(error) if self.is_passing(&error) => self.try_again(batch, error),
            Err(error) if batch.owners.len() > 1 => {
                tracing::warn!(%error, "a batch failed, its subjects are processed one by one");
                let mut left = batch.owners.into_iter();
                while let Some(single) = left.next() {
                    if let Err(error) = self.process_alone(single).await {
                        self.claims.put_back(BatchOfSubjects { owners: left.collect() });
                        return Err(error);
                    }
                }
                Ok(())
            }
            Err(error) => self.fail(batch, &error).await,
        }
    }

    /// The batch is not at fault: it comes again.
    fn try_again(&mut self, batch: BatchOfSubjects, error: StoreError) -> Result<()> {
        self.claims.put_back(batch);
        metrics::counter!(FAILURES, "kind" => "retried").increment(1);
        match error {
            // Someone changed an identity between load and commit: the next try reads it anew.
            StoreError::Conflict(_) => {
                self.conflicts += 1;
                tracing::debug!(%error, "a batch comes again");
                Ok(())
            }
            error => Err(error),
        }
    }

    async fn process_alone(&mut self, single: (Owner, Vec<Claimed>)) -> Result<()> {
        let batch = BatchOfSubjects { owners: vec![single] };
        match self.pipeline.run(&batch).await {
            Ok(made) => {
                self.finish(batch, made);
                Ok(())
            }
            Err(error) if self.is_passing(&error) => self.try_again(batch, error),
            Err(error) => self.fail(batch, &error).await,
        }
    }

    /// Whether the next try may well succeed. A conflict that stays is no conflict but a fault.
    fn is_passing(&self, error: &StoreError) -> bool {
        match error {
            StoreError::Conflict(_) => self.conflicts < CONFLICTS_MAX,
            error => matches!(error, StoreError::Unavailable(_)),
        }
    }

    /// Counts a failed attempt on a subject's first event; at the fifth the event is set aside and the queue moves on.
    async fn fail(&mut self, mut batch: BatchOfSubjects, error: &StoreError) -> Result<()> {
        let Some((owner, mut events)) = batch.owners.pop() else { return Ok(()) };
        metrics::counter!(FAILURES, "kind" => "failed").increment(1);
        let Some(first) = events.first() else {
            tracing::error!(%error, "an identity cannot be scored; it is tried again when it is due");
            return match owner.identity_id() {
                Some(id) => self.pipeline.postpone(&owner.team, id).await,
                None => Ok(()),
            };
        };
        let attempt = (owner.clone(), first.event.id.clone());
        let attempts = self.attempts.entry(attempt.clone()).or_default();
        *attempts += 1;
        tracing::warn!(%error, attempts = *attempts, "an event could not be processed");
        let parked = match *attempts >= ATTEMPTS_MAX {
            true => self.park(&owner, first, error).await.map(|()| self.attempts.remove(&attempt).is_some()),
            false => Ok(false),
        };
        if let Ok(true) = parked {
            self.account(&owner, &[events.remove(0)]);
        }
        self.claims.put_back(BatchOfSubjects { owners: vec![(owner, events)] });
        tokio::time::sleep(REFUSED_PAUSE).await;
        parked.map(drop)
    }

    async fn park(&self, owner: &Owner, claimed: &Claimed, error: &StoreError) -> Result<()> {
        let parked = ParkedEvent {
            id: claimed.event.id.clone(),
            event: serde_json::to_string(&claimed.event)?,
            error: error.to_string(),
            parked_ms: self.clock.now_ms(),
        };
        self.store.park(&owner.team, &parked).await?;
        metrics::counter!(EVENTS, "fate" => Fate::Parked.code()).increment(1);
        Ok(())
    }

    fn finish(&mut self, batch: BatchOfSubjects, made: Made) {
        self.conflicts = 0;
        // Told before the events are: between the two the store would look settled.
        if made.due > 0 {
            self.watermark.set_due(made.due);
        }
        if made.notifies {
            self.bells.deliver.notify_one();
        }
        for (owner, events) in &batch.owners {
            self.account(owner, events);
        }
    }

    fn account(&mut self, owner: &Owner, events: &[Claimed]) {
        self.claims.finish(owner, events, self.clock.now_ms());
        self.appender.forget(&owner.team, events.iter().map(|claimed| claimed.event.id.as_str()));
        self.watermark.process(events.len() as u64);
    }

    /// Drops finished segments: at the end, every now and then, or when there are many. The disk is waited for only where
    /// somebody waits for the log to be shorter.
    async fn trim(&mut self, now: bool) -> Result<()> {
        let upto = self.claims.finished_upto();
        let many = upto - self.trimmed_upto >= TRIM_SEGMENTS;
        // On PostgreSQL other nodes see by the log how far processing is.
        let told = self.store.is_shared() && self.claims.is_empty();
        let due = upto > self.trimmed_upto && (now || many || told || self.trimmed_at.elapsed() >= TRIM_EVERY);
        if due && self.flushing.is_none() {
            self.flushing = Some((upto, self.store.flush()));
        }
        if let Some((upto, flush)) = self.flushing.take_if(|(_, flush)| now || told || flush.is_finished()) {
            self.drop_segments(upto, flush).await?;
        }
        // A flush that was under way knows nothing of what was finished since.
        if now && upto > self.trimmed_upto {
            self.drop_segments(upto, self.store.flush()).await?;
        }
        Ok(())
    }

    async fn drop_segments(&mut self, upto: i64, flush: JoinHandle<Result<Flushed>>) -> Result<()> {
        let flushed = flush.await.map_err(|error| StoreError::Unavailable(error.to_string()))??;
        self.store.trim_log(upto, flushed).await?;
        self.trimmed_upto = upto;
        self.trimmed_at = Instant::now();
        Ok(())
    }
}

//! Removes what teams do not keep any longer: once an hour, in small pieces, and not while senders queue up.

use crate::clock::Clock;
use crate::http::erasures::request;
use crate::ids::Ids;
use crate::ingest::watermark::Watermark;
use crate::jobs::is_running;
use crate::jobs::lease::{Hold, Lease};
use crate::metrics::RETENTION_REMOVED;
use dregs_store::{Kept, RETENTION_KINDS, Result, Retention, RetentionKind, Store, TeamId};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

const DAY_MS: i64 = 24 * 3_600_000;
/// How often it is looked, and how soon after the start.
const LOOK_EVERY_MS: i64 = 3_600_000;
const FIRST_LOOK_MS: i64 = 60_000;
/// Pause between two pieces: others that write go first.
const PAUSE: Duration = Duration::from_millis(50);
/// How often it is asked whether it is time.
const TICK: Duration = Duration::from_secs(2);
/// Identities that one look erases of a team: each is a search through what others' rows say.
const ERASED_MAX: usize = 500;

/// Up to when data goes that is kept for so many days.
pub fn kept(days: u32, now_ms: i64) -> Kept {
    let from_ms = now_ms - i64::from(days) * DAY_MS;
    Kept { from_ms, from_id: Ids::at(from_ms) }
}

pub struct Remover {
    store: Store,
    clock: Clock,
    ids: Arc<Ids>,
    watermark: Arc<Watermark>,
    process: Arc<Notify>,
    lease: Lease,
    next_ms: i64,
}

impl Remover {
    pub fn new(
        store: &Store,
        clock: &Clock,
        ids: &Arc<Ids>,
        watermark: &Arc<Watermark>,
        process: &Arc<Notify>,
    ) -> Self {
        Remover {
            store: store.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            watermark: watermark.clone(),
            process: process.clone(),
            lease: Lease::new(store.clone(), "retain"),
            next_ms: clock.now_ms() + FIRST_LOOK_MS,
        }
    }

    pub async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        while is_running(&stopped) {
            let now_ms = self.clock.now_ms();
            if now_ms >= self.next_ms && !self.watermark.is_pressed() {
                self.next_ms = now_ms + LOOK_EVERY_MS;
                if let Err(error) = self.look(&stopped).await {
                    tracing::warn!(%error, "what is too old could not be removed; it is tried again in an hour");
                }
            }
            let _ = tokio::time::timeout(TICK, stopped.changed()).await;
        }
        self.lease.release().await;
    }

    /// Goes through all teams once.
    pub async fn look(&mut self, stopped: &watch::Receiver<bool>) -> Result<()> {
        if self.lease.hold(self.clock.now_ms()).await? == Hold::No {
            return Ok(());
        }
        for team in self.store.teams().await? {
            let retention = self.store.retention(&team.id).await?;
            for kind in RETENTION_KINDS {
                self.remove(&team.id, &retention, kind, stopped).await?;
            }
            self.erase_inactive(&team.id, &retention, stopped).await?;
        }
        Ok(())
    }

    async fn remove(
        &mut self,
        team: &TeamId,
        retention: &Retention,
        kind: RetentionKind,
        stopped: &watch::Receiver<bool>,
    ) -> Result<()> {
        let Some(days) = retention.days(kind) else { return Ok(()) };
        let kept = kept(days, self.clock.now_ms());
        let mut after = Some(String::new());
        while let Some(from) = after.filter(|_| is_running(stopped)) {
            let (removed, next) = self.store.remove_old(team, kind, kept, &from).await?;
            metrics::counter!(RETENTION_REMOVED, "kind" => kind.code()).increment(removed);
            after = next;
            self.rest().await?;
        }
        Ok(())
    }

    async fn erase_inactive(
        &mut self,
        team: &TeamId,
        retention: &Retention,
        stopped: &watch::Receiver<bool>,
    ) -> Result<()> {
        let Some(days) = retention.inactive_identities_days else { return Ok(()) };
        let now_ms = self.clock.now_ms();
        let (mut after, mut left) = (Some(String::new()), ERASED_MAX);
        while let Some(from) = after.filter(|_| is_running(stopped) && left > 0) {
            let (inactive, next) = self.store.inactive(team, kept(days, now_ms), &from).await?;
            for id in inactive.iter().take(left) {
                request(&self.store, &self.ids, team, id, self.clock.now_ms()).await?;
                metrics::counter!(RETENTION_REMOVED, "kind" => "identities").increment(1);
            }
            left = left.saturating_sub(inactive.len());
            after = next;
            self.process.notify_one();
            self.rest().await?;
        }
        Ok(())
    }

    /// Lets others go first, and keeps the right to do this.
    async fn rest(&mut self) -> Result<()> {
        tokio::time::sleep(PAUSE).await;
        while self.watermark.is_pressed() {
            tokio::time::sleep(TICK).await;
        }
        self.lease.hold(self.clock.now_ms()).await.map(drop)
    }
}

//! Writes the reviews that were asked for.

use crate::clock::Clock;
use crate::jobs::is_running;
use dregs_engine::review::summarize;
use dregs_store::{Result, Review, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// How often it is looked for what another node, or an earlier run, left.
const LOOK_EVERY: Duration = Duration::from_secs(5);

pub struct Reviewer {
    store: Store,
    clock: Clock,
    wake: Arc<Notify>,
}

impl Reviewer {
    pub fn new(store: &Store, clock: &Clock, wake: &Arc<Notify>) -> Self {
        Reviewer { store: store.clone(), clock: clock.clone(), wake: wake.clone() }
    }

    pub async fn run(self, mut stopped: watch::Receiver<bool>) {
        while is_running(&stopped) {
            match self.write_pending().await {
                Ok(0) => {}
                Ok(_) => continue,
                Err(error) => tracing::warn!(%error, "reviewing pauses"),
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = stopped.changed() => {}
            }
        }
    }

    /// Returns how many there were. Two nodes may write the same one: they write the same.
    async fn write_pending(&self) -> Result<usize> {
        let pending = self.store.pending_reviews().await?;
        for review in &pending {
            self.write(review).await?;
        }
        Ok(pending.len())
    }

    async fn write(&self, review: &Review) -> Result<()> {
        let summary = match self.store.cycle(&review.team, &review.identity_id, None).await {
            Err(StoreError::Unavailable(cause)) => return Err(StoreError::Unavailable(cause)),
            Ok(cycle) => cycle.and_then(|cycle| cycle.evidence).map(|held| summarize(&held.snapshot, &held.assessment)),
            // It will not read better next time, and others wait.
            Err(error) => {
                tracing::error!(%error, review = review.id, "an analysis cannot be read for its review");
                None
            }
        };
        let outcome = summary.as_deref().ok_or("there is no analysis to read: ask again once the identity is scored");
        self.store.complete_review(&review.team, review.id, outcome, self.clock.now_ms()).await
    }
}

//! Counts what became of the events that were not recorded; recorded ones are counted in the transaction that applies
//! them.

use crate::jobs::is_running;
use crate::metrics::EVENTS;
use dregs_engine::rejection::Fate;
use dregs_store::{Store, TeamId, hour_of};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How often counters are written.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

type Counts = BTreeMap<TeamId, BTreeMap<(i64, Fate), u64>>;

#[derive(Default)]
pub struct FateCounter {
    counts: Mutex<Counts>,
}

impl FateCounter {
    pub fn count(&self, team: &TeamId, fate: Fate, now_ms: i64, events: u64) {
        if events == 0 {
            return;
        }
        metrics::counter!(EVENTS, "fate" => fate.code()).increment(events);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(team.clone()).or_default().entry((hour_of(now_ms), fate)).or_default() += events;
    }

    fn take(&self) -> Counts {
        std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes what was counted since the last time; what cannot be written is kept for the next.
    pub async fn flush(&self, store: &Store) {
        for (team, fates) in self.take() {
            if let Err(error) = store.count_fates(&team, &fates).await {
                tracing::warn!(%error, "fates could not be written, kept for later");
                let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
                let held = counts.entry(team).or_default();
                fates.into_iter().for_each(|(key, count)| *held.entry(key).or_default() += count);
            }
        }
    }
}

pub async fn flush_forever(fates: Arc<FateCounter>, store: Store, mut stopped: watch::Receiver<bool>) {
    while is_running(&stopped) {
        let _ = tokio::time::timeout(FLUSH_EVERY, stopped.changed()).await;
        fates.flush(&store).await;
    }
}

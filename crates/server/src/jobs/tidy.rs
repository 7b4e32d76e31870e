//! Writes down when keys and sessions were used, and deletes sessions, links and counts whose time is over.

use crate::clock::Clock;
use crate::jobs::is_running;
use crate::uses::Uses;
use dregs_store::{Result, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often uses are written, and after how many of those times it is looked for what is over.
const EVERY: Duration = Duration::from_secs(1);
const TIDY_EVERY: u64 = 60;

pub async fn run(store: Store, clock: Clock, uses: Arc<Uses>, mut stopped: watch::Receiver<bool>) {
    for turn in 0_u64.. {
        if !is_running(&stopped) {
            return;
        }
        if let Err(error) = tidy(&store, &uses, clock.now_ms(), turn % TIDY_EVERY == 0).await {
            tracing::warn!(%error, "sessions and keys could not be tidied; it is tried again");
        }
        let _ = tokio::time::timeout(EVERY, stopped.changed()).await;
    }
}

async fn tidy(store: &Store, uses: &Uses, now_ms: i64, thoroughly: bool) -> Result<()> {
    uses.write(store, now_ms).await?;
    if thoroughly {
        store.prune_logins(now_ms).await?;
        store.prune_throttles(now_ms).await?;
    }
    Ok(())
}

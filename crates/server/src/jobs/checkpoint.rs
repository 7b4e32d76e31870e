//! Keeps SQLite's write-ahead logs short, beside the writer instead of in its way.

use crate::jobs::is_running;
use dregs_store::Store;
use std::time::Duration;
use tokio::sync::watch;

/// How often the size is looked at.
const EVERY: Duration = Duration::from_secs(1);

pub async fn run(store: Store, mut stopped: watch::Receiver<bool>) {
    while is_running(&stopped) {
        let _ = tokio::time::timeout(EVERY, stopped.changed()).await;
        if let Err(error) = store.checkpoint().await {
            tracing::warn!(%error, "the write-ahead log could not be moved into the database; it is tried again");
        }
    }
}

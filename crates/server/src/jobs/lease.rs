//! The right to do a job that only one of several nodes may do. On an embedded store there is one node, and it always has it.

use dregs_store::{Result, Store};

/// How long it is held, how often it is prolonged.
const LEASE_MS: i64 = 4_000;
const RENEW_MS: i64 = 1_000;

pub struct Lease {
    store: Store,
    name: &'static str,
    owner: String,
    until_ms: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Another node has it.
    No,
    Kept,
    /// It was not held until now: another node may have worked meanwhile.
    Taken,
}

impl Lease {
    pub fn new(store: Store, name: &'static str) -> Self {
        Lease { store, name, owner: uuid::Uuid::new_v4().to_string(), until_ms: 0 }
    }

    pub async fn hold(&mut self, now_ms: i64) -> Result<Hold> {
        if !self.store.is_shared() || now_ms < self.until_ms - LEASE_MS + RENEW_MS {
            return Ok(Hold::Kept);
        }
        let fresh = self.until_ms < now_ms;
        let held = self.store.take_lease(self.name, &self.owner, now_ms, now_ms + LEASE_MS).await?;
        self.until_ms = if held { now_ms + LEASE_MS } else { 0 };
        Ok(match (held, fresh) {
            (false, _) => Hold::No,
            (true, true) => Hold::Taken,
            (true, false) => Hold::Kept,
        })
    }

    /// Prolongs it in the middle of a piece of work. Returns whether it was held all the time; if not, the next `hold` does
    /// not say that it was.
    pub async fn keep(&mut self, now_ms: i64) -> Result<bool> {
        let kept = self.hold(now_ms).await? == Hold::Kept;
        if !kept {
            self.until_ms = 0;
        }
        Ok(kept)
    }

    /// Gives it back, so that another node need not wait for it to run out.
    pub async fn release(&mut self) {
        let _ = self.store.release_lease(self.name, &self.owner).await;
    }
}

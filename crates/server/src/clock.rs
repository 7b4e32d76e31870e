//! The time, from one place: the machine's, or one that tests and replays set.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Epoch milliseconds when set by hand.
    set_ms: Option<Arc<AtomicI64>>,
}

impl Clock {
    pub fn system() -> Self {
        Clock::default()
    }

    /// A clock that stands still until it is set.
    pub fn manual(now_ms: i64) -> Self {
        Clock { set_ms: Some(Arc::new(AtomicI64::new(now_ms))) }
    }

    /// Moves a manual clock; a clock that follows the machine stays as it is.
    pub fn set(&self, now_ms: i64) {
        if let Some(set_ms) = &self.set_ms {
            set_ms.store(now_ms, Ordering::SeqCst);
        }
    }

    /// Epoch milliseconds.
    pub fn now_ms(&self) -> i64 {
        match &self.set_ms {
            Some(set_ms) => set_ms.load(Ordering::SeqCst),
            None => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64),
        }
    }
}

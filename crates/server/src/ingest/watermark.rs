//! How far processing has come, so that a reader can wait for what it just wrote.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

#[derive(Default)]
pub struct Watermark {
    appended: AtomicU64,
    processed: AtomicU64,
    /// Identities that are due but not scored yet.
    due: AtomicU64,
    /// Whether requests queue up for their commit.
    pressed: AtomicBool,
    moved: Notify,
}

impl Watermark {
    /// Counts events that are durable.
    pub fn append(&self, events: u64) {
        self.appended.fetch_add(events, Ordering::SeqCst);
    }

    /// Counts events that have met their fate.
    pub fn process(&self, events: u64) {
        self.processed.fetch_add(events, Ordering::SeqCst);
        self.moved.notify_waiters();
    }

    /// Says whether senders have to wait for each other. Accepting goes before scoring then: an event that waits in the
    /// log is late, one that is refused may be lost.
    pub fn press(&self, pressed: bool) {
        self.pressed.store(pressed, Ordering::Relaxed);
    }

    pub fn is_pressed(&self) -> bool {
        self.pressed.load(Ordering::Relaxed)
    }

    pub fn set_due(&self, identities: u64) {
        self.due.store(identities, Ordering::SeqCst);
    }

    /// Identities that are due.
    pub fn due(&self) -> u64 {
        self.due.load(Ordering::SeqCst)
    }

    /// Events that wait.
    pub fn depth(&self) -> u64 {
        self.appended.load(Ordering::SeqCst).saturating_sub(self.processed.load(Ordering::SeqCst))
    }

    pub fn is_idle(&self) -> bool {
        self.depth() == 0 && self.due() == 0
    }

    /// Waits until everything appended so far is processed, at most `patience`. Returns whether it is.
    pub async fn settled(&self, patience: Duration) -> bool {
        let goal = self.appended.load(Ordering::SeqCst);
        let reach = async {
            loop {
                let moved = self.moved.notified();
                if self.processed.load(Ordering::SeqCst) >= goal {
                    return;
                }
                moved.await;
            }
        };
        tokio::time::timeout(patience, reach).await.is_ok()
    }
}

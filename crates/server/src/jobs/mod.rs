//! What happens behind the log.

pub mod acting;
pub mod background;
pub mod backtest;
pub mod checkpoint;
pub mod claims;
pub mod deliver;
pub mod enrich;
pub mod erase;
pub mod faces;
pub mod judging;
pub mod lease;
pub mod linking;
pub mod notices;
pub mod pipeline;
pub mod processor;
pub mod retention;
pub mod review;
pub mod review_client;
pub mod sightings;
pub mod strong_pairs;
pub mod tally;
pub mod tidy;

use crate::live::Live;
use std::sync::Arc;
use tokio::sync::Notify;

/// Wake the jobs that otherwise sleep, and pages that are open.
#[derive(Clone, Default)]
pub struct Bells {
    /// Something is to be processed: it was appended, or became due.
    pub process: Arc<Notify>,
    /// Somebody is to be told something.
    pub deliver: Arc<Notify>,
    /// A review is asked for.
    pub review: Arc<Notify>,
    /// A backtest is asked for.
    pub backtest: Arc<Notify>,
    /// Somebody is erased: what is left of them is to be looked for.
    pub erase: Arc<Notify>,
    /// Something changed that an open page may show.
    pub live: Arc<Live>,
}

/// Whether the server that started a task still wants it: it said nothing else, and it is still there.
pub fn is_running(stopped: &tokio::sync::watch::Receiver<bool>) -> bool {
    !*stopped.borrow() && stopped.has_changed().is_ok()
}

//! What happens behind the log.

pub mod background;
pub mod checkpoint;
pub mod claims;
pub mod enrich;
pub mod linking;
pub mod pipeline;
pub mod processor;
pub mod sightings;
pub mod strong_pairs;

/// Whether the server that started a task still wants it: it said nothing else, and it is still there.
pub fn is_running(stopped: &tokio::sync::watch::Receiver<bool>) -> bool {
    !*stopped.borrow() && stopped.has_changed().is_ok()
}

//! What happens behind the log.

pub mod checkpoint;
pub mod claims;
pub mod enrich;
pub mod pipeline;
pub mod processor;

//! From an accepted event to a durable one. The client is answered when this is done, and not before.

pub mod appender;
pub mod fates;
pub mod log;
pub mod watermark;

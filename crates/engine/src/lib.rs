//! The pure core of Dregs: what an event means, what a profile knows, what we conclude.
//!
//! The path of one event through this crate:
//! 1. [`event::Event::parse`] turns one `POST /api/events` body into an [`event::Event`] or a [`rejection::Rejection`];
//! 2. [`profile::Profile::apply`] folds the event and its [`profile::Facts`] into the identity's bounded profile;
//! 3. [`linkage::link`] weighs what the identity shares with others;
//! 4. [`snapshot::Snapshot`] freezes all that an assessment may rest on;
//! 5. [`score::assess`] runs every analyzer over the snapshot and rolls the findings up into four scores.
//!
//! Nothing here reads a clock, draws a random number or does I/O: time and seeds are parameters.

pub mod analyzers;
pub mod calibration;
pub mod datasets;
pub mod device;
pub mod event;
pub mod fingerprint;
pub mod intelligence;
pub mod labels;
pub mod limits;
pub mod linkage;
pub mod mapping;
pub mod profile;
pub mod redact;
pub mod rejection;
pub mod review;
pub mod rules;
pub mod said;
pub mod score;
pub mod snapshot;
pub mod statistics;
pub mod testkit;
pub mod text;

/// Version of the analyzers, weights and linkage together. It is recorded with every analysis cycle: a verdict can be
/// recomputed exactly by a binary of the same version.
pub const ENGINE_VERSION: u32 = 6;

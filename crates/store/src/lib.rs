//! All SQL of Dregs: one portable body for SQLite and PostgreSQL.
//!
//! [`Store`] is the contract; its verbs are those of the domain and stand one subject a file. Every verb that touches a
//! tenant's data takes the [`TeamId`] first: a query without a team cannot be written. `tests/suite.rs` runs the whole
//! contract on both databases.

mod analysis;
mod badges;
mod channels;
mod credentials;
mod db;
mod decisions;
mod deliveries;
mod devices;
mod erasures;
mod error;
mod escalations;
mod events;
mod export;
mod fates;
mod graph;
mod groups;
mod identities;
mod ingest;
mod inventory;
mod keys;
mod leases;
mod links;
mod maintenance;
mod mappings;
mod mentions;
mod migrate;
mod open;
mod paging;
mod pipeline;
mod retention;
mod reviews;
mod ring_changes;
mod rings;
mod rules;
mod sqlite;
mod teams;

pub use analysis::{Cycle, CycleEvidence, CycleWrite, HistoryEntry};
pub use channels::{Channel, ChannelConfig, Secret};
pub use credentials::{Credential, CredentialWrite};
pub use db::writer_wait;
pub use decisions::{DecisionEffect, LINK_DECISION_SORTS, LinkDecision, LinkDecisionFilter, StoredStanding};
pub use deliveries::{AttemptWrite, DELIVERY_SORTS, Delivery, DeliveryFilter, DeliveryStatus, DeliveryWrite};
pub use devices::{DEVICE_SORTS, Device, DeviceFilter, DeviceWrite};
pub use erasures::{ERASURE_SORTS, ErasedFrom, Erasure, ErasureStatus, Trail};
pub use error::{Result, StoreError};
pub use escalations::{
    ESCALATION_SORTS, Escalation, EscalationChange, EscalationCounts, EscalationFilter, EscalationWrites, Note, Watched,
};
pub use events::{EVENT_SORTS, EventFilter, StoredEvent};
pub use export::{EXPORT_SECTIONS, ExportCursor, ExportSection};
pub use fates::{FateCount, ParkedEvent, hour_of};
pub use graph::Node;
pub use groups::{GROUP_SORTS, Group, GroupFilter, GroupWrite};
pub use identities::{IDENTITY_SORTS, Identity, IdentityFilter, ScoreRange};
pub use ingest::{LogSegment, Usage};
pub use inventory::{Erased, Exported, INVENTORY, TableEntry};
pub use keys::KeyWrite;
pub use links::{HeldLinks, LinkWrite, StoredLink};
pub use maintenance::CheckReport;
pub use mappings::{EVENT_TYPE, IDENTITY_FIELD, Mapping};
pub use mentions::CLOCKS_DIFFER_MS;
pub use open::Store;
pub use paging::{ListQuery, Order, Page};
pub use pipeline::{Commit, EventWrite, IdentityWrite, LoadRequest, Loaded, SessionWrite, StoredProfile, TeamCounts};
pub use retention::{DAYS_MAX, Kept, RETENTION_KINDS, Retention, RetentionKind};
pub use reviews::{Review, ReviewStatus};
pub use ring_changes::RingChanges;
pub use rings::{RING_SORTS, RingFilter, StoredRing};
pub use rules::{Match, Stored};
pub use teams::{Membership, Role, Team, User};

use serde::{Deserialize, Serialize};

/// The tenant that owns everything. Verbs take it first, so that no query can forget it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TeamId(String);

impl TeamId {
    pub fn new(id: impl Into<String>) -> Self {
        TeamId(id.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

//! All SQL of Dregs: one portable body for SQLite and PostgreSQL.
//!
//! [`Store`] is the contract; its verbs are those of the domain and stand one subject a file. Every verb that touches a
//! tenant's data takes the [`TeamId`] first: a query without a team cannot be written. `tests/suite.rs` runs the whole
//! contract on both databases.

mod agents;
mod analysis;
mod audit;
mod backtests;
mod badges;
mod budgets;
mod channels;
mod credentials;
mod dashboard;
mod datasets;
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
mod figures;
mod graph;
mod groups;
mod identities;
mod identity_filters;
mod identity_lists;
mod identity_terms;
mod ingest;
mod inventory;
mod invitations;
mod keys;
mod labels;
mod leases;
mod links;
mod logins;
mod maintenance;
mod mappings;
mod mentions;
mod migrate;
mod nodes;
mod oauth_clients;
mod open;
mod paging;
mod password_resets;
mod people;
mod pipeline;
mod removal;
mod retention;
mod reviews;
mod ring_changes;
mod rings;
mod rules;
mod sqlite;
mod sso;
mod teams;
mod throttles;

pub use agents::{Agent, AgentGrant, GrantCode, GrantFamily, GrantKind, IssuedTokens};
pub use analysis::{Cycle, CycleEvidence, CycleWrite, HistoryEntry};
pub use audit::{AUDIT_SORTS, ActorKind, AuditEntry, AuditFilter, AuditOutcome};
pub use backtests::{BACKTESTS_PENDING_MAX, Backtest, BacktestStatus, OPENINGS_MAX, Opening, PastIdentity, PastWindow};
pub use badges::HeldBadges;
pub use budgets::BadgeFiring;
pub use channels::{Channel, ChannelConfig, Secret, WAITING_COUNTED_MAX, Waiting};
pub use credentials::{Credential, CredentialWrite};
pub use dashboard::{FateBucket, OpenEscalations, RuleFigures, TimeBucket};
pub use datasets::{DATASET_ENTRY_SORTS, DatasetEntry, EntryWrite, Imported};
pub use db::writer_wait;
pub use decisions::{DecisionEffect, LINK_DECISION_SORTS, LinkDecision, LinkDecisionFilter, StoredStanding};
pub use deliveries::{
    AttemptWrite, DELIVERY_SORTS, DIGEST_MAX, Delivery, DeliveryFilter, DeliveryStatus, DeliveryWrite, IMMEDIATE,
};
pub use devices::{DEVICE_SORTS, Device, DeviceFilter, DeviceWrite};
pub use erasures::{ERASURE_SORTS, Erasure, ErasureStatus, Trail};
pub use error::{Result, StoreError};
pub use escalations::{
    ESCALATION_SORTS, Escalation, EscalationChange, EscalationCounts, EscalationFilter, EscalationWrites, Note, Watched,
};
pub use events::{EVENT_SORTS, EventFilter, EventMoment, StoredEvent};
pub use export::{EXPORT_SECTIONS, ExportCursor, ExportSection};
pub use fates::{FateCount, ParkedEvent, hour_of};
pub use figures::{Figures, NameUse, SCORE_BUCKETS, day_of, figure};
pub use graph::Node;
pub use groups::{GROUP_SORTS, Group, GroupFilter, GroupWrite};
pub use identities::{IDENTITY_SORTS, Identity, IdentityFilter, LabelChoice, ScoreRange, Undone};
pub use ingest::{Flushed, LogSegment, Usage};
pub use inventory::{Erased, Exported, INVENTORY, KeptOn, TableEntry};
pub use invitations::{INVITATIONS_MAX, Invitation, Invited, Joined, Joining};
pub use keys::KeyWrite;
pub use labels::{LABEL_SORTS, Label, LabelFilter, LabelWrite, Labelled, LabelledScores};
pub use links::{HeldLinks, LinkWrite, StoredLink};
pub use logins::{Login, SESSIONS_MAX};
pub use maintenance::CheckReport;
pub use mappings::{EVENT_TYPE, IDENTITY_FIELD, Mapping};
pub use mentions::CLOCKS_DIFFER_MS;
pub use nodes::{NODE_MESSAGE_BYTES_MAX, NodeListener};
pub use oauth_clients::OauthClient;
pub use open::Store;
pub use paging::{ListQuery, Order, Page};
pub use password_resets::ResetOffered;
pub use people::{MEMBERS_MAX, MembershipChange, MembershipOutcome, Person, TEAMS_MAX};
pub use pipeline::{
    Commit, EventWrite, IdentityBefore, IdentityWrite, LoadRequest, Loaded, SessionWrite, StoredProfile, TeamCounts,
};
pub use removal::ErasedFrom;
pub use retention::{AUDIT_DAYS_MIN, DAYS_MAX, Kept, RETENTION_KINDS, Retention, RetentionKind};
pub use reviews::{REVIEWS_PENDING_MAX, Review, ReviewOutcome, ReviewStatus, Transcript};
pub use ring_changes::RingChanges;
pub use rings::{RING_SORTS, RingFilter, StoredRing};
pub use rules::{Match, Nameable, Stored};
pub use sso::{Binding, Subject};
pub use teams::{Membership, Role, Team, User};
pub use throttles::{ACCOUNT, ADDRESS, INVITING, KNOWN_MS, PAIR, THROTTLES_MAX, Throttle, ThrottleRule};

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

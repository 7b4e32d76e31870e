//! Where people are: every table, and every column that can hold text, with what an export and an erasure do about it.
//!
//! A test reads the schema of both databases and refuses a table or a column that is not listed here.

/// How an export shows what a table holds of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exported {
    /// As a list of that name in the document.
    As(&'static str),
    /// Within the rows of another list.
    Within(&'static str),
    /// Not at all, and why.
    No(&'static str),
}

/// What an erasure does to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erased {
    /// The person's rows are deleted.
    Deleted,
    /// Rows that are the person's alone are deleted; what others share stays, without the person.
    DeletedUnlessShared,
    /// The person's rows are deleted, and what others' rows say of the person is taken out.
    DeletedAndUnnamed,
    /// Rows are written anew without the person.
    Rewritten,
    /// It stays, and why.
    Kept(&'static str),
}

/// Which database has a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptOn {
    Both,
    Sqlite,
    Postgres,
}

#[derive(Debug)]
pub struct TableEntry {
    pub table: &'static str,
    /// The columns that name a person, or hold what a person sent.
    pub personal: &'static [&'static str],
    /// Every other column that holds text or bytes.
    pub other: &'static [&'static str],
    pub exported: Exported,
    pub erased: Erased,
    pub kept_on: KeptOn,
}

impl TableEntry {
    const fn on(mut self, kept_on: KeptOn) -> TableEntry {
        self.kept_on = kept_on;
        self
    }
}

const fn entry(
    table: &'static str,
    personal: &'static [&'static str],
    other: &'static [&'static str],
    exported: Exported,
    erased: Erased,
) -> TableEntry {
    TableEntry { table, personal, other, exported, erased, kept_on: KeptOn::Both }
}

/// Nobody in it is an end user.
const fn staff(table: &'static str, columns: &'static [&'static str]) -> TableEntry {
    entry(table, &[], columns, NOT_PERSONAL, Erased::Kept("it is about the team, not about its users"))
}

const NOT_PERSONAL: Exported = Exported::No("it names no end user");

const SAME_AS_IDENTITIES: Exported = Exported::No("for searching what identities show");

use Erased::{Deleted, DeletedAndUnnamed, DeletedUnlessShared, Kept, Rewritten};
use Exported::{As, No, Within};

/// Tables in the order of the migrations.
pub const INVENTORY: &[TableEntry] = &[
    staff("schema_migrations", &["name"]),
    staff("teams", &["id", "name"]),
    staff("users", &["id", "email", "name", "password_hash"]),
    staff("memberships", &["team_id", "user_id", "role"]),
    staff("login_sessions", &["token_hash", "user_id", "team_id", "id", "address"]),
    staff("credentials", &["team_id", "id", "name", "public_key", "secret_hash", "secret_hint", "allowed_origins"]),
    staff("mappings", &["team_id", "kind", "source", "target", "description"]),
    entry(
        "identities",
        &["id", "display_name", "display_email", "display_username", "search"],
        &["team_id"],
        As("identities"),
        Deleted,
    ),
    entry("profiles", &["identity_id", "body"], &["team_id"], As("profiles"), Deleted),
    entry("traces", &["identity_id", "body"], &["team_id"], As("traces"), Deleted),
    entry(
        "badges",
        &["identity_id", "explanation", "metadata"],
        &["team_id", "slug", "name", "type", "rule_id"],
        As("badges"),
        Deleted,
    ),
    entry(
        "events",
        &["id", "identity_id", "fingerprint", "session", "ip", "url", "referrer", "user_agent", "groups", "data"],
        &["team_id", "name", "source"],
        As("events"),
        Deleted,
    ),
    entry("event_groups", &["group_id"], &["team_id", "type"], Within("events"), Deleted),
    entry("parked_events", &["id", "event", "error"], &["team_id"], As("parkedEvents"), Deleted),
    entry("fates", &[], &["team_id", "fate"], NOT_PERSONAL, Kept("counts by the hour")),
    entry("sessions", &["id", "identity_id", "fingerprint"], &["team_id"], As("sessions"), Deleted),
    entry(
        "devices",
        &["fingerprint", "ip", "user_agent", "asn", "asn_label", "city", "region", "signals"],
        &["team_id", "timezone", "country_code"],
        As("devices"),
        DeletedUnlessShared,
    ),
    entry("identity_keys", &["key", "identity_id"], &["team_id", "kind"], As("keys"), Deleted),
    entry(
        "keys",
        &["key"],
        &["team_id", "kind"],
        No("a counter of who holds a key: the person's keys are listed"),
        DeletedUnlessShared,
    ),
    entry("team_counts", &[], &["team_id"], NOT_PERSONAL, Rewritten),
    entry(
        "groups",
        &["id", "display_name", "search", "data"],
        &["team_id", "type"],
        No("it is about the group: the person's memberships are listed"),
        DeletedUnlessShared,
    ),
    entry("group_members", &["group_id", "identity_id"], &["team_id", "type"], As("groups"), Deleted),
    entry("cycles", &["identity_id"], &["team_id", "pack"], As("analyses"), Deleted),
    entry("cycle_evidence", &["identity_id", "body"], &["team_id"], As("evidence"), DeletedAndUnnamed),
    entry("links", &["a_id", "b_id", "explanation", "metadata"], &["team_id", "type"], As("links"), DeletedAndUnnamed),
    entry(
        "link_decisions",
        &["a_id", "b_id", "note", "evidence"],
        &["team_id", "verdict", "decided_by"],
        As("decisions"),
        DeletedAndUnnamed,
    ),
    entry("main_accounts", &["identity_id"], &["team_id", "decided_by"], As("mainAccounts"), Deleted),
    entry(
        "rings",
        &[],
        &["team_id", "id"],
        Within("rings"),
        Kept("its id is a digest; without members it goes, and its counts follow its members"),
    ),
    entry("ring_members", &["identity_id"], &["team_id", "ring_id"], As("rings"), Deleted),
    staff("leases", &["name", "owner"]),
    staff("rules", &["team_id", "id", "kind", "slug", "body"]),
    entry(
        "escalations",
        &["identity_id"],
        &["team_id", "rule_id", "rule_name", "status", "scores", "acknowledged_by", "closed_by", "assigned_to"],
        As("escalations"),
        Deleted,
    ),
    entry("escalation_notes", &["body"], &["team_id", "author"], As("escalationNotes"), DeletedAndUnnamed),
    entry(
        "reviews",
        &["identity_id", "feedback", "summary", "error", "prompt", "answer"],
        &["team_id", "status", "requested_by", "model"],
        As("reviews"),
        DeletedAndUnnamed,
    ),
    staff("channels", &["team_id", "id", "slug", "name", "type", "config", "secrets", "events", "disabled_reason"]),
    entry(
        "deliveries",
        &["identity_id", "data", "error"],
        &["team_id", "channel_id", "event", "status"],
        As("deliveries"),
        Deleted,
    ),
    entry(
        "erasures",
        &["body"],
        &["team_id", "salt", "digest", "status"],
        No("it ends with the person"),
        Kept("a salted digest of the id, for copies that are restored; the body goes when the erasure is done"),
    ),
    entry(
        "erased_events",
        &[],
        &["team_id"],
        NOT_PERSONAL,
        Kept("digests of event ids, so that none is recorded again"),
    ),
    staff("retention", &["team_id", "body"]),
    entry("ingest_log", &["payload"], &["usage"], As("waitingEvents"), Rewritten),
    entry("usage", &[], &["team_id", "month"], NOT_PERSONAL, Kept("counts by the month")),
    entry(
        "audit_log",
        &["path", "subject", "other_subject"],
        &["team_id", "actor_kind", "actor_id", "actor", "action", "ip", "request_id", "fields"],
        As("auditLog"),
        Rewritten,
    ),
    staff(
        "agent_grants",
        &[
            "team_id",
            "id",
            "user_id",
            "kind",
            "name",
            "client_id",
            "token_hash",
            "code_hash",
            "code_bound",
            "family_hash",
            "refresh_hash",
        ],
    ),
    staff("oauth_clients", &["id", "name", "redirect_uris"]),
    staff("invitations", &["team_id", "id", "email", "role", "token_hash", "invited_by", "inviter_id"]),
    staff("password_resets", &["user_id", "token_hash"]),
    staff("throttles", &["key"]),
    entry(
        "labels",
        &["identity_id", "note"],
        &["team_id", "kind", "labelled_by", "ended_by"],
        As("labels"),
        DeletedAndUnnamed,
    ),
    entry("badge_firings", &["identity_id"], &["team_id", "rule_id"], As("badgeFirings"), Deleted),
    entry(
        "backtests",
        &["result"],
        &["team_id", "kind", "rule", "status", "error", "requested_by"],
        No("it says how a rule would have judged the person, from analyses that are listed"),
        DeletedUnlessShared,
    ),
    entry(
        "dataset_entries",
        &[],
        &["team_id", "dataset", "key", "value", "note", "updated_by"],
        NOT_PERSONAL,
        Kept("what the team told analyzers of domains, networks and words; a team that enters a person takes them out"),
    ),
    entry("figures", &[], &["team_id", "figure", "name"], NOT_PERSONAL, Rewritten),
    staff("sso_bindings", &["issuer", "subject", "user_id"]),
    entry(
        "identity_texts",
        &["identity_id", "display_name", "display_email", "display_username", "search"],
        &["team_id"],
        SAME_AS_IDENTITIES,
        Deleted,
    )
    .on(KeptOn::Postgres),
    entry("identity_search", &["search"], &[], SAME_AS_IDENTITIES, Deleted).on(KeptOn::Sqlite),
    // Three characters at a time and where they stand. Scrubbing takes out what was deleted.
    entry("identity_search_data", &[], &["block"], SAME_AS_IDENTITIES, Rewritten).on(KeptOn::Sqlite),
    entry("identity_search_idx", &[], &["segid", "term", "pgno"], SAME_AS_IDENTITIES, Rewritten).on(KeptOn::Sqlite),
    entry("identity_search_config", &[], &["k", "v"], NOT_PERSONAL, Kept("settings")).on(KeptOn::Sqlite),
    entry("attempts", &[], &["body"], NOT_PERSONAL, Kept("it names a delivery and neither whom nor what it tells of")),
];

/// The tables of PostgreSQL of which rows go.
pub(crate) fn erased_tables() -> impl Iterator<Item = &'static str> {
    let goes = |entry: &&TableEntry| !matches!(entry.erased, Kept(_)) && entry.kept_on != KeptOn::Sqlite;
    INVENTORY.iter().filter(goes).map(|entry| entry.table).chain(["erasures"])
}

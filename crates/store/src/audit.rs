//! The audit log: who did what, when, from where, and how it went.

use crate::TeamId;
use crate::db::{Batch, Row, Tx, args};
use crate::error::{Result, StoreError};
use crate::open::Store;
use crate::paging::{ListQuery, Page, Where, page};

/// Stands in the place of a path that named somebody.
const ERASED: &str = "[erased]";

/// API fields that the log can be sorted by, and their columns.
pub const AUDIT_SORTS: &[(&str, &str)] = &[("createdAt", "l.created_ms")];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    /// Someone who logged in.
    Person,
    /// A secret key.
    Key,
    /// A program that acts for a person.
    Agent,
}

impl ActorKind {
    pub const ALL: [ActorKind; 3] = [ActorKind::Person, ActorKind::Key, ActorKind::Agent];

    pub fn code(self) -> &'static str {
        match self {
            ActorKind::Person => "PERSON",
            ActorKind::Key => "KEY",
            ActorKind::Agent => "AGENT",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    pub id: i64,
    pub created_ms: i64,
    pub actor_kind: ActorKind,
    pub actor_id: String,
    /// The actor's name as it was.
    pub actor: String,
    /// The operation's name in the API's document.
    pub action: String,
    pub path: String,
    /// The identity, device, rule … it was done to.
    pub subject: Option<String>,
    /// The second of two.
    pub other_subject: Option<String>,
    pub ip: Option<String>,
    pub request_id: String,
    /// Names of the fields that were given.
    pub fields: Vec<String>,
    /// HTTP status of the answer; none when the server went down before it could be noted.
    pub status: Option<u16>,
}

/// How something went that is in the log already.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditOutcome {
    pub id: i64,
    pub status: u16,
    pub fields: Vec<String>,
    /// Takes the place of a path, with what it names.
    pub route: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    pub actor: Option<String>,
    pub action: Option<String>,
    pub subject: Option<String>,
    pub from_ms: Option<i64>,
    pub to_ms: Option<i64>,
}

impl Store {
    pub async fn add_audit_entries(&self, team: &TeamId, entries: &[AuditEntry]) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let rows: Batch = entries
            .iter()
            .map(|entry| {
                (
                    (entry.id, entry.created_ms, entry.status),
                    (entry.actor_kind.code(), &entry.actor_id, &entry.actor),
                    (&entry.action, &entry.path, &entry.subject, &entry.other_subject),
                    (&entry.ip, &entry.request_id, entry.fields.join(",")),
                )
            })
            .collect();
        self.db
            .run(
                "insert into audit_log (team_id, id, created_ms, status, actor_kind, actor_id, actor, action, path, subject,
                   other_subject, ip, request_id, fields)
                 select $1, cast(value->0->>0 as bigint), cast(value->0->>1 as bigint), cast(value->0->>2 as bigint), value->1->>0,
                   value->1->>1, value->1->>2, value->2->>0, value->2->>1, value->2->>2, value->2->>3, value->3->>0, value->3->>1,
                   value->3->>2
                 from json_each($2) where true on conflict (id) do nothing",
                args![team, rows],
            )
            .await
            .map(drop)
    }

    /// Notes how things went that are in the log.
    pub async fn note_audit_outcomes(&self, team: &TeamId, outcomes: &[AuditOutcome]) -> Result<()> {
        if outcomes.is_empty() {
            return Ok(());
        }
        let rows: Batch = outcomes
            .iter()
            .map(|outcome| (outcome.id, outcome.status, outcome.fields.join(","), &outcome.route))
            .collect();
        self.db
            .run(
                "update audit_log set status = cast(j.value->>1 as bigint), fields = j.value->>2, path = coalesce(j.value->>3, audit_log.path),
                   subject = case when j.value->>3 is null then audit_log.subject end,
                   other_subject = case when j.value->>3 is null then audit_log.other_subject end
                 from json_each($2) j where audit_log.id = cast(j.value->>0 as bigint) and audit_log.team_id = $1",
                args![team, rows],
            )
            .await
            .map(drop)
    }

    pub async fn audit_log(&self, team: &TeamId, filter: &AuditFilter, query: &ListQuery) -> Result<Page<AuditEntry>> {
        let mut condition = Where::new("l.team_id = $1", team);
        condition.and_some("l.actor = ?", filter.actor.as_deref());
        condition.and_some("l.action = ?", filter.action.as_deref());
        condition.and_some("(l.subject = ? or l.other_subject = ?)", filter.subject.as_deref());
        condition.and_some("l.created_ms >= ?", filter.from_ms);
        condition.and_some("l.created_ms < ?", filter.to_ms);
        page(&self.db, "l.*", "audit_log l", condition, query, "l.id", read).await
    }
}

/// Takes what was done to somebody or something out of the lines that say so: what was done, when and by whom stays.
pub(crate) async fn redact(tx: &mut Tx, team: &TeamId, subject: &str) -> Result<()> {
    tx.run(
        "update audit_log set subject = null, other_subject = null, path = $3 where team_id = $1 and subject = $2 and subject is not null",
        args![team, subject, ERASED],
    )
    .await?;
    tx.run(
        "update audit_log set subject = null, other_subject = null, path = $3
         where team_id = $1 and other_subject = $2 and other_subject is not null",
        args![team, subject, ERASED],
    )
    .await
    .map(drop)
}

fn read(row: &Row) -> Result<AuditEntry> {
    let kind = row.text("actor_kind")?;
    let fields = row.opt_text("fields")?.unwrap_or_default();
    Ok(AuditEntry {
        id: row.int("id")?,
        created_ms: row.int("created_ms")?,
        actor_kind: ActorKind::ALL
            .into_iter()
            .find(|known| known.code() == kind)
            .ok_or_else(|| StoreError::Damaged(format!("an actor of kind {kind}")))?,
        actor_id: row.text("actor_id")?,
        actor: row.text("actor")?,
        action: row.text("action")?,
        path: row.text("path")?,
        subject: row.opt_text("subject")?,
        other_subject: row.opt_text("other_subject")?,
        ip: row.opt_text("ip")?,
        request_id: row.text("request_id")?,
        fields: fields.split(',').filter(|field| !field.is_empty()).map(str::to_owned).collect(),
        status: row.opt_int("status")?.map(|status| status as u16),
    })
}

//! Erasures: whom to erase, and how far that is.
//!
//! An erasure is a row. It is written when it is asked for and worked off step by step, each of which can be repeated:
//! the tables (`removal.rs`), the ingest log, what others' rows quote (`mentions.rs`), and the places on disk where it all
//! was. The row names the person until that is done; then a salted digest of the id is left.

use crate::TeamId;
use crate::db::{Row, Tx, args};
use crate::error::{Result, StoreError};
use crate::open::Store;
use crate::paging::{ListQuery, Page, Where, page};
use dregs_engine::event::Event;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Erasures whose traces are looked for together.
const TRAILS_MAX: i64 = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErasureStatus {
    /// Asked for.
    Pending,
    /// Out of the tables.
    Removed,
    /// Out of the ingest log too.
    Unlogged,
    /// Out of others' rows, and of the erasure's own.
    Cleared,
    Done,
}

impl ErasureStatus {
    const ALL: [ErasureStatus; 5] = [
        ErasureStatus::Pending,
        ErasureStatus::Removed,
        ErasureStatus::Unlogged,
        ErasureStatus::Cleared,
        ErasureStatus::Done,
    ];

    pub fn code(self) -> &'static str {
        match self {
            ErasureStatus::Pending => "PENDING",
            ErasureStatus::Removed => "REMOVED",
            ErasureStatus::Unlogged => "UNLOGGED",
            ErasureStatus::Cleared => "CLEARED",
            ErasureStatus::Done => "DONE",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Erasure {
    pub team: TeamId,
    pub id: i64,
    pub salt: String,
    /// Of the identity's id, with the salt: for telling whether a restored copy holds somebody who was erased.
    pub digest: String,
    pub status: ErasureStatus,
    /// None once nothing is left to be looked for.
    pub trail: Option<Trail>,
    pub requested_ms: i64,
    /// When the person was out of the ingest log too: what had to do with them before that may still be on its way.
    pub unlogged_ms: Option<i64>,
    pub finished_ms: Option<i64>,
}

/// How a person is found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Trail {
    pub identity_id: String,
    /// When the identity came into being: nothing older speaks of it.
    pub since_ms: i64,
    /// Name, e-mail and username.
    pub names: Vec<String>,
    /// Sessions that are the person's, and devices that nobody else was seen with.
    pub sessions: BTreeSet<String>,
    pub devices: BTreeSet<String>,
    /// Devices that others were seen with too.
    pub shared_devices: BTreeSet<String>,
}

impl Trail {
    /// Whether an event is the person's: it says so, or names nobody and comes from a session or device of theirs.
    pub fn owns(&self, event: &Event) -> bool {
        match &event.identity {
            Some(identity) => identity.id == self.identity_id,
            None => {
                event.session.as_ref().is_some_and(|session| self.sessions.contains(session))
                    || event.fingerprint().is_some_and(|fingerprint| self.devices.contains(fingerprint))
            }
        }
    }
}

/// API fields that erasures can be sorted by, and their columns.
pub const ERASURE_SORTS: &[(&str, &str)] = &[("requestedAt", "e.id")];

const COLUMNS: &str =
    "e.team_id, e.id, e.salt, e.digest, e.status, e.body, e.requested_ms, e.unlogged_ms, e.finished_ms";

impl Store {
    /// Asks for an erasure. It is on disk when this returns.
    pub async fn add_erasure(&self, erasure: &Erasure) -> Result<()> {
        self.db
            .run(
                "insert into erasures (team_id, id, salt, digest, status, body, requested_ms) values ($1, $2, $3, $4, $5, $6, $7)",
                args![
                    &erasure.team,
                    erasure.id,
                    &erasure.salt,
                    &erasure.digest,
                    erasure.status.code(),
                    serde_json::to_string(&erasure.trail)?,
                    erasure.requested_ms
                ],
            )
            .await
            .map(drop)
    }

    /// The salt of the team's digests, once it has one.
    pub async fn erasure_salt(&self, team: &TeamId) -> Result<Option<String>> {
        let row = self.db.row("select salt from erasures where team_id = $1 order by id limit 1", args![team]).await?;
        row.map(|row| row.text("salt")).transpose()
    }

    pub async fn erasure(&self, team: &TeamId, id: i64) -> Result<Option<Erasure>> {
        let sql = sqlx::AssertSqlSafe(format!("select {COLUMNS} from erasures e where e.team_id = $1 and e.id = $2"));
        self.db.row(sql, args![team, id]).await?.as_ref().map(read).transpose()
    }

    pub async fn erasures(&self, team: &TeamId, query: &ListQuery) -> Result<Page<Erasure>> {
        page(&self.db, COLUMNS, "erasures e", Where::new("e.team_id = $1", team), query, "e.id", read).await
    }

    /// Whether anything is held of an identity, if only events that could not be processed.
    pub async fn is_held(&self, team: &TeamId, id: &str) -> Result<bool> {
        Ok(self.identity_exists(team, id).await? || !self.parked_events_of(team, id).await?.is_empty())
    }

    /// The oldest that is still in the tables or in the ingest log.
    pub async fn next_erasure(&self) -> Result<Option<Erasure>> {
        let sql = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS} from erasures e where e.status <> 'DONE' and e.status in ('PENDING', 'REMOVED') order by e.id limit 1"
        ));
        self.db.row(sql, vec![]).await?.as_ref().map(read).transpose()
    }

    /// Those of whom there may be traces in others' rows or on disk, oldest first.
    pub async fn unlogged_erasures(&self) -> Result<Vec<Erasure>> {
        let sql = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS} from erasures e where e.status <> 'DONE' and e.status in ('UNLOGGED', 'CLEARED') order by e.id limit $1"
        ));
        self.db.rows(sql, args![TRAILS_MAX]).await?.iter().map(read).collect()
    }

    /// Notes that one is out of the ingest log. `Conflict` when it is not at that step: another node went on with it.
    pub async fn note_unlogged(&self, erasure: &Erasure, now_ms: i64) -> Result<()> {
        let noted = self
            .db
            .run(
                "update erasures set status = 'UNLOGGED', unlogged_ms = $3 where team_id = $1 and id = $2 and status = 'REMOVED'",
                args![&erasure.team, erasure.id, now_ms],
            )
            .await?;
        only_one(noted)
    }

    /// Forgets whom an erasure is about. Nothing names them after that, but bytes on disk may still spell it.
    pub async fn clear_erasure(&self, erasure: &Erasure) -> Result<()> {
        self.db
            .run(
                "update erasures set status = 'CLEARED', body = null where team_id = $1 and id = $2 and status = 'UNLOGGED'",
                args![&erasure.team, erasure.id],
            )
            .await
            .map(drop)
    }

    pub async fn finish_erasure(&self, erasure: &Erasure, now_ms: i64) -> Result<()> {
        self.db
            .run(
                "update erasures set status = 'DONE', finished_ms = $3 where team_id = $1 and id = $2 and status = 'CLEARED'",
                args![&erasure.team, erasure.id, now_ms],
            )
            .await
            .map(drop)
    }

    /// Notes by what a person is found, before anything of it goes: whoever begins again goes on from there.
    pub async fn note_trail(&self, erasure: &Erasure, trail: &Trail) -> Result<()> {
        let noted = self
            .db
            .run(
                "update erasures set body = $3 where team_id = $1 and id = $2 and status = 'PENDING'",
                args![&erasure.team, erasure.id, serde_json::to_string(&Some(trail))?],
            )
            .await?;
        only_one(noted)
    }
}

/// Keeps other nodes from going on with an erasure while this transaction works on it. `Conflict` when it is not at that step.
pub(crate) async fn hold(tx: &mut Tx, erasure: &Erasure, step: ErasureStatus) -> Result<()> {
    let held = tx
        .run(
            "update erasures set status = $3 where team_id = $1 and id = $2 and status = $3",
            args![&erasure.team, erasure.id, step.code()],
        )
        .await?;
    only_one(held)
}

fn only_one(changed: u64) -> Result<()> {
    match changed {
        0 => Err(StoreError::Conflict("another node went on with the erasure")),
        _ => Ok(()),
    }
}

fn read(row: &Row) -> Result<Erasure> {
    let status = row.text("status")?;
    let known = ErasureStatus::ALL.into_iter().find(|known| known.code() == status);
    let trail = row.opt_text("body")?.map(|body| serde_json::from_str::<Option<Trail>>(&body)).transpose()?;
    Ok(Erasure {
        team: TeamId::new(row.text("team_id")?),
        id: row.int("id")?,
        salt: row.text("salt")?,
        digest: row.text("digest")?,
        status: known.ok_or_else(|| StoreError::Damaged(format!("an erasure of status {status}")))?,
        trail: trail.flatten(),
        requested_ms: row.int("requested_ms")?,
        unlogged_ms: row.opt_int("unlogged_ms")?,
        finished_ms: row.opt_int("finished_ms")?,
    })
}

//! Erasing a person: what was asked for, and taking everything out of the tables that names them.
//!
//! An erasure is a row. It is written when it is asked for and worked off step by step, each of which can be repeated:
//! the tables, the ingest log, what others' rows quote (`mentions.rs`), and the places on disk where it all was. The row
//! names the person until that is done; then a salted digest of the id is left.

use crate::TeamId;
use crate::db::{Arg, Batch, Row, Tx, args};
use crate::error::{Result, StoreError};
use crate::identities::requeue_peers;
use crate::open::Store;
use crate::paging::{ListQuery, Page, Where, page};
use crate::pipeline::write_due;
use crate::rules::hold_page;
use dregs_engine::event::Event;
use dregs_engine::limits::EVENT_ID_RESERVED_PREFIX;
use dregs_engine::rejection::Fate;
use dregs_engine::text::hash32;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Events that one transaction erases: others that write wait for no more than that.
pub(crate) const EVENTS_ERASED_MAX: i64 = 2_000;
/// Devices and sessions of one person that are looked at.
const THINGS_MAX: i64 = 50_000;
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

/// What is lost of the ingest log: events that were recorded and not processed.
#[derive(Debug, Clone, Default)]
pub struct ErasedFrom {
    pub event_ids: Vec<String>,
    pub fates: BTreeMap<(i64, Fate), u64>,
}

/// API fields that erasures can be sorted by, and their columns.
pub const ERASURE_SORTS: &[(&str, &str)] = &[("requestedAt", "e.id")];

const COLUMNS: &str = "e.team_id, e.id, e.salt, e.digest, e.status, e.body, e.requested_ms, e.finished_ms";

/// What an event's id is remembered by once the event is erased.
pub(crate) fn event_digest(id: &str) -> i64 {
    (i64::from(hash32(id)) << 32) | i64::from(hash32(&format!("erased {id}")))
}

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
    pub async fn note_unlogged(&self, erasure: &Erasure) -> Result<()> {
        let noted = self
            .db
            .run(
                "update erasures set status = 'UNLOGGED' where team_id = $1 and id = $2 and status = 'REMOVED'",
                args![&erasure.team, erasure.id],
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

    /// Follows a person through the tables, from what is known of them: by what they are found once their rows are gone.
    pub async fn follow(&self, team: &TeamId, known: &Trail, requested_ms: i64) -> Result<Trail> {
        let id = known.identity_id.as_str();
        let row = self
            .db
            .row(
                "select created_ms, display_name, display_email, display_username from identities where team_id = $1 and id = $2",
                args![team, id],
            )
            .await?;
        let mut trail = Trail { since_ms: requested_ms, ..known.clone() };
        if let Some(row) = row {
            trail.since_ms = row.int("created_ms")?;
            for column in ["display_name", "display_email", "display_username"] {
                let name = row.opt_text(column)?.filter(|name| !trail.names.contains(name));
                trail.names.extend(name);
            }
        }
        let rows = self
            .db
            .rows(
                "select distinct session as id from events where team_id = $1 and identity_id = $2 and session is not null
                 union select id from sessions where team_id = $1 and identity_id = $2 and identity_id is not null limit $3",
                args![team, id, THINGS_MAX],
            )
            .await?;
        trail.sessions.append(&mut rows.iter().map(|row| row.text("id")).collect::<Result<_>>()?);
        let rows = self
            .db
            .rows(
                "select distinct fingerprint from events where team_id = $1 and identity_id = $2 and fingerprint is not null
                 union select fingerprint from sessions where team_id = $1 and identity_id = $2 and identity_id is not null and fingerprint is not null
                 union select key as fingerprint from identity_keys where team_id = $1 and identity_id = $2 and kind = 'device' limit $3",
                args![team, id, THINGS_MAX],
            )
            .await?;
        let mut all: BTreeSet<String> = rows.iter().map(|row| row.text("fingerprint")).collect::<Result<_>>()?;
        all.extend(known.devices.union(&known.shared_devices).cloned());
        trail.devices = self.devices_of_nobody_else(team, id, &all).await?;
        trail.shared_devices = all.difference(&trail.devices).cloned().collect();
        Ok(trail)
    }

    async fn devices_of_nobody_else(
        &self,
        team: &TeamId,
        id: &str,
        all: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>> {
        let rows = self
            .db
            .rows(
                "select j.value->>0 as fingerprint from json_each($3) j
                 where not exists (select 1 from events e where e.team_id = $1 and e.fingerprint = j.value->>0
                     and e.fingerprint is not null and e.identity_id is not null and e.identity_id <> $2)
                   and not exists (select 1 from identity_keys h where h.team_id = $1 and h.kind = 'device' and h.key = j.value->>0
                     and h.identity_id <> $2)",
                args![team, id, texts(all)],
            )
            .await?;
        rows.iter().map(|row| row.text("fingerprint")).collect()
    }

    /// Erases the next events of a person and remembers their ids by digest; returns whether there may be more. The
    /// identity still stands then, so that no event is ever nobody's. `Conflict` when another node went on with it.
    pub async fn erase_events(&self, erasure: &Erasure, id: &str) -> Result<bool> {
        let team = &erasure.team;
        let mut tx = self.db.begin().await?;
        hold(&mut tx, erasure).await?;
        let rows = tx
            .rows(
                "select seq, id, timestamp_ms, groups from events where team_id = $1 and identity_id = $2
                 order by timestamp_ms, seq limit $3",
                args![team, id, EVENTS_ERASED_MAX],
            )
            .await?;
        erase_rows(&mut tx, team, &rows).await?;
        tx.commit().await?;
        Ok(rows.len() as i64 == EVENTS_ERASED_MAX)
    }

    /// Erases what nobody's events tell of a person: those of their sessions and devices.
    pub async fn erase_anonymous_events(&self, team: &TeamId, trail: &Trail) -> Result<()> {
        for session in &trail.sessions {
            let sql = "select seq, id, timestamp_ms, groups from events where team_id = $1 and session = $2 and session is not null
                       and identity_id is null limit $3";
            self.erase_found(team, sql, session).await?;
        }
        for device in &trail.devices {
            let sql = "select seq, id, timestamp_ms, groups from events where team_id = $1 and fingerprint = $2 and fingerprint is not null
                       and identity_id is null limit $3";
            self.erase_found(team, sql, device).await?;
        }
        Ok(())
    }

    async fn erase_found(&self, team: &TeamId, sql: &'static str, thing: &str) -> Result<()> {
        loop {
            // Looked up outside of the transaction: most sessions and devices have nothing left.
            if self.db.rows(sql, args![team, thing, 1]).await?.is_empty() {
                return Ok(());
            }
            let mut tx = self.db.begin().await?;
            let rows = tx.rows(sql, args![team, thing, EVENTS_ERASED_MAX]).await?;
            erase_rows(&mut tx, team, &rows).await?;
            tx.commit().await?;
        }
    }

    /// Takes a person out of the tables, in one transaction with the note that it is done. Whoever is affected is scored
    /// again. Their events are gone before (`erase_events`). `Conflict` when another node has done it: who has come since
    /// under the same id is somebody new.
    pub async fn erase_identity(&self, erasure: &Erasure, trail: &Trail, log: &ErasedFrom, now_ms: i64) -> Result<()> {
        let (team, id) = (&erasure.team, trail.identity_id.as_str());
        let mut tx = self.db.begin().await?;
        // The counts of the team come first, as in a commit and where rules change.
        hold_page(&mut tx, team).await?;
        hold(&mut tx, erasure).await?;
        tx.lock_rings(team).await?;
        requeue_peers(&mut tx, team, id, now_ms).await?;
        requeue_linked(&mut tx, team, id, now_ms).await?;
        drop_keys(&mut tx, team, id).await?;
        drop_from_rings(&mut tx, team, id, now_ms).await?;
        uncount(&mut tx, team, id).await?;
        drop_rows(&mut tx, team, id).await?;
        drop_groups(&mut tx, team, id).await?;
        drop_sightings(&mut tx, team, trail).await?;
        drop_parked(&mut tx, team, trail).await?;
        let gone = tx.run("delete from identities where team_id = $1 and id = $2", args![team, id]).await?;
        if gone > 0 {
            tx.run("update team_counts set identities = identities - 1 where team_id = $1", args![team]).await?;
        }
        remember_ids(&mut tx, team, log.event_ids.iter().map(String::as_str)).await?;
        crate::fates::write(&mut tx, team, &log.fates).await?;
        tx.run(
            "update erasures set status = 'REMOVED', body = $3 where team_id = $1 and id = $2",
            args![team, erasure.id, serde_json::to_string(&Some(trail))?],
        )
        .await?;
        tx.commit().await
    }

    /// Erases what requests left behind that were under way while the identity went: nobody owns it.
    pub async fn erase_orphans(&self, team: &TeamId, id: &str) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let known = tx.row("select 1 as one from identities where team_id = $1 and id = $2", args![team, id]).await?;
        if known.is_none() {
            drop_rows(&mut tx, team, id).await?;
            drop_groups(&mut tx, team, id).await?;
        }
        tx.commit().await
    }

    /// Overwrites what deleted rows left on disk, as far as this database lets one. Returns whether that was possible.
    pub async fn scrub(&self) -> Result<bool> {
        if self.db.is_postgres() {
            let tables: Vec<&str> = crate::inventory::erased_tables().collect();
            return self.db.scrub(&tables).await;
        }
        Ok(self.log.scrub(&[]).await? && self.db.scrub(&[]).await?)
    }
}

/// Keeps other nodes from going on with an erasure while this transaction works on it.
async fn hold(tx: &mut Tx, erasure: &Erasure) -> Result<()> {
    let held = tx
        .run(
            "update erasures set status = 'PENDING' where team_id = $1 and id = $2 and status = 'PENDING'",
            args![&erasure.team, erasure.id],
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

fn texts(all: &BTreeSet<String>) -> Arg {
    Arg::from(all.iter().map(|text| (text,)).collect::<Batch>())
}

/// Deletes events that were looked up, with what says that they belong to groups.
pub(crate) async fn drop_events(tx: &mut Tx, team: &TeamId, rows: &[Row]) -> Result<()> {
    let (mut seqs, mut groups) = (Batch::new(), Batch::new());
    for row in rows {
        let (seq, timestamp_ms) = (row.int("seq")?, row.int("timestamp_ms")?);
        seqs.push(&(seq,));
        for (kind, group) in serde_json::from_str::<Vec<(String, String)>>(&row.text("groups")?)? {
            groups.push(&(kind, group, timestamp_ms, seq));
        }
    }
    if !groups.is_empty() {
        tx.run(
            "delete from event_groups where team_id = $1 and (type, group_id, timestamp_ms, seq) in (
               select value->>0, value->>1, cast(value->>2 as bigint), cast(value->>3 as bigint) from json_each($2))",
            args![team, groups],
        )
        .await?;
    }
    tx.run(
        "delete from events where team_id = $1 and seq in (select cast(value->>0 as bigint) from json_each($2))",
        args![team, seqs],
    )
    .await
    .map(drop)
}

async fn erase_rows(tx: &mut Tx, team: &TeamId, rows: &[Row]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    drop_events(tx, team, rows).await?;
    let ids: Vec<String> = rows.iter().map(|row| row.text("id")).collect::<Result<_>>()?;
    remember_ids(tx, team, ids.iter().map(String::as_str)).await
}

/// Ids that senders chose come again when they try again; those that were made here never do.
async fn remember_ids(tx: &mut Tx, team: &TeamId, ids: impl Iterator<Item = &str>) -> Result<()> {
    let chosen = ids.filter(|id| !id.starts_with(EVENT_ID_RESERVED_PREFIX));
    let digests: BTreeSet<i64> = chosen.map(event_digest).collect();
    if digests.is_empty() {
        return Ok(());
    }
    tx.run(
        "insert into erased_events (team_id, digest) select $1, cast(value->>0 as bigint) from json_each($2) where true
         on conflict (team_id, digest) do nothing",
        args![team, digests.iter().map(|digest| (digest,)).collect::<Batch>()],
    )
    .await
    .map(drop)
}

async fn requeue_linked(tx: &mut Tx, team: &TeamId, id: &str, now_ms: i64) -> Result<()> {
    tx.run(
        "update identities set due_ms = $3, version = version + 1 where team_id = $1 and id in (
           select l.b_id from links l where l.team_id = $1 and l.a_id = $2
           union select l.a_id from links l where l.team_id = $1 and l.b_id = $2)",
        args![team, id, now_ms],
    )
    .await
    .map(drop)
}

/// Keys with their holders counted off; what nobody else holds is forgotten, for it names the person.
async fn drop_keys(tx: &mut Tx, team: &TeamId, id: &str) -> Result<()> {
    tx.run(
        "update keys set holders = holders - 1 where team_id = $1 and (kind, key) in (
           select h.kind, h.key from identity_keys h where h.team_id = $1 and h.identity_id = $2 and h.disregarded = 0)",
        args![team, id],
    )
    .await?;
    let rows = tx
        .rows("delete from identity_keys where team_id = $1 and identity_id = $2 returning kind, key", args![team, id])
        .await?;
    let held: Vec<(String, String)> =
        rows.iter().map(|row| Ok((row.text("kind")?, row.text("key")?))).collect::<Result<_>>()?;
    tx.run(
        "delete from keys where team_id = $1 and (kind, key) in (select value->>0, value->>1 from json_each($2))
           and not exists (select 1 from identity_keys h where h.team_id = keys.team_id and h.kind = keys.kind and h.key = keys.key)",
        args![team, held.iter().collect::<Batch>()],
    )
    .await
    .map(drop)
}

async fn drop_from_rings(tx: &mut Tx, team: &TeamId, id: &str, now_ms: i64) -> Result<()> {
    tx.run("delete from links where team_id = $1 and (a_id = $2 or b_id = $2)", args![team, id]).await?;
    tx.run("delete from link_decisions where team_id = $1 and (a_id = $2 or b_id = $2)", args![team, id]).await?;
    let felt = crate::ring_changes::rebuild(tx, team, BTreeSet::from([id.to_owned()]), now_ms).await?;
    let due: Vec<(String, i64)> = felt.into_iter().map(|id| (id, now_ms)).collect();
    write_due(tx, team, &due).await?;
    // A ring that is too large to be rebuilt is left as it is, without its member.
    let left = tx
        .rows("delete from ring_members where team_id = $1 and identity_id = $2 returning ring_id", args![team, id])
        .await?;
    let rings: BTreeSet<String> = left.iter().map(|row| row.text("ring_id")).collect::<Result<_>>()?;
    crate::ring_changes::count_members(tx, team, &rings).await
}

/// Everything that is one person's own.
/// Who is disregarded is counted in nothing.
async fn uncount(tx: &mut Tx, team: &TeamId, id: &str) -> Result<()> {
    let sql = "select 1 as one from identities where team_id = $1 and id = $2 and disregarded = 0";
    match tx.row(sql, args![team, id]).await? {
        Some(_) => crate::figures::forget_counts(tx, team, id).await,
        None => Ok(()),
    }
}

async fn drop_rows(tx: &mut Tx, team: &TeamId, id: &str) -> Result<()> {
    tx.run("delete from profiles where team_id = $1 and identity_id = $2", args![team, id]).await?;
    tx.run("delete from traces where team_id = $1 and identity_id = $2", args![team, id]).await?;
    tx.run("delete from badges where team_id = $1 and identity_id = $2", args![team, id]).await?;
    tx.run("delete from main_accounts where team_id = $1 and identity_id = $2", args![team, id]).await?;
    tx.run("delete from link_decisions where team_id = $1 and (a_id = $2 or b_id = $2)", args![team, id]).await?;
    tx.run(
        "delete from cycle_evidence where team_id = $1 and id in (select c.id from cycles c where c.team_id = $1 and c.identity_id = $2)",
        args![team, id],
    )
    .await?;
    tx.run("delete from cycles where team_id = $1 and identity_id = $2", args![team, id]).await?;
    tx.run(
        "delete from escalation_notes where team_id = $1 and escalation_id in (
           select e.id from escalations e where e.team_id = $1 and e.identity_id = $2)",
        args![team, id],
    )
    .await?;
    tx.run("delete from escalations where team_id = $1 and identity_id = $2", args![team, id]).await?;
    tx.run("delete from reviews where team_id = $1 and identity_id = $2", args![team, id]).await?;
    tx.run("delete from labels where team_id = $1 and identity_id = $2", args![team, id]).await?;
    tx.run("delete from badge_firings where team_id = $1 and identity_id = $2", args![team, id]).await?;
    crate::audit::redact(tx, team, id).await?;
    tx.run("delete from deliveries where team_id = $1 and identity_id = $2", args![team, id]).await.map(drop)
}

/// Memberships, and groups that were the person's alone.
async fn drop_groups(tx: &mut Tx, team: &TeamId, id: &str) -> Result<()> {
    let rows = tx
        .rows(
            "delete from group_members where team_id = $1 and identity_id = $2 returning type, group_id",
            args![team, id],
        )
        .await?;
    let left: Vec<(String, String)> =
        rows.iter().map(|row| Ok((row.text("type")?, row.text("group_id")?))).collect::<Result<_>>()?;
    tx.run(
        "delete from groups where team_id = $1 and (type, id) in (select value->>0, value->>1 from json_each($2))
           and not exists (select 1 from group_members m where m.team_id = groups.team_id and m.type = groups.type and m.group_id = groups.id)
           and not exists (select 1 from event_groups g where g.team_id = groups.team_id and g.type = groups.type and g.group_id = groups.id)",
        args![team, left.iter().collect::<Batch>()],
    )
    .await
    .map(drop)
}

/// Sessions and devices. A device that others use stays, and shows what was last seen of them.
async fn drop_sightings(tx: &mut Tx, team: &TeamId, trail: &Trail) -> Result<()> {
    for device in &trail.devices {
        crate::audit::redact(tx, team, device).await?;
    }
    tx.run(
        "delete from sessions where team_id = $1 and identity_id = $2 and identity_id is not null",
        args![team, &trail.identity_id],
    )
    .await?;
    tx.run(
        "delete from sessions where team_id = $1 and identity_id is null and id in (select value->>0 from json_each($2))",
        args![team, texts(&trail.sessions)],
    )
    .await?;
    tx.run(
        "delete from devices where team_id = $1 and fingerprint in (select value->>0 from json_each($2))",
        args![team, texts(&trail.devices)],
    )
    .await?;
    tx.run(
        "update devices set signals = null, asn = null, asn_label = null, city = null, region = null, latitude = null, longitude = null,
           ip = (select e.ip from events e where e.team_id = devices.team_id and e.fingerprint = devices.fingerprint
             and e.fingerprint is not null order by e.timestamp_ms desc, e.seq desc limit 1),
           user_agent = (select e.user_agent from events e where e.team_id = devices.team_id and e.fingerprint = devices.fingerprint
             and e.fingerprint is not null order by e.timestamp_ms desc, e.seq desc limit 1)
         where team_id = $1 and fingerprint in (select value->>0 from json_each($2))",
        args![team, texts(&trail.shared_devices)],
    )
    .await
    .map(drop)
}

async fn drop_parked(tx: &mut Tx, team: &TeamId, trail: &Trail) -> Result<()> {
    let rows = tx.rows("select id, event from parked_events where team_id = $1", args![team]).await?;
    let mut own: BTreeSet<String> = BTreeSet::new();
    for row in &rows {
        let is_own = serde_json::from_str::<Event>(&row.text("event")?).is_ok_and(|event| trail.owns(&event));
        own.extend(is_own.then(|| row.text("id")).transpose()?);
    }
    remember_ids(tx, team, own.iter().map(String::as_str)).await?;
    tx.run(
        "delete from parked_events where team_id = $1 and id in (select value->>0 from json_each($2))",
        args![team, texts(&own)],
    )
    .await
    .map(drop)
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
        finished_ms: row.opt_int("finished_ms")?,
    })
}

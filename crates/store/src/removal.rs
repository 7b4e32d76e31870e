//! Taking a person out of the tables, step by step: what they did, what they are, and what is left of them.

use crate::TeamId;
use crate::db::{Arg, Batch, Row, Tx, args};
use crate::erasures::{Erasure, ErasureStatus, Trail, hold};
use crate::error::Result;
use crate::identities::requeue_peers;
use crate::mentions::json_text;
use crate::open::Store;
use crate::pipeline::write_due;
use crate::rules::hold_page;
use dregs_engine::event::Event;
use dregs_engine::limits::EVENT_ID_RESERVED_PREFIX;
use dregs_engine::rejection::Fate;
use dregs_engine::text::hash32;
use std::collections::{BTreeMap, BTreeSet};

/// Events that one transaction erases: others that write wait for no more than that.
const EVENTS_ERASED_MAX: i64 = 2_000;
/// Devices and sessions of one person that are looked at.
const THINGS_MAX: i64 = 50_000;
/// Pages of the search index that are put together in one transaction: some milliseconds, as measured.
const MERGED_PAGES: i64 = 64;
/// Such transactions: enough for an index of 25 GB, and an end whatever happens.
const MERGES_MAX: usize = 100_000;
/// Parked events read at once.
const PARKED_PAGE: i64 = 256;

/// What is lost of the ingest log: events that were recorded and not processed.
#[derive(Debug, Clone, Default)]
pub struct ErasedFrom {
    pub event_ids: Vec<String>,
    pub fates: BTreeMap<(i64, Fate), u64>,
}

/// What an event's id is remembered by once the event is erased.
pub(crate) fn event_digest(id: &str) -> i64 {
    (i64::from(hash32(id)) << 32) | i64::from(hash32(&format!("erased {id}")))
}

impl Store {
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
        hold_page(&mut tx, team).await?;
        hold(&mut tx, erasure, ErasureStatus::Pending).await?;
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

    /// Erases the next of nobody's events that tell of a person: those of their sessions and devices. Returns whether there
    /// may be more. `Conflict` when another node went on with it.
    pub async fn erase_anonymous_events(&self, erasure: &Erasure, trail: &Trail) -> Result<bool> {
        const OF_SESSIONS: &str = "select e.seq, e.id, e.timestamp_ms, e.groups from json_each($2) j cross join events e
             where e.team_id = $1 and e.session = j.value->>0 and e.session is not null and e.identity_id is null limit $3";
        const OF_DEVICES: &str = "select e.seq, e.id, e.timestamp_ms, e.groups from json_each($2) j cross join events e
             where e.team_id = $1 and e.fingerprint = j.value->>0 and e.fingerprint is not null and e.identity_id is null limit $3";
        let (team, mut more) = (&erasure.team, false);
        for (sql, things) in [(OF_SESSIONS, &trail.sessions), (OF_DEVICES, &trail.devices)] {
            // Looked up outside of the transaction: most people have nothing left there.
            if self.db.rows(sql, args![team, texts(things), 1]).await?.is_empty() {
                continue;
            }
            let mut tx = self.db.begin().await?;
            hold_page(&mut tx, team).await?;
            hold(&mut tx, erasure, ErasureStatus::Removed).await?;
            let rows = tx.rows(sql, args![team, texts(things), EVENTS_ERASED_MAX]).await?;
            erase_rows(&mut tx, team, &rows).await?;
            tx.commit().await?;
            more = true;
        }
        Ok(more)
    }

    /// Takes a person out of the tables, in one transaction with the note that it is done. Whoever is affected is scored
    /// again. Their events are gone before (`erase_events`). `Conflict` when another node has done it: who has come since
    /// under the same id is somebody new.
    pub async fn erase_identity(&self, erasure: &Erasure, trail: &Trail, log: &ErasedFrom, now_ms: i64) -> Result<()> {
        let (team, id) = (&erasure.team, trail.identity_id.as_str());
        let mut tx = self.db.begin().await?;
        hold_page(&mut tx, team).await?;
        hold(&mut tx, erasure, ErasureStatus::Pending).await?;
        tx.lock_rings(team).await?;
        requeue_peers(&mut tx, team, id, now_ms).await?;
        requeue_linked(&mut tx, team, id, now_ms).await?;
        drop_keys(&mut tx, team, id).await?;
        drop_from_rings(&mut tx, team, id, now_ms).await?;
        uncount(&mut tx, team, id).await?;
        drop_rows(&mut tx, team, id).await?;
        drop_groups(&mut tx, team, id).await?;
        drop_sightings(&mut tx, team, trail).await?;
        redact_audit_log(&mut tx, team, trail).await?;
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

    /// Erases what requests left behind that were under way while the identity went: nobody owns it. The audit log is redacted
    /// even if somebody has come since under the same id.
    pub async fn erase_orphans(&self, team: &TeamId, trail: &Trail) -> Result<()> {
        let id = trail.identity_id.as_str();
        let mut tx = self.db.begin().await?;
        hold_page(&mut tx, team).await?;
        let known = tx.row("select 1 as one from identities where team_id = $1 and id = $2", args![team, id]).await?;
        if known.is_none() {
            drop_rows(&mut tx, team, id).await?;
            drop_groups(&mut tx, team, id).await?;
        }
        redact_audit_log(&mut tx, team, trail).await?;
        tx.commit().await
    }

    /// Overwrites what deleted rows left on disk, as far as this database lets one. Returns whether that was possible.
    pub async fn scrub(&self) -> Result<bool> {
        if self.db.is_postgres() {
            let tables: Vec<&str> = crate::inventory::erased_tables().collect();
            return self.db.scrub(&tables).await;
        }
        self.merge_search().await?;
        Ok(self.log.scrub(&[]).await? && self.db.scrub(&[]).await?)
    }

    /// Puts the search index together as one part, some pages at a time: each part keeps the letters of whoever was deleted
    /// after it was written.
    async fn merge_search(&self) -> Result<()> {
        // The first call, with a negative number, takes in all parts; the others go on with it.
        let mut pages = -MERGED_PAGES;
        for _ in 0..MERGES_MAX {
            let mut tx = self.db.begin_relaxed().await?;
            let before = total_changes(&mut tx).await?;
            tx.run("insert into identity_search (identity_search, rank) values ('merge', $1)", args![pages]).await?;
            let changed = total_changes(&mut tx).await? - before;
            tx.commit().await?;
            // The call itself counts as one.
            if changed < 2 {
                break;
            }
            pages = MERGED_PAGES;
        }
        Ok(())
    }
}

async fn total_changes(tx: &mut Tx) -> Result<i64> {
    let row = tx.row("select total_changes() as n", vec![]).await?;
    row.map_or(Ok(0), |row| row.int("n"))
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

/// Who is disregarded is counted in nothing.
async fn uncount(tx: &mut Tx, team: &TeamId, id: &str) -> Result<()> {
    let sql = "select 1 as one from identities where team_id = $1 and id = $2 and disregarded = 0";
    match tx.row(sql, args![team, id]).await? {
        Some(_) => crate::figures::forget_counts(tx, team, id).await,
        None => Ok(()),
    }
}

/// Everything that is one person's own.
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

async fn redact_audit_log(tx: &mut Tx, team: &TeamId, trail: &Trail) -> Result<()> {
    for subject in trail.devices.iter().chain([&trail.identity_id]) {
        crate::audit::redact(tx, team, subject).await?;
    }
    Ok(())
}

async fn drop_parked(tx: &mut Tx, team: &TeamId, trail: &Trail) -> Result<()> {
    let quoted = json_text(&trail.identity_id);
    let mut after = String::new();
    loop {
        let rows = tx
            .rows(
                "select id, event from parked_events where team_id = $1 and id > $2 order by id limit $3",
                args![team, &after, PARKED_PAGE],
            )
            .await?;
        let mut own: BTreeSet<String> = BTreeSet::new();
        for row in &rows {
            let (id, event) = (row.text("id")?, row.text("event")?);
            let is_own = match serde_json::from_str::<Event>(&event) {
                Ok(event) => trail.owns(&event),
                // What does not read back is nobody's, unless it names the person.
                Err(_) => event.contains(&quoted),
            };
            after.clone_from(&id);
            own.extend(is_own.then_some(id));
        }
        if !own.is_empty() {
            remember_ids(tx, team, own.iter().map(String::as_str)).await?;
            tx.run(
                "delete from parked_events where team_id = $1 and id in (select value->>0 from json_each($2))",
                args![team, texts(&own)],
            )
            .await?;
        }
        if (rows.len() as i64) < PARKED_PAGE {
            return Ok(());
        }
    }
}

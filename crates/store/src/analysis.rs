//! Analysis cycles: what was concluded about an identity, when, and on what evidence.

use crate::TeamId;
use crate::db::{Batch, Row, Tx, args};
use crate::error::{Result, StoreError};
use crate::open::Store;
use dregs_engine::score::Assessment;
use dregs_engine::snapshot::Snapshot;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;

/// zstd level of stored evidence: the fastest that still halves twice.
const COMPRESSION_LEVEL: i32 = 1;
thread_local! {
    /// Setting a compressor up takes longer than compressing one cycle.
    static COMPRESSOR: RefCell<std::io::Result<zstd::bulk::Compressor<'static>>> =
        RefCell::new(zstd::bulk::Compressor::new(COMPRESSION_LEVEL));
    /// So does one that unpacks, and room for what it unpacks.
    static DECOMPRESSOR: RefCell<std::io::Result<(zstd::bulk::Decompressor<'static>, Vec<u8>)>> =
        RefCell::new(zstd::bulk::Decompressor::new().map(|unpack| (unpack, Vec::with_capacity(EVIDENCE_BYTES_MAX))));
}

/// Cycles of an identity that keep their evidence, and cycles that keep their scores.
const EVIDENCE_CYCLES_MAX: i64 = 50;
const HISTORY_CYCLES_MAX: i64 = 500;
/// Old cycles are dropped every so many cycles of an identity, not at each.
const PRUNE_EVERY_CYCLES: i64 = 16;

/// Most bytes that stored evidence may unpack to.
const EVIDENCE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// One row of an identity's score history.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    pub id: i64,
    pub scores: [Option<u8>; 4],
    pub event_count: i64,
    pub device_count: i64,
    pub finished_ms: i64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Cycle {
    pub id: i64,
    pub identity_id: String,
    pub event_count: i64,
    pub device_count: i64,
    pub duration_ms: i64,
    pub started_ms: i64,
    pub finished_ms: i64,
    pub engine_version: u32,
    pub pack: String,
    pub scores: [Option<u8>; 4],
    /// None once the cycle is older than those whose evidence is kept.
    pub evidence: Option<CycleEvidence>,
}

/// What a verdict rested on, and the verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CycleEvidence {
    pub snapshot: Snapshot,
    pub assessment: Assessment,
}

impl CycleEvidence {
    pub fn pack(snapshot: &Snapshot, assessment: &Assessment) -> Result<Vec<u8>> {
        #[derive(Serialize)]
        struct Borrowed<'a> {
            snapshot: &'a Snapshot,
            assessment: &'a Assessment,
        }
        let text = serde_json::to_vec(&Borrowed { snapshot, assessment })?;
        COMPRESSOR.with_borrow_mut(|compressor| match compressor {
            Ok(compressor) => compressor.compress(&text).map_err(|error| StoreError::Damaged(error.to_string())),
            Err(error) => Err(StoreError::Damaged(error.to_string())),
        })
    }

    pub fn unpack(bytes: &[u8]) -> Result<Self> {
        Ok(serde_json::from_str(&unpacked(bytes)?)?)
    }
}

/// Stored evidence as its JSON text.
pub(crate) fn unpacked(bytes: &[u8]) -> Result<String> {
    let text = with_unpacked(bytes, |text| String::from_utf8(text.to_vec()))?;
    text.map_err(|error| StoreError::Damaged(format!("cycle evidence: {error}")))
}

/// What `read` makes of stored evidence, unpacked.
pub(crate) fn with_unpacked<T>(bytes: &[u8], read: impl FnOnce(&[u8]) -> T) -> Result<T> {
    let damaged = |error: &std::io::Error| StoreError::Damaged(format!("cycle evidence: {error}"));
    DECOMPRESSOR.with_borrow_mut(|decompressor| match decompressor {
        Ok((decompressor, text)) => {
            text.clear();
            decompressor.decompress_to_buffer(bytes, text).map_err(|error| damaged(&error))?;
            Ok(read(text))
        }
        Err(error) => Err(damaged(error)),
    })
}

#[derive(Debug)]
pub struct CycleWrite {
    pub id: i64,
    pub identity_id: String,
    pub scores: [Option<u8>; 4],
    pub event_count: i64,
    pub device_count: i64,
    pub started_ms: i64,
    pub finished_ms: i64,
    pub duration_ms: i64,
    pub engine_version: u32,
    pub pack: String,
    /// The snapshot and the assessment, compressed.
    pub evidence: Vec<u8>,
    /// How many cycles the identity has had, this one included.
    pub ordinal: i64,
}

impl Store {
    /// A cycle of an identity, the latest when `id` is none.
    pub async fn cycle(&self, team: &TeamId, identity: &str, id: Option<i64>) -> Result<Option<Cycle>> {
        let row = self
            .db
            .row(
                "select c.*, e.body from cycles c
                 left join cycle_evidence e on e.id = c.id and e.team_id = c.team_id and e.identity_id = c.identity_id
                 where c.team_id = $1 and c.identity_id = $2 and ($3 = 0 or c.id = $3) order by c.id desc limit 1",
                args![team, identity, id.unwrap_or(0)],
            )
            .await?;
        row.as_ref().map(read_cycle).transpose()
    }

    /// Ids of the latest cycles with evidence, of every team: for replaying them.
    pub async fn cycle_ids(&self, limit: i64) -> Result<Vec<(TeamId, String, i64)>> {
        let rows = self
            .db
            .rows("select team_id, identity_id, id from cycle_evidence order by id desc limit $1", args![limit])
            .await?;
        rows.iter()
            .map(|row| Ok((TeamId::new(row.text("team_id")?), row.text("identity_id")?, row.int("id")?)))
            .collect()
    }

    /// A cycle by its id alone, in whichever team: for the operator's command line.
    pub async fn find_cycle(&self, id: i64) -> Result<Option<(TeamId, Cycle)>> {
        let row = self.db.row("select team_id, identity_id from cycles where id = $1", args![id]).await?;
        let Some(row) = row else { return Ok(None) };
        let team = TeamId::new(row.text("team_id")?);
        let cycle = self.cycle(&team, &row.text("identity_id")?, Some(id)).await?;
        Ok(cycle.map(|cycle| (team, cycle)))
    }

    /// Score history, newest first.
    pub async fn history(&self, team: &TeamId, identity: &str, limit: i64) -> Result<Vec<HistoryEntry>> {
        let rows = self
            .db
            .rows(
                "select id, humanity, authenticity, uniqueness, behavior, event_count, device_count, finished_ms from cycles
                 where team_id = $1 and identity_id = $2 order by id desc limit $3",
                args![team, identity, limit],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(HistoryEntry {
                    id: row.int("id")?,
                    scores: crate::identities::scores(row)?,
                    event_count: row.int("event_count")?,
                    device_count: row.int("device_count")?,
                    finished_ms: row.int("finished_ms")?,
                })
            })
            .collect()
    }
}

fn read_cycle(row: &Row) -> Result<Cycle> {
    let body = row.opt_blob("body")?;
    Ok(Cycle {
        id: row.int("id")?,
        identity_id: row.text("identity_id")?,
        event_count: row.int("event_count")?,
        device_count: row.int("device_count")?,
        duration_ms: row.int("duration_ms")?,
        started_ms: row.int("started_ms")?,
        finished_ms: row.int("finished_ms")?,
        engine_version: row.int("engine_version")? as u32,
        pack: row.text("pack")?,
        scores: crate::identities::scores(row)?,
        evidence: body.map(|bytes| CycleEvidence::unpack(&bytes)).transpose()?,
    })
}

pub(crate) async fn write(tx: &mut Tx, team: &TeamId, cycles: &[CycleWrite]) -> Result<()> {
    if cycles.is_empty() {
        return Ok(());
    }
    let rows: Batch = cycles
        .iter()
        .map(|cycle| {
            let [humanity, authenticity, uniqueness, behavior] = cycle.scores;
            (
                &cycle.identity_id,
                cycle.id,
                (humanity, authenticity, uniqueness, behavior),
                (cycle.event_count, cycle.device_count, cycle.started_ms, cycle.finished_ms, cycle.duration_ms),
                (cycle.engine_version, &cycle.pack),
            )
        })
        .collect();
    tx.run(
        "insert into cycles (team_id, identity_id, id, humanity, authenticity, uniqueness, behavior, event_count, device_count,
           started_ms, finished_ms, duration_ms, engine_version, pack)
         select $1, value->>0, cast(value->>1 as bigint), cast(value->2->>0 as bigint), cast(value->2->>1 as bigint),
           cast(value->2->>2 as bigint), cast(value->2->>3 as bigint), cast(value->3->>0 as bigint), cast(value->3->>1 as bigint),
           cast(value->3->>2 as bigint), cast(value->3->>3 as bigint), cast(value->3->>4 as bigint), cast(value->4->>0 as bigint),
           value->4->>1
         from json_each($2)",
        args![team, rows],
    )
    .await?;
    let bodies: Batch = cycles.iter().map(|cycle| (&cycle.identity_id, cycle.id, hex(&cycle.evidence))).collect();
    tx.run(
        "insert into cycle_evidence (team_id, identity_id, id, body)
         select $1, value->>0, cast(value->>1 as bigint), unhex(value->>2) from json_each($2)",
        args![team, bodies],
    )
    .await?;
    for cycle in cycles.iter().filter(|cycle| cycle.ordinal % PRUNE_EVERY_CYCLES == 0) {
        prune(tx, team, &cycle.identity_id).await?;
    }
    Ok(())
}

/// Keeps the evidence of the last [`EVIDENCE_CYCLES_MAX`] cycles and the scores of the last [`HISTORY_CYCLES_MAX`], and all
/// of those that an escalation or a label rests on.
async fn prune(tx: &mut Tx, team: &TeamId, identity_id: &str) -> Result<()> {
    tx.run(
        "delete from cycle_evidence where team_id = $1 and id in (
           select id from cycles where team_id = $1 and identity_id = $2 order by id desc limit $4 offset $3)
         and id not in (select e.cycle_id from escalations e where e.team_id = $1 and e.identity_id = $2)
         and not exists (select 1 from labels l where l.team_id = $1 and l.identity_id = $2 and l.cycle_id = cycle_evidence.id)",
        args![team, identity_id, EVIDENCE_CYCLES_MAX, HISTORY_CYCLES_MAX + PRUNE_EVERY_CYCLES],
    )
    .await?;
    tx.run(
        "delete from cycles where team_id = $1 and identity_id = $2 and id <= (
           select id from cycles where team_id = $1 and identity_id = $2 order by id desc limit 1 offset $3)
         and id not in (select e.cycle_id from escalations e where e.team_id = $1 and e.identity_id = $2)
         and not exists (select 1 from labels l where l.team_id = $1 and l.identity_id = $2 and l.cycle_id = cycles.id)",
        args![team, identity_id, HISTORY_CYCLES_MAX],
    )
    .await
    .map(drop)
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)] as char);
        text.push(DIGITS[usize::from(byte & 15)] as char);
    }
    text
}

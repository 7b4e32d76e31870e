//! The ingest log: where an event is durable before its sender is answered.
//!
//! One group commit is one row: a segment of many events. Segments are read in order, processed, and trimmed once all
//! their events are in the main tables. Reading a segment twice is harmless: the events table knows what it has.

use crate::TeamId;
use crate::db::{Batch, args};
use crate::error::Result;
use crate::open::Store;
use std::collections::{BTreeMap, BTreeSet};

/// Segments read at once.
const SEGMENTS_READ_MAX: i64 = 64;

/// One group commit, as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct LogSegment {
    pub seq: i64,
    pub events: u64,
    pub payload: Vec<u8>,
}

/// How many events a team sent in a month (`2026-11`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    pub team: TeamId,
    pub month: String,
    pub events: i64,
}

impl Store {
    /// Makes `payload` durable, counts it for the teams' quotas and drops segments up to `trim_to`. When this returns,
    /// the events survive a crash.
    pub async fn append(&self, payload: Vec<u8>, usage: &[Usage], trim_to: Option<i64>) -> Result<i64> {
        let events: i64 = usage.iter().map(|usage| usage.events).sum();
        let mut tx = self.log.begin().await?;
        let row = tx
            .row("insert into ingest_log (events, payload) values ($1, $2) returning seq", args![events, payload])
            .await?;
        for usage in usage {
            tx.run(
                "insert into usage (team_id, month, events) values ($1, $2, $3)
                 on conflict (team_id, month) do update set events = usage.events + excluded.events",
                args![&usage.team, &usage.month, usage.events],
            )
            .await?;
        }
        if let Some(seq) = trim_to {
            tx.run("delete from ingest_log where seq <= $1", args![seq]).await?;
        }
        tx.commit().await?;
        row.map_or(Ok(0), |row| row.int("seq"))
    }

    /// Segments after `after`, oldest first, at most [`SEGMENTS_READ_MAX`].
    pub async fn read_log(&self, after: i64) -> Result<Vec<LogSegment>> {
        let rows = self
            .log
            .rows(
                "select seq, events, payload from ingest_log where seq > $1 order by seq limit $2",
                args![after, SEGMENTS_READ_MAX],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(LogSegment { seq: row.int("seq")?, events: row.int("events")? as u64, payload: row.blob("payload")? })
            })
            .collect()
    }

    /// Drops segments whose events are all in the main tables.
    pub async fn trim_log(&self, upto: i64) -> Result<()> {
        self.log.run("delete from ingest_log where seq <= $1", args![upto]).await.map(drop)
    }

    /// Events that wait in the log.
    pub async fn log_depth(&self) -> Result<u64> {
        let row = self.log.row("select cast(coalesce(sum(events), 0) as bigint) as events from ingest_log", vec![]).await?;
        Ok(row.map(|row| row.int("events")).transpose()?.unwrap_or(0) as u64)
    }

    /// What every team has used of `month`.
    pub async fn usage(&self, month: &str) -> Result<BTreeMap<TeamId, i64>> {
        let rows = self.log.rows("select team_id, events from usage where month = $1", args![month]).await?;
        rows.iter().map(|row| Ok((TeamId::new(row.text("team_id")?), row.int("events")?))).collect()
    }

    /// Which of `ids` are recorded already, with the fingerprint they were recorded with.
    pub async fn recorded(&self, team: &TeamId, ids: &BTreeSet<&str>) -> Result<BTreeMap<String, Option<String>>> {
        let batch: Batch = ids.iter().map(|id| (id,)).collect();
        let rows = self
            .db
            .rows(
                "select e.id, e.fingerprint from json_each($2) j cross join events e where e.team_id = $1 and e.id = j.value->>0",
                args![team, batch],
            )
            .await?;
        rows.iter().map(|row| Ok((row.text("id")?, row.opt_text("fingerprint")?))).collect()
    }
}

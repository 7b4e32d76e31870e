//! The ingest log: where an event is durable before its sender is answered.
//!
//! One group commit is one row: a segment of many events. Segments are read in order, processed, and trimmed once all
//! their events are in the main tables. Reading a segment twice is harmless: the events table knows what it has.

use crate::TeamId;
use crate::db::{Batch, Row, args};
use crate::error::Result;
use crate::open::Store;
use std::collections::{BTreeMap, BTreeSet};
use tokio::task::JoinHandle;

/// Segments read at once.
const SEGMENTS_READ_MAX: i64 = 16;

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

/// Proof that what was processed until it was asked for is on disk: before, a power cut could undo it, and only the log would
/// bring it again.
#[derive(Debug)]
pub struct Flushed(());

impl Store {
    /// Makes `payload` durable, with what it counts for the teams' quotas. When this returns, the events survive a crash.
    ///
    /// One statement that writes, because every sender waits for it: the counts ride on the segment and are added to the
    /// teams' when it is trimmed.
    pub async fn append(&self, payload: Vec<u8>, usage: &[Usage]) -> Result<i64> {
        let events: i64 = usage.iter().map(|usage| usage.events).sum();
        let counted: Batch = usage.iter().map(|usage| (&usage.team, &usage.month, usage.events)).collect();
        let insert = "insert into ingest_log (events, usage, payload) values ($1, $2, $3) returning seq";
        let values = args![events, counted, payload];
        let row = match self.log.is_postgres() {
            false => self.log.write_row(insert, values).await?,
            // Segments become visible in the order of their numbers: whoever reads on from the last one misses none.
            true => {
                let mut tx = self.log.begin().await?;
                tx.lock_log().await?;
                let row = tx.row(insert, values).await?;
                tx.commit().await?;
                row
            }
        };
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
                Ok(LogSegment {
                    seq: row.int("seq")?,
                    events: row.int("events")? as u64,
                    payload: row.blob("payload")?,
                })
            })
            .collect()
    }

    /// Puts what was processed so far on disk, beside whoever goes on.
    pub fn flush(&self) -> JoinHandle<Result<Flushed>> {
        let db = self.db.clone();
        tokio::task::spawn_blocking(move || db.flush().map(Flushed))
    }

    /// Drops segments whose events were all in the main tables before the flush was asked for, and adds what they counted to
    /// the teams' usage. A power cut may bring them back together with what they counted.
    pub async fn trim_log(&self, upto: i64, _: Flushed) -> Result<()> {
        let mut tx = self.log.begin_relaxed().await?;
        let rows = tx.rows("delete from ingest_log where seq <= $1 returning usage", args![upto]).await?;
        for ((team, month), events) in summed(&rows)? {
            tx.run(
                "insert into usage (team_id, month, events) values ($1, $2, $3)
                 on conflict (team_id, month) do update set events = usage.events + excluded.events",
                args![&team, &month, events],
            )
            .await?;
        }
        tx.commit().await
    }

    /// Writes a segment with other events in its place: those of somebody who is erased are taken out. What it counted for
    /// quotas stays.
    pub async fn rewrite_segment(&self, seq: i64, events: u64, payload: Vec<u8>) -> Result<()> {
        self.log
            .run("update ingest_log set events = $2, payload = $3 where seq = $1", args![seq, events as i64, payload])
            .await
            .map(drop)
    }

    /// Events that wait in the log.
    pub async fn log_depth(&self) -> Result<u64> {
        let row =
            self.log.row("select cast(coalesce(sum(events), 0) as bigint) as events from ingest_log", vec![]).await?;
        Ok(row.map(|row| row.int("events")).transpose()?.unwrap_or(0) as u64)
    }

    /// What every team has used of `month`: what is counted, and what still rides on the log.
    pub async fn usage(&self, month: &str) -> Result<BTreeMap<TeamId, i64>> {
        // One transaction: a segment that is trimmed between the two reads would count twice or not at all.
        let mut tx = self.log.begin().await?;
        let counted = tx.rows("select team_id, events from usage where month = $1", args![month]).await?;
        let riding = tx.rows("select usage from ingest_log", vec![]).await?;
        let mut used: BTreeMap<TeamId, i64> = BTreeMap::new();
        for row in &counted {
            *used.entry(TeamId::new(row.text("team_id")?)).or_default() += row.int("events")?;
        }
        for ((team, of_month), events) in summed(&riding)? {
            if of_month == month {
                *used.entry(team).or_default() += events;
            }
        }
        Ok(used)
    }

    /// Which of `ids` are recorded already, with the fingerprint they were recorded with. What was erased counts as recorded:
    /// a sender that tries again must not bring it back.
    pub async fn recorded(&self, team: &TeamId, ids: &BTreeSet<&str>) -> Result<BTreeMap<String, Option<String>>> {
        let batch: Batch = ids.iter().map(|id| (id, crate::removal::event_digest(id))).collect();
        let rows = self
            .db
            .rows(
                "select e.id, e.fingerprint from json_each($2) j cross join events e where e.team_id = $1 and e.id = j.value->>0
                 union all
                 select j.value->>0 as id, cast(null as text) as fingerprint from json_each($2) j cross join erased_events t
                 where t.team_id = $1 and t.digest = cast(j.value->>1 as bigint)",
                args![team, batch.text()],
            )
            .await?;
        rows.iter().map(|row| Ok((row.text("id")?, row.opt_text("fingerprint")?))).collect()
    }
}

/// Adds up what segments count, by team and month.
fn summed(rows: &[Row]) -> Result<BTreeMap<(TeamId, String), i64>> {
    let mut sums: BTreeMap<(TeamId, String), i64> = BTreeMap::new();
    for row in rows {
        for (team, month, events) in serde_json::from_str::<Vec<(TeamId, String, i64)>>(&row.text("usage")?)? {
            *sums.entry((team, month)).or_default() += events;
        }
    }
    Ok(sums)
}

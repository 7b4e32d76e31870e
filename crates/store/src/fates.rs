//! What became of every event: counters by hour, and the events that were set aside.

use crate::TeamId;
use crate::db::{Batch, Tx, args};
use crate::error::Result;
use crate::open::Store;
use dregs_engine::rejection::Fate;
use std::collections::{BTreeMap, BTreeSet};

/// Parked events shown at once.
const PARKED_READ_MAX: i64 = 100;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FateCount {
    pub fate: String,
    pub count: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedEvent {
    pub id: String,
    /// The event as JSON.
    pub event: String,
    pub error: String,
    pub parked_ms: i64,
}

impl Store {
    /// Adds to the counters of an hour.
    pub async fn count_fates(&self, team: &TeamId, fates: &BTreeMap<(i64, Fate), u64>) -> Result<()> {
        let mut tx = self.db.begin().await?;
        write(&mut tx, team, fates).await?;
        tx.commit().await
    }

    /// Sums between two times, by fate.
    pub async fn fates(&self, team: &TeamId, from_ms: i64, to_ms: i64) -> Result<Vec<FateCount>> {
        let rows = self
            .db
            .rows(
                "select fate, cast(sum(count) as bigint) as count from fates where team_id = $1 and hour_ms >= $2 and hour_ms < $3
                 group by fate order by fate",
                args![team, from_ms, to_ms],
            )
            .await?;
        rows.iter().map(|row| Ok(FateCount { fate: row.text("fate")?, count: row.int("count")? })).collect()
    }

    /// Sets an event aside with its error, and counts it.
    pub async fn park(&self, team: &TeamId, parked: &ParkedEvent) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let touched = tx
            .run(
                "insert into parked_events (team_id, id, event, error, parked_ms) values ($1, $2, $3, $4, $5)
                 on conflict (team_id, id) do nothing",
                args![team, &parked.id, &parked.event, &parked.error, parked.parked_ms],
            )
            .await?;
        if touched > 0 {
            let hour_ms = hour_of(parked.parked_ms);
            write(&mut tx, team, &BTreeMap::from([((hour_ms, Fate::Parked), 1)])).await?;
        }
        tx.commit().await
    }

    /// Which of these events are set aside.
    pub async fn parked_among(&self, team: &TeamId, ids: &BTreeSet<&str>) -> Result<BTreeSet<String>> {
        let batch: Batch = ids.iter().map(|id| (id,)).collect();
        let rows = self
            .db
            .rows(
                "select p.id from json_each($2) j cross join parked_events p where p.team_id = $1 and p.id = j.value->>0",
                args![team, batch],
            )
            .await?;
        rows.iter().map(|row| row.text("id")).collect()
    }

    /// Parked events, newest first.
    pub async fn parked(&self, team: &TeamId) -> Result<Vec<ParkedEvent>> {
        let rows = self
            .db
            .rows(
                "select id, event, error, parked_ms from parked_events where team_id = $1 order by parked_ms desc, id limit $2",
                args![team, PARKED_READ_MAX],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(ParkedEvent {
                    id: row.text("id")?,
                    event: row.text("event")?,
                    error: row.text("error")?,
                    parked_ms: row.int("parked_ms")?,
                })
            })
            .collect()
    }
}

/// The hour a time falls into, epoch milliseconds.
pub fn hour_of(at_ms: i64) -> i64 {
    const HOUR_MS: i64 = 3_600_000;
    at_ms - at_ms.rem_euclid(HOUR_MS)
}

pub(crate) async fn write(tx: &mut Tx, team: &TeamId, fates: &BTreeMap<(i64, Fate), u64>) -> Result<()> {
    if fates.is_empty() {
        return Ok(());
    }
    let rows: Batch = fates.iter().map(|((hour_ms, fate), count)| (hour_of(*hour_ms), fate.code(), count)).collect();
    tx.run(
        "insert into fates (team_id, hour_ms, fate, count)
         select $1, cast(value->>0 as bigint), value->>1, sum(cast(value->>2 as bigint)) from json_each($2)
         group by cast(value->>0 as bigint), value->>1
         on conflict (team_id, hour_ms, fate) do update set count = fates.count + excluded.count",
        args![team, rows],
    )
    .await
    .map(drop)
}

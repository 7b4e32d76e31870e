//! The outbox: notifications that are to be sent, written with what caused them, and what became of each.
//!
//! Of one channel and identity they are sent in the order they arose: while one waits for another attempt, so do those
//! after it. Those about nobody have each a line of their own. A channel with a digest sends what came within its minutes in
//! one mail: they are put together before it is sent, so that the same are in it whenever it is attempted.

use crate::TeamId;
use crate::db::{Batch, Row, Tx, args};
use crate::error::Result;
use crate::open::Store;
use crate::paging::{ListQuery, Page, Where, page};
use serde::{Deserialize, Serialize};

/// How long those behind one that is being sent are not looked at.
const BEHIND_MS: i64 = 30_000;
/// Deliveries in one mail: it counts them all and lists some. More are in the next.
pub const DIGEST_MAX: i64 = 500;
/// What no digest waits with. The statements of this file say the same.
pub const IMMEDIATE: [&str; 2] = ["TEST", "CHANNEL_DISABLED"];

/// A notification to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryWrite {
    /// Grows with the order of what happened.
    pub id: i64,
    pub channel_id: String,
    pub identity_id: String,
    pub event: String,
    /// JSON.
    pub data: String,
    pub created_ms: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveryStatus {
    Pending,
    Delivered,
    Failed,
}

impl DeliveryStatus {
    pub const ALL: [DeliveryStatus; 3] = [DeliveryStatus::Pending, DeliveryStatus::Delivered, DeliveryStatus::Failed];

    pub fn code(self) -> &'static str {
        match self {
            DeliveryStatus::Pending => "PENDING",
            DeliveryStatus::Delivered => "DELIVERED",
            DeliveryStatus::Failed => "FAILED",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    pub team: TeamId,
    pub id: i64,
    pub channel_id: String,
    /// Whom and what it tells of is not noted beside the ingest log: erasing somebody need not look there.
    #[serde(skip)]
    pub identity_id: String,
    pub event: String,
    #[serde(skip)]
    pub data: String,
    pub status: String,
    /// Attempts made.
    pub attempts: i64,
    pub next_ms: i64,
    pub http_status: Option<i64>,
    pub error: Option<String>,
    pub created_ms: i64,
    pub finished_ms: Option<i64>,
    /// The digest it goes out with: what becomes of one of its deliveries becomes of all.
    #[serde(default)]
    pub digest_id: Option<i64>,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptWrite {
    pub status: DeliveryStatus,
    /// When to try again, if it is still pending.
    pub next_ms: i64,
    pub http_status: Option<i64>,
    pub error: Option<String>,
    pub now_ms: i64,
}

#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    pub status: Option<String>,
    pub identity: Option<String>,
}

/// API fields that deliveries can be sorted by, and their columns.
pub const DELIVERY_SORTS: &[(&str, &str)] = &[("createdAt", "d.id")];

const COLUMNS: &str = "d.team_id, d.id, d.channel_id, d.identity_id, d.event, d.data, d.status, d.attempts, d.next_ms, d.http_status, d.error,
  d.created_ms, d.finished_ms, d.digest_id";

impl Store {
    /// Writes notifications that nothing else is written with: test messages.
    pub async fn add_deliveries(&self, team: &TeamId, deliveries: &[DeliveryWrite]) -> Result<()> {
        let mut tx = self.db.begin().await?;
        write(&mut tx, team, deliveries).await?;
        tx.commit().await
    }

    /// The first channel after this one, in the order of their ids, that has something to send.
    pub async fn next_pending_channel(&self, after: &str) -> Result<Option<(TeamId, String)>> {
        let row = self
            .db
            .row(
                "select d.team_id, d.channel_id from deliveries d where d.status = 'PENDING' and d.channel_id > $1
                 order by d.channel_id limit 1",
                args![after],
            )
            .await?;
        row.map(|row| Ok((TeamId::new(row.text("team_id")?), row.text("channel_id")?))).transpose()
    }

    /// What a channel may send now, at most `limit`: of each identity the oldest alone. The others of those that were
    /// looked at wait.
    pub async fn due_deliveries(
        &self,
        team: &TeamId,
        channel_id: &str,
        now_ms: i64,
        limit: i64,
    ) -> Result<Vec<Delivery>> {
        let sql = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS}, case when d.identity_id = '' then d.id else (
               select min(h.id) from deliveries h where h.team_id = d.team_id and h.channel_id = d.channel_id
               and h.identity_id = d.identity_id and h.status = 'PENDING') end as head_id
             from deliveries d where d.team_id = $1 and d.channel_id = $2 and d.status = 'PENDING' and d.next_ms <= $3
             order by d.next_ms, d.id limit $4"
        ));
        let mut due = Vec::new();
        let mut behind: Vec<(i64, i64)> = Vec::new();
        for row in self.db.rows(sql, args![team, channel_id, now_ms, limit]).await? {
            let delivery = read(&row)?;
            let head_id = row.int("head_id")?;
            if head_id == delivery.id {
                due.push(delivery);
            } else {
                behind.push((delivery.id, head_id));
            }
        }
        if !behind.is_empty() {
            self.wait_behind(&behind, now_ms).await?;
        }
        Ok(due)
    }

    /// What goes out in the next mail of a channel with a digest: what the last attempt was to send, or else all that waits, at
    /// most [`DIGEST_MAX`], under `digest_id`. Nothing while that attempt is not to be repeated yet.
    pub async fn gather_digest(
        &self,
        team: &TeamId,
        channel_id: &str,
        digest_id: i64,
        now_ms: i64,
    ) -> Result<Vec<Delivery>> {
        let mut tx = self.db.begin_relaxed().await?;
        let mut gathered = gathered(&mut tx, team, channel_id).await?;
        if gathered.is_empty() {
            tx.run(
                "update deliveries set digest_id = $3, attempts = 0 where id in (
                   select d.id from deliveries d where d.team_id = $1 and d.channel_id = $2 and d.status = 'PENDING'
                     and d.event not in ('TEST', 'CHANNEL_DISABLED') order by d.id limit $4)",
                args![team, channel_id, digest_id, DIGEST_MAX],
            )
            .await?;
            gathered = self::gathered(&mut tx, team, channel_id).await?;
        } else if let Some(next_ms) = gathered.first().map(|first| first.next_ms).filter(|next_ms| *next_ms > now_ms) {
            // The next mail waits for this one. Left due, it would be looked at in vain and stand before what waits for nothing.
            tx.run(
                "update deliveries set next_ms = $4 where team_id = $1 and channel_id = $2 and status = 'PENDING' and next_ms <= $3
                   and digest_id is null and event not in ('TEST', 'CHANNEL_DISABLED')",
                args![team, channel_id, now_ms, next_ms + 1],
            )
            .await?;
            gathered.clear();
        }
        tx.commit().await?;
        Ok(gathered)
    }

    /// Moves those behind another to after its next attempt, or they would be looked at in vain and stand before others.
    /// When that is done with, [`Store::note_attempt`] calls the next.
    async fn wait_behind(&self, behind: &[(i64, i64)], now_ms: i64) -> Result<()> {
        let mut tx = self.db.begin_relaxed().await?;
        tx.run(
            "update deliveries set next_ms = (
               select case when h.next_ms > $2 then h.next_ms + 1 else $2 end from deliveries h where h.id = waiting.head)
             from (select cast(value->>0 as bigint) as id, cast(value->>1 as bigint) as head from json_each($1)) waiting
             where deliveries.id = waiting.id and deliveries.status = 'PENDING'
               and exists (select 1 from deliveries h where h.id = waiting.head and h.status = 'PENDING')",
            args![behind.iter().collect::<Batch>(), now_ms + BEHIND_MS],
        )
        .await?;
        tx.commit().await
    }

    /// When the next delivery is due after this moment, if any.
    pub async fn next_delivery_ms(&self, after_ms: i64) -> Result<Option<i64>> {
        let row = self
            .db
            .row(
                "select min(next_ms) as next_ms from deliveries where status = 'PENDING' and next_ms > $1",
                args![after_ms],
            )
            .await?;
        row.map_or(Ok(None), |row| row.opt_int("next_ms"))
    }

    /// Notes an attempt, and calls the next in line when it was the last. Nobody waits for the disk: after a power cut one
    /// is sent again, under its id.
    ///
    /// An embedded store has one writer, which processing holds for long: until it is free, the attempt is noted beside the
    /// ingest log, for [`Store::recover_attempts`]. What a receiver took it is not to get again because of that.
    pub async fn note_attempt(&self, delivery: &Delivery, attempt: &AttemptWrite) -> Result<()> {
        let embedded = !self.is_shared();
        if embedded {
            let body = serde_json::to_string(&(delivery, attempt))?;
            let mut tx = self.log.begin_relaxed().await?;
            tx.run(
                "insert into attempts (id, body) values ($1, $2) on conflict (id) do update set body = excluded.body",
                args![delivery.id, body],
            )
            .await?;
            tx.commit().await?;
        }
        self.apply_attempt(delivery, attempt).await?;
        if embedded {
            let mut tx = self.log.begin_relaxed().await?;
            tx.run("delete from attempts where id = $1", args![delivery.id]).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Notes the attempts that were made before the last stop and not noted then. Returns how many.
    pub async fn recover_attempts(&self) -> Result<usize> {
        let rows = self.log.rows("select body from attempts order by id", vec![]).await?;
        for row in &rows {
            let (delivery, attempt): (Delivery, AttemptWrite) = serde_json::from_str(&row.text("body")?)?;
            self.apply_attempt(&delivery, &attempt).await?;
        }
        if !rows.is_empty() {
            let mut tx = self.log.begin_relaxed().await?;
            tx.run("delete from attempts", vec![]).await?;
            tx.commit().await?;
        }
        Ok(rows.len())
    }

    async fn apply_attempt(&self, delivery: &Delivery, attempt: &AttemptWrite) -> Result<()> {
        let finished = attempt.status != DeliveryStatus::Pending;
        let mut tx = self.db.begin_relaxed().await?;
        if let Some(digest_id) = delivery.digest_id {
            apply_to_digest(&mut tx, delivery, digest_id, attempt).await?;
            return tx.commit().await;
        }
        let noted = tx
            .run(
                "update deliveries set status = $3, attempts = attempts + 1, next_ms = $4, http_status = $5, error = $6, finished_ms = $7
                 where team_id = $1 and id = $2 and status = 'PENDING' and attempts = $8",
                args![
                    &delivery.team,
                    delivery.id,
                    attempt.status.code(),
                    attempt.next_ms,
                    attempt.http_status,
                    attempt.error.clone(),
                    finished.then_some(attempt.now_ms),
                    delivery.attempts
                ],
            )
            .await?;
        if finished && noted > 0 {
            tx.run(
                "update deliveries set next_ms = $4 where team_id = $1 and channel_id = $2 and status = 'PENDING' and id = (
                   select min(n.id) from deliveries n where n.team_id = $1 and n.channel_id = $2 and n.status = 'PENDING'
                     and n.identity_id = (select d.identity_id from deliveries d where d.team_id = $1 and d.id = $3)
                     and n.id > $3 and n.attempts = 0)",
                args![&delivery.team, &delivery.channel_id, delivery.id, attempt.now_ms],
            )
            .await?;
        }
        tx.commit().await
    }

    /// Ends what a channel still has to send.
    pub async fn give_up_deliveries(&self, team: &TeamId, channel_id: &str, error: &str, now_ms: i64) -> Result<()> {
        let mut tx = self.db.begin().await?;
        give_up(&mut tx, team, channel_id, error, now_ms).await?;
        tx.commit().await
    }

    /// The log of a channel, newest first.
    pub async fn deliveries(
        &self,
        team: &TeamId,
        channel_id: &str,
        filter: &DeliveryFilter,
        query: &ListQuery,
    ) -> Result<Page<Delivery>> {
        let mut condition = Where::new("d.team_id = $1", team);
        condition.and("d.channel_id = ?", channel_id);
        condition.and_some("d.status = ?", filter.status.as_deref());
        condition.and_some("d.identity_id = ?", filter.identity.as_deref());
        page(&self.db, COLUMNS, "deliveries d", condition, query, "d.id", read).await
    }

    pub async fn delivery(&self, team: &TeamId, id: i64) -> Result<Option<Delivery>> {
        let sql = sqlx::AssertSqlSafe(format!("select {COLUMNS} from deliveries d where d.team_id = $1 and d.id = $2"));
        self.db.row(sql, args![team, id]).await?.as_ref().map(read).transpose()
    }

    /// Sends deliveries of a channel again, under their ids, those between two ids that are finished. Returns how many.
    pub async fn redeliver(&self, team: &TeamId, channel_id: &str, from: i64, to: i64, now_ms: i64) -> Result<u64> {
        self.db
            .run(
                "update deliveries set status = 'PENDING', attempts = 0, next_ms = $5, finished_ms = null, digest_id = null
                 where team_id = $1 and channel_id = $2 and id >= $3 and id <= $4 and status <> 'PENDING'",
                args![team, channel_id, from, to, now_ms],
            )
            .await
    }

    /// Whether it is still to be sent: whom it tells of may have been erased since it was looked up.
    pub async fn is_delivery_pending(&self, team: &TeamId, id: i64) -> Result<bool> {
        let row = self
            .db
            .row(
                "select 1 as one from deliveries where team_id = $1 and id = $2 and status = 'PENDING'",
                args![team, id],
            )
            .await?;
        Ok(row.is_some())
    }
}

async fn gathered(tx: &mut Tx, team: &TeamId, channel_id: &str) -> Result<Vec<Delivery>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from deliveries d where d.team_id = $1 and d.channel_id = $2 and d.status = 'PENDING' and d.digest_id is not null
           and d.digest_id = (select min(f.digest_id) from deliveries f where f.team_id = $1 and f.channel_id = $2 and f.status = 'PENDING'
             and f.digest_id is not null)
         order by d.id limit $3"
    ));
    tx.rows(sql, args![team, channel_id, DIGEST_MAX]).await?.iter().map(read).collect()
}

async fn apply_to_digest(tx: &mut Tx, delivery: &Delivery, digest_id: i64, attempt: &AttemptWrite) -> Result<()> {
    let finished = attempt.status != DeliveryStatus::Pending;
    tx.run(
        "update deliveries set status = $4, attempts = attempts + 1, next_ms = $5, http_status = $6, error = $7, finished_ms = $8
         where team_id = $1 and channel_id = $2 and digest_id = $3 and digest_id is not null and status = 'PENDING' and attempts = $9",
        args![
            &delivery.team,
            &delivery.channel_id,
            digest_id,
            attempt.status.code(),
            attempt.next_ms,
            attempt.http_status,
            attempt.error.clone(),
            finished.then_some(attempt.now_ms),
            delivery.attempts
        ],
    )
    .await
    .map(drop)
}

/// Ends what a channel still has to send.
pub(crate) async fn give_up(tx: &mut Tx, team: &TeamId, channel_id: &str, error: &str, now_ms: i64) -> Result<()> {
    tx.run(
        "update deliveries set status = 'FAILED', error = $3, finished_ms = $4
         where team_id = $1 and channel_id = $2 and status = 'PENDING'",
        args![team, channel_id, error, now_ms],
    )
    .await
    .map(drop)
}

/// Moves what a channel has not begun to send to when its digest is due, if that is another than it has.
pub(crate) async fn retime(tx: &mut Tx, team: &TeamId, channel_id: &str, digest_minutes: i64) -> Result<()> {
    tx.run(
        "update deliveries set next_ms = created_ms + $3 * 60000
         where team_id = $1 and channel_id = $2 and status = 'PENDING' and attempts = 0 and digest_id is null
           and event not in ('TEST', 'CHANNEL_DISABLED')
           and exists (select 1 from channels c where c.team_id = $1 and c.id = $2 and c.digest_minutes <> $3)",
        args![team, channel_id, digest_minutes],
    )
    .await
    .map(drop)
}

/// Writes notifications with what caused them. Those of a channel with a digest wait for it.
pub(crate) async fn write(tx: &mut Tx, team: &TeamId, deliveries: &[DeliveryWrite]) -> Result<()> {
    if deliveries.is_empty() {
        return Ok(());
    }
    let row = |delivery: &DeliveryWrite| {
        let DeliveryWrite { id, channel_id, identity_id, event, data, created_ms } = delivery.clone();
        (id, channel_id, identity_id, event, data, created_ms)
    };
    let rows: Batch = deliveries.iter().map(row).collect();
    tx.run(
        "insert into deliveries (team_id, id, channel_id, identity_id, event, data, status, attempts, next_ms, created_ms)
         select $1, cast(value->>0 as bigint), value->>1, value->>2, value->>3, value->>4, 'PENDING', 0,
           cast(value->>5 as bigint) + case when value->>3 in ('TEST', 'CHANNEL_DISABLED') then 0 else coalesce(
             (select c.digest_minutes * 60000 from channels c where c.team_id = $1 and c.id = value->>1), 0) end,
           cast(value->>5 as bigint)
         from json_each($2)",
        args![team, rows],
    )
    .await
    .map(drop)
}

fn read(row: &Row) -> Result<Delivery> {
    Ok(Delivery {
        team: TeamId::new(row.text("team_id")?),
        id: row.int("id")?,
        channel_id: row.text("channel_id")?,
        identity_id: row.text("identity_id")?,
        event: row.text("event")?,
        data: row.text("data")?,
        status: row.text("status")?,
        attempts: row.int("attempts")?,
        next_ms: row.int("next_ms")?,
        http_status: row.opt_int("http_status")?,
        error: row.opt_text("error")?,
        created_ms: row.int("created_ms")?,
        finished_ms: row.opt_int("finished_ms")?,
        digest_id: row.opt_int("digest_id")?,
    })
}

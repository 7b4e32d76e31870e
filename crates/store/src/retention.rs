//! How long a team keeps each kind of data, and removing what is older, some at a time.

use crate::TeamId;
use crate::db::{Batch, Row, args};
use crate::error::Result;
use crate::open::Store;
use crate::removal::drop_events;
use crate::rules::hold_page;
use serde::{Deserialize, Serialize};

/// The longest time that can be asked for, in days: ten years.
pub const DAYS_MAX: u32 = 3650;
/// How long finished deliveries are kept unless a team says otherwise: a quarter.
const DELIVERIES_DAYS: u32 = 90;
/// How long the audit log is kept unless a team says otherwise: a year, and a month to look into what is found at its end.
const AUDIT_DAYS: u32 = 400;
/// The shortest time that the audit log can be kept, in days: a quarter in which nobody can make go what they did.
pub const AUDIT_DAYS_MIN: u32 = 90;
/// Rows that go at once: others that write wait for no more than that.
const REMOVED_MAX: i64 = 1_000;
/// Identities whose cycles are looked at together.
const IDENTITIES_MAX: i64 = 500;

/// What grows old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetentionKind {
    /// Events, by their own time.
    Events,
    /// Events of which it is not known whose they are.
    AnonymousEvents,
    /// Analyses with their evidence; what an escalation rests on stays until it is closed.
    Cycles,
    /// Deliveries that are done with.
    Deliveries,
    Reviews,
    ParkedEvents,
    /// Escalations that are closed, with their notes.
    Escalations,
    /// Lines of the audit log.
    Audit,
}

pub const RETENTION_KINDS: [RetentionKind; 8] = [
    RetentionKind::Events,
    RetentionKind::AnonymousEvents,
    RetentionKind::Cycles,
    RetentionKind::Deliveries,
    RetentionKind::Reviews,
    RetentionKind::ParkedEvents,
    RetentionKind::Escalations,
    RetentionKind::Audit,
];

impl RetentionKind {
    pub fn code(self) -> &'static str {
        match self {
            RetentionKind::Events => "events",
            RetentionKind::AnonymousEvents => "anonymousEvents",
            RetentionKind::Cycles => "cycles",
            RetentionKind::Deliveries => "deliveries",
            RetentionKind::Reviews => "reviews",
            RetentionKind::ParkedEvents => "parkedEvents",
            RetentionKind::Escalations => "escalations",
            RetentionKind::Audit => "audit",
        }
    }
}

/// Days that a team keeps each kind of data; none is for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Retention {
    pub events_days: Option<u32>,
    pub anonymous_events_days: Option<u32>,
    pub cycles_days: Option<u32>,
    pub deliveries_days: Option<u32>,
    pub reviews_days: Option<u32>,
    pub parked_days: Option<u32>,
    pub escalations_closed_days: Option<u32>,
    pub audit_days: Option<u32>,
    /// After so long without an event an identity is erased.
    pub inactive_identities_days: Option<u32>,
}

impl Default for Retention {
    fn default() -> Self {
        Retention {
            events_days: None,
            anonymous_events_days: None,
            cycles_days: None,
            deliveries_days: Some(DELIVERIES_DAYS),
            reviews_days: None,
            parked_days: None,
            escalations_closed_days: None,
            audit_days: Some(AUDIT_DAYS),
            inactive_identities_days: None,
        }
    }
}

impl Retention {
    pub fn days(&self, kind: RetentionKind) -> Option<u32> {
        match kind {
            RetentionKind::Events => self.events_days,
            RetentionKind::AnonymousEvents => self.anonymous_events_days,
            RetentionKind::Cycles => self.cycles_days,
            RetentionKind::Deliveries => self.deliveries_days,
            RetentionKind::Reviews => self.reviews_days,
            RetentionKind::ParkedEvents => self.parked_days,
            RetentionKind::Escalations => self.escalations_closed_days,
            RetentionKind::Audit => self.audit_days,
        }
    }
}

/// Up to when data goes: the time, and the lowest id that is given from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    pub from_ms: i64,
    pub from_id: i64,
}

impl Store {
    pub async fn retention(&self, team: &TeamId) -> Result<Retention> {
        read_retention(self.db.row("select body from retention where team_id = $1", args![team]).await?)
    }

    /// Changes how long a team keeps what, as `change` says, which is given how it is: others that would change it wait
    /// meanwhile. What `change` refuses is not written.
    pub async fn change_retention<E>(
        &self,
        team: &TeamId,
        now_ms: i64,
        change: impl FnOnce(Retention) -> std::result::Result<Retention, E>,
    ) -> Result<std::result::Result<Retention, E>> {
        let mut tx = self.db.begin().await?;
        hold_page(&mut tx, team).await?;
        let held = tx.row("select body from retention where team_id = $1", args![team]).await?;
        let retention = match change(read_retention(held)?) {
            Ok(retention) => retention,
            Err(refused) => return Ok(Err(refused)),
        };
        tx.run(
            "insert into retention (team_id, body, updated_ms) values ($1, $2, $3)
             on conflict (team_id) do update set body = excluded.body, updated_ms = excluded.updated_ms",
            args![team, serde_json::to_string(&retention)?, now_ms],
        )
        .await?;
        tx.commit().await?;
        Ok(Ok(retention))
    }

    /// How many rows of a kind are older.
    pub async fn count_old(&self, team: &TeamId, kind: RetentionKind, kept: Kept) -> Result<u64> {
        let (sql, before) = match kind {
            RetentionKind::Events => {
                ("select count(*) as n from events where team_id = $1 and timestamp_ms < $2", kept.from_ms)
            }
            RetentionKind::AnonymousEvents => (
                "select count(*) as n from events where team_id = $1 and timestamp_ms < $2 and identity_id is null",
                kept.from_ms,
            ),
            RetentionKind::Cycles => (
                "select count(*) as n from cycles c where c.team_id = $1 and c.id < $2 and not exists (
                   select 1 from escalations e where e.team_id = c.team_id and e.identity_id = c.identity_id and e.cycle_id = c.id
                     and e.status <> 'CLOSED')",
                kept.from_id,
            ),
            RetentionKind::Deliveries => (
                "select count(*) as n from deliveries where team_id = $1 and id < $2 and status <> 'PENDING'",
                kept.from_id,
            ),
            RetentionKind::Reviews => (
                "select count(*) as n from reviews where team_id = $1 and created_ms < $2 and status <> 'PENDING'",
                kept.from_ms,
            ),
            RetentionKind::ParkedEvents => {
                ("select count(*) as n from parked_events where team_id = $1 and parked_ms < $2", kept.from_ms)
            }
            RetentionKind::Escalations => (
                "select count(*) as n from escalations where team_id = $1 and status = 'CLOSED' and live = 0 and closed_ms < $2",
                kept.from_ms,
            ),
            RetentionKind::Audit => {
                ("select count(*) as n from audit_log where team_id = $1 and created_ms < $2", kept.from_ms)
            }
        };
        let row = self.db.row(sql, args![team, before]).await?;
        Ok(row.map_or(Ok(0), |row| row.int("n"))? as u64)
    }

    /// How many identities have not been heard of for so long, and are not being worked on.
    pub async fn count_inactive(&self, team: &TeamId, kept: Kept) -> Result<u64> {
        let row = self
            .db
            .row(
                "select count(*) as n from identities i where i.team_id = $1 and coalesce(i.last_tracked_ms, i.created_ms) < $2
                   and i.created_ms < $2 and not exists (select 1 from escalations e where e.team_id = i.team_id and e.identity_id = i.id
                     and e.live = 1 and e.status in ('OPEN', 'ACKNOWLEDGED'))",
                args![team, kept.from_ms],
            )
            .await?;
        Ok(row.map_or(Ok(0), |row| row.int("n"))? as u64)
    }

    /// Among the identities after one, in the order of their ids, those who have not been heard of for so long. With it
    /// the last that was looked at; none when there are no more.
    pub async fn inactive(&self, team: &TeamId, kept: Kept, after: &str) -> Result<(Vec<String>, Option<String>)> {
        let rows = self
            .db
            .rows(
                "select i.id, i.created_ms, coalesce(i.last_tracked_ms, i.created_ms) as last_ms,
                   (select count(*) from escalations e where e.team_id = i.team_id and e.identity_id = i.id
                     and e.live = 1 and e.status in ('OPEN', 'ACKNOWLEDGED')) as open
                 from identities i where i.team_id = $1 and i.id > $2 order by i.id limit $3",
                args![team, after, IDENTITIES_MAX],
            )
            .await?;
        let mut inactive = Vec::new();
        for row in &rows {
            if row.int("last_ms")?.max(row.int("created_ms")?) < kept.from_ms && row.int("open")? == 0 {
                inactive.push(row.text("id")?);
            }
        }
        Ok((inactive, last_id(&rows, IDENTITIES_MAX)?))
    }

    /// Ids of identities after one, in order, and the last of them; none when there are no more.
    pub async fn identity_ids(&self, team: &TeamId, after: &str) -> Result<(Vec<String>, Option<String>)> {
        let rows = self
            .db
            .rows(
                "select id from identities where team_id = $1 and id > $2 order by id limit $3",
                args![team, after, IDENTITIES_MAX],
            )
            .await?;
        let ids = rows.iter().map(|row| row.text("id")).collect::<Result<_>>()?;
        Ok((ids, last_id(&rows, IDENTITIES_MAX)?))
    }

    /// Removes some of what is older. Returns how many rows, and where to go on; none when that was all.
    pub async fn remove_old(
        &self,
        team: &TeamId,
        kind: RetentionKind,
        kept: Kept,
        after: &str,
    ) -> Result<(u64, Option<String>)> {
        match kind {
            RetentionKind::Cycles => self.remove_cycles(team, kept, after).await,
            RetentionKind::Deliveries => self.remove_deliveries(team, kept, after).await,
            _ => {
                let removed = match kind {
                    RetentionKind::Events => self.remove_events(team, kept).await?,
                    RetentionKind::AnonymousEvents => self.remove_anonymous_events(team, kept).await?,
                    RetentionKind::Escalations => self.remove_escalations(team, kept).await?,
                    RetentionKind::Reviews => self.remove_reviews(team, kept).await?,
                    RetentionKind::Audit => self.remove_audit_log(team, kept).await?,
                    _ => self.remove_parked(team, kept).await?,
                };
                Ok((removed, (removed as i64 == REMOVED_MAX).then(String::new)))
            }
        }
    }

    async fn remove_events(&self, team: &TeamId, kept: Kept) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        hold_page(&mut tx, team).await?;
        let rows = tx
            .rows(
                "select seq, timestamp_ms, groups from events where team_id = $1 and timestamp_ms < $2 order by timestamp_ms, seq limit $3",
                args![team, kept.from_ms, REMOVED_MAX],
            )
            .await?;
        drop_events(&mut tx, team, &rows).await?;
        tx.commit().await?;
        Ok(rows.len() as u64)
    }

    async fn remove_anonymous_events(&self, team: &TeamId, kept: Kept) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        hold_page(&mut tx, team).await?;
        let rows = tx
            .rows(
                "select seq, timestamp_ms, groups from events where team_id = $1 and identity_id is null and timestamp_ms < $2
                 order by timestamp_ms, seq limit $3",
                args![team, kept.from_ms, REMOVED_MAX],
            )
            .await?;
        drop_events(&mut tx, team, &rows).await?;
        tx.commit().await?;
        Ok(rows.len() as u64)
    }

    async fn remove_reviews(&self, team: &TeamId, kept: Kept) -> Result<u64> {
        self.db
            .run(
                "delete from reviews where id in (
                   select r.id from reviews r where r.team_id = $1 and r.created_ms < $2 and r.status <> 'PENDING'
                   order by r.created_ms limit $3)",
                args![team, kept.from_ms, REMOVED_MAX],
            )
            .await
    }

    async fn remove_parked(&self, team: &TeamId, kept: Kept) -> Result<u64> {
        self.db
            .run(
                "delete from parked_events where team_id = $1 and id in (
                   select p.id from parked_events p where p.team_id = $1 and p.parked_ms < $2 limit $3)",
                args![team, kept.from_ms, REMOVED_MAX],
            )
            .await
    }

    async fn remove_audit_log(&self, team: &TeamId, kept: Kept) -> Result<u64> {
        self.db
            .run(
                "delete from audit_log where id in (
                   select l.id from audit_log l where l.team_id = $1 and l.created_ms < $2 order by l.created_ms limit $3)",
                args![team, kept.from_ms, REMOVED_MAX],
            )
            .await
    }

    /// One that a rule still watches stays: without it the rule would open another.
    async fn remove_escalations(&self, team: &TeamId, kept: Kept) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        hold_page(&mut tx, team).await?;
        let rows = tx
            .rows(
                "delete from escalations where id in (
                   select e.id from escalations e where e.team_id = $1 and e.status = 'CLOSED' and e.live = 0 and e.closed_ms < $2 limit $3)
                 returning id",
                args![team, kept.from_ms, REMOVED_MAX],
            )
            .await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.int("id")).collect::<Result<_>>()?;
        tx.run(
            "delete from escalation_notes where team_id = $1 and escalation_id in (
               select cast(value->>0 as bigint) from json_each($2))",
            args![team, ids.iter().map(|id| (id,)).collect::<Batch>()],
        )
        .await?;
        tx.commit().await?;
        Ok(ids.len() as u64)
    }

    /// Cycles are kept by identity: those of some identities after one.
    async fn remove_cycles(&self, team: &TeamId, kept: Kept, after: &str) -> Result<(u64, Option<String>)> {
        let (owners, next) = self.identity_ids(team, after).await?;
        let old = self
            .db
            .rows(
                "select c.identity_id, c.id from json_each($2) j cross join cycles c
                 where c.team_id = $1 and c.identity_id = j.value->>0 and c.id < $3 and not exists (
                   select 1 from escalations e where e.team_id = c.team_id and e.identity_id = c.identity_id and e.cycle_id = c.id
                     and e.status <> 'CLOSED') limit $4",
                args![team, owners.iter().map(|id| (id,)).collect::<Batch>(), kept.from_id, REMOVED_MAX],
            )
            .await?;
        if !old.is_empty() {
            self.drop_cycles(team, &old).await?;
        }
        let more = if old.len() as i64 == REMOVED_MAX { Some(after.to_owned()) } else { next };
        Ok((old.len() as u64, more))
    }

    async fn drop_cycles(&self, team: &TeamId, old: &[Row]) -> Result<()> {
        let old: Vec<(String, i64)> =
            old.iter().map(|row| Ok((row.text("identity_id")?, row.int("id")?))).collect::<Result<_>>()?;
        let batch = old.iter().collect::<Batch>().text();
        let mut tx = self.db.begin().await?;
        hold_page(&mut tx, team).await?;
        tx.run(
            "delete from cycle_evidence where team_id = $1 and id in (select cast(value->>1 as bigint) from json_each($2))",
            args![team, &batch],
        )
        .await?;
        tx.run(
            "delete from cycles where team_id = $1 and (identity_id, id) in (select value->>0, cast(value->>1 as bigint) from json_each($2))",
            args![team, batch],
        )
        .await?;
        tx.commit().await
    }

    /// Deliveries are logged by channel: those of the first after one that any were sent through. What administrators are told
    /// goes through one that is not in the table of channels.
    async fn remove_deliveries(&self, team: &TeamId, kept: Kept, after: &str) -> Result<(u64, Option<String>)> {
        let rows = self
            .db
            .rows(
                "select channel_id from deliveries where team_id = $1 and channel_id > $2 order by channel_id limit 1",
                args![team, after],
            )
            .await?;
        let Some(channel) = rows.first().map(|row| row.text("channel_id")).transpose()? else { return Ok((0, None)) };
        let removed = self
            .db
            .run(
                "delete from deliveries where id in (
                   select d.id from deliveries d where d.team_id = $1 and d.channel_id = $2 and d.id < $3 and d.status <> 'PENDING'
                   order by d.id limit $4)",
                args![team, &channel, kept.from_id, REMOVED_MAX],
            )
            .await?;
        Ok((removed, Some(if removed as i64 == REMOVED_MAX { after.to_owned() } else { channel })))
    }
}

fn read_retention(row: Option<Row>) -> Result<Retention> {
    row.map_or(Ok(Retention::default()), |row| Ok(serde_json::from_str(&row.text("body")?)?))
}

/// The last id of a full page.
fn last_id(rows: &[Row], page: i64) -> Result<Option<String>> {
    rows.last().filter(|_| rows.len() as i64 == page).map(|row| row.text("id")).transpose()
}

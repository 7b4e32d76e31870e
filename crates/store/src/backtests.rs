//! Backtests that were asked for, and the past that they run over.

use crate::TeamId;
use crate::db::{Batch, Row, args};
use crate::error::{Result, StoreError};
use crate::open::Store;
use dregs_engine::labels::LabelKind;
use dregs_engine::rules::backtest::Point;

/// Unfinished backtests that a team may have.
pub const BACKTESTS_PENDING_MAX: i64 = 3;
/// Identities whose past is read at once: each has up to 516 cycles.
const PAST_AT_ONCE: i64 = 250;
/// Openings that a comparison of rules looks at, of either side.
pub const OPENINGS_MAX: usize = 20_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BacktestStatus {
    Pending,
    Finished,
    Failed,
}

impl BacktestStatus {
    pub fn code(self) -> &'static str {
        match self {
            BacktestStatus::Pending => "PENDING",
            BacktestStatus::Finished => "FINISHED",
            BacktestStatus::Failed => "FAILED",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        [BacktestStatus::Pending, BacktestStatus::Finished, BacktestStatus::Failed]
            .into_iter()
            .find(|status| status.code() == code)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Backtest {
    pub team: TeamId,
    pub id: i64,
    /// What kind of rule it is, and the rule with its id, as JSON: whoever runs it knows both.
    pub kind: String,
    pub rule: String,
    pub days: i64,
    pub status: BacktestStatus,
    /// 0 to 1.
    pub progress: f64,
    /// As JSON.
    pub result: Option<String>,
    pub error: Option<String>,
    pub requested_by: String,
    pub created_ms: i64,
    pub completed_ms: Option<i64>,
}

/// What is read of the past.
#[derive(Debug, Clone, Default)]
pub struct PastWindow {
    pub from_ms: i64,
    /// Cycles of the window have this id or a higher one.
    pub from_cycle: i64,
    /// The badge and the rule whose effect it is compared with; empty: none.
    pub badge: String,
    pub rule_id: String,
}

/// An identity and its scorings in the window, with the last one before it, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct PastIdentity {
    pub id: String,
    pub created_ms: i64,
    pub label: Option<LabelKind>,
    /// Whether the stored rule fired on it: it has the badge, or the rule opened an escalation in the window.
    pub acted: bool,
    pub points: Vec<Point>,
}

/// An identity that a rule opened an escalation about.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    pub rule_id: String,
    pub rule_name: String,
    pub identity_id: String,
    /// The first time.
    pub opened_ms: i64,
    pub label: Option<LabelKind>,
}

const COLUMNS: &str = "b.team_id, b.id, b.kind, b.rule, b.days, b.status, b.progress, b.result, b.error, b.requested_by, b.created_ms, b.completed_ms";

impl Store {
    /// `Conflict` when the team has too many that are not finished.
    pub async fn add_backtest(&self, backtest: &Backtest) -> Result<()> {
        let added = self
            .db
            .run(
                "insert into backtests (id, team_id, kind, rule, days, status, progress, requested_by, created_ms)
                 select cast($2 as bigint), $1, $3, $4, cast($5 as bigint), 'PENDING', 0, $6, cast($7 as bigint)
                 where (select count(*) from backtests b where b.team_id = $1 and b.status = 'PENDING') < $8",
                args![
                    &backtest.team,
                    backtest.id,
                    &backtest.kind,
                    &backtest.rule,
                    backtest.days,
                    &backtest.requested_by,
                    backtest.created_ms,
                    BACKTESTS_PENDING_MAX
                ],
            )
            .await?;
        match added {
            0 => Err(StoreError::Conflict("three backtests of the team are not finished: wait for one of them")),
            _ => Ok(()),
        }
    }

    pub async fn backtest(&self, team: &TeamId, id: i64) -> Result<Option<Backtest>> {
        let sql = sqlx::AssertSqlSafe(format!("select {COLUMNS} from backtests b where b.team_id = $1 and b.id = $2"));
        self.db.row(sql, args![team, id]).await?.as_ref().map(read).transpose()
    }

    /// The one that has waited longest, of every team.
    pub async fn pending_backtest(&self) -> Result<Option<Backtest>> {
        let sql = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS} from backtests b where b.status = 'PENDING' order by b.id limit 1"
        ));
        self.db.row(sql, args![]).await?.as_ref().map(read).transpose()
    }

    /// Notes how far a pending one is.
    pub async fn advance_backtest(&self, team: &TeamId, id: i64, progress: f64) -> Result<()> {
        self.db
            .run(
                "update backtests set progress = $3 where team_id = $1 and id = $2 and status = 'PENDING'",
                args![team, id, progress],
            )
            .await
            .map(drop)
    }

    /// Writes what became of a pending one.
    pub async fn complete_backtest(
        &self,
        team: &TeamId,
        id: i64,
        outcome: std::result::Result<&str, &str>,
        now_ms: i64,
    ) -> Result<()> {
        let status = if outcome.is_ok() { BacktestStatus::Finished } else { BacktestStatus::Failed };
        self.db
            .run(
                "update backtests set status = $3, result = $4, error = $5, progress = 1, completed_ms = $6
                 where team_id = $1 and id = $2 and status = 'PENDING'",
                args![team, id, status.code(), outcome.ok(), outcome.err(), now_ms],
            )
            .await
            .map(drop)
    }

    /// Drops those asked for before then, of every team. Returns how many.
    pub async fn prune_backtests(&self, before_ms: i64) -> Result<u64> {
        self.db.run("delete from backtests where created_ms < $1", args![before_ms]).await
    }

    /// The past of the next identities after the one with this id; who is disregarded has none.
    pub async fn past(&self, team: &TeamId, after: &str, window: &PastWindow) -> Result<Vec<PastIdentity>> {
        let rows = self
            .db
            .rows(
                "select i.id, i.created_ms,
                   coalesce((select max(c.id) from cycles c where c.team_id = i.team_id and c.identity_id = i.id and c.id < $3), $3) as first_id,
                   (select l.kind from labels l where l.team_id = i.team_id and l.identity_id = i.id and l.is_current = 1) as kind,
                   cast(case when exists (select 1 from badges b where b.team_id = i.team_id and b.identity_id = i.id and b.slug = $4 and b.is_on = 1)
                     or exists (select 1 from escalations e where e.team_id = i.team_id and e.identity_id = i.id and e.rule_id = $5 and e.opened_ms >= $6)
                     then 1 else 0 end as bigint) as acted
                 from identities i where i.team_id = $1 and i.id > $2 and i.disregarded = 0 order by i.id limit $7",
                args![team, after, window.from_cycle, &window.badge, &window.rule_id, window.from_ms, PAST_AT_ONCE],
            )
            .await?;
        let mut found = Vec::with_capacity(rows.len());
        let mut wanted = Batch::new();
        for (place, row) in rows.iter().enumerate() {
            let identity = PastIdentity {
                id: row.text("id")?,
                created_ms: row.int("created_ms")?,
                label: row.opt_text("kind")?.map(|code| crate::labels::kind(&code)).transpose()?,
                acted: row.flag("acted")?,
                points: Vec::new(),
            };
            wanted.push(&(place, &identity.id, row.int("first_id")?));
            found.push(identity);
        }
        self.add_points(team, wanted, &mut found).await?;
        Ok(found)
    }

    async fn add_points(&self, team: &TeamId, wanted: Batch, found: &mut [PastIdentity]) -> Result<()> {
        if wanted.is_empty() {
            return Ok(());
        }
        let rows = self
            .db
            .rows(
                "select cast(j.value->>0 as bigint) as place, c.finished_ms, c.humanity, c.authenticity, c.uniqueness, c.behavior
                 from json_each($2) j cross join cycles c
                 where c.team_id = $1 and c.identity_id = j.value->>1 and c.id >= cast(j.value->>2 as bigint)",
                args![team, wanted],
            )
            .await?;
        for row in &rows {
            let Some(identity) = found.get_mut(row.int("place")? as usize) else { continue };
            identity.points.push(Point { at_ms: row.int("finished_ms")?, scores: crate::identities::scores(row)? });
        }
        found.iter_mut().for_each(|identity| identity.points.sort_by_key(|point| point.at_ms));
        Ok(())
    }

    /// Whom a rule opened escalations about since then; at most [`OPENINGS_MAX`], those who came last left out.
    pub async fn openings_of(&self, team: &TeamId, rule_id: &str, from_ms: i64) -> Result<Vec<Opening>> {
        let rows = self
            .db
            .rows(
                "select e.rule_id, max(e.rule_name) as rule_name, e.identity_id, min(e.opened_ms) as opened_ms,
                   (select l.kind from labels l where l.team_id = $1 and l.identity_id = e.identity_id and l.is_current = 1) as kind
                 from escalations e where e.team_id = $1 and e.rule_id = $2 and e.created_ms >= $3 and e.opened_ms is not null
                 group by e.rule_id, e.identity_id order by min(e.opened_ms), e.identity_id limit $4",
                args![team, rule_id, from_ms, OPENINGS_MAX as i64],
            )
            .await?;
        rows.iter().map(read_opening).collect()
    }

    /// Whom all other rules that do not work silently opened escalations about since then, in the same measure.
    pub async fn live_openings(&self, team: &TeamId, but_rule_id: &str, from_ms: i64) -> Result<Vec<Opening>> {
        let rows = self
            .db
            .rows(
                "select o.rule_id, max(o.rule_name) as rule_name, o.identity_id, min(o.opened_ms) as opened_ms,
                   (select l.kind from labels l where l.team_id = $1 and l.identity_id = o.identity_id and l.is_current = 1) as kind
                 from (
                   select e.rule_id, e.rule_name, e.identity_id, e.opened_ms from escalations e
                   where e.team_id = $1 and e.created_ms >= $3 and e.shadow = 0 and e.rule_id <> $2 and e.opened_ms is not null
                   order by e.created_ms, e.id limit $4) o
                 group by o.rule_id, o.identity_id order by min(o.opened_ms), o.identity_id",
                args![team, but_rule_id, from_ms, OPENINGS_MAX as i64],
            )
            .await?;
        rows.iter().map(read_opening).collect()
    }
}

fn read_opening(row: &Row) -> Result<Opening> {
    Ok(Opening {
        rule_id: row.text("rule_id")?,
        rule_name: row.text("rule_name")?,
        identity_id: row.text("identity_id")?,
        opened_ms: row.int("opened_ms")?,
        label: row.opt_text("kind")?.map(|code| crate::labels::kind(&code)).transpose()?,
    })
}

fn read(row: &Row) -> Result<Backtest> {
    let status = row.text("status")?;
    Ok(Backtest {
        team: TeamId::new(row.text("team_id")?),
        id: row.int("id")?,
        kind: row.text("kind")?,
        rule: row.text("rule")?,
        days: row.int("days")?,
        status: BacktestStatus::from_code(&status)
            .ok_or_else(|| StoreError::Damaged(format!("a backtest of status {status}")))?,
        progress: row.real("progress")?,
        result: row.opt_text("result")?,
        error: row.opt_text("error")?,
        requested_by: row.text("requested_by")?,
        created_ms: row.int("created_ms")?,
        completed_ms: row.opt_int("completed_ms")?,
    })
}

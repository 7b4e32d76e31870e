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
    /// The last cycle before the window, or where the window begins.
    pub first_cycle: i64,
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

    /// Writes what became of a pending one that was begun at that time. Returns false, and writes nothing, when its result may
    /// name somebody who was erased since: an erasure of the team is under way, or ended meanwhile. What went wrong names
    /// nobody, and is written in any case.
    pub async fn complete_backtest(
        &self,
        team: &TeamId,
        id: i64,
        outcome: std::result::Result<&str, &str>,
        begun_ms: i64,
        now_ms: i64,
    ) -> Result<bool> {
        let status = if outcome.is_ok() { BacktestStatus::Finished } else { BacktestStatus::Failed };
        let written = self
            .db
            .run(
                "update backtests set status = $3, result = $4, error = $5, progress = 1, completed_ms = $6
                 where team_id = $1 and id = $2 and status = 'PENDING' and ($3 = 'FAILED' or (
                   not exists (select 1 from erasures e where e.team_id = $1 and e.finished_ms is null)
                   and not exists (select 1 from erasures e where e.team_id = $1 and e.finished_ms >= $7)))",
                args![team, id, status.code(), outcome.ok(), outcome.err(), now_ms, begun_ms],
            )
            .await?;
        Ok(written > 0)
    }

    /// Drops those asked for before then, of every team. Returns how many.
    pub async fn prune_backtests(&self, before_ms: i64) -> Result<u64> {
        self.db.run("delete from backtests where created_ms < $1", args![before_ms]).await
    }

    /// The next identities after the one with this id, still without their past; who is disregarded is not among them.
    pub async fn past_identities(&self, team: &TeamId, after: &str, window: &PastWindow) -> Result<Vec<PastIdentity>> {
        let rows = self
            .db
            .rows(
                "select i.id, i.created_ms,
                   coalesce((select max(c.id) from cycles c where c.team_id = i.team_id and c.identity_id = i.id and c.id < $3), $3) as first_id
                 from identities i where i.team_id = $1 and i.id > $2 and i.disregarded = 0 order by i.id limit $4",
                args![team, after, window.from_cycle, PAST_AT_ONCE],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(PastIdentity {
                    id: row.text("id")?,
                    created_ms: row.int("created_ms")?,
                    first_cycle: row.int("first_id")?,
                    label: None,
                    acted: false,
                    points: Vec::new(),
                })
            })
            .collect()
    }

    /// Adds their past.
    pub async fn add_past(&self, team: &TeamId, window: &PastWindow, found: &mut [PastIdentity]) -> Result<()> {
        let wanted: Batch =
            found.iter().enumerate().map(|(place, held)| (place, held.id.clone(), held.first_cycle)).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let wanted = wanted.text();
        let (points, labels, acted) = tokio::try_join!(
            self.points(team, &wanted),
            self.past_labels(team, &wanted),
            self.acted(team, &wanted, window)
        )?;
        for row in &points {
            let Some(identity) = found.get_mut(row.int("place")? as usize) else { continue };
            let scores = crate::identities::scores(row)?;
            identity.points.push(Point { at_ms: row.int("finished_ms")?, scores });
        }
        found.iter_mut().for_each(|identity| identity.points.sort_by_key(|point| point.at_ms));
        for row in &labels {
            let Some(identity) = found.get_mut(row.int("place")? as usize) else { continue };
            identity.label = Some(crate::labels::kind(&row.text("kind")?)?);
        }
        for row in &acted {
            let Some(identity) = found.get_mut(row.int("place")? as usize) else { continue };
            identity.acted = true;
        }
        Ok(())
    }

    async fn points(&self, team: &TeamId, wanted: &str) -> Result<Vec<Row>> {
        self.db
            .rows(
                "select cast(j.value->>0 as bigint) as place, c.finished_ms, c.humanity, c.authenticity, c.uniqueness, c.behavior
                 from json_each($2) j cross join cycles c
                 where c.team_id = $1 and c.identity_id = j.value->>1 and c.id >= cast(j.value->>2 as bigint)",
                args![team, wanted],
            )
            .await
    }

    async fn past_labels(&self, team: &TeamId, wanted: &str) -> Result<Vec<Row>> {
        self.db
            .rows(
                "select cast(j.value->>0 as bigint) as place, l.kind from json_each($2) j cross join labels l
                 where l.team_id = $1 and l.identity_id = j.value->>1 and l.is_current = 1",
                args![team, wanted],
            )
            .await
    }

    /// Those on whom the stored rule fired.
    async fn acted(&self, team: &TeamId, wanted: &str, window: &PastWindow) -> Result<Vec<Row>> {
        if !window.badge.is_empty() {
            return self
                .db
                .rows(
                    "select cast(j.value->>0 as bigint) as place from json_each($2) j cross join badges b
                     where b.team_id = $1 and b.identity_id = j.value->>1 and b.slug = $3 and b.is_on = 1",
                    args![team, wanted, &window.badge],
                )
                .await;
        }
        if window.rule_id.is_empty() {
            return Ok(Vec::new());
        }
        self.db
            .rows(
                "select cast(j.value->>0 as bigint) as place from json_each($2) j cross join escalations e
                 where e.team_id = $1 and e.identity_id = j.value->>1 and e.rule_id = $3 and e.opened_ms >= $4",
                args![team, wanted, &window.rule_id, window.from_ms],
            )
            .await
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

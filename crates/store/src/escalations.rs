//! Escalations: what rules opened, and what people do about them.

use crate::TeamId;
use crate::db::{Batch, Row, Tx, args};
use crate::deliveries::{self, DeliveryWrite};
use crate::error::Result;
use crate::open::Store;
use crate::paging::{ListQuery, Page, Where, page};
use dregs_engine::rules::escalation::{Change, Held};
use dregs_engine::rules::{Severity, Status};
use std::collections::BTreeMap;

/// Notes shown with one escalation.
const NOTES_MAX: i64 = 200;

#[derive(Debug, Clone, PartialEq)]
pub struct Escalation {
    pub id: i64,
    pub identity_id: String,
    pub identity_name: Option<String>,
    pub rule_id: String,
    /// The rule's name when it began: the rule may be gone.
    pub rule_name: String,
    pub severity: Severity,
    pub status: Status,
    pub shadow: bool,
    /// When it began, in the order of `Category::ALL`.
    pub scores: [Option<u8>; 4],
    /// The cycle it rests on.
    pub cycle_id: i64,
    pub created_ms: i64,
    pub opened_ms: Option<i64>,
    pub acknowledged_ms: Option<i64>,
    pub acknowledged_by: Option<String>,
    pub closed_ms: Option<i64>,
    pub closed_by: Option<String>,
    pub assigned_to: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    pub id: i64,
    pub author: String,
    pub body: String,
    pub created_ms: i64,
}

#[derive(Debug, Clone, Default)]
pub struct EscalationFilter {
    pub status: Option<Status>,
    pub severity: Option<Severity>,
    pub identity: Option<String>,
    pub rule: Option<String>,
    /// Those of rules that work silently, in the place of the others.
    pub shadow: bool,
    /// Only those whose rule is still there.
    pub of_live_rules: bool,
}

/// What a person changes; `None` keeps it.
#[derive(Debug, Clone, Default)]
pub struct EscalationChange {
    pub status: Option<Status>,
    /// Whom to assign it to; nobody, if that is none.
    pub assigned_to: Option<Option<String>>,
}

/// How many there are in each status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EscalationCounts {
    pub open: i64,
    pub acknowledged: i64,
    pub closed: i64,
}

/// API fields that escalations can be sorted by, and their columns.
pub const ESCALATION_SORTS: &[(&str, &str)] = &[
    ("createdAt", "e.created_ms"),
    ("openedAt", "e.opened_ms"),
    ("acknowledgedAt", "e.acknowledged_ms"),
    ("closedAt", "e.closed_ms"),
    ("severity", "e.severity"),
    ("status", "e.status"),
    ("id", "e.id"),
];

/// The escalation of an identity that a rule watches.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    pub id: i64,
    pub held: Held,
    pub opened_ms: Option<i64>,
    /// Whether its rule worked silently when it began.
    pub shadow: bool,
}

/// What a cycle makes of escalations.
#[derive(Debug, Default)]
pub struct EscalationWrites {
    pub begun: Vec<Escalation>,
    /// Id and what becomes of it; neither `None` nor `Begin`.
    pub changed: Vec<(i64, Change)>,
    pub now_ms: i64,
}

const COLUMNS: &str =
    "e.id, e.identity_id, e.rule_id, e.rule_name, e.severity, e.status, e.shadow, e.scores, e.cycle_id, e.created_ms,
  e.opened_ms, e.acknowledged_ms, e.acknowledged_by, e.closed_ms, e.closed_by, e.assigned_to,
  (select i.display_name from identities i where i.team_id = e.team_id and i.id = e.identity_id) as identity_name";

impl Store {
    /// Those that are about to open are only among them when asked for by that status.
    pub async fn escalations(
        &self,
        team: &TeamId,
        filter: &EscalationFilter,
        query: &ListQuery,
    ) -> Result<Page<Escalation>> {
        let mut condition = Where::new("e.team_id = $1", team);
        match filter.status {
            Some(status) => condition.and("e.status = ?", status.code()),
            None => condition.and_plain("e.status <> 'PENDING'"),
        }
        condition.and_some("e.severity = ?", filter.severity.map(|severity| severity as i64));
        condition.and_some("e.identity_id = ?", filter.identity.as_deref());
        condition.and_some("e.rule_id = ?", filter.rule.as_deref());
        condition.and("e.shadow = ?", filter.shadow);
        if filter.of_live_rules {
            condition.and_plain("exists (select 1 from rules r where r.team_id = e.team_id and r.id = e.rule_id)");
        }
        page(&self.db, COLUMNS, "escalations e", condition, query, "e.id", read).await
    }

    pub async fn escalation(&self, team: &TeamId, id: i64) -> Result<Option<Escalation>> {
        let sql =
            sqlx::AssertSqlSafe(format!("select {COLUMNS} from escalations e where e.team_id = $1 and e.id = $2"));
        self.db.row(sql, args![team, id]).await?.as_ref().map(read).transpose()
    }

    pub async fn escalation_counts(&self, team: &TeamId) -> Result<EscalationCounts> {
        let rows = self
            .db
            .rows(
                "select e.status, count(*) as n from escalations e where e.team_id = $1 and e.shadow = 0 group by e.status",
                args![team],
            )
            .await?;
        let mut counts = EscalationCounts::default();
        for row in &rows {
            let n = row.int("n")?;
            match Status::from_code(&row.text("status")?) {
                Some(Status::Open) => counts.open = n,
                Some(Status::Acknowledged) => counts.acknowledged = n,
                Some(Status::Closed) => counts.closed = n,
                _ => {}
            }
        }
        Ok(counts)
    }

    /// Changes an escalation as `by` wants, and tells the channels in the same transaction. Returns what it is then.
    pub async fn change_escalation(
        &self,
        team: &TeamId,
        id: i64,
        change: &EscalationChange,
        by: &str,
        now_ms: i64,
        told: &[DeliveryWrite],
    ) -> Result<Option<Escalation>> {
        let mut tx = self.db.begin().await?;
        crate::rules::hold_page(&mut tx, team).await?;
        if let Some(status) = change.status {
            // One that was closed is watched until its conditions have ceased to hold: then they open another. One that is
            // taken up again is watched again, unless there is another by now.
            let touched = tx
                .run(
                    "update escalations set status = $3,
                       acknowledged_ms = case when $3 = 'ACKNOWLEDGED' then $4 when $3 = 'OPEN' then null else acknowledged_ms end,
                       acknowledged_by = case when $3 = 'ACKNOWLEDGED' then $5 when $3 = 'OPEN' then null else acknowledged_by end,
                       clear_ms = case when status = 'CLOSED' then null else clear_ms end,
                       closed_ms = case when $3 = 'CLOSED' then $4 end, closed_by = case when $3 = 'CLOSED' then $5 end,
                       live = case
                         when $3 = 'CLOSED' then case when clear_ms is null then live else 0 end
                         when exists (select 1 from escalations o where o.team_id = escalations.team_id and o.identity_id = escalations.identity_id
                           and o.rule_id = escalations.rule_id and o.live = 1 and o.id <> escalations.id) then live
                         else 1 end
                     where team_id = $1 and id = $2 and status <> $3 and status <> 'PENDING'",
                    args![team, id, status.code(), now_ms, by],
                )
                .await?;
            if touched > 0 {
                deliveries::write(&mut tx, team, told).await?;
            }
        }
        if let Some(assigned_to) = &change.assigned_to {
            tx.run(
                "update escalations set assigned_to = $3 where team_id = $1 and id = $2",
                args![team, id, assigned_to.clone()],
            )
            .await?;
        }
        tx.commit().await?;
        self.escalation(team, id).await
    }

    /// The latest, oldest first.
    pub async fn escalation_notes(&self, team: &TeamId, id: i64) -> Result<Vec<Note>> {
        let rows = self
            .db
            .rows(
                "select id, author, body, created_ms from escalation_notes where team_id = $1 and escalation_id = $2 order by id desc limit $3",
                args![team, id, NOTES_MAX],
            )
            .await?;
        rows.iter()
            .rev()
            .map(|row| {
                Ok(Note {
                    id: row.int("id")?,
                    author: row.text("author")?,
                    body: row.text("body")?,
                    created_ms: row.int("created_ms")?,
                })
            })
            .collect()
    }

    pub async fn add_escalation_note(&self, team: &TeamId, escalation_id: i64, note: &Note) -> Result<()> {
        self.db
            .run(
                "insert into escalation_notes (id, team_id, escalation_id, author, body, created_ms) values ($1, $2, $3, $4, $5, $6)",
                args![note.id, team, escalation_id, &note.author, &note.body, note.created_ms],
            )
            .await
            .map(drop)
    }

    /// What rules watch of these identities, by identity and rule.
    pub async fn watched(&self, team: &TeamId, ids: &[&str]) -> Result<BTreeMap<String, BTreeMap<String, Watched>>> {
        let batch: Batch = ids.iter().map(|id| (id,)).collect();
        let rows = self
            .db
            .rows(
                "select e.id, e.identity_id, e.rule_id, e.status, e.created_ms, e.clear_ms, e.opened_ms, e.shadow from json_each($2) j cross join escalations e
                 where e.team_id = $1 and e.identity_id = j.value->>0 and e.live = 1",
                args![team, batch],
            )
            .await?;
        let mut watched: BTreeMap<String, BTreeMap<String, Watched>> = BTreeMap::new();
        for row in &rows {
            let Some(status) = Status::from_code(&row.text("status")?) else { continue };
            let held = Held { status, created_ms: row.int("created_ms")?, clear_ms: row.opt_int("clear_ms")? };
            let of_identity = watched.entry(row.text("identity_id")?).or_default();
            let (opened_ms, shadow) = (row.opt_int("opened_ms")?, row.flag("shadow")?);
            of_identity.insert(row.text("rule_id")?, Watched { id: row.int("id")?, held, opened_ms, shadow });
        }
        Ok(watched)
    }
}

/// Nobody works on who is not judged: what is open is closed, and what was about to open is not. Returns what was open.
pub(crate) async fn close_disregarded(
    tx: &mut Tx,
    team: &TeamId,
    identity_id: &str,
    now_ms: i64,
) -> Result<Vec<Escalation>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from escalations e
         where e.team_id = $1 and e.identity_id = $2 and e.live = 1 and e.status in ('OPEN', 'ACKNOWLEDGED') order by e.id"
    ));
    let open = tx.rows(sql, args![team, identity_id]).await?.iter().map(read).collect::<Result<Vec<Escalation>>>()?;
    tx.run(
        "delete from escalations where team_id = $1 and identity_id = $2 and live = 1 and status = 'PENDING'",
        args![team, identity_id],
    )
    .await?;
    tx.run(
        "update escalations set live = 0, closed_ms = coalesce(closed_ms, $3), status = 'CLOSED'
         where team_id = $1 and identity_id = $2 and live = 1",
        args![team, identity_id, now_ms],
    )
    .await?;
    Ok(open)
}

/// Writes what a batch of cycles makes of escalations. People may have changed one meanwhile: what they did stays.
pub(crate) async fn write(tx: &mut Tx, team: &TeamId, writes: &EscalationWrites) -> Result<()> {
    if !writes.begun.is_empty() {
        begin(tx, team, &writes.begun).await?;
    }
    for (id, change) in &writes.changed {
        apply(tx, team, *id, *change, writes.now_ms).await?;
    }
    Ok(())
}

async fn begin(tx: &mut Tx, team: &TeamId, begun: &[Escalation]) -> Result<()> {
    let row = |escalation: &Escalation| {
        (
            (escalation.id, escalation.identity_id.clone(), escalation.rule_id.clone(), escalation.rule_name.clone()),
            (escalation.severity as i64, escalation.status.code(), i64::from(escalation.shadow)),
            serde_json::json!(escalation.scores).to_string(),
            (escalation.cycle_id, escalation.created_ms, escalation.opened_ms),
        )
    };
    let rows: Batch = begun.iter().map(row).collect();
    tx.run(
        "insert into escalations (team_id, id, identity_id, rule_id, rule_name, severity, status, shadow, live, scores, cycle_id, created_ms, opened_ms)
         select $1, cast(value->0->>0 as bigint), value->0->>1, value->0->>2, value->0->>3, cast(value->1->>0 as bigint), value->1->>1,
           cast(value->1->>2 as bigint), 1, value->>2, cast(value->3->>0 as bigint), cast(value->3->>1 as bigint), cast(value->3->>2 as bigint)
         from json_each($2)",
        args![team, rows],
    )
    .await
    .map(drop)
}

async fn apply(tx: &mut Tx, team: &TeamId, id: i64, change: Change, now_ms: i64) -> Result<()> {
    match change {
        Change::None | Change::Begin(_) => return Ok(()),
        Change::Open => {
            tx.run(
                "update escalations set status = 'OPEN', opened_ms = $3 where team_id = $1 and id = $2 and status = 'PENDING'",
                args![team, id, now_ms],
            )
            .await?
        }
        Change::Withdraw => {
            tx.run("delete from escalations where team_id = $1 and id = $2 and status = 'PENDING'", args![team, id]).await?
        }
        Change::Close => {
            tx.run(
                "update escalations set status = 'CLOSED', closed_ms = $3, live = 0
                 where team_id = $1 and id = $2 and status in ('OPEN', 'ACKNOWLEDGED')",
                args![team, id, now_ms],
            )
            .await?
        }
        Change::Clear(clear_ms) => {
            tx.run(
                "update escalations set clear_ms = $3 where team_id = $1 and id = $2 and status in ('OPEN', 'ACKNOWLEDGED')",
                args![team, id, clear_ms],
            )
            .await?
        }
        Change::Forget => {
            tx.run("update escalations set live = 0 where team_id = $1 and id = $2 and status = 'CLOSED'", args![team, id])
                .await?
        }
    };
    Ok(())
}

fn read(row: &Row) -> Result<Escalation> {
    let severity = usize::try_from(row.int("severity")?).unwrap_or(usize::MAX);
    let status = row.text("status")?;
    let damaged = || crate::StoreError::Damaged(format!("an escalation of severity {severity} and status {status}"));
    Ok(Escalation {
        id: row.int("id")?,
        identity_id: row.text("identity_id")?,
        identity_name: row.opt_text("identity_name")?,
        rule_id: row.text("rule_id")?,
        rule_name: row.text("rule_name")?,
        severity: Severity::ALL.get(severity).copied().ok_or_else(damaged)?,
        status: Status::from_code(&status).ok_or_else(damaged)?,
        shadow: row.flag("shadow")?,
        scores: serde_json::from_str(&row.text("scores")?)?,
        cycle_id: row.int("cycle_id")?,
        created_ms: row.int("created_ms")?,
        opened_ms: row.opt_int("opened_ms")?,
        acknowledged_ms: row.opt_int("acknowledged_ms")?,
        acknowledged_by: row.opt_text("acknowledged_by")?,
        closed_ms: row.opt_int("closed_ms")?,
        closed_by: row.opt_text("closed_by")?,
        assigned_to: row.opt_text("assigned_to")?,
    })
}

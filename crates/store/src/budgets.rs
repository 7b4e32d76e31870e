//! False-positive budgets: what rules fired on, against what analysts found. See `dregs_engine::rules::budget`.

use crate::TeamId;
use crate::db::{Batch, Tx, args};
use crate::error::Result;
use crate::open::Store;
use crate::rules::{Kept, of_ids, put, requeue_badge, turn_page};
use dregs_engine::rules::budget::WINDOW_MS;
use dregs_engine::rules::{BadgeRule, Budget, EscalationRule};
use std::collections::BTreeSet;

/// Labels that a budget is counted over, the latest first: it is counted while a label is written.
const COUNTED_MAX: i64 = 10_000;

/// A badge rule gave its badge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadgeFiring {
    pub rule_id: String,
    pub identity_id: String,
    pub fired_ms: i64,
}

impl Store {
    /// Drops firings that no budget counts any more. Returns how many.
    pub async fn prune_badge_firings(&self, now_ms: i64) -> Result<u64> {
        self.db.run("delete from badge_firings where fired_ms < $1", args![now_ms - WINDOW_MS]).await
    }
}

pub(crate) async fn note_firings(tx: &mut Tx, team: &TeamId, firings: &[BadgeFiring]) -> Result<()> {
    if firings.is_empty() {
        return Ok(());
    }
    let rows: Batch = firings.iter().map(|firing| (&firing.identity_id, &firing.rule_id, firing.fired_ms)).collect();
    tx.run(
        "insert into badge_firings (team_id, identity_id, rule_id, fired_ms)
         select $1, value->>0, value->>1, cast(value->>2 as bigint) from json_each($2) where true
         on conflict (team_id, identity_id, rule_id) do update set fired_ms = excluded.fired_ms",
        args![team, rows],
    )
    .await
    .map(drop)
}

/// Pauses the rules that fired on this identity and have been wrong about too many. Returns their names.
pub(crate) async fn settle(tx: &mut Tx, team: &TeamId, identity_id: &str, now_ms: i64) -> Result<Vec<String>> {
    let rows = tx
        .rows(
            "select f.rule_id from badge_firings f where f.team_id = $1 and f.identity_id = $2 and f.fired_ms >= $3
             union select e.rule_id from escalations e where e.team_id = $1 and e.identity_id = $2 and e.opened_ms >= $3",
            args![team, identity_id, now_ms - WINDOW_MS],
        )
        .await?;
    let ids: BTreeSet<String> = rows.iter().map(|row| row.text("rule_id")).collect::<Result<_>>()?;
    let mut paused = Vec::new();
    if !ids.is_empty() {
        paused.extend(pause_overspent::<BadgeRule>(tx, team, &ids, now_ms).await?);
        paused.extend(pause_overspent::<EscalationRule>(tx, team, &ids, now_ms).await?);
    }
    if !paused.is_empty() {
        turn_page(tx, team).await?;
    }
    Ok(paused)
}

async fn pause_overspent<T: Budgeted>(
    tx: &mut Tx,
    team: &TeamId,
    ids: &BTreeSet<String>,
    now_ms: i64,
) -> Result<Vec<String>> {
    let mut paused = Vec::new();
    for mut rule in of_ids::<T>(tx, team, ids).await? {
        if rule.budget().share.is_none() || rule.budget().is_paused() {
            continue;
        }
        let (legitimate, labelled) = found(tx, team, &mut rule, now_ms).await?;
        let Some(reason) = rule.budget().overspent(legitimate, labelled) else { continue };
        rule.budget().pause(reason, now_ms);
        put(tx, team, &rule, now_ms).await?;
        rule.requeue(tx, team, now_ms).await?;
        paused.push(rule.name().to_owned());
    }
    Ok(paused)
}

/// A rule that may have a budget.
trait Budgeted: Kept {
    /// How many of the labelled identities it fired on are legitimate, and how many there are: for a team, a rule, from
    /// when on it fired, from when on labels count, and how many of them.
    const FOUND: &str;
    fn budget(&mut self) -> &mut Budget;
    fn name(&self) -> &str;
    /// Has whom it marked or watches scored again.
    async fn requeue(&self, tx: &mut Tx, team: &TeamId, now_ms: i64) -> Result<()>;
}

impl Budgeted for BadgeRule {
    const FOUND: &'static str = "select count(*) as labelled, count(case when l.kind = 'LEGITIMATE' then 1 end) as legitimate from (
                   select c.identity_id, c.kind from labels c where c.team_id = $1 and c.is_current = 1 and c.created_ms >= $4
                   order by c.created_ms desc, c.id desc limit $5) l
                 where exists (select 1 from badge_firings f where f.team_id = $1 and f.identity_id = l.identity_id and f.rule_id = $2
                   and f.fired_ms >= $3)";

    fn budget(&mut self) -> &mut Budget {
        &mut self.budget
    }

    fn name(&self) -> &str {
        &self.name
    }

    async fn requeue(&self, tx: &mut Tx, team: &TeamId, now_ms: i64) -> Result<()> {
        requeue_badge(tx, team, &self.slug, now_ms).await
    }
}

impl Budgeted for EscalationRule {
    const FOUND: &'static str = "select count(*) as labelled, count(case when l.kind = 'LEGITIMATE' then 1 end) as legitimate from (
                   select c.identity_id, c.kind from labels c where c.team_id = $1 and c.is_current = 1 and c.created_ms >= $4
                   order by c.created_ms desc, c.id desc limit $5) l
                 where exists (select 1 from escalations e where e.team_id = $1 and e.identity_id = l.identity_id and e.rule_id = $2
                   and e.opened_ms >= $3)";

    fn budget(&mut self) -> &mut Budget {
        &mut self.budget
    }

    fn name(&self) -> &str {
        &self.name
    }

    async fn requeue(&self, tx: &mut Tx, team: &TeamId, now_ms: i64) -> Result<()> {
        crate::rules::requeue_watched(tx, team, &self.id, now_ms).await
    }
}

async fn found<T: Budgeted>(tx: &mut Tx, team: &TeamId, rule: &mut T, now_ms: i64) -> Result<(u64, u64)> {
    let (fired_from_ms, counted_from_ms) = (rule.budget().fired_from_ms(now_ms), rule.budget().counted_from_ms);
    let row = tx.row(T::FOUND, args![team, rule.id(), fired_from_ms, counted_from_ms, COUNTED_MAX]).await?;
    let Some(row) = row else { return Ok((0, 0)) };
    Ok((row.int("legitimate")? as u64, row.int("labelled")? as u64))
}

//! Figures over time: of events by what became of them, and of escalations by their rules.

use crate::TeamId;
use crate::db::args;
use crate::error::Result;
use crate::open::Store;
use std::collections::BTreeMap;

/// Events of one fate in one bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FateBucket {
    pub start_ms: i64,
    pub fate: String,
    pub count: i64,
}

/// Something that happened so often in one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeBucket {
    pub start_ms: i64,
    pub count: i64,
}

/// Escalations that people have to do with, by severity, in the order of `Severity::ALL`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenEscalations {
    pub open: [i64; 3],
    pub acknowledged: [i64; 3],
}

/// What became of a rule's escalations in a period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleFigures {
    pub opened: i64,
    pub closed: i64,
    pub acknowledged: i64,
    /// From opening to acknowledging, of those that were opened in the period.
    pub acknowledge_median_ms: Option<i64>,
    /// Opened while the rule worked silently.
    pub silent: i64,
}

impl Store {
    /// Events between two times by fate, in buckets of `bucket_ms`.
    pub async fn fate_buckets(
        &self,
        team: &TeamId,
        from_ms: i64,
        to_ms: i64,
        bucket_ms: i64,
    ) -> Result<Vec<FateBucket>> {
        let rows = self
            .db
            .rows(
                "select hour_ms / $4 * $4 as start_ms, fate, cast(sum(count) as bigint) as count from fates
                 where team_id = $1 and hour_ms >= $2 and hour_ms < $3 group by 1, fate order by 1, fate",
                args![team, from_ms, to_ms, bucket_ms],
            )
            .await?;
        let read = |row: &crate::db::Row| {
            Ok(FateBucket { start_ms: row.int("start_ms")?, fate: row.text("fate")?, count: row.int("count")? })
        };
        rows.iter().map(read).collect()
    }

    /// Escalations opened, and closed, between two times, in buckets of `bucket_ms`.
    pub async fn escalation_buckets(
        &self,
        team: &TeamId,
        from_ms: i64,
        to_ms: i64,
        bucket_ms: i64,
    ) -> Result<(Vec<TimeBucket>, Vec<TimeBucket>)> {
        let period = || args![team, from_ms, to_ms, bucket_ms];
        let opened = self
            .db
            .rows(
                "select opened_ms / $4 * $4 as start_ms, count(*) as n from escalations
                 where team_id = $1 and opened_ms is not null and opened_ms >= $2 and opened_ms < $3 and shadow = 0 group by 1 order by 1",
                period(),
            )
            .await?;
        let closed = self
            .db
            .rows(
                "select closed_ms / $4 * $4 as start_ms, count(*) as n from escalations
                 where team_id = $1 and closed_ms is not null and closed_ms >= $2 and closed_ms < $3 and shadow = 0 group by 1 order by 1",
                period(),
            )
            .await?;
        let read = |row: &crate::db::Row| Ok(TimeBucket { start_ms: row.int("start_ms")?, count: row.int("n")? });
        Ok((opened.iter().map(read).collect::<Result<_>>()?, closed.iter().map(read).collect::<Result<_>>()?))
    }

    pub async fn open_escalations(&self, team: &TeamId) -> Result<OpenEscalations> {
        let rows = self
            .db
            .rows(
                "select status, severity, count(*) as n from escalations
                 where team_id = $1 and shadow = 0 and status in ('OPEN', 'ACKNOWLEDGED') group by status, severity",
                args![team],
            )
            .await?;
        let mut counts = OpenEscalations::default();
        for row in &rows {
            let of_status = if row.text("status")? == "OPEN" { &mut counts.open } else { &mut counts.acknowledged };
            let severity = usize::try_from(row.int("severity")?).ok();
            if let Some(count) = severity.and_then(|severity| of_status.get_mut(severity)) {
                *count = row.int("n")?;
            }
        }
        Ok(counts)
    }

    /// What became of escalations between two times, by the id of their rule; of rules that are gone too.
    pub async fn rule_figures(&self, team: &TeamId, from_ms: i64, to_ms: i64) -> Result<BTreeMap<String, RuleFigures>> {
        let period = || args![team, from_ms, to_ms];
        let mut figures: BTreeMap<String, RuleFigures> = BTreeMap::new();
        let opened = self
            .db
            .rows(
                "select rule_id, shadow, count(*) as n, count(acknowledged_ms) as acknowledged from escalations
                 where team_id = $1 and opened_ms is not null and opened_ms >= $2 and opened_ms < $3 group by rule_id, shadow",
                period(),
            )
            .await?;
        for row in &opened {
            let of_rule = figures.entry(row.text("rule_id")?).or_default();
            match row.flag("shadow")? {
                true => of_rule.silent = row.int("n")?,
                false => (of_rule.opened, of_rule.acknowledged) = (row.int("n")?, row.int("acknowledged")?),
            }
        }
        let closed = self
            .db
            .rows(
                "select rule_id, count(*) as n from escalations
                 where team_id = $1 and closed_ms is not null and closed_ms >= $2 and closed_ms < $3 and shadow = 0 group by rule_id",
                period(),
            )
            .await?;
        for row in &closed {
            figures.entry(row.text("rule_id")?).or_default().closed = row.int("n")?;
        }
        let medians = self
            .db
            .rows(
                "select rule_id, cast(avg(waited) as bigint) as median_ms from (
                   select rule_id, acknowledged_ms - opened_ms as waited, count(*) over (partition by rule_id) as n,
                     row_number() over (partition by rule_id order by acknowledged_ms - opened_ms) as turn
                   from escalations where team_id = $1 and opened_ms is not null and opened_ms >= $2 and opened_ms < $3 and shadow = 0
                     and acknowledged_ms is not null) ranked
                 where turn in ((n + 1) / 2, (n + 2) / 2) group by rule_id",
                period(),
            )
            .await?;
        for row in &medians {
            figures.entry(row.text("rule_id")?).or_default().acknowledge_median_ms = row.opt_int("median_ms")?;
        }
        Ok(figures)
    }
}

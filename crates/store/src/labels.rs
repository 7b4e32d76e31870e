//! Labels: what analysts found identities to be. An identity has one at a time; earlier ones are kept.

use crate::TeamId;
use crate::db::{Batch, Row, args};
use crate::error::{Result, StoreError};
use crate::identities::Identity;
use crate::open::Store;
use crate::paging::{ListQuery, Page, Where, page};
use dregs_engine::labels::LabelKind;

/// Labels of one identity that are kept, the current one included.
const KEPT_MAX: i64 = 50;
/// Labels that a report reads at once.
const REPORTED_AT_ONCE: i64 = 5_000;

#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    pub id: i64,
    pub identity_id: String,
    pub identity_name: Option<String>,
    pub kind: LabelKind,
    pub note: Option<String>,
    pub labelled_by: String,
    pub created_ms: i64,
    /// The escalation it was given through.
    pub escalation_id: Option<i64>,
    /// The latest cycle and the scores when it was given, in the order of `Category::ALL`.
    pub cycle_id: Option<i64>,
    pub scores: [Option<u8>; 4],
    /// When and by whom it was replaced or taken back.
    pub ended_ms: Option<i64>,
    pub ended_by: Option<String>,
}

/// A label to give.
#[derive(Debug, Clone)]
pub struct LabelWrite {
    pub id: i64,
    pub kind: LabelKind,
    pub note: Option<String>,
    pub escalation_id: Option<i64>,
    pub by: String,
    pub now_ms: i64,
}

#[derive(Debug, Clone, Default)]
pub struct LabelFilter {
    pub kind: Option<LabelKind>,
    pub legitimate: Option<bool>,
}

/// A label that was given, and what followed.
#[derive(Debug, Clone, PartialEq)]
pub struct Labelled {
    pub label: Label,
    /// Names of the rules whose false-positive budget it overspent.
    pub paused: Vec<String>,
}

/// A label as a report counts it.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledScores {
    pub id: i64,
    pub created_ms: i64,
    pub kind: LabelKind,
    pub scores: [Option<u8>; 4],
}

/// API fields that labels can be sorted by, and their columns.
pub const LABEL_SORTS: &[(&str, &str)] = &[("labelledAt", "l.created_ms"), ("kind", "l.kind"), ("id", "l.id")];

const COLUMNS: &str = "l.id, l.identity_id, l.kind, l.note, l.labelled_by, l.created_ms, l.escalation_id, l.cycle_id, l.humanity, l.authenticity,
  l.uniqueness, l.behavior, l.ended_ms, l.ended_by,
  (select i.display_name from identities i where i.team_id = l.team_id and i.id = l.identity_id) as identity_name";

impl Store {
    /// Labels an identity, in the place of the label it has. A rule that has been wrong about too many by then is paused in
    /// the same transaction. `Ok(None)` when there is no such identity.
    pub async fn put_label(&self, team: &TeamId, identity_id: &str, label: &LabelWrite) -> Result<Option<Labelled>> {
        let mut tx = self.db.begin().await?;
        crate::rules::hold_page(&mut tx, team).await?;
        tx.run(
            "update labels set is_current = 0, ended_ms = $3, ended_by = $4 where team_id = $1 and identity_id = $2 and is_current = 1",
            args![team, identity_id, label.now_ms, &label.by],
        )
        .await?;
        let given = tx
            .run(
                "insert into labels (id, team_id, identity_id, kind, note, labelled_by, created_ms, escalation_id, cycle_id, humanity,
                   authenticity, uniqueness, behavior, is_current)
                 select cast($3 as bigint), i.team_id, i.id, $4, $5, $6, cast($7 as bigint), cast($8 as bigint),
                   (select max(c.id) from cycles c where c.team_id = i.team_id and c.identity_id = i.id),
                   i.humanity, i.authenticity, i.uniqueness, i.behavior, 1
                 from identities i where i.team_id = $1 and i.id = $2",
                args![
                    team,
                    identity_id,
                    label.id,
                    label.kind.code(),
                    label.note.clone(),
                    &label.by,
                    label.now_ms,
                    label.escalation_id
                ],
            )
            .await?;
        if given == 0 {
            return Ok(None);
        }
        tx.run(
            "delete from labels where team_id = $1 and identity_id = $2 and is_current = 0 and id < (
               select l.id from labels l where l.team_id = $1 and l.identity_id = $2 order by l.id desc limit 1 offset $3)",
            args![team, identity_id, KEPT_MAX - 1],
        )
        .await?;
        let paused = crate::budgets::settle(&mut tx, team, identity_id, label.now_ms).await?;
        tx.commit().await?;
        let label = self.label(team, identity_id).await?;
        Ok(label.map(|label| Labelled { label, paused }))
    }

    /// Takes the label of an identity back. Returns whether it had one.
    pub async fn end_label(&self, team: &TeamId, identity_id: &str, by: &str, now_ms: i64) -> Result<bool> {
        let ended = self
            .db
            .run(
                "update labels set is_current = 0, ended_ms = $3, ended_by = $4 where team_id = $1 and identity_id = $2 and is_current = 1",
                args![team, identity_id, now_ms, by],
            )
            .await?;
        Ok(ended > 0)
    }

    /// The current label of an identity.
    pub async fn label(&self, team: &TeamId, identity_id: &str) -> Result<Option<Label>> {
        let sql = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS} from labels l where l.team_id = $1 and l.identity_id = $2 and l.is_current = 1"
        ));
        self.db.row(sql, args![team, identity_id]).await?.as_ref().map(read).transpose()
    }

    /// The labels an identity had before, newest first.
    pub async fn ended_labels(&self, team: &TeamId, identity_id: &str) -> Result<Vec<Label>> {
        let sql = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS} from labels l where l.team_id = $1 and l.identity_id = $2 and l.is_current = 0 order by l.id desc limit $3"
        ));
        self.db.rows(sql, args![team, identity_id, KEPT_MAX]).await?.iter().map(read).collect()
    }

    /// Current labels.
    pub async fn labels(&self, team: &TeamId, filter: &LabelFilter, query: &ListQuery) -> Result<Page<Label>> {
        let mut condition = Where::new("l.team_id = $1", team);
        condition.and_plain("l.is_current = 1");
        condition.and_some("l.kind = ?", filter.kind.map(LabelKind::code));
        match filter.legitimate {
            Some(true) => condition.and_plain("l.kind = 'LEGITIMATE'"),
            Some(false) => condition.and_plain("l.kind <> 'LEGITIMATE'"),
            None => {}
        }
        page(&self.db, COLUMNS, "labels l", condition, query, "l.id", read).await
    }

    /// Current labels given from `from_ms` until before `until_ms`, oldest first: those after `after`, as many as are read
    /// at once.
    pub async fn labelled_scores(
        &self,
        team: &TeamId,
        from_ms: i64,
        until_ms: i64,
        after: Option<&LabelledScores>,
    ) -> Result<Vec<LabelledScores>> {
        let (after_ms, after_id) = after.map_or((from_ms - 1, i64::MAX), |last| (last.created_ms, last.id));
        let rows = self
            .db
            .rows(
                "select l.id, l.created_ms, l.kind, l.humanity, l.authenticity, l.uniqueness, l.behavior from labels l
                 where l.team_id = $1 and l.is_current = 1 and (l.created_ms, l.id) > ($2, $3) and l.created_ms < $4
                 order by l.created_ms, l.id limit $5",
                args![team, after_ms, after_id, until_ms, REPORTED_AT_ONCE],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(LabelledScores {
                    id: row.int("id")?,
                    created_ms: row.int("created_ms")?,
                    kind: kind(&row.text("kind")?)?,
                    scores: crate::identities::scores(row)?,
                })
            })
            .collect()
    }

    /// Adds the label that each has.
    pub(crate) async fn add_labels(&self, team: &TeamId, identities: &mut [Identity]) -> Result<()> {
        let ids: Batch = identities.iter().map(|identity| (&identity.id,)).collect();
        let sql = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS} from json_each($2) j cross join labels l where l.team_id = $1 and l.identity_id = j.value->>0 and l.is_current = 1"
        ));
        for row in &self.db.rows(sql, args![team, ids]).await? {
            let label = read(row)?;
            let owner = identities.iter_mut().find(|identity| identity.id == label.identity_id);
            if let Some(identity) = owner {
                identity.label = Some(label);
            }
        }
        Ok(())
    }
}

/// A kind of label as it is stored.
pub(crate) fn kind(code: &str) -> Result<LabelKind> {
    LabelKind::from_code(code).ok_or_else(|| StoreError::Damaged(format!("a label of kind {code}")))
}

fn read(row: &Row) -> Result<Label> {
    Ok(Label {
        id: row.int("id")?,
        identity_id: row.text("identity_id")?,
        identity_name: row.opt_text("identity_name")?,
        kind: kind(&row.text("kind")?)?,
        note: row.opt_text("note")?,
        labelled_by: row.text("labelled_by")?,
        created_ms: row.int("created_ms")?,
        escalation_id: row.opt_int("escalation_id")?,
        cycle_id: row.opt_int("cycle_id")?,
        scores: crate::identities::scores(row)?,
        ended_ms: row.opt_int("ended_ms")?,
        ended_by: row.opt_text("ended_by")?,
    })
}

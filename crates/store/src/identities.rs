//! Identities: reading, changing, disregarding.

use crate::TeamId;
use crate::db::{Row, Tx, args};
use crate::deliveries::DeliveryWrite;
use crate::error::{Result, StoreError};
use crate::escalations::Escalation;
use crate::open::Store;
use crate::rules::hold_page;
use dregs_engine::labels::LabelKind;
use dregs_engine::rules::badge::Badge;
use dregs_engine::score::Category;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    pub id: String,
    pub display_name: Option<String>,
    pub display_email: Option<String>,
    pub display_username: Option<String>,
    /// In the order of `Category::ALL`; none until scored.
    pub scores: [Option<u8>; 4],
    pub created_ms: i64,
    pub updated_ms: i64,
    pub last_tracked_ms: Option<i64>,
    pub last_scored_ms: Option<i64>,
    pub disregarded: bool,
    pub badges: Vec<Badge>,
    /// What an analyst found it to be.
    pub label: Option<crate::Label>,
    pub attributes: Map<String, Value>,
}

/// Inclusive bounds of a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScoreRange {
    pub category: Category,
    pub min: Option<u8>,
    pub max: Option<u8>,
}

#[derive(Debug, Clone, Default)]
pub struct IdentityFilter {
    pub term: Option<String>,
    pub group: Option<String>,
    pub group_type: Option<String>,
    pub device: Option<String>,
    pub badge: Option<String>,
    pub label: Option<LabelChoice>,
    pub scores: Vec<ScoreRange>,
    pub disregarded: Option<bool>,
}

/// Which label an identity has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelChoice {
    Kind(LabelKind),
    Any,
    None,
}

/// API fields that identities can be sorted by, and their columns.
pub const IDENTITY_SORTS: &[(&str, &str)] = &[
    ("updatedAt", "i.updated_ms"),
    ("createdAt", "i.created_ms"),
    ("lastTrackedAt", "i.last_tracked_ms"),
    ("lastScoredAt", "i.last_scored_ms"),
    ("id", "i.id"),
    ("displayName", "i.display_name"),
    ("displayEmail", "i.display_email"),
    ("displayUsername", "i.display_username"),
    ("humanityScore", "i.humanity"),
    ("authenticityScore", "i.authenticity"),
    ("uniquenessScore", "i.uniqueness"),
    ("behaviorScore", "i.behavior"),
];

const COLUMNS: &str = "i.id, i.display_name, i.display_email, i.display_username, i.humanity, i.authenticity, i.uniqueness, i.behavior, i.created_ms,
  i.updated_ms, i.last_tracked_ms, i.last_scored_ms, i.disregarded,
  (select p.body from profiles p where p.team_id = i.team_id and p.identity_id = i.id) as body";

impl Store {
    pub async fn identity(&self, team: &TeamId, id: &str) -> Result<Option<Identity>> {
        let sql = sqlx::AssertSqlSafe(format!("select {COLUMNS} from identities i where i.team_id = $1 and i.id = $2"));
        let Some(row) = self.db.row(sql, args![team, id]).await? else { return Ok(None) };
        let mut found = vec![read(&row)?];
        self.add_badges(team, &mut found).await?;
        self.add_labels(team, &mut found).await?;
        Ok(found.pop())
    }

    pub async fn identity_exists(&self, team: &TeamId, id: &str) -> Result<bool> {
        let row =
            self.db.row("select 1 as one from identities where team_id = $1 and id = $2", args![team, id]).await?;
        Ok(row.is_some())
    }

    /// The latest scores, in the order of `Category::ALL`.
    pub async fn scores(&self, team: &TeamId, id: &str) -> Result<Option<[Option<u8>; 4]>> {
        let row = self
            .db
            .row(
                "select humanity, authenticity, uniqueness, behavior from identities where team_id = $1 and id = $2",
                args![team, id],
            )
            .await?;
        row.as_ref().map(scores).transpose()
    }

    /// Identities in the order of their ids in `ids`.
    pub(crate) async fn identities_in_order(&self, team: &TeamId, ids: &[String]) -> Result<Vec<Identity>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let batch: crate::db::Batch = ids.iter().map(|id| (id,)).collect();
        let sql = format!(
            "select {COLUMNS} from json_each($2) j cross join identities i where i.team_id = $1 and i.id = j.value->>0"
        );
        let rows = self.db.rows(sqlx::AssertSqlSafe(sql), args![team, batch]).await?;
        let mut found: Vec<Identity> = rows.iter().map(read).collect::<Result<_>>()?;
        found.sort_by_key(|identity| ids.iter().position(|id| *id == identity.id));
        self.add_badges(team, &mut found).await?;
        self.add_labels(team, &mut found).await?;
        Ok(found)
    }

    /// Merges attributes into the profile. `Ok(None)` when there is no such identity; what merging means is the
    /// caller's `change`, which returns the display fields that follow from it.
    pub async fn change_profile(
        &self,
        team: &TeamId,
        id: &str,
        now_ms: i64,
        change: impl FnOnce(&mut dregs_engine::profile::Profile) -> [Option<String>; 3],
    ) -> Result<Option<()>> {
        let mut tx = self.db.begin().await?;
        // Raised first: on PostgreSQL this holds off whoever else would change the profile that is read next.
        tx.run("update identities set version = version + 1 where team_id = $1 and id = $2", args![team, id]).await?;
        let row = tx.row("select body from profiles where team_id = $1 and identity_id = $2", args![team, id]).await?;
        let Some(row) = row else { return Ok(None) };
        let mut profile: dregs_engine::profile::Profile = serde_json::from_str(&row.text("body")?)?;
        let [name, email, username] = change(&mut profile);
        let search = crate::pipeline::search_text(id, [&name, &email, &username]);
        tx.run(
            "update profiles set body = $3 where team_id = $1 and identity_id = $2",
            args![team, id, profile.to_json()],
        )
        .await?;
        tx.run(
            "update identities set display_name = $3, display_email = $4, display_username = $5, search = $6,
               updated_ms = $7, due_ms = $7
             where team_id = $1 and id = $2",
            args![team, id, name, email, username, search, now_ms],
        )
        .await?;
        tx.commit().await?;
        Ok(Some(()))
    }

    /// Takes an identity out of scoring and out of everyone's evidence, or back in. Whoever shares something with it is
    /// scored again. Returns whether the identity exists. `tell` makes the notifications about what that undoes; they are
    /// written in the same transaction.
    pub async fn set_identity_disregarded(
        &self,
        team: &TeamId,
        id: &str,
        disregarded: bool,
        now_ms: i64,
        tell: impl FnOnce(&Undone) -> Vec<DeliveryWrite>,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        hold_page(&mut tx, team).await?;
        tx.lock_rings(team).await?;
        let changed = tx
            .run(
                "update identities set disregarded = $3, version = version + 1, updated_ms = $4, due_ms = $4
                 where team_id = $1 and id = $2 and disregarded <> $3",
                args![team, id, disregarded, now_ms],
            )
            .await?;
        if changed == 0 {
            drop(tx);
            return self.identity_exists(team, id).await;
        }
        requeue_peers(&mut tx, team, id, now_ms).await?;
        tx.run(
            "update identity_keys set disregarded = $3 where team_id = $1 and identity_id = $2",
            args![team, id, disregarded],
        )
        .await?;
        tx.run(
            "update keys set holders = holders + $3 where team_id = $1 and (kind, key) in (
               select h.kind, h.key from identity_keys h where h.team_id = $1 and h.identity_id = $2)",
            args![team, id, if disregarded { -1_i64 } else { 1 }],
        )
        .await?;
        match disregarded {
            true => crate::figures::forget_counts(&mut tx, team, id).await?,
            false => crate::figures::regain_counts(&mut tx, team, id).await?,
        }
        if disregarded {
            tx.run("delete from links where team_id = $1 and (a_id = $2 or b_id = $2)", args![team, id]).await?;
            let badges = crate::badges::clear(&mut tx, team, id).await?;
            let escalations = crate::escalations::close_disregarded(&mut tx, team, id, now_ms).await?;
            crate::deliveries::write(&mut tx, team, &tell(&Undone { badges, escalations })).await?;
            let felt = crate::ring_changes::rebuild(&mut tx, team, BTreeSet::from([id.to_owned()]), now_ms).await?;
            let due: Vec<(String, i64)> = felt.into_iter().map(|id| (id, now_ms)).collect();
            crate::pipeline::write_due(&mut tx, team, &due).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}

/// What an identity loses when it is disregarded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Undone {
    /// Slugs of the badges it had.
    pub badges: Vec<String>,
    /// What was open or acknowledged, as it was; it is closed.
    pub escalations: Vec<Escalation>,
}

/// Identities re-scored when one of them is disregarded or comes back; more than this share only popular things.
const PEERS_REQUEUED_MAX: i64 = 1000;

/// Asks for new assessments of those who share something uncommon with `id`, or are decided about with it: asked before it
/// is taken out of what it holds, which may make something with one holder more than 64 uncommon. The version is raised, so
/// that an assessment already under way on the old evidence is not committed.
pub(crate) async fn requeue_peers(tx: &mut Tx, team: &TeamId, id: &str, now_ms: i64) -> Result<()> {
    tx.run(
        "update identities set due_ms = $3, version = version + 1 where team_id = $1 and id in (
           select h.identity_id from identity_keys mine
           join keys k on k.team_id = mine.team_id and k.kind = mine.kind and k.key = mine.key and k.holders <= 65
           join identity_keys h on h.team_id = mine.team_id and h.kind = mine.kind and h.key = mine.key
           where mine.team_id = $1 and mine.identity_id = $2 and h.identity_id <> $2 limit $4)",
        args![team, id, now_ms, PEERS_REQUEUED_MAX],
    )
    .await?;
    tx.run(
        "update identities set due_ms = $3, version = version + 1 where team_id = $1 and id in (
           select d.b_id from link_decisions d where d.team_id = $1 and d.a_id = $2
           union select d.a_id from link_decisions d where d.team_id = $1 and d.b_id = $2)",
        args![team, id, now_ms],
    )
    .await
    .map(drop)
}

pub(crate) fn scores(row: &Row) -> Result<[Option<u8>; 4]> {
    let score = |column| Ok::<_, StoreError>(row.opt_int(column)?.map(|value| value.clamp(0, 100) as u8));
    Ok([score("humanity")?, score("authenticity")?, score("uniqueness")?, score("behavior")?])
}

/// The part of a stored profile that is shown.
#[derive(Deserialize)]
struct Attributes {
    #[serde(default)]
    attributes: Map<String, Value>,
}

fn read(row: &Row) -> Result<Identity> {
    let attributes = match row.opt_text("body")? {
        Some(body) => serde_json::from_str::<Attributes>(&body)?.attributes,
        None => Map::new(),
    };
    Ok(Identity {
        id: row.text("id")?,
        display_name: row.opt_text("display_name")?,
        display_email: row.opt_text("display_email")?,
        display_username: row.opt_text("display_username")?,
        scores: scores(row)?,
        created_ms: row.int("created_ms")?,
        updated_ms: row.int("updated_ms")?,
        last_tracked_ms: row.opt_int("last_tracked_ms")?,
        last_scored_ms: row.opt_int("last_scored_ms")?,
        disregarded: row.flag("disregarded")?,
        badges: Vec::new(),
        label: None,
        attributes,
    })
}

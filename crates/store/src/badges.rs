//! Badges of identities. One that a rule is about to give has a row too, which is shown to nobody.

use crate::TeamId;
use crate::db::{Batch, Row, Tx, args};
use crate::error::{Result, StoreError};
use crate::identities::Identity;
use crate::open::Store;
use dregs_engine::rules::badge::{Badge, Held};
use dregs_engine::rules::{BadgeKind, Delayed};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of an identity's badges before a cycle.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HeldBadges {
    /// What it has and is about to get.
    pub held: Held,
    /// What it had until the rule was deleted. Nobody has been told yet.
    pub taken_off: BTreeSet<String>,
}

impl Store {
    pub async fn held_badges(&self, team: &TeamId, ids: &[&str]) -> Result<BTreeMap<String, HeldBadges>> {
        let batch: Batch = ids.iter().map(|id| (id,)).collect();
        let rows = self
            .db
            .rows(
                "select b.identity_id, b.slug, b.since_ms, b.is_on, b.turning_ms, b.taken_off from json_each($2) j cross join badges b
                 where b.team_id = $1 and b.identity_id = j.value->>0",
                args![team, batch],
            )
            .await?;
        let mut badges: BTreeMap<String, HeldBadges> = BTreeMap::new();
        for row in &rows {
            let of_identity = badges.entry(row.text("identity_id")?).or_default();
            let slug = row.text("slug")?;
            if row.flag("taken_off")? {
                of_identity.taken_off.insert(slug);
            } else {
                let state = Delayed { on: row.flag("is_on")?, turning_ms: row.opt_int("turning_ms")? };
                of_identity.held.insert(slug, (state, row.int("since_ms")?));
            }
        }
        Ok(badges)
    }

    /// Adds what they have, by priority.
    pub(crate) async fn add_badges(&self, team: &TeamId, identities: &mut [Identity]) -> Result<()> {
        let ids: Batch = identities.iter().map(|identity| (&identity.id,)).collect();
        let rows = self
            .db
            .rows(
                "select b.identity_id, b.slug, b.name, b.type, b.explanation, b.metadata, b.since_ms, b.priority, b.rule_id, b.turning_ms
                 from json_each($2) j cross join badges b where b.team_id = $1 and b.identity_id = j.value->>0 and b.is_on = 1
                 order by b.priority desc, b.since_ms, b.slug",
                args![team, ids],
            )
            .await?;
        for row in &rows {
            let owner = row.text("identity_id")?;
            let badge = read(row)?;
            let owners = identities.iter_mut().filter(|identity| identity.id == owner);
            owners.for_each(|identity| identity.badges.push(badge.clone()));
        }
        Ok(())
    }
}

/// Takes a badge off everyone. Those who had it are told of by their next cycle, so the row stays until then.
pub(crate) async fn take_off(tx: &mut Tx, team: &TeamId, slug: &str) -> Result<()> {
    tx.run("delete from badges where team_id = $1 and slug = $2 and is_on = 0 and taken_off = 0", args![team, slug])
        .await?;
    tx.run(
        "update badges set is_on = 0, turning_ms = null, taken_off = 1 where team_id = $1 and slug = $2 and is_on = 1",
        args![team, slug],
    )
    .await
    .map(drop)
}

/// Takes every badge off an identity. Returns the slugs of those that were shown, or whose going nobody was told of.
pub(crate) async fn clear(tx: &mut Tx, team: &TeamId, identity_id: &str) -> Result<Vec<String>> {
    let shown = tx
        .rows(
            "select b.slug from badges b where b.team_id = $1 and b.identity_id = $2 and (b.is_on = 1 or b.taken_off = 1) order by b.slug",
            args![team, identity_id],
        )
        .await?;
    tx.run("delete from badges where team_id = $1 and identity_id = $2", args![team, identity_id]).await?;
    shown.iter().map(|row| row.text("slug")).collect()
}

/// Replaces the badges of identities.
pub(crate) async fn write(tx: &mut Tx, team: &TeamId, badges: &BTreeMap<String, Vec<Badge>>) -> Result<()> {
    if badges.is_empty() {
        return Ok(());
    }
    let each = || badges.iter().flat_map(|(id, held)| held.iter().map(move |badge| (id, badge)));
    let owners: Batch = badges.keys().map(|id| (id,)).collect();
    let slugs: Batch = each().map(|(id, badge)| (id, &badge.slug)).collect();
    tx.run(
        "delete from badges where team_id = $1 and identity_id in (select value->>0 from json_each($2))
           and (identity_id, slug) not in (select value->>0, value->>1 from json_each($3))",
        args![team, owners, slugs],
    )
    .await?;
    let row = |(id, badge): (&String, &Badge)| {
        let shown = (badge.name.clone(), badge.kind.code(), badge.explanation.clone());
        let metadata = Value::Object(badge.metadata.clone()).to_string();
        let state = (badge.since_ms, badge.priority, i64::from(badge.state.on), badge.state.turning_ms);
        (id.clone(), badge.slug.clone(), shown, metadata, state, badge.rule_id.clone())
    };
    let rows: Batch = each().map(row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    tx.run(
        "insert into badges (team_id, identity_id, slug, name, type, explanation, metadata, since_ms, priority, is_on, turning_ms, rule_id)
         select $1, value->>0, value->>1, value->2->>0, value->2->>1, value->2->>2, value->>3, cast(value->4->>0 as bigint),
           cast(value->4->>1 as bigint), cast(value->4->>2 as bigint), cast(value->4->>3 as bigint), value->>5
         from json_each($2) where true
         on conflict (team_id, identity_id, slug) do update set name = excluded.name, type = excluded.type,
           explanation = excluded.explanation, metadata = excluded.metadata, since_ms = excluded.since_ms, priority = excluded.priority,
           is_on = excluded.is_on, turning_ms = excluded.turning_ms, rule_id = excluded.rule_id, taken_off = 0",
        args![team, rows],
    )
    .await
    .map(drop)
}

fn read(row: &Row) -> Result<Badge> {
    let kind = row.text("type")?;
    let kind = BadgeKind::from_code(&kind).ok_or_else(|| StoreError::Damaged(format!("a badge of type {kind}")))?;
    Ok(Badge {
        slug: row.text("slug")?,
        name: row.text("name")?,
        kind,
        explanation: row.text("explanation")?,
        metadata: serde_json::from_str(&row.text("metadata")?)?,
        since_ms: row.int("since_ms")?,
        priority: i32::try_from(row.int("priority")?).unwrap_or_default(),
        rule_id: row.opt_text("rule_id")?,
        state: Delayed { on: true, turning_ms: row.opt_int("turning_ms")? },
    })
}

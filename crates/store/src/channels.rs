//! Channels: where notifications go.

use crate::TeamId;
use crate::db::{Batch, Row, args};
use crate::deliveries::{self, DeliveryWrite};
use crate::error::{Result, StoreError};
use crate::open::Store;
use crate::rules::turn_page;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Channels that a team may have.
pub const CHANNELS_MAX: usize = 50;
/// Deliveries that are counted as waiting: beyond, it does not matter how many they are.
pub const WAITING_COUNTED_MAX: i64 = 10_000;

#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    pub id: String,
    pub slug: String,
    pub name: String,
    pub config: ChannelConfig,
    /// Live secrets of a webhook, the newest first.
    pub secrets: Vec<Secret>,
    /// What it is told besides the escalations of rules that name it.
    pub events: Vec<String>,
    pub enabled: bool,
    /// Why it was switched off without anybody asking.
    pub disabled_reason: Option<String>,
    /// Since when every delivery has failed.
    pub failing_since_ms: Option<i64>,
    /// Attempts that it takes in a minute; as many as is usual for its type, if that is none.
    pub max_per_minute: Option<i64>,
    /// Notifications of so many minutes go out together; 0: each by itself.
    pub digest_minutes: i64,
    /// Until when its receiver wants to be left alone.
    pub resting_until_ms: Option<i64>,
    pub created_ms: i64,
    pub updated_ms: i64,
}

/// What a channel has to send.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// At most [`WAITING_COUNTED_MAX`].
    pub count: i64,
    /// When the first is due.
    pub next_ms: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "UPPERCASE")]
pub enum ChannelConfig {
    Email { to: Vec<String> },
    Slack { url: String },
    Webhook { url: String },
}

impl ChannelConfig {
    pub fn code(&self) -> &'static str {
        match self {
            ChannelConfig::Email { .. } => "EMAIL",
            ChannelConfig::Slack { .. } => "SLACK",
            ChannelConfig::Webhook { .. } => "WEBHOOK",
        }
    }
}

/// A secret that webhooks are signed with.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Secret {
    pub secret: String,
    /// Until when it is used besides a newer one.
    pub until_ms: Option<i64>,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Secret(until_ms: {:?})", self.until_ms)
    }
}

const COLUMNS: &str =
    "id, slug, name, config, secrets, events, enabled, disabled_reason, failing_since_ms, max_per_minute, digest_minutes,
  resting_until_ms, created_ms, updated_ms";

impl Store {
    pub async fn channels(&self, team: &TeamId) -> Result<Vec<Channel>> {
        let sql =
            sqlx::AssertSqlSafe(format!("select {COLUMNS} from channels where team_id = $1 order by created_ms, id"));
        self.db.rows(sql, args![team]).await?.iter().map(read).collect()
    }

    pub async fn channel(&self, team: &TeamId, slug: &str) -> Result<Option<Channel>> {
        let sql = sqlx::AssertSqlSafe(format!("select {COLUMNS} from channels where team_id = $1 and slug = $2"));
        self.db.row(sql, args![team, slug]).await?.as_ref().map(read).transpose()
    }

    pub async fn channel_by_id(&self, team: &TeamId, id: &str) -> Result<Option<Channel>> {
        let sql = sqlx::AssertSqlSafe(format!("select {COLUMNS} from channels where team_id = $1 and id = $2"));
        self.db.row(sql, args![team, id]).await?.as_ref().map(read).transpose()
    }

    /// `Conflict` when the slug is taken or the team has too many.
    pub async fn add_channel(&self, team: &TeamId, channel: &Channel) -> Result<()> {
        let mut tx = self.db.begin().await?;
        turn_page(&mut tx, team).await?;
        let held = tx.row("select count(*) as n from channels where team_id = $1", args![team]).await?;
        if held.map_or(Ok(0), |row| row.int("n"))? >= CHANNELS_MAX as i64 {
            return Err(StoreError::Conflict("a team may have 50 channels"));
        }
        tx.run(
            "insert into channels (team_id, id, slug, name, type, config, secrets, events, enabled, created_ms, updated_ms, max_per_minute,
               digest_minutes)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12)",
            args![
                team,
                &channel.id,
                &channel.slug,
                &channel.name,
                channel.config.code(),
                serde_json::to_string(&channel.config)?,
                serde_json::to_string(&channel.secrets)?,
                serde_json::to_string(&channel.events)?,
                channel.enabled,
                channel.created_ms,
                channel.max_per_minute,
                channel.digest_minutes
            ],
        )
        .await?;
        tx.commit().await
    }

    /// Changes a channel as `change` says, which is given it as it is: others that would change one wait meanwhile. Its slug
    /// stays, and so does its health, unless it is switched on again. `Ok(None)` when there is none; what `change` refuses is
    /// not written.
    pub async fn change_channel<E>(
        &self,
        team: &TeamId,
        slug: &str,
        now_ms: i64,
        change: impl FnOnce(Channel) -> std::result::Result<Channel, E>,
    ) -> Result<Option<std::result::Result<Channel, E>>> {
        let mut tx = self.db.begin().await?;
        turn_page(&mut tx, team).await?;
        let sql = sqlx::AssertSqlSafe(format!("select {COLUMNS} from channels where team_id = $1 and slug = $2"));
        let Some(held) = tx.row(sql, args![team, slug]).await?.as_ref().map(read).transpose()? else { return Ok(None) };
        let channel = match change(held) {
            Ok(channel) => Channel { updated_ms: now_ms, ..channel },
            Err(refused) => return Ok(Some(Err(refused))),
        };
        deliveries::retime(&mut tx, team, &channel.id, channel.digest_minutes).await?;
        tx.run(
            "update channels set name = $3, config = $4, secrets = $5, events = $6, enabled = $7, disabled_reason = $8,
               failing_since_ms = case when enabled < $7 then null else failing_since_ms end,
               updated_ms = $9, max_per_minute = $10, digest_minutes = $11
             where team_id = $1 and id = $2",
            args![
                team,
                &channel.id,
                &channel.name,
                serde_json::to_string(&channel.config)?,
                serde_json::to_string(&channel.secrets)?,
                serde_json::to_string(&channel.events)?,
                channel.enabled,
                channel.disabled_reason.clone(),
                channel.updated_ms,
                channel.max_per_minute,
                channel.digest_minutes
            ],
        )
        .await?;
        tx.commit().await?;
        Ok(Some(Ok(channel)))
    }

    /// Notes since when nothing gets through, and until when the receiver wants to be left alone; none keeps that.
    pub async fn note_channel_health(
        &self,
        team: &TeamId,
        id: &str,
        failing_since_ms: Option<i64>,
        resting_until_ms: Option<i64>,
    ) -> Result<()> {
        self.db
            .run(
                "update channels set failing_since_ms = $3, resting_until_ms = coalesce($4, resting_until_ms) where team_id = $1 and id = $2",
                args![team, id, failing_since_ms, resting_until_ms],
            )
            .await
            .map(drop)
    }

    /// Switches a channel off without anybody asking: what it has to send fails, and others are told. Returns whether it was
    /// on.
    pub async fn switch_off_channel(
        &self,
        team: &TeamId,
        id: &str,
        reason: &str,
        now_ms: i64,
        told: &[DeliveryWrite],
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        turn_page(&mut tx, team).await?;
        let touched = tx
            .run(
                "update channels set enabled = 0, disabled_reason = $3, resting_until_ms = null, updated_ms = $4
                 where team_id = $1 and id = $2 and enabled = 1",
                args![team, id, reason, now_ms],
            )
            .await?;
        if touched == 0 {
            return Ok(false);
        }
        deliveries::give_up(&mut tx, team, id, "the channel is switched off", now_ms).await?;
        deliveries::write(&mut tx, team, told).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// What these channels have to send, by their ids.
    pub async fn waiting(&self, team: &TeamId, ids: &[&str]) -> Result<BTreeMap<String, Waiting>> {
        let batch: Batch = ids.iter().map(|id| (id,)).collect();
        let rows = self
            .db
            .rows(
                "select j.value->>0 as id, (
                   select count(*) from (
                     select d.id from deliveries d where d.team_id = $1 and d.channel_id = j.value->>0 and d.status = 'PENDING' limit $3) w) as n, (
                   select min(d.next_ms) from deliveries d where d.team_id = $1 and d.channel_id = j.value->>0 and d.status = 'PENDING') as next_ms
                 from json_each($2) j",
                args![team, batch, WAITING_COUNTED_MAX],
            )
            .await?;
        rows.iter()
            .map(|row| Ok((row.text("id")?, Waiting { count: row.int("n")?, next_ms: row.opt_int("next_ms")? })))
            .collect()
    }

    /// Deletes a channel with its deliveries. Returns whether there was one.
    pub async fn delete_channel(&self, team: &TeamId, id: &str) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        turn_page(&mut tx, team).await?;
        let gone = tx.run("delete from channels where team_id = $1 and id = $2", args![team, id]).await?;
        if gone == 0 {
            return Ok(false);
        }
        tx.run("delete from deliveries where team_id = $1 and channel_id = $2", args![team, id]).await?;
        tx.commit().await?;
        Ok(true)
    }
}

fn read(row: &Row) -> Result<Channel> {
    Ok(Channel {
        id: row.text("id")?,
        slug: row.text("slug")?,
        name: row.text("name")?,
        config: serde_json::from_str(&row.text("config")?)?,
        secrets: serde_json::from_str(&row.text("secrets")?)?,
        events: serde_json::from_str(&row.text("events")?)?,
        enabled: row.flag("enabled")?,
        disabled_reason: row.opt_text("disabled_reason")?,
        failing_since_ms: row.opt_int("failing_since_ms")?,
        max_per_minute: row.opt_int("max_per_minute")?,
        digest_minutes: row.int("digest_minutes")?,
        resting_until_ms: row.opt_int("resting_until_ms")?,
        created_ms: row.int("created_ms")?,
        updated_ms: row.int("updated_ms")?,
    })
}

//! Links by which a person who forgot their password sets another. Of the token only its SHA-256 is stored.

use crate::TeamId;
use crate::db::args;
use crate::error::Result;
use crate::open::Store;
use crate::people::{lock_user, person, teams_held};

/// What became of offering a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetOffered {
    Done,
    NotFound,
    /// The person belongs to another team too, which has a say in who they are.
    OtherTeams,
}

impl Store {
    /// Offers a link to somebody of this team and of no other; it replaces the one they had.
    pub async fn offer_password_reset(
        &self,
        team: &TeamId,
        user_id: &str,
        token_hash: &str,
        now_ms: i64,
        expires_ms: i64,
    ) -> Result<ResetOffered> {
        let mut tx = self.db.begin().await?;
        lock_user(&mut tx, user_id).await?;
        if person(&mut tx, team, user_id).await?.is_none() {
            return Ok(ResetOffered::NotFound);
        }
        if teams_held(&mut tx, user_id).await? > 1 {
            return Ok(ResetOffered::OtherTeams);
        }
        tx.run(
            "insert into password_resets (user_id, token_hash, created_ms, expires_ms) values ($1, $2, $3, $4)
             on conflict (user_id) do update set token_hash = excluded.token_hash, created_ms = excluded.created_ms, expires_ms = excluded.expires_ms",
            args![user_id, token_hash, now_ms, expires_ms],
        )
        .await?;
        tx.commit().await?;
        Ok(ResetOffered::Done)
    }

    /// Whose password a link resets, while it is good.
    pub async fn password_reset_for(&self, token_hash: &str, now_ms: i64) -> Result<Option<String>> {
        let row = self
            .db
            .row(
                "select user_id from password_resets where token_hash = $1 and expires_ms > $2",
                args![token_hash, now_ms],
            )
            .await?;
        row.map(|row| row.text("user_id")).transpose()
    }

    /// Uses a link up: sets the password and ends every session of the person, and what their agents may do. Returns whether it was good.
    pub async fn reset_password(&self, token_hash: &str, password_hash: &str, now_ms: i64) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let held = tx
            .row(
                "select user_id from password_resets where token_hash = $1 and expires_ms > $2",
                args![token_hash, now_ms],
            )
            .await?;
        let Some(held) = held else { return Ok(false) };
        let user_id = held.text("user_id")?;
        lock_user(&mut tx, &user_id).await?;
        if tx.run("delete from password_resets where token_hash = $1", args![token_hash]).await? == 0 {
            return Ok(false);
        }
        tx.run("update users set password_hash = $2 where id = $1", args![&user_id, password_hash]).await?;
        tx.run("delete from login_sessions where user_id = $1", args![&user_id]).await?;
        tx.run("delete from agent_grants where user_id = $1", args![&user_id]).await?;
        tx.commit().await?;
        Ok(true)
    }
}

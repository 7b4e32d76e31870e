//! Log-in sessions: who is logged in where, and since when. Of a session's token only its SHA-256 is stored.

use crate::TeamId;
use crate::db::{Row, args};
use crate::error::Result;
use crate::open::Store;

/// Sessions of a person; a further one ends the oldest. More than anybody has browsers.
pub const SESSIONS_MAX: i64 = 50;
/// Sessions deleted at once after they ran out.
const PRUNED_MAX: i64 = 10_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    pub token_hash: String,
    /// Names the session without giving it away.
    pub id: String,
    pub team: TeamId,
    pub user_id: String,
    /// Where the person logged in from.
    pub address: Option<String>,
    pub created_ms: i64,
    pub expires_ms: i64,
    /// When it was last used, to the hour.
    pub last_used_ms: Option<i64>,
}

impl Store {
    pub async fn add_login(&self, login: &Login) -> Result<()> {
        let mut tx = self.db.begin().await?;
        tx.run(
            "insert into login_sessions (token_hash, id, team_id, user_id, address, created_ms, expires_ms) values ($1, $2, $3, $4, $5, $6, $7)",
            args![
                &login.token_hash,
                &login.id,
                &login.team,
                &login.user_id,
                login.address.clone(),
                login.created_ms,
                login.expires_ms
            ],
        )
        .await?;
        tx.run(
            "delete from login_sessions where user_id = $1 and token_hash in
               (select s.token_hash from login_sessions s where s.user_id = $1 order by s.created_ms desc, s.token_hash limit $2 offset $3)",
            args![&login.user_id, PRUNED_MAX, SESSIONS_MAX],
        )
        .await?;
        tx.run(
            "update memberships set last_login_ms = $3 where team_id = $1 and user_id = $2",
            args![&login.team, &login.user_id, login.created_ms],
        )
        .await?;
        tx.commit().await
    }

    /// Makes a session one of another team, under another token: the one it had ends. It lasts no longer than it would
    /// have. Returns when that is.
    pub async fn move_login(
        &self,
        token_hash: &str,
        moved_hash: &str,
        team: &TeamId,
        user_id: &str,
        now_ms: i64,
    ) -> Result<Option<i64>> {
        let mut tx = self.db.begin().await?;
        let moved = tx
            .row(
                "update login_sessions set token_hash = $2, team_id = $3 where token_hash = $1 and user_id = $4 returning expires_ms",
                args![token_hash, moved_hash, team, user_id],
            )
            .await?;
        let Some(moved) = moved else { return Ok(None) };
        tx.run(
            "update memberships set last_login_ms = $3 where team_id = $1 and user_id = $2",
            args![team, user_id, now_ms],
        )
        .await?;
        tx.commit().await?;
        Ok(Some(moved.int("expires_ms")?))
    }

    /// The sessions of a person that have not run out, newest first.
    pub async fn logins_of(&self, user_id: &str, now_ms: i64) -> Result<Vec<Login>> {
        let rows = self
            .db
            .rows(
                "select token_hash, id, team_id, user_id, address, created_ms, expires_ms, last_used_ms from login_sessions
                 where user_id = $1 and expires_ms > $2 and id is not null order by created_ms desc, id",
                args![user_id, now_ms],
            )
            .await?;
        rows.iter().map(read).collect()
    }

    /// Ends one session of a person; returns whether there was such a one.
    pub async fn end_login_of(&self, user_id: &str, id: &str) -> Result<bool> {
        let ended =
            self.db.run("delete from login_sessions where user_id = $1 and id = $2", args![user_id, id]).await?;
        Ok(ended > 0)
    }

    /// Notes that a session was used; not when the note that is there is younger than `apart_ms`.
    pub async fn note_login_use(&self, token_hash: &str, at_ms: i64, apart_ms: i64) -> Result<()> {
        self.db
            .run(
                "update login_sessions set last_used_ms = $2 where token_hash = $1 and coalesce(last_used_ms, 0) <= $3",
                args![token_hash, at_ms, at_ms - apart_ms],
            )
            .await
            .map(drop)
    }

    /// Deletes sessions that have run out, and what invited or reset in vain.
    pub async fn prune_logins(&self, now_ms: i64) -> Result<()> {
        let mut tx = self.db.begin().await?;
        tx.run(
            "delete from login_sessions where token_hash in (select s.token_hash from login_sessions s where s.expires_ms <= $1 limit $2)",
            args![now_ms, PRUNED_MAX],
        )
        .await?;
        tx.run("delete from invitations where expires_ms <= $1", args![now_ms]).await?;
        tx.run("delete from password_resets where expires_ms <= $1", args![now_ms]).await?;
        tx.commit().await
    }
}

fn read(row: &Row) -> Result<Login> {
    Ok(Login {
        token_hash: row.text("token_hash")?,
        id: row.text("id")?,
        team: TeamId::new(row.text("team_id")?),
        user_id: row.text("user_id")?,
        address: row.opt_text("address")?,
        created_ms: row.int("created_ms")?,
        expires_ms: row.int("expires_ms")?,
        last_used_ms: row.opt_int("last_used_ms")?,
    })
}

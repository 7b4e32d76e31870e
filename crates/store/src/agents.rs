//! What agents may do for a person: tokens made by hand, and grants given through OAuth. Of every secret only the SHA-256
//! is stored.
//!
//! A grant holds one access token at a time. Its refresh tokens are one family: the family's part stays, the other part
//! changes with every use, so that one who comes with an old one is known without old ones being kept.

use crate::TeamId;
use crate::db::{Row, args};
use crate::error::Result;
use crate::open::Store;
use crate::teams::Role;

/// Grants of a team that are listed.
const LISTED_MAX: i64 = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantKind {
    /// A token that its person made.
    Token,
    /// Access that its person gave to a client.
    Oauth,
}

impl GrantKind {
    pub fn code(self) -> &'static str {
        match self {
            GrantKind::Token => "TOKEN",
            GrantKind::Oauth => "OAUTH",
        }
    }

    fn from_code(code: &str) -> GrantKind {
        match code {
            "OAUTH" => GrantKind::Oauth,
            _ => GrantKind::Token,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentGrant {
    pub team: TeamId,
    pub id: String,
    /// For whom it acts.
    pub user_id: String,
    pub kind: GrantKind,
    pub name: String,
    /// Whether it may read only, whatever its person may.
    pub read_only: bool,
    /// Of a grant through OAuth: the client.
    pub client_id: Option<String>,
    pub created_ms: i64,
    /// None: it lasts until it is revoked.
    pub expires_ms: Option<i64>,
    /// Roughly.
    pub last_used_ms: Option<i64>,
}

/// A grant in use, with what its person may do at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    pub grant: AgentGrant,
    pub role: Role,
}

/// A grant that an authorization code stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantCode {
    pub grant: AgentGrant,
    /// What the code is bound to, as it was given.
    pub bound: String,
    /// Whether it has been exchanged for tokens.
    pub redeemed: bool,
}

/// A grant that a family of refresh tokens stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantFamily {
    pub grant: AgentGrant,
    /// The part of the refresh token that counts now.
    pub refresh_hash: String,
}

/// The tokens a grant has from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedTokens {
    pub token_hash: String,
    pub token_expires_ms: i64,
    pub family_hash: String,
    pub refresh_hash: String,
    /// When the refresh token and with it the grant ends.
    pub expires_ms: i64,
}

const COLUMNS: &str =
    "g.team_id, g.id, g.user_id, g.kind, g.name, g.read_only, g.client_id, g.created_ms, g.expires_ms, g.last_used_ms";

impl Store {
    /// Adds a token that a person made, unless the person has `limit` of them.
    pub async fn add_agent_token(&self, grant: &AgentGrant, token_hash: &str, limit: i64) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        tx.run("delete from agent_grants where expires_ms <= $1", args![grant.created_ms]).await?;
        let held = tx
            .row(
                "select count(*) as held from agent_grants where team_id = $1 and user_id = $2 and kind = 'TOKEN'",
                args![&grant.team, &grant.user_id],
            )
            .await?;
        if held.map(|row| row.int("held")).transpose()?.unwrap_or(0) >= limit {
            return Ok(false);
        }
        tx.run(
            "insert into agent_grants (team_id, id, user_id, kind, name, read_only, token_hash, token_expires_ms, redeemed, created_ms, expires_ms)
             values ($1, $2, $3, 'TOKEN', $4, $5, $6, $7, 0, $8, $7)",
            args![
                &grant.team,
                &grant.id,
                &grant.user_id,
                &grant.name,
                grant.read_only,
                token_hash,
                grant.expires_ms,
                grant.created_ms
            ],
        )
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Adds a grant that waits for its code to be exchanged. A person's `limit` is kept: those used longest ago give way.
    pub async fn add_oauth_grant(&self, grant: &AgentGrant, code_hash: &str, bound: &str, limit: i64) -> Result<()> {
        let mut tx = self.db.begin().await?;
        tx.run("delete from agent_grants where expires_ms <= $1", args![grant.created_ms]).await?;
        tx.run(
            "delete from agent_grants where team_id = $1 and id in
               (select id from agent_grants where team_id = $1 and user_id = $2 and kind = 'OAUTH'
                order by coalesce(last_used_ms, created_ms) desc, id desc limit 1000 offset $3)",
            args![&grant.team, &grant.user_id, limit - 1],
        )
        .await?;
        tx.run(
            "insert into agent_grants (team_id, id, user_id, kind, name, read_only, client_id, code_hash, code_bound, redeemed, created_ms, expires_ms)
             values ($1, $2, $3, 'OAUTH', $4, $5, $6, $7, $8, 0, $9, $10)",
            args![
                &grant.team,
                &grant.id,
                &grant.user_id,
                &grant.name,
                grant.read_only,
                grant.client_id.as_deref(),
                code_hash,
                bound,
                grant.created_ms,
                grant.expires_ms
            ],
        )
        .await?;
        tx.commit().await
    }

    /// Whose a token is, while it is valid and its person belongs to the team and may log in.
    pub async fn agent_by_token(&self, token_hash: &str, now_ms: i64) -> Result<Option<Agent>> {
        let sql = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS}, m.role from agent_grants g
             join users u on u.id = g.user_id and u.disabled = 0
             join memberships m on m.team_id = g.team_id and m.user_id = g.user_id and m.disabled = 0
             where g.token_hash = $1 and (g.token_expires_ms is null or g.token_expires_ms > $2)"
        ));
        let row = self.db.row(sql, args![token_hash, now_ms]).await?;
        row.map(|row| Ok(Agent { grant: read(&row)?, role: Role::from_code(&row.text("role")?) })).transpose()
    }

    /// Remembers that a grant was used.
    pub async fn touch_agent_grant(&self, team: &TeamId, id: &str, now_ms: i64) -> Result<()> {
        self.db
            .run("update agent_grants set last_used_ms = $3 where team_id = $1 and id = $2", args![team, id, now_ms])
            .await
            .map(drop)
    }

    /// The grants of a team, or of one person in it, newest first, each with its person's e-mail address.
    pub async fn agent_grants(
        &self,
        team: &TeamId,
        user_id: Option<&str>,
        now_ms: i64,
    ) -> Result<Vec<(AgentGrant, String)>> {
        let rows = match user_id {
            Some(user_id) => {
                let sql = sqlx::AssertSqlSafe(format!(
                    "select {COLUMNS}, u.email from agent_grants g join users u on u.id = g.user_id
                     where g.team_id = $1 and g.user_id = $2 and (g.expires_ms is null or g.expires_ms > $3)
                       and (g.kind = 'TOKEN' or g.redeemed = 1)
                     order by g.created_ms desc, g.id desc limit $4"
                ));
                self.db.rows(sql, args![team, user_id, now_ms, LISTED_MAX]).await?
            }
            None => {
                let sql = sqlx::AssertSqlSafe(format!(
                    "select {COLUMNS}, u.email from agent_grants g join users u on u.id = g.user_id
                     where g.team_id = $1 and (g.expires_ms is null or g.expires_ms > $2)
                       and (g.kind = 'TOKEN' or g.redeemed = 1)
                     order by g.created_ms desc, g.id desc limit $3"
                ));
                self.db.rows(sql, args![team, now_ms, LISTED_MAX]).await?
            }
        };
        rows.iter().map(|row| Ok((read(row)?, row.text("email")?))).collect()
    }

    /// Ends a grant, of one person if one is named; returns whether there was such a one.
    pub async fn revoke_agent_grant(&self, team: &TeamId, id: &str, user_id: Option<&str>) -> Result<bool> {
        let touched = match user_id {
            Some(user_id) => {
                self.db
                    .run(
                        "delete from agent_grants where team_id = $1 and id = $2 and user_id = $3",
                        args![team, id, user_id],
                    )
                    .await?
            }
            None => self.db.run("delete from agent_grants where team_id = $1 and id = $2", args![team, id]).await?,
        };
        Ok(touched > 0)
    }

    /// The grant that waits for a code, or has been given for it, while its person belongs to the team and may log in.
    pub async fn agent_grant_by_code(&self, code_hash: &str, now_ms: i64) -> Result<Option<GrantCode>> {
        let sql = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS}, g.code_bound, g.redeemed from agent_grants g
             join users u on u.id = g.user_id and u.disabled = 0
             join memberships m on m.team_id = g.team_id and m.user_id = g.user_id and m.disabled = 0
             where g.code_hash = $1 and g.expires_ms > $2"
        ));
        let row = self.db.row(sql, args![code_hash, now_ms]).await?;
        row.map(|row| {
            Ok(GrantCode { grant: read(&row)?, bound: row.text("code_bound")?, redeemed: row.flag("redeemed")? })
        })
        .transpose()
    }

    /// Exchanges a grant's code for tokens; false when that has been done before.
    pub async fn redeem_agent_code(&self, team: &TeamId, id: &str, issued: &IssuedTokens) -> Result<bool> {
        let touched = self
            .db
            .run(
                "update agent_grants set redeemed = 1, token_hash = $3, token_expires_ms = $4, family_hash = $5, refresh_hash = $6,
                   expires_ms = $7
                 where team_id = $1 and id = $2 and redeemed = 0",
                args![
                    team,
                    id,
                    &issued.token_hash,
                    issued.token_expires_ms,
                    &issued.family_hash,
                    &issued.refresh_hash,
                    issued.expires_ms
                ],
            )
            .await?;
        Ok(touched > 0)
    }

    /// The grant of a family of refresh tokens, while its person belongs to the team and may log in.
    pub async fn agent_grant_by_family(&self, family_hash: &str, now_ms: i64) -> Result<Option<GrantFamily>> {
        let sql = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS}, g.refresh_hash from agent_grants g
             join users u on u.id = g.user_id and u.disabled = 0
             join memberships m on m.team_id = g.team_id and m.user_id = g.user_id and m.disabled = 0
             where g.family_hash = $1 and g.expires_ms > $2"
        ));
        let row = self.db.row(sql, args![family_hash, now_ms]).await?;
        row.map(|row| Ok(GrantFamily { grant: read(&row)?, refresh_hash: row.text("refresh_hash")? })).transpose()
    }

    /// Gives a grant its next tokens in the place of those with `refresh_hash`; false when that is not the one that counts.
    pub async fn rotate_agent_grant(
        &self,
        team: &TeamId,
        id: &str,
        refresh_hash: &str,
        issued: &IssuedTokens,
    ) -> Result<bool> {
        let touched = self
            .db
            .run(
                "update agent_grants set token_hash = $4, token_expires_ms = $5, refresh_hash = $6, expires_ms = $7
                 where team_id = $1 and id = $2 and refresh_hash = $3",
                args![
                    team,
                    id,
                    refresh_hash,
                    &issued.token_hash,
                    issued.token_expires_ms,
                    &issued.refresh_hash,
                    issued.expires_ms
                ],
            )
            .await?;
        Ok(touched > 0)
    }
}

fn read(row: &Row) -> Result<AgentGrant> {
    Ok(AgentGrant {
        team: TeamId::new(row.text("team_id")?),
        id: row.text("id")?,
        user_id: row.text("user_id")?,
        kind: GrantKind::from_code(&row.text("kind")?),
        name: row.text("name")?,
        read_only: row.flag("read_only")?,
        client_id: row.opt_text("client_id")?,
        created_ms: row.int("created_ms")?,
        expires_ms: row.opt_int("expires_ms")?,
        last_used_ms: row.opt_int("last_used_ms")?,
    })
}

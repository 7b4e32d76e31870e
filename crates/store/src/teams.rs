//! Teams, the people in them, and their log-in sessions.

use crate::TeamId;
use crate::db::{Row, args};
use crate::error::Result;
use crate::open::Store;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    pub id: TeamId,
    pub name: String,
    /// Events a month; none means unlimited.
    pub monthly_event_limit: Option<i64>,
    pub created_ms: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: String,
    pub email: String,
    pub name: String,
    /// argon2id in PHC form.
    pub password_hash: String,
    pub disabled: bool,
    pub created_ms: i64,
}

/// What a person may do in a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Role {
    Viewer,
    User,
    Admin,
}

impl Role {
    pub fn code(self) -> &'static str {
        match self {
            Role::Viewer => "VIEWER",
            Role::User => "USER",
            Role::Admin => "ADMIN",
        }
    }

    pub fn from_code(code: &str) -> Role {
        match code {
            "ADMIN" => Role::Admin,
            "USER" => Role::User,
            _ => Role::Viewer,
        }
    }
}

/// Who is logged in, where, and as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    pub team: TeamId,
    pub user_id: String,
    pub role: Role,
}

impl Store {
    pub async fn add_team(&self, team: &Team) -> Result<()> {
        self.db
            .run(
                "insert into teams (id, name, monthly_event_limit, created_ms) values ($1, $2, $3, $4)",
                args![&team.id, &team.name, team.monthly_event_limit, team.created_ms],
            )
            .await
            .map(drop)
    }

    pub async fn set_monthly_event_limit(&self, team: &TeamId, limit: Option<i64>) -> Result<()> {
        self.db.run("update teams set monthly_event_limit = $2 where id = $1", args![team, limit]).await.map(drop)
    }

    pub async fn teams(&self) -> Result<Vec<Team>> {
        let rows = self
            .db
            .rows("select id, name, monthly_event_limit, created_ms from teams order by created_ms, id", vec![])
            .await?;
        rows.iter().map(read_team).collect()
    }

    pub async fn team(&self, id: &TeamId) -> Result<Option<Team>> {
        let row =
            self.db.row("select id, name, monthly_event_limit, created_ms from teams where id = $1", args![id]).await?;
        row.as_ref().map(read_team).transpose()
    }

    /// The monthly limit of every team that has one.
    pub async fn event_limits(&self) -> Result<BTreeMap<TeamId, i64>> {
        let rows = self
            .db
            .rows("select id, monthly_event_limit from teams where monthly_event_limit is not null", vec![])
            .await?;
        rows.iter().map(|row| Ok((TeamId::new(row.text("id")?), row.int("monthly_event_limit")?))).collect()
    }

    pub async fn add_user(&self, user: &User, team: &TeamId, role: Role) -> Result<()> {
        let mut tx = self.db.begin().await?;
        tx.run(
            "insert into users (id, email, name, password_hash, disabled, created_ms) values ($1, $2, $3, $4, $5, $6)",
            args![&user.id, user.email.to_lowercase(), &user.name, &user.password_hash, user.disabled, user.created_ms],
        )
        .await?;
        tx.run(
            "insert into memberships (team_id, user_id, role, joined_ms) values ($1, $2, $3, $4)",
            args![team, &user.id, role.code(), user.created_ms],
        )
        .await?;
        tx.commit().await
    }

    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>> {
        let row = self
            .db
            .row(
                "select id, email, name, password_hash, disabled, created_ms from users where email = $1",
                args![email.to_lowercase()],
            )
            .await?;
        row.as_ref().map(read_user).transpose()
    }

    pub async fn user(&self, id: &str) -> Result<Option<User>> {
        let row = self
            .db
            .row("select id, email, name, password_hash, disabled, created_ms from users where id = $1", args![id])
            .await?;
        row.as_ref().map(read_user).transpose()
    }

    /// Changes the password, ends every session of the user and what their agents may do, and withdraws a link to reset it.
    pub async fn set_password(&self, user_id: &str, password_hash: &str) -> Result<()> {
        let mut tx = self.db.begin().await?;
        tx.run("update users set password_hash = $2 where id = $1", args![user_id, password_hash]).await?;
        tx.run("delete from login_sessions where user_id = $1", args![user_id]).await?;
        tx.run("delete from agent_grants where user_id = $1", args![user_id]).await?;
        tx.run("delete from password_resets where user_id = $1", args![user_id]).await?;
        tx.commit().await
    }

    /// The teams that a user may work in, the one they last logged in to first.
    pub async fn memberships(&self, user_id: &str) -> Result<Vec<Membership>> {
        let rows = self
            .db
            .rows(
                "select team_id, user_id, role from memberships where user_id = $1 and disabled = 0
                 order by coalesce(last_login_ms, 0) desc, joined_ms, team_id",
                args![user_id],
            )
            .await?;
        rows.iter().map(read_membership).collect()
    }

    /// Where the administrators of a team who may log in get their mail, at most `limit`.
    pub async fn admin_emails(&self, team: &TeamId, limit: i64) -> Result<Vec<String>> {
        let rows = self
            .db
            .rows(
                "select u.email from memberships m cross join users u
                 where m.team_id = $1 and m.role = 'ADMIN' and u.id = m.user_id and m.disabled = 0 and u.disabled = 0 order by u.email limit $2",
                args![team, limit],
            )
            .await?;
        rows.iter().map(|row| row.text("email")).collect()
    }

    /// Who a session token belongs to, while it is valid and its user may log in.
    pub async fn login(&self, token_hash: &str, now_ms: i64) -> Result<Option<Membership>> {
        let row = self
            .db
            .row(
                "select m.team_id, m.user_id, m.role from login_sessions s
                 join users u on u.id = s.user_id and u.disabled = 0
                 join memberships m on m.team_id = s.team_id and m.user_id = s.user_id and m.disabled = 0
                 where s.token_hash = $1 and s.expires_ms > $2",
                args![token_hash, now_ms],
            )
            .await?;
        row.as_ref().map(read_membership).transpose()
    }

    pub async fn end_login(&self, token_hash: &str) -> Result<()> {
        self.db.run("delete from login_sessions where token_hash = $1", args![token_hash]).await.map(drop)
    }
}

pub(crate) fn read_team(row: &Row) -> Result<Team> {
    Ok(Team {
        id: TeamId::new(row.text("id")?),
        name: row.text("name")?,
        monthly_event_limit: row.opt_int("monthly_event_limit")?,
        created_ms: row.int("created_ms")?,
    })
}

pub(crate) fn read_user(row: &Row) -> Result<User> {
    Ok(User {
        id: row.text("id")?,
        email: row.text("email")?,
        name: row.text("name")?,
        password_hash: row.text("password_hash")?,
        disabled: row.flag("disabled")?,
        created_ms: row.int("created_ms")?,
    })
}

fn read_membership(row: &Row) -> Result<Membership> {
    Ok(Membership {
        team: TeamId::new(row.text("team_id")?),
        user_id: row.text("user_id")?,
        role: Role::from_code(&row.text("role")?),
    })
}

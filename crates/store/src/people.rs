//! People in teams: who belongs, as what, and that somebody is always left who may administer.

use crate::TeamId;
use crate::db::{Row, Tx, args};
use crate::error::Result;
use crate::open::Store;
use crate::teams::{Role, Team};

/// People in a team: they are read and shown as one list.
pub const MEMBERS_MAX: i64 = 500;
/// Teams of a person: they are told with every log-in.
pub const TEAMS_MAX: i64 = 50;

/// A person as a team sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub user_id: String,
    pub email: String,
    pub name: String,
    pub role: Role,
    /// May not work in this team, or not log in at all.
    pub disabled: bool,
    pub joined_ms: i64,
    /// When they last began to work in this team.
    pub last_login_ms: Option<i64>,
}

impl Person {
    fn administers(&self) -> bool {
        self.role == Role::Admin && !self.disabled
    }
}

/// What is to change of a person's place in a team; `None` keeps it.
#[derive(Debug, Clone, Copy, Default)]
pub struct MembershipChange {
    pub role: Option<Role>,
    pub disabled: Option<bool>,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MembershipOutcome {
    /// As the person is now, or was when they left.
    Done(Person),
    NotFound,
    /// Nobody would be left who may administer the team.
    LastAdmin,
}

impl Store {
    /// Everybody in a team, by when they came.
    pub async fn people(&self, team: &TeamId) -> Result<Vec<Person>> {
        let rows = self
            .db
            .rows(
                "select m.user_id, u.email, u.name, m.role, m.disabled + u.disabled as disabled, m.joined_ms, m.last_login_ms
                 from memberships m join users u on u.id = m.user_id where m.team_id = $1 order by m.joined_ms, m.user_id",
                args![team],
            )
            .await?;
        rows.iter().map(read).collect()
    }

    pub async fn change_membership(
        &self,
        team: &TeamId,
        user_id: &str,
        change: MembershipChange,
    ) -> Result<MembershipOutcome> {
        let mut tx = self.db.begin().await?;
        lock_team(&mut tx, team).await?;
        lock_user(&mut tx, user_id).await?;
        let Some(held) = person(&mut tx, team, user_id).await? else { return Ok(MembershipOutcome::NotFound) };
        let role = change.role.unwrap_or(held.role);
        let keeps = role == Role::Admin && change.disabled != Some(true);
        if held.administers() && !keeps && is_last_admin(&mut tx, team, user_id).await? {
            return Ok(MembershipOutcome::LastAdmin);
        }
        tx.run(
            "update memberships set role = $3, disabled = coalesce($4, disabled) where team_id = $1 and user_id = $2",
            args![team, user_id, role.code(), change.disabled.map(i64::from)],
        )
        .await?;
        if change.disabled == Some(true) {
            end_logins(&mut tx, team, user_id).await?;
        }
        let now = person(&mut tx, team, user_id).await?;
        tx.commit().await?;
        Ok(now.map_or(MembershipOutcome::NotFound, MembershipOutcome::Done))
    }

    /// Takes a person out of a team and ends their sessions in it.
    pub async fn end_membership(&self, team: &TeamId, user_id: &str) -> Result<MembershipOutcome> {
        let mut tx = self.db.begin().await?;
        lock_team(&mut tx, team).await?;
        lock_user(&mut tx, user_id).await?;
        let Some(held) = person(&mut tx, team, user_id).await? else { return Ok(MembershipOutcome::NotFound) };
        if held.administers() && is_last_admin(&mut tx, team, user_id).await? {
            return Ok(MembershipOutcome::LastAdmin);
        }
        tx.run("delete from memberships where team_id = $1 and user_id = $2", args![team, user_id]).await?;
        tx.run("delete from password_resets where user_id = $1", args![user_id]).await?;
        end_logins(&mut tx, team, user_id).await?;
        tx.commit().await?;
        Ok(MembershipOutcome::Done(held))
    }

    /// The teams that a person may work in, with their role in each.
    pub async fn teams_of(&self, user_id: &str) -> Result<Vec<(Team, Role)>> {
        let rows = self
            .db
            .rows(
                "select t.id, t.name, t.monthly_event_limit, t.created_ms, m.role from memberships m join teams t on t.id = m.team_id
                 where m.user_id = $1 and m.disabled = 0 order by t.name, t.id",
                args![user_id],
            )
            .await?;
        rows.iter().map(|row| Ok((crate::teams::read_team(row)?, Role::from_code(&row.text("role")?)))).collect()
    }

    /// Adds a team that a person administers. Returns false when they are in as many as they may be.
    pub async fn add_team_of(&self, team: &Team, user_id: &str) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        lock_user(&mut tx, user_id).await?;
        if teams_held(&mut tx, user_id).await? >= TEAMS_MAX {
            return Ok(false);
        }
        tx.run(
            "insert into teams (id, name, monthly_event_limit, created_ms) values ($1, $2, $3, $4)",
            args![&team.id, &team.name, team.monthly_event_limit, team.created_ms],
        )
        .await?;
        tx.run(
            "insert into memberships (team_id, user_id, role, joined_ms) values ($1, $2, $3, $4)",
            args![&team.id, user_id, Role::Admin.code(), team.created_ms],
        )
        .await?;
        // Who made a link for somebody of one team only would open the other with it.
        tx.run("delete from password_resets where user_id = $1", args![user_id]).await?;
        tx.commit().await?;
        Ok(true)
    }

    pub async fn rename_team(&self, team: &TeamId, name: &str) -> Result<()> {
        self.db.run("update teams set name = $2 where id = $1", args![team, name]).await.map(drop)
    }

    pub async fn rename_user(&self, user_id: &str, name: &str) -> Result<()> {
        self.db.run("update users set name = $2 where id = $1", args![user_id, name]).await.map(drop)
    }
}

/// Waits until no other transaction changes who belongs to the team. A lock of a person comes after it.
pub(crate) async fn lock_team(tx: &mut Tx, team: &TeamId) -> Result<()> {
    tx.run("update teams set name = name where id = $1", args![team]).await.map(drop)
}

/// Waits until no other transaction changes which teams the person belongs to, their password or their log-ins.
pub(crate) async fn lock_user(tx: &mut Tx, user_id: &str) -> Result<()> {
    tx.run("update users set name = name where id = $1", args![user_id]).await.map(drop)
}

pub(crate) async fn teams_held(tx: &mut Tx, user_id: &str) -> Result<i64> {
    let row = tx.row("select count(*) as n from memberships where user_id = $1", args![user_id]).await?;
    row.map_or(Ok(0), |row| row.int("n"))
}

pub(crate) async fn person(tx: &mut Tx, team: &TeamId, user_id: &str) -> Result<Option<Person>> {
    let row = tx
        .row(
            "select m.user_id, u.email, u.name, m.role, m.disabled + u.disabled as disabled, m.joined_ms, m.last_login_ms
             from memberships m join users u on u.id = m.user_id where m.team_id = $1 and m.user_id = $2",
            args![team, user_id],
        )
        .await?;
    row.as_ref().map(read).transpose()
}

async fn is_last_admin(tx: &mut Tx, team: &TeamId, user_id: &str) -> Result<bool> {
    let row = tx
        .row(
            "select count(*) as n from memberships m join users u on u.id = m.user_id
             where m.team_id = $1 and m.role = 'ADMIN' and m.disabled = 0 and u.disabled = 0 and m.user_id <> $2",
            args![team, user_id],
        )
        .await?;
    Ok(row.map_or(Ok(0), |row| row.int("n"))? == 0)
}

/// Ends a person's sessions in a team, and what their agents may do there.
async fn end_logins(tx: &mut Tx, team: &TeamId, user_id: &str) -> Result<()> {
    tx.run("delete from agent_grants where team_id = $1 and user_id = $2", args![team, user_id]).await?;
    tx.run("delete from login_sessions where user_id = $1 and team_id = $2", args![user_id, team]).await.map(drop)
}

fn read(row: &Row) -> Result<Person> {
    Ok(Person {
        user_id: row.text("user_id")?,
        email: row.text("email")?,
        name: row.text("name")?,
        role: Role::from_code(&row.text("role")?),
        disabled: row.flag("disabled")?,
        joined_ms: row.int("joined_ms")?,
        last_login_ms: row.opt_int("last_login_ms")?,
    })
}

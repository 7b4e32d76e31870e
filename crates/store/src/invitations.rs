//! Invitations into a team. Of the token that accepts one only its SHA-256 is stored. One stands as long as whoever made it may
//! invite: a person as an administrator of the team who may log in, a key while it is good.

use crate::TeamId;
use crate::db::{Row, Tx, args};
use crate::error::Result;
use crate::open::Store;
use crate::people::{MEMBERS_MAX, TEAMS_MAX, lock_team, lock_user, teams_held};
use crate::teams::{Membership, Role, User};
use std::collections::BTreeSet;

/// Invitations of a team that wait: they are read and shown as one list.
pub const INVITATIONS_MAX: i64 = 100;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub team: TeamId,
    pub id: String,
    pub email: String,
    pub role: Role,
    pub token_hash: String,
    /// Under which name, for people to read.
    pub invited_by: String,
    /// The person's or the key's id; none where it is not known: that one stands until it runs out.
    pub inviter_id: Option<String>,
    pub created_ms: i64,
    pub expires_ms: i64,
}

/// What became of inviting somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invited {
    Done,
    /// They belong to the team already.
    Member,
    /// Whoever invites may not, or not any longer.
    MayNot,
    TooManyInvitations,
    TeamFull,
}

/// Who accepts.
#[derive(Debug, Clone)]
pub enum Joining {
    /// Somebody unknown so far.
    Newcomer(User),
    /// Who has an account, by its id.
    Known(String),
}

/// What became of accepting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Joined {
    Done(Membership),
    /// Unknown, run out, withdrawn or used, or whoever invited may do so no longer.
    Gone,
    TeamFull,
    TooManyTeams,
}

impl Store {
    /// Invites somebody; an invitation of the same address that waits is replaced.
    pub async fn invite(&self, team: &TeamId, invitation: &Invitation) -> Result<Invited> {
        let mut tx = self.db.begin().await?;
        lock_team(&mut tx, team).await?;
        if is_member(&mut tx, team, &invitation.email).await? {
            return Ok(Invited::Member);
        }
        let inviters = ids(&tx.rows(INVITERS, args![team, invitation.created_ms]).await?)?;
        if !invitation.stands(&inviters) {
            return Ok(Invited::MayNot);
        }
        tx.run("delete from invitations where team_id = $1 and email = $2", args![team, &invitation.email]).await?;
        let rows = tx.rows(WAITING, args![team, invitation.created_ms]).await?;
        if standing(&rows, &inviters)?.len() as i64 >= INVITATIONS_MAX {
            return Ok(Invited::TooManyInvitations);
        }
        if is_full(&mut tx, team).await? {
            return Ok(Invited::TeamFull);
        }
        tx.run(
            "insert into invitations (team_id, id, email, role, token_hash, invited_by, inviter_id, created_ms, expires_ms)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            args![
                team,
                &invitation.id,
                &invitation.email,
                invitation.role.code(),
                &invitation.token_hash,
                &invitation.invited_by,
                invitation.inviter_id.clone(),
                invitation.created_ms,
                invitation.expires_ms
            ],
        )
        .await?;
        tx.commit().await?;
        Ok(Invited::Done)
    }

    /// Those that wait, newest first.
    pub async fn invitations(&self, team: &TeamId, now_ms: i64) -> Result<Vec<Invitation>> {
        let rows = self.db.rows(WAITING, args![team, now_ms]).await?;
        standing(&rows, &self.inviters(team, now_ms).await?)
    }

    async fn inviters(&self, team: &TeamId, now_ms: i64) -> Result<BTreeSet<String>> {
        ids(&self.db.rows(INVITERS, args![team, now_ms]).await?)
    }

    /// Returns whether there was such an invitation.
    pub async fn withdraw_invitation(&self, team: &TeamId, id: &str) -> Result<bool> {
        let gone = self.db.run("delete from invitations where team_id = $1 and id = $2", args![team, id]).await?;
        Ok(gone > 0)
    }

    /// The invitation that a token accepts, while it waits.
    pub async fn invitation_by_token(&self, token_hash: &str, now_ms: i64) -> Result<Option<Invitation>> {
        let row = self
            .db
            .row(
                "select team_id, id, email, role, token_hash, invited_by, inviter_id, created_ms, expires_ms from invitations
                 where token_hash = $1 and expires_ms > $2",
                args![token_hash, now_ms],
            )
            .await?;
        let Some(found) = row.as_ref().map(read).transpose()? else { return Ok(None) };
        let stands = found.stands(&self.inviters(&found.team, now_ms).await?);
        Ok(stands.then_some(found))
    }

    /// The newest invitation of an address that waits, into whichever team.
    pub async fn newest_invitation(&self, email: &str, now_ms: i64) -> Result<Option<Invitation>> {
        let rows = self
            .db
            .rows(
                "select team_id, id, email, role, token_hash, invited_by, inviter_id, created_ms, expires_ms from invitations
                 where email = $1 and expires_ms > $2 order by created_ms desc, id limit $3",
                args![email, now_ms, TEAMS_MAX],
            )
            .await?;
        for row in &rows {
            let found = read(row)?;
            if found.stands(&self.inviters(&found.team, now_ms).await?) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Uses an invitation up. A link to reset the password of somebody who joins a further team is withdrawn: one team may
    /// not hold the key to what they have in another.
    pub async fn accept_invitation(&self, invitation: &Invitation, joining: &Joining, now_ms: i64) -> Result<Joined> {
        let team = &invitation.team;
        let mut tx = self.db.begin().await?;
        lock_team(&mut tx, team).await?;
        if !invitation.stands(&ids(&tx.rows(INVITERS, args![team, now_ms]).await?)?) {
            return Ok(Joined::Gone);
        }
        let used = tx
            .run(
                "delete from invitations where team_id = $1 and id = $2 and token_hash = $3 and expires_ms > $4",
                args![team, &invitation.id, &invitation.token_hash, now_ms],
            )
            .await?;
        if used == 0 {
            return Ok(Joined::Gone);
        }
        if is_full(&mut tx, team).await? {
            return Ok(Joined::TeamFull);
        }
        let user_id = match joining {
            Joining::Known(user_id) => {
                lock_user(&mut tx, user_id).await?;
                if teams_held(&mut tx, user_id).await? >= TEAMS_MAX {
                    return Ok(Joined::TooManyTeams);
                }
                tx.run("delete from password_resets where user_id = $1", args![user_id]).await?;
                user_id
            }
            Joining::Newcomer(user) => {
                add_user(&mut tx, user).await?;
                &user.id
            }
        };
        tx.run(
            "insert into memberships (team_id, user_id, role, joined_ms) values ($1, $2, $3, $4) on conflict (team_id, user_id) do nothing",
            args![team, user_id, invitation.role.code(), now_ms],
        )
        .await?;
        tx.commit().await?;
        Ok(Joined::Done(Membership { team: team.clone(), user_id: user_id.clone(), role: invitation.role }))
    }
}

impl Invitation {
    fn stands(&self, inviters: &BTreeSet<String>) -> bool {
        self.inviter_id.as_ref().is_none_or(|id| inviters.contains(id))
    }
}

const WAITING: &str =
    "select team_id, id, email, role, token_hash, invited_by, inviter_id, created_ms, expires_ms from invitations
     where team_id = $1 and expires_ms > $2 order by created_ms desc, id";

/// Who may invite into a team: people and keys, by their ids.
const INVITERS: &str = "select m.user_id as id from memberships m join users u on u.id = m.user_id
     where m.team_id = $1 and m.role = 'ADMIN' and m.disabled = 0 and u.disabled = 0
     union select c.id from credentials c
     where c.team_id = $1 and c.disabled = 0 and c.revoked_ms is null and (c.expires_ms is null or c.expires_ms > $2)";

fn ids(rows: &[Row]) -> Result<BTreeSet<String>> {
    rows.iter().map(|row| row.text("id")).collect()
}

/// Those that let somebody in.
fn standing(rows: &[Row], inviters: &BTreeSet<String>) -> Result<Vec<Invitation>> {
    let all: Vec<Invitation> = rows.iter().map(read).collect::<Result<_>>()?;
    Ok(all.into_iter().filter(|held| held.stands(inviters)).collect())
}

pub(crate) async fn add_user(tx: &mut Tx, user: &User) -> Result<()> {
    tx.run(
        "insert into users (id, email, name, password_hash, disabled, created_ms) values ($1, $2, $3, $4, $5, $6)",
        args![&user.id, &user.email, &user.name, &user.password_hash, user.disabled, user.created_ms],
    )
    .await
    .map(drop)
}

async fn is_member(tx: &mut Tx, team: &TeamId, email: &str) -> Result<bool> {
    let row = tx
        .row(
            "select m.user_id from users u join memberships m on m.team_id = $1 and m.user_id = u.id where u.email = $2",
            args![team, email],
        )
        .await?;
    Ok(row.is_some())
}

pub(crate) async fn is_full(tx: &mut Tx, team: &TeamId) -> Result<bool> {
    let row = tx.row("select count(*) as n from memberships where team_id = $1", args![team]).await?;
    Ok(row.map_or(Ok(0), |row| row.int("n"))? >= MEMBERS_MAX)
}

fn read(row: &Row) -> Result<Invitation> {
    Ok(Invitation {
        team: TeamId::new(row.text("team_id")?),
        id: row.text("id")?,
        email: row.text("email")?,
        role: Role::from_code(&row.text("role")?),
        token_hash: row.text("token_hash")?,
        invited_by: row.text("invited_by")?,
        inviter_id: row.opt_text("inviter_id")?,
        created_ms: row.int("created_ms")?,
        expires_ms: row.int("expires_ms")?,
    })
}

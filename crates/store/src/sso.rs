//! Who of ours is who at the provider where people sign in: bound by issuer and subject, which never change, and not by an
//! e-mail address, which may be given to somebody else.

use crate::TeamId;
use crate::db::{Row, Tx, args};
use crate::error::Result;
use crate::invitations::{Joined, add_user, is_full};
use crate::open::Store;
use crate::people::{lock_team, lock_user};
use crate::teams::{Membership, Role, User, read_user};

/// Somebody at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub issuer: String,
    pub subject: String,
}

/// Since when a person of ours is somebody at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    pub issuer: String,
    pub bound_ms: i64,
}

impl Store {
    /// Who of ours somebody at a provider is.
    pub async fn bound_user(&self, subject: &Subject) -> Result<Option<User>> {
        let row = self
            .db
            .row(
                "select u.id, u.email, u.name, u.password_hash, u.disabled, u.created_ms from sso_bindings b
                 join users u on u.id = b.user_id where b.issuer = $1 and b.subject = $2",
                args![&subject.issuer, &subject.subject],
            )
            .await?;
        row.as_ref().map(read_user).transpose()
    }

    /// Binds a person to somebody at a provider. Returns false when one of them is bound to another there.
    pub async fn bind_user(&self, user_id: &str, subject: &Subject, now_ms: i64) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        lock_user(&mut tx, user_id).await?;
        let bound = bind(&mut tx, user_id, subject, now_ms).await?;
        tx.commit().await?;
        Ok(bound)
    }

    /// Where a person is bound, by issuer.
    pub async fn bindings_of(&self, user_id: &str) -> Result<Vec<Binding>> {
        let rows = self
            .db
            .rows("select issuer, bound_ms from sso_bindings where user_id = $1 order by issuer", args![user_id])
            .await?;
        rows.iter().map(|row| Ok(Binding { issuer: row.text("issuer")?, bound_ms: row.int("bound_ms")? })).collect()
    }

    /// Forgets who a person is at any provider, and ends their sessions. Returns whether they were bound.
    pub async fn unbind_user(&self, user_id: &str) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        lock_user(&mut tx, user_id).await?;
        let unbound = tx.run("delete from sso_bindings where user_id = $1", args![user_id]).await?;
        tx.run("delete from login_sessions where user_id = $1", args![user_id]).await?;
        tx.commit().await?;
        Ok(unbound > 0)
    }

    /// Adds somebody unknown so far to a team, bound from the beginning.
    pub async fn join_bound(
        &self,
        team: &TeamId,
        user: &User,
        role: Role,
        subject: &Subject,
        now_ms: i64,
    ) -> Result<Joined> {
        let mut tx = self.db.begin().await?;
        lock_team(&mut tx, team).await?;
        if is_full(&mut tx, team).await? {
            return Ok(Joined::TeamFull);
        }
        add_user(&mut tx, user).await?;
        tx.run(
            "insert into memberships (team_id, user_id, role, joined_ms) values ($1, $2, $3, $4)",
            args![team, &user.id, role.code(), now_ms],
        )
        .await?;
        if !bind(&mut tx, &user.id, subject, now_ms).await? {
            return Ok(Joined::Gone);
        }
        tx.commit().await?;
        Ok(Joined::Done(Membership { team: team.clone(), user_id: user.id.clone(), role }))
    }

    /// A team that a person was taken into first, whether or not they may work in it.
    pub async fn first_team_of(&self, user_id: &str) -> Result<Option<TeamId>> {
        let row = self
            .db
            .row(
                "select team_id from memberships where user_id = $1 order by joined_ms, team_id limit 1",
                args![user_id],
            )
            .await?;
        row.map(|row: Row| row.text("team_id").map(TeamId::new)).transpose()
    }
}

async fn bind(tx: &mut Tx, user_id: &str, subject: &Subject, now_ms: i64) -> Result<bool> {
    tx.run(
        "insert into sso_bindings (issuer, subject, user_id, bound_ms) values ($1, $2, $3, $4) on conflict do nothing",
        args![&subject.issuer, &subject.subject, user_id, now_ms],
    )
    .await?;
    let held = tx
        .row(
            "select user_id from sso_bindings where issuer = $1 and subject = $2",
            args![&subject.issuer, &subject.subject],
        )
        .await?;
    Ok(held.map(|row| row.text("user_id")).transpose()?.as_deref() == Some(user_id))
}

//! API keys: a public key for pages and a secret key for servers. Of the secret only its SHA-256 is stored.

use crate::TeamId;
use crate::db::{Row, args};
use crate::error::Result;
use crate::open::Store;

#[derive(Debug, Clone, PartialEq)]
pub struct Credential {
    pub team: TeamId,
    pub id: String,
    pub name: String,
    pub public_key: String,
    pub secret_hash: String,
    /// The last characters of the secret key, to tell keys apart.
    pub secret_hint: String,
    /// Origins whose pages may use the public key; empty means any.
    pub allowed_origins: Vec<String>,
    pub disabled: bool,
    pub revoked_ms: Option<i64>,
    pub expires_ms: Option<i64>,
    pub created_ms: i64,
    /// When it was last used, to the hour.
    pub last_used_ms: Option<i64>,
}

/// What can be changed about a credential; `None` keeps it.
#[derive(Debug, Clone, Default)]
pub struct CredentialWrite {
    pub name: Option<String>,
    pub allowed_origins: Option<Vec<String>>,
    pub disabled: Option<bool>,
    pub revoked_ms: Option<i64>,
    /// When both keys end; `Some(None)` is never.
    pub expires_ms: Option<Option<i64>>,
}

const COLUMNS: &str = "team_id, id, name, public_key, secret_hash, secret_hint, allowed_origins, disabled, revoked_ms, expires_ms, created_ms, last_used_ms";

impl Store {
    pub async fn add_credential(&self, credential: &Credential) -> Result<()> {
        self.db
            .run(
                "insert into credentials (team_id, id, name, public_key, secret_hash, secret_hint, allowed_origins, disabled, expires_ms, created_ms)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                args![
                    &credential.team,
                    &credential.id,
                    &credential.name,
                    &credential.public_key,
                    &credential.secret_hash,
                    &credential.secret_hint,
                    serde_json::to_string(&credential.allowed_origins)?,
                    credential.disabled,
                    credential.expires_ms,
                    credential.created_ms
                ],
            )
            .await
            .map(drop)
    }

    /// The credential of a public key or of the hash of a secret key, whatever its state: the caller judges it.
    pub async fn credential_by_key(&self, public_key: &str, secret_hash: &str) -> Result<Option<Credential>> {
        let sql =
            sqlx::AssertSqlSafe(format!("select {COLUMNS} from credentials where public_key = $1 or secret_hash = $2"));
        self.db.row(sql, args![public_key, secret_hash]).await?.as_ref().map(read).transpose()
    }

    pub async fn credentials(&self, team: &TeamId) -> Result<Vec<Credential>> {
        let sql = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS} from credentials where team_id = $1 order by created_ms, id"
        ));
        self.db.rows(sql, args![team]).await?.iter().map(read).collect()
    }

    /// Returns whether there is such a credential.
    pub async fn change_credential(&self, team: &TeamId, id: &str, change: &CredentialWrite) -> Result<bool> {
        let origins = change.allowed_origins.as_ref().map(serde_json::to_string).transpose()?;
        let touched = self
            .db
            .run(
                "update credentials set name = coalesce($3, name), allowed_origins = coalesce($4, allowed_origins),
                   disabled = coalesce($5, disabled), revoked_ms = coalesce($6, revoked_ms), expires_ms = case when $7 = 1 then $8 else expires_ms end
                 where team_id = $1 and id = $2",
                args![
                    team,
                    id,
                    change.name.clone(),
                    origins,
                    change.disabled.map(i64::from),
                    change.revoked_ms,
                    change.expires_ms.is_some(),
                    change.expires_ms.flatten()
                ],
            )
            .await?;
        Ok(touched > 0)
    }

    /// Notes that a credential was used; not when the note that is there is younger than `apart_ms`.
    pub async fn note_credential_use(&self, team: &TeamId, id: &str, at_ms: i64, apart_ms: i64) -> Result<()> {
        self.db
            .run(
                "update credentials set last_used_ms = $3 where team_id = $1 and id = $2 and coalesce(last_used_ms, 0) <= $4",
                args![team, id, at_ms, at_ms - apart_ms],
            )
            .await
            .map(drop)
    }
}

fn read(row: &Row) -> Result<Credential> {
    Ok(Credential {
        team: TeamId::new(row.text("team_id")?),
        id: row.text("id")?,
        name: row.text("name")?,
        public_key: row.text("public_key")?,
        secret_hash: row.text("secret_hash")?,
        secret_hint: row.text("secret_hint")?,
        allowed_origins: serde_json::from_str(&row.text("allowed_origins")?)?,
        disabled: row.flag("disabled")?,
        revoked_ms: row.opt_int("revoked_ms")?,
        expires_ms: row.opt_int("expires_ms")?,
        created_ms: row.int("created_ms")?,
        last_used_ms: row.opt_int("last_used_ms")?,
    })
}

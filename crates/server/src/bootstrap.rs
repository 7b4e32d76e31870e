//! The first start on an empty store: a team, an administrator and a credential, shown once.

use crate::http::credentials::new_credential;
use crate::ids::Ids;
use crate::secrets::{hash_password, random_key};
use dregs_engine::rules::defaults;
use dregs_store::{Role, Store, StoreError, Team, TeamId, User};
use serde::Serialize;
use std::path::Path;

pub const FIRST_EMAIL: &str = "admin@localhost";

/// What the operator needs to begin. Only here are password and secret key readable.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FirstKeys {
    pub base_url: String,
    pub email: String,
    pub password: String,
    pub public_key: String,
    pub secret_key: String,
}

/// Makes the first team of an empty store; none when the store has one.
pub async fn bootstrap(store: &Store, base_url: &str, now_ms: i64) -> Result<Option<FirstKeys>, StoreError> {
    if !store.teams().await?.is_empty() {
        return Ok(None);
    }
    make_team(store, "First team", FIRST_EMAIL, base_url, now_ms).await.map(Some)
}

/// A team with an administrator and a credential.
pub async fn make_team(
    store: &Store,
    name: &str,
    email: &str,
    base_url: &str,
    now_ms: i64,
) -> Result<FirstKeys, StoreError> {
    let team =
        Team { id: TeamId::new(random_key("team_")), name: name.into(), monthly_event_limit: None, created_ms: now_ms };
    let password = random_key("");
    let user = User {
        id: random_key("user_"),
        email: email.to_lowercase(),
        name: "Administrator".into(),
        password_hash: hash_password(&password).map_err(StoreError::Damaged)?,
        disabled: false,
        created_ms: now_ms,
    };
    let (credential, secret_key) = new_credential(&team.id, "First credential", now_ms);
    store.add_team(&team).await?;
    store.add_user(&user, &team.id, Role::Admin).await?;
    store.add_credential(&credential).await?;
    add_default_rules(store, &team.id, now_ms).await?;
    Ok(FirstKeys {
        base_url: base_url.into(),
        email: user.email,
        password,
        public_key: credential.public_key,
        secret_key,
    })
}

/// Rules to begin with.
pub async fn add_default_rules(store: &Store, team: &TeamId, now_ms: i64) -> Result<(), StoreError> {
    let ids = Ids::new(0);
    for mut rule in defaults::badge_rules() {
        rule.id = ids.next(now_ms).to_string();
        store.put_badge_rule(team, &rule, now_ms).await?;
    }
    for mut rule in defaults::escalation_rules(now_ms) {
        rule.id = ids.next(now_ms).to_string();
        store.put_escalation_rule(team, &rule, now_ms).await?;
    }
    Ok(())
}

/// Writes the keys where only their owner can read them.
pub fn write_file(path: &Path, keys: &FirstKeys) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(serde_json::to_string_pretty(keys)?.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

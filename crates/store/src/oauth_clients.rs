//! Programs that registered to ask people for access. They belong to no team.

use crate::db::{Row, args};
use crate::error::Result;
use crate::open::Store;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OauthClient {
    pub id: String,
    /// What it calls itself: nobody has checked that.
    pub name: String,
    pub redirect_uris: Vec<String>,
    pub created_ms: i64,
    /// When it is forgotten, unless somebody uses it before.
    pub expires_ms: i64,
}

impl Store {
    /// Adds a client and forgets expired ones. Of those nobody has used yet at most `unused_max` stay: the oldest give way.
    /// Whoever registers many pushes out others like that, but none that holds a grant which has not ended.
    pub async fn add_oauth_client(&self, client: &OauthClient, unused_max: i64) -> Result<()> {
        let mut tx = self.db.begin().await?;
        tx.run(
            "delete from oauth_clients where expires_ms <= $1 and not exists (
               select 1 from agent_grants g where g.client_id = oauth_clients.id and g.client_id is not null
                 and (g.expires_ms is null or g.expires_ms > $1))",
            args![client.created_ms],
        )
        .await?;
        tx.run(
            "delete from oauth_clients where id in (
               select c.id from oauth_clients c where c.used = 0 and not exists (
                 select 1 from agent_grants g where g.client_id = c.id and g.client_id is not null
                   and (g.expires_ms is null or g.expires_ms > $2))
               order by c.created_ms desc, c.id desc limit 1000 offset $1)",
            args![unused_max - 1, client.created_ms],
        )
        .await?;
        tx.run(
            "insert into oauth_clients (id, name, redirect_uris, used, created_ms, expires_ms) values ($1, $2, $3, 0, $4, $5)",
            args![
                &client.id,
                &client.name,
                serde_json::to_string(&client.redirect_uris)?,
                client.created_ms,
                client.expires_ms
            ],
        )
        .await?;
        tx.commit().await
    }

    pub async fn oauth_client(&self, id: &str, now_ms: i64) -> Result<Option<OauthClient>> {
        let row = self
            .db
            .row(
                "select c.id, c.name, c.redirect_uris, c.created_ms, c.expires_ms from oauth_clients c where c.id = $1 and (c.expires_ms > $2
                   or exists (select 1 from agent_grants g where g.client_id = c.id and g.client_id is not null
                     and (g.expires_ms is null or g.expires_ms > $2)))",
                args![id, now_ms],
            )
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Keeps a client that somebody uses.
    pub async fn keep_oauth_client(&self, id: &str, until_ms: i64) -> Result<()> {
        self.db
            .run("update oauth_clients set used = 1, expires_ms = $2 where id = $1", args![id, until_ms])
            .await
            .map(drop)
    }
}

fn read(row: &Row) -> Result<OauthClient> {
    Ok(OauthClient {
        id: row.text("id")?,
        name: row.text("name")?,
        redirect_uris: serde_json::from_str(&row.text("redirect_uris")?)?,
        created_ms: row.int("created_ms")?,
        expires_ms: row.int("expires_ms")?,
    })
}

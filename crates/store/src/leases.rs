//! Leases: which of several nodes does a job that only one may do.

use crate::db::args;
use crate::error::Result;
use crate::open::Store;

impl Store {
    /// Takes or prolongs a lease. Returns whether `owner` holds it until `until_ms`.
    pub async fn take_lease(&self, name: &str, owner: &str, now_ms: i64, until_ms: i64) -> Result<bool> {
        let touched = self
            .db
            .run(
                "insert into leases (name, owner, until_ms) values ($1, $2, $4)
                 on conflict (name) do update set owner = excluded.owner, until_ms = excluded.until_ms
                 where leases.owner = excluded.owner or leases.until_ms < $3",
                args![name, owner, now_ms, until_ms],
            )
            .await?;
        Ok(touched > 0)
    }

    /// Gives a lease back, so that another node need not wait for it to run out.
    pub async fn release_lease(&self, name: &str, owner: &str) -> Result<()> {
        self.db.run("delete from leases where name = $1 and owner = $2", args![name, owner]).await.map(drop)
    }
}

//! Numbered schema changes. A store of a newer version than this binary knows is refused, not guessed at.

use crate::db::{Db, Tx, args};
use crate::error::{Result, StoreError};

/// A schema change: its number is its place in the list, from 1.
pub(crate) struct Migration {
    name: &'static str,
    sql: &'static str,
}

const SQLITE: &[Migration] = &[
    Migration { name: "first", sql: include_str!("../migrations/sqlite/0001_first.sql") },
    Migration { name: "acting", sql: include_str!("../migrations/sqlite/0002_acting.sql") },
    Migration { name: "audit", sql: include_str!("../migrations/sqlite/0003_audit.sql") },
    Migration { name: "agents", sql: include_str!("../migrations/sqlite/0004_agents.sql") },
    Migration { name: "people", sql: include_str!("../migrations/sqlite/0005_people.sql") },
    Migration { name: "notify", sql: include_str!("../migrations/sqlite/0006_notify.sql") },
    Migration { name: "labels", sql: include_str!("../migrations/sqlite/0007_labels.sql") },
    Migration { name: "datasets", sql: include_str!("../migrations/sqlite/0008_datasets.sql") },
    Migration { name: "privacy", sql: include_str!("../migrations/sqlite/0009_privacy.sql") },
    Migration { name: "inviters", sql: include_str!("../migrations/sqlite/0010_inviters.sql") },
    Migration { name: "sso", sql: include_str!("../migrations/sqlite/0011_sso.sql") },
    Migration { name: "search", sql: include_str!("../migrations/sqlite/0012_search.sql") },
];
const POSTGRES: &[Migration] = &[
    Migration { name: "first", sql: include_str!("../migrations/postgres/0001_first.sql") },
    Migration { name: "acting", sql: include_str!("../migrations/postgres/0002_acting.sql") },
    Migration { name: "audit", sql: include_str!("../migrations/postgres/0003_audit.sql") },
    Migration { name: "agents", sql: include_str!("../migrations/postgres/0004_agents.sql") },
    Migration { name: "people", sql: include_str!("../migrations/postgres/0005_people.sql") },
    Migration { name: "notify", sql: include_str!("../migrations/postgres/0006_notify.sql") },
    Migration { name: "labels", sql: include_str!("../migrations/postgres/0007_labels.sql") },
    Migration { name: "datasets", sql: include_str!("../migrations/postgres/0008_datasets.sql") },
    Migration { name: "privacy", sql: include_str!("../migrations/postgres/0009_privacy.sql") },
    Migration { name: "inviters", sql: include_str!("../migrations/postgres/0010_inviters.sql") },
    Migration { name: "sso", sql: include_str!("../migrations/postgres/0011_sso.sql") },
    Migration { name: "search", sql: include_str!("../migrations/postgres/0012_search.sql") },
];
/// The ingest log's own file on SQLite.
pub(crate) const LOG_MIGRATIONS: &[Migration] = &[
    Migration { name: "first", sql: include_str!("../migrations/sqlite/ingest_0001_first.sql") },
    Migration { name: "attempts", sql: include_str!("../migrations/sqlite/ingest_0002_attempts.sql") },
];

pub(crate) fn main_migrations(db: &Db) -> &'static [Migration] {
    if db.is_postgres() { POSTGRES } else { SQLITE }
}

/// Applies what is missing: all of it or nothing. Nodes that start at once take turns.
pub(crate) async fn apply(db: &Db, migrations: &[Migration]) -> Result<usize> {
    let mut tx = db.begin().await?;
    tx.lock_schema().await?;
    tx.run("create table if not exists schema_migrations (version bigint primary key, name text not null)", vec![])
        .await?;
    let held = version(&mut tx).await?;
    if held > migrations.len() {
        return Err(StoreError::Unusable(format!(
            "the store has schema version {held}, this binary knows up to {}: use a newer dregs",
            migrations.len()
        )));
    }
    for (index, migration) in migrations.iter().enumerate().skip(held) {
        tx.script(migration.sql).await?;
        tx.run(
            "insert into schema_migrations (version, name) values ($1, $2)",
            args![index as i64 + 1, migration.name],
        )
        .await?;
    }
    tx.commit().await?;
    Ok(migrations.len() - held)
}

async fn version(tx: &mut Tx) -> Result<usize> {
    let row = tx.row("select coalesce(max(version), 0) as version from schema_migrations", vec![]).await?;
    Ok(row.map(|row| row.int("version")).transpose()?.unwrap_or(0) as usize)
}

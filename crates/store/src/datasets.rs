//! A team's own entries of datasets.

use crate::TeamId;
use crate::db::{Batch, Row, Tx, args};
use crate::error::{Result, StoreError};
use crate::open::Store;
use crate::paging::{ListQuery, Page, Where, page};
use crate::rules::turn_page;
use dregs_engine::datasets::{Dataset, Lists};
use std::collections::{BTreeMap, BTreeSet};

/// Identities that a change of entries has scored again at once; more are when they are scored again anyway.
const REQUEUED_MAX: i64 = 100_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetEntry {
    pub key: String,
    pub value: String,
    pub note: Option<String>,
    pub updated_by: String,
    pub created_ms: i64,
    pub updated_ms: i64,
}

/// An entry to write. The key is as `Dataset::key` makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryWrite {
    pub key: String,
    pub value: String,
    pub note: Option<String>,
}

/// What writing entries did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    pub created: u64,
    pub updated: u64,
}

/// API fields that entries can be sorted by, and their columns.
pub const DATASET_ENTRY_SORTS: &[(&str, &str)] = &[("key", "e.key")];

const COLUMNS: &str = "e.key, e.value, e.note, e.updated_by, e.created_ms, e.updated_ms";

impl Store {
    /// How many entries a team has of its own in each dataset.
    pub async fn dataset_counts(&self, team: &TeamId) -> Result<BTreeMap<String, u64>> {
        let rows = self
            .db
            .rows("select dataset, count(*) as n from dataset_entries where team_id = $1 group by dataset", args![team])
            .await?;
        rows.iter().map(|row| Ok((row.text("dataset")?, row.int("n")? as u64))).collect()
    }

    /// A team's own entries whose key or note has `term`.
    pub async fn dataset_entries(
        &self,
        team: &TeamId,
        dataset: Dataset,
        term: &str,
        query: &ListQuery,
    ) -> Result<Page<DatasetEntry>> {
        let mut condition = Where::new("e.team_id = $1", team);
        condition.and("e.dataset = ?", dataset.slug());
        if !term.is_empty() {
            condition.matches(&["e.key", "e.note"], term);
        }
        page(&self.db, COLUMNS, "dataset_entries e", condition, query, "e.key", read).await
    }

    pub async fn dataset_entry(&self, team: &TeamId, dataset: Dataset, key: &str) -> Result<Option<DatasetEntry>> {
        let sql = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS} from dataset_entries e where e.team_id = $1 and e.dataset = $2 and e.key = $3"
        ));
        self.db.row(sql, args![team, dataset.slug(), key]).await?.as_ref().map(read).transpose()
    }

    /// All entries of a team as scoring uses them.
    pub async fn lists(&self, team: &TeamId) -> Result<Lists> {
        let rows =
            self.db.rows("select dataset, key, value from dataset_entries where team_id = $1", args![team]).await?;
        let entry = |row: &Row| {
            let dataset = Dataset::from_slug(&row.text("dataset")?);
            Ok(dataset.zip(Some((row.text("key")?, row.text("value")?))))
        };
        let entries = rows.iter().map(entry).collect::<Result<Vec<_>>>()?;
        Ok(Lists::of(entries.into_iter().flatten().map(|(dataset, (key, value))| (dataset, key, value))))
    }

    /// Writes entries, all or none: `Conflict` when the team would have too many. Whoever they concern and can be found by a
    /// key is scored again, and nothing is committed that was concluded without them.
    pub async fn put_dataset_entries(
        &self,
        team: &TeamId,
        dataset: Dataset,
        entries: &[EntryWrite],
        by: &str,
        now_ms: i64,
    ) -> Result<Imported> {
        // The last of two entries with one key counts: a statement may touch a row only once.
        let entries: BTreeMap<&str, &EntryWrite> = entries.iter().map(|entry| (entry.key.as_str(), entry)).collect();
        let mut tx = self.db.begin().await?;
        turn_page(&mut tx, team).await?;
        let before = held(&mut tx, team, dataset).await?;
        let rows: Batch = entries.values().map(|entry| (&entry.key, &entry.value, &entry.note)).collect();
        tx.run(
            "insert into dataset_entries (team_id, dataset, key, value, note, updated_by, created_ms, updated_ms)
             select $1, $2, value->>0, value->>1, value->>2, $4, $5, $5 from json_each($3) where true
             on conflict (team_id, dataset, key) do update set value = excluded.value, note = excluded.note,
               updated_by = excluded.updated_by, updated_ms = excluded.updated_ms",
            args![team, dataset.slug(), rows, by, now_ms],
        )
        .await?;
        let after = held(&mut tx, team, dataset).await?;
        if after > dataset.entries_max() as u64 {
            return Err(StoreError::Conflict("the team would have too many entries in this dataset: delete some"));
        }
        requeue(&mut tx, team, dataset, entries.keys().copied(), now_ms).await?;
        tx.commit().await?;
        let created = after - before;
        Ok(Imported { created, updated: entries.len() as u64 - created })
    }

    /// Returns whether there was such an entry.
    pub async fn delete_dataset_entry(&self, team: &TeamId, dataset: Dataset, key: &str, now_ms: i64) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        turn_page(&mut tx, team).await?;
        let gone = tx
            .run(
                "delete from dataset_entries where team_id = $1 and dataset = $2 and key = $3",
                args![team, dataset.slug(), key],
            )
            .await?;
        if gone == 0 {
            return Ok(false);
        }
        requeue(&mut tx, team, dataset, [key], now_ms).await?;
        tx.commit().await?;
        Ok(true)
    }
}

async fn held(tx: &mut Tx, team: &TeamId, dataset: Dataset) -> Result<u64> {
    let row = tx
        .row(
            "select count(*) as n from dataset_entries where team_id = $1 and dataset = $2",
            args![team, dataset.slug()],
        )
        .await?;
    row.map_or(Ok(0), |row| row.int("n")).map(|n| n as u64)
}

async fn requeue<'a>(
    tx: &mut Tx,
    team: &TeamId,
    dataset: Dataset,
    keys: impl IntoIterator<Item = &'a str>,
    now_ms: i64,
) -> Result<()> {
    let found: BTreeSet<_> = keys.into_iter().flat_map(|key| Lists::found_under(dataset, key)).collect();
    if found.is_empty() {
        return Ok(());
    }
    let rows: Batch = found.iter().map(|(kind, key)| (kind.code(), key)).collect();
    tx.run(
        "update identities set due_ms = $3 where team_id = $1 and disregarded = 0 and id in (
           select h.identity_id from json_each($2) j cross join identity_keys h
           where h.team_id = $1 and h.kind = j.value->>0 and h.key = j.value->>1 limit $4)",
        args![team, rows, now_ms, REQUEUED_MAX],
    )
    .await
    .map(drop)
}

fn read(row: &Row) -> Result<DatasetEntry> {
    Ok(DatasetEntry {
        key: row.text("key")?,
        value: row.text("value")?,
        note: row.opt_text("note")?,
        updated_by: row.text("updated_by")?,
        created_ms: row.int("created_ms")?,
        updated_ms: row.int("updated_ms")?,
    })
}

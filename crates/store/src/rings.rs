//! Rings: listing and reading. `ring_changes.rs` keeps them.

use crate::TeamId;
use crate::db::{Batch, Row, args};
use crate::error::Result;
use crate::open::Store;
use crate::paging::{ListQuery, Page, Where, page};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, PartialEq)]
pub struct StoredRing {
    pub id: String,
    pub size: usize,
    /// Strong pairs within.
    pub pairs: usize,
    pub risk: u8,
    /// Members that joined within the last week.
    pub growth: u64,
    pub main_id: Option<String>,
    pub truncated: bool,
    pub created_ms: i64,
    pub updated_ms: i64,
}

#[derive(Debug, Clone, Default)]
pub struct RingFilter {
    pub identity: Option<String>,
    pub min_size: Option<u32>,
}

/// API fields that rings can be sorted by, and their columns.
pub const RING_SORTS: &[(&str, &str)] = &[
    ("risk", "r.risk"),
    ("size", "r.size"),
    ("growth", "growth"),
    ("updatedAt", "r.updated_ms"),
    ("createdAt", "r.created_ms"),
];

const COLUMNS: &str = "r.id, r.size, r.pairs, r.risk, r.truncated, r.created_ms, r.updated_ms,
  (select count(*) from ring_members n where n.team_id = r.team_id and n.ring_id = r.id and n.joined_ms > cast($2 as bigint) - 604800000) as growth";

impl Store {
    pub async fn rings(
        &self,
        team: &TeamId,
        filter: &RingFilter,
        query: &ListQuery,
        now_ms: i64,
    ) -> Result<Page<StoredRing>> {
        let mut condition = Where::new("r.team_id = $1", team);
        // The second value is also what growth is counted up to.
        condition.and("r.created_ms <= ?", now_ms);
        condition.and_some(
            "r.id in (select m.ring_id from ring_members m where m.team_id = $1 and m.identity_id = ?)",
            filter.identity.as_deref(),
        );
        condition.and_some("r.size >= ?", filter.min_size.map(i64::from));
        let mut found = page(&self.db, COLUMNS, "rings r", condition, query, "r.id", read).await?;
        self.add_mains(team, &mut found.items).await?;
        Ok(found)
    }

    pub async fn ring(&self, team: &TeamId, id: &str, now_ms: i64) -> Result<Option<StoredRing>> {
        let sql = sqlx::AssertSqlSafe(format!("select {COLUMNS} from rings r where r.team_id = $1 and r.id = $3"));
        let Some(row) = self.db.row(sql, args![team, now_ms, id]).await? else { return Ok(None) };
        let mut found = vec![read(&row)?];
        self.add_mains(team, &mut found).await?;
        Ok(found.pop())
    }

    async fn add_mains(&self, team: &TeamId, rings: &mut [StoredRing]) -> Result<()> {
        let mains = self.main_accounts(team, rings.iter().map(|ring| ring.id.as_str()).collect()).await?;
        rings.iter_mut().for_each(|ring| ring.main_id = mains.get(&ring.id).cloned());
        Ok(())
    }

    /// The main account of each ring that has one. Where two grew together, the one named first stands for both.
    pub(crate) async fn main_accounts(&self, team: &TeamId, rings: BTreeSet<&str>) -> Result<BTreeMap<String, String>> {
        let batch: Batch = rings.iter().map(|id| (id,)).collect();
        let rows = self
            .db
            .rows(
                "select m.ring_id, a.identity_id from json_each($2) j cross join ring_members m cross join main_accounts a
                 where m.team_id = $1 and m.ring_id = j.value->>0 and a.team_id = $1 and a.identity_id = m.identity_id
                 order by a.decided_ms desc, a.identity_id desc",
                args![team, batch],
            )
            .await?;
        rows.iter().map(|row| Ok((row.text("ring_id")?, row.text("identity_id")?))).collect()
    }

    /// Members of a ring and since when each is linked to the others, first comers first.
    pub async fn ring_members(&self, team: &TeamId, id: &str) -> Result<Vec<(String, i64)>> {
        let rows = self
            .db
            .rows(
                "select identity_id, joined_ms from ring_members where team_id = $1 and ring_id = $2 order by joined_ms, identity_id",
                args![team, id],
            )
            .await?;
        rows.iter().map(|row| Ok((row.text("identity_id")?, row.int("joined_ms")?))).collect()
    }
}

fn read(row: &Row) -> Result<StoredRing> {
    Ok(StoredRing {
        id: row.text("id")?,
        size: row.int("size")? as usize,
        pairs: row.int("pairs")? as usize,
        risk: row.int("risk")?.clamp(0, 100) as u8,
        growth: row.int("growth")? as u64,
        main_id: None,
        truncated: row.flag("truncated")?,
        created_ms: row.int("created_ms")?,
        updated_ms: row.int("updated_ms")?,
    })
}

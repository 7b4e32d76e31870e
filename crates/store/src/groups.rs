//! The customer's own organizations, teams and workspaces, and who belongs to them.

use crate::TeamId;
use crate::db::{Batch, Row, Tx, args};
use crate::error::Result;
use crate::open::Store;
use crate::paging::{ListQuery, Page, Where, like_pattern, page};
use dregs_engine::event::merge_attributes;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pub kind: String,
    pub id: String,
    pub display_name: Option<String>,
    pub identity_count: u64,
    pub attributes: Map<String, Value>,
    pub created_ms: i64,
    pub updated_ms: i64,
    pub last_tracked_ms: Option<i64>,
}

/// A sighting of a group: its attributes are merged into what is held.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupWrite {
    pub kind: String,
    pub id: String,
    pub attributes: Map<String, Value>,
    pub at_ms: i64,
    /// Set when an event carried the group.
    pub tracked: bool,
}

#[derive(Debug, Clone, Default)]
pub struct GroupFilter {
    pub kind: Option<String>,
    pub identity: Option<String>,
    pub term: Option<String>,
}

/// API fields that groups can be sorted by, and their columns.
pub const GROUP_SORTS: &[(&str, &str)] = &[
    ("updatedAt", "g.updated_ms"),
    ("createdAt", "g.created_ms"),
    ("lastTrackedAt", "g.last_tracked_ms"),
    ("id", "g.id"),
    ("type", "g.type"),
    ("displayName", "g.display_name"),
    ("identityCount", "identity_count"),
];

const COLUMNS: &str = "g.type, g.id, g.display_name, g.data, g.created_ms, g.updated_ms, g.last_tracked_ms,
  (select count(*) from group_members m where m.team_id = g.team_id and m.type = g.type and m.group_id = g.id) as identity_count";

impl Store {
    pub async fn group(&self, team: &TeamId, kind: &str, id: &str) -> Result<Option<Group>> {
        let sql = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS} from groups g where g.team_id = $1 and g.type = $2 and g.id = $3"
        ));
        self.db.row(sql, args![team, kind, id]).await?.as_ref().map(read).transpose()
    }

    pub async fn groups(&self, team: &TeamId, filter: &GroupFilter, query: &ListQuery) -> Result<Page<Group>> {
        let mut condition = Where::new("g.team_id = $1", team);
        condition.and_some("g.type = ?", filter.kind.as_deref());
        condition.and_some(
            "exists (select 1 from group_members m where m.team_id = g.team_id and m.identity_id = ? and m.type = g.type and m.group_id = g.id)",
            filter.identity.as_deref(),
        );
        if let Some(term) = &filter.term {
            condition.and("g.search like ? escape '\\'", like_pattern(&term.to_lowercase()));
        }
        page(&self.db, COLUMNS, "groups g", condition, query, "g.type, g.id", read).await
    }

    /// Creates the group or merges attributes into it.
    pub async fn put_group(&self, team: &TeamId, group: GroupWrite) -> Result<()> {
        let mut tx = self.db.begin().await?;
        crate::rules::hold_page(&mut tx, team).await?;
        write(&mut tx, team, &[group], &[]).await?;
        tx.commit().await
    }

    /// Makes an identity a member. Returns whether both exist.
    pub async fn add_member(&self, team: &TeamId, kind: &str, group: &str, identity: &str) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let both = tx
            .row(
                "select 1 as one from groups g join identities i on i.team_id = g.team_id
                 where g.team_id = $1 and g.type = $2 and g.id = $3 and i.id = $4",
                args![team, kind, group, identity],
            )
            .await?;
        if both.is_none() {
            return Ok(false);
        }
        write_members(&mut tx, team, &[(kind.to_owned(), group.to_owned(), identity.to_owned())]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Ends a membership. Returns whether there was one.
    pub async fn remove_member(&self, team: &TeamId, kind: &str, group: &str, identity: &str) -> Result<bool> {
        let touched = self
            .db
            .run(
                "delete from group_members where team_id = $1 and type = $2 and group_id = $3 and identity_id = $4",
                args![team, kind, group, identity],
            )
            .await?;
        Ok(touched > 0)
    }

    pub(crate) async fn group_names(
        &self,
        team: &TeamId,
        wanted: &BTreeSet<(String, String)>,
    ) -> Result<BTreeMap<(String, String), String>> {
        let batch: Batch = wanted.iter().collect();
        let rows = self
            .db
            .rows(
                "select g.type, g.id, g.display_name from json_each($2) j cross join groups g
                 where g.team_id = $1 and g.type = j.value->>0 and g.id = j.value->>1 and g.display_name is not null",
                args![team, batch],
            )
            .await?;
        rows.iter().map(|row| Ok(((row.text("type")?, row.text("id")?), row.text("display_name")?))).collect()
    }
}

/// Attribute names that name a group, best first.
const NAME_KEYS: [&str; 5] = ["name", "displayName", "display_name", "title", "label"];

fn display_name(attributes: &Map<String, Value>) -> Option<String> {
    let named = |key: &&str| attributes.get(*key).and_then(Value::as_str).filter(|name| !name.is_empty());
    NAME_KEYS.iter().find_map(named).map(str::to_owned)
}

/// Merges sightings into the groups they are of, and adds members.
pub(crate) async fn write(
    tx: &mut Tx,
    team: &TeamId,
    groups: &[GroupWrite],
    members: &[(String, String, String)],
) -> Result<()> {
    if !groups.is_empty() {
        let held = held_attributes(tx, team, groups).await?;
        let rows: Batch = merged(groups, held).into_iter().map(row).collect();
        tx.run(
            "insert into groups (team_id, type, id, display_name, search, data, created_ms, updated_ms, last_tracked_ms)
             select $1, value->>0, value->>1, value->>2, value->>3, value->>4, cast(value->>5 as bigint), cast(value->>5 as bigint),
               cast(value->>6 as bigint)
             from json_each($2) where true
             on conflict (team_id, type, id) do update set display_name = excluded.display_name, search = excluded.search,
               data = excluded.data,
               updated_ms = case when excluded.updated_ms > groups.updated_ms then excluded.updated_ms else groups.updated_ms end,
               last_tracked_ms = case when excluded.last_tracked_ms < groups.last_tracked_ms then groups.last_tracked_ms
                 else coalesce(excluded.last_tracked_ms, groups.last_tracked_ms) end",
            args![team, rows],
        )
        .await?;
    }
    if members.is_empty() { Ok(()) } else { write_members(tx, team, members).await }
}

fn row(group: GroupWrite) -> impl serde::Serialize {
    let name = display_name(&group.attributes);
    let search = crate::pipeline::search_text(&group.id, [&name]);
    let data = Value::Object(group.attributes).to_string();
    let tracked_ms = group.tracked.then_some(group.at_ms);
    (group.kind, group.id, name, search, data, group.at_ms, tracked_ms)
}

async fn held_attributes(
    tx: &mut Tx,
    team: &TeamId,
    groups: &[GroupWrite],
) -> Result<BTreeMap<(String, String), Map<String, Value>>> {
    let wanted: Batch = groups.iter().map(|group| (&group.kind, &group.id)).collect();
    let rows = tx
        .rows(
            "select g.type, g.id, g.data from json_each($2) j cross join groups g
             where g.team_id = $1 and g.type = j.value->>0 and g.id = j.value->>1",
            args![team, wanted],
        )
        .await?;
    rows.iter()
        .map(|row| Ok(((row.text("type")?, row.text("id")?), serde_json::from_str(&row.text("data")?)?)))
        .collect()
}

/// One write for each group: sightings of the same group are folded in order.
fn merged(groups: &[GroupWrite], held: BTreeMap<(String, String), Map<String, Value>>) -> Vec<GroupWrite> {
    let mut out: BTreeMap<(String, String), GroupWrite> = BTreeMap::new();
    for group in groups {
        let key = (group.kind.clone(), group.id.clone());
        let entry = out.entry(key.clone()).or_insert_with(|| GroupWrite {
            kind: group.kind.clone(),
            id: group.id.clone(),
            attributes: held.get(&key).cloned().unwrap_or_default(),
            at_ms: group.at_ms,
            tracked: false,
        });
        merge_attributes(&mut entry.attributes, &group.attributes);
        entry.at_ms = entry.at_ms.max(group.at_ms);
        entry.tracked |= group.tracked;
    }
    out.into_values().collect()
}

async fn write_members(tx: &mut Tx, team: &TeamId, members: &[(String, String, String)]) -> Result<()> {
    let rows: Batch = members.iter().collect();
    tx.run(
        "insert into group_members (team_id, type, group_id, identity_id)
         select $1, value->>0, value->>1, value->>2 from json_each($2) where true
         on conflict (team_id, type, group_id, identity_id) do nothing",
        args![team, rows],
    )
    .await
    .map(drop)
}

fn read(row: &Row) -> Result<Group> {
    Ok(Group {
        kind: row.text("type")?,
        id: row.text("id")?,
        display_name: row.opt_text("display_name")?,
        identity_count: row.int("identity_count")? as u64,
        attributes: serde_json::from_str(&row.text("data")?)?,
        created_ms: row.int("created_ms")?,
        updated_ms: row.int("updated_ms")?,
        last_tracked_ms: row.opt_int("last_tracked_ms")?,
    })
}

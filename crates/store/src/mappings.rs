//! A team's own mappings from its names to canonical ones.

use crate::TeamId;
use crate::db::args;
use crate::error::Result;
use crate::open::Store;
use dregs_engine::mapping::{EventType, Field, Mappings};

pub const EVENT_TYPE: &str = "EVENT_TYPE";
pub const IDENTITY_FIELD: &str = "IDENTITY_FIELD";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// `EVENT_TYPE` or `IDENTITY_FIELD`.
    pub kind: String,
    pub source: String,
    pub target: String,
    pub description: Option<String>,
    pub created_ms: i64,
}

impl Store {
    pub async fn customer_mappings(&self, team: &TeamId) -> Result<Vec<Mapping>> {
        let rows = self
            .db
            .rows(
                "select kind, source, target, description, created_ms from mappings where team_id = $1 order by kind, source",
                args![team],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Mapping {
                    kind: row.text("kind")?,
                    source: row.text("source")?,
                    target: row.text("target")?,
                    description: row.opt_text("description")?,
                    created_ms: row.int("created_ms")?,
                })
            })
            .collect()
    }

    /// The team's mappings over the GLOBAL ones. Targets that this version does not know are passed over.
    pub async fn mappings(&self, team: &TeamId) -> Result<Mappings> {
        let mut mappings = Mappings::default();
        for row in self.customer_mappings(team).await? {
            match row.kind.as_str() {
                EVENT_TYPE => {
                    if let Some(target) = EventType::from_code(&row.target) {
                        mappings.map_event(&row.source, target);
                    }
                }
                _ => {
                    if let Some(target) = Field::from_code(&row.target) {
                        mappings.map_field(&row.source, target);
                    }
                }
            }
        }
        Ok(mappings)
    }

    pub async fn set_mapping(&self, team: &TeamId, mapping: &Mapping) -> Result<()> {
        self.db
            .run(
                "insert into mappings (team_id, kind, source, target, description, created_ms) values ($1, $2, $3, $4, $5, $6)
                 on conflict (team_id, kind, source) do update set target = excluded.target, description = excluded.description",
                args![team, &mapping.kind, &mapping.source, &mapping.target, mapping.description.clone(), mapping.created_ms],
            )
            .await
            .map(drop)
    }

    /// Returns whether there was such a mapping.
    pub async fn delete_mapping(&self, team: &TeamId, kind: &str, source: &str) -> Result<bool> {
        let touched = self
            .db
            .run("delete from mappings where team_id = $1 and kind = $2 and source = $3", args![team, kind, source])
            .await?;
        Ok(touched > 0)
    }
}

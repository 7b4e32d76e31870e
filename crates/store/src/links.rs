//! Links between identities. A link is one row, whichever side it is read from.

use crate::TeamId;
use crate::db::{Batch, Row, Tx, args};
use crate::error::Result;
use crate::open::Store;
use dregs_engine::linkage::{Link, LinkType};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Links read for one identity.
const LINKS_READ_MAX: i64 = 500;

/// Stored links of one identity: (target, type) to probability and since when.
pub type HeldLinks = BTreeMap<(String, String), (f64, i64)>;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredLink {
    pub target_id: String,
    #[serde(skip)]
    pub target_name: Option<String>,
    pub link_type: String,
    pub value: f64,
    pub confidence: f64,
    /// That both are one person, by all evidence about the pair.
    pub probability: f64,
    pub explanation: String,
    pub metadata: Map<String, Value>,
    pub created_ms: i64,
}

impl StoredLink {
    pub(crate) fn of(link: Link, created_ms: i64) -> Self {
        StoredLink {
            target_id: link.target_id,
            target_name: None,
            link_type: link.link_type.code().to_owned(),
            value: link.value,
            confidence: link.confidence,
            probability: link.probability,
            explanation: link.explanation,
            metadata: link.metadata,
            created_ms,
        }
    }
}

#[derive(Debug)]
pub struct LinkWrite {
    pub identity_id: String,
    pub link: Link,
    pub created_ms: i64,
}

impl Store {
    /// The links of an identity, strongest first.
    pub async fn links(&self, team: &TeamId, id: &str) -> Result<Vec<StoredLink>> {
        let rows = self
            .db
            .rows(
                "select l.*, coalesce(i.display_name, i.display_email, i.display_username) as target_name from (
                   select b_id as target_id, type, value, confidence, probability, explanation, metadata, created_ms from links where team_id = $1 and a_id = $2
                   union all
                   select a_id as target_id, type, value, confidence, probability, explanation, metadata, created_ms from links where team_id = $1 and b_id = $2
                 ) l left join identities i on i.team_id = $1 and i.id = l.target_id
                 order by l.probability desc, l.value desc, l.target_id, l.type limit $3",
                args![team, id, LINKS_READ_MAX],
            )
            .await?;
        rows.iter().map(read).collect()
    }

    /// The stored links of many identities: (target, type) to probability and since when, for telling what changed.
    pub async fn held_links(&self, team: &TeamId, ids: &[&str]) -> Result<BTreeMap<String, HeldLinks>> {
        let batch: Batch = ids.iter().map(|id| (id,)).collect();
        let rows = self
            .db
            .rows(
                "select j.value->>0 as owner, l.b_id as target_id, l.type, l.probability, l.created_ms from json_each($2) j cross join links l
                 where l.team_id = $1 and l.a_id = j.value->>0
                 union all
                 select j.value->>0 as owner, l.a_id as target_id, l.type, l.probability, l.created_ms from json_each($2) j cross join links l
                 where l.team_id = $1 and l.b_id = j.value->>0",
                args![team, batch],
            )
            .await?;
        let mut held: BTreeMap<String, BTreeMap<_, _>> = BTreeMap::new();
        for row in &rows {
            let strength = (row.real("probability")?, row.int("created_ms")?);
            held.entry(row.text("owner")?).or_default().insert((row.text("target_id")?, row.text("type")?), strength);
        }
        Ok(held)
    }
}

pub(crate) async fn write(
    tx: &mut Tx,
    team: &TeamId,
    links: &[LinkWrite],
    gone: &[(String, String, LinkType)],
) -> Result<()> {
    if !gone.is_empty() {
        let rows: Batch = gone.iter().map(|(a, b, kind)| (a, b, kind.code())).collect();
        tx.run(
            "delete from links where team_id = $1 and (a_id, b_id, type) in (select value->>0, value->>1, value->>2 from json_each($2))",
            args![team, rows],
        )
        .await?;
    }
    if links.is_empty() {
        return Ok(());
    }
    // Both sides of a link may be in one batch: the pair is written once.
    let mut pairs = BTreeMap::new();
    for LinkWrite { identity_id, link, created_ms } in links {
        let (a, b) = in_order(identity_id, &link.target_id);
        pairs.insert((a, b, link.link_type.code()), (link, *created_ms));
    }
    let rows: Batch = pairs
        .into_iter()
        .map(|((a, b, kind), (link, created_ms))| {
            let metadata = Value::Object(link.metadata.clone()).to_string();
            (a, b, kind, link.value, link.confidence, link.probability, &link.explanation, metadata, created_ms)
        })
        .collect();
    tx.run(
        "insert into links (team_id, a_id, b_id, type, value, confidence, probability, explanation, metadata, created_ms)
         select $1, value->>0, value->>1, value->>2, cast(value->>3 as double precision), cast(value->>4 as double precision),
           cast(value->>5 as double precision), value->>6, value->>7, cast(value->>8 as bigint)
         from json_each($2) where true
         on conflict (team_id, a_id, b_id, type) do update set value = excluded.value, confidence = excluded.confidence,
           probability = excluded.probability,
           explanation = excluded.explanation, metadata = excluded.metadata",
        args![team, rows],
    )
    .await
    .map(drop)
}

/// The two ids of a pair, lower first.
pub(crate) fn in_order<'a>(a: &'a str, b: &'a str) -> (&'a str, &'a str) {
    if a <= b { (a, b) } else { (b, a) }
}

pub(crate) fn read(row: &Row) -> Result<StoredLink> {
    Ok(StoredLink {
        target_id: row.text("target_id")?,
        target_name: row.opt_text("target_name")?,
        link_type: row.text("type")?,
        value: row.real("value")?,
        confidence: row.real("confidence")?,
        probability: row.real("probability")?,
        explanation: row.text("explanation")?,
        metadata: serde_json::from_str(&row.text("metadata")?)?,
        created_ms: row.int("created_ms")?,
    })
}

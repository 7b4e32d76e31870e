//! Walking along links: from an identity to those around it, and among the members of a ring.

use crate::TeamId;
use crate::db::{Batch, Row, args};
use crate::error::Result;
use crate::open::Store;
use dregs_engine::limits::GRAPH_NODES_MAX;
use dregs_engine::linkage::LinkType;
use dregs_engine::linkage::graph::{Graph, Step};
use std::collections::BTreeSet;

/// Links read for one step, from whole rims at once; the strongest of them.
const STEPS_MAX: i64 = 20_000;

/// An identity as a place in a graph or a ring.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub id: String,
    pub name: Option<String>,
    /// In the order of `Category::ALL`.
    pub scores: [Option<u8>; 4],
    pub disregarded: bool,
    pub ring_id: Option<String>,
}

impl Store {
    /// Everyone within so many links of an identity, nearest and strongest first: each step is one query.
    pub async fn graph(&self, team: &TeamId, id: &str, hops: u32, probability_min: f64) -> Result<Graph> {
        let mut graph = Graph::around(id, GRAPH_NODES_MAX);
        for hop in 1..=hops {
            let steps = self.steps(team, &graph.rim(hop - 1), probability_min).await?;
            graph.truncated |= steps.len() as i64 == STEPS_MAX;
            graph.step(hop, steps);
        }
        let among_the_last = self.steps(team, &graph.rim(hops), probability_min).await?;
        graph.connect(among_the_last);
        Ok(graph)
    }

    /// The links of these identities from each of them, strongest first.
    pub async fn steps(&self, team: &TeamId, ids: &[&str], probability_min: f64) -> Result<Vec<Step>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let batch = ids.iter().map(|id| (id,)).collect::<Batch>().text();
        let rows = self
            .db
            .rows(
                "select j.value->>0 as from_id, l.b_id as to_id, l.type, l.probability from json_each($2) j cross join links l
                 where l.team_id = $1 and l.a_id = j.value->>0 and l.probability >= $3
                 union all
                 select j.value->>0 as from_id, l.a_id as to_id, l.type, l.probability from json_each($2) j cross join links l
                 where l.team_id = $1 and l.b_id = j.value->>0 and l.probability >= $3
                 order by probability desc, from_id, to_id limit $4",
                args![team, batch, probability_min, STEPS_MAX],
            )
            .await?;
        rows.iter().map(read_step).filter_map(Result::transpose).collect()
    }

    pub async fn nodes(&self, team: &TeamId, ids: &BTreeSet<&str>) -> Result<Vec<Node>> {
        let batch: Batch = ids.iter().map(|id| (id,)).collect();
        let rows = self
            .db
            .rows(
                "select i.id, coalesce(i.display_name, i.display_email, i.display_username) as name, i.humanity, i.authenticity,
                   i.uniqueness, i.behavior, i.disregarded, m.ring_id
                 from json_each($2) j cross join identities i left join ring_members m on m.team_id = i.team_id and m.identity_id = i.id
                 where i.team_id = $1 and i.id = j.value->>0 order by i.id",
                args![team, batch],
            )
            .await?;
        rows.iter().map(read_node).collect()
    }
}

fn read_step(row: &Row) -> Result<Option<Step>> {
    let Some(link_type) = LinkType::from_code(&row.text("type")?) else { return Ok(None) };
    Ok(Some(Step {
        from: row.text("from_id")?,
        to: row.text("to_id")?,
        link_type,
        probability: row.real("probability")?,
    }))
}

fn read_node(row: &Row) -> Result<Node> {
    Ok(Node {
        id: row.text("id")?,
        name: row.opt_text("name")?,
        scores: crate::identities::scores(row)?,
        disregarded: row.flag("disregarded")?,
        ring_id: row.opt_text("ring_id")?,
    })
}

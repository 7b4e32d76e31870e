//! Who hangs together with an identity, as a picture.

use crate::app::App;
use crate::http::auth::Reader;
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Params, Segments};
use crate::http::identities::must_exist;
use crate::http::refusals::ToReadOne;
use crate::http::settle::settled;
use axum::Json;
use axum::extract::State;
use dregs_engine::limits::GRAPH_HOPS_MAX;
use dregs_engine::linkage::LinkType;
use dregs_store::Node;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

const HOPS_DEFAULT: u32 = 2;
/// More likely one person than not.
const STRENGTH_DEFAULT: f64 = 0.5;

/// An identity with its scores.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeView {
    pub id: String,
    pub display_name: Option<String>,
    pub humanity_score: Option<u8>,
    pub authenticity_score: Option<u8>,
    pub uniqueness_score: Option<u8>,
    pub behavior_score: Option<u8>,
    pub disregarded: bool,
    /// The ring it is a member of.
    pub ring_id: Option<String>,
}

impl From<Node> for NodeView {
    fn from(node: Node) -> Self {
        let [humanity_score, authenticity_score, uniqueness_score, behavior_score] = node.scores;
        NodeView {
            id: node.id,
            display_name: node.name,
            humanity_score,
            authenticity_score,
            uniqueness_score,
            behavior_score,
            disregarded: node.disregarded,
            ring_id: node.ring_id,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct GraphNodeView {
    #[serde(flatten)]
    node: NodeView,
    /// Links away from the identity that was asked for.
    hops: u32,
}

/// Two identities and all that links them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EdgeView {
    pub source_id: String,
    pub target_id: String,
    /// That both are one person, 0 to 1.
    pub probability: f64,
    /// What links them, as types of links.
    pub types: Vec<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct GraphView {
    pub nodes: Vec<GraphNodeView>,
    pub edges: Vec<EdgeView>,
    /// There are more than the 500 nearest and strongest, which are shown.
    pub truncated: bool,
}

pub fn codes(types: &BTreeSet<LinkType>) -> Vec<&'static str> {
    types.iter().map(|kind| kind.code()).collect()
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct GraphParams {
    /// Links away from the identity, 2 when absent.
    #[param(minimum = 1, maximum = 4)]
    hops: Option<u32>,
    /// Probability from which a link is followed, 0.5 when absent.
    #[param(minimum = 0, maximum = 1)]
    min_strength: Option<f64>,
}

impl GraphParams {
    fn checked(&self) -> ApiResult<(u32, f64)> {
        let (hops, min_strength) = (self.hops.unwrap_or(HOPS_DEFAULT), self.min_strength.unwrap_or(STRENGTH_DEFAULT));
        if !(1..=GRAPH_HOPS_MAX).contains(&hops) {
            return Err(ApiError::BadRequest(format!("hops must be 1 to {GRAPH_HOPS_MAX}")));
        }
        if !(0.0..=1.0).contains(&min_strength) {
            return Err(ApiError::BadRequest("minStrength must be 0 to 1".into()));
        }
        Ok((hops, min_strength))
    }
}

/// Read who hangs together with an identity
///
/// Breadth first along the links, the strongest first, at most 500 identities.
#[utoipa::path(
    get, path = "/identities/{id}/graph", tag = "rings", operation_id = "getGraph",
    params(("id" = String, Path, description = "Your id of the user, percent-encoded"), GraphParams),
    responses((status = 200, description = "Identities and what links them", body = GraphView), ToReadOne),
    security(("key" = []))
)]
pub async fn around(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(id): Segments<String>,
    Params(params): Params<GraphParams>,
) -> ApiResult<Json<GraphView>> {
    let (hops, min_strength) = params.checked()?;
    must_exist(&app, &team, &id).await?;
    settled(&app).await;
    let graph = app.store.graph(&team, &id, hops, min_strength).await?;
    let nodes = app.store.nodes(&team, &graph.nodes.keys().map(String::as_str).collect()).await?;
    let node = |node: Node| GraphNodeView { hops: graph.nodes.get(&node.id).copied().unwrap_or(0), node: node.into() };
    let edge = |((source_id, target_id), edge): (&(String, String), &dregs_engine::linkage::graph::Edge)| EdgeView {
        source_id: source_id.clone(),
        target_id: target_id.clone(),
        probability: edge.probability,
        types: codes(&edge.types),
    };
    Ok(Json(GraphView {
        nodes: nodes.into_iter().map(node).collect(),
        edges: graph.edges.iter().map(edge).collect(),
        truncated: graph.truncated,
    }))
}

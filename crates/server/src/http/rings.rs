//! Rings: accounts that strong links hold together, what holds them, and where they would come apart.

use crate::app::App;
use crate::http::auth::Reader;
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{PageBody, PageParams, Params, Segments};
use crate::http::graph::{NodeView, codes};
use crate::http::refusals::{ToRead, ToReadOne};
use crate::http::settle::{fresh, settled};
use axum::Json;
use axum::extract::State;
use dregs_engine::event::format_time_ms;
use dregs_engine::limits::RING_MEMBERS_MAX;
use dregs_engine::linkage::graph::{Edge, Graph, Step};
use dregs_engine::linkage::ring::{Joint, RING_PROBABILITY_MIN, StrongPair, density, weakest_joint};
use dregs_store::{RING_SORTS, RingFilter, StoredRing};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

const DAY_MS: i64 = 86_400_000;

/// Accounts that are very probably one person's.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RingView {
    pub id: String,
    pub size: usize,
    /// Share of all possible pairs of members that are strongly linked, 0 to 1.
    pub density: f64,
    /// How much it looks like abuse, 0 to 100.
    #[schema(minimum = 0, maximum = 100)]
    pub risk: u8,
    /// Members that joined within the last week.
    pub growth: u64,
    /// The member that stands for the others and does not answer for them.
    pub main_account_id: Option<String>,
    /// More belongs to it than the 500 members a ring may have.
    pub truncated: bool,
    /// Since when its oldest strong link stands.
    pub created_at: String,
    /// When members last came or went.
    pub updated_at: String,
}

impl From<StoredRing> for RingView {
    fn from(ring: StoredRing) -> Self {
        RingView {
            id: ring.id,
            size: ring.size,
            density: (density(ring.size, ring.pairs) * 10_000.0).round() / 10_000.0,
            risk: ring.risk,
            growth: ring.growth,
            main_account_id: ring.main_id,
            truncated: ring.truncated,
            created_at: format_time_ms(ring.created_ms),
            updated_at: format_time_ms(ring.updated_ms),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RingMemberView {
    #[serde(flatten)]
    node: NodeView,
    /// Since when it is linked to another member.
    joined_at: String,
}

/// A kind of evidence and how many strong pairs rest on it.
#[derive(Debug, Serialize, ToSchema)]
pub struct HoldView {
    pub r#type: &'static str,
    pub pairs: u64,
}

/// The link without which the ring would be two.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JointView {
    pub source_id: String,
    pub target_id: String,
    pub probability: f64,
    pub types: Vec<&'static str>,
    /// The members on either side.
    pub parts: [Vec<String>; 2],
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RingDetailView {
    #[serde(flatten)]
    ring: RingView,
    /// How long its oldest strong link has stood, in whole days.
    age_days: i64,
    /// First comers first.
    members: Vec<RingMemberView>,
    /// What holds it together, the most common evidence first.
    evidence: Vec<HoldView>,
    weakest_joint: Option<JointView>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct RingParams {
    /// Of which this identity is a member.
    identity: Option<String>,
    /// With at least so many members.
    #[param(minimum = 1)]
    min_size: Option<u32>,
}

/// List rings, those that look most like abuse first
#[utoipa::path(
    get, path = "/rings", tag = "rings", operation_id = "listRings", params(PageParams, RingParams),
    responses((status = 200, description = "A page", body = PageBody<RingView>), ToRead),
    security(("key" = []))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Params(paging): Params<PageParams>,
    Params(params): Params<RingParams>,
) -> ApiResult<Json<PageBody<RingView>>> {
    let query = paging.query(RING_SORTS)?;
    let filter = RingFilter { identity: params.identity, min_size: params.min_size };
    settled(&app).await;
    let page = app.store.rings(&team, &filter, &query, app.clock.now_ms()).await?;
    Ok(Json(PageBody::new(page, &query, RingView::from)))
}

/// Read a ring
#[utoipa::path(
    get, path = "/rings/{id}", tag = "rings", operation_id = "getRing",
    params(("id" = String, Path, description = "From the list")),
    responses((status = 200, description = "The ring, its members and what holds them", body = RingDetailView), ToReadOne),
    security(("key" = []))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(id): Segments<String>,
) -> ApiResult<Json<RingDetailView>> {
    let now_ms = app.clock.now_ms();
    let found = fresh(&app, || app.store.ring(&team, &id, now_ms)).await?;
    let ring = found.ok_or_else(|| ApiError::not_found("ring", &id))?;
    let members = app.store.ring_members(&team, &id).await?;
    let ids: BTreeSet<&str> = members.iter().map(|(id, _)| id.as_str()).collect();
    let mut nodes: BTreeMap<String, NodeView> =
        app.store.nodes(&team, &ids).await?.into_iter().map(|node| (node.id.clone(), node.into())).collect();
    let edges =
        within(&ids, app.store.steps(&team, &ids.iter().copied().collect::<Vec<_>>(), RING_PROBABILITY_MIN).await?);
    Ok(Json(RingDetailView {
        age_days: (now_ms - ring.created_ms).max(0) / DAY_MS,
        members: members
            .iter()
            .filter_map(|(id, at_ms)| {
                Some(RingMemberView { node: nodes.remove(id)?, joined_at: format_time_ms(*at_ms) })
            })
            .collect(),
        evidence: evidence(&edges),
        weakest_joint: joint(&edges),
        ring: ring.into(),
    }))
}

/// The strong links between members, by their ends.
fn within(ids: &BTreeSet<&str>, steps: Vec<Step>) -> BTreeMap<(String, String), Edge> {
    let mut graph = Graph::around("", RING_MEMBERS_MAX);
    graph.nodes = ids.iter().map(|id| ((*id).to_owned(), 0)).collect();
    graph.connect(steps);
    graph.edges
}

fn evidence(edges: &BTreeMap<(String, String), Edge>) -> Vec<HoldView> {
    let mut counts = BTreeMap::new();
    for kind in edges.values().flat_map(|edge| &edge.types) {
        *counts.entry(*kind).or_insert(0) += 1;
    }
    let mut held: Vec<HoldView> =
        counts.into_iter().map(|(kind, pairs)| HoldView { r#type: kind.code(), pairs }).collect();
    held.sort_by_key(|held| std::cmp::Reverse(held.pairs));
    held
}

fn joint(edges: &BTreeMap<(String, String), Edge>) -> Option<JointView> {
    let pair = |((a, b), edge): (&(String, String), &Edge)| StrongPair {
        a: a.clone(),
        b: b.clone(),
        probability: edge.probability,
    };
    let pairs: Vec<StrongPair> = edges.iter().map(pair).collect();
    let Joint { pair: StrongPair { a, b, probability }, parts } = weakest_joint(&pairs)?;
    let types = edges.get(&(a.clone(), b.clone())).map_or_else(Vec::new, |edge| codes(&edge.types));
    Some(JointView { source_id: a, target_id: b, probability, types, parts })
}

//! The main account of a ring: it does not answer for the others. It can be looked at beforehand and taken back.

use crate::app::App;
use crate::http::auth::{Decider, Writer};
use crate::http::decisions::PredictionView;
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::extract::Segments;
use crate::http::identities::must_exist;
use crate::http::refusals::ToReadOne;
use crate::http::settle::settled;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dregs_engine::linkage::ring::RingFacts;
use dregs_engine::score::{Category, assess};
use dregs_engine::snapshot::Standing;
use dregs_store::{ListQuery, Order, RING_SORTS, RingFilter, StoredRing, TeamId};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::ToSchema;

/// Name an identity the main account of its ring
///
/// In the place of another. Its uniqueness is then not lowered because of the others of its ring; theirs is.
#[utoipa::path(
    put, path = "/identities/{id}/main-account", tag = "rings", operation_id = "nameMainAccount",
    params(("id" = String, Path, description = "Your id of the user, percent-encoded")),
    responses((status = 204, description = "It is the main account"), (status = 409, description = "It is in no ring", body = ErrorBody), ToReadOne),
    security(("key" = []))
)]
pub async fn name(
    State(app): State<Arc<App>>,
    Decider { team, name: by, .. }: Decider,
    Segments(id): Segments<String>,
) -> ApiResult<StatusCode> {
    must_exist(&app, &team, &id).await?;
    settled(&app).await;
    let named = app.store.name_main_account(&team, &id, &by, app.clock.now_ms()).await?;
    app.bells.process.notify_one();
    if named { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::Conflict("the identity is in no ring".into())) }
}

/// Take back that an identity is the main account of its ring
#[utoipa::path(
    delete, path = "/identities/{id}/main-account", tag = "rings", operation_id = "unnameMainAccount",
    params(("id" = String, Path, description = "Your id of the user, percent-encoded")),
    responses((status = 204, description = "It is no main account"), ToReadOne),
    security(("key" = []))
)]
pub async fn unname(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(id): Segments<String>,
) -> ApiResult<StatusCode> {
    let unnamed = app.store.unname_main_account(&team, &id, app.clock.now_ms()).await?;
    app.bells.process.notify_one();
    if unnamed { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::NotFound("it is no main account".into())) }
}

/// What naming a main account would change.
#[derive(Debug, Serialize, ToSchema)]
pub struct MainAccountPreviewView {
    /// The account that stands for the ring so far.
    pub replaces: Option<String>,
    /// Its own score, and that of the account it replaces.
    pub scores: Vec<PredictionView>,
}

/// See what naming an identity the main account of its ring would change
///
/// Nothing is changed.
#[utoipa::path(
    post, path = "/identities/{id}/main-account/actions/preview", tag = "rings", operation_id = "previewMainAccount",
    params(("id" = String, Path, description = "Your id of the user, percent-encoded")),
    responses((status = 200, description = "Scores before and after", body = MainAccountPreviewView),
        (status = 409, description = "It is in no ring", body = ErrorBody), ToReadOne),
    security(("key" = []))
)]
pub async fn preview(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(id): Segments<String>,
) -> ApiResult<Json<MainAccountPreviewView>> {
    must_exist(&app, &team, &id).await?;
    settled(&app).await;
    let ring = ring_of(&app, &team, &id).await?;
    let ring = ring.ok_or_else(|| ApiError::Conflict("the identity is in no ring".into()))?;
    let replaces = ring.main_id.filter(|main| *main != id);
    let members = app.store.ring_members(&team, &ring.id).await?;
    let others: BTreeSet<String> =
        members.into_iter().map(|(member, _)| member).filter(|member| *member != id).collect();
    let mut scores = vec![prediction(&app, &team, &id, Some(others)).await?];
    if let Some(replaced) = &replaces {
        scores.push(prediction(&app, &team, replaced, None).await?);
    }
    Ok(Json(MainAccountPreviewView { replaces, scores }))
}

async fn ring_of(app: &App, team: &TeamId, id: &str) -> ApiResult<Option<StoredRing>> {
    let filter = RingFilter { identity: Some(id.to_owned()), ..RingFilter::default() };
    let query = ListQuery { page_number: 0, page_size: 1, sort: RING_SORTS[0].1, order: Order::Desc };
    Ok(app.store.rings(team, &filter, &query, app.clock.now_ms()).await?.items.pop())
}

/// The score of a main account that is excused from `others`. What one that is no longer excused answers for is not in
/// its evidence: its score is not foreseen.
async fn prediction(app: &App, team: &TeamId, id: &str, others: Option<BTreeSet<String>>) -> ApiResult<PredictionView> {
    let [_, _, uniqueness, _] = app.store.scores(team, id).await?.unwrap_or_default();
    let evidence = match others.is_some() {
        true => app.store.cycle(team, id, None).await?.and_then(|cycle| cycle.evidence),
        false => None,
    };
    let predicted_uniqueness = evidence.zip(others).and_then(|(evidence, excused)| {
        let mut snapshot = evidence.snapshot;
        let ring = snapshot.ring.clone().map(|ring| RingFacts { is_main: true, ..ring });
        snapshot.stand(Standing { decisions: snapshot.decisions.clone(), ring, excused });
        assess(&snapshot).value(Category::Uniqueness)
    });
    Ok(PredictionView { identity_id: id.to_owned(), uniqueness, predicted_uniqueness })
}

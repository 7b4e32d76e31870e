//! Erasing an identity, and what became of it.

use crate::app::App;
use crate::http::auth::{Reader, Writer};
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{PageBody, PageParams, Params, Segments};
use crate::http::refusals::{ToRead, ToReadOne};
use crate::http::settle::fresh;
use crate::ids::Ids;
use crate::secrets::{random_key, token_hash};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dregs_engine::event::format_time_ms;
use dregs_store::{ERASURE_SORTS, Erasure, ErasureStatus, Store, TeamId, Trail};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// An erasure names nobody: whoever has the id can tell by the digest whether it is theirs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErasureView {
    pub id: i64,
    /// PENDING or DONE.
    pub status: &'static str,
    /// SHA-256 of a salt and the identity's id.
    pub digest: String,
    pub requested_at: String,
    pub finished_at: Option<String>,
}

impl From<Erasure> for ErasureView {
    fn from(erasure: Erasure) -> Self {
        ErasureView {
            id: erasure.id,
            status: if erasure.status == ErasureStatus::Done { "DONE" } else { "PENDING" },
            digest: erasure.digest,
            requested_at: format_time_ms(erasure.requested_ms),
            finished_at: erasure.finished_ms.map(format_time_ms),
        }
    }
}

/// What is remembered of an erased id.
pub fn digest(salt: &str, id: &str) -> String {
    token_hash(&format!("{salt}\n{id}"))
}

/// Asks for an erasure. When this returns it will happen, whatever else does.
pub async fn request(store: &Store, ids: &Ids, team: &TeamId, id: &str, now_ms: i64) -> dregs_store::Result<Erasure> {
    let salt = store.erasure_salt(team).await?.unwrap_or_else(|| random_key(""));
    let erasure = Erasure {
        team: team.clone(),
        id: ids.next(now_ms),
        digest: digest(&salt, id),
        salt,
        status: ErasureStatus::Pending,
        trail: Some(Trail { identity_id: id.to_owned(), ..Trail::default() }),
        requested_ms: now_ms,
        unlogged_ms: None,
        finished_ms: None,
    };
    store.add_erasure(&erasure).await?;
    Ok(erasure)
}

/// Erase an identity
///
/// Everything that is held of it goes, in the background, within a minute: see the chapter on privacy. What is sent under
/// its id after the answer begins from nothing.
#[utoipa::path(
    delete, path = "/identities/{id}", tag = "privacy", operation_id = "eraseIdentity",
    params(("id" = String, Path, description = "Your id of the user, percent-encoded")),
    responses((status = 202, description = "It will be erased", body = ErasureView), ToReadOne),
    security(("key" = []))
)]
pub async fn erase(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(id): Segments<String>,
) -> ApiResult<(StatusCode, Json<ErasureView>)> {
    let held = fresh(&app, || async { Ok(app.store.is_held(&team, &id).await?.then_some(())) }).await?;
    // While events wait it is not known whose they are.
    if held.is_none() && app.watermark.depth() == 0 {
        return Err(ApiError::not_found("identity", &id));
    }
    let erasure = request(&app.store, &app.ids, &team, &id, app.clock.now_ms()).await?;
    app.bells.process.notify_one();
    Ok((StatusCode::ACCEPTED, Json(erasure.into())))
}

/// List erasures, newest first
#[utoipa::path(
    get, path = "/erasures", tag = "privacy", operation_id = "listErasures", params(PageParams),
    responses((status = 200, description = "A page", body = PageBody<ErasureView>), ToRead),
    security(("key" = []))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Params(paging): Params<PageParams>,
) -> ApiResult<Json<PageBody<ErasureView>>> {
    let query = paging.query(ERASURE_SORTS)?;
    let page = app.store.erasures(&team, &query).await?;
    Ok(Json(PageBody::new(page, &query, ErasureView::from)))
}

/// Read what became of an erasure
#[utoipa::path(
    get, path = "/erasures/{id}", tag = "privacy", operation_id = "getErasure",
    params(("id" = i64, Path, description = "From the answer to the request")),
    responses((status = 200, description = "The erasure", body = ErasureView), ToReadOne),
    security(("key" = []))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(id): Segments<String>,
) -> ApiResult<Json<ErasureView>> {
    let found = match id.parse() {
        Ok(number) => app.store.erasure(&team, number).await?,
        Err(_) => None,
    };
    Ok(Json(found.ok_or_else(|| ApiError::not_found("erasure", &id))?.into()))
}

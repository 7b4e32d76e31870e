//! What was sent through channels, test messages, and sending again.

use crate::app::App;
use crate::http::auth::{Reader, Writer};
use crate::http::channels::found;
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::extract::{Body, PageBody, PageParams, Params, Segments, choice};
use crate::http::refusals::{ToReadOne, ToWriteOne};
use crate::jobs::deliver::delivery_id;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dregs_engine::event::format_time_ms;
use dregs_store::{DELIVERY_SORTS, Delivery, DeliveryFilter, DeliveryStatus, DeliveryWrite, TeamId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// The event of a test message.
const TEST: &str = "TEST";

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryView {
    /// The id that the receiver sees, the same over all attempts.
    pub id: String,
    /// What happened.
    pub trigger: String,
    pub identity_id: Option<String>,
    /// PENDING, DELIVERED or FAILED.
    pub status: String,
    /// Of the last attempt.
    pub http_status: Option<i64>,
    /// Attempts made.
    pub attempt: i64,
    /// Of the last attempt, if it failed.
    pub error: Option<String>,
    /// When it is tried next, if it is pending.
    pub next_attempt_at: Option<String>,
    /// What was told.
    pub data: Value,
    pub created_at: String,
    pub finished_at: Option<String>,
}

impl From<Delivery> for DeliveryView {
    fn from(held: Delivery) -> Self {
        let pending = held.status == DeliveryStatus::Pending.code();
        DeliveryView {
            id: delivery_id(held.id),
            trigger: held.event,
            identity_id: Some(held.identity_id).filter(|id| !id.is_empty()),
            http_status: held.http_status,
            attempt: held.attempts,
            error: held.error,
            next_attempt_at: pending.then(|| format_time_ms(held.next_ms)),
            status: held.status,
            data: serde_json::from_str(&held.data).unwrap_or_default(),
            created_at: format_time_ms(held.created_ms),
            finished_at: held.finished_ms.map(format_time_ms),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeliveryParams {
    /// PENDING, DELIVERED or FAILED.
    status: Option<String>,
    /// About this identity.
    identity: Option<String>,
}

/// List what was sent through a channel, newest first
#[utoipa::path(
    get, path = "/channels/{slug}/deliveries", tag = "channels", operation_id = "listDeliveries", params(PageParams, DeliveryParams,
        ("slug" = String, Path, description = "The channel")),
    responses((status = 200, description = "A page", body = PageBody<DeliveryView>), ToReadOne),
    security(("key" = []))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(slug): Segments<String>,
    Params(paging): Params<PageParams>,
    Params(params): Params<DeliveryParams>,
) -> ApiResult<Json<PageBody<DeliveryView>>> {
    let query = paging.query(DELIVERY_SORTS)?;
    if let Some(status) = &params.status {
        choice("status", status, &DeliveryStatus::ALL, DeliveryStatus::code)?;
    }
    let channel = found(&app, &team, &slug).await?;
    let filter = DeliveryFilter { status: params.status, identity: params.identity };
    let page = app.store.deliveries(&team, &channel.id, &filter, &query).await?;
    Ok(Json(PageBody::new(page, &query, DeliveryView::from)))
}

/// Send a test message through a channel
#[utoipa::path(
    post, path = "/channels/{slug}/actions/test", tag = "channels", operation_id = "testChannel",
    params(("slug" = String, Path, description = "The channel")),
    responses((status = 202, description = "It is on its way; the log tells how it went", body = DeliveryView), (status = 409, body = ErrorBody), ToReadOne),
    security(("key" = []))
)]
pub async fn test(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(slug): Segments<String>,
) -> ApiResult<(StatusCode, Json<DeliveryView>)> {
    let channel = found(&app, &team, &slug).await?;
    if !channel.enabled {
        return Err(ApiError::Conflict("the channel is switched off".into()));
    }
    let now_ms = app.clock.now_ms();
    let write = DeliveryWrite {
        id: app.ids.next(now_ms),
        channel_id: channel.id,
        identity_id: String::new(),
        event: TEST.into(),
        data: json!({"message": "This is a test message from Dregs.", "channel": channel.name}).to_string(),
        created_ms: now_ms,
    };
    app.store.add_deliveries(&team, std::slice::from_ref(&write)).await?;
    app.bells.deliver.notify_one();
    let stored = app.store.delivery(&team, write.id).await?;
    let stored = stored.ok_or_else(|| ApiError::not_found("delivery", &delivery_id(write.id)))?;
    Ok((StatusCode::ACCEPTED, Json(stored.into())))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RedeliveryView {
    /// How many are sent again.
    pub redelivered: u64,
}

fn id_of(text: &str, field: &str) -> ApiResult<i64> {
    let unclear = || ApiError::BadRequest(format!("{field} must be the id of a delivery, such as dlv_1"));
    text.strip_prefix("dlv_").and_then(|id| id.parse().ok()).ok_or_else(unclear)
}

/// Send a finished delivery again, under its id
#[utoipa::path(
    post, path = "/deliveries/{id}/actions/redeliver", tag = "channels", operation_id = "redeliver",
    params(("id" = String, Path, description = "From the log")),
    responses((status = 202, description = "How many are sent again: one, or none if it is still pending", body = RedeliveryView), ToReadOne),
    security(("key" = []))
)]
pub async fn redeliver(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(id): Segments<String>,
) -> ApiResult<(StatusCode, Json<RedeliveryView>)> {
    let number = id_of(&id, "id")?;
    let held = app.store.delivery(&team, number).await?.ok_or_else(|| ApiError::not_found("delivery", &id))?;
    send_again(&app, &team, &held.channel_id, number, number).await
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct RangeBody {
    /// The id of the first.
    from: String,
    /// The id of the last; by default the newest.
    to: Option<String>,
}

/// Send a range of finished deliveries again, under their ids
#[utoipa::path(
    post, path = "/channels/{slug}/actions/redeliver", tag = "channels", operation_id = "redeliverRange", request_body = RangeBody,
    params(("slug" = String, Path, description = "The channel")),
    responses((status = 202, description = "How many are sent again", body = RedeliveryView), ToWriteOne),
    security(("key" = []))
)]
pub async fn redeliver_range(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(slug): Segments<String>,
    Body(body): Body<RangeBody>,
) -> ApiResult<(StatusCode, Json<RedeliveryView>)> {
    let from = id_of(&body.from, "from")?;
    let to = body.to.as_deref().map_or(Ok(i64::MAX), |to| id_of(to, "to"))?;
    let channel = found(&app, &team, &slug).await?;
    send_again(&app, &team, &channel.id, from, to).await
}

async fn send_again(
    app: &App,
    team: &TeamId,
    channel_id: &str,
    from: i64,
    to: i64,
) -> ApiResult<(StatusCode, Json<RedeliveryView>)> {
    let redelivered = app.store.redeliver(team, channel_id, from, to, app.clock.now_ms()).await?;
    app.bells.deliver.notify_one();
    Ok((StatusCode::ACCEPTED, Json(RedeliveryView { redelivered })))
}

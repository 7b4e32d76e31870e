//! Devices: list, read, disregard.

use crate::app::App;
use crate::http::auth::{Principal, Reader, Writer};
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::extract::{Body, PageBody, PageParams, Params, Segments};
use crate::http::refusals::{ToReadOne, ToWriteOne};
use crate::http::settle::{fresh, settled};
use axum::Json;
use axum::extract::State;
use dregs_engine::event::format_time_ms;
use dregs_engine::intelligence::networks::country_name;
use dregs_store::{DEVICE_SORTS, Device, DeviceFilter};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// A browser on a machine.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceView {
    pub fingerprint: String,
    /// The address it was last seen at.
    pub ip: Option<String>,
    pub asn: Option<String>,
    pub asn_label: Option<String>,
    pub user_agent: Option<String>,
    pub city: Option<String>,
    pub region: Option<String>,
    pub country: Option<String>,
    /// ISO 3166.
    pub country_code: Option<String>,
    pub timezone: Option<String>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub disregarded: bool,
    pub first_seen_at: String,
    pub last_seen_at: String,
}

impl From<Device> for DeviceView {
    fn from(device: Device) -> Self {
        DeviceView {
            country: device.country_code.as_deref().and_then(country_name).map(str::to_owned),
            fingerprint: device.fingerprint,
            ip: device.ip,
            asn: device.geo.asn,
            asn_label: device.geo.asn_label,
            user_agent: device.user_agent,
            city: device.geo.city,
            region: device.geo.region,
            country_code: device.country_code,
            timezone: device.timezone,
            latitude: device.geo.latitude,
            longitude: device.geo.longitude,
            disregarded: device.disregarded,
            first_seen_at: format_time_ms(device.first_ms),
            last_seen_at: format_time_ms(device.last_ms),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeviceParams {
    /// On which this identity was seen.
    identity: Option<String>,
    /// Containing this text in fingerprint, address, user agent, country code or city.
    term: Option<String>,
}

/// List devices, most recently seen first
///
/// A public key may read this list and nothing else.
#[utoipa::path(
    get, path = "/devices", tag = "devices", operation_id = "listDevices", params(PageParams, DeviceParams),
    responses((status = 200, description = "A page", body = PageBody<DeviceView>), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 503, body = ErrorBody)),
    security(("key" = []))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    principal: Principal,
    Params(paging): Params<PageParams>,
    Params(params): Params<DeviceParams>,
) -> ApiResult<Json<PageBody<DeviceView>>> {
    let query = paging.query(DEVICE_SORTS)?;
    let filter = DeviceFilter { identity: params.identity, term: params.term.filter(|term| !term.is_empty()) };
    settled(&app).await;
    let page = app.store.devices(principal.team(), &filter, &query).await?;
    Ok(Json(PageBody::new(page, &query, DeviceView::from)))
}

/// Read a device
#[utoipa::path(
    get, path = "/devices/{fingerprint}", tag = "devices", operation_id = "getDevice",
    params(("fingerprint" = String, Path, description = "The device's fingerprint")),
    responses((status = 200, description = "The device", body = DeviceView), ToReadOne),
    security(("key" = []))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(fingerprint): Segments<String>,
) -> ApiResult<Json<DeviceView>> {
    let found = fresh(&app, || app.store.device(&team, &fingerprint)).await?;
    found.map(|device| Json(device.into())).ok_or_else(|| ApiError::not_found("device", &fingerprint))
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct DevicePatch {
    /// No longer links the identities seen on it.
    disregarded: bool,
}

/// Disregard a device, or regard it again
#[utoipa::path(
    patch, path = "/devices/{fingerprint}", tag = "devices", operation_id = "updateDevice", request_body = DevicePatch,
    params(("fingerprint" = String, Path, description = "The device's fingerprint")),
    responses((status = 200, description = "As it is then", body = DeviceView), ToWriteOne),
    security(("key" = []))
)]
pub async fn update(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(fingerprint): Segments<String>,
    Body(patch): Body<DevicePatch>,
) -> ApiResult<Json<DeviceView>> {
    settled(&app).await;
    app.store.set_device_disregarded(&team, &fingerprint, patch.disregarded, app.clock.now_ms()).await?;
    app.bells.process.notify_one();
    let found = app.store.device(&team, &fingerprint).await?;
    found.map(|device| Json(device.into())).ok_or_else(|| ApiError::not_found("device", &fingerprint))
}

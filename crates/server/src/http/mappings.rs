//! Mappings from the customer's names to canonical ones.

use crate::app::App;
use crate::http::auth::{Reader, Writer};
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Body, Params, choice};
use crate::http::refusals::{ToRead, ToReadOne, ToWrite};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dregs_engine::mapping::{EventType, Field, global_mappings};
use dregs_store::{EVENT_TYPE, IDENTITY_FIELD, Mapping};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

const SOURCE_CHARS_MAX: usize = 128;
const DESCRIPTION_CHARS_MAX: usize = 500;

#[derive(Debug, Serialize, ToSchema)]
pub struct MappingView {
    /// EVENT_TYPE or IDENTITY_FIELD.
    pub kind: String,
    /// GLOBAL or CUSTOMER; CUSTOMER overrides.
    pub scope: &'static str,
    /// Your name.
    pub source: String,
    /// The canonical name.
    pub target: String,
    pub description: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MappingParams {
    /// EVENT_TYPE or IDENTITY_FIELD.
    #[param(pattern = "^(EVENT_TYPE|IDENTITY_FIELD)$")]
    kind: Option<String>,
    /// GLOBAL or CUSTOMER.
    #[param(pattern = "^(GLOBAL|CUSTOMER)$")]
    scope: Option<String>,
}

/// List mappings
#[utoipa::path(
    get, path = "/mappings", tag = "mappings", operation_id = "listMappings", params(MappingParams),
    responses((status = 200, description = "All of them", body = Vec<MappingView>), ToRead),
    security(("key" = []))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Params(params): Params<MappingParams>,
) -> ApiResult<Json<Vec<MappingView>>> {
    params.kind.as_deref().map(kind).transpose()?;
    params.scope.as_deref().map(|scope| choice("scope", scope, &["GLOBAL", "CUSTOMER"], |code| code)).transpose()?;
    let own = app.store.customer_mappings(&team).await?.into_iter().map(|mapping| MappingView {
        kind: mapping.kind,
        scope: "CUSTOMER",
        source: mapping.source,
        target: mapping.target,
        description: mapping.description,
    });
    let wanted = |view: &MappingView| {
        params.kind.as_ref().is_none_or(|kind| *kind == view.kind)
            && params.scope.as_ref().is_none_or(|scope| scope == view.scope)
    };
    Ok(Json(own.chain(global()).filter(wanted).collect()))
}

fn kind(code: &str) -> ApiResult<&'static str> {
    choice("kind", code, &[EVENT_TYPE, IDENTITY_FIELD], |code| code)
}

fn global() -> impl Iterator<Item = MappingView> {
    let view = |kind: &str, source: String, target: &str| MappingView {
        kind: kind.to_owned(),
        scope: "GLOBAL",
        source,
        target: target.to_owned(),
        description: None,
    };
    let (events, fields) = global_mappings();
    let events = events.into_iter().map(move |(source, target)| view(EVENT_TYPE, source, target.code()));
    events.chain(fields.into_iter().map(move |(source, target)| view(IDENTITY_FIELD, source, target.code())))
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"kind": "EVENT_TYPE", "source": "cart.paid", "target": "PURCHASE"}))]
pub struct MappingBody {
    /// EVENT_TYPE or IDENTITY_FIELD.
    #[schema(pattern = "^(EVENT_TYPE|IDENTITY_FIELD)$")]
    kind: String,
    #[schema(min_length = 1, max_length = 128)]
    source: String,
    /// A canonical name, such as REGISTRATION or EMAIL.
    target: String,
    #[schema(max_length = 500)]
    description: Option<String>,
}

/// Set a mapping of your own
#[utoipa::path(
    put, path = "/mappings", tag = "mappings", operation_id = "setMapping", request_body = MappingBody,
    responses((status = 204, description = "Effective with the next scoring"), ToWrite),
    security(("key" = []))
)]
pub async fn set(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Body(body): Body<MappingBody>,
) -> ApiResult<StatusCode> {
    kind(&body.kind)?;
    let source = body.source.trim();
    if source.is_empty() || source.chars().count() > SOURCE_CHARS_MAX || source.contains('\0') {
        return Err(ApiError::BadRequest(format!("source must have 1 to {SOURCE_CHARS_MAX} characters")));
    }
    let description = body.description.unwrap_or_default().replace('\0', "");
    if description.chars().count() > DESCRIPTION_CHARS_MAX {
        return Err(ApiError::BadRequest(format!("description is longer than {DESCRIPTION_CHARS_MAX} characters")));
    }
    match body.kind.as_str() {
        EVENT_TYPE => choice("target", &body.target, EventType::ALL, EventType::code).map(drop)?,
        _ => choice("target", &body.target, Field::ALL, Field::code).map(drop)?,
    }
    let mapping = Mapping {
        kind: body.kind,
        source: source.to_owned(),
        target: body.target,
        description: Some(description).filter(|text| !text.is_empty()),
        created_ms: app.clock.now_ms(),
    };
    app.store.set_mapping(&team, &mapping).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MappingKey {
    /// EVENT_TYPE or IDENTITY_FIELD.
    #[param(pattern = "^(EVENT_TYPE|IDENTITY_FIELD)$")]
    kind: String,
    source: String,
}

/// Delete a mapping of your own
#[utoipa::path(
    delete, path = "/mappings", tag = "mappings", operation_id = "deleteMapping", params(MappingKey),
    responses((status = 204, description = "The GLOBAL mapping holds again"), ToReadOne),
    security(("key" = []))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Params(key): Params<MappingKey>,
) -> ApiResult<StatusCode> {
    kind(&key.kind)?;
    match app.store.delete_mapping(&team, &key.kind, &key.source).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found("mapping", &key.source)),
    }
}

//! Groups: the customer's organizations, teams and workspaces, and their members.

use crate::app::App;
use crate::http::auth::{Reader, Writer};
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Body, PageBody, PageParams, Params, Segments};
use crate::http::identities::clean;
use crate::http::refusals::{ToRead, ToReadOne, ToWrite, ToWriteOne};
use crate::http::settle::{fresh, settled};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dregs_engine::event::{format_time_ms, group_type, key};
use dregs_engine::rejection::Rejection;
use dregs_engine::text::snake_case;
use dregs_store::{GROUP_SORTS, Group, GroupFilter, GroupWrite, TeamId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// An organization, team or workspace of yours.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupView {
    pub r#type: String,
    pub id: String,
    pub display_name: Option<String>,
    pub identity_count: u64,
    pub created_at: String,
    pub updated_at: String,
    pub last_tracked_at: Option<String>,
    /// Absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Map<String, Value>>,
}

impl GroupView {
    fn brief(group: Group) -> Self {
        GroupView { data: None, ..GroupView::full(group) }
    }

    fn full(group: Group) -> Self {
        GroupView {
            r#type: group.kind,
            id: group.id,
            display_name: group.display_name,
            identity_count: group.identity_count,
            created_at: format_time_ms(group.created_ms),
            updated_at: format_time_ms(group.updated_ms),
            last_tracked_at: group.last_tracked_ms.map(format_time_ms),
            data: Some(group.attributes),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GroupParams {
    /// Of this type.
    r#type: Option<String>,
    /// Of which this identity is a member.
    identity: Option<String>,
    /// Containing this text in id or name.
    term: Option<String>,
}

/// List groups, most recently updated first
#[utoipa::path(
    get, path = "/groups", tag = "groups", operation_id = "listGroups", params(PageParams, GroupParams),
    responses((status = 200, description = "A page", body = PageBody<GroupView>), ToRead),
    security(("key" = []))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Params(paging): Params<PageParams>,
    Params(params): Params<GroupParams>,
) -> ApiResult<Json<PageBody<GroupView>>> {
    let query = paging.query(GROUP_SORTS)?;
    let filter = GroupFilter {
        kind: params.r#type.map(|kind| snake_case(&kind)),
        identity: params.identity,
        term: params.term.filter(|term| !term.is_empty()),
    };
    settled(&app).await;
    let page = app.store.groups(&team, &filter, &query).await?;
    Ok(Json(PageBody::new(page, &query, GroupView::brief)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"type": "team", "id": "team_7", "attributes": {"plan": "trial"}}))]
pub struct GroupCreate {
    /// Normalized to lower_snake_case; `organization` when absent.
    #[schema(value_type = Option<String>, max_length = 128)]
    r#type: Option<Value>,
    #[schema(value_type = String, min_length = 1, max_length = 256)]
    #[serde(default)]
    id: Option<Value>,
    #[schema(value_type = Option<Object>)]
    attributes: Option<Value>,
}

/// Create a group, or merge attributes into it
#[utoipa::path(
    post, path = "/groups", tag = "groups", operation_id = "createGroup", request_body = GroupCreate,
    responses((status = 201, description = "The group", body = GroupView), ToWrite),
    security(("key" = []))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Body(new): Body<GroupCreate>,
) -> ApiResult<(StatusCode, Json<GroupView>)> {
    let kind = group_type(new.r#type, "type").map_err(bad_request)?;
    let id = key(new.id, "id").map_err(bad_request)?;
    put(&app, &team, kind, id, new.attributes).await.map(|group| (StatusCode::CREATED, group))
}

async fn put(
    app: &App,
    team: &TeamId,
    kind: String,
    id: String,
    attributes: Option<Value>,
) -> ApiResult<Json<GroupView>> {
    let attributes = match attributes {
        None | Some(Value::Null) => Map::new(),
        Some(value) => clean(value, "attributes")?,
    };
    let at_ms = app.clock.now_ms();
    let write = GroupWrite { kind: kind.clone(), id: id.clone(), attributes, at_ms, tracked: false };
    app.store.put_group(team, write).await?;
    read(app, team, &kind, &id).await
}

async fn read(app: &App, team: &TeamId, kind: &str, id: &str) -> ApiResult<Json<GroupView>> {
    let found = fresh(app, || app.store.group(team, kind, id)).await?;
    found.map(|group| Json(GroupView::full(group))).ok_or_else(|| ApiError::not_found("group", &format!("{kind}/{id}")))
}

fn bad_request(rejection: Rejection) -> ApiError {
    match rejection {
        Rejection::Invalid(message) => ApiError::BadRequest(message),
        Rejection::Quiet(_) => ApiError::BadRequest("the id cannot be used".into()),
    }
}

/// Read a group
#[utoipa::path(
    get, path = "/groups/{type}/{id}", tag = "groups", operation_id = "getGroup",
    params(("type" = String, Path, description = "The group's type"), ("id" = String, Path, description = "Your id of the group")),
    responses((status = 200, description = "The group", body = GroupView), ToReadOne),
    security(("key" = []))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments((kind, id)): Segments<(String, String)>,
) -> ApiResult<Json<GroupView>> {
    read(&app, &team, &snake_case(&kind), &id).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"attributes": {"plan": "paid"}}))]
pub struct GroupPatch {
    /// Merged into what is held.
    #[schema(value_type = Object)]
    #[serde(default)]
    attributes: Option<Value>,
}

/// Merge attributes into a group
#[utoipa::path(
    patch, path = "/groups/{type}/{id}", tag = "groups", operation_id = "updateGroup", request_body = GroupPatch,
    params(("type" = String, Path, description = "The group's type"), ("id" = String, Path, description = "Your id of the group")),
    responses((status = 200, description = "As it is then", body = GroupView), ToWriteOne),
    security(("key" = []))
)]
pub async fn update(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments((kind, id)): Segments<(String, String)>,
    Body(patch): Body<GroupPatch>,
) -> ApiResult<Json<GroupView>> {
    let kind = snake_case(&kind);
    if patch.attributes.is_none() {
        return Err(ApiError::BadRequest("attributes is required".into()));
    }
    drop(read(&app, &team, &kind, &id).await?);
    put(&app, &team, kind, id, patch.attributes).await
}

/// Make an identity a member
#[utoipa::path(
    put, path = "/groups/{type}/{id}/identities/{identityId}", tag = "groups", operation_id = "addGroupMember",
    params(("type" = String, Path, description = "The group's type"), ("id" = String, Path, description = "Your id of the group"),
        ("identityId" = String, Path, description = "Your id of the user")),
    responses((status = 204, description = "It is a member"), ToReadOne),
    security(("key" = []))
)]
pub async fn add_member(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments((kind, id, identity)): Segments<(String, String, String)>,
) -> ApiResult<StatusCode> {
    let kind = snake_case(&kind);
    let added =
        fresh(&app, || async { Ok(app.store.add_member(&team, &kind, &id, &identity).await?.then_some(())) }).await?;
    added.map(|()| StatusCode::NO_CONTENT).ok_or_else(|| ApiError::NotFound("no such group or identity".into()))
}

/// End a membership
#[utoipa::path(
    delete, path = "/groups/{type}/{id}/identities/{identityId}", tag = "groups", operation_id = "removeGroupMember",
    params(("type" = String, Path, description = "The group's type"), ("id" = String, Path, description = "Your id of the group"),
        ("identityId" = String, Path, description = "Your id of the user")),
    responses((status = 204, description = "It is no member"), ToReadOne),
    security(("key" = []))
)]
pub async fn remove_member(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments((kind, id, identity)): Segments<(String, String, String)>,
) -> ApiResult<StatusCode> {
    settled(&app).await;
    match app.store.remove_member(&team, &snake_case(&kind), &id, &identity).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::NotFound("no such membership".into())),
    }
}

//! The team itself, and making another one.

use crate::app::App;
use crate::bootstrap::add_default_rules;
use crate::http::auth::{LoggedIn, Reader, Writer};
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::extract::Body;
use crate::http::names::name;
use crate::http::refusals::{ToReadAll, ToWrite};
use crate::secrets::random_key;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dregs_engine::event::format_time_ms;
use dregs_store::{Role, TEAMS_MAX, Team, TeamId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TeamView {
    pub id: String,
    pub name: String,
    /// Events a month; null: unlimited.
    pub monthly_event_limit: Option<i64>,
    pub created_at: String,
}

impl From<Team> for TeamView {
    fn from(team: Team) -> Self {
        TeamView {
            id: team.id.as_str().to_owned(),
            name: team.name,
            monthly_event_limit: team.monthly_event_limit,
            created_at: format_time_ms(team.created_ms),
        }
    }
}

async fn own(app: &App, team: &TeamId) -> ApiResult<Team> {
    app.store.team(team).await?.ok_or_else(|| ApiError::not_found("team", team.as_str()))
}

/// Read the team
#[utoipa::path(
    get, path = "/team", tag = "team", operation_id = "getTeam",
    responses((status = 200, description = "The caller's team", body = TeamView), ToReadAll),
    security(("key" = []))
)]
pub async fn get(State(app): State<Arc<App>>, Reader(team): Reader) -> ApiResult<Json<TeamView>> {
    Ok(Json(own(&app, &team).await?.into()))
}

#[derive(Deserialize, ToSchema)]
pub struct TeamBody {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

/// Rename the team
#[utoipa::path(
    patch, path = "/team", tag = "team", operation_id = "updateTeam", request_body = TeamBody,
    responses((status = 200, description = "The team", body = TeamView), ToWrite),
    security(("key" = []))
)]
pub async fn update(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Body(body): Body<TeamBody>,
) -> ApiResult<Json<TeamView>> {
    app.store.rename_team(&team, &name("name", &body.name)?).await?;
    Ok(Json(own(&app, &team).await?.into()))
}

/// Make another team
///
/// Its maker is its administrator, and works in it after `POST /auth/team`. It begins with the default rules, and with the
/// monthly event limit of the team it is made from.
#[utoipa::path(
    post, path = "/teams", tag = "team", operation_id = "createTeam", request_body = TeamBody,
    responses((status = 201, description = "The team", body = TeamView), (status = 409, body = ErrorBody), ToWrite),
    security(("key" = []))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    person: LoggedIn,
    Body(body): Body<TeamBody>,
) -> ApiResult<(StatusCode, Json<TeamView>)> {
    if person.role != Role::Admin {
        return Err(ApiError::Forbidden("only an administrator may do this"));
    }
    let now_ms = app.clock.now_ms();
    let team = Team {
        id: TeamId::new(random_key("team_")),
        name: name("name", &body.name)?,
        monthly_event_limit: own(&app, &person.team).await?.monthly_event_limit,
        created_ms: now_ms,
    };
    if !app.store.add_team_of(&team, &person.user_id).await? {
        return Err(ApiError::Conflict(format!(
            "you belong to {TEAMS_MAX} teams, and nobody may to more: leave one first"
        )));
    }
    add_default_rules(&app.store, &team.id, now_ms).await?;
    Ok((StatusCode::CREATED, Json(team.into())))
}

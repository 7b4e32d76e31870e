//! People in the team: who belongs, and as what.

use crate::app::App;
use crate::http::auth::{Principal, Reader, Writer};
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::extract::{Body, Segments, choice};
use crate::http::refusals::{ToReadAll, ToReadOne, ToWriteOne};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dregs_engine::event::format_time_ms;
use dregs_store::{MembershipChange, MembershipOutcome, Person, Role};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// The roles there are, the mightiest first.
const ROLES: [Role; 3] = [Role::Admin, Role::User, Role::Viewer];

pub fn role(given: &str) -> ApiResult<Role> {
    choice("role", given, &ROLES, Role::code)
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberView {
    pub id: String,
    pub email: String,
    pub name: String,
    /// ADMIN, USER or VIEWER.
    pub role: &'static str,
    /// May not work in this team.
    pub disabled: bool,
    pub joined_at: String,
    /// When they last began to work in this team.
    pub last_login_at: Option<String>,
}

impl From<Person> for MemberView {
    fn from(person: Person) -> Self {
        MemberView {
            id: person.user_id,
            email: person.email,
            name: person.name,
            role: person.role.code(),
            disabled: person.disabled,
            joined_at: format_time_ms(person.joined_ms),
            last_login_at: person.last_login_ms.map(format_time_ms),
        }
    }
}

/// List the people in the team, by when they came
#[utoipa::path(
    get, path = "/team/members", tag = "team", operation_id = "listMembers",
    responses((status = 200, description = "All of them, 500 at most", body = Vec<MemberView>), ToReadAll),
    security(("key" = []))
)]
pub async fn list(State(app): State<Arc<App>>, Reader(team): Reader) -> ApiResult<Json<Vec<MemberView>>> {
    Ok(Json(app.store.people(&team).await?.into_iter().map(MemberView::from).collect()))
}

/// What to change of a person's place in the team; at least one.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MemberBody {
    /// ADMIN, USER or VIEWER.
    role: Option<String>,
    /// True ends their sessions in this team, and they cannot log in to it.
    disabled: Option<bool>,
}

/// Change what a person may do
///
/// It counts at once. The last administrator stays one.
#[utoipa::path(
    patch, path = "/team/members/{userId}", tag = "team", operation_id = "updateMember", request_body = MemberBody,
    params(("userId" = String, Path, description = "From the list")),
    responses((status = 200, description = "The person", body = MemberView), (status = 409, body = ErrorBody), ToWriteOne),
    security(("key" = []))
)]
pub async fn update(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(user_id): Segments<String>,
    Body(body): Body<MemberBody>,
) -> ApiResult<Json<MemberView>> {
    let change = MembershipChange { role: body.role.as_deref().map(role).transpose()?, disabled: body.disabled };
    if change.role.is_none() && change.disabled.is_none() {
        return Err(ApiError::BadRequest("role or disabled is required".into()));
    }
    Ok(Json(done(app.store.change_membership(&team, &user_id, change).await?, &user_id)?.into()))
}

/// Take a person out of the team, or leave it
///
/// Ends their sessions in it. Administrators and secret keys may take out anybody but the last administrator; everybody may
/// leave. Their account stays.
#[utoipa::path(
    delete, path = "/team/members/{userId}", tag = "team", operation_id = "removeMember",
    params(("userId" = String, Path, description = "From the list")),
    responses((status = 204, description = "They are out"), (status = 409, body = ErrorBody), ToReadOne),
    security(("key" = []))
)]
pub async fn remove(
    State(app): State<Arc<App>>,
    principal: Principal,
    Segments(user_id): Segments<String>,
) -> ApiResult<StatusCode> {
    let leaves = matches!(&principal, Principal::Person { user_id: own, .. } if *own == user_id);
    if principal.role() != Some(Role::Admin) && !leaves {
        return Err(ApiError::Forbidden("only an administrator may do this"));
    }
    done(app.store.end_membership(principal.team(), &user_id).await?, &user_id)?;
    Ok(StatusCode::NO_CONTENT)
}

fn done(outcome: MembershipOutcome, user_id: &str) -> ApiResult<Person> {
    match outcome {
        MembershipOutcome::Done(person) => Ok(person),
        MembershipOutcome::NotFound => Err(ApiError::not_found("member", user_id)),
        MembershipOutcome::LastAdmin => Err(ApiError::Conflict(
            "this is the team's last administrator: make somebody else an administrator first".into(),
        )),
    }
}

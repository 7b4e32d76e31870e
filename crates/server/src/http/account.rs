//! The caller's own account: what they are called, and where they are logged in.

use crate::app::App;
use crate::http::auth::{LoggedIn, bearer};
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Body, Segments};
use crate::http::names::name;
use crate::http::refusals::{ToReadAll, ToReadOne, ToWrite};
use crate::secrets::token_hash;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use dregs_engine::event::format_time_ms;
use dregs_store::{Login, User};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountView {
    pub id: String,
    pub email: String,
    pub name: String,
    pub created_at: String,
    /// Whether it has a password.
    pub has_password: bool,
    /// Since when the caller signs in to it at the provider of single sign-on; null where they do not.
    pub single_sign_on_since: Option<String>,
}

impl AccountView {
    async fn of(app: &App, user: User) -> ApiResult<Self> {
        let bound = app.store.bindings_of(&user.id).await?;
        let issuer = app.sso.offered().map(|provider| provider.issuer());
        let bound = bound.into_iter().find(|held| Some(held.issuer.as_str()) == issuer);
        Ok(AccountView {
            id: user.id,
            email: user.email,
            name: user.name,
            created_at: format_time_ms(user.created_ms),
            has_password: !user.password_hash.is_empty(),
            single_sign_on_since: bound.map(|held| format_time_ms(held.bound_ms)),
        })
    }
}

async fn own(app: &App, person: &LoggedIn) -> ApiResult<User> {
    app.store.user(&person.user_id).await?.ok_or(ApiError::Unauthorized("the user is gone"))
}

/// Read one's own account
#[utoipa::path(
    get, path = "/account", tag = "account", operation_id = "getAccount",
    responses((status = 200, description = "The caller's account", body = AccountView), ToReadAll),
    security(("key" = []))
)]
pub async fn get(State(app): State<Arc<App>>, person: LoggedIn) -> ApiResult<Json<AccountView>> {
    Ok(Json(AccountView::of(&app, own(&app, &person).await?).await?))
}

#[derive(Deserialize, ToSchema)]
pub struct AccountBody {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

/// Change one's own name
#[utoipa::path(
    patch, path = "/account", tag = "account", operation_id = "updateAccount", request_body = AccountBody,
    responses((status = 200, description = "The caller's account", body = AccountView), ToWrite),
    security(("key" = []))
)]
pub async fn update(
    State(app): State<Arc<App>>,
    person: LoggedIn,
    Body(body): Body<AccountBody>,
) -> ApiResult<Json<AccountView>> {
    app.store.rename_user(&person.user_id, &name("name", &body.name)?).await?;
    Ok(Json(AccountView::of(&app, own(&app, &person).await?).await?))
}

/// Where the caller is logged in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    pub id: String,
    pub team_id: String,
    pub created_at: String,
    /// To the hour; null until it was used.
    pub last_used_at: Option<String>,
    pub expires_at: String,
    /// Where the log-in came from.
    pub address: Option<String>,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

impl SessionView {
    fn of(login: Login, asking_hash: &str) -> Self {
        SessionView {
            is_current: login.token_hash == asking_hash,
            id: login.id,
            team_id: login.team.as_str().to_owned(),
            created_at: format_time_ms(login.created_ms),
            last_used_at: login.last_used_ms.map(format_time_ms),
            expires_at: format_time_ms(login.expires_ms),
            address: login.address,
        }
    }
}

/// List one's own sessions, newest first
#[utoipa::path(
    get, path = "/account/sessions", tag = "account", operation_id = "listSessions",
    responses((status = 200, description = "Those that have not run out, 50 at most", body = Vec<SessionView>), ToReadAll),
    security(("key" = []))
)]
pub async fn sessions(
    State(app): State<Arc<App>>,
    person: LoggedIn,
    parts: Parts,
) -> ApiResult<Json<Vec<SessionView>>> {
    let asking_hash = bearer(&parts).map(token_hash).unwrap_or_default();
    let logins = app.store.logins_of(&person.user_id, app.clock.now_ms()).await?;
    Ok(Json(logins.into_iter().map(|login| SessionView::of(login, &asking_hash)).collect()))
}

/// End one of one's own sessions
#[utoipa::path(
    delete, path = "/account/sessions/{id}", tag = "account", operation_id = "endSession",
    params(("id" = String, Path, description = "From the list")),
    responses((status = 204, description = "It is over"), ToReadOne),
    security(("key" = []))
)]
pub async fn end_session(
    State(app): State<Arc<App>>,
    person: LoggedIn,
    Segments(id): Segments<String>,
) -> ApiResult<StatusCode> {
    match app.store.end_login_of(&person.user_id, &id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found("session", &id)),
    }
}

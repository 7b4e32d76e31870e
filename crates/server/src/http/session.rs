//! Logging in and out.

use crate::app::App;
use crate::http::auth::{Principal, bearer};
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::extract::Body;
use crate::http::refusals::{ToReadAll, ToWrite};
use crate::secrets::{hash_password, random_key, token_hash, verify_password};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use dregs_engine::event::format_time_ms;
use dregs_store::Membership;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// How long a session lasts.
const SESSION_MS: i64 = 14 * 24 * 3_600_000;
const PASSWORD_CHARS_MIN: usize = 10;
const PASSWORD_CHARS_MAX: usize = 256;

#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"email": "admin@localhost", "password": "…"}))]
pub struct LoginBody {
    email: String,
    password: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoginView {
    /// Send it as `Authorization: Bearer …`.
    pub token: String,
    pub expires_at: String,
    /// ADMIN, USER or VIEWER.
    pub role: &'static str,
    pub team_id: String,
}

/// Log in
#[utoipa::path(
    post, path = "/auth/login", tag = "auth", operation_id = "login", request_body = LoginBody,
    responses((status = 200, description = "A session", body = LoginView), (status = 400, body = ErrorBody),
        (status = 401, description = "E-mail or password is wrong", body = ErrorBody), (status = 403, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 415, body = ErrorBody), (status = 429, body = ErrorBody), (status = 503, body = ErrorBody)),
)]
pub async fn login(State(app): State<Arc<App>>, Body(body): Body<LoginBody>) -> ApiResult<Json<LoginView>> {
    const WRONG: ApiError = ApiError::Unauthorized("e-mail or password is wrong");
    let user = match body.email.contains('\0') {
        true => None,
        false => app.store.user_by_email(&body.email).await?,
    };
    // An unknown address takes as long as a wrong password, so that addresses cannot be probed.
    let hash = user.as_ref().map_or_else(|| DECOY.clone(), |user| user.password_hash.clone());
    let password = body.password;
    let verified = tokio::task::spawn_blocking(move || verify_password(&password, &hash)).await.unwrap_or(false);
    let user = user.filter(|user| verified && !user.disabled).ok_or(WRONG)?;
    let held = app.store.memberships(&user.id).await?.into_iter().next();
    let held = held.ok_or(ApiError::Forbidden("you belong to no team"))?;
    let token = random_key("dst_");
    let now_ms = app.clock.now_ms();
    app.store.add_login(&token_hash(&token), &held, now_ms, now_ms + SESSION_MS).await?;
    let Membership { team, role, .. } = held;
    Ok(Json(LoginView {
        token,
        expires_at: format_time_ms(now_ms + SESSION_MS),
        role: role.code(),
        team_id: team.as_str().to_owned(),
    }))
}

/// The hash of no password, checked when the address is unknown.
static DECOY: std::sync::LazyLock<String> =
    std::sync::LazyLock::new(|| hash_password(&random_key("")).unwrap_or_default());

/// Log out
#[utoipa::path(
    post, path = "/auth/logout", tag = "auth", operation_id = "logout",
    responses((status = 204, description = "The session is over"), ToReadAll),
    security(("key" = []))
)]
pub async fn logout(State(app): State<Arc<App>>, principal: Principal, parts: Parts) -> ApiResult<StatusCode> {
    let Principal::Person { .. } = principal else {
        return Err(ApiError::Forbidden("a key has no session"));
    };
    if let Some(token) = bearer(&parts) {
        app.store.end_login(&token_hash(token)).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MeView {
    pub team_id: String,
    pub team_name: String,
    /// ADMIN, USER or VIEWER.
    pub role: &'static str,
    /// Absent for a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Who am I
#[utoipa::path(
    get, path = "/auth/me", tag = "auth", operation_id = "me",
    responses((status = 200, description = "The caller", body = MeView), ToReadAll),
    security(("key" = []))
)]
pub async fn me(State(app): State<Arc<App>>, principal: Principal) -> ApiResult<Json<MeView>> {
    let role = principal.role().ok_or(ApiError::Forbidden("a public key is nobody"))?;
    let team = app.store.team(principal.team()).await?;
    let user = match &principal {
        Principal::Person { user_id, .. } => app.store.user(user_id).await?,
        _ => None,
    };
    Ok(Json(MeView {
        team_id: principal.team().as_str().to_owned(),
        team_name: team.map(|team| team.name).unwrap_or_default(),
        role: role.code(),
        email: user.as_ref().map(|user| user.email.clone()),
        name: user.map(|user| user.name),
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordBody {
    current_password: String,
    #[schema(min_length = 10, max_length = 256)]
    new_password: String,
}

/// Change the password
///
/// Ends every session of the user, this one included.
#[utoipa::path(
    post, path = "/auth/password", tag = "auth", operation_id = "changePassword", request_body = PasswordBody,
    responses((status = 204, description = "Changed; log in again"), ToWrite),
    security(("key" = []))
)]
pub async fn change_password(
    State(app): State<Arc<App>>,
    principal: Principal,
    Body(body): Body<PasswordBody>,
) -> ApiResult<StatusCode> {
    let Principal::Person { user_id, .. } = principal else {
        return Err(ApiError::Forbidden("a key has no password"));
    };
    let length = body.new_password.chars().count();
    if !(PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&length) {
        return Err(ApiError::BadRequest(format!(
            "newPassword must have {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters"
        )));
    }
    let user = app.store.user(&user_id).await?.ok_or(ApiError::Unauthorized("the user is gone"))?;
    let hashed = tokio::task::spawn_blocking(move || {
        verify_password(&body.current_password, &user.password_hash).then(|| hash_password(&body.new_password))
    });
    let hash = match hashed.await {
        Ok(Some(Ok(hash))) => hash,
        Ok(None) => return Err(ApiError::Forbidden("currentPassword is wrong")),
        _ => return Err(ApiError::Internal("the password could not be hashed".into())),
    };
    app.store.set_password(&user_id, &hash).await?;
    Ok(StatusCode::NO_CONTENT)
}

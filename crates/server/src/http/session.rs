//! Logging in and out.

use crate::app::App;
use crate::http::attempts::Attempt;
use crate::http::audit;
use crate::http::auth::{LoggedIn, Principal, bearer};
use crate::http::client_address::client_ip;
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::extract::Body;
use crate::http::names::folded;
use crate::http::refusals::{ToReadAll, ToWrite};
use crate::passwords;
use crate::secrets::{random_key, token_hash};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use dregs_engine::event::format_time_ms;
use dregs_store::{Login, Membership, Role, Team, User};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;
use utoipa::ToSchema;

/// How long a session lasts.
const SESSION_MS: i64 = 14 * 24 * 3_600_000;

const NOT_YOURS: ApiError = ApiError::Forbidden("you do not belong to the team of teamId");

#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"email": "admin@localhost", "password": "…"}))]
#[serde(rename_all = "camelCase")]
pub struct LoginBody {
    email: String,
    password: String,
    /// Which of several teams to work in; the one of the last log-in when absent.
    team_id: Option<String>,
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
///
/// Who fails too often waits, longer each time; `Retry-After` says how long. Unknown addresses are treated alike.
#[utoipa::path(
    post, path = "/auth/login", tag = "auth", operation_id = "login", request_body = LoginBody,
    responses((status = 200, description = "A session", body = LoginView), (status = 400, body = ErrorBody),
        (status = 401, description = "E-mail or password is wrong", body = ErrorBody), (status = 403, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 415, body = ErrorBody), (status = 429, body = ErrorBody), (status = 503, body = ErrorBody)),
)]
pub async fn login(
    State(app): State<Arc<App>>,
    parts: Parts,
    Body(body): Body<LoginBody>,
) -> ApiResult<Json<LoginView>> {
    let ip = client_ip(&parts, &app.options);
    let user = authenticate(&app, &body.email, body.password, ip).await?;
    let mut held = app.store.memberships(&user.id).await?.into_iter();
    let held = match body.team_id {
        None => held.next().ok_or(ApiError::Forbidden("you belong to no team"))?,
        Some(id) => held.find(|held| held.team.as_str() == id).ok_or(NOT_YOURS)?,
    };
    audit::note_person(&app, &parts, &user, &held.team, "login").await?;
    start_session(&app, &user, &held, ip).await.map(Json)
}

/// Who has this e-mail address and password. Attempts from `ip` are bounded, and what is refused does not say whether there
/// is such an account.
pub async fn authenticate(app: &App, email: &str, password: String, ip: Option<IpAddr>) -> ApiResult<User> {
    app.sso.check_passwords_are_taken()?;
    let email = folded(email);
    // NUL is in no address, and not every database takes it in a question.
    let user = match email.contains('\0') {
        true => None,
        false => app.store.user_by_email(&email).await?,
    };
    // Who signs in elsewhere may have none.
    let hash = user.as_ref().map(|user| user.password_hash.clone()).filter(|hash| !hash.is_empty());
    let attempt = Attempt::at_account(&email, hash.as_deref(), ip);
    attempt.check(app).await?;
    let turn = app.passwords.turn().await?;
    attempt.take(app).await?;
    let verified = turn.verify(password, hash).await?;
    let user = user.filter(|user| verified && !user.disabled);
    let user = user.ok_or(ApiError::Unauthorized("e-mail or password is wrong"))?;
    attempt.succeeded(app).await?;
    Ok(user)
}

/// Logs a person in to one of their teams.
pub async fn start_session(app: &App, user: &User, held: &Membership, ip: Option<IpAddr>) -> ApiResult<LoginView> {
    let (token, expires_ms) = add_session(app, user, held, ip, SESSION_MS).await?;
    Ok(session_view(token, expires_ms, held))
}

/// Whether the password that was shown is still the person's. Whoever changes it ends what stands by then; what was begun
/// before and stands after has to look for itself.
pub async fn is_current(app: &App, shown: &User) -> ApiResult<bool> {
    let user = app.store.user(&shown.id).await?;
    Ok(user.is_some_and(|user| !user.disabled && user.password_hash == shown.password_hash))
}

/// A session's token, and when it ends.
pub async fn add_session(
    app: &App,
    user: &User,
    held: &Membership,
    ip: Option<IpAddr>,
    lasts_ms: i64,
) -> ApiResult<(String, i64)> {
    let token = random_key("dst_");
    let now_ms = app.clock.now_ms();
    let login = Login {
        token_hash: token_hash(&token),
        id: random_key("ses_"),
        team: held.team.clone(),
        user_id: held.user_id.clone(),
        address: ip.map(|ip| ip.to_string()),
        created_ms: now_ms,
        expires_ms: now_ms + lasts_ms,
        last_used_ms: None,
    };
    app.store.add_login(&login).await?;
    if !is_current(app, user).await? {
        app.store.end_login(&login.token_hash).await?;
        return Err(ApiError::Unauthorized("the password was changed meanwhile: log in again"));
    }
    Ok((token, login.expires_ms))
}

fn session_view(token: String, expires_ms: i64, held: &Membership) -> LoginView {
    LoginView {
        token,
        expires_at: format_time_ms(expires_ms),
        role: held.role.code(),
        team_id: held.team.as_str().to_owned(),
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SwitchBody {
    team_id: String,
}

/// Work in another team
///
/// Answers with a session for that team; the one that asks ends. It lasts no longer than that one would have.
#[utoipa::path(
    post, path = "/auth/team", tag = "auth", operation_id = "switchTeam", request_body = SwitchBody,
    responses((status = 200, description = "A session", body = LoginView), ToWrite),
    security(("key" = []))
)]
pub async fn switch_team(
    State(app): State<Arc<App>>,
    person: LoggedIn,
    parts: Parts,
    Body(body): Body<SwitchBody>,
) -> ApiResult<Json<LoginView>> {
    const OVER: ApiError = ApiError::Unauthorized("the session is over: log in again");
    let held = app.store.memberships(&person.user_id).await?;
    let held = held.into_iter().find(|held| held.team.as_str() == body.team_id).ok_or(NOT_YOURS)?;
    let (old, token) = (bearer(&parts).ok_or(OVER)?, random_key("dst_"));
    let now_ms = app.clock.now_ms();
    let moved =
        app.store.move_login(&token_hash(old), &token_hash(&token), &held.team, &person.user_id, now_ms).await?;
    Ok(Json(session_view(token, moved.ok_or(OVER)?, &held)))
}

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
    /// Where the caller may work; absent for a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teams: Option<Vec<OwnTeamView>>,
}

/// A team of the caller.
#[derive(Serialize, ToSchema)]
pub struct OwnTeamView {
    pub id: String,
    pub name: String,
    /// ADMIN, USER or VIEWER.
    pub role: &'static str,
}

impl From<(Team, Role)> for OwnTeamView {
    fn from((team, role): (Team, Role)) -> Self {
        OwnTeamView { id: team.id.as_str().to_owned(), name: team.name, role: role.code() }
    }
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
    let (user, teams) = match &principal {
        Principal::Person { user_id, .. } => (app.store.user(user_id).await?, Some(app.store.teams_of(user_id).await?)),
        _ => (None, None),
    };
    Ok(Json(MeView {
        team_id: principal.team().as_str().to_owned(),
        team_name: team.map(|team| team.name).unwrap_or_default(),
        role: role.code(),
        email: user.as_ref().map(|user| user.email.clone()),
        name: user.map(|user| user.name),
        teams: teams.map(|teams| teams.into_iter().map(OwnTeamView::from).collect()),
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
/// Ends every session of the user, this one included, and every token and grant of their agents. Wrong ones are bounded as
/// at logging in.
#[utoipa::path(
    post, path = "/auth/password", tag = "auth", operation_id = "changePassword", request_body = PasswordBody,
    responses((status = 204, description = "Changed; log in again"), (status = 429, body = ErrorBody), ToWrite),
    security(("key" = []))
)]
pub async fn change_password(
    State(app): State<Arc<App>>,
    person: LoggedIn,
    parts: Parts,
    Body(body): Body<PasswordBody>,
) -> ApiResult<StatusCode> {
    let user = app.store.user(&person.user_id).await?.ok_or(ApiError::Unauthorized("the user is gone"))?;
    passwords::check("newPassword", &body.new_password, &user.email)?;
    match authenticate(&app, &user.email, body.current_password, client_ip(&parts, &app.options)).await {
        Err(ApiError::Unauthorized(_)) => return Err(ApiError::Forbidden("currentPassword is wrong")),
        authenticated => authenticated?,
    };
    let hash = app.passwords.hash(body.new_password).await?;
    app.store.set_password(&person.user_id, &hash).await?;
    Ok(StatusCode::NO_CONTENT)
}

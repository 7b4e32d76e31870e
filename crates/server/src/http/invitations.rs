//! Inviting people into the team, and accepting.

use crate::app::App;
use crate::channels::invitation::{Letter, send};
use crate::http::attempts::Attempt;
use crate::http::audit;
use crate::http::auth::{Decider, Writer};
use crate::http::client_address::client_ip;
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::extract::{Body, Segments};
use crate::http::members::role;
use crate::http::names::{email, name};
use crate::http::refusals::{ToReadAll, ToReadOne, ToWrite};
use crate::http::session::{LoginView, authenticate, start_session};
use crate::passwords;
use crate::secrets::{random_key, token_hash};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use dregs_engine::event::format_time_ms;
use dregs_store::{INVITATIONS_MAX, Invitation, Invited, Joined, Joining, MEMBERS_MAX, TEAMS_MAX, User};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;
use utoipa::ToSchema;

/// How long an invitation waits: over a week-end and a few days.
const INVITATION_MS: i64 = 7 * 24 * 3_600_000;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationView {
    pub id: String,
    pub email: String,
    /// ADMIN, USER or VIEWER.
    pub role: &'static str,
    pub invited_by: String,
    pub created_at: String,
    pub expires_at: String,
    /// Accepts the invitation. Only in the answer that creates it, and only where no mail server is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Where the person accepts. Only in the answer that creates it, and only where no mail server is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Whether the link went out by e-mail. Only in the answer that creates it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emailed: Option<bool>,
    /// Why it did not. Where a mail server is configured: invite again once that is mended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_error: Option<String>,
}

impl From<Invitation> for InvitationView {
    fn from(held: Invitation) -> Self {
        InvitationView {
            id: held.id,
            email: held.email,
            role: held.role.code(),
            invited_by: held.invited_by,
            created_at: format_time_ms(held.created_ms),
            expires_at: format_time_ms(held.expires_ms),
            token: None,
            link: None,
            emailed: None,
            email_error: None,
        }
    }
}

/// List invitations that wait, newest first
#[utoipa::path(
    get, path = "/team/invitations", tag = "team", operation_id = "listInvitations",
    responses((status = 200, description = "All of them, 100 at most, without what accepts them", body = Vec<InvitationView>), ToReadAll),
    security(("key" = []))
)]
pub async fn list(State(app): State<Arc<App>>, Writer(team): Writer) -> ApiResult<Json<Vec<InvitationView>>> {
    let waiting = app.store.invitations(&team, app.clock.now_ms()).await?;
    Ok(Json(waiting.into_iter().map(InvitationView::from).collect()))
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"email": "ann@example.com", "role": "USER"}))]
pub struct InvitationBody {
    #[schema(max_length = 254)]
    email: String,
    /// ADMIN, USER or VIEWER.
    role: String,
}

/// Invite somebody into the team
///
/// Where a mail server is configured, the link goes to the address and nowhere else: whoever accepts reads mail there.
/// Elsewhere it is in this answer alone. It is good once, for seven days, and as long as whoever invited may do so. Inviting an
/// address again replaces the invitation that waits.
#[utoipa::path(
    post, path = "/team/invitations", tag = "team", operation_id = "createInvitation", request_body = InvitationBody,
    responses((status = 201, description = "The invitation", body = InvitationView), (status = 409, body = ErrorBody),
        (status = 429, body = ErrorBody), ToWrite),
    security(("key" = []))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    decider: Decider,
    Body(body): Body<InvitationBody>,
) -> ApiResult<(StatusCode, Json<InvitationView>)> {
    let (email, role) = (email("email", &body.email)?, role(&body.role)?);
    let token = random_key("inv_");
    let now_ms = app.clock.now_ms();
    let invitation = Invitation {
        team: decider.team.clone(),
        id: random_key("invitation_"),
        email,
        role,
        token_hash: token_hash(&token),
        invited_by: decider.name,
        inviter_id: Some(decider.id),
        created_ms: now_ms,
        expires_ms: now_ms + INVITATION_MS,
    };
    Attempt::at_inviting(&decider.team).take(&app).await?;
    invited(app.store.invite(&decider.team, &invitation).await?)?;
    let link = app.options.notify.page_url(&format!("invitation#{token}"));
    let team_name = app.store.team(&decider.team).await?.map(|team| team.name).unwrap_or_default();
    let sent = send(&app.options.notify, &Letter { invitation: &invitation, team_name: &team_name, link: &link }).await;
    // An address says something about who accepts only if nobody else could have.
    let shown = app.options.notify.smtp_url.is_none();
    let view = InvitationView {
        token: shown.then_some(token),
        link: shown.then_some(link),
        emailed: Some(sent.is_ok()),
        email_error: sent.err(),
        ..invitation.into()
    };
    Ok((StatusCode::CREATED, Json(view)))
}

fn invited(outcome: Invited) -> ApiResult<()> {
    let refused = match outcome {
        Invited::Done => return Ok(()),
        Invited::Member => "somebody with this e-mail address belongs to the team already".into(),
        Invited::MayNot => return Err(ApiError::Forbidden("only an administrator may do this")),
        Invited::TooManyInvitations => {
            format!("{INVITATIONS_MAX} invitations wait, and no more may: withdraw one first")
        }
        Invited::TeamFull => format!("the team has {MEMBERS_MAX} members, and may have no more: remove one first"),
    };
    Err(ApiError::Conflict(refused))
}

/// Withdraw an invitation
#[utoipa::path(
    delete, path = "/team/invitations/{id}", tag = "team", operation_id = "withdrawInvitation",
    params(("id" = String, Path, description = "From the list")),
    responses((status = 204, description = "Its link is good for nothing"), ToReadOne),
    security(("key" = []))
)]
pub async fn withdraw(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(id): Segments<String>,
) -> ApiResult<StatusCode> {
    match app.store.withdraw_invitation(&team, &id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found("invitation", &id)),
    }
}

/// The invitation of a token. Wrong tokens are counted against the network they come from.
async fn by_token(app: &App, token: &str, ip: Option<IpAddr>) -> ApiResult<Invitation> {
    let attempt = Attempt::at_token(ip);
    attempt.check(app).await?;
    match app.store.invitation_by_token(&token_hash(token), app.clock.now_ms()).await? {
        Some(found) => Ok(found),
        None => {
            attempt.failed(app).await?;
            Err(gone())
        }
    }
}

fn gone() -> ApiError {
    ApiError::NotFound("this invitation is unknown, used, withdrawn or has run out, or whoever sent it may no longer invite: ask for another".into())
}

#[derive(Deserialize, ToSchema)]
pub struct InvitationTokenBody {
    token: String,
}

/// What an invitation is into.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitedView {
    pub team_name: String,
    pub email: String,
    /// ADMIN, USER or VIEWER.
    pub role: &'static str,
    pub expires_at: String,
    /// Whether the address has an account: its password is asked for then, otherwise a name and a password.
    pub has_account: bool,
}

/// See what an invitation is into
#[utoipa::path(
    post, path = "/auth/invitations/look-up", tag = "auth", operation_id = "lookUpInvitation", request_body = InvitationTokenBody,
    responses((status = 200, description = "What it is into", body = InvitedView), (status = 400, body = ErrorBody),
        (status = 404, description = "Unknown, used, withdrawn or run out", body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 415, body = ErrorBody), (status = 429, body = ErrorBody), (status = 503, body = ErrorBody)),
)]
pub async fn look_up(
    State(app): State<Arc<App>>,
    parts: Parts,
    Body(body): Body<InvitationTokenBody>,
) -> ApiResult<Json<InvitedView>> {
    let invitation = by_token(&app, &body.token, client_ip(&parts, &app.options)).await?;
    let team = app.store.team(&invitation.team).await?.ok_or_else(gone)?;
    Ok(Json(InvitedView {
        team_name: team.name,
        has_account: app.store.user_by_email(&invitation.email).await?.is_some(),
        email: invitation.email,
        role: invitation.role.code(),
        expires_at: format_time_ms(invitation.expires_ms),
    }))
}

#[derive(Deserialize, ToSchema)]
pub struct AcceptBody {
    token: String,
    /// Of somebody without an account.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// To choose, or, with an account, the one it has.
    #[schema(max_length = 256)]
    password: Option<String>,
}

/// Accept an invitation
///
/// Somebody without an account gives a name and chooses a password; somebody with one proves by its password that it is
/// theirs. Answers as logging in does.
#[utoipa::path(
    post, path = "/auth/invitations/accept", tag = "auth", operation_id = "acceptInvitation", request_body = AcceptBody,
    responses((status = 200, description = "A session in the team", body = LoginView), (status = 400, body = ErrorBody),
        (status = 401, description = "The account has another password", body = ErrorBody), (status = 403, description = "No passwords are taken here", body = ErrorBody),
        (status = 404, description = "Unknown, used, withdrawn or run out", body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 415, body = ErrorBody), (status = 429, body = ErrorBody), (status = 503, body = ErrorBody)),
)]
pub async fn accept(
    State(app): State<Arc<App>>,
    parts: Parts,
    Body(body): Body<AcceptBody>,
) -> ApiResult<Json<LoginView>> {
    let ip = client_ip(&parts, &app.options);
    app.sso.check_passwords_are_taken()?;
    let invitation = by_token(&app, &body.token, ip).await?;
    let password = body.password.ok_or_else(|| ApiError::BadRequest("password is required".into()))?;
    let (user, joining) = match app.store.user_by_email(&invitation.email).await? {
        Some(known) => {
            let user = authenticate(&app, &known.email, password, ip).await?;
            let joining = Joining::Known(user.id.clone());
            (user, joining)
        }
        None => {
            let user = newcomer(&app, &invitation.email, body.name, password).await?;
            (user.clone(), Joining::Newcomer(user))
        }
    };
    audit::note_person(&app, &parts, &user, &invitation.team, "acceptInvitation").await?;
    let held = match app.store.accept_invitation(&invitation, &joining, app.clock.now_ms()).await? {
        Joined::Done(held) => held,
        Joined::Gone => return Err(gone()),
        Joined::TeamFull => {
            return Err(ApiError::Conflict(format!("the team has {MEMBERS_MAX} members, and may have no more")));
        }
        Joined::TooManyTeams => {
            return Err(ApiError::Conflict(format!(
                "you belong to {TEAMS_MAX} teams, and nobody may to more: leave one first"
            )));
        }
    };
    start_session(&app, &user, &held, ip).await.map(Json)
}

async fn newcomer(app: &App, email: &str, given: Option<String>, password: String) -> ApiResult<User> {
    let given = given.ok_or_else(|| ApiError::BadRequest("name is required: this address has no account".into()))?;
    let name = name("name", &given)?;
    passwords::check("password", &password, email)?;
    Ok(User {
        id: random_key("user_"),
        email: email.to_owned(),
        name,
        password_hash: app.passwords.hash(password).await?,
        disabled: false,
        created_ms: app.clock.now_ms(),
    })
}

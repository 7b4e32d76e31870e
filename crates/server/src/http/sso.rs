//! Signing in at a provider: which ways in there are, where the provider is, and what came back from it.

use crate::app::App;
use crate::http::attempts::Attempt;
use crate::http::audit;
use crate::http::client_address::client_ip;
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::extract::Body;
use crate::http::session::{LoginView, start_session};
use crate::sso::people::{Admitted, Refusal, Turned, admit};
use crate::sso::trip::Trip;
use crate::sso::{Claimed, Trouble};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{self, HeaderName};
use axum::http::request::Parts;
use axum::response::IntoResponse;
use dregs_store::User;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// What a provider's code may be long; theirs have some hundred characters, a few put a whole token in.
const CODE_BYTES_MAX: usize = 4_096;

const NOT_OF_THIS_BROWSER: Trouble =
    Trouble::Rejected("this sign-in was not begun in this browser, or took more than ten minutes: begin again");
const OTHER_PROVIDER: Trouble = Trouble::Rejected("this answer is another provider's: begin again");
const NO_CODE: Trouble = Trouble::Rejected("the provider's answer has no code that could be one: begin again");

/// Which ways in there are.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MethodsView {
    /// Whether e-mail address and password are taken.
    pub password: bool,
    /// Null where single sign-on is not set up.
    pub single_sign_on: Option<SingleSignOnView>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SingleSignOnView {
    /// What stands on the button.
    pub button: String,
    /// Where one ends one's session at the provider; null where it does not say.
    pub logout_url: Option<String>,
}

/// See which ways in there are
#[utoipa::path(
    get, path = "/auth/methods", tag = "auth", operation_id = "listSignInMethods",
    responses((status = 200, description = "The ways in", body = MethodsView)),
)]
pub async fn methods(State(app): State<Arc<App>>) -> Json<MethodsView> {
    let offered = app.sso.offered().map(|provider| SingleSignOnView {
        button: app.options.sso.sso_button.clone(),
        logout_url: provider.logout_url(),
    });
    Json(MethodsView { password: app.sso.takes_passwords(), single_sign_on: offered })
}

#[derive(Serialize, ToSchema)]
pub struct StartedView {
    /// Where the browser goes.
    pub url: String,
}

/// Begin to sign in at the provider
///
/// Sets a cookie, which only this server's own pages send back: what comes back from the provider is good in this browser
/// alone, once, for ten minutes.
#[utoipa::path(
    post, path = "/auth/sso/start", tag = "auth", operation_id = "startSingleSignOn",
    responses((status = 200, description = "Where to go", body = StartedView),
        (status = 404, description = "Single sign-on is not set up", body = ErrorBody),
        (status = 503, description = "The provider does not answer", body = ErrorBody)),
)]
pub async fn start(State(app): State<Arc<App>>) -> ApiResult<impl IntoResponse> {
    let provider = app.sso.provider()?;
    let now_ms = app.clock.now_ms();
    let trip = Trip::begin(now_ms);
    let url = provider.authorize_url(&trip, now_ms).await?;
    let cookie = trip.set_cookie(app.sso.is_https);
    Ok(([(header::SET_COOKIE, cookie), no_store()], Json(StartedView { url })))
}

#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"code": "…", "state": "…"}))]
pub struct ReturnedBody {
    /// As it came back from the provider.
    #[schema(max_length = 4096)]
    code: String,
    /// As it came back from the provider.
    state: String,
    /// As it came back from the provider, where it says so.
    iss: Option<String>,
    /// The token of an invitation that is accepted by this.
    invitation: Option<String>,
}

/// Finish signing in at the provider
///
/// Answers as logging in does. The account is the one that is bound to who the provider says it is; the first time, the one
/// with the e-mail address that the provider has verified.
#[utoipa::path(
    post, path = "/auth/sso", tag = "auth", operation_id = "finishSingleSignOn", request_body = ReturnedBody,
    responses((status = 200, description = "A session", body = LoginView), (status = 400, body = ErrorBody),
        (status = 401, description = "It was not begun in this browser, or the provider does not vouch for it", body = ErrorBody),
        (status = 403, description = "There is no account for this person, or it is not theirs to use", body = ErrorBody),
        (status = 404, description = "Single sign-on is not set up", body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 415, body = ErrorBody), (status = 429, body = ErrorBody),
        (status = 503, description = "The provider does not answer", body = ErrorBody)),
)]
pub async fn finish(
    State(app): State<Arc<App>>,
    parts: Parts,
    Body(body): Body<ReturnedBody>,
) -> ApiResult<impl IntoResponse> {
    app.sso.provider()?;
    let cookie = Trip::end_cookie(app.sso.is_https);
    let session = sign_in(&app, &parts, body).await.map(Json);
    Ok(([(header::SET_COOKIE, cookie), no_store()], session))
}

fn no_store() -> (HeaderName, HeaderValue) {
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

async fn sign_in(app: &App, parts: &Parts, body: ReturnedBody) -> ApiResult<LoginView> {
    let ip = client_ip(parts, &app.options);
    let attempt = Attempt::at_token(ip);
    attempt.check(app).await?;
    let invitation = body.invitation.clone();
    let claimed = match claimed(app, parts, body).await {
        // What was tried with a made-up code is counted like a wrong token.
        Err(Trouble::Rejected(why)) => {
            attempt.failed(app).await?;
            return Err(ApiError::Unauthorized(why));
        }
        claimed => claimed?,
    };
    match admit(app, &claimed, invitation.as_deref()).await {
        Ok(Admitted { user, held }) => {
            audit::note_person(app, parts, &user, &held.team, "login").await?;
            start_session(app, &user, &held, ip).await
        }
        Err(Turned::Away(refusal, user)) => {
            note_refusal(app, parts, refusal, user.as_deref()).await?;
            Err(ApiError::Forbidden(refusal.message()))
        }
        Err(Turned::Failed(error)) => Err(error),
    }
}

/// Who the provider says has come back, in the browser that left.
async fn claimed(app: &App, parts: &Parts, body: ReturnedBody) -> Result<Claimed, Trouble> {
    let now_ms = app.clock.now_ms();
    let trip = Trip::of(&parts.headers, app.sso.is_https);
    let trip = trip.filter(|trip| !trip.is_over(now_ms) && trip.state() == body.state).ok_or(NOT_OF_THIS_BROWSER)?;
    let provider = app.sso.offered().ok_or(NOT_OF_THIS_BROWSER)?;
    if body.iss.is_some_and(|issuer| issuer != provider.issuer()) {
        return Err(OTHER_PROVIDER);
    }
    if body.code.is_empty() || body.code.len() > CODE_BYTES_MAX {
        return Err(NO_CODE);
    }
    provider.claimed(body.code, &trip, now_ms).await
}

/// A line in the audit log of the account's team; of somebody who has none here, in the server's.
async fn note_refusal(app: &App, parts: &Parts, refusal: Refusal, user: Option<&User>) -> ApiResult<()> {
    tracing::warn!(reason = refusal.action(), "somebody who signed in at the provider is refused");
    let Some(user) = user else { return Ok(()) };
    match app.store.first_team_of(&user.id).await? {
        Some(team) => audit::note_person(app, parts, user, &team, refusal.action()).await,
        None => Ok(()),
    }
}

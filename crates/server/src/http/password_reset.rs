//! A way back in for who forgot their password: an administrator hands out a link that is good once.

use crate::app::App;
use crate::http::attempts::Attempt;
use crate::http::audit;
use crate::http::auth::Writer;
use crate::http::client_address::client_ip;
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::extract::{Body, Segments};
use crate::http::refusals::ToReadOne;
use crate::passwords;
use crate::secrets::{random_key, token_hash};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use dregs_engine::event::format_time_ms;
use dregs_store::ResetOffered;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// How long a link is good: it is handed over by people, not by machines.
const LINK_MS: i64 = 24 * 3_600_000;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResetView {
    /// Sets a password. Only in this answer.
    pub token: String,
    /// Where the person sets it. Only in this answer.
    pub link: String,
    pub expires_at: String,
}

/// Make a link by which a person sets a password
///
/// It is good once, for 24 hours, and replaces an earlier one. Only for who belongs to no other team: what they have there is
/// not this team's to open. Until it is used, the password they have stays.
#[utoipa::path(
    post, path = "/team/members/{userId}/actions/reset-password", tag = "team", operation_id = "offerPasswordReset",
    params(("userId" = String, Path, description = "From the list")),
    responses((status = 201, description = "The link", body = ResetView), (status = 409, body = ErrorBody), ToReadOne),
    security(("key" = []))
)]
pub async fn offer(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(user_id): Segments<String>,
) -> ApiResult<(StatusCode, Json<ResetView>)> {
    let token = random_key("pwr_");
    let now_ms = app.clock.now_ms();
    let expires_ms = now_ms + LINK_MS;
    match app.store.offer_password_reset(&team, &user_id, &token_hash(&token), now_ms, expires_ms).await? {
        ResetOffered::Done => {}
        ResetOffered::NotFound => return Err(ApiError::not_found("member", &user_id)),
        ResetOffered::OtherTeams => {
            return Err(ApiError::Conflict(
                "this person belongs to other teams too: the operator resets their password with `dregs password`"
                    .into(),
            ));
        }
    }
    let link = app.options.notify.page_url(&format!("reset-password#{token}"));
    Ok((StatusCode::CREATED, Json(ResetView { token, link, expires_at: format_time_ms(expires_ms) })))
}

#[derive(Deserialize, ToSchema)]
pub struct ResetBody {
    token: String,
    #[schema(min_length = 10, max_length = 256)]
    password: String,
}

/// Set a password with a link's token
///
/// Ends every session of the person.
#[utoipa::path(
    post, path = "/auth/password/reset", tag = "auth", operation_id = "resetPassword", request_body = ResetBody,
    responses((status = 204, description = "Set; log in"), (status = 400, body = ErrorBody),
        (status = 404, description = "Unknown, used or run out", body = ErrorBody), (status = 413, body = ErrorBody), (status = 415, body = ErrorBody),
        (status = 429, body = ErrorBody), (status = 503, body = ErrorBody)),
)]
pub async fn reset(State(app): State<Arc<App>>, parts: Parts, Body(body): Body<ResetBody>) -> ApiResult<StatusCode> {
    let attempt = Attempt::at_token(client_ip(&parts, &app.options));
    attempt.check(&app).await?;
    let token_hash = token_hash(&body.token);
    let Some(user_id) = app.store.password_reset_for(&token_hash, app.clock.now_ms()).await? else {
        attempt.failed(&app).await?;
        return Err(gone());
    };
    let user = app.store.user(&user_id).await?.ok_or_else(gone)?;
    passwords::check("password", &body.password, &user.email)?;
    let hash = app.passwords.hash(body.password).await?;
    if let Some(held) = app.store.memberships(&user_id).await?.first() {
        audit::note_person(&app, &parts, &user, &held.team, "resetPassword").await?;
    }
    if !app.store.reset_password(&token_hash, &hash, app.clock.now_ms()).await? {
        return Err(gone());
    }
    Ok(StatusCode::NO_CONTENT)
}

fn gone() -> ApiError {
    ApiError::NotFound("this link is unknown, used or has run out: ask an administrator for another".into())
}

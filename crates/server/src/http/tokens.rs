//! Tokens with which agents act for a person at `/mcp`, and what people let clients do through OAuth.

use crate::app::App;
use crate::http::auth::{Principal, Reader};
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::extract::{Body, Segments, time};
use crate::http::refusals::{ToReadAll, ToReadOne, ToWrite};
use crate::secrets::{MCP_TOKEN, random_key, token_hash};
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use dregs_engine::event::format_time_ms;
use dregs_store::{AgentGrant, GrantKind, Role, TeamId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

const NAME_CHARS_MAX: usize = 100;
/// Tokens that one person may have in one team: one for each program they use, and a few to spare.
const TOKENS_PER_PERSON_MAX: i64 = 20;

/// What an agent may act with.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenView {
    pub id: String,
    /// TOKEN: made by hand; OAUTH: given to a client that asked.
    pub kind: &'static str,
    /// Of a grant through OAuth what the client calls itself.
    pub name: String,
    /// Whose it is: the agent may do what this person may do.
    pub user_email: String,
    /// Whether it may read only, whatever its person may.
    pub read_only: bool,
    pub created_at: String,
    /// Null: it lasts until it is revoked.
    pub expires_at: Option<String>,
    /// To the hour.
    pub last_used_at: Option<String>,
    /// The token itself. Only in the answer that makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl TokenView {
    fn of(grant: AgentGrant, user_email: String) -> Self {
        TokenView {
            id: grant.id,
            kind: grant.kind.code(),
            name: grant.name,
            user_email,
            read_only: grant.read_only,
            created_at: format_time_ms(grant.created_ms),
            expires_at: grant.expires_ms.map(format_time_ms),
            last_used_at: grant.last_used_ms.map(format_time_ms),
            token: None,
        }
    }
}

/// Whose tokens a caller may see and end: their own, or the whole team's.
pub struct Owner {
    team: TeamId,
    user_id: Option<String>,
}

impl FromRequestParts<Arc<App>> for Owner {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> ApiResult<Self> {
        let Reader(team) = Reader::from_request_parts(parts, app).await?;
        match Principal::from_request_parts(parts, app).await? {
            Principal::Person { user_id, role, .. } if role < Role::Admin => Ok(Owner { team, user_id: Some(user_id) }),
            Principal::Agent { .. } => Err(ApiError::Forbidden("an agent has no say in tokens")),
            _ => Ok(Owner { team, user_id: None }),
        }
    }
}

/// List tokens and grants of agents, newest first
///
/// Your own; an administrator, or a secret key, sees those of the whole team. Expired ones are gone.
#[utoipa::path(
    get, path = "/tokens", tag = "tokens", operation_id = "listTokens",
    responses((status = 200, description = "At most 1000 of them, without the tokens themselves", body = Vec<TokenView>), ToReadAll),
    security(("key" = []))
)]
pub async fn list(State(app): State<Arc<App>>, owner: Owner) -> ApiResult<Json<Vec<TokenView>>> {
    let held = app.store.agent_grants(&owner.team, owner.user_id.as_deref(), app.clock.now_ms()).await?;
    Ok(Json(held.into_iter().map(|(grant, email)| TokenView::of(grant, email)).collect()))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenBody {
    /// What it is for, such as the program that uses it.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// ISO-8601; by default it lasts until it is revoked.
    expires_at: Option<String>,
    /// True: it may read only, whatever you may. False by default.
    read_only: Option<bool>,
}

/// Make a token for an agent of yours
///
/// It acts for you at /mcp, and nowhere else. It is in this answer and in no other.
#[utoipa::path(
    post, path = "/tokens", tag = "tokens", operation_id = "createToken", request_body = TokenBody,
    responses((status = 201, description = "The token", body = TokenView), (status = 409, body = ErrorBody), ToWrite),
    security(("key" = []))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    principal: Principal,
    Body(body): Body<TokenBody>,
) -> ApiResult<(StatusCode, Json<TokenView>)> {
    let Principal::Person { team, user_id, .. } = principal else {
        return Err(ApiError::Forbidden("a token acts for a person: log in to make one"));
    };
    let now_ms = app.clock.now_ms();
    let name = body.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.contains('\0') {
        return Err(ApiError::BadRequest(format!("name must have 1 to {NAME_CHARS_MAX} characters")));
    }
    let grant = AgentGrant {
        team,
        id: random_key("token_"),
        user_id,
        kind: GrantKind::Token,
        name,
        read_only: body.read_only.unwrap_or(false),
        client_id: None,
        created_ms: now_ms,
        expires_ms: body.expires_at.as_deref().map(|at| expiry(at, now_ms)).transpose()?,
        last_used_ms: None,
    };
    let token = random_key(MCP_TOKEN);
    if !app.store.add_agent_token(&grant, &token_hash(&token), TOKENS_PER_PERSON_MAX).await? {
        return Err(ApiError::Conflict(format!("you have {TOKENS_PER_PERSON_MAX} tokens: revoke one first")));
    }
    let email = app.store.user(&grant.user_id).await?.map(|user| user.email).unwrap_or_default();
    Ok((StatusCode::CREATED, Json(TokenView { token: Some(token), ..TokenView::of(grant, email) })))
}

fn expiry(text: &str, now_ms: i64) -> ApiResult<i64> {
    let expires_ms = time("expiresAt", text)?;
    match expires_ms > now_ms {
        true => Ok(expires_ms),
        false => Err(ApiError::BadRequest("expiresAt is in the past".into())),
    }
}

/// Revoke a token, or end a grant
///
/// Your own; an administrator, or a secret key, may end any of the team.
#[utoipa::path(
    delete, path = "/tokens/{id}", tag = "tokens", operation_id = "revokeToken",
    params(("id" = String, Path, description = "From the list")),
    responses((status = 204, description = "It is gone"), ToReadOne),
    security(("key" = []))
)]
pub async fn revoke(
    State(app): State<Arc<App>>,
    owner: Owner,
    Segments(id): Segments<String>,
) -> ApiResult<StatusCode> {
    match app.store.revoke_agent_grant(&owner.team, &id, owner.user_id.as_deref()).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found("token", &id)),
    }
}

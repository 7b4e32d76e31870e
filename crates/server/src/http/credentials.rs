//! API keys: a public one for pages, a secret one for servers. The secret is shown once.

use crate::app::App;
use crate::http::auth::Writer;
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::extract::{Body, Segments, time};
use crate::http::refusals::{ToReadAll, ToWrite, ToWriteOne};
use crate::secrets::{random_key, token_hash};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dregs_engine::event::format_time_ms;
use dregs_store::{Credential, CredentialWrite, TeamId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

const NAME_CHARS_MAX: usize = 100;
const ORIGINS_MAX: usize = 50;
/// Characters of the secret key that are shown afterwards.
const HINT_CHARS: usize = 4;

/// A new credential: its record, and the secret key that only its creator sees.
pub fn new_credential(team: &TeamId, name: &str, now_ms: i64) -> (Credential, String) {
    let secret = random_key("sk_");
    let credential = Credential {
        team: team.clone(),
        id: random_key("cred_"),
        name: name.to_owned(),
        public_key: random_key("pk_"),
        secret_hash: token_hash(&secret),
        secret_hint: secret[secret.len() - HINT_CHARS..].to_owned(),
        allowed_origins: Vec::new(),
        disabled: false,
        revoked_ms: None,
        expires_ms: None,
        created_ms: now_ms,
        last_used_ms: None,
    };
    (credential, secret)
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CredentialView {
    pub id: String,
    pub name: String,
    pub public_key: String,
    /// The last characters of the secret key.
    pub secret_hint: String,
    /// Only in the answer that creates it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key: Option<String>,
    /// Origins whose pages may use the public key; empty means any.
    pub allowed_origins: Vec<String>,
    pub disabled: bool,
    pub revoked_at: Option<String>,
    pub expires_at: Option<String>,
    pub created_at: String,
    /// To the hour; null until one of the keys is used.
    pub last_used_at: Option<String>,
}

impl From<Credential> for CredentialView {
    fn from(held: Credential) -> Self {
        CredentialView {
            id: held.id,
            name: held.name,
            public_key: held.public_key,
            secret_hint: held.secret_hint,
            secret_key: None,
            allowed_origins: held.allowed_origins,
            disabled: held.disabled,
            revoked_at: held.revoked_ms.map(format_time_ms),
            expires_at: held.expires_ms.map(format_time_ms),
            created_at: format_time_ms(held.created_ms),
            last_used_at: held.last_used_ms.map(format_time_ms),
        }
    }
}

/// List credentials
#[utoipa::path(
    get, path = "/credentials", tag = "credentials", operation_id = "listCredentials",
    responses((status = 200, description = "All of them, without their secrets", body = Vec<CredentialView>), ToReadAll),
    security(("key" = []))
)]
pub async fn list(State(app): State<Arc<App>>, Writer(team): Writer) -> ApiResult<Json<Vec<CredentialView>>> {
    Ok(Json(app.store.credentials(&team).await?.into_iter().map(CredentialView::from).collect()))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"name": "Shop", "allowedOrigins": ["https://shop.example"]}))]
pub struct CredentialBody {
    #[schema(max_length = 100)]
    name: Option<String>,
    /// Such as `https://app.example.com` or `https://*.example.com`.
    #[schema(max_items = 50)]
    allowed_origins: Option<Vec<String>>,
    /// ISO-8601; null: never.
    #[serde(default, deserialize_with = "crate::http::extract::given")]
    #[schema(value_type = Option<String>)]
    expires_at: Option<Option<String>>,
    disabled: Option<bool>,
}

impl CredentialBody {
    fn checked(self) -> ApiResult<CredentialWrite> {
        if self
            .name
            .as_ref()
            .is_some_and(|name| name.trim().is_empty() || name.chars().count() > NAME_CHARS_MAX || name.contains('\0'))
        {
            return Err(ApiError::BadRequest(format!("name must have 1 to {NAME_CHARS_MAX} characters")));
        }
        let origins = self.allowed_origins.as_deref().unwrap_or_default();
        if origins.len() > ORIGINS_MAX {
            return Err(ApiError::BadRequest(format!("allowedOrigins has more than {ORIGINS_MAX} entries")));
        }
        if let Some(wrong) = origins.iter().find(|origin| !is_origin(origin)) {
            let wrong = dregs_engine::text::cut(wrong, 80);
            return Err(ApiError::BadRequest(format!(
                "allowedOrigins: {wrong:?} is not an origin such as https://app.example.com"
            )));
        }
        let read = |text: String| time("expiresAt", &text);
        let expires_ms = self.expires_at.map(|given| given.map(read).transpose()).transpose()?;
        Ok(CredentialWrite {
            name: self.name,
            allowed_origins: self.allowed_origins,
            disabled: self.disabled,
            revoked_ms: None,
            expires_ms,
        })
    }
}

fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.trim_end_matches('/').is_empty() && !host.trim_end_matches('/').contains(['/', '?', '#', ' ', '\0'])
    })
}

/// Create a credential
///
/// The secret key is in this answer and nowhere else.
#[utoipa::path(
    post, path = "/credentials", tag = "credentials", operation_id = "createCredential", request_body = CredentialBody,
    responses((status = 201, description = "The credential with its secret key", body = CredentialView), ToWrite),
    security(("key" = []))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Body(body): Body<CredentialBody>,
) -> ApiResult<(StatusCode, Json<CredentialView>)> {
    let wanted = body.checked()?;
    let (mut credential, secret) =
        new_credential(&team, wanted.name.as_deref().unwrap_or("Unnamed"), app.clock.now_ms());
    credential.allowed_origins = wanted.allowed_origins.unwrap_or_default();
    credential.expires_ms = wanted.expires_ms.flatten();
    credential.disabled = wanted.disabled.unwrap_or(false);
    app.store.add_credential(&credential).await?;
    app.keys.forget();
    Ok((StatusCode::CREATED, Json(CredentialView { secret_key: Some(secret), ..credential.into() })))
}

/// Change a credential
#[utoipa::path(
    patch, path = "/credentials/{id}", tag = "credentials", operation_id = "updateCredential", request_body = CredentialBody,
    params(("id" = String, Path, description = "The credential's id")),
    responses((status = 204, description = "Changed"), ToWriteOne),
    security(("key" = []))
)]
pub async fn update(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(id): Segments<String>,
    Body(body): Body<CredentialBody>,
) -> ApiResult<StatusCode> {
    change(&app, &team, &id, body.checked()?).await
}

/// Revoke a credential for good
#[utoipa::path(
    delete, path = "/credentials/{id}", tag = "credentials", operation_id = "revokeCredential",
    params(("id" = String, Path, description = "The credential's id")),
    responses((status = 204, description = "Revoked"), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 503, body = ErrorBody)),
    security(("key" = []))
)]
pub async fn revoke(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(id): Segments<String>,
) -> ApiResult<StatusCode> {
    let revoked_ms = Some(app.clock.now_ms());
    change(&app, &team, &id, CredentialWrite { revoked_ms, ..CredentialWrite::default() }).await
}

async fn change(app: &App, team: &TeamId, id: &str, write: CredentialWrite) -> ApiResult<StatusCode> {
    let found = app.store.change_credential(team, id, &write).await?;
    app.keys.forget();
    match found {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found("credential", id)),
    }
}

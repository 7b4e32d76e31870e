//! Codes and refresh tokens become tokens, each once; and tokens are given back.

use crate::app::App;
use crate::oauth::authorize::{Bound, scope_of};
use crate::oauth::clients::USED_MS;
use crate::oauth::{OauthError, is_our_resource};
use crate::secrets::{ACCESS_TOKEN, REFRESH_TOKEN, random_key, token_hash};
use axum::Json;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dregs_store::{AgentGrant, IssuedTokens};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// How long an access token is good for.
const ACCESS_MS: i64 = 3_600_000;
/// How long a grant lasts that is not used.
const REFRESH_MS: i64 = 30 * 24 * 3_600_000;
/// Characters of a proof (RFC 7636, 4.1).
const VERIFIER_CHARS: std::ops::RangeInclusive<usize> = 43..=128;

#[derive(Debug, Deserialize)]
pub struct Exchange {
    grant_type: Option<String>,
    client_id: Option<String>,
    code: Option<String>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
    refresh_token: Option<String>,
    resource: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct Answer {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    refresh_token: String,
    scope: &'static str,
}

/// The secrets a client gets, and what is stored of them.
struct Fresh {
    access: String,
    refresh: String,
    issued: IssuedTokens,
}

/// Fresh tokens of a family, or of one that begins.
fn fresh(family: Option<String>, now_ms: i64) -> Fresh {
    let family = family.unwrap_or_else(|| random_key(""));
    let (access, turn) = (random_key(ACCESS_TOKEN), random_key(""));
    let issued = IssuedTokens {
        token_hash: token_hash(&access),
        token_expires_ms: now_ms + ACCESS_MS,
        family_hash: token_hash(&family),
        refresh_hash: token_hash(&turn),
        expires_ms: now_ms + REFRESH_MS,
    };
    Fresh { access, refresh: format!("{REFRESH_TOKEN}{family}.{turn}"), issued }
}

/// The two parts of a refresh token: its family's, and its own.
fn parts(refresh_token: &str) -> Option<(&str, &str)> {
    refresh_token.strip_prefix(REFRESH_TOKEN)?.split_once('.')
}

impl Fresh {
    fn answer(self, grant: &AgentGrant) -> Answer {
        Answer {
            access_token: self.access,
            token_type: "Bearer",
            expires_in: ACCESS_MS / 1000,
            refresh_token: self.refresh,
            scope: scope_of(grant),
        }
    }
}

pub async fn exchange(
    State(app): State<Arc<App>>,
    form: Result<Form<Exchange>, FormRejection>,
) -> Result<impl IntoResponse, OauthError> {
    let Form(asked) = form.map_err(|_| OauthError::invalid_request("the body must be a form with every field once"))?;
    if !is_our_resource(&app, asked.resource.as_deref()) {
        return Err(OauthError::new("invalid_target", "resource must be the address of /mcp of this server"));
    }
    let answer = match asked.grant_type.as_deref() {
        Some("authorization_code") => redeem(&app, asked).await?,
        Some("refresh_token") => rotate(&app, asked).await?,
        _ => {
            let description = "grant_type must be authorization_code or refresh_token";
            return Err(OauthError::new("unsupported_grant_type", description));
        }
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)))
}

fn required(value: Option<String>, name: &str) -> Result<String, OauthError> {
    value.ok_or_else(|| OauthError::invalid_request(format!("{name} is required")))
}

/// A code becomes tokens. One that comes a second time has been stolen, by then or before: what it gave is taken back.
async fn redeem(app: &App, asked: Exchange) -> Result<Answer, OauthError> {
    const UNKNOWN: &str = "the code is unknown or expired, or was given for something else";
    let code = required(asked.code, "code")?;
    let client_id = required(asked.client_id, "client_id")?;
    let redirect_uri = required(asked.redirect_uri, "redirect_uri")?;
    let verifier = required(asked.code_verifier, "code_verifier")?;
    let now_ms = app.clock.now_ms();
    let held = app.store.agent_grant_by_code(&token_hash(&code), now_ms).await?;
    let held = held.ok_or_else(|| OauthError::invalid_grant(UNKNOWN))?;
    let bound = Bound::read(&held.bound)?;
    let is_theirs = held.grant.client_id.as_deref() == Some(&client_id)
        && bound.redirect_uri == redirect_uri
        && proves(&verifier, &bound.challenge);
    let fresh = fresh(None, now_ms);
    let team = &held.grant.team;
    if held.redeemed || (is_theirs && !app.store.redeem_agent_code(team, &held.grant.id, &fresh.issued).await?) {
        app.store.revoke_agent_grant(team, &held.grant.id, None).await?;
        return Err(OauthError::invalid_grant("the code has been used before: everything it gave is revoked"));
    }
    if !is_theirs {
        return Err(OauthError::invalid_grant(UNKNOWN));
    }
    app.store.keep_oauth_client(&client_id, now_ms + USED_MS).await?;
    Ok(fresh.answer(&held.grant))
}

/// Whether the verifier is what the challenge was made of (RFC 7636, 4.6).
fn proves(verifier: &str, challenge: &str) -> bool {
    VERIFIER_CHARS.contains(&verifier.len()) && URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())) == challenge
}

/// A refresh token becomes the next tokens. One of the family that is not its last has been copied: the grant ends.
async fn rotate(app: &App, asked: Exchange) -> Result<Answer, OauthError> {
    const UNKNOWN: &str = "the refresh token is unknown, expired or revoked";
    let token = required(asked.refresh_token, "refresh_token")?;
    let client_id = required(asked.client_id, "client_id")?;
    let (family, turn) = parts(&token).ok_or_else(|| OauthError::invalid_grant(UNKNOWN))?;
    let now_ms = app.clock.now_ms();
    let held = app.store.agent_grant_by_family(&token_hash(family), now_ms).await?;
    let held = held.filter(|held| held.grant.client_id.as_deref() == Some(&client_id));
    let held = held.ok_or_else(|| OauthError::invalid_grant(UNKNOWN))?;
    let fresh = fresh(Some(family.to_owned()), now_ms);
    let (team, id) = (&held.grant.team, &held.grant.id);
    let turn_hash = token_hash(turn);
    if turn_hash != held.refresh_hash || !app.store.rotate_agent_grant(team, id, &turn_hash, &fresh.issued).await? {
        app.store.revoke_agent_grant(team, id, None).await?;
        return Err(OauthError::invalid_grant("the refresh token has been used before: the grant is revoked"));
    }
    app.store.keep_oauth_client(&client_id, now_ms + USED_MS).await?;
    Ok(fresh.answer(&held.grant))
}

#[derive(Debug, Deserialize)]
pub struct Revocation {
    token: Option<String>,
    client_id: Option<String>,
}

/// Ends the grant that a token belongs to (RFC 7009). That a token is unknown is no error: it is gone, as was asked.
pub async fn revoke(
    State(app): State<Arc<App>>,
    form: Result<Form<Revocation>, FormRejection>,
) -> Result<StatusCode, OauthError> {
    let Form(asked) = form.map_err(|_| OauthError::invalid_request("the body must be a form with every field once"))?;
    let token = required(asked.token, "token")?;
    let now_ms = app.clock.now_ms();
    let grant = match parts(&token) {
        Some((family, _)) => app.store.agent_grant_by_family(&token_hash(family), now_ms).await?.map(|held| held.grant),
        None => app.store.agent_by_token(&token_hash(&token), now_ms).await?.map(|agent| agent.grant),
    };
    let is_theirs = |grant: &AgentGrant| grant.client_id.is_some() && grant.client_id == asked.client_id;
    if let Some(grant) = grant.filter(is_theirs) {
        app.store.revoke_agent_grant(&grant.team, &grant.id, None).await?;
    }
    Ok(StatusCode::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_challenge_was_made_of_proves_it() {
        // The example of RFC 7636, appendix B.
        let (verifier, challenge) =
            ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(proves(verifier, challenge));
        assert!(
            !proves(&verifier.to_lowercase(), challenge) && !proves("", challenge) && !proves(challenge, challenge)
        );
    }

    #[test]
    fn a_family_stays_and_its_turn_changes() {
        let first = fresh(None, 0);
        let (family, turn) = parts(&first.refresh).unwrap();
        let second = fresh(Some(family.to_owned()), 0);
        assert_eq!(first.issued.family_hash, second.issued.family_hash);
        assert_ne!(parts(&second.refresh).unwrap().1, turn);
        assert_eq!(token_hash(turn), first.issued.refresh_hash);
        assert_eq!(parts("dmr_without"), None);
    }
}

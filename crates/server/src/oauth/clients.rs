//! Clients register themselves, and what they say of themselves is taken for no more than that.

use crate::app::App;
use crate::oauth::OauthError;
use crate::secrets::random_key;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use dregs_store::OauthClient;
use reqwest::Url;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

const REDIRECTS_MAX: usize = 10;
const REDIRECT_CHARS_MAX: usize = 2_048;
const NAME_CHARS_MAX: usize = 100;
/// Clients that nobody has used yet, at most: anybody may register one.
const UNUSED_MAX: i64 = 5_000;
/// How long a client is kept that nobody uses, and one since it was used last.
const UNUSED_MS: i64 = 24 * 3_600_000;
pub const USED_MS: i64 = 90 * 24 * 3_600_000;

/// What is read of a registration (RFC 7591); the rest is ignored.
#[derive(Deserialize)]
pub struct Registration {
    redirect_uris: Option<Vec<String>>,
    client_name: Option<String>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
}

/// Registers a client. Every client is public: it gets no secret, whatever it asks for.
pub async fn register(
    State(app): State<Arc<App>>,
    body: Result<Json<Registration>, JsonRejection>,
) -> Result<impl IntoResponse, OauthError> {
    let Json(asked) = body.map_err(|_| OauthError::new("invalid_client_metadata", "the body must be a JSON object"))?;
    let redirect_uris = redirects(asked.redirect_uris.unwrap_or_default())?;
    let name = name(asked.client_name.as_deref())?;
    supported("grant_types", asked.grant_types.as_deref(), "authorization_code")?;
    supported("response_types", asked.response_types.as_deref(), "code")?;
    let now_ms = app.clock.now_ms();
    let client = OauthClient {
        id: random_key("client_"),
        name,
        redirect_uris,
        created_ms: now_ms,
        expires_ms: now_ms + UNUSED_MS,
    };
    app.store.add_oauth_client(&client, UNUSED_MAX).await?;
    let answer = json!({
        "client_id": client.id,
        "client_id_issued_at": client.created_ms / 1000,
        "client_name": client.name,
        "redirect_uris": client.redirect_uris,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    });
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(answer)))
}

fn supported(field: &str, asked: Option<&[String]>, needed: &str) -> Result<(), OauthError> {
    match asked.is_none_or(|asked| asked.iter().any(|one| one == needed)) {
        true => Ok(()),
        false => Err(OauthError::new("invalid_client_metadata", format!("{field} must contain {needed}"))),
    }
}

/// A name that shows as what it is: nothing in it turns or hides text.
fn name(asked: Option<&str>) -> Result<String, OauthError> {
    let name = asked.unwrap_or_default().trim();
    if name.chars().count() > NAME_CHARS_MAX || name.chars().any(is_unseen) {
        let description = format!("client_name must have at most {NAME_CHARS_MAX} characters, all of them visible");
        return Err(OauthError::new("invalid_client_metadata", description));
    }
    Ok(if name.is_empty() { "Unnamed client".into() } else { name.to_owned() })
}

/// Control characters, and those that change the direction of text or have no width.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn redirects(asked: Vec<String>) -> Result<Vec<String>, OauthError> {
    if !(1..=REDIRECTS_MAX).contains(&asked.len()) {
        return Err(OauthError::new("invalid_redirect_uri", format!("redirect_uris must be 1 to {REDIRECTS_MAX}")));
    }
    match asked.iter().position(|uri| !is_redirect(uri)) {
        None => Ok(asked),
        Some(place) => Err(OauthError::new(
            "invalid_redirect_uri",
            format!(
                "redirect_uris[{place}] must be an https URL, or an http URL of this machine (127.0.0.1, [::1], localhost), without fragment, user or *"
            ),
        )),
    }
}

/// Where an answer may go: over TLS, or to a program on the person's own machine.
fn is_redirect(text: &str) -> bool {
    let Some(url) = parsed(text) else { return false };
    let clean = url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    let shown = text.len() <= REDIRECT_CHARS_MAX && !text.contains(['*', '\\', ' ']) && !text.chars().any(is_unseen);
    clean && shown && (url.scheme() == "https" || is_loopback(&url))
}

fn parsed(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| url.host_str().is_some_and(|host| !host.is_empty()))
}

fn is_loopback(url: &Url) -> bool {
    url.scheme() == "http" && matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"))
}

/// Whether an answer may go to `given`: to a registered redirect exactly, but that a program on the person's own machine
/// may listen on another port each time (RFC 8252, 7.3).
pub fn may_redirect(client: &OauthClient, given: &str) -> bool {
    let any_port = |text: &str| {
        let mut url = parsed(text).filter(is_loopback)?;
        url.set_port(None).ok()?;
        Some(url)
    };
    let matches = |held: &String| held == given || any_port(held).is_some_and(|held| Some(held) == any_port(given));
    is_redirect(given) && client.redirect_uris.iter().any(matches)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(uri: &str) -> OauthClient {
        OauthClient { id: "c".into(), name: "C".into(), redirect_uris: vec![uri.into()], created_ms: 1, expires_ms: 2 }
    }

    #[test]
    fn answers_go_over_tls_or_to_the_persons_own_machine() {
        for good in
            ["https://client.example/cb?x=1", "http://127.0.0.1/cb", "http://localhost:9/cb", "http://[::1]:8080/cb"]
        {
            assert!(is_redirect(good), "{good}");
        }
        for bad in [
            "http://client.example/cb",
            "https://client.example/cb#x",
            "https://*.example/cb",
            "https://user:pw@client.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://localhost@evil.example/cb",
            "http://127.0.0.2/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "myapp://cb",
            "https://",
            "/cb",
            "",
            "https://client.example/\u{202e}cb",
            "https://client.example\\@evil.example/",
        ] {
            assert!(!is_redirect(bad), "{bad}");
        }
    }

    #[test]
    fn a_redirect_is_one_that_was_registered_but_for_the_port_of_ones_own_machine() {
        let web = client("https://client.example/cb");
        assert!(may_redirect(&web, "https://client.example/cb"));
        for other in [
            "https://client.example/cb/",
            "https://client.example/cb?x",
            "https://client.example:444/cb",
            "https://CLIENT.example/cb",
            "https://client.example/cb/../x",
        ] {
            assert!(!may_redirect(&web, other), "{other}");
        }
        let native = client("http://127.0.0.1/cb");
        assert!(may_redirect(&native, "http://127.0.0.1:53123/cb"));
        for other in ["http://localhost:53123/cb", "http://127.0.0.1:53123/other", "https://127.0.0.1:1/cb"] {
            assert!(!may_redirect(&native, other), "{other}");
        }
    }

    #[test]
    fn a_name_shows_as_what_it_is() {
        assert_eq!(name(Some(" Claude ")).unwrap(), "Claude");
        assert_eq!(name(None).unwrap(), "Unnamed client");
        for bad in ["a\u{202e}b", "a\nb", "a\u{200b}b", &"x".repeat(101)] {
            assert!(name(Some(bad)).is_err(), "{bad:?}");
        }
    }
}

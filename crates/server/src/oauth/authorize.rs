//! Asking a person whether a client may act for them, and sending the answer back as a code.

use crate::app::App;
use crate::http::audit;
use crate::http::client_address::client_ip;
use crate::http::error::ApiError;
use crate::http::session::{add_session, authenticate, is_current};
use crate::oauth::clients::may_redirect;
use crate::oauth::page::{escape, hidden, page};
use crate::oauth::{OauthError, SCOPES, is_our_resource};
use crate::secrets::{random_key, token_hash};
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use dregs_store::{AgentGrant, GrantKind, Membership, OauthClient, User};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;

/// How long a code may wait for its exchange.
const CODE_MS: i64 = 60_000;
/// How long a person may take to choose among their teams after they have logged in.
const CHOICE_MS: i64 = 5 * 60_000;
/// Clients that may act for one person in one team; those used longest ago give way.
const GRANTS_PER_PERSON_MAX: i64 = 50;
/// A challenge is a SHA-256 in base64url.
const CHALLENGE_CHARS: usize = 43;
const STATE_CHARS_MAX: usize = 2_048;

/// What a client asks (RFC 6749, 4.1.1).
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    response_type: Option<String>,
    client_id: Option<String>,
    redirect_uri: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    state: Option<String>,
    scope: Option<String>,
    resource: Option<String>,
}

/// What a person answers, with what was asked.
#[derive(Debug, Default, Deserialize)]
pub struct Decided {
    #[serde(flatten)]
    asked: Asked,
    email: Option<String>,
    password: Option<String>,
    /// In the place of e-mail and password, when there is a team to choose.
    session: Option<String>,
    team: Option<String>,
    read_only: Option<String>,
    decision: Option<String>,
}

/// What a code is good for.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Bound {
    pub redirect_uri: String,
    pub challenge: String,
}

/// A request that may be put to a person.
struct Request {
    client: OauthClient,
    redirect_uri: String,
    challenge: String,
    state: Option<String>,
    reads_only: bool,
    scope: String,
    resource: Option<String>,
}

/// Why a request cannot be put to a person: said to the person when it is not sure where the client is, else to the client.
enum Refused {
    Here(StatusCode, String),
    There(Response),
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Refused::Here(error.status(), error.message())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Refused::Here(status, message) => {
                let body = format!(
                    "<p class=\"problem\">{}</p><p class=\"small\">Go back to the program that sent you here and try again.</p>",
                    escape(&message)
                );
                page(status, "This cannot go on", &body, None)
            }
            Refused::There(response) => response,
        }
    }
}

impl Request {
    async fn read(app: &App, asked: Asked) -> Result<Request, Refused> {
        let here = |message: &str| Refused::Here(StatusCode::BAD_REQUEST, message.to_owned());
        let id = asked.client_id.filter(|id| !id.contains('\0')).ok_or_else(|| here("client_id is missing"))?;
        let client = app.store.oauth_client(&id, app.clock.now_ms()).await.map_err(ApiError::from)?;
        let client = client.ok_or_else(|| here("the client is not registered, or was forgotten: connect it anew"))?;
        let redirect_uri = asked.redirect_uri.ok_or_else(|| here("redirect_uri is missing"))?;
        if !may_redirect(&client, &redirect_uri) {
            return Err(here("redirect_uri is not one that the client registered"));
        }
        let state = asked.state.filter(|state| state.len() <= STATE_CHARS_MAX);
        let there = |code: &str, description: &str| {
            let fields = [("error", code), ("error_description", description)];
            Refused::There(answer(app, &redirect_uri, state.as_deref(), &fields))
        };
        if asked.response_type.as_deref() != Some("code") {
            return Err(there("unsupported_response_type", "response_type must be code"));
        }
        let challenge = asked.code_challenge.unwrap_or_default();
        if asked.code_challenge_method.as_deref() != Some("S256") || !is_challenge(&challenge) {
            return Err(there("invalid_request", "PKCE is required: code_challenge with code_challenge_method S256"));
        }
        if !is_our_resource(app, asked.resource.as_deref()) {
            return Err(there("invalid_target", "resource must be the address of /mcp of this server"));
        }
        let scope = asked.scope.unwrap_or_default();
        let asks_for = |wanted: &str| scope.split(' ').any(|one| one == wanted);
        let reads_only = asks_for("read") && !asks_for("write");
        Ok(Request { reads_only, client, challenge, state, scope, resource: asked.resource, redirect_uri })
    }

    /// The request's own parameters, for the form.
    fn fields(&self) -> String {
        let mut fields = vec![
            ("response_type", "code"),
            ("client_id", &self.client.id),
            ("redirect_uri", &self.redirect_uri),
            ("code_challenge", &self.challenge),
            ("code_challenge_method", "S256"),
            ("scope", &self.scope),
        ];
        fields.extend(self.state.as_deref().map(|state| ("state", state)));
        fields.extend(self.resource.as_deref().map(|resource| ("resource", resource)));
        hidden(&fields)
    }

    fn origin(&self) -> Option<String> {
        Url::parse(&self.redirect_uri).ok().map(|url| url.origin().ascii_serialization())
    }

    fn title(&self) -> String {
        format!("Let “{}” use Dregs for you?", self.client.name)
    }

    fn about(&self) -> String {
        let destination = self.origin().unwrap_or_default();
        format!(
            "<p>A program that calls itself <strong><bdi>{}</bdi></strong> asks to act for you through <code>/mcp</code>. \
             The answer goes to <strong><bdi>{}</bdi></strong>.</p>\
             <p>It may read what you may read: identities, their data, scores and events. If you are an administrator and let it, it may also \
             change rules, mappings, datasets, escalations and who is disregarded. It never sees keys or secrets, nor reaches people, teams or erasure. \
             You can end this at any time under Settings, AI Agents.</p>",
            escape(&self.client.name),
            escape(&destination)
        )
    }

    fn page(&self, status: StatusCode, body: &str) -> Response {
        page(status, &self.title(), body, self.origin().as_deref())
    }

    /// Asks who the person is and what they decide.
    fn ask(&self, status: StatusCode, problem: Option<&str>, email: &str) -> Response {
        let problem =
            problem.map(|text| format!("<p class=\"problem\" role=\"alert\">{}</p>", escape(text))).unwrap_or_default();
        let read_only = match self.reads_only {
            true => "<p>It asks to read only.</p>",
            false => {
                "<label class=\"check\"><input type=\"checkbox\" name=\"read_only\" value=\"1\"> Let it read only</label>"
            }
        };
        self.page(
            status,
            &format!(
                "{}{problem}<form method=\"post\" action=\"/oauth/authorize\">{}\
                 <label for=\"email\">E-mail</label><input id=\"email\" type=\"email\" name=\"email\" value=\"{}\" autocomplete=\"username\" required>\
                 <label for=\"password\">Password</label><input id=\"password\" type=\"password\" name=\"password\" autocomplete=\"current-password\" required>\
                 {read_only}<div><button name=\"decision\" value=\"allow\">Allow</button>\
                 <button class=\"no\" name=\"decision\" value=\"deny\" formnovalidate>Deny</button></div></form>",
                self.about(),
                self.fields(),
                escape(email)
            ),
        )
    }

    /// Asks for which of their teams.
    fn ask_team(&self, teams: &[(String, String)], session: &str, read_only: bool) -> Response {
        let option =
            |(id, name): &(String, String)| format!("<option value=\"{}\">{}</option>", escape(id), escape(name));
        let mut fields = vec![("session", session)];
        fields.extend(read_only.then_some(("read_only", "1")));
        self.page(
            StatusCode::OK,
            &format!(
                "{}<form method=\"post\" action=\"/oauth/authorize\">{}{}\
                 <label for=\"team\">For which team?</label><select id=\"team\" name=\"team\">{}</select>\
                 <div><button name=\"decision\" value=\"allow\">Allow</button>\
                 <button class=\"no\" name=\"decision\" value=\"deny\">Deny</button></div></form>",
                self.about(),
                self.fields(),
                hidden(&fields),
                teams.iter().map(option).collect::<String>()
            ),
        )
    }
}

fn is_challenge(text: &str) -> bool {
    text.len() == CHALLENGE_CHARS && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Sends the browser back to the client with `fields`.
fn answer(app: &App, redirect_uri: &str, state: Option<&str>, fields: &[(&str, &str)]) -> Response {
    let Ok(mut url) = Url::parse(redirect_uri) else {
        return Refused::Here(StatusCode::BAD_REQUEST, "redirect_uri is no URL".into()).into_response();
    };
    let all = fields.iter().copied().chain(state.map(|state| ("state", state)));
    url.query_pairs_mut().extend_pairs(all).append_pair("iss", app.options.notify.base_url());
    let Ok(location) = HeaderValue::from_str(url.as_str()) else {
        return Refused::Here(StatusCode::BAD_REQUEST, "redirect_uri cannot be followed".into()).into_response();
    };
    let headers = [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Shows a person what a client asks.
pub async fn ask(State(app): State<Arc<App>>, asked: Result<Query<Asked>, QueryRejection>) -> Response {
    let Ok(Query(asked)) = asked else {
        return Refused::Here(StatusCode::BAD_REQUEST, "a parameter is there twice, or unreadable".into())
            .into_response();
    };
    match Request::read(&app, asked).await {
        Ok(request) => request.ask(StatusCode::OK, None, ""),
        Err(refused) => refused.into_response(),
    }
}

/// Takes a person's decision.
pub async fn decide(
    State(app): State<Arc<App>>,
    parts: Parts,
    decided: Result<Form<Decided>, FormRejection>,
) -> Response {
    let Ok(Form(decided)) = decided else {
        return Refused::Here(StatusCode::BAD_REQUEST, "a field is there twice, or unreadable".into()).into_response();
    };
    if !is_from_here(&parts.headers) {
        return Refused::Here(StatusCode::FORBIDDEN, "the form was sent from another site".into()).into_response();
    }
    match take(&app, &parts, decided).await {
        Ok(response) => response,
        Err(refused) => refused.into_response(),
    }
}

/// A browser says from which page a form comes.
fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN) else { return true };
    let host = origin.split_once("://").map(|(_, host)| host);
    host.is_some() && host == text(header::HOST)
}

async fn take(app: &App, parts: &Parts, decided: Decided) -> Result<Response, Refused> {
    let request = Request::read(app, decided.asked).await?;
    if decided.decision.as_deref() != Some("allow") {
        end_choice(app, decided.session.as_deref()).await?;
        let fields = [("error", "access_denied"), ("error_description", "the person said no")];
        return Ok(answer(app, &request.redirect_uri, request.state.as_deref(), &fields));
    }
    let read_only = request.reads_only || decided.read_only.is_some();
    let email = decided.email.unwrap_or_default();
    let ip = client_ip(parts, &app.options);
    let user = match who(app, decided.session.as_deref(), &email, decided.password, ip).await {
        Ok(user) => user,
        Err(error) => {
            let mut response = request.ask(error.status(), Some(&error.message()), &email);
            if let Some(seconds) = error.retry_after_s() {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            return Ok(response);
        }
    };
    let held = app.store.memberships(&user.id).await.map_err(ApiError::from)?;
    let chosen = match (&decided.team, &held[..]) {
        (None, [only]) => Some(only),
        (None, _) => None,
        (Some(team), held) => held.iter().find(|held| held.team.as_str() == team),
    };
    match chosen {
        Some(membership) => {
            end_choice(app, decided.session.as_deref()).await?;
            audit::note_person(app, parts, &user, &membership.team, "letAgentAct").await?;
            grant(app, &request, &user, membership, read_only).await
        }
        None if decided.team.is_none() => choose_team(app, parts, &request, &user, &held, read_only).await,
        _ => Ok(request.ask(StatusCode::FORBIDDEN, Some("you do not belong to that team"), &email)),
    }
}

/// Who decides: whoever knows the password, or did a moment ago.
async fn who(
    app: &App,
    session: Option<&str>,
    email: &str,
    password: Option<String>,
    ip: Option<IpAddr>,
) -> Result<User, ApiError> {
    const OVER: ApiError = ApiError::Unauthorized("that took too long: log in again");
    match session {
        Some(session) => {
            let held = app.store.login(&token_hash(session), app.clock.now_ms()).await?.ok_or(OVER)?;
            app.store.user(&held.user_id).await?.ok_or(OVER)
        }
        None => authenticate(app, email, password.unwrap_or_default(), ip).await,
    }
}

async fn end_choice(app: &App, session: Option<&str>) -> Result<(), Refused> {
    match session {
        Some(session) => Ok(app.store.end_login(&token_hash(session)).await.map_err(ApiError::from)?),
        None => Ok(()),
    }
}

async fn choose_team(
    app: &App,
    parts: &Parts,
    request: &Request,
    user: &User,
    held: &[Membership],
    read_only: bool,
) -> Result<Response, Refused> {
    let Some(first) = held.first() else {
        return Err(ApiError::Forbidden("you belong to no team").into());
    };
    audit::note_person(app, parts, user, &first.team, "login").await?;
    let (session, _) = add_session(app, user, first, client_ip(parts, &app.options), CHOICE_MS).await?;
    let mut teams = Vec::with_capacity(held.len());
    for membership in held {
        let team = app.store.team(&membership.team).await.map_err(ApiError::from)?;
        teams.extend(team.map(|team| (team.id.as_str().to_owned(), team.name)));
    }
    Ok(request.ask_team(&teams, &session, read_only))
}

/// Remembers the grant, and sends the client the code that it gets it for.
async fn grant(
    app: &App,
    request: &Request,
    user: &User,
    held: &Membership,
    read_only: bool,
) -> Result<Response, Refused> {
    let now_ms = app.clock.now_ms();
    let grant = AgentGrant {
        team: held.team.clone(),
        id: random_key("grant_"),
        user_id: held.user_id.clone(),
        kind: GrantKind::Oauth,
        name: request.client.name.clone(),
        read_only,
        client_id: Some(request.client.id.clone()),
        created_ms: now_ms,
        expires_ms: Some(now_ms + CODE_MS),
        last_used_ms: None,
    };
    let bound = Bound { redirect_uri: request.redirect_uri.clone(), challenge: request.challenge.clone() };
    let bound = serde_json::to_string(&bound).map_err(|error| ApiError::Internal(error.to_string()))?;
    let code = random_key("dmc_");
    let added = app.store.add_oauth_grant(&grant, &token_hash(&code), &bound, GRANTS_PER_PERSON_MAX).await;
    added.map_err(ApiError::from)?;
    if !is_current(app, user).await? {
        app.store.revoke_agent_grant(&held.team, &grant.id, None).await.map_err(ApiError::from)?;
        return Err(ApiError::Unauthorized("the password was changed meanwhile: start again").into());
    }
    Ok(answer(app, &request.redirect_uri, request.state.as_deref(), &[("code", &code)]))
}

/// The scope of a grant, as it is told to the client.
pub fn scope_of(grant: &AgentGrant) -> &'static str {
    if grant.read_only { "read" } else { SCOPES }
}

impl Bound {
    pub fn read(text: &str) -> Result<Bound, OauthError> {
        serde_json::from_str(text).map_err(|error| ApiError::Internal(error.to_string()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_from_another_site_is_told_by_its_origin() {
        let from = |origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("dregs.example:8080"));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
            }
            is_from_here(&headers)
        };
        assert!(from(None) && from(Some("http://dregs.example:8080")) && from(Some("https://dregs.example:8080")));
        assert!(!from(Some("https://evil.example")) && !from(Some("null")) && !from(Some("http://dregs.example")));
    }

    #[test]
    fn a_challenge_is_a_hash() {
        assert!(is_challenge("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
        assert!(
            !is_challenge("") && !is_challenge("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM") && !is_challenge("short")
        );
    }
}

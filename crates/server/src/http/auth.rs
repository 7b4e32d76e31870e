//! Who is asking: a page with a public key, a server with a secret key, a person who logged in, or an agent of theirs.

use crate::app::App;
use crate::http::audit;
use crate::http::error::{ApiError, ApiResult};
use crate::secrets::{ACCESS_TOKEN, MCP_TOKEN, token_hash};
use crate::uses::{Used, Uses};
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use dregs_store::{Credential, Role, Store, TeamId};
use moka::sync::Cache;
use std::sync::Arc;
use std::time::Duration;

/// Keys remembered, and for how long: no query on the hot path, and a revocation by another node works within this.
const KEYS_MAX: u64 = 10_000;
const KEYS_TTL: Duration = Duration::from_secs(5);

/// Credentials by key, remembered.
pub struct Keys {
    store: Store,
    uses: Arc<Uses>,
    known: Cache<String, Option<Arc<Credential>>>,
}

impl Keys {
    pub fn new(store: Store, uses: Arc<Uses>) -> Self {
        Keys { store, uses, known: Cache::builder().max_capacity(KEYS_MAX).time_to_live(KEYS_TTL).build() }
    }

    /// The usable credential of a key: not disabled, revoked or expired.
    pub async fn credential(&self, key: &str, now_ms: i64) -> ApiResult<Arc<Credential>> {
        if let Some(found) = self.known.get(key) {
            return usable(found, now_ms);
        }
        let found = self.store.credential_by_key(key, &token_hash(key)).await?.map(Arc::new);
        self.known.insert(key.to_owned(), found.clone());
        let credential = usable(found, now_ms)?;
        self.uses.note(Used::Credential(credential.team.clone(), credential.id.clone()), now_ms);
        Ok(credential)
    }

    /// Makes a change of credentials effective here at once.
    pub fn forget(&self) {
        self.known.invalidate_all();
    }
}

fn usable(found: Option<Arc<Credential>>, now_ms: i64) -> ApiResult<Arc<Credential>> {
    let Some(credential) = found else { return Err(ApiError::Unauthorized("unknown key")) };
    match () {
        () if credential.revoked_ms.is_some() => Err(ApiError::Unauthorized("the key is revoked")),
        () if credential.disabled => Err(ApiError::Unauthorized("the key is disabled")),
        () if credential.expires_ms.is_some_and(|expires_ms| expires_ms <= now_ms) => {
            Err(ApiError::Unauthorized("the key has expired"))
        }
        () => Ok(credential),
    }
}

/// Who is asking, and for which team.
#[derive(Debug, Clone)]
pub enum Principal {
    Page(Arc<Credential>),
    Server(Arc<Credential>),
    Person {
        team: TeamId,
        user_id: String,
        role: Role,
    },
    /// Acts for its person through `/mcp`, and nowhere else.
    Agent {
        team: TeamId,
        user_id: String,
        role: Role,
        grant_id: String,
    },
}

impl Principal {
    pub fn team(&self) -> &TeamId {
        match self {
            Principal::Page(credential) | Principal::Server(credential) => &credential.team,
            Principal::Person { team, .. } | Principal::Agent { team, .. } => team,
        }
    }

    /// The person that acts, also through an agent, or the key.
    pub fn actor_id(&self) -> &str {
        match self {
            Principal::Page(credential) | Principal::Server(credential) => &credential.id,
            Principal::Person { user_id, .. } | Principal::Agent { user_id, .. } => user_id,
        }
    }

    /// What it may do: a server acts as an administrator, a page may do nothing beyond sending events.
    pub fn role(&self) -> Option<Role> {
        match self {
            Principal::Page(_) => None,
            Principal::Server(_) => Some(Role::Admin),
            Principal::Person { role, .. } | Principal::Agent { role, .. } => Some(*role),
        }
    }
}

/// The bearer token of a request.
pub fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

/// Finds out who holds a token, and notes that it is used.
pub async fn identify(app: &App, token: &str) -> ApiResult<Principal> {
    let principal = look_up(app, token).await?;
    if let Principal::Person { .. } = &principal {
        app.uses.note(Used::Login(token_hash(token)), app.clock.now_ms());
    }
    Ok(principal)
}

/// Finds out who holds a token. That a session is looked at is no use of it.
pub async fn look_up(app: &App, token: &str) -> ApiResult<Principal> {
    let now_ms = app.clock.now_ms();
    if token.starts_with("sk_") {
        return app.keys.credential(token, now_ms).await.map(Principal::Server);
    }
    if token.starts_with("pk_") {
        return app.keys.credential(token, now_ms).await.map(Principal::Page);
    }
    if token.starts_with(MCP_TOKEN) || token.starts_with(ACCESS_TOKEN) {
        return Err(ApiError::Unauthorized("an agent's token works at /mcp only: use a secret key or a session here"));
    }
    let held = app.store.login(&token_hash(token), now_ms).await?;
    let held = held.ok_or(ApiError::Unauthorized("the session is unknown or over: log in again"))?;
    Ok(Principal::Person { team: held.team, user_id: held.user_id, role: held.role })
}

impl FromRequestParts<Arc<App>> for Principal {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> ApiResult<Self> {
        // An agent's tool was let in at /mcp. Nothing from outside can be in the extensions.
        let principal = match parts.extensions.get::<Principal>() {
            Some(agent) => agent.clone(),
            None => {
                let required = ApiError::Unauthorized("a key is required: Authorization: Bearer sk_…");
                identify(app, bearer(parts).ok_or(required)?).await?
            }
        };
        audit::note(app, parts, &principal).await?;
        Ok(principal)
    }
}

/// Someone who may read: a server, or a person of any role.
pub struct Reader(pub TeamId);

impl FromRequestParts<Arc<App>> for Reader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> ApiResult<Self> {
        let principal = Principal::from_request_parts(parts, app).await?;
        match principal.role() {
            Some(_) => Ok(Reader(principal.team().clone())),
            None => Err(ApiError::Forbidden("a public key cannot read this: use the secret key, on a server")),
        }
    }
}

/// Someone who may change things: a server, or an administrator.
pub struct Writer(pub TeamId);

impl FromRequestParts<Arc<App>> for Writer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> ApiResult<Self> {
        let principal = Principal::from_request_parts(parts, app).await?;
        match principal.role() {
            Some(Role::Admin) => Ok(Writer(principal.team().clone())),
            Some(_) => Err(ApiError::Forbidden("only an administrator may do this")),
            None => Err(ApiError::Forbidden("a public key cannot do this: use the secret key, on a server")),
        }
    }
}

/// Someone who may change things, under the name by which it is remembered who did.
pub struct Decider {
    pub team: TeamId,
    /// Of the person, or of the key.
    pub id: String,
    pub name: String,
}

impl FromRequestParts<Arc<App>> for Decider {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> ApiResult<Self> {
        let Writer(team) = Writer::from_request_parts(parts, app).await?;
        let principal = Principal::from_request_parts(parts, app).await?;
        Ok(Decider { team, id: principal.actor_id().to_owned(), name: name_of(app, principal).await? })
    }
}

/// A person who is logged in; a key is none.
pub struct LoggedIn {
    pub team: TeamId,
    pub user_id: String,
    pub role: Role,
}

impl FromRequestParts<Arc<App>> for LoggedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> ApiResult<Self> {
        match Principal::from_request_parts(parts, app).await? {
            Principal::Person { team, user_id, role } => Ok(LoggedIn { team, user_id, role }),
            _ => Err(ApiError::Forbidden("a key is no person: log in with e-mail and password")),
        }
    }
}

/// Someone who may work on escalations: a server, an administrator or a user, under their name.
pub struct Worker {
    pub team: TeamId,
    pub name: String,
}

impl FromRequestParts<Arc<App>> for Worker {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> ApiResult<Self> {
        let principal = Principal::from_request_parts(parts, app).await?;
        match principal.role() {
            Some(Role::Admin | Role::User) => {
                let team = principal.team().clone();
                Ok(Worker { team, name: name_of(app, principal).await? })
            }
            Some(Role::Viewer) => Err(ApiError::Forbidden("a viewer may read, not change")),
            None => Err(ApiError::Forbidden("a public key cannot do this: use the secret key, on a server")),
        }
    }
}

async fn name_of(app: &App, principal: Principal) -> ApiResult<String> {
    match principal {
        Principal::Page(credential) | Principal::Server(credential) => Ok(format!("key {}", credential.name)),
        Principal::Person { user_id, .. } => Ok(app.store.user(&user_id).await?.map_or(user_id, |user| user.email)),
        Principal::Agent { user_id, .. } => {
            let email = app.store.user(&user_id).await?.map_or(user_id, |user| user.email);
            Ok(format!("{email} (agent)"))
        }
    }
}

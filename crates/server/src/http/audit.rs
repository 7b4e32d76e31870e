//! The audit log: every write and every sensitive read, by whom, from where, and how it went.
//!
//! A line is in the store before a write happens: what cannot be noted is refused. How it went is known afterwards and
//! written with the next flush, as are the lines of reads.

use crate::app::App;
use crate::http::auth::{Principal, Writer};
use crate::http::client_address::client_ip;
use crate::http::error::ApiResult;
use crate::http::extract::{PageBody, PageParams, Params, time_if_given};
use crate::http::refusals::ToRead;
use crate::http::watching::Change;
use crate::jobs::is_running;
use axum::Json;
use axum::extract::{MatchedPath, State};
use axum::http::Method;
use axum::http::request::Parts;
use dregs_engine::event::format_time_ms;
use dregs_engine::limits::ID_CHARS_MAX;
use dregs_engine::text::cut;
use dregs_store::{AUDIT_SORTS, ActorKind, AuditEntry, AuditFilter, AuditOutcome, Store, StoreError, TeamId, User};
use percent_encoding::percent_decode_str;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use utoipa::{IntoParams, ToSchema};

/// How often outcomes and reads are written.
pub const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// Reads that wait to be written; beyond that they are written at once, by whoever reads.
const WAITING_MAX: usize = 10_000;
/// Characters kept of what something was done to: the longest id of an identity.
const SUBJECT_CHARS_MAX: usize = ID_CHARS_MAX;
/// Characters kept of a path, and of the name of a field; names kept of one body.
const PATH_CHARS_MAX: usize = 600;
const FIELD_CHARS_MAX: usize = 40;
const FIELDS_MAX: usize = 20;
const NOT_FOUND: u16 = 404;

/// Reads that are noted before they happen: what leaves with them is about everybody, or all there is of one person.
const SENSITIVE: [&str; 3] = ["exportIdentity", "getReviewTranscript", "listAuditLog"];
/// Reads that are noted when people or their agents make them. Servers make them by the thousand, for people of whom the
/// application itself knows.
const LOOKED_AT: [&str; 1] = ["getIdentity"];

/// Names of the operations by method and path.
static OPERATIONS: LazyLock<BTreeMap<(String, String), String>> = LazyLock::new(|| {
    let document = serde_json::to_value(crate::http::document()).unwrap_or_default();
    let paths = document["paths"].as_object().cloned().unwrap_or_default();
    let named = paths.into_iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().cloned().unwrap_or_default();
        methods.into_iter().filter_map(move |(method, about)| {
            let name = about["operationId"].as_str()?.to_owned();
            Some(((method.to_uppercase(), path.clone()), name))
        })
    });
    named.collect()
});

/// Lines and outcomes that wait to be written.
#[derive(Default)]
pub struct AuditLog {
    waiting: Mutex<BTreeMap<TeamId, Waiting>>,
    /// Held by who writes: whoever flushes then knows that nothing is on its way from before.
    flushing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Waiting {
    entries: Vec<AuditEntry>,
    outcomes: Vec<AuditOutcome>,
}

/// Goes with a request, so that what became of it finds its line.
#[derive(Default)]
pub struct Trail {
    pub request_id: String,
    noted: OnceLock<Noted>,
    fields: Mutex<Vec<String>>,
}

struct Noted {
    log: Arc<AuditLog>,
    team: TeamId,
    /// The path with its parameters unfilled.
    route: String,
    line: Line,
    /// What open pages are told when it succeeds.
    change: Option<Change>,
}

enum Line {
    /// In the store, by its id.
    Written(i64),
    /// A read's, to be written when it is over.
    Waits(Box<AuditEntry>),
}

impl Trail {
    pub fn new(request_id: &str) -> Arc<Self> {
        Arc::new(Trail { request_id: request_id.to_owned(), ..Trail::default() })
    }

    /// Keeps the names of the fields of a body, never their values.
    pub fn note_fields(&self, body: &[u8]) {
        if self.noted.get().is_none() {
            return;
        }
        let Ok(fields) = serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(body) else { return };
        let is_name = |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric());
        let names = fields.into_keys().filter(is_name).map(|name| cut(&name, FIELD_CHARS_MAX).to_owned());
        *self.fields.lock().unwrap_or_else(PoisonError::into_inner) = names.take(FIELDS_MAX).collect();
    }

    /// Says how it went.
    pub fn end(&self, status: u16) {
        let Some(noted) = self.noted.get() else { return };
        if let Some(change) = noted.change.as_ref().filter(|_| (200..300).contains(&status)) {
            change.tell(&noted.team);
        }
        let fields = self.fields.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut waiting = noted.log.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = waiting.entry(noted.team.clone()).or_default();
        // What is not there, or no longer, is not named: it may be somebody who was erased.
        let route = (status == NOT_FOUND).then(|| noted.route.clone());
        match &noted.line {
            Line::Written(id) => waiting.outcomes.push(AuditOutcome { id: *id, status, fields, route }),
            Line::Waits(entry) => {
                let mut entry = AuditEntry { status: Some(status), fields, ..(**entry).clone() };
                if let Some(route) = route {
                    entry = AuditEntry { path: route, subject: None, other_subject: None, ..entry };
                }
                waiting.entries.push(entry);
            }
        }
    }
}

/// Who acts, under which name.
struct Actor {
    kind: ActorKind,
    id: String,
    name: String,
}

impl Actor {
    async fn of(app: &App, principal: &Principal) -> ApiResult<Self> {
        let (kind, id, user_id) = match principal {
            Principal::Page(held) | Principal::Server(held) => {
                return Ok(Actor { kind: ActorKind::Key, id: held.id.clone(), name: held.name.clone() });
            }
            Principal::Person { user_id, .. } => (ActorKind::Person, user_id, user_id),
            Principal::Agent { user_id, grant_id, .. } => (ActorKind::Agent, grant_id, user_id),
        };
        let name = app.store.user(user_id).await?.map_or_else(|| user_id.clone(), |user| user.email);
        Ok(Actor { kind, id: id.clone(), name })
    }
}

/// Notes what `principal` is about to do, if it is worth a line.
pub async fn note(app: &App, parts: &Parts, principal: &Principal) -> ApiResult<()> {
    let Some(trail) = parts.extensions.get::<Arc<Trail>>().filter(|trail| trail.noted.get().is_none()) else {
        return Ok(());
    };
    // A public key is in everybody's hands and may write nothing: what it tries would only fill the log.
    if matches!(principal, Principal::Page(_)) {
        return Ok(());
    }
    let Some((action, first)) = worth_a_line(parts, principal) else { return Ok(()) };
    let actor = Actor::of(app, principal).await?;
    let (route, entry) = entry(app, parts, trail, actor, action);
    let change = Change::of(&app.bells.live, &parts.method, &route, entry.subject.as_deref());
    write_line(app, trail, principal.team(), (route, entry), first, change).await
}

/// Notes what a person is about to do who has just shown a password: logging in, letting an agent act.
pub async fn note_person(app: &App, parts: &Parts, user: &User, team: &TeamId, action: &str) -> ApiResult<()> {
    let Some(trail) = parts.extensions.get::<Arc<Trail>>() else { return Ok(()) };
    let actor = Actor { kind: ActorKind::Person, id: user.id.clone(), name: user.email.clone() };
    let entry = entry(app, parts, trail, actor, action);
    write_line(app, trail, team, entry, true, None).await
}

/// Writes a line at once, or leaves it for the next flush when it need not be `first`.
async fn write_line(
    app: &App,
    trail: &Trail,
    team: &TeamId,
    (route, entry): (String, AuditEntry),
    first: bool,
    change: Option<Change>,
) -> ApiResult<()> {
    let line = match first || app.audit.waiting() >= WAITING_MAX {
        true => {
            app.store.add_audit_entries(team, std::slice::from_ref(&entry)).await?;
            Line::Written(entry.id)
        }
        false => Line::Waits(Box::new(entry)),
    };
    let _ = trail.noted.set(Noted { log: app.audit.clone(), team: team.clone(), route, line, change });
    Ok(())
}

/// The operation's name, and whether its line has to be in the store before it happens.
fn worth_a_line(parts: &Parts, principal: &Principal) -> Option<(&'static str, bool)> {
    let route = parts.extensions.get::<MatchedPath>()?.as_str().strip_prefix("/api")?;
    let changes_nothing = route == "/events" || route.ends_with("/actions/preview");
    let name = || OPERATIONS.get(&(parts.method.to_string(), route.to_owned())).map(String::as_str);
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        return name().filter(|_| !changes_nothing).map(|name| (name, true));
    }
    let name = name()?;
    let is_looked_at = LOOKED_AT.contains(&name) && !matches!(principal, Principal::Server(_));
    let is_sensitive = SENSITIVE.contains(&name);
    (is_sensitive || is_looked_at).then_some((name, is_sensitive))
}

/// The route, and the line.
fn entry(app: &App, parts: &Parts, trail: &Trail, actor: Actor, action: &str) -> (String, AuditEntry) {
    let now_ms = app.clock.now_ms();
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str).trim_start_matches("/api");
    let path = parts.uri.path();
    let mut subjects = parameters(route, path);
    let entry = AuditEntry {
        id: app.ids.next(now_ms),
        created_ms: now_ms,
        actor_kind: actor.kind,
        actor_id: actor.id,
        actor: actor.name,
        action: action.to_owned(),
        path: cut(path, PATH_CHARS_MAX).to_owned(),
        subject: subjects.next(),
        other_subject: subjects.next(),
        ip: client_ip(parts, &app.options).map(|ip| ip.to_string()),
        request_id: trail.request_id.clone(),
        fields: Vec::new(),
        status: None,
    };
    (route.to_owned(), entry)
}

/// What stands in a path in the place of its route's parameters. Of a group, its id: types are many groups'.
fn parameters(route: &str, path: &str) -> impl Iterator<Item = String> {
    let filled = route.split('/').zip(path.split('/'));
    let values = filled.filter(|(name, _)| name.starts_with('{') && *name != "{type}");
    let decoded = |(_, value): (&str, &str)| {
        let text = percent_decode_str(value).decode_utf8_lossy().replace('\0', "");
        cut(&text, SUBJECT_CHARS_MAX).to_owned()
    };
    values.map(decoded).collect::<Vec<_>>().into_iter()
}

impl AuditLog {
    /// Lines that wait to be written.
    fn waiting(&self) -> usize {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.values().map(|waiting| waiting.entries.len()).sum()
    }

    /// Writes what waits; what cannot be written is kept for the next time. Returns whether all could.
    pub async fn flush(&self, store: &Store) -> bool {
        let _flushing = self.flushing.lock().await;
        let mut all = true;
        let taken = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        for (team, waiting) in taken {
            let entries = store.add_audit_entries(&team, &waiting.entries).await;
            let outcomes = store.note_audit_outcomes(&team, &waiting.outcomes).await;
            let kept = Waiting {
                entries: if is_worth_keeping(entries) { waiting.entries } else { Vec::new() },
                outcomes: if is_worth_keeping(outcomes) { waiting.outcomes } else { Vec::new() },
            };
            all &= self.keep(team, kept);
        }
        all
    }

    /// Returns whether there is nothing to be kept.
    fn keep(&self, team: TeamId, kept: Waiting) -> bool {
        // A team of which nothing waits is not asked about again: an idle server writes nothing.
        if kept.entries.is_empty() && kept.outcomes.is_empty() {
            return true;
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let held = waiting.entry(team).or_default();
        held.entries.splice(0..0, kept.entries);
        held.outcomes.splice(0..0, kept.outcomes);
        false
    }
}

/// What could not be written is tried again while the store is away; what the store refuses would be refused for ever.
fn is_worth_keeping(written: dregs_store::Result<()>) -> bool {
    match written {
        Ok(()) => false,
        Err(StoreError::Unavailable(cause)) => {
            tracing::warn!(cause, "the audit log could not be written, kept for later");
            true
        }
        Err(error) => {
            tracing::error!(%error, "lines of the audit log are lost: the store refuses them");
            false
        }
    }
}

pub async fn flush_forever(log: Arc<AuditLog>, store: Store, mut stopped: watch::Receiver<bool>) {
    while is_running(&stopped) {
        let _ = tokio::time::timeout(FLUSH_EVERY, stopped.changed()).await;
        log.flush(&store).await;
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct AuditParams {
    /// The actor's name: an e-mail address, or the name of a key.
    actor: Option<String>,
    /// The operation, by its `operationId` in this document, such as `updateBadgeRule`.
    action: Option<String>,
    /// The id of an identity, device, rule … that something was done to.
    subject: Option<String>,
    /// Not before this time.
    from: Option<String>,
    /// Before this time.
    to: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActorView {
    /// PERSON, KEY or AGENT.
    pub kind: &'static str,
    pub id: String,
    /// As it was at the time.
    pub name: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditView {
    pub id: String,
    pub created_at: String,
    pub actor: ActorView,
    /// The operation, by its `operationId` in this document.
    pub action: String,
    /// Under `/api`.
    pub path: String,
    /// What it was done to, where that is one thing.
    pub subject: Option<String>,
    pub other_subject: Option<String>,
    pub ip: Option<String>,
    pub request_id: String,
    /// Names of the fields that were given; values are not kept.
    pub fields: Vec<String>,
    /// HTTP status of the answer; absent for a second, and where the server went down before it was noted.
    pub status: Option<u16>,
}

impl From<AuditEntry> for AuditView {
    fn from(entry: AuditEntry) -> Self {
        AuditView {
            id: entry.id.to_string(),
            created_at: format_time_ms(entry.created_ms),
            actor: ActorView { kind: entry.actor_kind.code(), id: entry.actor_id, name: entry.actor },
            action: entry.action,
            path: entry.path,
            subject: entry.subject,
            other_subject: entry.other_subject,
            ip: entry.ip,
            request_id: entry.request_id,
            fields: entry.fields,
            status: entry.status,
        }
    }
}

/// List who did what, newest first
///
/// Every write and every sensitive read: exports, analyses' transcripts, identities that a person looked at, this log
/// itself. Sending events is not in it: events have their own log. For administrators.
#[utoipa::path(
    get, path = "/audit-log", tag = "team", operation_id = "listAuditLog", params(AuditParams, PageParams),
    responses((status = 200, description = "A page of it", body = PageBody<AuditView>), ToRead),
    security(("key" = []))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Params(params): Params<AuditParams>,
    Params(paging): Params<PageParams>,
) -> ApiResult<Json<PageBody<AuditView>>> {
    let query = paging.query(AUDIT_SORTS)?;
    let filter = AuditFilter {
        actor: params.actor,
        action: params.action,
        subject: params.subject,
        from_ms: time_if_given("from", params.from.as_deref())?,
        to_ms: time_if_given("to", params.to.as_deref())?,
    };
    let found = app.store.audit_log(&team, &filter, &query).await?;
    Ok(Json(PageBody::new(found, &query, AuditView::from)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_what_stands_in_the_place_of_parameters() {
        let of = |route: &str, path: &str| parameters(route, path).collect::<Vec<_>>();
        assert_eq!(of("/identities/{id}", "/identities/ada%40example.com"), ["ada@example.com"]);
        assert_eq!(of("/identities/{id}/decisions/{otherId}", "/identities/a/decisions/b"), ["a", "b"]);
        assert_eq!(of("/groups/{type}/{id}", "/groups/team/t%2F7"), ["t/7"]);
        assert!(of("/identities", "/identities").is_empty());
    }

    #[test]
    fn what_is_said_to_be_sensitive_exists() {
        let named = |name: &&&str| OPERATIONS.values().any(|held| held == **name);
        assert!(SENSITIVE.iter().chain(&LOOKED_AT).all(|name| named(&name)));
    }

    #[test]
    fn a_team_of_which_nothing_waits_is_forgotten() {
        let log = AuditLog::default();
        assert!(log.keep(TeamId::new("t"), Waiting::default()));
        assert!(log.waiting.lock().unwrap().is_empty());
    }

    #[test]
    fn names_of_fields_are_kept_and_nothing_else() {
        let trail = Trail::new("r");
        let log = Arc::new(AuditLog::default());
        let (team, route, line) = (TeamId::new("t"), "/r/{id}".into(), Line::Written(7));
        let noted = Noted { log: log.clone(), team, route, line, change: None };
        assert!(trail.noted.set(noted).is_ok());
        trail.note_fields(br#"{"password": "secret words", "name": {"x": 1}, "a b@example.com": 1}"#);
        trail.end(204);
        let waiting = std::mem::take(&mut *log.waiting.lock().unwrap());
        let outcomes = &waiting[&TeamId::new("t")].outcomes;
        assert_eq!(
            *outcomes,
            [AuditOutcome { id: 7, status: 204, fields: vec!["name".into(), "password".into()], route: None }]
        );
    }
}

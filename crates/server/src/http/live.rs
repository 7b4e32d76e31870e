//! Hints of what changed, as server-sent events.

use crate::app::App;
use crate::http::auth::{Reader, bearer, look_up};
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::refusals::ToReadAll;
use crate::live::{Changed, Kind, Told, Watcher};
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use dregs_store::TeamId;
use futures_util::stream::{Stream, unfold};
use serde::Serialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior, interval};
use utoipa::ToSchema;

/// The first event of a stream, and what has everything read anew.
const READY: &str = "ready";
const REFRESH: &str = "refresh";
/// How often a quiet stream says that it is there: proxies close what is silent for half a minute or a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often it is looked whether the caller may still read, besides when somebody's rights change.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// When to come back after a refusal: streams end when tabs are closed.
const COME_BACK_S: u64 = 30;
/// Has nginx, and what follows its example, pass on what is sent as it is sent.
const BUFFERING: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

/// What changed of one kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct HintView {
    /// At most 20.
    #[schema(max_items = 20)]
    pub ids: Vec<String>,
    /// Others changed too, or it is not known which.
    pub many: bool,
}

/// Watch what changes
///
/// A stream of server-sent events that stays open. The first is `ready`, or `refresh` for who comes back with
/// `Last-Event-ID`: something may have been missed, read everything anew. Then, at most once a second each, come `identity`,
/// `event`, `escalation`, `ring`, `device`, `delivery`, `ingestion`, `rule`, `settings` and `access`, whose data is
/// `{"ids": ["…"], "many": false}`. A hint says only that it is worth asking again. The stream ends when the key or session
/// does, when the reader is too slow, and when the server stops: connect again.
#[utoipa::path(
    get, path = "/live", tag = "live", operation_id = "watch",
    responses((status = 200, description = "The stream; this is the data of each hint", content_type = "text/event-stream", body = HintView),
        (status = 429, description = "Too many streams are open", body = ErrorBody), ToReadAll),
    security(("key" = []))
)]
pub async fn watch(State(app): State<Arc<App>>, Reader(team): Reader, parts: Parts) -> ApiResult<impl IntoResponse> {
    let token = bearer(&parts).ok_or(ApiError::Unauthorized("a key is required: Authorization: Bearer sk_…"))?;
    let too_many = ApiError::TooSoon(COME_BACK_S, "too many live streams are open");
    let watcher = app.bells.live.watch(&team).ok_or(too_many)?;
    let first = if parts.headers.contains_key("last-event-id") { REFRESH } else { READY };
    let greeting = Some(Event::default().event(first).data("{}"));
    let open = Open { token: token.to_owned(), app, watcher, team, look: look_interval(), greeting };
    Ok(([BUFFERING], Sse::new(open.events()).keep_alive(KeepAlive::new().interval(HEARTBEAT))))
}

/// One stream that is open.
struct Open {
    app: Arc<App>,
    watcher: Watcher,
    team: TeamId,
    token: String,
    look: Interval,
    /// What is sent first, until it is.
    greeting: Option<Event>,
}

impl Open {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        unfold(self, async |mut open| open.next().await.map(|event| (Ok(event), open)))
    }

    /// The next event; none when the stream is over.
    async fn next(&mut self) -> Option<Event> {
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        loop {
            let told = tokio::select! {
                told = self.watcher.next() => Some(told?),
                _ = self.look.tick() => None,
            };
            let looks = match told.as_deref() {
                None | Some(Told::Hint { kind: Kind::Access, .. }) => true,
                Some(_) => false,
            };
            if looks && !self.may_read().await {
                return None;
            }
            if let Some(told) = told {
                return Some(event(&told));
            }
        }
    }

    /// Whether the caller may still read this team. While that cannot be found out, what was allowed stays allowed.
    async fn may_read(&self) -> bool {
        match look_up(&self.app, &self.token).await {
            Ok(principal) => principal.team() == &self.team && principal.role().is_some(),
            Err(ApiError::Unauthorized(_) | ApiError::Forbidden(_)) => false,
            Err(_) => true,
        }
    }
}

fn event(told: &Told) -> Event {
    match told {
        Told::Refresh => Event::default().event(REFRESH).data("{}"),
        Told::Hint { number, kind, changed: Changed { ids, many } } => {
            let view = HintView { ids: ids.iter().cloned().collect(), many: *many };
            let data = serde_json::to_string(&view).unwrap_or_else(|_| "{}".into());
            Event::default().event(kind.code()).id(number.to_string()).data(data)
        }
    }
}

fn look_interval() -> Interval {
    let mut look = interval(LOOK_EVERY);
    // A reader that was slow is not looked at several times in a row.
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    look
}

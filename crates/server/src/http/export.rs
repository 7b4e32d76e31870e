//! Everything that is held of one identity, as one document.

use crate::app::App;
use crate::http::auth::Writer;
use crate::http::error::ApiResult;
use crate::http::extract::Segments;
use crate::http::identities::must_exist;
use crate::http::refusals::ToReadOne;
use crate::ingest::log::read_lines;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use dregs_engine::event::Event;
use dregs_store::{EXPORT_SECTIONS, ExportCursor, Result, TeamId};
use futures_util::stream::try_unfold;
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::ToSchema;

/// Raised when a list or a field comes to mean something else.
const FORMAT: u32 = 1;

/// Each list has one object for each row that is held; times are ISO-8601.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "it describes what is written piece by piece")]
pub struct ExportView {
    /// 1; another when a list or a field comes to mean something else. Lists and fields may be added.
    pub format: u32,
    pub identity_id: String,
    /// The identity as lists show it.
    pub identities: Vec<Map<String, Value>>,
    /// Attributes, and what is remembered of events, devices, addresses and sessions.
    pub profiles: Vec<Map<String, Value>>,
    /// What it did, as it is compared with others.
    pub traces: Vec<Map<String, Value>>,
    /// What it could have in common with others.
    pub keys: Vec<Map<String, Value>>,
    pub badges: Vec<Map<String, Value>>,
    pub groups: Vec<Map<String, Value>>,
    pub sessions: Vec<Map<String, Value>>,
    pub devices: Vec<Map<String, Value>>,
    pub links: Vec<Map<String, Value>>,
    pub decisions: Vec<Map<String, Value>>,
    pub main_accounts: Vec<Map<String, Value>>,
    pub rings: Vec<Map<String, Value>>,
    pub analyses: Vec<Map<String, Value>>,
    /// What the latest analysis rested on.
    pub evidence: Vec<Map<String, Value>>,
    pub escalations: Vec<Map<String, Value>>,
    pub escalation_notes: Vec<Map<String, Value>>,
    pub reviews: Vec<Map<String, Value>>,
    pub labels: Vec<Map<String, Value>>,
    /// Rules that gave a bad badge, and when they last did.
    pub badge_firings: Vec<Map<String, Value>>,
    /// Who looked at it or did something to it.
    pub audit_log: Vec<Map<String, Value>>,
    pub deliveries: Vec<Map<String, Value>>,
    pub events: Vec<Map<String, Value>>,
    /// Events that could not be processed.
    pub parked_events: Vec<Map<String, Value>>,
    /// Events that are recorded and not processed yet.
    pub waiting_events: Vec<Map<String, Value>>,
}

/// Export everything that is held of an identity
///
/// One JSON document, written while it is read: an answer that breaks off is incomplete.
#[utoipa::path(
    get, path = "/identities/{id}/export", tag = "privacy", operation_id = "exportIdentity",
    params(("id" = String, Path, description = "Your id of the user, percent-encoded")),
    responses((status = 200, description = "As an attachment", body = ExportView), ToReadOne),
    security(("key" = []))
)]
pub async fn export(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(id): Segments<String>,
) -> ApiResult<Response> {
    must_exist(&app, &team, &id).await?;
    let headers = [(CONTENT_TYPE, "application/json"), (CONTENT_DISPOSITION, "attachment; filename=\"identity.json\"")];
    let writing = Writing { app, team, id, place: Place::Begin };
    let pieces = try_unfold(writing, async |mut writing: Writing| {
        let piece = writing.piece().await.map_err(|error| {
            tracing::warn!(%error, "an export broke off");
            std::io::Error::other(error)
        })?;
        Ok::<_, std::io::Error>(piece.map(|piece| (Bytes::from(piece), writing)))
    });
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// A document on its way, piece by piece.
struct Writing {
    app: Arc<App>,
    team: TeamId,
    id: String,
    place: Place,
}

/// What is written next.
enum Place {
    Begin,
    /// A list by its number, and what its next page begins after.
    Section(usize, Option<ExportCursor>),
    Parked,
    /// The ingest log after a segment, and whether something of it was written.
    Log(i64, bool),
    End,
}

impl Writing {
    async fn piece(&mut self) -> Result<Option<String>> {
        let place = std::mem::replace(&mut self.place, Place::End);
        let (piece, next) = match place {
            Place::Begin => {
                let head = format!("{{\"format\":{FORMAT},\"identityId\":{}", Value::from(self.id.as_str()));
                (head, Place::Section(0, None))
            }
            Place::Section(number, after) => self.section(number, after).await?,
            Place::Parked => {
                let parked = self.app.store.parked_events_of(&self.team, &self.id).await?;
                let list = Value::from(parked);
                (format!(",\"parkedEvents\":{list},\"waitingEvents\":["), Place::Log(0, false))
            }
            Place::Log(after, begun) => self.log(after, begun).await?,
            Place::End => return Ok(None),
        };
        self.place = next;
        Ok(Some(piece))
    }

    async fn section(&self, number: usize, after: Option<ExportCursor>) -> Result<(String, Place)> {
        let section = &EXPORT_SECTIONS[number];
        let (rows, next) = self.app.store.export_page(&self.team, &self.id, section, after.as_ref()).await?;
        let mut piece = if after.is_none() { format!(",\"{}\":[", section.name) } else { String::new() };
        let is_first = after.is_none();
        push_rows(&mut piece, &rows, !is_first);
        if next.is_some() {
            return Ok((piece, Place::Section(number, next)));
        }
        piece.push(']');
        let next = if number + 1 < EXPORT_SECTIONS.len() { Place::Section(number + 1, None) } else { Place::Parked };
        Ok((piece, next))
    }

    async fn log(&self, after: i64, begun: bool) -> Result<(String, Place)> {
        let segments = self.app.store.read_log(after).await?;
        let Some(last) = segments.last() else { return Ok(("]}".to_owned(), Place::End)) };
        let logged = segments.iter().flat_map(|segment| read_lines(&segment.payload)).flatten();
        let own: Vec<Event> = logged
            .filter(|logged| {
                logged.team == self.team
                    && logged.event.identity.as_ref().is_some_and(|identity| identity.id == self.id)
            })
            .map(|logged| logged.event)
            .collect();
        // What is processed stays in the log for a moment.
        let recorded =
            self.app.store.recorded(&self.team, &own.iter().map(|event| event.id.as_str()).collect()).await?;
        let waiting = own.iter().filter(|event| !recorded.contains_key(&event.id));
        let rows: Vec<Value> = waiting.map(|event| serde_json::json!(event)).collect();
        let mut piece = String::new();
        push_rows(&mut piece, &rows, begun);
        Ok((piece, Place::Log(last.seq, begun || !rows.is_empty())))
    }
}

fn push_rows(piece: &mut String, rows: &[Value], mut begun: bool) {
    for row in rows {
        if begun {
            piece.push(',');
        }
        piece.push_str(&row.to_string());
        begun = true;
    }
}

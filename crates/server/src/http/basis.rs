//! Which events an observation rests on, for who looks at it.

use crate::app::App;
use crate::http::error::ApiResult;
use dregs_engine::analyzers::basis;
use dregs_engine::event::format_time_ms;
use dregs_engine::profile::Note;
use dregs_store::{Cycle, EventMoment, TeamId};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// Events that one observation names: enough to look at, few beside the reasons of a whole analysis.
const NAMED_MAX: usize = 10;

/// The events that an observation rests on, among those that were remembered then.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BasisView {
    /// The time of the earliest.
    pub from: String,
    /// The time of the latest.
    pub to: String,
    /// How many there were.
    pub count: usize,
    /// The latest ten of them that are still kept, newest first.
    #[schema(max_items = 10)]
    pub events: Vec<BasisEventView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BasisEventView {
    pub id: String,
    pub timestamp: String,
    pub event_name: String,
}

impl From<&EventMoment> for BasisEventView {
    fn from(event: &EventMoment) -> Self {
        BasisEventView {
            id: event.id.clone(),
            timestamp: format_time_ms(event.timestamp_ms),
            event_name: event.name.clone(),
        }
    }
}

/// What each observation of a cycle rests on, by the observation's id.
pub async fn of_cycle(app: &App, team: &TeamId, cycle: &Cycle) -> ApiResult<BTreeMap<String, BasisView>> {
    let Some(evidence) = &cycle.evidence else { return Ok(BTreeMap::new()) };
    let observations = evidence.assessment.scores.iter().flat_map(|score| &score.observations);
    let found = observations.map(|observation| (&observation.id, basis(&evidence.snapshot, &observation.id)));
    let found: Vec<(&String, Vec<&Note>)> = found.filter(|(_, notes)| !notes.is_empty()).collect();
    let named = found.iter().flat_map(|(_, notes)| notes.iter().rev().take(NAMED_MAX));
    let wanted: BTreeSet<(i64, &str)> = named.map(|note| (note.at_ms, note.name.as_str())).collect();
    let events = app.store.events_at(team, &cycle.identity_id, &wanted).await?;
    Ok(found.into_iter().filter_map(|(id, notes)| Some((id.clone(), view(&notes, &events)?))).collect())
}

/// `notes` are oldest first, `events` newest first.
fn view(notes: &[&Note], events: &[EventMoment]) -> Option<BasisView> {
    let (first, last) = (notes.first()?, notes.last()?);
    let moments: BTreeSet<(i64, &str)> = notes.iter().map(|note| (note.at_ms, note.name.as_str())).collect();
    let own = events.iter().filter(|event| moments.contains(&(event.timestamp_ms, event.name.as_str())));
    Some(BasisView {
        from: format_time_ms(first.at_ms),
        to: format_time_ms(last.at_ms),
        count: notes.len(),
        events: own.take(NAMED_MAX).map(BasisEventView::from).collect(),
    })
}

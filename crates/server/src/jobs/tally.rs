//! Counts the names of events and attributes that no mapping covers: a few for each team, whatever is sent.

use dregs_engine::event::Event;
use dregs_engine::limits::NAME_CHARS_MAX;
use dregs_engine::mapping::Mappings;
use dregs_engine::profile::INTERACTION_EVENT;
use dregs_store::{Figures, Result, Store, TeamId, day_of, figure};
use moka::sync::Cache;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Names of each kind that a team has counted; names are written by pages, and could be made up without end.
pub const NAMES_MAX: usize = 500;
/// Names beyond that are counted under this one.
pub const OTHER_NAMES: &str = "(other)";
const TEAMS_MAX: u64 = 10_000;
/// What the tracker sends by itself and nobody needs to map.
const OWN_NAMES: [&str; 3] = ["dregs_init", "identify", INTERACTION_EVENT];

/// The names of one team that are counted on a day.
struct Known {
    day_ms: i64,
    events: BTreeSet<String>,
    attributes: BTreeSet<String>,
}

pub struct Tally {
    store: Store,
    known: Cache<TeamId, Arc<Mutex<Known>>>,
}

impl Tally {
    pub fn new(store: Store) -> Self {
        Tally { store, known: Cache::new(TEAMS_MAX) }
    }

    /// Counts what these events name. Once a day the team's counters are tidied.
    pub async fn note(
        &self,
        team: &TeamId,
        events: impl Iterator<Item = &Event>,
        mappings: &Mappings,
        now_ms: i64,
        figures: &mut Figures,
    ) -> Result<()> {
        let known = self.known(team, now_ms).await?;
        let unmapped = unmapped(events, mappings);
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let day_ms = known.day_ms;
        for ((figure, name), n) in unmapped {
            let held = if figure == figure::EVENT_NAME { &mut known.events } else { &mut known.attributes };
            if held.contains(name) || (held.len() < NAMES_MAX && held.insert(name.to_owned())) {
                figures.add(figure, name.to_owned(), day_ms, n);
            } else {
                figures.add(figure, OTHER_NAMES, day_ms, n);
            }
        }
        Ok(())
    }

    async fn known(&self, team: &TeamId, now_ms: i64) -> Result<Arc<Mutex<Known>>> {
        let day_ms = day_of(now_ms);
        let is_of_today =
            |known: &Arc<Mutex<Known>>| known.lock().unwrap_or_else(PoisonError::into_inner).day_ms == day_ms;
        if let Some(known) = self.known.get(team).filter(is_of_today) {
            return Ok(known);
        }
        self.store.tidy_figures(team, now_ms).await?;
        let events = self.names(team, figure::EVENT_NAME).await?;
        let attributes = self.names(team, figure::ATTRIBUTE_NAME).await?;
        let known = Arc::new(Mutex::new(Known { day_ms, events, attributes }));
        self.known.insert(team.clone(), known.clone());
        Ok(known)
    }

    async fn names(&self, team: &TeamId, figure: &str) -> Result<BTreeSet<String>> {
        let held = self.store.named_figures(team, figure, 0, i64::MAX, NAMES_MAX as i64 + 1).await?;
        Ok(held.into_iter().map(|held| held.name).filter(|name| name != OTHER_NAMES).collect())
    }
}

type Unmapped<'a> = BTreeMap<(&'static str, &'a str), i64>;

/// What no mapping covers, and how often it occurs. Each name is looked up once.
fn unmapped<'a>(events: impl Iterator<Item = &'a Event>, mappings: &Mappings) -> Unmapped<'a> {
    let mut seen: Unmapped<'a> = BTreeMap::new();
    for event in events {
        *seen.entry((figure::EVENT_NAME, &event.name)).or_default() += 1;
        let attributes = event.identity.iter().flat_map(|identity| identity.data.keys());
        attributes.for_each(|name| *seen.entry((figure::ATTRIBUTE_NAME, name)).or_default() += 1);
    }
    seen.retain(|(kind, name), _| match *kind {
        figure::EVENT_NAME => !OWN_NAMES.contains(name) && mappings.event_type(name).is_none(),
        _ => name.chars().count() <= NAME_CHARS_MAX && mappings.field(name).is_none(),
    });
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use dregs_engine::event::IdentityInput;
    use serde_json::json;

    #[test]
    fn only_what_no_mapping_covers_is_counted() {
        let event = |name: &str| Event {
            name: name.into(),
            identity: Some(IdentityInput {
                id: "u".into(),
                data: json!({"email": "a@b.example", "shoe_size": 44, "x".repeat(200): 1})
                    .as_object()
                    .cloned()
                    .unwrap(),
            }),
            ..Event::default()
        };
        let events = ["pigeon.fed", "signup", "dregs_init", "pigeon.fed"].map(event);
        let found: Vec<_> = unmapped(events.iter(), &Mappings::default()).into_iter().collect();
        assert_eq!(found, [((figure::ATTRIBUTE_NAME, "shoe_size"), 4), ((figure::EVENT_NAME, "pigeon.fed"), 2)]);
    }
}

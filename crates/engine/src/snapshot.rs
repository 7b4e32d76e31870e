//! All that an assessment may rest on, frozen: scoring the same snapshot again gives the same verdict.

use crate::event::Event;
use crate::intelligence::email::{EmailFacts, email_facts};
use crate::intelligence::names::{NameFacts, name_facts};
use crate::linkage::{Link, SharedKey};
use crate::mapping::{EventType, Field, Mappings, display_name};
use crate::profile::{Note, Profile};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Snapshot {
    pub identity_id: String,
    pub now_ms: i64,
    /// When the identity was created, epoch milliseconds.
    pub created_ms: i64,
    pub profile: Profile,
    /// Canonical meaning of each mapped event name in the profile.
    pub meanings: BTreeMap<String, EventType>,
    /// Canonical fields of the identity's attributes.
    pub fields: BTreeMap<Field, String>,
    pub email: Option<EmailFacts>,
    pub name: Option<NameFacts>,
    /// What the identity shares with others, and how common each thing is.
    pub shared: Vec<SharedKey>,
    pub links: Vec<Link>,
    /// Identities of the team, for frequencies.
    pub team_identities: u64,
}

impl Snapshot {
    /// Freezes a profile under the team's mappings. `shared` and `links` come from linkage.
    pub fn of(identity_id: &str, profile: Profile, mappings: &Mappings, created_ms: i64, now_ms: i64) -> Self {
        let meanings = meanings(&profile, mappings);
        let fields = mappings.fields(&profile.attributes);
        Snapshot {
            identity_id: identity_id.to_owned(),
            now_ms,
            created_ms,
            meanings,
            email: fields.get(&Field::Email).map(|email| email_facts(email)),
            name: display_name(&fields).map(|name| name_facts(&name)),
            fields,
            profile,
            ..Snapshot::default()
        }
    }

    /// The remembered events that mean `meaning`, oldest first.
    pub fn notes(&self, meaning: EventType) -> impl Iterator<Item = &Note> {
        self.profile.recent.iter().filter(move |note| self.meanings.get(&note.name) == Some(&meaning))
    }

    /// How often events that mean `meaning` ever occurred.
    pub fn count(&self, meaning: EventType) -> u64 {
        let of_meaning = self.profile.names.iter().filter(|(name, _)| self.meanings.get(*name) == Some(&meaning));
        of_meaning.map(|(_, held)| held.count).sum()
    }

    /// How long the identity has been known, in milliseconds, by its earliest event.
    pub fn age_ms(&self) -> i64 {
        (self.now_ms - self.created_ms.min(self.profile.first_ms)).max(0)
    }

    pub fn display_name(&self) -> Option<String> {
        display_name(&self.fields)
    }
}

fn meanings(profile: &Profile, mappings: &Mappings) -> BTreeMap<String, EventType> {
    let remembered = profile.recent.iter().map(|note| note.name.as_str());
    let names: std::collections::BTreeSet<&str> = profile.names.keys().map(String::as_str).chain(remembered).collect();
    names.into_iter().filter_map(|name| Some((name.to_owned(), mappings.event_type(name)?))).collect()
}

/// Folds events into a snapshot as the server would: for tests and for replaying a stream without a store.
pub fn of_events(identity_id: &str, events: &[Event], mappings: &Mappings, now_ms: i64) -> Snapshot {
    let mut profile = Profile::default();
    events.iter().for_each(|event| profile.apply(event, &crate::profile::Facts::of(event)));
    let created_ms = profile.first_ms;
    Snapshot::of(identity_id, profile, mappings, created_ms, now_ms)
}

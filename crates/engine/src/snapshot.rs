//! All that an assessment may rest on, frozen: scoring the same snapshot again gives the same verdict.

use crate::datasets::{Dataset, Hit, Lists};
use crate::event::Event;
use crate::intelligence::email::{EmailFacts, email_facts};
use crate::intelligence::names::{NameFacts, name_facts};
use crate::linkage::decision::{Decision, Verdict, overrule};
use crate::linkage::ring::RingFacts;
use crate::linkage::{Link, SharedKey};
use crate::mapping::{EventType, Field, Mappings, display_name};
use crate::profile::{Note, Profile};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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
    /// What analysts decided about it and others; links and shared keys are what is left after that.
    pub decisions: Vec<Decision>,
    /// The ring it belongs to.
    pub ring: Option<RingFacts>,
    /// Identities of the team, for frequencies.
    pub team_identities: u64,
    /// Entries of the team's own lists that say something of its e-mail address and its name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub listed: Vec<Hit>,
}

/// What stands about an identity before its links are weighed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standing {
    pub decisions: Vec<Decision>,
    pub ring: Option<RingFacts>,
    /// Members of its ring that do not count against it, because it is the ring's main account.
    pub excused: BTreeSet<String>,
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

    /// Lays what the team's own lists say over what is known of the address and the name.
    pub fn heed(&mut self, lists: &Lists) {
        if lists.is_empty() {
            return;
        }
        if let Some(facts) = &mut self.email {
            self.listed.extend(lists.email(facts));
        }
        let name = self.display_name();
        if let (Some(name), Some(facts)) = (name, &mut self.name) {
            self.listed.extend(lists.name(&name, facts));
        }
    }

    /// The first entry of a dataset of the team's own that was hit.
    pub fn hit(&self, dataset: Dataset) -> Option<&Hit> {
        self.listed.iter().find(|hit| hit.dataset == dataset)
    }

    /// Leaves out whom analysts have ruled out, and whom its ring's main account does not answer for.
    pub fn stand(&mut self, standing: Standing) {
        let different = standing.decisions.iter().filter(|decision| decision.verdict == Verdict::Different);
        let mut aside: BTreeSet<String> = different.map(|decision| decision.other_id.clone()).collect();
        aside.extend(standing.excused);
        self.set_aside(&aside);
        self.decisions = standing.decisions;
        self.ring = standing.ring;
    }

    /// What the snapshot would be if something were decided and its ring had so many members: for looking ahead.
    pub fn supposing(mut self, decision: Option<&Decision>, ring_size: u64) -> Self {
        let ring = self.ring.take().unwrap_or_default();
        let standing = Standing {
            decisions: decision.cloned().into_iter().collect(),
            ring: (ring_size > 1).then(|| ring.resized(ring_size)),
            ..Standing::default()
        };
        self.links = overrule(self.links, &standing.decisions);
        self.stand(standing);
        self
    }

    /// Leaves others out of the evidence, as if they were not there.
    fn set_aside(&mut self, others: &BTreeSet<String>) {
        if others.is_empty() {
            return;
        }
        self.links.retain(|link| !others.contains(&link.target_id));
        for key in &mut self.shared {
            let before = key.peers.len();
            key.peers.retain(|peer| !others.contains(&peer.identity_id));
            key.holders = key.holders.saturating_sub((before - key.peers.len()) as u64);
        }
        self.shared.retain(|key| key.holders > 1);
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
    let names: BTreeSet<&str> = profile.names.keys().map(String::as_str).chain(remembered).collect();
    names.into_iter().filter_map(|name| Some((name.to_owned(), mappings.event_type(name)?))).collect()
}

/// Folds events into a snapshot as the server would: for tests and for replaying a stream without a store.
pub fn of_events(identity_id: &str, events: &[Event], mappings: &Mappings, now_ms: i64) -> Snapshot {
    let mut profile = Profile::default();
    events.iter().for_each(|event| profile.apply(event, &crate::profile::Facts::of(event)));
    let created_ms = profile.first_ms;
    Snapshot::of(identity_id, profile, mappings, created_ms, now_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linkage::KeyKind;
    use crate::score::{Category, assess};
    use crate::testkit::Story;

    fn decided(other: &str, verdict: Verdict) -> Decision {
        Decision { other_id: other.into(), verdict, note: None, decided_by: "ana".into(), decided_ms: 0 }
    }

    fn snapshot() -> Snapshot {
        let story = Story::new().device("fp", "{}").event(0, "signup");
        story.shared(KeyKind::Device, "fp", 3, &["b", "c"]).shared(KeyKind::Session, "s", 2, &["b"]).snapshot()
    }

    #[test]
    fn another_person_is_as_if_not_there() {
        let mut snapshot = snapshot();
        snapshot.stand(Standing { decisions: vec![decided("b", Verdict::Different)], ..Standing::default() });
        assert!(snapshot.links.iter().all(|link| link.target_id == "c"));
        let shared: Vec<(KeyKind, u64, usize)> =
            snapshot.shared.iter().map(|key| (key.kind, key.holders, key.peers.len())).collect();
        assert_eq!(shared, [(KeyKind::Device, 2, 1)]);
    }

    #[test]
    fn a_main_account_does_not_answer_for_the_others_of_its_ring() {
        let mut snapshot = snapshot();
        let excused = ["b", "c"].map(str::to_owned).into();
        snapshot.stand(Standing { excused, ..Standing::default() });
        assert!(snapshot.links.is_empty() && snapshot.shared.is_empty());
    }

    #[test]
    fn supposing_they_are_different_people_lifts_uniqueness() {
        let uniqueness = |snapshot: &Snapshot| assess(snapshot).value(Category::Uniqueness).unwrap();
        let ring = |size| Some(RingFacts { size, pairs: size, brief: size, ..RingFacts::default() });
        let before = Snapshot { ring: ring(8), ..snapshot() };
        let after = before.clone().supposing(Some(&decided("b", Verdict::Different)), 1);
        assert!(after.ring.is_none() && uniqueness(&after) > uniqueness(&before));
        assert_eq!(before.clone().supposing(None, 4).ring, ring(4));
    }

    #[test]
    fn a_snapshot_of_before_there_were_rings_reads_back() {
        let text = serde_json::to_string(&snapshot()).unwrap();
        let mut old: serde_json::Value = serde_json::from_str(&text).unwrap();
        old.as_object_mut().unwrap().retain(|field, _| field != "ring" && field != "decisions");
        assert_eq!(serde_json::from_value::<Snapshot>(old).unwrap(), snapshot());
    }
}

//! What a team has decided about acting: its rules and its channels, remembered.

use dregs_engine::rules::RuleBook;
use dregs_store::{Channel, Result, Store, TeamId};
use moka::sync::Cache;
use std::sync::Arc;

/// Teams remembered.
const TEAMS_MAX: u64 = 10_000;

#[derive(Debug, Default)]
pub struct Playbook {
    version: i64,
    pub rules: RuleBook,
    pub channels: Vec<Channel>,
}

impl Playbook {
    pub async fn read(store: &Store, team: &TeamId, version: i64) -> Result<Self> {
        Ok(Playbook { version, rules: store.rule_book(team).await?, channels: store.channels(team).await? })
    }
}

/// The playbooks of all teams. Whoever asks says which version counts: who is scored because a rule changed must not meet
/// the rule as it was.
pub struct Playbooks {
    store: Store,
    known: Cache<TeamId, Arc<Playbook>>,
}

impl Playbooks {
    pub fn new(store: Store) -> Self {
        Playbooks { store, known: Cache::new(TEAMS_MAX) }
    }

    pub async fn of(&self, team: &TeamId, version: i64) -> Result<Arc<Playbook>> {
        if let Some(known) = self.known.get(team).filter(|known| known.version == version) {
            return Ok(known);
        }
        let read = Arc::new(Playbook::read(&self.store, team, version).await?);
        self.known.insert(team.clone(), read.clone());
        Ok(read)
    }
}

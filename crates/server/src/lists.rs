//! What a team's own datasets say, remembered.

use dregs_engine::datasets::Lists;
use dregs_store::{Result, Store, TeamId};
use moka::sync::Cache;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Teams remembered: as many as have playbooks remembered.
const TEAMS_MAX: u64 = 10_000;

/// One team's lists at one moment.
#[derive(Debug, Default)]
pub struct TeamLists {
    version: i64,
    /// Tells these lists from all others of this process; 0 where there are no entries, so that what is remembered without
    /// lists serves every team that has none.
    pub stamp: u64,
    lists: Lists,
}

impl Deref for TeamLists {
    type Target = Lists;

    fn deref(&self) -> &Lists {
        &self.lists
    }
}

/// The lists of all teams. A change of entries raises the version of the team's playbook: whoever is scored because an entry
/// changed must not meet the lists as they were.
pub struct AllLists {
    store: Store,
    known: Cache<TeamId, Arc<TeamLists>>,
    none: Arc<TeamLists>,
    stamps: AtomicU64,
}

impl AllLists {
    pub fn new(store: Store) -> Self {
        AllLists { store, known: Cache::new(TEAMS_MAX), none: Arc::default(), stamps: AtomicU64::new(1) }
    }

    pub async fn of(&self, team: &TeamId, playbook_version: i64) -> Result<Arc<TeamLists>> {
        // A team whose playbook never changed has no entries.
        if playbook_version == 0 {
            return Ok(self.none.clone());
        }
        if let Some(known) = self.known.get(team).filter(|known| known.version == playbook_version) {
            return Ok(known);
        }
        let lists = self.store.lists(team).await?;
        let stamp = if lists.is_empty() { 0 } else { self.stamps.fetch_add(1, Ordering::Relaxed) };
        let read = Arc::new(TeamLists { version: playbook_version, stamp, lists });
        self.known.insert(team.clone(), read.clone());
        Ok(read)
    }
}

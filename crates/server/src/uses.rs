//! When keys and sessions were last used: remembered where they are looked up, and written down now and then. No request
//! waits for it.

use dregs_store::{Result, Store, TeamId};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// What is written is so far apart at least.
const APART_MS: i64 = 3_600_000;
/// Keys and sessions remembered; of further ones the use is not noted until others have been quiet for an hour.
const REMEMBERED_MAX: usize = 20_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Used {
    Credential(TeamId, String),
    /// A session, by the hash of its token.
    Login(String),
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    last_ms: i64,
    written_ms: i64,
}

#[derive(Default)]
pub struct Uses {
    marks: Mutex<HashMap<Used, Mark>>,
}

impl Uses {
    pub fn note(&self, used: Used, now_ms: i64) {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = marks.len() >= REMEMBERED_MAX;
        match marks.get_mut(&used) {
            Some(mark) => mark.last_ms = now_ms,
            None if is_full => {}
            None => drop(marks.insert(used, Mark { last_ms: now_ms, written_ms: i64::MIN / 2 })),
        }
    }

    /// Writes what has not been written for an hour; what cannot be written is for the next time.
    pub async fn write(&self, store: &Store, now_ms: i64) -> Result<()> {
        for (used, at_ms) in self.unwritten(now_ms) {
            match &used {
                Used::Credential(team, id) => store.note_credential_use(team, id, at_ms, APART_MS).await?,
                Used::Login(token_hash) => store.note_login_use(token_hash, at_ms, APART_MS).await?,
            }
            let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(mark) = marks.get_mut(&used) {
                mark.written_ms = at_ms;
            }
        }
        Ok(())
    }

    fn unwritten(&self, now_ms: i64) -> Vec<(Used, i64)> {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = |mark: &Mark| mark.last_ms - mark.written_ms >= APART_MS;
        marks.retain(|_, mark| is_due(mark) || now_ms - mark.written_ms < APART_MS);
        marks.iter().filter(|(_, mark)| is_due(mark)).map(|(used, mark)| (used.clone(), mark.last_ms)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_is_written_once_an_hour_and_then_forgotten() {
        let uses = Uses::default();
        let used = Used::Login("hash".into());
        uses.note(used.clone(), 10);
        assert_eq!(uses.unwritten(10), [(used.clone(), 10)]);
        uses.marks.lock().unwrap().get_mut(&used).unwrap().written_ms = 10;
        uses.note(used.clone(), APART_MS);
        assert!(uses.unwritten(APART_MS).is_empty());
        uses.note(used.clone(), APART_MS + 10);
        assert_eq!(uses.unwritten(APART_MS + 10), [(used.clone(), APART_MS + 10)]);
        uses.marks.lock().unwrap().get_mut(&used).unwrap().written_ms = APART_MS + 10;
        assert!(uses.unwritten(3 * APART_MS).is_empty() && uses.marks.lock().unwrap().is_empty());
    }
}

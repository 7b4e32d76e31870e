//! Events that wait, in order for each subject, and which of them may be processed now.
//!
//! A subject (identity, session or device) is processed at once when it was quiet, and then rests for
//! [`DEBOUNCE_MS`]: a burst on one identity costs a few cycles, not one for each event. One that is scored again and again
//! without an event, because others changed, rests longer and longer, whatever sends it: events do not wait for that.

use dregs_engine::event::{Event, Subject};
use dregs_store::TeamId;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// How long an identity rests between two cycles, in milliseconds.
pub const DEBOUNCE_MS: i64 = 250;
/// Cycles in a row without an event after which each rests twice as long as the one before, and the longest rest.
const UNPROVOKED_MAX: u32 = 16;
const REST_MAX_MS: i64 = 60_000;
/// Events kept in memory; the rest stays in the log until there is room.
pub const EVENTS_IN_MEMORY_MAX: usize = 4_096;
/// Subjects and events of one batch.
pub const BATCH_SUBJECTS_MAX: usize = 256;
pub const BATCH_EVENTS_MAX: usize = 1024;
/// Subjects of one batch that have no event and are only scored again: whoever sends one meanwhile waits for the batch.
pub const BATCH_RESCORES_MAX: usize = 64;

/// Whose queue: owned form of the engine's [`Subject`], with its team.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner {
    pub team: TeamId,
    kind: u8,
    id: String,
}

impl Owner {
    pub fn of(team: &TeamId, event: &Event) -> Self {
        let (kind, id) = match event.subject() {
            Subject::Identity(id) => (0, id),
            Subject::Session(id) => (1, id),
            Subject::Device(id) => (2, id),
        };
        Owner { team: team.clone(), kind, id: id.to_owned() }
    }

    pub fn identity(team: &TeamId, id: &str) -> Self {
        Owner { team: team.clone(), kind: 0, id: id.to_owned() }
    }

    pub fn identity_id(&self) -> Option<&str> {
        (self.kind == 0).then_some(self.id.as_str())
    }
}

/// One waiting event and the log segment it came with.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub event: Event,
    pub segment: i64,
    /// When it was read from the log, for telling waiting from processing.
    pub read_ms: i64,
    /// Whether it may have been processed before: by an earlier run, or in an attempt whose outcome is unknown. Its
    /// fate is counted already if so.
    pub repeated: bool,
}

/// What one batch works on: one team's subjects, each with its events in order (none: only score again).
#[derive(Debug, Default)]
pub struct BatchOfSubjects {
    pub owners: Vec<(Owner, Vec<Claimed>)>,
}

/// How long a subject rests after a cycle.
#[derive(Debug, Clone, Copy)]
struct Rest {
    since_ms: i64,
    /// Cycles in a row that no event asked for.
    unprovoked: u32,
}

impl Rest {
    /// When it may be processed again, for its events or only to be scored.
    fn until_ms(self, has_events: bool) -> i64 {
        let doublings = if has_events { 0 } else { self.unprovoked.saturating_sub(UNPROVOKED_MAX) };
        self.since_ms + DEBOUNCE_MS.saturating_mul(1 << doublings.min(31)).min(REST_MAX_MS)
    }

    /// Until when it is not scored although it is due: it was too often.
    fn put_off_until_ms(self, now_ms: i64) -> Option<i64> {
        Some(self.until_ms(false)).filter(|until_ms| self.unprovoked > UNPROVOKED_MAX && *until_ms > now_ms)
    }

    /// Whether it is of no account any more: who was left alone for as long as it last rested begins anew.
    fn is_over(self, now_ms: i64) -> bool {
        let until_ms = self.until_ms(false);
        until_ms + (until_ms - self.since_ms) <= now_ms
    }
}

#[derive(Default)]
pub struct Claims {
    queues: HashMap<Owner, VecDeque<Claimed>>,
    /// Owners with something to do, in order of arrival, each with the time from which it may be done.
    ready: VecDeque<Owner>,
    listed: HashSet<Owner>,
    rests: HashMap<Owner, Rest>,
    rescore: HashSet<Owner>,
    segments: BTreeMap<i64, usize>,
    finished_upto: i64,
    in_memory: usize,
}

impl Claims {
    pub fn has_room(&self) -> bool {
        self.in_memory < EVENTS_IN_MEMORY_MAX
    }

    pub fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// Subjects that wait.
    pub fn waiting(&self) -> usize {
        self.ready.len()
    }

    /// Announces a segment with as many events as will be pushed for it.
    pub fn open_segment(&mut self, seq: i64, events: usize) {
        self.segments.insert(seq, events);
        self.advance();
    }

    pub fn push(&mut self, owner: Owner, claimed: Claimed) {
        self.in_memory += 1;
        self.queues.entry(owner.clone()).or_default().push_back(claimed);
        self.list(owner);
    }

    /// Asks for a cycle without an event.
    pub fn push_rescore(&mut self, owner: Owner) {
        self.rescore.insert(owner.clone());
        self.list(owner);
    }

    /// Until when who is due again is left alone, because it was scored too often without an event.
    pub fn put_off_until_ms(&self, owner: &Owner, now_ms: i64) -> Option<i64> {
        self.rests.get(owner)?.put_off_until_ms(now_ms)
    }

    fn list(&mut self, owner: Owner) {
        if self.listed.insert(owner.clone()) {
            self.ready.push_back(owner);
        }
    }

    /// Takes what may be done now: subjects of one team, the longest waiting first. The second part is when the next
    /// one may be, if nothing may now.
    pub fn take(&mut self, now_ms: i64) -> (BatchOfSubjects, Option<i64>) {
        self.rests.retain(|_, rest| !rest.is_over(now_ms));
        let mut batch = BatchOfSubjects::default();
        let mut kept = VecDeque::new();
        let mut next_ms: Option<i64> = None;
        let (mut events, mut rescores) = (0, 0);
        while let Some(owner) = self.ready.pop_front() {
            let full = batch.owners.len() >= BATCH_SUBJECTS_MAX || events >= BATCH_EVENTS_MAX;
            let other_team = batch.owners.first().is_some_and(|(first, _)| first.team != owner.team);
            let idle = !self.queues.contains_key(&owner);
            let rest = self.rests.get(&owner).map(|rest| rest.until_ms(!idle)).filter(|until_ms| *until_ms > now_ms);
            if let Some(until_ms) = rest {
                next_ms = Some(next_ms.map_or(until_ms, |held| held.min(until_ms)));
            }
            if full || other_team || rest.is_some() || idle && rescores >= BATCH_RESCORES_MAX {
                kept.push_back(owner);
                if full {
                    break;
                }
                continue;
            }
            let taken = self.drain(&owner, BATCH_EVENTS_MAX - events);
            events += taken.len();
            rescores += usize::from(idle);
            if self.queues.contains_key(&owner) {
                kept.push_back(owner.clone());
            } else {
                self.listed.remove(&owner);
            }
            self.rescore.remove(&owner);
            batch.owners.push((owner, taken));
        }
        kept.append(&mut self.ready);
        self.ready = kept;
        (batch, next_ms)
    }

    fn drain(&mut self, owner: &Owner, max: usize) -> Vec<Claimed> {
        let Some(queue) = self.queues.get_mut(owner) else { return Vec::new() };
        let taken: Vec<Claimed> = queue.drain(..queue.len().min(max)).collect();
        if queue.is_empty() {
            self.queues.remove(owner);
        }
        taken
    }

    /// Puts a batch back that could not be processed, before everything else of its subjects.
    pub fn put_back(&mut self, batch: BatchOfSubjects) {
        for (owner, mut events) in batch.owners.into_iter().rev() {
            events.iter_mut().for_each(|claimed| claimed.repeated = true);
            if events.is_empty() {
                self.rescore.insert(owner.clone());
            } else {
                let queue = self.queues.entry(owner.clone()).or_default();
                events.into_iter().rev().for_each(|event| queue.push_front(event));
            }
            if self.listed.insert(owner.clone()) {
                self.ready.push_front(owner);
            }
        }
    }

    /// Marks events as done and lets their subject rest.
    pub fn finish(&mut self, owner: &Owner, events: &[Claimed], now_ms: i64) {
        self.in_memory = self.in_memory.saturating_sub(events.len());
        for claimed in events {
            if let Some(left) = self.segments.get_mut(&claimed.segment) {
                *left = left.saturating_sub(1);
            }
        }
        let rest = self.rests.entry(owner.clone()).or_insert(Rest { since_ms: now_ms, unprovoked: 0 });
        let unprovoked = if events.is_empty() { rest.unprovoked.saturating_add(1) } else { 0 };
        *rest = Rest { since_ms: now_ms, unprovoked };
        self.advance();
    }

    /// Takes waiting events out for good, and returns them.
    pub fn drop_events(&mut self, is_gone: impl Fn(&TeamId, &Event) -> bool) -> Vec<(TeamId, Event)> {
        let mut dropped = Vec::new();
        for (owner, queue) in &mut self.queues {
            let (gone, kept): (VecDeque<Claimed>, VecDeque<Claimed>) =
                std::mem::take(queue).into_iter().partition(|claimed| is_gone(&owner.team, &claimed.event));
            *queue = kept;
            for claimed in gone {
                if let Some(left) = self.segments.get_mut(&claimed.segment) {
                    *left = left.saturating_sub(1);
                }
                dropped.push((owner.team.clone(), claimed.event));
            }
        }
        self.in_memory = self.in_memory.saturating_sub(dropped.len());
        self.queues.retain(|_, queue| !queue.is_empty());
        let (queues, rescore) = (&self.queues, &self.rescore);
        self.listed.retain(|owner| queues.contains_key(owner) || rescore.contains(owner));
        self.ready.retain(|owner| queues.contains_key(owner) || rescore.contains(owner));
        self.advance();
        dropped
    }

    /// Forgets that an identity was about to be scored.
    pub fn drop_rescore(&mut self, owner: &Owner) {
        self.rescore.remove(owner);
        self.rests.remove(owner);
        if !self.queues.contains_key(owner) {
            self.listed.remove(owner);
            self.ready.retain(|held| held != owner);
        }
    }

    fn advance(&mut self) {
        while let Some(entry) = self.segments.first_entry().filter(|entry| *entry.get() == 0) {
            self.finished_upto = *entry.key();
            entry.remove();
        }
    }

    /// The last segment up to which every event is done.
    pub fn finished_upto(&self) -> i64 {
        self.finished_upto
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dregs_engine::event::IdentityInput;

    fn claimed(segment: i64, identity: &str, id: &str) -> (Owner, Claimed) {
        let team = TeamId::new("t");
        let identity = Some(IdentityInput { id: identity.into(), ..IdentityInput::default() });
        let event = Event { id: id.into(), identity, ..Event::default() };
        (Owner::of(&team, &event), Claimed { event, segment, read_ms: 0, repeated: false })
    }

    fn ids(events: &[Claimed]) -> Vec<&str> {
        events.iter().map(|claimed| claimed.event.id.as_str()).collect()
    }

    #[test]
    fn who_is_sent_again_and_again_rests_longer_and_its_events_do_not_wait() {
        let (mut claims, mut now_ms, mut cycles) = (Claims::default(), 0, Vec::new());
        let owner = Owner::identity(&TeamId::new("t"), "u");
        while now_ms < 60 * REST_MAX_MS {
            if let Some(until_ms) = claims.put_off_until_ms(&owner, now_ms) {
                now_ms = until_ms;
                continue;
            }
            claims.push_rescore(owner.clone());
            let (batch, next_ms) = claims.take(now_ms);
            match next_ms {
                Some(next_ms) => now_ms = next_ms,
                None => {
                    cycles.push(now_ms);
                    claims.finish(&batch.owners[0].0, &[], now_ms);
                }
            }
        }
        assert_eq!(cycles[16], 16 * DEBOUNCE_MS);
        assert!((75..90).contains(&cycles.len()), "{} cycles in an hour", cycles.len());

        let (_, event) = claimed(1, "u", "a");
        claims.open_segment(1, 1);
        claims.push(owner.clone(), event);
        let (batch, _) = claims.take(cycles[cycles.len() - 1] + DEBOUNCE_MS);
        assert_eq!(ids(&batch.owners[0].1), ["a"]);
        claims.finish(&owner, &batch.owners[0].1, now_ms);
        claims.push_rescore(owner);
        assert_eq!(claims.take(now_ms + DEBOUNCE_MS).0.owners.len(), 1);
    }

    #[test]
    fn a_burst_is_one_batch_and_the_rest_waits_its_time() {
        let mut claims = Claims::default();
        claims.open_segment(1, 2);
        for id in ["a", "b"] {
            let (owner, event) = claimed(1, "u", id);
            claims.push(owner, event);
        }
        let (batch, _) = claims.take(1000);
        assert_eq!(ids(&batch.owners[0].1), ["a", "b"]);
        claims.finish(&batch.owners[0].0, &batch.owners[0].1, 1000);
        assert_eq!(claims.finished_upto(), 1);

        let (owner, event) = claimed(2, "u", "c");
        claims.open_segment(2, 1);
        claims.push(owner, event);
        let (batch, next_ms) = claims.take(1001);
        assert!(batch.owners.is_empty());
        assert_eq!(next_ms, Some(1000 + DEBOUNCE_MS));
        assert_eq!(claims.take(1000 + DEBOUNCE_MS).0.owners.len(), 1);
    }

    #[test]
    fn what_failed_comes_back_in_order() {
        let mut claims = Claims::default();
        claims.open_segment(1, 3);
        for id in ["a", "b"] {
            let (owner, event) = claimed(1, "u", id);
            claims.push(owner, event);
        }
        let (batch, _) = claims.take(0);
        let (owner, event) = claimed(1, "u", "c");
        claims.push(owner, event);
        claims.put_back(batch);
        let (batch, _) = claims.take(0);
        assert_eq!(ids(&batch.owners[0].1), ["a", "b", "c"]);
    }

    #[test]
    fn who_is_only_scored_again_does_not_stand_before_who_did_something() {
        let mut claims = Claims::default();
        let due = |n: usize| Owner::identity(&TeamId::new("t"), &format!("due{n}"));
        (0..BATCH_RESCORES_MAX * 2).for_each(|n| claims.push_rescore(due(n)));
        claims.open_segment(1, 1);
        let (owner, event) = claimed(1, "u", "a");
        claims.push(owner.clone(), event);
        let (batch, _) = claims.take(0);
        assert_eq!(batch.owners.len(), BATCH_RESCORES_MAX + 1);
        assert_eq!(batch.owners.last().map(|(last, _)| last), Some(&owner));
        let (rest, _) = claims.take(0);
        assert_eq!((rest.owners.len(), &rest.owners[0].0), (BATCH_RESCORES_MAX, &due(BATCH_RESCORES_MAX)));
        assert!(claims.is_empty());
    }

    #[test]
    fn what_is_dropped_is_done_with_and_the_rest_keeps_its_order() {
        let mut claims = Claims::default();
        claims.open_segment(1, 2);
        claims.open_segment(2, 1);
        for (segment, identity, id) in [(1, "u", "a"), (1, "v", "b"), (2, "u", "c")] {
            let (owner, event) = claimed(segment, identity, id);
            claims.push(owner, event);
        }
        let gone = claims.drop_events(|_, event| event.identity.as_ref().is_some_and(|identity| identity.id == "u"));
        let mut gone: Vec<String> = gone.into_iter().map(|(_, event)| event.id).collect();
        gone.sort();
        assert_eq!(gone, ["a", "c"]);
        let (batch, _) = claims.take(0);
        assert_eq!((batch.owners.len(), ids(&batch.owners[0].1)), (1, vec!["b"]));
        claims.finish(&batch.owners[0].0, &batch.owners[0].1, 0);
        assert_eq!(claims.finished_upto(), 2);
        assert!(claims.is_empty());
    }

    #[test]
    fn segments_finish_in_order() {
        let mut claims = Claims::default();
        claims.open_segment(1, 1);
        claims.open_segment(2, 1);
        claims.open_segment(3, 0);
        let (first, one) = claimed(1, "u", "a");
        let (second, two) = claimed(2, "v", "b");
        claims.push(first.clone(), one.clone());
        claims.push(second.clone(), two.clone());
        claims.finish(&second, &[two], 0);
        assert_eq!(claims.finished_upto(), 0);
        claims.finish(&first, &[one], 0);
        assert_eq!(claims.finished_upto(), 3);
    }
}

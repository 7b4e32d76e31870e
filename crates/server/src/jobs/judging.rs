//! What each identity of a batch comes to. Nothing here reads the store or writes it, so they are judged side by side, on all
//! cores.

use crate::clock::Clock;
use crate::ids::Ids;
use crate::jobs::pipeline::Work;
use crate::lists::TeamLists;
use dregs_engine::ENGINE_VERSION;
use dregs_engine::limits::LINKED_MAX;
use dregs_engine::linkage::decision::overrule;
use dregs_engine::linkage::{self, Card, Link, SharedKey};
use dregs_engine::mapping::Mappings;
use dregs_engine::score::{Assessment, Category, assess};
use dregs_engine::snapshot::{Snapshot, Standing};
use dregs_store::{CycleEvidence, CycleWrite, IdentityWrite, Result};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// An identity that is to be judged, with what is known of it and nobody else.
pub struct Case {
    pub work: Work,
    /// As it is written when nothing comes of it.
    pub write: IdentityWrite,
    /// None for one that is disregarded: it is not judged.
    pub asked: Option<Asked>,
}

pub struct Asked {
    pub shared: Vec<SharedKey>,
    pub standing: Standing,
}

/// What the identities of a batch have in common.
pub struct Judge<'a> {
    pub mappings: &'a Mappings,
    pub lists: &'a TeamLists,
    pub cards: &'a BTreeMap<String, Card>,
    pub team_identities: u64,
    pub pack: &'a str,
    pub ids: &'a Ids,
    pub clock: &'a Clock,
    pub started_ms: i64,
}

pub struct Judged {
    pub write: IdentityWrite,
    pub verdict: Option<Verdict>,
}

pub struct Verdict {
    /// All that were found, of which the closest are evidence.
    pub links: Vec<Link>,
    pub assessment: Assessment,
    pub cycle: CycleWrite,
}

impl Judge<'_> {
    pub fn judge_all(&self, cases: Vec<Case>) -> Result<Vec<Judged>> {
        cases.into_par_iter().map(|case| self.judge(case)).collect()
    }

    fn judge(&self, case: Case) -> Result<Judged> {
        let Case { mut work, mut write, asked } = case;
        let verdict = asked.map(|asked| self.verdict(&work, &mut write, asked)).transpose()?;
        write.body = work.stored.profile.to_json();
        write.trace = work.trace.to_json();
        Ok(Judged { write, verdict })
    }

    fn verdict(&self, work: &Work, write: &mut IdentityWrite, asked: Asked) -> Result<Verdict> {
        let Asked { shared, standing } = asked;
        let now_ms = write.updated_ms;
        let profile = work.stored.profile.clone();
        let mut snapshot = Snapshot::of(&write.id, profile, self.mappings, write.created_ms, now_ms);
        snapshot.heed(self.lists);
        snapshot.shared = shared;
        let found = linkage::link(&self.cards[&write.id], &snapshot.shared, self.cards, self.team_identities);
        let links = overrule(found, &standing.decisions);
        snapshot.links.clone_from(&links);
        linkage::keep_closest(&mut snapshot.links, LINKED_MAX);
        snapshot.stand(standing);
        snapshot.team_identities = self.team_identities;
        let assessment = assess(&snapshot);
        write.scores = Category::ALL.map(|category| assessment.value(category));
        write.last_scored_ms = Some(now_ms);
        write.cycles += 1;
        let cycle = self.cycle(write, &snapshot, &assessment)?;
        Ok(Verdict { links, assessment, cycle })
    }

    fn cycle(&self, identity: &IdentityWrite, snapshot: &Snapshot, assessment: &Assessment) -> Result<CycleWrite> {
        let finished_ms = self.clock.now_ms();
        Ok(CycleWrite {
            id: self.ids.next(finished_ms),
            identity_id: identity.id.clone(),
            scores: identity.scores,
            event_count: snapshot.profile.events as i64,
            device_count: snapshot.profile.devices.len() as i64,
            started_ms: self.started_ms,
            finished_ms,
            duration_ms: finished_ms - self.started_ms,
            engine_version: ENGINE_VERSION,
            pack: self.pack.to_owned(),
            evidence: CycleEvidence::pack(snapshot, assessment)?,
            ordinal: identity.cycles,
        })
    }
}

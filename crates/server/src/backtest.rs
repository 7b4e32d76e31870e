//! Running a backtest: the past is read a page at a time, and what a rule would have done is counted as it goes by.

use crate::ids::Ids;
use dregs_engine::rules::backtest::{Replay, Tally, Tested};
use dregs_engine::rules::{BadgeRule, EscalationRule, RuleBook};
use dregs_store::{PastIdentity, PastWindow, Result, Store, TeamId};
use serde::{Deserialize, Serialize};

pub const DAYS_DEFAULT: u32 = 30;
pub const DAYS_MAX: u32 = 365;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// A rule to try, as a pending backtest keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Trial {
    /// Of the stored rule that it is, or was made from; empty when there is none.
    pub id: String,
    pub slug: String,
    pub rule: TrialRule,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "UPPERCASE")]
pub enum TrialRule {
    Badge(BadgeRule),
    Escalation(EscalationRule),
}

impl Trial {
    pub fn of_badge(rule: BadgeRule) -> Self {
        Trial { id: rule.id.clone(), slug: rule.slug.clone(), rule: TrialRule::Badge(rule) }
    }

    pub fn of_escalation(rule: EscalationRule) -> Self {
        Trial { id: rule.id.clone(), slug: String::new(), rule: TrialRule::Escalation(rule) }
    }

    /// BADGE or ESCALATION.
    pub fn kind(&self) -> &'static str {
        match self.rule {
            TrialRule::Badge(_) => "BADGE",
            TrialRule::Escalation(_) => "ESCALATION",
        }
    }

    pub fn name(&self) -> &str {
        match &self.rule {
            TrialRule::Badge(rule) => &rule.name,
            TrialRule::Escalation(rule) => &rule.name,
        }
    }

    /// Whether there is a stored rule to compare it with.
    pub fn is_stored(&self) -> bool {
        !self.id.is_empty()
    }

    /// Over so many days until `until_ms`. Says what is wrong with a rule that cannot be replayed.
    pub fn begin(&self, book: &RuleBook, days: i64, until_ms: i64) -> std::result::Result<Run, String> {
        let from_ms = until_ms - days * DAY_MS;
        let tested = match &self.rule {
            TrialRule::Badge(rule) => Tested::Badge(rule.clone()),
            TrialRule::Escalation(rule) => Tested::Escalation(rule.clone()),
        };
        let is_badge = matches!(self.rule, TrialRule::Badge(_));
        let window = PastWindow {
            from_ms,
            from_cycle: Ids::at(from_ms),
            badge: self.slug.clone(),
            rule_id: if is_badge { String::new() } else { self.id.clone() },
        };
        let replay = Replay::new(tested, book, from_ms, until_ms)?;
        Ok(Run { replay, window, ahead: None, tally: Tally::default() })
    }
}

/// A backtest on its way through a team's identities.
pub struct Run {
    replay: Replay,
    window: PastWindow,
    /// The identities that come next, once it has begun.
    ahead: Option<Vec<PastIdentity>>,
    pub tally: Tally,
}

impl Run {
    /// Goes on with the next identities. Returns whether there may be more. While their past is read it is looked who comes
    /// after them: on PostgreSQL both happen at once.
    pub async fn step(&mut self, store: &Store, team: &TeamId) -> Result<bool> {
        let mut past = match self.ahead.take() {
            Some(past) => past,
            None => store.past_identities(team, "", &self.window).await?,
        };
        let Some(last) = past.last().map(|last| last.id.clone()) else { return Ok(false) };
        let (next, ()) = tokio::try_join!(
            store.past_identities(team, &last, &self.window),
            store.add_past(team, &self.window, &mut past)
        )?;
        for identity in &past {
            let replayed = self.replay.run(identity.created_ms, &identity.points);
            self.tally.add(&identity.id, identity.points.len(), identity.label, identity.acted, &replayed);
        }
        let more = !next.is_empty();
        self.ahead = Some(next);
        Ok(more)
    }
}

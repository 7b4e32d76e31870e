//! Escalations: incidents that a rule opens about an identity and people work on.

use super::condition::{Condition, Facts, all_hold, next_turn_ms};
use super::{Budget, Delayed, SECONDS_MAX};
use serde::{Deserialize, Serialize};

pub const NAME_CHARS_MAX: usize = 100;
/// Channels that one rule tells.
pub const CHANNELS_MAX: usize = 20;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    Info,
    #[default]
    Warning,
    Critical,
}

impl Severity {
    pub const ALL: [Severity; 3] = [Severity::Info, Severity::Warning, Severity::Critical];

    pub fn code(self) -> &'static str {
        match self {
            Severity::Info => "INFO",
            Severity::Warning => "WARNING",
            Severity::Critical => "CRITICAL",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Severity::ALL.into_iter().find(|severity| severity.code() == code)
    }
}

/// Where an escalation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// The conditions hold, but not yet for long enough.
    Pending,
    Open,
    Acknowledged,
    Closed,
}

impl Status {
    pub const ALL: [Status; 4] = [Status::Pending, Status::Open, Status::Acknowledged, Status::Closed];

    pub fn code(self) -> &'static str {
        match self {
            Status::Pending => "PENDING",
            Status::Open => "OPEN",
            Status::Acknowledged => "ACKNOWLEDGED",
            Status::Closed => "CLOSED",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Status::ALL.into_iter().find(|status| status.code() == code)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EscalationRule {
    #[serde(skip)]
    pub id: String,
    pub name: String,
    pub severity: Severity,
    pub conditions: Vec<Condition>,
    /// Slugs of the channels that are told.
    pub channels: Vec<String>,
    /// From when on it opens escalations.
    pub effective_ms: i64,
    pub open_after_seconds: i64,
    /// How long the conditions must have ceased to hold before it closes one; none: it never does.
    pub close_after_seconds: Option<i64>,
    pub enabled: bool,
    /// Whether it works silently: its escalations are kept apart and nobody is told.
    #[serde(default)]
    pub shadow: bool,
    #[serde(default)]
    pub budget: Budget,
}

impl EscalationRule {
    /// Says what is wrong with it, naming the field.
    pub fn check(&self) -> Result<(), String> {
        super::check_conditions(&self.conditions)?;
        if self.name.trim().is_empty() || self.name.chars().count() > NAME_CHARS_MAX || self.name.contains('\0') {
            return Err(format!("name must have 1 to {NAME_CHARS_MAX} characters"));
        }
        if self.channels.len() > CHANNELS_MAX {
            return Err(format!("channels must be at most {CHANNELS_MAX}"));
        }
        let delays =
            [("openAfterSeconds", Some(self.open_after_seconds)), ("closeAfterSeconds", self.close_after_seconds)];
        for (field, seconds) in delays {
            if seconds.is_some_and(|seconds| !(0..=SECONDS_MAX).contains(&seconds)) {
                return Err(format!("{field} must be 0 to {SECONDS_MAX}"));
            }
        }
        self.budget.check()
    }

    /// Neither switched off nor paused.
    pub fn works(&self) -> bool {
        self.enabled && !self.budget.is_paused()
    }
}

/// What a rule knows of an identity: the escalation it last made, as long as that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    pub status: Status,
    /// Since when a pending one waits.
    pub created_ms: i64,
    /// Since when the conditions of an open one hold no longer.
    pub clear_ms: Option<i64>,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    None,
    /// A fresh one, that waits or is open.
    Begin(Status),
    /// The pending one opens.
    Open,
    /// The pending one was nothing.
    Withdraw,
    /// The open one is closed: its conditions have ceased to hold for long enough.
    Close,
    /// The conditions of the open one ceased to hold, or hold again.
    Clear(Option<i64>),
    /// The closed one is done with: when the conditions hold again, it is another.
    Forget,
}

impl Change {
    /// What the rule knows afterwards.
    pub fn applied(self, held: Option<Held>, now_ms: i64) -> Option<Held> {
        let with = |status| Some(Held { status, created_ms: now_ms, clear_ms: None });
        match self {
            Change::None => held,
            Change::Begin(status) => with(status),
            Change::Open => with(Status::Open),
            Change::Withdraw | Change::Forget => None,
            // What closes because its conditions ceased needs no watching.
            Change::Close => None,
            Change::Clear(clear_ms) => held.map(|held| Held { clear_ms, ..held }),
        }
    }

    /// Whether somebody is called.
    pub fn opens(self) -> bool {
        matches!(self, Change::Begin(Status::Open) | Change::Open)
    }
}

/// What a rule does about an identity after an assessment, and when time alone will change that. `silenced`: it is about a
/// badge that nothing gives any more.
pub fn settle(rule: &EscalationRule, held: Option<Held>, facts: &Facts<'_>, silenced: bool) -> (Change, Option<i64>) {
    let works = rule.works() && !silenced;
    let holds = works && facts.now_ms >= rule.effective_ms && all_hold(&rule.conditions, facts);
    let (change, turn_ms) = match held {
        Some(held) if held.status == Status::Closed => (if holds { Change::None } else { Change::Forget }, None),
        Some(held) if held.status == Status::Pending => wait(rule, Some(held.created_ms), holds, facts.now_ms),
        // A rule that does not work leaves what people work on alone.
        Some(_) if !works => (Change::None, None),
        Some(held) => watch(rule, held.clear_ms, holds, facts.now_ms),
        None => wait(rule, None, holds, facts.now_ms),
    };
    let effective_ms = Some(rule.effective_ms).filter(|ms| *ms > facts.now_ms);
    let turns = [turn_ms, next_turn_ms(&rule.conditions, facts).filter(|_| works), effective_ms.filter(|_| works)];
    (change, turns.into_iter().flatten().min())
}

fn wait(rule: &EscalationRule, since_ms: Option<i64>, holds: bool, now_ms: i64) -> (Change, Option<i64>) {
    let before = Delayed { on: false, turning_ms: since_ms };
    let (after, turn_ms) = before.settle(holds, rule.open_after_seconds * 1000, None, now_ms);
    let change = match (since_ms, after.on, after.turning_ms) {
        (None, true, _) => Change::Begin(Status::Open),
        (None, false, Some(_)) => Change::Begin(Status::Pending),
        (Some(_), true, _) => Change::Open,
        (Some(_), false, None) => Change::Withdraw,
        _ => Change::None,
    };
    (change, turn_ms)
}

fn watch(rule: &EscalationRule, clear_ms: Option<i64>, holds: bool, now_ms: i64) -> (Change, Option<i64>) {
    let before = Delayed { on: true, turning_ms: clear_ms };
    let (after, turn_ms) = before.settle(holds, 0, rule.close_after_seconds.map(|seconds| seconds * 1000), now_ms);
    let change = match after {
        Delayed { on: false, .. } => Change::Close,
        Delayed { turning_ms, .. } if turning_ms != clear_ms => Change::Clear(turning_ms),
        _ => Change::None,
    };
    (change, turn_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::condition::Which;
    use std::collections::BTreeSet;

    fn rule(open: i64, close: Option<i64>) -> EscalationRule {
        EscalationRule {
            name: "Critical behavior".into(),
            conditions: vec![Condition::ScoreLt { category: Which::Behavior, threshold: 25 }],
            open_after_seconds: open,
            close_after_seconds: close,
            enabled: true,
            ..EscalationRule::default()
        }
    }

    fn step(rule: &EscalationRule, held: Option<Held>, at_s: i64, behavior: u8) -> (Change, Option<i64>) {
        let none = BTreeSet::new();
        let scores = [None, None, None, Some(behavior)];
        let facts = Facts { scores, created_ms: 0, badges: &none, now_ms: at_s * 1000 };
        let (change, next_ms) = settle(rule, held, &facts, false);
        (change, next_ms.map(|ms| ms / 1000))
    }

    fn story(rule: EscalationRule, scores: &[(i64, u8)]) -> Vec<(Change, Option<i64>)> {
        let mut held = None;
        let step = |&(at_s, behavior): &(i64, u8)| {
            let seen = step(&rule, held, at_s, behavior);
            held = seen.0.applied(held, at_s * 1000);
            seen
        };
        scores.iter().map(step).collect()
    }

    #[test]
    fn it_opens_after_its_delay_and_closes_after_its_own() {
        let seen = story(
            rule(10, Some(60)),
            &[(0, 9), (4, 50), (5, 9), (15, 9), (20, 50), (30, 9), (40, 50), (100, 50), (101, 9)],
        );
        assert_eq!(
            seen,
            [
                (Change::Begin(Status::Pending), Some(10)),
                (Change::Withdraw, None),
                (Change::Begin(Status::Pending), Some(15)),
                (Change::Open, None),
                (Change::Clear(Some(20_000)), Some(80)),
                (Change::Clear(None), None),
                (Change::Clear(Some(40_000)), Some(100)),
                (Change::Close, None),
                (Change::Begin(Status::Pending), Some(111)),
            ]
        );
    }

    #[test]
    fn without_delays_it_opens_at_once_and_never_closes() {
        let seen = story(rule(0, None), &[(0, 9), (5, 50), (999_999, 50)]);
        assert_eq!(seen[0], (Change::Begin(Status::Open), None));
        assert_eq!(seen[1].0, Change::Clear(Some(5000)));
        assert_eq!(seen[2], (Change::None, None));
    }

    #[test]
    fn one_that_people_closed_opens_anew_only_after_the_conditions_ceased() {
        let closed = Some(Held { status: Status::Closed, created_ms: 0, clear_ms: None });
        assert_eq!(step(&rule(0, None), closed, 5, 9).0, Change::None);
        assert_eq!(step(&rule(0, None), closed, 5, 50).0, Change::Forget);
        assert_eq!(step(&rule(0, None), None, 6, 9).0, Change::Begin(Status::Open));
    }

    #[test]
    fn before_its_time_switched_off_or_silenced_it_opens_nothing_and_leaves_open_ones_alone() {
        let later = EscalationRule { effective_ms: 60_000, ..rule(0, Some(0)) };
        assert_eq!(step(&later, None, 5, 9), (Change::None, Some(60)));
        assert_eq!(step(&later, None, 60, 9).0, Change::Begin(Status::Open));
        let off = EscalationRule { enabled: false, ..rule(0, Some(0)) };
        let open = Some(Held { status: Status::Open, created_ms: 0, clear_ms: None });
        assert_eq!(step(&off, None, 5, 9), (Change::None, None));
        let mut paused = rule(0, Some(0));
        paused.budget.pause("wrong too often".into(), 1);
        assert_eq!(step(&paused, None, 5, 9), (Change::None, None));
        assert_eq!(step(&off, open, 5, 50).0, Change::None);
        let pending = Some(Held { status: Status::Pending, created_ms: 0, clear_ms: None });
        assert_eq!(step(&off, pending, 5, 9).0, Change::Withdraw);
        let none = BTreeSet::new();
        let facts = Facts { scores: [Some(1); 4], created_ms: 0, badges: &none, now_ms: 5 };
        assert_eq!(settle(&rule(0, None), None, &facts, true), (Change::None, None));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(rule(0, None).check().is_ok());
        assert!(rule(-1, None).check().unwrap_err().starts_with("openAfterSeconds"));
        assert!(rule(0, Some(i64::MAX)).check().unwrap_err().starts_with("closeAfterSeconds"));
        assert!(EscalationRule { name: " ".into(), ..rule(0, None) }.check().unwrap_err().starts_with("name"));
    }
}

//! Backtests: what a rule would have done over past scores. The rule's own state machine runs over them, with its delays and
//! with the looks that time alone brings about between two scorings.
//!
//! The rule begins with the window, knowing nothing, as one that is made at that moment. Badges that it asks for are
//! recomputed from the badge rules as they are. What people did to escalations plays no part.

use super::badge::{BadgeRule, of_analyzers};
use super::condition::{Condition, Facts};
use super::escalation::{self, EscalationRule, Held, Status};
use super::{Budget, Delayed, RuleBook};
use crate::labels::LabelKind;
use crate::statistics::Share;
use std::collections::{BTreeMap, BTreeSet};

/// Identities that a result lists: the rest is counted.
pub const LISTED_MAX: usize = 100;
/// Looks between two scorings that time alone may bring about: each condition and delay of the rules turns once, so no rule
/// comes near it.
const LOOKS_MAX: usize = 512;
const DAY_MS: i64 = 24 * 3600 * 1000;
static NO_BADGES: BTreeSet<String> = BTreeSet::new();

/// The rule that is tried.
#[derive(Debug, Clone, PartialEq)]
pub enum Tested {
    Badge(BadgeRule),
    Escalation(EscalationRule),
}

/// What an identity scored at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    pub at_ms: i64,
    pub scores: [Option<u8>; 4],
}

/// A rule made ready to run over many identities.
#[derive(Debug, Clone)]
pub struct Replay {
    tested: Tested,
    /// Rules of the badges it asks for.
    badges: Vec<BadgeRule>,
    from_ms: i64,
    until_ms: i64,
}

/// What a rule would have done about one identity.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Replayed {
    /// When it fired, and on which scores.
    pub firings: Vec<Point>,
    /// Whether its badge is on, or its escalation open, in the end.
    pub is_firing: bool,
}

/// What rules know of the identity at hand.
struct State<'a> {
    badges: Vec<Delayed>,
    slugs: BTreeSet<String>,
    tested: Standing<'a>,
}

enum Standing<'a> {
    Badge(&'a BadgeRule, Delayed),
    Escalation(&'a EscalationRule, Option<Held>),
}

impl Replay {
    /// Of `tested` as if it worked, from `from_ms` until `until_ms`. Says what is wrong with a rule that cannot be replayed.
    pub fn new(tested: Tested, book: &RuleBook, from_ms: i64, until_ms: i64) -> Result<Self, String> {
        let mut badges = Vec::new();
        if let Tested::Escalation(rule) = &tested {
            for (place, condition) in rule.conditions.iter().enumerate() {
                badges.extend(asked(condition, book).map_err(|problem| format!("conditions[{place}]: {problem}"))?);
            }
        }
        badges.sort_by(|a: &BadgeRule, b| a.slug.cmp(&b.slug));
        badges.dedup_by(|a, b| a.slug == b.slug);
        Ok(Replay { tested: tested.at_work(from_ms), badges, from_ms, until_ms })
    }

    /// Goes through the scorings of one identity, oldest first. The last one before the window tells what was known when it
    /// began.
    pub fn run(&self, created_ms: i64, points: &[Point]) -> Replayed {
        let mut replayed = Replayed::default();
        let tested = match &self.tested {
            Tested::Badge(rule) => Standing::Badge(rule, Delayed::default()),
            Tested::Escalation(rule) => Standing::Escalation(rule, None),
        };
        let mut state = State { badges: vec![Delayed::default(); self.badges.len()], slugs: BTreeSet::new(), tested };
        for (place, point) in points.iter().enumerate().filter(|(_, point)| point.at_ms < self.until_ms) {
            let end_ms = points.get(place + 1).map_or(self.until_ms, |next| next.at_ms.min(self.until_ms));
            self.follow(&mut state, created_ms, *point, end_ms, &mut replayed);
        }
        replayed.is_firing = state.tested.is_firing();
        replayed
    }

    /// From one scoring to the next: looks at once, when the window begins, and whenever time alone changes something.
    fn follow(&self, state: &mut State<'_>, created_ms: i64, point: Point, end_ms: i64, replayed: &mut Replayed) {
        let mut now_ms = point.at_ms;
        for _ in 0..LOOKS_MAX {
            let facts = Facts { scores: point.scores, created_ms, badges: &NO_BADGES, now_ms };
            let turn_ms = self.look(state, &facts, replayed);
            let begin_ms = Some(self.from_ms).filter(|from_ms| *from_ms > now_ms);
            match [turn_ms, begin_ms].into_iter().flatten().min() {
                Some(next_ms) if next_ms < end_ms => now_ms = next_ms,
                _ => return,
            }
        }
    }

    /// Settles the badges, and the rule once its time has come. Returns when time alone will change something.
    fn look(&self, state: &mut State<'_>, facts: &Facts<'_>, replayed: &mut Replayed) -> Option<i64> {
        let mut next_ms: Option<i64> = None;
        for (rule, held) in self.badges.iter().zip(&mut state.badges) {
            let before = held.on;
            let (after, turn_ms) = rule.settle(*held, facts);
            *held = after;
            match (before, after.on) {
                (false, true) => drop(state.slugs.insert(rule.slug.clone())),
                (true, false) => drop(state.slugs.remove(&rule.slug)),
                _ => {}
            }
            next_ms = [next_ms, turn_ms].into_iter().flatten().min();
        }
        if facts.now_ms < self.from_ms {
            return next_ms;
        }
        let (fired, turn_ms) = state.tested.settle(&Facts { badges: &state.slugs, ..*facts });
        if fired {
            replayed.firings.push(Point { at_ms: facts.now_ms, scores: facts.scores });
        }
        [next_ms, turn_ms].into_iter().flatten().min()
    }
}

impl Tested {
    /// The same rule, switched on, not paused, and effective from then on.
    fn at_work(self, from_ms: i64) -> Self {
        match self {
            Tested::Badge(rule) => Tested::Badge(BadgeRule { enabled: true, budget: Budget::default(), ..rule }),
            Tested::Escalation(rule) => Tested::Escalation(EscalationRule {
                enabled: true,
                budget: Budget::default(),
                effective_ms: from_ms,
                ..rule
            }),
        }
    }
}

impl Standing<'_> {
    /// Whether it fires now, and when time alone will change something.
    fn settle(&mut self, facts: &Facts<'_>) -> (bool, Option<i64>) {
        match self {
            Standing::Badge(rule, held) => {
                let (after, turn_ms) = rule.settle(*held, facts);
                let fired = after.on && !held.on;
                *held = after;
                (fired, turn_ms)
            }
            Standing::Escalation(rule, held) => {
                let (change, turn_ms) = escalation::settle(rule, *held, facts, false);
                *held = change.applied(*held, facts.now_ms);
                (change.opens(), turn_ms)
            }
        }
    }

    fn is_firing(&self) -> bool {
        match self {
            Standing::Badge(_, held) => held.on,
            Standing::Escalation(_, held) => held.is_some_and(|held| held.status == Status::Open),
        }
    }
}

/// The rule of the badge that a condition asks for. What analyzers found is not kept for every scoring.
fn asked(condition: &Condition, book: &RuleBook) -> Result<Option<BadgeRule>, String> {
    let Some(slug) = condition.badge() else { return Ok(None) };
    if let Some(rule) = book.badges.iter().find(|rule| rule.slug == slug) {
        return Ok(Some(BadgeRule { budget: Budget::default(), ..rule.clone() }));
    }
    Err(match of_analyzers().any(|id| id == slug) {
        true => format!(
            "the badge {slug} comes from an analyzer, whose findings are not kept for every scoring: a backtest takes badges of badge rules"
        ),
        false => format!("there is no badge {slug}"),
    })
}

/// An identity on which a rule would have fired.
#[derive(Debug, Clone, PartialEq)]
pub struct Fired {
    pub identity_id: String,
    /// The first time, and the scores it had then.
    pub at_ms: i64,
    pub scores: [Option<u8>; 4],
    pub times: u64,
    pub is_firing: bool,
    pub label: Option<LabelKind>,
}

/// How many of a set of identities analysts found to be what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overlap {
    pub legitimate: u64,
    pub abuse: u64,
    pub unlabelled: u64,
}

impl Overlap {
    pub fn add(&mut self, label: Option<LabelKind>) {
        match label {
            Some(kind) if kind.is_legitimate() => self.legitimate += 1,
            Some(_) => self.abuse += 1,
            None => self.unlabelled += 1,
        }
    }

    /// Of the labelled ones, how many are abuse.
    pub fn precision(&self) -> Option<Share> {
        Share::of(self.abuse, self.abuse + self.legitimate)
    }

    pub fn total(&self) -> u64 {
        self.legitimate + self.abuse + self.unlabelled
    }
}

/// What a rule would have done about everyone. Its size does not depend on how many they are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    pub identities: u64,
    pub scorings: u64,
    pub firings: u64,
    pub still_firing: u64,
    /// Firings of each day, by its beginning.
    pub days: BTreeMap<i64, u64>,
    pub fired: Overlap,
    pub not_fired: Overlap,
    /// On whom the stored rule really fired; on whom both did.
    pub acted: u64,
    pub both: u64,
    first: Vec<Fired>,
}

impl Tally {
    /// Takes in one identity; `acted`: the stored rule really fired on it.
    pub fn add(
        &mut self,
        identity_id: &str,
        scorings: usize,
        label: Option<LabelKind>,
        acted: bool,
        replayed: &Replayed,
    ) {
        self.identities += 1;
        self.scorings += scorings as u64;
        self.acted += u64::from(acted);
        let Some(first) = replayed.firings.first() else {
            self.not_fired.add(label);
            return;
        };
        self.fired.add(label);
        self.both += u64::from(acted);
        self.firings += replayed.firings.len() as u64;
        self.still_firing += u64::from(replayed.is_firing);
        for firing in &replayed.firings {
            *self.days.entry(firing.at_ms.div_euclid(DAY_MS) * DAY_MS).or_default() += 1;
        }
        self.first.push(Fired {
            identity_id: identity_id.to_owned(),
            at_ms: first.at_ms,
            scores: first.scores,
            times: replayed.firings.len() as u64,
            is_firing: replayed.is_firing,
            label,
        });
        if self.first.len() >= 2 * LISTED_MAX {
            self.keep_first();
        }
    }

    /// The identities it would have fired on first, earliest first.
    pub fn first(&mut self) -> &[Fired] {
        self.keep_first();
        &self.first
    }

    /// Of the labelled abuse, how much it would have fired on.
    pub fn recall(&self) -> Option<Share> {
        Share::of(self.fired.abuse, self.fired.abuse + self.not_fired.abuse)
    }

    fn keep_first(&mut self) {
        self.first.sort_by(|a, b| (a.at_ms, &a.identity_id).cmp(&(b.at_ms, &b.identity_id)));
        self.first.truncate(LISTED_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::condition::Which;
    use crate::rules::{BadgeKind, slug_of};

    const BEHAVIOR_BELOW: fn(u8) -> Condition = |threshold| Condition::ScoreLt { category: Which::Behavior, threshold };

    fn badge_rule(name: &str, apply: i64, remove: i64) -> BadgeRule {
        BadgeRule {
            slug: slug_of(name),
            name: name.into(),
            kind: BadgeKind::Bad,
            conditions: vec![BEHAVIOR_BELOW(25)],
            apply_delay_seconds: apply,
            remove_delay_seconds: remove,
            enabled: true,
            ..BadgeRule::default()
        }
    }

    fn escalation_rule(conditions: Vec<Condition>, open: i64, close: Option<i64>) -> EscalationRule {
        EscalationRule {
            name: "x".into(),
            conditions,
            open_after_seconds: open,
            close_after_seconds: close,
            ..EscalationRule::default()
        }
    }

    /// Behavior scores as (second, score).
    fn points(scores: &[(i64, u8)]) -> Vec<Point> {
        let point = |&(at_s, score): &(i64, u8)| Point { at_ms: at_s * 1000, scores: [None, None, None, Some(score)] };
        scores.iter().map(point).collect()
    }

    /// When it fired, in seconds, and whether it does in the end.
    fn replay(tested: Tested, book: &RuleBook, window_s: (i64, i64), scores: &[(i64, u8)]) -> (Vec<i64>, bool) {
        let replay = Replay::new(tested, book, window_s.0 * 1000, window_s.1 * 1000).unwrap();
        let replayed = replay.run(0, &points(scores));
        (replayed.firings.iter().map(|firing| firing.at_ms / 1000).collect(), replayed.is_firing)
    }

    #[test]
    fn a_badge_comes_after_its_delay_without_a_scoring_at_that_moment() {
        let rule = Tested::Badge(badge_rule("Bad", 10, 60));
        let book = RuleBook::default();
        assert_eq!(replay(rule.clone(), &book, (0, 1000), &[(0, 10), (500, 90)]), (vec![10], false));
        assert_eq!(replay(rule.clone(), &book, (0, 1000), &[(0, 10), (500, 90), (520, 10)]), (vec![10], true));
        assert_eq!(replay(rule.clone(), &book, (0, 1000), &[(0, 10), (5, 90)]), (vec![], false));
        assert_eq!(
            replay(rule, &book, (0, 1000), &[(0, 10), (100, 90), (200, 10)]),
            (vec![10, 210], true),
            "gone at 160, and given anew"
        );
    }

    #[test]
    fn an_escalation_opens_closes_and_opens_anew() {
        let rule = Tested::Escalation(escalation_rule(vec![BEHAVIOR_BELOW(25)], 10, Some(60)));
        let scores = [(0, 9), (20, 90), (100, 9), (105, 9)];
        assert_eq!(replay(rule, &RuleBook::default(), (0, 1000), &scores), (vec![10, 110], true));
        let never = Tested::Escalation(escalation_rule(vec![BEHAVIOR_BELOW(25)], 0, None));
        assert_eq!(replay(never, &RuleBook::default(), (0, 1000), &scores), (vec![0], true), "nobody closes it");
    }

    #[test]
    fn the_window_begins_with_what_was_known_before_and_ends_before_what_comes_after() {
        let rule = Tested::Badge(badge_rule("Bad", 10, 0));
        let book = RuleBook::default();
        assert_eq!(replay(rule.clone(), &book, (100, 1000), &[(0, 10), (500, 90)]), (vec![110], false));
        assert_eq!(replay(rule.clone(), &book, (100, 1000), &[(0, 90), (995, 10)]), (vec![], false));
        assert_eq!(replay(rule.clone(), &book, (100, 1000), &[(2000, 10)]), (vec![], false));
        assert_eq!(replay(rule, &book, (100, 1000), &[]), (vec![], false));
    }

    #[test]
    fn ages_turn_by_themselves() {
        let mut grown = badge_rule("Bad", 0, 0);
        grown.conditions.push(Condition::IdentityAgeGt { seconds: 300 });
        let (fired, is_firing) = replay(Tested::Badge(grown), &RuleBook::default(), (0, 1000), &[(0, 10)]);
        assert_eq!((fired, is_firing), (vec![300], true), "a millisecond after 300 seconds");
    }

    #[test]
    fn badges_that_are_asked_for_are_recomputed() {
        let book = RuleBook { badges: vec![badge_rule("Bad", 10, 60)], escalations: vec![] };
        let has = |badge: &str| vec![Condition::BadgeExists { badge: badge.into() }];
        let rule = Tested::Escalation(escalation_rule(has("bad"), 5, Some(0)));
        assert_eq!(replay(rule.clone(), &book, (0, 1000), &[(0, 9), (200, 90)]), (vec![15], false));
        assert_eq!(
            replay(rule, &book, (100, 1000), &[(0, 9)]),
            (vec![105], true),
            "it had the badge when the window began"
        );
        let lacks = vec![Condition::BadgeNotExists { badge: "bad".into() }];
        let lacks = Tested::Escalation(escalation_rule(lacks, 0, Some(0)));
        assert_eq!(replay(lacks, &book, (0, 1000), &[(0, 9), (200, 90)]), (vec![0, 260], true));
        let refused = |badge: &str| {
            let rule = Tested::Escalation(escalation_rule(has(badge), 0, None));
            Replay::new(rule, &book, 0, 1).unwrap_err()
        };
        assert!(refused("gone").contains("conditions[0]: there is no badge gone"));
        assert!(refused("behavior.account-takeover-signal").contains("analyzer"));
    }

    #[test]
    fn a_rule_is_tried_as_if_it_worked() {
        let mut idle = BadgeRule { enabled: false, ..badge_rule("Bad", 0, 0) };
        idle.budget.pause("wrong".into(), 1);
        assert_eq!(replay(Tested::Badge(idle), &RuleBook::default(), (0, 9), &[(1, 1)]).0, [1]);
        let later = EscalationRule { effective_ms: i64::MAX, ..escalation_rule(vec![BEHAVIOR_BELOW(25)], 0, None) };
        assert_eq!(replay(Tested::Escalation(later), &RuleBook::default(), (0, 9), &[(1, 1)]).0, [1]);
    }

    #[test]
    fn a_tally_counts_all_and_lists_the_first() {
        let mut tally = Tally::default();
        let at = |at_ms: &[i64], is_firing| {
            let firings = at_ms.iter().map(|at_ms| Point { at_ms: *at_ms, scores: [None; 4] }).collect();
            Replayed { firings, is_firing }
        };
        for n in 0..500_i64 {
            let label = (n % 5 == 0).then_some(if n % 10 == 0 { LabelKind::Legitimate } else { LabelKind::Spam });
            tally.add(&format!("i{n:03}"), 2, label, n % 2 == 0, &at(&[1_000 - n, DAY_MS + 5], n < 7));
        }
        tally.add("never", 1, Some(LabelKind::Bot), false, &at(&[], false));
        assert_eq!((tally.identities, tally.scorings, tally.firings, tally.still_firing), (501, 1001, 1000, 7));
        assert_eq!(tally.days, BTreeMap::from([(0, 500), (DAY_MS, 500)]));
        assert_eq!(tally.fired, Overlap { legitimate: 50, abuse: 50, unlabelled: 400 });
        assert_eq!((tally.acted, tally.both, tally.fired.total()), (250, 250, 500));
        assert_eq!(tally.fired.precision().unwrap().value, 0.5);
        assert!((tally.recall().unwrap().value - 50.0 / 51.0).abs() < 1e-12);
        let first = tally.first();
        assert_eq!((first.len(), first[0].identity_id.as_str(), first[99].identity_id.as_str()), (100, "i499", "i400"));
    }
}

//! What follows from an assessment: badges settle, escalations open and close, and channels are told. All of it is written
//! with the cycle.

use crate::config::NotifyOptions;
use crate::ids::Ids;
use crate::playbook::Playbook;
use dregs_engine::event::format_time_ms;
use dregs_engine::rules::badge::{self, Badge, Held};
use dregs_engine::rules::escalation::{self, Change};
use dregs_engine::rules::{BadgeKind, EscalationRule, Facts, Status};
use dregs_engine::score::{Assessment, Category};
use dregs_store::{
    BadgeFiring, Channel, Commit, DeliveryWrite, Escalation, HeldBadges, Result, Store, TeamId, Watched,
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub const IDENTITY_SCORED: &str = "IDENTITY_SCORED";
pub const IDENTITY_BADGES_CHANGED: &str = "IDENTITY_BADGES_CHANGED";
pub const ESCALATION_OPENED: &str = "ESCALATION_OPENED";
pub const ESCALATION_CLOSED: &str = "ESCALATION_CLOSED";

/// What a batch needs to know to act.
pub struct Stage {
    playbook: Arc<Playbook>,
    badges: BTreeMap<String, HeldBadges>,
    watched: BTreeMap<String, BTreeMap<String, Watched>>,
}

/// One identity after a cycle.
pub struct Scored<'a> {
    pub id: &'a str,
    pub display_name: Option<&'a str>,
    pub created_ms: i64,
    pub before: [Option<u8>; 4],
    pub scores: [Option<u8>; 4],
    pub assessment: &'a Assessment,
    pub cycle_id: i64,
    pub now_ms: i64,
}

impl Stage {
    pub async fn set(store: &Store, playbook: Arc<Playbook>, team: &TeamId, ids: &[&str]) -> Result<Self> {
        let badges = store.held_badges(team, ids).await?;
        let watched = store.watched(team, ids).await?;
        Ok(Stage { playbook, badges, watched })
    }

    /// Notes what follows. Returns when time alone will make something else follow.
    pub fn act(&mut self, commit: &mut Commit, scored: &Scored<'_>, ids: &Ids, notify: &NotifyOptions) -> Option<i64> {
        let HeldBadges { held, taken_off } = self.badges.remove(scored.id).unwrap_or_default();
        let none = BTreeSet::new();
        let facts =
            Facts { scores: scored.scores, created_ms: scored.created_ms, badges: &none, now_ms: scored.now_ms };
        let (badges, badges_ms) = badge::settle(&self.playbook.rules, &held, scored.assessment, &facts);
        commit.badge_firings.extend(fired(scored, &held, &badges));
        let slugs = badge::slugs(&badges);
        let told = Told { scored, badges: &badges, notify };
        let facts = Facts { badges: &slugs, ..facts };
        let escalations_ms = self.escalate(commit, &told, &facts, ids);
        self.tell_scores(commit, &told, ids);
        count_badges(commit, &held, &slugs, scored.now_ms);
        self.tell_badges(commit, &told, shown(&held, taken_off.clone()), ids);
        if !(held.is_empty() && taken_off.is_empty() && badges.is_empty()) {
            commit.badges.insert(scored.id.to_owned(), badges);
        }
        [badges_ms, escalations_ms].into_iter().flatten().min()
    }

    fn escalate(&mut self, commit: &mut Commit, told: &Told<'_>, facts: &Facts<'_>, ids: &Ids) -> Option<i64> {
        let mut watched = self.watched.remove(told.scored.id).unwrap_or_default();
        let mut next_ms: Option<i64> = None;
        let playbook = self.playbook.clone();
        for rule in &playbook.rules.escalations {
            let watched = watched.remove(&rule.id);
            let held = watched.as_ref().map(|watched| watched.held);
            let (change, turn_ms) = escalation::settle(rule, held, facts, playbook.rules.is_silenced(rule));
            next_ms = [next_ms, turn_ms].into_iter().flatten().min();
            self.note(commit, told, rule, watched, change, ids);
        }
        next_ms
    }

    fn note(
        &self,
        commit: &mut Commit,
        told: &Told<'_>,
        rule: &EscalationRule,
        watched: Option<Watched>,
        change: Change,
        ids: &Ids,
    ) {
        let scored = told.scored;
        commit.escalations.now_ms = scored.now_ms;
        let opened_ms = watched.as_ref().and_then(|watched| watched.opened_ms);
        let silent = watched.as_ref().map_or(rule.shadow, |watched| watched.shadow);
        let id = match (change, watched) {
            (Change::None, _) => return,
            (Change::Begin(status), _) => {
                let id = ids.next(scored.now_ms);
                commit.escalations.begun.push(begun(id, rule, status, scored));
                id
            }
            (_, Some(watched)) => {
                commit.escalations.changed.push((watched.id, change));
                watched.id
            }
            (_, None) => return,
        };
        let (event, status) = match change {
            Change::Begin(Status::Open) | Change::Open => (ESCALATION_OPENED, Status::Open),
            Change::Close => (ESCALATION_CLOSED, Status::Closed),
            _ => return,
        };
        if silent {
            return;
        }
        let closed_ms = (status == Status::Closed).then_some(scored.now_ms);
        let opened_ms = opened_ms.unwrap_or(scored.now_ms);
        let data = with_escalation(told.data(), (id, status), rule, Some(opened_ms), closed_ms);
        let targets = told_by(rule, &self.playbook.channels);
        commit.deliveries.extend(targets.map(|channel_id| told.delivery(ids, channel_id, event, &data)));
    }

    fn tell_scores(&self, commit: &mut Commit, told: &Told<'_>, ids: &Ids) {
        let scored = told.scored;
        if scored.scores != scored.before {
            self.tell(commit, told, IDENTITY_SCORED, ids, |data| {
                data.insert("analysisId".into(), json!(scored.cycle_id));
                data.insert("previousScores".into(), scores_json(scored.before));
            });
        }
    }

    fn tell_badges(&self, commit: &mut Commit, told: &Told<'_>, had: BTreeSet<String>, ids: &Ids) {
        let has = badge::slugs(told.badges);
        if had != has {
            self.tell(commit, told, IDENTITY_BADGES_CHANGED, ids, |data| {
                data.insert("added".into(), json!(has.difference(&had).collect::<Vec<_>>()));
                data.insert("removed".into(), json!(had.difference(&has).collect::<Vec<_>>()));
            });
        }
    }

    fn tell(
        &self,
        commit: &mut Commit,
        told: &Told<'_>,
        event: &'static str,
        ids: &Ids,
        add: impl Fn(&mut Map<String, Value>),
    ) {
        let mut targets = subscribed(&self.playbook.channels, event).peekable();
        if targets.peek().is_none() {
            return;
        }
        let mut data = told.data();
        add(&mut data);
        commit.deliveries.extend(targets.map(|channel_id| told.delivery(ids, channel_id, event, &data)));
    }
}

/// Notes which badges were given and taken. One whose rule was deleted has been counted out with the rule.
fn count_badges(commit: &mut Commit, held: &Held, has: &BTreeSet<String>, now_ms: i64) {
    let had = shown(held, BTreeSet::new());
    has.difference(&had).for_each(|slug| commit.figures.badge(slug, true, now_ms));
    had.difference(has).for_each(|slug| commit.figures.badge(slug, false, now_ms));
}

/// Slugs of what others saw of an identity's badges, with those whose going nobody was told of.
fn shown(held: &Held, taken_off: BTreeSet<String>) -> BTreeSet<String> {
    let on = held.iter().filter(|(_, (state, _))| state.on).map(|(slug, _)| slug.clone());
    on.chain(taken_off).collect()
}

/// Ids of the channels that want to hear of this.
pub fn subscribed<'a>(channels: &'a [Channel], event: &str) -> impl Iterator<Item = &'a str> {
    channels
        .iter()
        .filter(move |channel| channel.enabled && channel.events.iter().any(|wanted| wanted == event))
        .map(|channel| channel.id.as_str())
}

/// Ids of the channels that a rule tells; a silent one tells none.
pub fn told_by<'a>(rule: &EscalationRule, channels: &'a [Channel]) -> impl Iterator<Item = &'a str> {
    channels
        .iter()
        .filter(|channel| !rule.shadow && channel.enabled && rule.channels.contains(&channel.slug))
        .map(|channel| channel.id.as_str())
}

/// The rules that now found this identity bad, which it was not before.
fn fired(scored: &Scored<'_>, held: &Held, badges: &[Badge]) -> impl Iterator<Item = BadgeFiring> {
    let is_fresh = |badge: &&Badge| badge.state.on && !held.get(&badge.slug).is_some_and(|(state, _)| state.on);
    let bad = badges.iter().filter(|badge| badge.kind == BadgeKind::Bad).filter(is_fresh);
    bad.filter_map(|badge| {
        let rule_id = badge.rule_id.clone()?;
        Some(BadgeFiring { rule_id, identity_id: scored.id.to_owned(), fired_ms: scored.now_ms })
    })
}

fn begun(id: i64, rule: &EscalationRule, status: Status, scored: &Scored<'_>) -> Escalation {
    Escalation {
        id,
        identity_id: scored.id.to_owned(),
        identity_name: None,
        rule_id: rule.id.clone(),
        rule_name: rule.name.clone(),
        severity: rule.severity,
        status,
        shadow: rule.shadow,
        scores: scored.scores,
        cycle_id: scored.cycle_id,
        created_ms: scored.now_ms,
        opened_ms: (status == Status::Open).then_some(scored.now_ms),
        acknowledged_ms: None,
        acknowledged_by: None,
        closed_ms: None,
        closed_by: None,
        assigned_to: None,
    }
}

/// What channels are told about an identity.
struct Told<'a> {
    scored: &'a Scored<'a>,
    badges: &'a [Badge],
    notify: &'a NotifyOptions,
}

impl Told<'_> {
    fn data(&self) -> Map<String, Value> {
        let shown = self.badges.iter().filter(|badge| badge.state.on);
        let badges = shown.map(|badge| badge_json(&badge.slug, &badge.name, badge.kind.code()));
        identity_json(self.scored.id, self.scored.display_name, self.scored.scores, badges.collect(), self.notify)
    }

    fn delivery(&self, ids: &Ids, channel_id: &str, event: &str, data: &Map<String, Value>) -> DeliveryWrite {
        delivery(ids, channel_id, self.scored.id, event, data, self.scored.now_ms)
    }
}

/// One notification to one channel.
pub fn delivery(
    ids: &Ids,
    channel_id: &str,
    identity_id: &str,
    event: &str,
    data: &Map<String, Value>,
    now_ms: i64,
) -> DeliveryWrite {
    DeliveryWrite {
        id: ids.next(now_ms),
        channel_id: channel_id.to_owned(),
        identity_id: identity_id.to_owned(),
        event: event.to_owned(),
        data: json!(data).to_string(),
        created_ms: now_ms,
    }
}

/// What is told of an identity, and an escalation about it that came to this status.
pub fn with_escalation(
    mut data: Map<String, Value>,
    (id, status): (i64, Status),
    rule: &EscalationRule,
    opened_ms: Option<i64>,
    closed_ms: Option<i64>,
) -> Map<String, Value> {
    let escalation = json!({
        "id": id, "severity": rule.severity.code(), "status": status.code(),
        "rule": {"id": rule.id, "name": rule.name},
        "openedAt": opened_ms.map(format_time_ms), "closedAt": closed_ms.map(format_time_ms),
    });
    data.insert("escalation".into(), escalation);
    data
}

/// What every notification tells about its identity.
pub fn identity_json(
    id: &str,
    display_name: Option<&str>,
    scores: [Option<u8>; 4],
    badges: Vec<Value>,
    notify: &NotifyOptions,
) -> Map<String, Value> {
    Map::from_iter([
        ("identityId".to_owned(), json!(id)),
        ("displayName".to_owned(), json!(display_name)),
        ("scores".to_owned(), scores_json(scores)),
        ("badges".to_owned(), Value::Array(badges)),
        ("dashboardUrl".to_owned(), json!(notify.identity_url(id))),
    ])
}

pub fn badge_json(slug: &str, name: &str, kind: &str) -> Value {
    json!({"slug": slug, "name": name, "type": kind})
}

/// `{humanity: 12, …}`; null where it is not known.
pub fn scores_json(scores: [Option<u8>; 4]) -> Value {
    let score = |category: Category| (category.code().to_lowercase(), json!(scores[category as usize]));
    Value::Object(Category::ALL.map(score).into_iter().collect())
}

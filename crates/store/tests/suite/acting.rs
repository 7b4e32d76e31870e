//! Rules and whom they match, escalations, channels, and the outbox.

use super::support::*;
use dregs_engine::rules::condition::Which;
use dregs_engine::rules::escalation::Change;
use dregs_engine::rules::{BadgeRule, Condition, EscalationRule, RULES_MAX, Severity, Status, slug_of};
use dregs_store::{
    AttemptWrite, Channel, ChannelConfig, Commit, Delivery, DeliveryFilter, DeliveryStatus, DeliveryWrite, Escalation,
    EscalationChange, EscalationFilter, EscalationWrites, Nameable, Note, Secret, Store, StoreError,
};
use serde_json::json;

on_both!(
    rules_are_kept_by_id_and_badge_rules_by_priority,
    a_team_has_so_many_rules_and_no_two_badges_of_one_name,
    conditions_match_in_the_database_as_they_do_in_the_engine,
    a_rule_that_changes_has_whom_it_concerns_scored_again,
    escalations_move_as_rules_say,
    what_people_did_stays,
    the_escalation_of_who_is_disregarded_closes,
    channels_are_kept_with_their_secrets,
    changes_of_a_channel_do_not_undo_each_other,
    changes_of_a_rule_do_not_undo_each_other,
    of_one_identity_a_channel_is_told_in_order,
    a_failing_delivery_holds_its_line_and_no_other,
    finished_deliveries_are_sent_again_or_dropped,
    an_attempt_counts_once,
);

const BELOW: fn(u8) -> Condition = |threshold| Condition::ScoreLt { category: Which::Humanity, threshold };

fn badge_rule(id: &str, name: &str, priority: i32, conditions: Vec<Condition>) -> BadgeRule {
    let slug = slug_of(name);
    BadgeRule { id: id.into(), slug, name: name.into(), priority, conditions, enabled: true, ..BadgeRule::default() }
}

fn escalation_rule(id: &str, conditions: Vec<Condition>) -> EscalationRule {
    EscalationRule { id: id.into(), name: format!("rule {id}"), conditions, enabled: true, ..EscalationRule::default() }
}

async fn scored(store: &Store, id: &str, humanity: Option<u8>, created_ms: i64) {
    let mut write = identity(id, 1);
    write.display_name = Some(id.to_uppercase());
    (write.scores, write.created_ms, write.due_ms) =
        ([humanity, Some(50), None, Some(90)], created_ms, Some(9_000_000));
    store.commit(&team(), &Commit { identities: vec![write], ..Commit::default() }).await.unwrap();
}

async fn due(store: &Store, now_ms: i64) -> Vec<String> {
    let mut ids: Vec<String> = store.due(now_ms, 100).await.unwrap().into_iter().map(|(_, id)| id).collect();
    ids.sort();
    ids
}

async fn rules_are_kept_by_id_and_badge_rules_by_priority(store: &Store) {
    let low = badge_rule("1", "Low", -5, vec![BELOW(25)]);
    let high = badge_rule("2", "High one", 7, vec![Condition::IdentityAgeGt { seconds: 5 }]);
    let called = EscalationRule {
        channels: vec!["ops".into()],
        close_after_seconds: Some(7),
        ..escalation_rule("3", vec![BELOW(5)])
    };
    store.put_badge_rule(&team(), &low, 10).await.unwrap();
    store.put_badge_rule(&team(), &high, 20).await.unwrap();
    store.put_escalation_rule(&team(), &called, 30).await.unwrap();
    let book = store.rule_book(&team()).await.unwrap();
    assert_eq!((book.badges, book.escalations), (vec![high.clone(), low.clone()], vec![called.clone()]));
    let lower = BadgeRule { enabled: false, ..low };
    store.put_badge_rule(&team(), &lower, 40).await.unwrap();
    let kept = store.badge_rule(&team(), "low").await.unwrap().unwrap();
    assert_eq!((kept.rule, kept.created_ms, kept.updated_ms), (lower, 10, 40));
    assert!(store.badge_rule(&other_team(), "low").await.unwrap().is_none());
    assert!(store.delete_badge_rule(&team(), "low", 50).await.unwrap());
    assert!(!store.delete_badge_rule(&team(), "low", 50).await.unwrap());
    assert!(!store.delete_escalation_rule(&other_team(), "3").await.unwrap());
    assert!(store.delete_escalation_rule(&team(), "3").await.unwrap());
    assert!(store.escalation_rule(&team(), "3").await.unwrap().is_none());
}

async fn changes_of_a_rule_do_not_undo_each_other(store: &Store) {
    store.put_badge_rule(&team(), &badge_rule("1", "Low", 0, vec![BELOW(25)]), 10).await.unwrap();
    store.put_escalation_rule(&team(), &escalation_rule("2", vec![BELOW(5)]), 10).await.unwrap();
    store.add_channel(&team(), &channel("1", "ops")).await.unwrap();
    let own = team();
    let (one, another) = tokio::join!(
        store.change_badge_rule(&own, "low", 20, |rule| Ok::<_, ()>(BadgeRule { priority: 7, ..rule })),
        store.change_badge_rule(&own, "low", 20, |rule| Ok::<_, ()>(BadgeRule { enabled: false, ..rule })),
    );
    assert!(one.unwrap().unwrap().is_ok() && another.unwrap().unwrap().is_ok());
    let held = store.badge_rule(&team(), "low").await.unwrap().unwrap();
    assert_eq!((held.rule.priority, held.rule.enabled, held.created_ms, held.updated_ms), (7, false, 10, 20));
    let name = |rule: EscalationRule, nameable: &Nameable| {
        assert!(nameable.book.gives("low") && !nameable.book.gives("high"));
        Ok::<_, ()>(EscalationRule { channels: nameable.channels.iter().cloned().collect(), ..rule })
    };
    let silence = |rule: EscalationRule, _: &Nameable| Ok::<_, ()>(EscalationRule { shadow: true, ..rule });
    let (one, another) = tokio::join!(
        store.change_escalation_rule(&own, "2", 20, name),
        store.change_escalation_rule(&own, "2", 20, silence)
    );
    assert!(one.unwrap().unwrap().is_ok() && another.unwrap().unwrap().is_ok());
    let held = store.escalation_rule(&team(), "2").await.unwrap().unwrap();
    assert_eq!((held.rule.channels, held.rule.shadow), (vec!["ops".to_owned()], true));

    let version = async || store.team_counts(&team()).await.unwrap().playbook_version;
    let before = version().await;
    assert_eq!(store.change_badge_rule(&team(), "low", 30, |_| Err("no")).await.unwrap(), Some(Err("no")));
    assert_eq!(store.change_escalation_rule(&team(), "2", 30, |_, _| Err("no")).await.unwrap(), Some(Err("no")));
    assert!(store.change_badge_rule(&other_team(), "low", 30, Ok::<_, ()>).await.unwrap().is_none());
    assert!(store.change_escalation_rule(&other_team(), "2", 30, silence).await.unwrap().is_none());
    assert_eq!(version().await, before, "what is refused changes nothing");
}

async fn a_team_has_so_many_rules_and_no_two_badges_of_one_name(store: &Store) {
    let put = async |n: usize| {
        store.put_badge_rule(&team(), &badge_rule(&n.to_string(), &format!("b{n}"), 0, vec![BELOW(1)]), 1).await
    };
    put(0).await.unwrap();
    let twin = badge_rule("other", "B0", 0, vec![BELOW(1)]);
    assert!(matches!(store.put_badge_rule(&team(), &twin, 1).await, Err(StoreError::Conflict(_))));
    for n in 1..RULES_MAX {
        put(n).await.unwrap();
    }
    assert!(matches!(put(RULES_MAX).await, Err(StoreError::Conflict(_))));
    put(7).await.unwrap();
}

async fn conditions_match_in_the_database_as_they_do_in_the_engine(store: &Store) {
    scored(store, "bot", Some(10), 1_000).await;
    scored(store, "human", Some(90), 50_000).await;
    scored(store, "unknown", None, 50_000).await;
    let held = badges("bot", &[badge("likely-bot", 1)]);
    store.commit(&team(), &Commit { badges: held, ..Commit::default() }).await.unwrap();
    let badge = |badge: &str| badge.to_owned();
    let any = |threshold| Condition::ScoreGt { category: Which::Any, threshold };
    for (conditions, expected) in [
        (vec![BELOW(25)], vec!["bot"]),
        (vec![Condition::ScoreGte { category: Which::Humanity, threshold: 90 }], vec!["human"]),
        (vec![Condition::ScoreLte { category: Which::Uniqueness, threshold: 100 }], vec![]),
        (vec![any(90)], vec![]),
        (vec![any(89)], vec!["bot", "human", "unknown"]),
        (vec![Condition::IdentityAgeGt { seconds: 60 }], vec!["bot"]),
        (vec![Condition::IdentityAgeLt { seconds: 60 }], vec!["human", "unknown"]),
        (vec![Condition::BadgeExists { badge: badge("likely-bot") }], vec!["bot"]),
        (vec![Condition::BadgeNotExists { badge: badge("likely-bot") }, any(1)], vec!["human", "unknown"]),
    ] {
        let page = store.matching(&team(), &conditions, &all("i.id"), 100_000).await.unwrap();
        let ids: Vec<&str> = page.items.iter().map(|found| found.id.as_str()).collect();
        assert_eq!(ids, expected, "{conditions:?}");
        assert_eq!(page.total, expected.len() as u64);
        assert_eq!(store.matching(&other_team(), &conditions, &all("i.id"), 100_000).await.unwrap().total, 0);
        // The same conditions choose whom a changed rule looks at.
        store.put_escalation_rule(&team(), &escalation_rule("r", conditions), 100_000).await.unwrap();
        assert_eq!(due(store, 100_000).await, expected);
        for id in expected {
            store.postpone(&team(), id, 9_000_000).await.unwrap();
        }
    }
}

async fn a_rule_that_changes_has_whom_it_concerns_scored_again(store: &Store) {
    for id in ["marked", "watched", "neither"] {
        scored(store, id, Some(60), 0).await;
    }
    let held = badges("marked", &[badge("low", 1)]);
    let escalations =
        EscalationWrites { begun: vec![escalation(5, "watched", "r", Status::Open)], ..Default::default() };
    store.commit(&team(), &Commit { badges: held, escalations, ..Commit::default() }).await.unwrap();
    store.put_badge_rule(&team(), &badge_rule("1", "Low", 0, vec![BELOW(5)]), 70).await.unwrap();
    assert_eq!(due(store, 70).await, ["marked"]);
    store.put_escalation_rule(&team(), &escalation_rule("r", vec![BELOW(5)]), 80).await.unwrap();
    assert_eq!(due(store, 80).await, ["marked", "watched"]);
    store.postpone(&team(), "marked", 9_000_000).await.unwrap();
    store.delete_badge_rule(&team(), "low", 90).await.unwrap();
    assert_eq!(due(store, 90).await, ["marked", "watched"]);
    assert!(store.identity(&team(), "marked").await.unwrap().unwrap().badges.is_empty());
}

fn escalation(id: i64, identity: &str, rule: &str, status: Status) -> Escalation {
    Escalation {
        id,
        identity_id: identity.into(),
        identity_name: None,
        rule_id: rule.into(),
        rule_name: format!("rule {rule}"),
        severity: Severity::Critical,
        status,
        shadow: false,
        scores: [Some(7), None, Some(50), Some(90)],
        cycle_id: 77,
        created_ms: id,
        opened_ms: (status == Status::Open).then_some(id),
        acknowledged_ms: None,
        acknowledged_by: None,
        closed_ms: None,
        closed_by: None,
        assigned_to: None,
    }
}

async fn begin(store: &Store, begun: Vec<Escalation>) {
    let escalations = EscalationWrites { begun, ..Default::default() };
    store.commit(&team(), &Commit { escalations, ..Commit::default() }).await.unwrap();
}

async fn change(store: &Store, id: i64, change: Change, now_ms: i64) {
    let escalations = EscalationWrites { changed: vec![(id, change)], now_ms, ..Default::default() };
    store.commit(&team(), &Commit { escalations, ..Commit::default() }).await.unwrap();
}

async fn status_of(store: &Store, id: i64) -> Option<Status> {
    store.escalation(&team(), id).await.unwrap().map(|held| held.status)
}

async fn by_person(store: &Store, id: i64, status: Status, told: &[DeliveryWrite]) -> Option<Escalation> {
    let change = EscalationChange { status: Some(status), assigned_to: None };
    store.change_escalation(&team(), id, &change, "ann@example.com", 500, told).await.unwrap()
}

async fn escalations_move_as_rules_say(store: &Store) {
    scored(store, "a", Some(5), 0).await;
    let all_of = [
        escalation(1, "a", "r", Status::Pending),
        escalation(2, "a", "s", Status::Open),
        escalation(3, "b", "r", Status::Pending),
    ];
    begin(store, all_of.to_vec()).await;
    assert_eq!(
        store.escalation(&team(), 2).await.unwrap().unwrap(),
        Escalation { identity_name: Some("A".into()), ..all_of[1].clone() }
    );
    assert!(store.escalation(&other_team(), 2).await.unwrap().is_none());
    let watched = store.watched(&team(), &["a", "b", "c"]).await.unwrap();
    assert_eq!((watched["a"].len(), watched["a"]["r"].held.status, watched["b"]["r"].id), (2, Status::Pending, 3));
    change(store, 1, Change::Open, 100).await;
    change(store, 3, Change::Withdraw, 100).await;
    change(store, 2, Change::Clear(Some(90)), 100).await;
    assert_eq!(store.watched(&team(), &["a"]).await.unwrap()["a"]["s"].held.clear_ms, Some(90));
    assert_eq!((status_of(store, 1).await, status_of(store, 3).await), (Some(Status::Open), None));
    let list = async |filter: EscalationFilter| {
        let page = store.escalations(&team(), &filter, &all("e.id")).await.unwrap();
        page.items.iter().map(|held| held.id).collect::<Vec<_>>()
    };
    let any = EscalationFilter::default;
    begin(
        store,
        vec![
            escalation(4, "b", "r", Status::Pending),
            Escalation { shadow: true, ..escalation(5, "b", "s", Status::Open) },
        ],
    )
    .await;
    assert_eq!(list(any()).await, [1, 2]);
    assert_eq!(list(EscalationFilter { status: Some(Status::Pending), ..any() }).await, [4]);
    assert_eq!(list(EscalationFilter { shadow: true, ..any() }).await, [5]);
    assert_eq!(list(EscalationFilter { rule: Some("s".into()), ..any() }).await, [2]);
    assert_eq!(list(EscalationFilter { severity: Some(Severity::Info), ..any() }).await, Vec::<i64>::new());
    assert_eq!(
        list(EscalationFilter { identity: Some("a".into()), severity: Some(Severity::Critical), ..any() }).await,
        [1, 2]
    );
    let of_live_rules = || EscalationFilter { of_live_rules: true, ..any() };
    assert!(list(of_live_rules()).await.is_empty(), "both rules are gone");
    let rule = EscalationRule { id: "s".into(), name: "s".into(), ..EscalationRule::default() };
    store.put_escalation_rule(&team(), &rule, 1).await.unwrap();
    assert_eq!(list(of_live_rules()).await, [2]);
    change(store, 2, Change::Close, 200).await;
    let closed = store.escalation(&team(), 2).await.unwrap().unwrap();
    assert_eq!((closed.status, closed.closed_ms, closed.closed_by), (Status::Closed, Some(200), None));
    assert!(
        !store.watched(&team(), &["a"]).await.unwrap()["a"].contains_key("s"),
        "what closed by itself is not watched"
    );
    let counts = store.escalation_counts(&team()).await.unwrap();
    assert_eq!((counts.open, counts.acknowledged, counts.closed), (1, 0, 1));
    store.put_escalation_rule(&team(), &escalation_rule("r", vec![BELOW(5)]), 1).await.unwrap();
    store.delete_escalation_rule(&team(), "r").await.unwrap();
    assert_eq!((list(any()).await, status_of(store, 4).await), (vec![1, 2], None));
    assert!(!store.watched(&team(), &["a", "b"]).await.unwrap().contains_key("a"));
}

async fn what_people_did_stays(store: &Store) {
    begin(store, vec![escalation(1, "a", "r", Status::Open)]).await;
    let held = by_person(store, 1, Status::Acknowledged, &[]).await.unwrap();
    assert_eq!((held.acknowledged_ms, held.acknowledged_by.as_deref()), (Some(500), Some("ann@example.com")));
    change(store, 1, Change::Clear(Some(600)), 600).await;
    assert_eq!(status_of(store, 1).await, Some(Status::Acknowledged));
    change(store, 1, Change::Clear(None), 650).await;
    let told = [delivery(9, "c", "a")];
    let held = by_person(store, 1, Status::Closed, &told).await.unwrap();
    assert_eq!((held.closed_ms, held.closed_by.as_deref()), (Some(500), Some("ann@example.com")));
    by_person(store, 1, Status::Closed, &[delivery(10, "c", "a")]).await.unwrap();
    assert_eq!(sendable(store, 9_999).await, [9], "who closes what is closed tells nobody");
    change(store, 1, Change::Close, 700).await;
    change(store, 1, Change::Clear(None), 700).await;
    assert_eq!(store.escalation(&team(), 1).await.unwrap().unwrap().closed_ms, Some(500));
    assert_eq!(store.watched(&team(), &["a"]).await.unwrap()["a"]["r"].held.status, Status::Closed);
    change(store, 1, Change::Forget, 800).await;
    assert!(store.watched(&team(), &["a"]).await.unwrap().is_empty());
    begin(store, vec![escalation(2, "a", "r", Status::Open)]).await;
    assert_eq!(by_person(store, 1, Status::Open, &[]).await.unwrap().status, Status::Open);
    assert_eq!(store.watched(&team(), &["a"]).await.unwrap()["a"]["r"].id, 2, "there is another by now");
    change(store, 2, Change::Clear(Some(900)), 900).await;
    by_person(store, 2, Status::Closed, &[]).await.unwrap();
    assert!(store.watched(&team(), &["a"]).await.unwrap().is_empty(), "its conditions have ceased already");
    by_person(store, 2, Status::Open, &[]).await.unwrap();
    assert_eq!(store.watched(&team(), &["a"]).await.unwrap()["a"]["r"].id, 2, "taken up again, it is watched again");
    let assigned = EscalationChange { status: None, assigned_to: Some(Some("bob".into())) };
    let held = store.change_escalation(&team(), 2, &assigned, "x", 1, &[]).await.unwrap().unwrap();
    assert_eq!((held.assigned_to.as_deref(), held.status), (Some("bob"), Status::Open));
    assert!(store.change_escalation(&other_team(), 2, &assigned, "x", 1, &[]).await.unwrap().is_none());
    for id in [1, 2] {
        let note = Note { id, author: "ann".into(), body: ODD[id as usize].into(), created_ms: 5 };
        store.add_escalation_note(&team(), 2, &note).await.unwrap();
    }
    let notes = store.escalation_notes(&team(), 2).await.unwrap();
    assert_eq!(notes.iter().map(|note| note.body.as_str()).collect::<Vec<_>>(), [ODD[1], ODD[2]]);
    assert!(store.escalation_notes(&other_team(), 2).await.unwrap().is_empty());
}

async fn the_escalation_of_who_is_disregarded_closes(store: &Store) {
    scored(store, "a", Some(5), 0).await;
    begin(store, vec![escalation(1, "a", "r", Status::Open), escalation(2, "a", "s", Status::Pending)]).await;
    store.set_identity_disregarded(&team(), "a", true, 300, nobody_told).await.unwrap();
    assert_eq!((status_of(store, 1).await, status_of(store, 2).await), (Some(Status::Closed), None));
    assert!(store.watched(&team(), &["a"]).await.unwrap().is_empty());
}

fn channel(id: &str, slug: &str) -> Channel {
    Channel {
        id: id.into(),
        slug: slug.into(),
        name: slug.to_uppercase(),
        config: ChannelConfig::Webhook { url: "https://x.example/hook".into() },
        secrets: vec![Secret { secret: "whsec_x".into(), until_ms: None }],
        events: vec!["IDENTITY_SCORED".into()],
        enabled: true,
        disabled_reason: None,
        failing_since_ms: None,
        max_per_minute: None,
        digest_minutes: 0,
        resting_until_ms: None,
        created_ms: 5,
        updated_ms: 5,
    }
}

async fn channels_are_kept_with_their_secrets(store: &Store) {
    let held = channel("1", "ops");
    store.add_channel(&team(), &held).await.unwrap();
    assert!(matches!(store.add_channel(&team(), &channel("2", "ops")).await, Err(StoreError::Conflict(_))));
    store.add_channel(&other_team(), &channel("1", "ops")).await.unwrap();
    assert_eq!(store.channel(&team(), "ops").await.unwrap(), Some(held.clone()));
    assert_eq!(store.channel_by_id(&team(), "1").await.unwrap(), Some(held.clone()));
    let config = ChannelConfig::Email { to: vec!["a@b.example".into()] };
    let changed = Channel { config, enabled: false, updated_ms: 9, secrets: vec![], ..held };
    let written = store.change_channel(&team(), "ops", 9, |_| Ok::<_, ()>(changed.clone())).await.unwrap().unwrap();
    assert_eq!(written.as_ref(), Ok(&changed));
    assert_eq!(store.channels(&team()).await.unwrap(), std::slice::from_ref(&changed));
    store.note_channel_health(&team(), "1", Some(3), Some(77)).await.unwrap();
    store.note_channel_health(&team(), "1", Some(3), None).await.unwrap();
    let failing = Channel { failing_since_ms: Some(3), resting_until_ms: Some(77), ..changed };
    assert_eq!(store.channels(&team()).await.unwrap(), [failing]);
    store.add_deliveries(&team(), &[delivery(1, "1", "a")]).await.unwrap();
    assert!(store.delete_channel(&team(), "1").await.unwrap());
    assert!(!store.delete_channel(&team(), "1").await.unwrap());
    assert!(store.delivery(&team(), 1).await.unwrap().is_none());
    assert_eq!(store.channels(&other_team()).await.unwrap().len(), 1);
}

async fn changes_of_a_channel_do_not_undo_each_other(store: &Store) {
    let read = channel("1", "ops");
    store.add_channel(&team(), &read).await.unwrap();
    let secrets = vec![Secret { secret: "whsec_y".into(), until_ms: None }];
    let rotate = |held| Ok::<_, &str>(Channel { secrets: secrets.clone(), ..held });
    let rename = |held| Ok::<_, &str>(Channel { name: "Desk".into(), ..held });
    let own = team();
    let (one, another) =
        tokio::join!(store.change_channel(&own, "ops", 6, rotate), store.change_channel(&own, "ops", 6, rename));
    assert!(one.unwrap().unwrap().is_ok() && another.unwrap().unwrap().is_ok());
    let both = Channel { name: "Desk".into(), secrets: secrets.clone(), updated_ms: 6, ..read };
    assert_eq!(store.channel(&team(), "ops").await.unwrap(), Some(both.clone()));
    assert!(store.change_channel(&other_team(), "ops", 7, rename).await.unwrap().is_none());
    assert_eq!(store.change_channel(&team(), "ops", 7, |_| Err("no")).await.unwrap(), Some(Err("no")));
    assert_eq!(store.channel(&team(), "ops").await.unwrap(), Some(both.clone()));

    store.note_channel_health(&team(), "1", Some(3), None).await.unwrap();
    store.change_channel(&team(), "ops", 7, rename).await.unwrap().unwrap().unwrap();
    let failing = Channel { failing_since_ms: Some(3), updated_ms: 7, ..both.clone() };
    assert_eq!(store.channel(&team(), "ops").await.unwrap(), Some(failing), "its health is none of theirs");

    assert!(store.switch_off_channel(&team(), "1", "gone", 8, &[]).await.unwrap());
    store.change_channel(&team(), "ops", 9, rename).await.unwrap().unwrap().unwrap();
    let off = store.channel(&team(), "ops").await.unwrap().unwrap();
    assert_eq!((off.enabled, off.disabled_reason.as_deref()), (false, Some("gone")), "who renames it leaves it off");
    let switch_on = |held| Ok::<_, &str>(Channel { enabled: true, disabled_reason: None, ..held });
    store.change_channel(&team(), "ops", 10, switch_on).await.unwrap().unwrap().unwrap();
    let on = Channel { updated_ms: 10, ..both };
    assert_eq!(store.channel(&team(), "ops").await.unwrap(), Some(on), "it has another chance");
}

fn delivery(id: i64, channel: &str, identity: &str) -> DeliveryWrite {
    DeliveryWrite {
        id,
        channel_id: channel.into(),
        identity_id: identity.into(),
        event: "IDENTITY_SCORED".into(),
        data: json!({"n": id}).to_string(),
        created_ms: id,
    }
}

async fn sendable(store: &Store, now_ms: i64) -> Vec<i64> {
    let (mut ids, mut after) = (Vec::new(), String::new());
    while let Some((team, channel_id)) = store.next_pending_channel(&after).await.unwrap() {
        ids.extend(store.due_deliveries(&team, &channel_id, now_ms, 100).await.unwrap().iter().map(|due| due.id));
        after = channel_id;
    }
    ids.sort_unstable();
    ids
}

async fn attempt(store: &Store, id: i64, status: DeliveryStatus, next_ms: i64, now_ms: i64) {
    let held: Delivery = store.delivery(&team(), id).await.unwrap().unwrap();
    let error = (status != DeliveryStatus::Delivered).then(|| "refused".to_owned());
    let write = AttemptWrite { status, next_ms, http_status: Some(500), error, now_ms };
    store.note_attempt(&held, &write).await.unwrap();
}

async fn of_one_identity_a_channel_is_told_in_order(store: &Store) {
    let all_of = [
        delivery(1, "c", "a"),
        delivery(2, "c", "a"),
        delivery(3, "c", "b"),
        delivery(4, "d", "a"),
        delivery(5, "c", "a"),
    ];
    store.add_deliveries(&team(), &all_of).await.unwrap();
    assert_eq!(store.next_delivery_ms(0).await.unwrap(), Some(1));
    assert_eq!(sendable(store, 10).await, [1, 3, 4]);
    assert_eq!(sendable(store, 10).await, [1, 3, 4], "until it is noted that they are sent");
    assert_eq!(store.due_deliveries(&team(), "d", 10, 100).await.unwrap()[0].id, 4, "each channel by itself");
    attempt(store, 3, DeliveryStatus::Delivered, 0, 20).await;
    attempt(store, 1, DeliveryStatus::Delivered, 0, 20).await;
    assert_eq!(sendable(store, 20).await, [2, 4]);
    attempt(store, 2, DeliveryStatus::Failed, 0, 21).await;
    assert_eq!(sendable(store, 21).await, [4, 5], "what failed for good lets the next pass");
    let held = store.delivery(&team(), 2).await.unwrap().unwrap();
    assert_eq!(
        (held.status.as_str(), held.attempts, held.http_status, held.finished_ms),
        ("FAILED", 1, Some(500), Some(21))
    );
    assert_eq!((held.error.as_deref(), held.data.as_str()), (Some("refused"), r#"{"n":2}"#));
}

async fn a_failing_delivery_holds_its_line_and_no_other(store: &Store) {
    store
        .add_deliveries(&team(), &[delivery(1, "c", "a"), delivery(2, "c", "a"), delivery(3, "c", "b")])
        .await
        .unwrap();
    attempt(store, 1, DeliveryStatus::Pending, 5_000, 10).await;
    assert_eq!(sendable(store, 10).await, [3]);
    store.add_deliveries(&team(), &[delivery(4, "c", "a")]).await.unwrap();
    assert_eq!(sendable(store, 11).await, [3]);
    attempt(store, 3, DeliveryStatus::Delivered, 0, 12).await;
    assert_eq!(store.next_delivery_ms(0).await.unwrap(), Some(5_000), "nothing is looked at in vain until then");
    assert_eq!(sendable(store, 5_000).await, [1]);
    attempt(store, 1, DeliveryStatus::Delivered, 0, 5_001).await;
    assert_eq!(sendable(store, 5_001).await, [2]);
    attempt(store, 2, DeliveryStatus::Delivered, 0, 5_002).await;
    assert_eq!(sendable(store, 5_002).await, [4]);
    assert_eq!(store.delivery(&team(), 1).await.unwrap().unwrap().attempts, 2);
}

async fn finished_deliveries_are_sent_again_or_dropped(store: &Store) {
    let all_of: Vec<DeliveryWrite> = (1..=4).map(|id| delivery(id, "c", &format!("i{id}"))).collect();
    store.add_deliveries(&team(), &all_of).await.unwrap();
    for id in 1..=3 {
        attempt(store, id, DeliveryStatus::Delivered, 0, 10).await;
    }
    let log = async |filter: DeliveryFilter| {
        let page = store.deliveries(&team(), "c", &filter, &all("d.id")).await.unwrap();
        page.items.iter().map(|held| held.id).collect::<Vec<_>>()
    };
    assert_eq!(log(DeliveryFilter::default()).await, [1, 2, 3, 4]);
    assert_eq!(log(DeliveryFilter { status: Some("PENDING".into()), identity: None }).await, [4]);
    assert_eq!(log(DeliveryFilter { status: None, identity: Some("i2".into()) }).await, [2]);
    assert_eq!(store.redeliver(&other_team(), "c", 1, 9, 20).await.unwrap(), 0);
    assert_eq!(store.redeliver(&team(), "c", 2, 4, 20).await.unwrap(), 2, "what is pending is on its way");
    assert_eq!(sendable(store, 20).await, [2, 3, 4]);
    assert!(store.is_delivery_pending(&team(), 2).await.unwrap());
    assert!(!store.is_delivery_pending(&other_team(), 2).await.unwrap());
    store.give_up_deliveries(&team(), "c", "switched off", 30).await.unwrap();
    assert_eq!(log(DeliveryFilter { status: Some("FAILED".into()), identity: None }).await, [2, 3, 4]);
    assert_eq!(store.next_delivery_ms(0).await.unwrap(), None);
}

async fn an_attempt_counts_once(store: &Store) {
    store.add_deliveries(&team(), &[delivery(1, "c", "a"), delivery(2, "c", "a")]).await.unwrap();
    let held = store.delivery(&team(), 1).await.unwrap().unwrap();
    let write = AttemptWrite { status: DeliveryStatus::Pending, next_ms: 9, http_status: None, error: None, now_ms: 5 };
    store.note_attempt(&held, &write).await.unwrap();
    store.note_attempt(&held, &AttemptWrite { status: DeliveryStatus::Failed, ..write }).await.unwrap();
    let after = store.delivery(&team(), 1).await.unwrap().unwrap();
    assert_eq!(
        (after.attempts, after.status.as_str(), after.next_ms),
        (1, "PENDING", 9),
        "what is noted already is not noted again"
    );
    assert_eq!(store.recover_attempts().await.unwrap(), 0, "nothing is left to be noted");
}

/// As a kill leaves it: noted beside the ingest log, and not in the main tables. Only an embedded store has that place.
#[tokio::test]
async fn an_attempt_that_a_kill_kept_from_the_main_tables_is_noted_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&sqlite_url(folder.path())).await.unwrap();
    store.add_deliveries(&team(), &[delivery(1, "c", "a"), delivery(2, "c", "a")]).await.unwrap();
    let held = store.delivery(&team(), 1).await.unwrap().unwrap();
    let write =
        AttemptWrite { status: DeliveryStatus::Delivered, next_ms: 0, http_status: Some(200), error: None, now_ms: 5 };
    let noted = serde_json::to_string(&(&held, &write)).unwrap();
    let log = rusqlite::Connection::open(folder.path().join("dregs.ingest.db")).unwrap();
    log.execute("insert into attempts (id, body) values (1, $1)", [noted]).unwrap();
    assert_eq!(store.recover_attempts().await.unwrap(), 1);
    let after = store.delivery(&team(), 1).await.unwrap().unwrap();
    assert_eq!((after.status.as_str(), after.attempts, after.http_status), ("DELIVERED", 1, Some(200)));
    assert_eq!(sendable(&store, 10).await, [2], "the next in line is called");
    assert_eq!(store.recover_attempts().await.unwrap(), 0);
    store.close().await;
}

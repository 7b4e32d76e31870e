//! Who is told when things end, digests, channels that are switched off, and reviews.

use super::support::*;
use dregs_engine::rules::{BadgeRule, Delayed, Severity, Status, slug_of};
use dregs_store::{
    AttemptWrite, Channel, ChannelConfig, Commit, DIGEST_MAX, Delivery, DeliveryStatus, DeliveryWrite, Escalation,
    EscalationWrites, REVIEWS_PENDING_MAX, Review, ReviewOutcome, ReviewStatus, Role, Store, StoreError, Transcript,
    Undone, User, Waiting,
};
use serde_json::json;
use std::collections::BTreeSet;

on_both!(
    a_badge_whose_rule_is_deleted_is_remembered_until_its_going_is_told,
    who_is_disregarded_loses_what_others_are_told_of,
    those_about_nobody_have_each_a_line,
    a_digest_waits_for_its_minutes_and_goes_out_together,
    a_digest_is_the_same_whenever_it_is_attempted,
    what_waits_behind_a_failing_digest_holds_nothing_up,
    another_digest_time_moves_what_waits,
    a_channel_is_switched_off_once_and_others_are_told_with_it,
    administrators_who_may_log_in_are_known,
    a_review_is_claimed_by_one_and_completed_once,
    a_review_that_failed_is_taken_up_again_in_time,
    a_team_with_many_reviews_does_not_hold_others_up,
);

async fn known(store: &Store, id: &str) {
    store.commit(&team(), &Commit { identities: vec![identity(id, 1)], ..Commit::default() }).await.unwrap();
}

async fn has(store: &Store, id: &str) -> Vec<String> {
    let held = store.identity(&team(), id).await.unwrap().unwrap().badges;
    held.into_iter().map(|badge| badge.slug).collect()
}

async fn a_badge_whose_rule_is_deleted_is_remembered_until_its_going_is_told(store: &Store) {
    for id in ["has", "will", "other"] {
        known(store, id).await;
    }
    let slug = slug_of("Low");
    let rule = BadgeRule { id: "1".into(), slug, name: "Low".into(), enabled: true, ..BadgeRule::default() };
    store.put_badge_rule(&team(), &rule, 10).await.unwrap();
    let coming = Delayed { on: false, turning_ms: Some(7) };
    let mut held = badges("has", &[badge("low", 1), badge("kept", 1)]);
    held.extend(badges("will", &[dregs_engine::rules::badge::Badge { state: coming, ..badge("low", 1) }]));
    store.commit(&team(), &Commit { badges: held, ..Commit::default() }).await.unwrap();
    assert!(!store.delete_badge_rule(&other_team(), "low", 20).await.unwrap());
    assert!(store.delete_badge_rule(&team(), "low", 20).await.unwrap());
    assert_eq!(has(store, "has").await, ["kept"], "nobody sees it any more");
    let held = store.held_badges(&team(), &["has", "will", "other"]).await.unwrap();
    assert_eq!(held.len(), 1, "what nobody saw need not be told: {held:?}");
    assert_eq!(held["has"].taken_off, BTreeSet::from(["low".to_owned()]));
    assert_eq!(held["has"].held.keys().collect::<Vec<_>>(), ["kept"]);
    // The cycle that tells of it replaces what there is.
    store.commit(&team(), &Commit { badges: badges("has", &[badge("kept", 1)]), ..Commit::default() }).await.unwrap();
    assert!(store.held_badges(&team(), &["has"]).await.unwrap()["has"].taken_off.is_empty());
    store.put_badge_rule(&team(), &rule, 30).await.unwrap();
    store.commit(&team(), &Commit { badges: badges("has", &[badge("low", 1)]), ..Commit::default() }).await.unwrap();
    store.delete_badge_rule(&team(), "low", 40).await.unwrap();
    store.commit(&team(), &Commit { badges: badges("has", &[badge("low", 5)]), ..Commit::default() }).await.unwrap();
    assert_eq!(has(store, "has").await, ["low"], "given anew, it is there");
    assert!(store.held_badges(&team(), &["has"]).await.unwrap()["has"].taken_off.is_empty());
}

fn escalation(id: i64, rule: &str, status: Status, shadow: bool) -> Escalation {
    Escalation {
        id,
        identity_id: "a".into(),
        identity_name: None,
        rule_id: rule.into(),
        rule_name: format!("rule {rule}"),
        severity: Severity::Critical,
        status,
        shadow,
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

async fn who_is_disregarded_loses_what_others_are_told_of(store: &Store) {
    known(store, "a").await;
    let begun = vec![
        escalation(1, "r", Status::Open, false),
        escalation(2, "s", Status::Pending, false),
        escalation(3, "t", Status::Open, true),
    ];
    let commit = Commit {
        badges: badges("a", &[badge("one", 1), badge("two", 1)]),
        escalations: EscalationWrites { begun, ..Default::default() },
        ..Commit::default()
    };
    store.commit(&team(), &commit).await.unwrap();
    let disregard = async |disregarded: bool| {
        let mut seen = None;
        let tell = |undone: &Undone| {
            seen = Some(undone.clone());
            vec![delivery(9, "c", "a", "ESCALATION_CLOSED")]
        };
        assert!(store.set_identity_disregarded(&team(), "a", disregarded, 300, tell).await.unwrap());
        seen
    };
    let undone = disregard(true).await.unwrap();
    assert_eq!(undone.badges, ["one", "two"]);
    let closed: Vec<(i64, Status, bool)> =
        undone.escalations.iter().map(|held| (held.id, held.status, held.shadow)).collect();
    assert_eq!(closed, [(1, Status::Open, false), (3, Status::Open, true)], "what was about to open is not told");
    assert_eq!(sendable(store, 999).await, [9], "in the same transaction");
    assert_eq!(disregard(true).await, None, "who is disregarded already loses nothing");
    assert_eq!(disregard(false).await, None);
}

fn delivery(id: i64, channel: &str, identity: &str, event: &str) -> DeliveryWrite {
    DeliveryWrite {
        id,
        channel_id: channel.into(),
        identity_id: identity.into(),
        event: event.into(),
        data: json!({"n": id}).to_string(),
        created_ms: id,
    }
}

async fn sendable(store: &Store, now_ms: i64) -> Vec<i64> {
    let (mut ids, mut after) = (Vec::new(), String::new());
    while let Some((team, channel_id)) = store.next_pending_channel(&after).await.unwrap() {
        ids.extend(store.due_deliveries(&team, &channel_id, now_ms, 1000).await.unwrap().iter().map(|due| due.id));
        after = channel_id;
    }
    ids.sort_unstable();
    ids
}

async fn those_about_nobody_have_each_a_line(store: &Store) {
    let tests = [delivery(1, "c", "", "TEST"), delivery(2, "c", "", "TEST"), delivery(3, "c", "a", "IDENTITY_SCORED")];
    store.add_deliveries(&team(), &tests).await.unwrap();
    let first = store.delivery(&team(), 1).await.unwrap().unwrap();
    noted(store, &first, DeliveryStatus::Pending, 5_000).await;
    assert_eq!(sendable(store, 10).await, [2, 3], "a test that is stuck stands before no other");
    assert_eq!(sendable(store, 5_000).await, [1, 2, 3]);
}

async fn noted(store: &Store, delivery: &Delivery, status: DeliveryStatus, next_ms: i64) {
    let write = AttemptWrite { status, next_ms, http_status: None, error: None, now_ms: 10 };
    store.note_attempt(delivery, &write).await.unwrap();
}

fn mail(id: &str, digest_minutes: i64) -> Channel {
    Channel {
        id: id.into(),
        slug: id.into(),
        name: id.to_uppercase(),
        config: ChannelConfig::Email { to: vec!["a@b.example".into()] },
        secrets: Vec::new(),
        events: Vec::new(),
        enabled: true,
        disabled_reason: None,
        failing_since_ms: None,
        max_per_minute: Some(7),
        digest_minutes,
        resting_until_ms: None,
        created_ms: 5,
        updated_ms: 5,
    }
}

/// Five minutes.
const PERIOD_MS: i64 = 300_000;

async fn gather(store: &Store, digest_id: i64, now_ms: i64) -> Vec<i64> {
    let gathered = store.gather_digest(&team(), "mail", digest_id, now_ms).await.unwrap();
    gathered.iter().map(|held| held.id).collect()
}

async fn one(store: &Store, id: i64) -> Delivery {
    store.delivery(&team(), id).await.unwrap().unwrap()
}

async fn a_digest_waits_for_its_minutes_and_goes_out_together(store: &Store) {
    store.add_channel(&team(), &mail("mail", 5)).await.unwrap();
    store.add_channel(&other_team(), &mail("mail", 0)).await.unwrap();
    let told = [
        delivery(1, "mail", "a", "IDENTITY_SCORED"),
        delivery(2, "mail", "a", "ESCALATION_OPENED"),
        delivery(3, "mail", "", "TEST"),
        delivery(4, "mail", "", "CHANNEL_DISABLED"),
        delivery(5, "mail", "b", "IDENTITY_SCORED"),
    ];
    store.add_deliveries(&team(), &told).await.unwrap();
    assert_eq!(sendable(store, PERIOD_MS).await, [3, 4], "tests and notices do not wait");
    assert_eq!(store.next_delivery_ms(100).await.unwrap(), Some(PERIOD_MS + 1));
    assert_eq!(
        store.waiting(&team(), &["mail", "none"]).await.unwrap()["mail"],
        Waiting { count: 5, next_ms: Some(3) }
    );
    assert_eq!(store.waiting(&other_team(), &["mail"]).await.unwrap()["mail"], Waiting::default());
    assert_eq!(gather(store, 70, PERIOD_MS + 1).await, [1, 2, 5], "what came later goes with it");
    let first = one(store, 1).await;
    assert_eq!((first.digest_id, one(store, 3).await.digest_id), (Some(70), None));
    noted(store, &first, DeliveryStatus::Delivered, 0).await;
    for id in [1, 2, 5] {
        let held = one(store, id).await;
        assert_eq!((held.status.as_str(), held.attempts, held.finished_ms), ("DELIVERED", 1, Some(10)), "{id}");
    }
    assert_eq!(gather(store, 71, PERIOD_MS + 2).await, [0; 0]);
    store.redeliver(&team(), "mail", 1, 2, 50).await.unwrap();
    assert_eq!((one(store, 1).await.digest_id, gather(store, 72, 60).await), (None, vec![1, 2]));
}

async fn a_digest_is_the_same_whenever_it_is_attempted(store: &Store) {
    store.add_channel(&team(), &mail("mail", 5)).await.unwrap();
    let told: Vec<DeliveryWrite> =
        (1..=DIGEST_MAX + 2).map(|id| delivery(id, "mail", "a", "IDENTITY_SCORED")).collect();
    store.add_deliveries(&team(), &told).await.unwrap();
    let now_ms = 2 * PERIOD_MS;
    let first = gather(store, 70, now_ms).await;
    assert_eq!((first.len() as i64, first[0]), (DIGEST_MAX, 1));
    store.add_deliveries(&team(), &[delivery(9_000, "mail", "b", "IDENTITY_SCORED")]).await.unwrap();
    // As a kill before the note leaves it; the look-up in between moves those behind the first.
    store.due_deliveries(&team(), "mail", now_ms, 64).await.unwrap();
    assert_eq!(gather(store, 71, now_ms).await, first);
    assert_eq!(one(store, 1).await.digest_id, Some(70));
    let held = one(store, 1).await;
    noted(store, &held, DeliveryStatus::Delivered, 0).await;
    noted(store, &held, DeliveryStatus::Pending, 0).await;
    assert_eq!(one(store, 1).await.status, "DELIVERED", "what is noted already is not noted again");
    assert_eq!(gather(store, 72, now_ms).await, [DIGEST_MAX + 1, DIGEST_MAX + 2, 9_000]);
}

async fn what_waits_behind_a_failing_digest_holds_nothing_up(store: &Store) {
    store.add_channel(&team(), &mail("mail", 5)).await.unwrap();
    store.add_deliveries(&team(), &[delivery(1, "mail", "a", "IDENTITY_SCORED")]).await.unwrap();
    gather(store, 70, PERIOD_MS + 1).await;
    noted(store, &one(store, 1).await, DeliveryStatus::Pending, 2 * PERIOD_MS).await;
    assert_eq!((one(store, 1).await.attempts, one(store, 1).await.next_ms), (1, 2 * PERIOD_MS));
    store.add_deliveries(&team(), &[delivery(2, "mail", "b", "IDENTITY_SCORED")]).await.unwrap();
    assert_eq!(gather(store, 71, PERIOD_MS + 5).await, [0; 0], "one mail after the other");
    assert_eq!(sendable(store, PERIOD_MS + 5).await, [0; 0], "and it is not looked at in vain");
    assert_eq!(gather(store, 72, 2 * PERIOD_MS).await, [1]);
    noted(store, &one(store, 1).await, DeliveryStatus::Failed, 0).await;
    assert_eq!(gather(store, 73, 2 * PERIOD_MS + 1).await, [2]);
}

async fn another_digest_time_moves_what_waits(store: &Store) {
    store.add_channel(&team(), &mail("mail", 10)).await.unwrap();
    let told = [delivery(1, "mail", "a", "IDENTITY_SCORED"), delivery(2, "mail", "", "TEST")];
    store.add_deliveries(&team(), &told).await.unwrap();
    assert_eq!(one(store, 1).await.next_ms, 2 * PERIOD_MS + 1);
    let change = async |minutes| {
        store
            .change_channel(&team(), "mail", 5, |_| Ok::<_, ()>(mail("mail", minutes)))
            .await
            .unwrap()
            .unwrap()
            .unwrap()
    };
    change(5).await;
    assert_eq!((one(store, 1).await.next_ms, one(store, 2).await.next_ms), (PERIOD_MS + 1, 2));
    noted(store, &one(store, 1).await, DeliveryStatus::Pending, 4_000).await;
    change(0).await;
    assert_eq!(one(store, 1).await.next_ms, 4_000, "what was attempted has its own time");
    assert_eq!(store.channel(&team(), "mail").await.unwrap(), Some(mail("mail", 0)));
}

async fn a_channel_is_switched_off_once_and_others_are_told_with_it(store: &Store) {
    for id in ["mail", "ops"] {
        store.add_channel(&team(), &mail(id, 0)).await.unwrap();
    }
    let told = [delivery(1, "mail", "a", "IDENTITY_SCORED"), delivery(2, "ops", "a", "IDENTITY_SCORED")];
    store.add_deliveries(&team(), &told).await.unwrap();
    let before = store.team_counts(&team()).await.unwrap().playbook_version;
    let off = async |team: &dregs_store::TeamId, notice: i64| {
        let notice = [delivery(notice, "ops", "", "CHANNEL_DISABLED")];
        store.switch_off_channel(team, "mail", "gone", 30, &notice).await.unwrap()
    };
    assert!(!off(&other_team(), 8).await);
    assert!(off(&team(), 9).await);
    assert!(!off(&team(), 10).await, "it is off already");
    let held = store.channel(&team(), "mail").await.unwrap().unwrap();
    assert_eq!((held.enabled, held.disabled_reason.as_deref(), held.updated_ms), (false, Some("gone"), 30));
    assert!(store.team_counts(&team()).await.unwrap().playbook_version > before);
    assert_eq!((one(store, 1).await.status, one(store, 2).await.status), ("FAILED".into(), "PENDING".into()));
    assert_eq!(sendable(store, 100).await, [2, 9]);
}

async fn administrators_who_may_log_in_are_known(store: &Store) {
    for (name, role, disabled) in
        [("b", Role::Admin, false), ("a", Role::Admin, false), ("u", Role::User, false), ("off", Role::Admin, true)]
    {
        let user = User {
            id: name.into(),
            email: format!("{name}@x.example"),
            name: name.into(),
            password_hash: String::new(),
            disabled,
            created_ms: 1,
        };
        store.add_user(&user, &team(), role).await.unwrap();
    }
    assert_eq!(store.admin_emails(&team(), 9).await.unwrap(), ["a@x.example", "b@x.example"]);
    assert_eq!(store.admin_emails(&team(), 1).await.unwrap().len(), 1);
    assert!(store.admin_emails(&other_team(), 9).await.unwrap().is_empty());
}

fn review(id: i64) -> Review {
    Review {
        team: team(),
        id,
        identity_id: "a".into(),
        status: ReviewStatus::Pending,
        feedback: Some(ODD[1].into()),
        summary: None,
        error: None,
        requested_by: "ann".into(),
        created_ms: id,
        completed_ms: None,
        attempts: 0,
        model: None,
        duration_ms: None,
    }
}

fn failed(error: &str) -> ReviewOutcome {
    ReviewOutcome { error: Some(error.into()), ..ReviewOutcome::default() }
}

async fn a_review_is_claimed_by_one_and_completed_once(store: &Store) {
    for id in [1, 2] {
        store.add_review(&review(id)).await.unwrap();
    }
    let claim = async |now_ms: i64| store.claim_review(now_ms, now_ms + 100).await.unwrap().map(|held| held.id);
    assert_eq!(store.claim_review(1_000, 1_100).await.unwrap(), Some(review(1)));
    assert_eq!((claim(1_001).await, claim(1_002).await), (Some(2), None), "each is claimed by one");
    assert_eq!(claim(1_100).await, Some(1), "until its claim is over");
    store.release_reviews().await.unwrap();
    assert_eq!(claim(1_101).await, Some(1));
    let transcript = Transcript {
        model: Some("m".into()),
        prompt: "[]".into(),
        answer: Some(ODD[0].into()),
        duration_ms: Some(40),
        attempts: 2,
    };
    let done = ReviewOutcome { summary: Some("fine".into()), error: None, transcript: Some(transcript.clone()) };
    store.complete_review(&team(), 1, &done, 9).await.unwrap();
    store.complete_review(&team(), 1, &failed("late"), 10).await.unwrap();
    store
        .complete_review(&team(), 2, &ReviewOutcome { summary: Some("low".into()), ..failed("no model") }, 9)
        .await
        .unwrap();
    let finished = Review {
        status: ReviewStatus::Finished,
        summary: Some("fine".into()),
        completed_ms: Some(9),
        attempts: 2,
        model: Some("m".into()),
        duration_ms: Some(40),
        ..review(1)
    };
    let broken = Review {
        status: ReviewStatus::Failed,
        summary: Some("low".into()),
        error: Some("no model".into()),
        completed_ms: Some(9),
        ..review(2)
    };
    assert_eq!(store.reviews(&team(), "a").await.unwrap(), [broken, finished]);
    assert!(store.reviews(&other_team(), "a").await.unwrap().is_empty());
    assert_eq!(store.transcript(&team(), "a", 1).await.unwrap(), Some(transcript));
    assert_eq!(store.transcript(&team(), "a", 2).await.unwrap(), Some(Transcript::default()), "no model was asked");
    assert_eq!(store.transcript(&team(), "b", 1).await.unwrap(), None);
    assert_eq!(store.transcript(&other_team(), "a", 1).await.unwrap(), None);
    assert_eq!(claim(9_000).await, None);
}

async fn a_review_that_failed_is_taken_up_again_in_time(store: &Store) {
    store.add_review(&review(1)).await.unwrap();
    store.claim_review(10, 1_000).await.unwrap();
    let transcript = Transcript { model: Some("m".into()), prompt: "[]".into(), attempts: 1, ..Transcript::default() };
    store.postpone_review(&team(), 1, "busy", &transcript, 50).await.unwrap();
    assert_eq!(store.claim_review(49, 99).await.unwrap(), None);
    let again = store.claim_review(50, 99).await.unwrap().unwrap();
    assert_eq!((again.attempts, again.error.as_deref(), again.status), (1, Some("busy"), ReviewStatus::Pending));
    store.postpone_review(&other_team(), 1, "x", &transcript, 0).await.unwrap();
    assert_eq!(store.claim_review(60, 99).await.unwrap(), None);
}

async fn a_team_with_many_reviews_does_not_hold_others_up(store: &Store) {
    for id in 1..=REVIEWS_PENDING_MAX {
        store.add_review(&review(id)).await.unwrap();
    }
    let one_more = store.add_review(&review(500)).await;
    assert!(matches!(one_more, Err(StoreError::Conflict(_))), "{one_more:?}");
    for id in [600, 601] {
        store.add_review(&Review { team: other_team(), ..review(id) }).await.unwrap();
    }
    let claim = async || store.claim_review(1_000, 2_000).await.unwrap().map(|held| held.id);
    let claimed = [claim().await, claim().await, claim().await, claim().await, claim().await];
    assert_eq!(claimed, [Some(1), Some(600), Some(2), Some(601), Some(3)], "in turns");
    store.complete_review(&team(), 1, &failed("x"), 1_000).await.unwrap();
    store.add_review(&review(500)).await.unwrap();
}

//! What is older than a team keeps it goes, and nothing else.

use super::support::*;
use dregs_engine::rules::{Severity, Status};
use dregs_store::{
    ActorKind, AuditEntry, Channel, ChannelConfig, Commit, DeliveryWrite, Escalation, EscalationChange,
    EscalationWrites, Kept, Note, ParkedEvent, RETENTION_KINDS, Retention, RetentionKind, Review, ReviewStatus, Store,
};

on_both!(
    a_team_keeps_what_it_says,
    old_events_go_with_or_without_an_owner,
    old_cycles_go_but_for_what_an_open_escalation_rests_on,
    finished_deliveries_reviews_and_parked_events_go,
    those_who_are_silent_are_found,
    old_lines_of_the_audit_log_go,
);

const KEPT: Kept = Kept { from_ms: 1_000, from_id: 100 };

/// Removes all of a kind that is older. Returns how many rows.
async fn remove(store: &Store, kind: RetentionKind) -> u64 {
    let counted = store.count_old(&team(), kind, KEPT).await.unwrap();
    assert_eq!(store.count_old(&other_team(), kind, KEPT).await.unwrap(), 0);
    let (mut removed, mut after) = (0, Some(String::new()));
    while let Some(from) = after {
        let (rows, next) = store.remove_old(&team(), kind, KEPT, &from).await.unwrap();
        removed += rows;
        after = next;
    }
    assert_eq!(removed, counted, "{kind:?}: a preview says what goes");
    assert_eq!(store.count_old(&team(), kind, KEPT).await.unwrap(), 0);
    removed
}

async fn a_team_keeps_what_it_says(store: &Store) {
    let held = store.retention(&team()).await.unwrap();
    assert_eq!(held, Retention::default());
    let set: Vec<Option<u32>> = RETENTION_KINDS.into_iter().map(|kind| held.days(kind)).collect();
    assert_eq!(set.iter().flatten().collect::<Vec<_>>(), [&90, &400], "finished deliveries, the audit log");
    let changed = Retention { events_days: Some(30), deliveries_days: None, ..held };
    let refused = store.change_retention(&team(), 4, |_| Err("no")).await.unwrap();
    assert_eq!(refused, Err("no"));
    let own = team();
    let (one, another) = tokio::join!(
        store.change_retention(&own, 5, |held| Ok::<_, ()>(Retention { events_days: Some(30), ..held })),
        store.change_retention(&own, 5, |held| Ok::<_, ()>(Retention { deliveries_days: None, ..held })),
    );
    assert!(one.unwrap().is_ok() && another.unwrap().is_ok());
    assert_eq!(store.retention(&team()).await.unwrap(), changed);
    assert_eq!(store.retention(&other_team()).await.unwrap(), Retention::default());
}

async fn old_events_go_with_or_without_an_owner(store: &Store) {
    let mut commit = new_identities(&["a"]);
    let named = |seq: i64, owner: Option<&str>| in_group(event(seq, &format!("e{seq}"), owner), "team", "g");
    commit.events =
        vec![named(1, Some("a")), named(2, None), named(3, Some("a")), named(100, Some("a")), named(101, None)];
    store.commit(&team(), &commit).await.unwrap();
    let left = async || store.events(&team(), &Default::default(), &all("e.timestamp_ms")).await.unwrap().total;
    assert_eq!(remove(store, RetentionKind::AnonymousEvents).await, 1);
    assert_eq!(left().await, 4);
    assert_eq!(remove(store, RetentionKind::Events).await, 2);
    let filter = dregs_store::EventFilter { group: Some("g".into()), ..Default::default() };
    let of_group = store.events(&team(), &filter, &all("e.timestamp_ms")).await.unwrap();
    assert_eq!((left().await, of_group.total), (2, 2));
    assert_sound(store).await;
}

fn escalation(id: i64, cycle_id: i64) -> Escalation {
    Escalation {
        id,
        identity_id: "a".into(),
        identity_name: None,
        rule_id: format!("r{id}"),
        rule_name: "Rule".into(),
        severity: Severity::Warning,
        status: Status::Open,
        shadow: false,
        scores: [None; 4],
        cycle_id,
        created_ms: 50,
        opened_ms: Some(50),
        acknowledged_ms: None,
        acknowledged_by: None,
        closed_ms: None,
        closed_by: None,
        assigned_to: None,
    }
}

async fn old_cycles_go_but_for_what_an_open_escalation_rests_on(store: &Store) {
    let mut commit = new_identities(&["a", "b"]);
    commit.cycles = vec![cycle("a", 1, 1), cycle("a", 2, 2), cycle("a", 200, 3), cycle("b", 3, 1)];
    commit.escalations = EscalationWrites { begun: vec![escalation(7, 2), escalation(8, 1)], ..Default::default() };
    store.commit(&team(), &commit).await.unwrap();
    let note = Note { id: 9, author: "ana".into(), body: "done".into(), created_ms: 60 };
    store.add_escalation_note(&team(), 8, &note).await.unwrap();
    let close = EscalationChange { status: Some(Status::Closed), ..EscalationChange::default() };
    store.change_escalation(&team(), 8, &close, "ana", 70, &[]).await.unwrap();
    assert_eq!(remove(store, RetentionKind::Cycles).await, 2);
    let ids = async |id: &str| {
        let history = store.history(&team(), id, 9).await.unwrap();
        history.into_iter().map(|cycle| cycle.id).collect::<Vec<_>>()
    };
    assert_eq!((ids("a").await, ids("b").await), (vec![200, 2], vec![]));
    assert!(store.cycle(&team(), "a", Some(2)).await.unwrap().unwrap().evidence.is_some());

    assert_eq!(remove(store, RetentionKind::Escalations).await, 0, "its rule still watches it");
    let forget = EscalationWrites {
        changed: vec![(8, dregs_engine::rules::escalation::Change::Forget)],
        now_ms: 80,
        ..EscalationWrites::default()
    };
    store.commit(&team(), &Commit { escalations: forget, ..Commit::default() }).await.unwrap();
    assert_eq!(remove(store, RetentionKind::Escalations).await, 1);
    assert!(store.escalation_notes(&team(), 8).await.unwrap().is_empty());
    assert!(store.escalation(&team(), 7).await.unwrap().is_some());
}

async fn finished_deliveries_reviews_and_parked_events_go(store: &Store) {
    for id in ["c1", "c2"] {
        let channel = Channel {
            id: id.into(),
            slug: id.into(),
            name: id.into(),
            config: ChannelConfig::Email { to: vec!["ops@example.com".into()] },
            secrets: Vec::new(),
            events: Vec::new(),
            enabled: true,
            disabled_reason: None,
            failing_since_ms: None,
            max_per_minute: None,
            digest_minutes: 0,
            resting_until_ms: None,
            created_ms: 1,
            updated_ms: 1,
        };
        store.add_channel(&team(), &channel).await.unwrap();
    }
    let delivery = |id: i64, channel: &str| DeliveryWrite {
        id,
        channel_id: channel.into(),
        identity_id: "a".into(),
        event: "IDENTITY_SCORED".into(),
        data: "{}".into(),
        created_ms: id,
    };
    let to_admins = delivery(3, "admins:t");
    let told = [delivery(1, "c1"), delivery(2, "c2"), delivery(300, "c2"), to_admins];
    store.add_deliveries(&team(), &told).await.unwrap();
    for channel in ["c2", "admins:t"] {
        store.give_up_deliveries(&team(), channel, "off", 5).await.unwrap();
    }
    assert_eq!(remove(store, RetentionKind::Deliveries).await, 2, "also what went to no channel of the table");
    assert!(store.delivery(&team(), 1).await.unwrap().is_some(), "it is still to be sent");
    assert!(store.delivery(&team(), 300).await.unwrap().is_some());

    let review = |id: i64, status: ReviewStatus, created_ms: i64| Review {
        team: team(),
        id,
        identity_id: "a".into(),
        status,
        feedback: None,
        summary: None,
        error: None,
        requested_by: "ana".into(),
        created_ms,
        completed_ms: None,
        attempts: 0,
        model: None,
        duration_ms: None,
    };
    for (id, status, created_ms) in
        [(1, ReviewStatus::Finished, 5), (2, ReviewStatus::Pending, 5), (3, ReviewStatus::Failed, 5_000)]
    {
        store.add_review(&review(id, status, created_ms)).await.unwrap();
    }
    assert_eq!(remove(store, RetentionKind::Reviews).await, 1);
    assert_eq!(store.reviews(&team(), "a").await.unwrap().len(), 2);

    for (id, parked_ms) in [("old", 5), ("young", 5_000)] {
        let parked = ParkedEvent { id: id.into(), event: "{}".into(), error: "x".into(), parked_ms };
        store.park(&team(), &parked).await.unwrap();
    }
    assert_eq!(remove(store, RetentionKind::ParkedEvents).await, 1);
    assert_eq!(store.parked(&team()).await.unwrap()[0].id, "young");
}

async fn those_who_are_silent_are_found(store: &Store) {
    let mut commit = new_identities(&["busy", "silent", "watched", "young"]);
    for write in &mut commit.identities {
        write.created_ms = if write.id == "young" { 2_000 } else { 10 };
        write.last_tracked_ms = Some(if write.id == "busy" { 3_000 } else { 20 });
    }
    let open = Escalation { identity_id: "watched".into(), ..escalation(7, 1) };
    commit.escalations = EscalationWrites { begun: vec![open], ..Default::default() };
    store.commit(&team(), &commit).await.unwrap();
    assert_eq!(store.inactive(&team(), KEPT, "").await.unwrap(), (vec!["silent".to_owned()], None));
    assert_eq!(store.inactive(&team(), KEPT, "silent").await.unwrap(), (vec![], None));
    assert_eq!(store.count_inactive(&team(), KEPT).await.unwrap(), 1);
    assert_eq!(store.count_inactive(&other_team(), KEPT).await.unwrap(), 0);
    assert_eq!(
        store.identity_ids(&team(), "silent").await.unwrap(),
        (vec!["watched".to_owned(), "young".to_owned()], None)
    );
}

async fn old_lines_of_the_audit_log_go(store: &Store) {
    let line = |id: i64, created_ms: i64| AuditEntry {
        id,
        created_ms,
        actor_kind: ActorKind::Key,
        actor_id: "k".into(),
        actor: "key".into(),
        action: "update".into(),
        path: "/x".into(),
        subject: None,
        other_subject: None,
        ip: None,
        request_id: "r".into(),
        fields: Vec::new(),
        status: None,
    };
    let lines: Vec<AuditEntry> = (0..1_003).map(|n| line(n + 1, n)).collect();
    store.add_audit_entries(&team(), &lines).await.unwrap();
    assert_eq!(remove(store, RetentionKind::Audit).await, 1_000);
    assert_eq!(store.audit_log(&team(), &Default::default(), &all("l.created_ms")).await.unwrap().total, 3);
}

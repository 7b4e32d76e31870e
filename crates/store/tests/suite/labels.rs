//! Labels, the budgets they decide about, and the past that backtests run over.

use super::support::*;
use dregs_engine::labels::LabelKind;
use dregs_engine::rules::backtest::Point;
use dregs_engine::rules::budget::WINDOW_MS;
use dregs_engine::rules::condition::Which;
use dregs_engine::rules::{BadgeKind, BadgeRule, Budget, Condition, EscalationRule, Severity, Status, slug_of};
use dregs_store::{
    BACKTESTS_PENDING_MAX, Backtest, BacktestStatus, BadgeFiring, Commit, CycleWrite, Escalation, EscalationWrites,
    LabelFilter, LabelWrite, PastIdentity, PastWindow, Store, StoreError,
};

on_both!(
    an_identity_has_one_label_and_its_earlier_ones_are_kept,
    a_label_keeps_the_scores_and_the_evidence_it_rests_on,
    labels_are_listed_by_kind_and_time,
    a_report_reads_every_label_of_its_span_once,
    a_badge_rule_that_is_wrong_too_often_is_paused_with_the_label_that_shows_it,
    an_escalation_rule_is_paused_and_counted_anew,
    what_is_long_past_or_of_another_team_counts_for_no_budget,
    backtests_wait_in_line_and_are_completed_once,
    a_past_is_read_from_the_scoring_before_the_window_on,
    openings_are_told_by_rule_and_identity,
);

const NOW_MS: i64 = WINDOW_MS * 3;

fn label(id: i64, kind: LabelKind, now_ms: i64) -> LabelWrite {
    LabelWrite { id, kind, note: None, escalation_id: None, by: "ann@example.com".into(), now_ms }
}

/// Labels an identity, and returns the rules that were paused by it.
async fn put(store: &Store, identity: &str, write: LabelWrite) -> Vec<String> {
    store.put_label(&team(), identity, &write).await.unwrap().unwrap().paused
}

async fn an_identity_has_one_label_and_its_earlier_ones_are_kept(store: &Store) {
    store.commit(&team(), &new_identities(&["a", "b"])).await.unwrap();
    assert!(store.put_label(&team(), "nobody", &label(1, LabelKind::Bot, 5)).await.unwrap().is_none());
    assert!(store.put_label(&other_team(), "a", &label(1, LabelKind::Bot, 5)).await.unwrap().is_none());
    let noted = LabelWrite { note: Some(ODD[1].into()), escalation_id: Some(77), ..label(1, LabelKind::Bot, 5) };
    put(store, "a", noted).await;
    put(store, "a", LabelWrite { by: "ben".into(), ..label(2, LabelKind::Legitimate, 6) }).await;
    let held = store.label(&team(), "a").await.unwrap().unwrap();
    assert_eq!((held.kind, held.labelled_by.as_str(), held.ended_ms), (LabelKind::Legitimate, "ben", None));
    let earlier = store.ended_labels(&team(), "a").await.unwrap();
    assert_eq!((earlier.len(), earlier[0].note.as_deref(), earlier[0].escalation_id), (1, Some(ODD[1]), Some(77)));
    assert_eq!((earlier[0].ended_ms, earlier[0].ended_by.as_deref()), (Some(6), Some("ben")));
    assert_eq!(store.identity(&team(), "a").await.unwrap().unwrap().label.map(|label| label.id), Some(2));
    assert!(store.identity(&team(), "b").await.unwrap().unwrap().label.is_none());
    assert!(store.label(&other_team(), "a").await.unwrap().is_none());
    assert!(store.ended_labels(&other_team(), "a").await.unwrap().is_empty());
    assert!(!store.end_label(&other_team(), "a", "eve", 7).await.unwrap());
    assert!(store.end_label(&team(), "a", "ann", 7).await.unwrap());
    assert!(!store.end_label(&team(), "a", "ann", 8).await.unwrap());
    assert_eq!(store.ended_labels(&team(), "a").await.unwrap().len(), 2);
    for n in 10..80 {
        put(store, "a", label(n, LabelKind::Spam, n)).await;
    }
    assert_eq!(store.ended_labels(&team(), "a").await.unwrap().len(), 49, "the oldest are dropped");
}

async fn a_label_keeps_the_scores_and_the_evidence_it_rests_on(store: &Store) {
    let mut write = identity("a", 1);
    write.scores = [Some(7), None, Some(60), Some(100)];
    let commit =
        Commit { identities: vec![write], cycles: vec![cycle("a", 1, 1), cycle("a", 2, 2)], ..Commit::default() };
    store.commit(&team(), &commit).await.unwrap();
    put(store, "a", label(1, LabelKind::Bot, 5)).await;
    let cycles = (3..=96).map(|id| cycle("a", id, id)).collect();
    store.commit(&team(), &Commit { identities: vec![identity("a", 2)], cycles, ..Commit::default() }).await.unwrap();
    let held = store.label(&team(), "a").await.unwrap().unwrap();
    assert_eq!((held.scores, held.cycle_id), ([Some(7), None, Some(60), Some(100)], Some(2)));
    let evidence = async |id| store.cycle(&team(), "a", Some(id)).await.unwrap().unwrap().evidence.is_some();
    assert!(evidence(2).await && !evidence(1).await && !evidence(3).await, "of old cycles that one keeps its evidence");
}

async fn labels_are_listed_by_kind_and_time(store: &Store) {
    store.commit(&team(), &new_identities(&["a", "b", "c"])).await.unwrap();
    put(store, "a", label(1, LabelKind::Bot, 30)).await;
    put(store, "b", label(2, LabelKind::Legitimate, 20)).await;
    put(store, "c", label(3, LabelKind::Spam, 10)).await;
    put(store, "c", label(4, LabelKind::Bot, 40)).await;
    let listed = async |kind, legitimate| {
        let filter = LabelFilter { kind, legitimate };
        let page = store.labels(&team(), &filter, &all("l.created_ms")).await.unwrap();
        assert_eq!(page.total, page.items.len() as u64);
        page.items.into_iter().map(|label| label.identity_id).collect::<Vec<_>>().concat()
    };
    assert_eq!(listed(None, None).await, "bac");
    assert_eq!(listed(Some(LabelKind::Bot), None).await, "ac");
    assert_eq!(listed(Some(LabelKind::Spam), None).await, "");
    assert_eq!((listed(None, Some(true)).await, listed(None, Some(false)).await), ("b".into(), "ac".into()));
    for sort in ["l.kind", "l.id"] {
        assert_eq!(store.labels(&team(), &LabelFilter::default(), &all(sort)).await.unwrap().total, 3);
    }
    assert_eq!(store.labels(&other_team(), &LabelFilter::default(), &all("l.id")).await.unwrap().total, 0);
}

async fn a_report_reads_every_label_of_its_span_once(store: &Store) {
    store.commit(&team(), &new_identities(&["a", "b", "c", "d"])).await.unwrap();
    for (n, id) in ["a", "b", "c", "d"].into_iter().enumerate() {
        put(store, id, label(n as i64 + 1, LabelKind::Spam, [10, 20, 20, 30][n])).await;
    }
    put(store, "a", label(9, LabelKind::Bot, 20)).await;
    let read = async |after: Option<&dregs_store::LabelledScores>| {
        store.labelled_scores(&team(), 20, 30, after).await.unwrap()
    };
    let found = read(None).await;
    assert_eq!(found.iter().map(|label| label.id).collect::<Vec<_>>(), [2, 3, 9]);
    assert_eq!(read(Some(&found[0])).await, found[1..]);
    assert!(read(Some(&found[2])).await.is_empty());
    assert!(store.labelled_scores(&other_team(), 0, 99, None).await.unwrap().is_empty());
}

fn marking(id: &str, name: &str, share: Option<f64>) -> BadgeRule {
    BadgeRule {
        id: id.into(),
        slug: slug_of(name),
        name: name.into(),
        kind: BadgeKind::Bad,
        conditions: vec![Condition::ScoreGt { category: Which::Any, threshold: 100 }],
        enabled: true,
        budget: Budget { share, ..Budget::default() },
        ..BadgeRule::default()
    }
}

fn fired(rule: &str, identity: &str, fired_ms: i64) -> BadgeFiring {
    BadgeFiring { rule_id: rule.into(), identity_id: identity.into(), fired_ms }
}

/// Identities `0` to `n`, whom the rule has marked.
async fn marked(store: &Store, rule: &str, slug: &str, n: usize, fired_ms: i64) -> Vec<String> {
    let ids: Vec<String> = (0..n).map(|n| n.to_string()).collect();
    let mut commit = new_identities(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    commit.badge_firings = ids.iter().map(|id| fired(rule, id, fired_ms)).collect();
    commit.badges = ids.iter().map(|id| (id.clone(), vec![badge(slug, fired_ms)])).collect();
    store.commit(&team(), &commit).await.unwrap();
    ids
}

async fn a_badge_rule_that_is_wrong_too_often_is_paused_with_the_label_that_shows_it(store: &Store) {
    store.put_badge_rule(&team(), &marking("r", "Wrong One", Some(0.2)), 1).await.unwrap();
    store.put_badge_rule(&team(), &marking("free", "Without Budget", None), 1).await.unwrap();
    let ids = marked(store, "r", "wrong-one", 12, NOW_MS - 5).await;
    let version = store.team_counts(&team()).await.unwrap().playbook_version;
    for (n, id) in ids.iter().take(9).enumerate() {
        let kind = if n < 3 { LabelKind::Bot } else { LabelKind::Legitimate };
        assert!(put(store, id, label(n as i64 + 1, kind, NOW_MS)).await.is_empty(), "{n}: too few labels");
    }
    assert_eq!(store.team_counts(&team()).await.unwrap().playbook_version, version);
    assert!(store.due(NOW_MS, 100).await.unwrap().is_empty());
    assert_eq!(put(store, "9", label(10, LabelKind::Legitimate, NOW_MS)).await, ["Wrong One"]);
    let rule = store.badge_rule(&team(), "wrong-one").await.unwrap().unwrap();
    let pause = rule.rule.budget.paused.unwrap();
    assert_eq!((pause.at_ms, rule.updated_ms), (NOW_MS, NOW_MS));
    assert!(pause.reason.contains("7 of 10"), "{}", pause.reason);
    assert_ne!(store.team_counts(&team()).await.unwrap().playbook_version, version);
    assert_eq!(store.due(NOW_MS, 100).await.unwrap().len(), 12, "all whom it marked are scored again");
    assert!(!store.badge_rule(&team(), "without-budget").await.unwrap().unwrap().rule.budget.is_paused());
    assert!(put(store, "10", label(11, LabelKind::Legitimate, NOW_MS)).await.is_empty(), "it is paused already");
}

fn opened(id: i64, identity: &str, rule: &str, opened_ms: i64) -> Escalation {
    Escalation {
        id,
        identity_id: identity.into(),
        identity_name: None,
        rule_id: rule.into(),
        rule_name: format!("rule {rule}"),
        severity: Severity::Info,
        status: Status::Open,
        shadow: false,
        scores: [None; 4],
        cycle_id: 1,
        created_ms: opened_ms,
        opened_ms: Some(opened_ms),
        acknowledged_ms: None,
        acknowledged_by: None,
        closed_ms: None,
        closed_by: None,
        assigned_to: None,
    }
}

async fn open(store: &Store, begun: Vec<Escalation>) {
    let escalations = EscalationWrites { begun, ..EscalationWrites::default() };
    store.commit(&team(), &Commit { escalations, ..Commit::default() }).await.unwrap();
}

async fn an_escalation_rule_is_paused_and_counted_anew(store: &Store) {
    let mut rule = EscalationRule {
        id: "r".into(),
        name: "Calls".into(),
        conditions: vec![Condition::ScoreGt { category: Which::Any, threshold: 100 }],
        budget: Budget { share: Some(0.0), ..Budget::default() },
        ..EscalationRule::default()
    };
    store.put_escalation_rule(&team(), &rule, 1).await.unwrap();
    let ids = marked(store, "other", "x", 30, NOW_MS).await;
    open(store, ids.iter().enumerate().map(|(n, id)| opened(n as i64 + 1, id, "r", NOW_MS - 5)).collect()).await;
    for (n, id) in ids.iter().take(9).enumerate() {
        assert!(put(store, id, label(n as i64 + 1, LabelKind::Legitimate, NOW_MS)).await.is_empty());
    }
    assert_eq!(put(store, "9", label(10, LabelKind::Legitimate, NOW_MS)).await, ["Calls"]);
    let paused = store.escalation_rule(&team(), "r").await.unwrap().unwrap().rule;
    assert!(paused.budget.is_paused());
    rule.budget = paused.budget;
    rule.budget.resume(NOW_MS + 1);
    store.put_escalation_rule(&team(), &rule, NOW_MS + 1).await.unwrap();
    for (n, id) in ids.iter().enumerate() {
        let late = label(n as i64 + 100, LabelKind::Legitimate, NOW_MS + 2);
        assert!(put(store, id, late).await.is_empty(), "what was opened before counts no longer");
    }
}

async fn what_is_long_past_or_of_another_team_counts_for_no_budget(store: &Store) {
    store.put_badge_rule(&team(), &marking("r", "Wrong", Some(0.0)), 1).await.unwrap();
    let ids = marked(store, "r", "wrong", 20, NOW_MS - WINDOW_MS - 1).await;
    let theirs = Commit { badge_firings: ids.iter().map(|id| fired("r", id, NOW_MS)).collect(), ..Commit::default() };
    store.commit(&other_team(), &theirs).await.unwrap();
    for (n, id) in ids.iter().enumerate() {
        assert!(put(store, id, label(n as i64 + 1, LabelKind::Legitimate, NOW_MS)).await.is_empty());
    }
    assert_eq!(store.prune_badge_firings(NOW_MS).await.unwrap(), 20);
    assert_eq!(store.prune_badge_firings(NOW_MS).await.unwrap(), 0);
}

async fn backtests_wait_in_line_and_are_completed_once(store: &Store) {
    for id in 1..=BACKTESTS_PENDING_MAX {
        store.add_backtest(&backtest(id)).await.unwrap();
    }
    let one_more = store.add_backtest(&backtest(9)).await;
    assert!(matches!(one_more, Err(StoreError::Conflict(_))), "{one_more:?}");
    store.add_backtest(&Backtest { team: other_team(), ..backtest(10) }).await.unwrap();
    assert_eq!(store.pending_backtest().await.unwrap(), Some(backtest(1)));
    store.advance_backtest(&team(), 1, 0.25).await.unwrap();
    store.advance_backtest(&other_team(), 1, 0.75).await.unwrap();
    assert_eq!(store.backtest(&team(), 1).await.unwrap().unwrap().progress, 0.25);
    assert!(store.backtest(&other_team(), 1).await.unwrap().is_none());
    assert!(store.complete_backtest(&team(), 1, Ok("{}"), 40, 50).await.unwrap());
    assert!(!store.complete_backtest(&team(), 1, Err("late"), 40, 60).await.unwrap());
    assert!(store.complete_backtest(&team(), 2, Err("no such badge"), 40, 60).await.unwrap());
    let done = store.backtest(&team(), 1).await.unwrap().unwrap();
    assert_eq!((done.status, done.result.as_deref(), done.progress), (BacktestStatus::Finished, Some("{}"), 1.0));
    let failed = store.backtest(&team(), 2).await.unwrap().unwrap();
    assert_eq!((failed.status, failed.error.as_deref()), (BacktestStatus::Failed, Some("no such badge")));
    store.add_backtest(&backtest(9)).await.unwrap();
    assert_eq!(store.prune_backtests(3).await.unwrap(), 2);
    assert_eq!(store.pending_backtest().await.unwrap().map(|held| held.id), Some(3));
}

/// The identities after one of them, with their past.
async fn past(store: &Store, team: &dregs_store::TeamId, after: &str, window: &PastWindow) -> Vec<PastIdentity> {
    let mut found = store.past_identities(team, after, window).await.unwrap();
    store.add_past(team, window, &mut found).await.unwrap();
    found
}

async fn a_past_is_read_from_the_scoring_before_the_window_on(store: &Store) {
    let mut commit = new_identities(&["a", "b", "c", "d"]);
    let at =
        |identity: &str, id: i64| CycleWrite { scores: [Some(id as u8), None, None, None], ..cycle(identity, id, 1) };
    commit.cycles = vec![at("a", 1), at("a", 2), at("a", 11), at("a", 12), at("b", 3), at("d", 20)];
    commit.badges = badges("b", &[badge("low", 4)]);
    store.commit(&team(), &commit).await.unwrap();
    open(store, vec![opened(5, "a", "r", 10), opened(6, "c", "r", 99)]).await;
    put(store, "c", label(1, LabelKind::Bot, 5)).await;
    store.set_identity_disregarded(&team(), "d", true, 9, nobody_told).await.unwrap();
    let window = PastWindow { from_ms: 50, from_cycle: 10, badge: "low".into(), rule_id: String::new() };
    let found = past(store, &team(), "", &window).await;
    let point = |id: i64| Point { at_ms: id * 10 + 5, scores: [Some(id as u8), None, None, None] };
    let mark = |held: &PastIdentity| (held.id.clone(), held.points.clone(), held.acted, held.label);
    let expected = |of_b: bool, of_c: bool| {
        [
            ("a".to_owned(), vec![point(2), point(11), point(12)], false, None),
            ("b".to_owned(), vec![point(3)], of_b, None),
            ("c".to_owned(), vec![], of_c, Some(LabelKind::Bot)),
        ]
    };
    assert_eq!(found.iter().map(mark).collect::<Vec<_>>(), expected(true, false), "who has the badge now");
    let of_rule = PastWindow { badge: String::new(), rule_id: "r".into(), ..window.clone() };
    let opened = past(store, &team(), "", &of_rule).await;
    assert_eq!(
        opened.iter().map(mark).collect::<Vec<_>>(),
        expected(false, true),
        "whom it opened one about in the window"
    );
    assert_eq!(found[0].created_ms, 1_000);
    assert_eq!(past(store, &team(), "a", &PastWindow::default()).await.len(), 2);
    assert!(past(store, &team(), "c", &window).await.is_empty());
    assert!(past(store, &other_team(), "", &window).await.is_empty());
}

async fn openings_are_told_by_rule_and_identity(store: &Store) {
    store.commit(&team(), &new_identities(&["a", "b"])).await.unwrap();
    put(store, "a", label(1, LabelKind::Legitimate, 5)).await;
    let again = |id, opened_ms| Escalation { status: Status::Closed, ..opened(id, "a", "live", opened_ms) };
    let silent = Escalation { shadow: true, ..opened(4, "a", "silent", 100) };
    let pending = Escalation { status: Status::Pending, opened_ms: None, ..opened(5, "b", "silent", 100) };
    let other = |id, rule: &str| Escalation { shadow: true, ..opened(id, "b", rule, 100) };
    open(store, vec![again(1, 200), silent, pending, other(6, "another silent")]).await;
    open(store, vec![opened(7, "b", "live", 300), opened(8, "b", "old", 10)]).await;
    let own = store.openings_of(&team(), "silent", 50).await.unwrap();
    assert_eq!(own.len(), 1);
    assert_eq!((own[0].identity_id.as_str(), own[0].opened_ms, own[0].label), ("a", 100, Some(LabelKind::Legitimate)));
    let live = store.live_openings(&team(), "silent", 50).await.unwrap();
    let seen: Vec<_> = live.iter().map(|held| (held.rule_name.as_str(), held.identity_id.as_str())).collect();
    assert_eq!(seen, [("rule live", "a"), ("rule live", "b")]);
    assert!(store.live_openings(&team(), "live", 50).await.unwrap().is_empty());
    assert!(store.openings_of(&other_team(), "silent", 0).await.unwrap().is_empty());
    assert!(store.live_openings(&other_team(), "x", 0).await.unwrap().is_empty());
}

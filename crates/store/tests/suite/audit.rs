//! The audit log.

use super::support::*;
use dregs_store::{ActorKind, AuditEntry, AuditFilter, AuditOutcome, ListQuery, Order, Store};

on_both!(
    a_line_is_found_by_what_it_says,
    an_outcome_is_noted_on_its_line,
    what_is_not_there_is_not_named,
    a_team_finds_its_own_lines_alone
);

fn line(id: i64, action: &str, subject: Option<&str>) -> AuditEntry {
    AuditEntry {
        id,
        created_ms: id * 1000,
        actor_kind: ActorKind::Person,
        actor_id: "u1".into(),
        actor: "ada@example.com".into(),
        action: action.into(),
        path: ODD[0].into(),
        subject: subject.map(str::to_owned),
        other_subject: None,
        ip: None,
        request_id: "r".into(),
        fields: Vec::new(),
        status: None,
    }
}

async fn found(store: &Store, filter: AuditFilter) -> Vec<AuditEntry> {
    let query = ListQuery { page_number: 0, page_size: 10, sort: "l.created_ms", order: Order::Desc };
    store.audit_log(&team(), &filter, &query).await.unwrap().items
}

async fn ids(store: &Store, filter: AuditFilter) -> Vec<i64> {
    found(store, filter).await.into_iter().map(|line| line.id).collect()
}

async fn a_line_is_found_by_what_it_says(store: &Store) {
    let pair = AuditEntry { other_subject: Some(ODD[1].into()), ..line(3, "decide", Some("x")) };
    let lines = [line(1, "update", Some(ODD[1])), line(2, "erase", None), pair];
    store.add_audit_entries(&team(), &lines).await.unwrap();
    assert_eq!(found(store, AuditFilter::default()).await, [lines[2].clone(), lines[1].clone(), lines[0].clone()]);
    let about = AuditFilter { subject: Some(ODD[1].into()), ..AuditFilter::default() };
    assert_eq!(ids(store, about).await, [3, 1], "as either of two");
    assert_eq!(ids(store, AuditFilter { action: Some("erase".into()), ..AuditFilter::default() }).await, [2]);
    assert_eq!(ids(store, AuditFilter { actor: Some("nobody".into()), ..AuditFilter::default() }).await, [0; 0]);
    let between = AuditFilter { from_ms: Some(2000), to_ms: Some(3000), ..AuditFilter::default() };
    assert_eq!(ids(store, between).await, [2]);
}

async fn an_outcome_is_noted_on_its_line(store: &Store) {
    store.add_audit_entries(&team(), &[line(1, "update", None), line(2, "update", None)]).await.unwrap();
    let outcome = AuditOutcome { id: 2, status: 204, fields: vec!["name".into(), "role".into()], route: None };
    store.note_audit_outcomes(&team(), std::slice::from_ref(&outcome)).await.unwrap();
    store.note_audit_outcomes(&other_team(), &[AuditOutcome { id: 1, ..outcome.clone() }]).await.unwrap();
    let lines = found(store, AuditFilter::default()).await;
    assert_eq!((lines[0].status, &lines[0].fields), (Some(204), &outcome.fields));
    assert_eq!((lines[1].status, lines[1].fields.len()), (None, 0));
}

async fn what_is_not_there_is_not_named(store: &Store) {
    let pair = AuditEntry { other_subject: Some("y".into()), ..line(1, "decide", Some("x")) };
    store.add_audit_entries(&team(), &[pair]).await.unwrap();
    let outcome = AuditOutcome { id: 1, status: 404, fields: Vec::new(), route: Some("/identities/{id}".into()) };
    store.note_audit_outcomes(&team(), &[outcome]).await.unwrap();
    let held = found(store, AuditFilter::default()).await.remove(0);
    assert_eq!((held.path.as_str(), held.subject, held.other_subject), ("/identities/{id}", None, None));
}

async fn a_team_finds_its_own_lines_alone(store: &Store) {
    store.add_audit_entries(&other_team(), &[line(1, "update", None)]).await.unwrap();
    assert!(found(store, AuditFilter::default()).await.is_empty());
}

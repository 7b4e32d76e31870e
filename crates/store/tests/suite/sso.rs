//! Who of ours is who at a provider.

use super::support::*;
use dregs_store::{
    Invitation, Invited, Joined, Login, Membership, Role, Store, StoreError, Subject, Team, TeamId, User,
};

on_both!(
    a_person_is_found_by_issuer_and_subject_together,
    a_person_is_one_person_at_a_provider_and_may_be_known_at_several,
    who_is_unbound_is_unknown_there_and_logged_out,
    somebody_joins_bound_or_not_at_all,
    the_newest_invitation_of_an_address_is_found_in_any_team,
    the_first_team_of_a_person_is_told_though_they_may_not_work_in_it,
);

fn user(id: &str) -> User {
    User {
        id: id.into(),
        email: format!("{id}@example.org"),
        name: ODD[0].into(),
        password_hash: String::new(),
        disabled: false,
        created_ms: 3,
    }
}

fn subject(issuer: &str, subject: &str) -> Subject {
    Subject { issuer: format!("https://{issuer}.example"), subject: subject.into() }
}

async fn add_team(store: &Store, id: &TeamId) {
    let team = Team { id: id.clone(), name: id.as_str().into(), monthly_event_limit: None, created_ms: 1 };
    store.add_team(&team).await.unwrap();
}

async fn a_person_is_found_by_issuer_and_subject_together(store: &Store) {
    store.add_user(&user("ann"), &team(), Role::User).await.unwrap();
    assert_eq!(store.bound_user(&subject("a", "1")).await.unwrap(), None);
    assert!(store.bind_user("ann", &subject("a", "1"), 7).await.unwrap());
    assert!(store.bind_user("ann", &subject("a", "1"), 8).await.unwrap(), "again changes nothing");
    assert_eq!(store.bound_user(&subject("a", "1")).await.unwrap(), Some(user("ann")));
    for other in [subject("b", "1"), subject("a", "2"), subject("a", "1 ")] {
        assert_eq!(store.bound_user(&other).await.unwrap(), None, "{other:?}");
    }
    let held = store.bindings_of("ann").await.unwrap();
    assert_eq!((held.len(), held[0].issuer.as_str(), held[0].bound_ms), (1, "https://a.example", 7));
}

async fn a_person_is_one_person_at_a_provider_and_may_be_known_at_several(store: &Store) {
    for id in ["ann", "bob"] {
        store.add_user(&user(id), &team(), Role::User).await.unwrap();
    }
    assert!(store.bind_user("ann", &subject("a", "1"), 7).await.unwrap());
    assert!(!store.bind_user("bob", &subject("a", "1"), 8).await.unwrap(), "that is Ann");
    assert!(!store.bind_user("ann", &subject("a", "2"), 8).await.unwrap(), "Ann is somebody else");
    assert!(store.bind_user("ann", &subject("b", "2"), 9).await.unwrap());
    assert!(store.bind_user("bob", &subject("a", "2"), 9).await.unwrap());
    assert_eq!(store.bound_user(&subject("a", "1")).await.unwrap().unwrap().id, "ann");
    assert_eq!(store.bound_user(&subject("a", "2")).await.unwrap().unwrap().id, "bob");
    let issuers: Vec<String> = store.bindings_of("ann").await.unwrap().into_iter().map(|held| held.issuer).collect();
    assert_eq!(issuers, ["https://a.example", "https://b.example"]);
}

async fn who_is_unbound_is_unknown_there_and_logged_out(store: &Store) {
    store.add_user(&user("ann"), &team(), Role::User).await.unwrap();
    store.bind_user("ann", &subject("a", "1"), 7).await.unwrap();
    let login = Login {
        token_hash: "token".into(),
        id: "ses_1".into(),
        team: team(),
        user_id: "ann".into(),
        address: None,
        created_ms: 10,
        expires_ms: 20,
        last_used_ms: None,
    };
    store.add_login(&login).await.unwrap();
    assert!(store.unbind_user("ann").await.unwrap());
    assert!(!store.unbind_user("ann").await.unwrap());
    assert_eq!(store.bound_user(&subject("a", "1")).await.unwrap(), None);
    assert_eq!(store.login("token", 15).await.unwrap(), None);
    assert!(store.bind_user("ann", &subject("a", "2"), 8).await.unwrap());
}

async fn somebody_joins_bound_or_not_at_all(store: &Store) {
    add_team(store, &team()).await;
    let joined = store.join_bound(&team(), &user("ann"), Role::Viewer, &subject("a", "1"), 5).await.unwrap();
    assert_eq!(joined, Joined::Done(Membership { team: team(), user_id: "ann".into(), role: Role::Viewer }));
    assert_eq!(store.bound_user(&subject("a", "1")).await.unwrap(), Some(user("ann")));
    assert_eq!(store.people(&team()).await.unwrap()[0].joined_ms, 5);
    let copy = store.join_bound(&team(), &user("bob"), Role::Admin, &subject("a", "1"), 6).await.unwrap();
    assert_eq!(copy, Joined::Gone);
    assert_eq!(store.user("bob").await.unwrap(), None, "nothing of it is written");
    let again = store.join_bound(&team(), &user("ann"), Role::Admin, &subject("a", "2"), 6).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))));
    assert_eq!(store.bound_user(&subject("a", "2")).await.unwrap(), None);
}

fn invitation(team: TeamId, id: &str, created_ms: i64) -> Invitation {
    Invitation {
        team,
        id: id.into(),
        email: "ann@example.org".into(),
        role: Role::User,
        token_hash: format!("hash-{id}"),
        invited_by: "eve".into(),
        inviter_id: None,
        created_ms,
        expires_ms: created_ms + 100,
    }
}

async fn the_newest_invitation_of_an_address_is_found_in_any_team(store: &Store) {
    assert_eq!(store.newest_invitation("ann@example.org", 0).await.unwrap(), None);
    for (team, id, at_ms) in [(team(), "1", 10), (other_team(), "2", 20)] {
        add_team(store, &team).await;
        assert_eq!(store.invite(&team, &invitation(team.clone(), id, at_ms)).await.unwrap(), Invited::Done);
    }
    let newest = async |now_ms| store.newest_invitation("ann@example.org", now_ms).await.unwrap().map(|held| held.id);
    assert_eq!((newest(30).await.as_deref(), newest(120).await), (Some("2"), None));
    assert_eq!(store.newest_invitation("bob@example.org", 30).await.unwrap(), None);
    assert!(store.withdraw_invitation(&other_team(), "2").await.unwrap());
    assert_eq!(newest(30).await.as_deref(), Some("1"));
}

async fn the_first_team_of_a_person_is_told_though_they_may_not_work_in_it(store: &Store) {
    assert_eq!(store.first_team_of("ann").await.unwrap(), None);
    add_team(store, &team()).await;
    store.add_user(&user("bob"), &team(), Role::Admin).await.unwrap();
    store.add_user(&user("ann"), &team(), Role::User).await.unwrap();
    let out = dregs_store::MembershipChange { disabled: Some(true), role: None };
    store.change_membership(&team(), "ann", out).await.unwrap();
    assert!(store.memberships("ann").await.unwrap().is_empty());
    assert_eq!(store.first_team_of("ann").await.unwrap(), Some(team()));
}

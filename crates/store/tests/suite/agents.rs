//! What agents may do for people, and the clients that ask for it.

use super::support::*;
use dregs_store::{AgentGrant, GrantKind, IssuedTokens, MembershipChange, OauthClient, Role, Store, User};

on_both!(
    a_token_is_its_persons_until_it_expires_or_is_revoked,
    a_person_has_so_many_tokens,
    of_somebody_who_is_out_no_token_works,
    of_somebody_who_is_shut_out_of_the_team_no_token_works,
    a_new_password_ends_what_agents_may_do,
    one_person_sees_their_own_and_the_team_sees_all,
    another_team_finds_no_grant,
    a_code_is_redeemed_once,
    a_family_has_one_refresh_token_that_counts,
    clients_somebody_let_in_make_room,
    unused_clients_give_way_and_used_ones_stay,
    a_client_that_holds_a_grant_stays,
);

fn person(id: &str) -> User {
    User {
        id: id.into(),
        email: format!("{id}@example.org"),
        name: "N. N.".into(),
        password_hash: "$argon2id$x".into(),
        disabled: false,
        created_ms: 1,
    }
}

fn grant(id: &str, user_id: &str, kind: GrantKind) -> AgentGrant {
    AgentGrant {
        team: team(),
        id: id.into(),
        user_id: user_id.into(),
        kind,
        name: ODD[1].into(),
        read_only: true,
        client_id: (kind == GrantKind::Oauth).then(|| "client".into()),
        created_ms: 10,
        expires_ms: (kind == GrantKind::Oauth).then_some(70),
        last_used_ms: None,
    }
}

fn issued(token: &str, refresh: &str) -> IssuedTokens {
    IssuedTokens {
        token_hash: token.into(),
        token_expires_ms: 100,
        family_hash: "family".into(),
        refresh_hash: refresh.into(),
        expires_ms: 1_000,
    }
}

async fn with_person(store: &Store, id: &str, role: Role) {
    store.add_user(&person(id), &team(), role).await.unwrap();
}

async fn add_token(store: &Store, id: &str, user_id: &str, hash: &str) -> bool {
    store.add_agent_token(&grant(id, user_id, GrantKind::Token), hash, 2).await.unwrap()
}

async fn works(store: &Store, hash: &str, now_ms: i64) -> bool {
    store.agent_by_token(hash, now_ms).await.unwrap().is_some()
}

async fn a_token_is_its_persons_until_it_expires_or_is_revoked(store: &Store) {
    with_person(store, "u", Role::User).await;
    assert!(add_token(store, "for ever", "u", "a").await);
    let agent = store.agent_by_token("a", i64::MAX).await.unwrap().unwrap();
    assert_eq!((agent.role, &agent.grant), (Role::User, &grant("for ever", "u", GrantKind::Token)));
    let ends = AgentGrant { expires_ms: Some(50), ..grant("ends", "u", GrantKind::Token) };
    assert!(store.add_agent_token(&ends, "b", 9).await.unwrap());
    assert!(works(store, "b", 49).await && !works(store, "b", 50).await && !works(store, "unknown", 1).await);
    store.touch_agent_grant(&team(), "ends", 33).await.unwrap();
    assert_eq!(store.agent_by_token("b", 40).await.unwrap().unwrap().grant.last_used_ms, Some(33));
    assert!(!store.revoke_agent_grant(&team(), "ends", Some("somebody else")).await.unwrap());
    assert!(store.revoke_agent_grant(&team(), "ends", Some("u")).await.unwrap());
    assert!(!store.revoke_agent_grant(&team(), "ends", None).await.unwrap());
    assert!(!works(store, "b", 40).await && works(store, "a", 40).await);
}

async fn a_person_has_so_many_tokens(store: &Store) {
    with_person(store, "u", Role::User).await;
    with_person(store, "v", Role::User).await;
    let ends = AgentGrant { expires_ms: Some(15), ..grant("ends", "u", GrantKind::Token) };
    assert!(store.add_agent_token(&ends, "a", 2).await.unwrap());
    assert!(add_token(store, "second", "u", "b").await);
    assert!(!add_token(store, "third", "u", "c").await, "two are the limit");
    assert!(add_token(store, "of v", "v", "d").await, "another person has their own");
    let later = AgentGrant { created_ms: 15, ..grant("third", "u", GrantKind::Token) };
    assert!(store.add_agent_token(&later, "c", 2).await.unwrap(), "the expired one makes room");
}

async fn of_somebody_who_is_out_no_token_works(store: &Store) {
    let disabled = User { disabled: true, ..person("u") };
    store.add_user(&disabled, &team(), Role::Admin).await.unwrap();
    assert!(add_token(store, "a", "u", "a").await);
    assert!(add_token(store, "b", "stranger", "b").await);
    store.add_oauth_grant(&grant("c", "u", GrantKind::Oauth), "code", "{}", 9).await.unwrap();
    assert!(!works(store, "a", 1).await && !works(store, "b", 1).await);
    assert_eq!(store.agent_grant_by_code("code", 20).await.unwrap(), None);
    store.redeem_agent_code(&team(), "c", &issued("t", "r")).await.unwrap();
    assert_eq!(store.agent_grant_by_family("family", 20).await.unwrap(), None);
}

async fn a_new_password_ends_what_agents_may_do(store: &Store) {
    with_person(store, "u", Role::User).await;
    with_person(store, "v", Role::User).await;
    with_person(store, "boss", Role::Admin).await;
    assert!(add_token(store, "a", "u", "a").await && add_token(store, "b", "v", "b").await);
    store.set_password("u", "$argon2id$new").await.unwrap();
    assert!(!works(store, "a", 1).await && works(store, "b", 1).await);
    store.end_membership(&team(), "v").await.unwrap();
    assert!(!works(store, "b", 1).await);
}

async fn of_somebody_who_is_shut_out_of_the_team_no_token_works(store: &Store) {
    with_person(store, "boss", Role::Admin).await;
    with_person(store, "u", Role::User).await;
    assert!(add_token(store, "a", "u", "a").await);
    let change = |disabled| MembershipChange { disabled: Some(disabled), ..MembershipChange::default() };
    store.change_membership(&team(), "u", change(true)).await.unwrap();
    assert!(!works(store, "a", 1).await);
    store.change_membership(&team(), "u", change(false)).await.unwrap();
    assert!(!works(store, "a", 1).await, "nor once they are let in again");
}

async fn one_person_sees_their_own_and_the_team_sees_all(store: &Store) {
    with_person(store, "u", Role::User).await;
    with_person(store, "v", Role::User).await;
    assert!(add_token(store, "a", "u", "a").await && add_token(store, "b", "v", "b").await);
    store.add_oauth_grant(&grant("waits", "u", GrantKind::Oauth), "code", "{}", 9).await.unwrap();
    let seen = async |user: Option<&str>, now_ms| {
        let held = store.agent_grants(&team(), user, now_ms).await.unwrap();
        held.into_iter().map(|(grant, email)| (grant.id, email)).collect::<Vec<_>>()
    };
    let of = |id: &str, user: &str| (id.to_owned(), format!("{user}@example.org"));
    assert_eq!(seen(Some("u"), 20).await, [of("a", "u")], "what waits for its code is nothing yet");
    assert_eq!(seen(None, 20).await, [of("b", "v"), of("a", "u")]);
    store.redeem_agent_code(&team(), "waits", &issued("t", "r")).await.unwrap();
    assert_eq!(seen(Some("u"), 20).await, [of("waits", "u"), of("a", "u")]);
    assert_eq!(seen(Some("u"), 1_000).await, [of("a", "u")], "and the expired is gone");
    assert!(seen(Some("w"), 20).await.is_empty());
}

async fn another_team_finds_no_grant(store: &Store) {
    with_person(store, "u", Role::User).await;
    assert!(add_token(store, "a", "u", "a").await);
    store.add_oauth_grant(&grant("c", "u", GrantKind::Oauth), "code", "{}", 9).await.unwrap();
    let other = other_team();
    assert!(store.agent_grants(&other, None, 1).await.unwrap().is_empty());
    assert!(!store.revoke_agent_grant(&other, "a", None).await.unwrap());
    assert!(!store.redeem_agent_code(&other, "c", &issued("t", "r")).await.unwrap());
    store.touch_agent_grant(&other, "a", 5).await.unwrap();
    store.end_membership(&other, "u").await.unwrap();
    let held = store.agent_by_token("a", 1).await.unwrap().unwrap();
    assert_eq!(held.grant.last_used_ms, None);
}

async fn a_code_is_redeemed_once(store: &Store) {
    with_person(store, "u", Role::User).await;
    store.add_oauth_grant(&grant("g", "u", GrantKind::Oauth), "code", "bound", 9).await.unwrap();
    let held = store.agent_grant_by_code("code", 69).await.unwrap().unwrap();
    assert_eq!((held.bound.as_str(), held.redeemed, held.grant), ("bound", false, grant("g", "u", GrantKind::Oauth)));
    assert_eq!(store.agent_grant_by_code("code", 70).await.unwrap(), None, "it waits so long");
    assert!(store.redeem_agent_code(&team(), "g", &issued("t", "r")).await.unwrap());
    assert!(!store.redeem_agent_code(&team(), "g", &issued("t2", "r2")).await.unwrap());
    assert!(works(store, "t", 99).await && !works(store, "t", 100).await && !works(store, "t2", 1).await);
    assert!(store.agent_grant_by_code("code", 999).await.unwrap().unwrap().redeemed, "whoever comes again is known");
}

async fn a_family_has_one_refresh_token_that_counts(store: &Store) {
    with_person(store, "u", Role::User).await;
    store.add_oauth_grant(&grant("g", "u", GrantKind::Oauth), "code", "bound", 9).await.unwrap();
    store.redeem_agent_code(&team(), "g", &issued("t", "r")).await.unwrap();
    let next = IssuedTokens { token_expires_ms: 200, expires_ms: 2_000, ..issued("t2", "r2") };
    assert!(store.rotate_agent_grant(&team(), "g", "r", &next).await.unwrap());
    assert!(!store.rotate_agent_grant(&team(), "g", "r", &issued("t3", "r3")).await.unwrap());
    assert!(!works(store, "t", 1).await && works(store, "t2", 199).await);
    let held = store.agent_grant_by_family("family", 1_999).await.unwrap().unwrap();
    assert_eq!((held.refresh_hash.as_str(), held.grant.expires_ms), ("r2", Some(2_000)));
    assert_eq!(store.agent_grant_by_family("family", 2_000).await.unwrap(), None);
}

async fn clients_somebody_let_in_make_room(store: &Store) {
    with_person(store, "u", Role::User).await;
    for n in 0..4 {
        let grant =
            AgentGrant { created_ms: n, expires_ms: Some(999), ..grant(&format!("g{n}"), "u", GrantKind::Oauth) };
        store.add_oauth_grant(&grant, &format!("code{n}"), "{}", 2).await.unwrap();
        store.touch_agent_grant(&team(), "g0", 500).await.unwrap();
    }
    let there = async |n: i64| store.agent_grant_by_code(&format!("code{n}"), 10).await.unwrap().is_some();
    assert!(there(0).await && !there(1).await && !there(2).await && there(3).await);
}

async fn unused_clients_give_way_and_used_ones_stay(store: &Store) {
    let client = |n: i64| OauthClient {
        id: format!("c{n}"),
        name: ODD[0].into(),
        redirect_uris: vec!["https://a.example/cb".into(), ODD[1].into()],
        created_ms: n,
        expires_ms: 100 + n,
    };
    let there = async |n: i64, now_ms| store.oauth_client(&format!("c{n}"), now_ms).await.unwrap();
    store.add_oauth_client(&client(0), 2).await.unwrap();
    assert_eq!(there(0, 99).await, Some(client(0)));
    assert_eq!(there(0, 100).await, None);
    store.keep_oauth_client("c0", 5_000).await.unwrap();
    for n in 1..4 {
        store.add_oauth_client(&client(n), 2).await.unwrap();
    }
    assert!(there(0, 4_999).await.is_some() && there(1, 10).await.is_none() && there(2, 10).await.is_some());
    let late = OauthClient { id: "late".into(), created_ms: 200, expires_ms: 300, ..client(9) };
    store.add_oauth_client(&late, 9).await.unwrap();
    assert!(there(2, 10).await.is_none() && there(0, 10).await.is_some(), "expired ones are forgotten");
}

async fn a_client_that_holds_a_grant_stays(store: &Store) {
    with_person(store, "u", Role::User).await;
    let client = |id: &str, created_ms: i64| OauthClient {
        id: id.into(),
        name: "C".into(),
        redirect_uris: vec!["https://a.example/cb".into()],
        created_ms,
        expires_ms: created_ms + 10,
    };
    for id in ["client", "lonely"] {
        store.add_oauth_client(&client(id, 1), 9).await.unwrap();
    }
    let lasting = AgentGrant { expires_ms: Some(500), ..grant("g", "u", GrantKind::Oauth) };
    store.add_oauth_grant(&lasting, "code", "{}", 9).await.unwrap();
    for n in 0..5 {
        store.add_oauth_client(&client(&format!("flood{n}"), 5 + n), 2).await.unwrap();
    }
    let there = async |id: &str, now_ms| store.oauth_client(id, now_ms).await.unwrap().is_some();
    assert!(there("client", 6).await && !there("lonely", 6).await, "its code waits to be exchanged");
    store.add_oauth_client(&client("late", 400), 2).await.unwrap();
    assert!(there("client", 499).await && !there("client", 500).await, "it ends with the grant");
    store.add_oauth_client(&client("later", 600), 2).await.unwrap();
    assert!(!there("client", 5).await);
}

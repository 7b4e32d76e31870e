//! Teams, people, credentials, mappings, fates and leases.

use super::support::*;
use dregs_engine::mapping::{EventType, Field};
use dregs_engine::rejection::Fate;
use dregs_store::{
    Credential, CredentialWrite, EVENT_TYPE, FateCount, IDENTITY_FIELD, Login, Mapping, Membership, ParkedEvent, Role,
    Store, StoreError, Team, TeamId, User, hour_of,
};
use std::collections::BTreeMap;

on_both!(
    teams_are_listed_with_their_limits,
    a_limit_can_be_set_and_lifted,
    a_user_belongs_to_the_team_it_was_added_to,
    an_email_address_belongs_to_one_user,
    a_login_is_valid_until_it_expires_or_ends,
    a_disabled_user_is_not_logged_in,
    a_new_password_ends_every_login,
    a_credential_is_found_by_either_key,
    a_credential_changes_only_where_told,
    keys_are_unique_across_teams,
    a_mapping_is_set_changed_and_deleted,
    mappings_are_read_over_the_global_ones,
    fates_add_up_by_the_hour,
    an_event_is_parked_and_counted_once,
    the_newest_parked_event_comes_first,
    a_lease_has_one_owner_at_a_time,
    the_store_answers,
);

fn a_team(id: &TeamId, limit: Option<i64>, created_ms: i64) -> Team {
    Team { id: id.clone(), name: "Équipe ✓".into(), monthly_event_limit: limit, created_ms }
}

fn user(id: &str, email: &str) -> User {
    User {
        id: id.into(),
        email: email.into(),
        name: "N. N.".into(),
        password_hash: "$argon2id$x".into(),
        disabled: false,
        created_ms: 3,
    }
}

async fn teams_are_listed_with_their_limits(store: &Store) {
    assert!(store.teams().await.unwrap().is_empty());
    let (first, second) = (a_team(&team(), Some(100), 1), a_team(&other_team(), None, 2));
    store.add_team(&second).await.unwrap();
    store.add_team(&first).await.unwrap();
    assert_eq!(store.teams().await.unwrap(), [first.clone(), second]);
    assert_eq!(store.team(&team()).await.unwrap(), Some(first.clone()));
    assert_eq!(store.team(&TeamId::new("none")).await.unwrap(), None);
    assert!(matches!(store.add_team(&first).await, Err(StoreError::Conflict(_))));
}

async fn a_limit_can_be_set_and_lifted(store: &Store) {
    store.add_team(&a_team(&team(), None, 1)).await.unwrap();
    store.add_team(&a_team(&other_team(), Some(5), 1)).await.unwrap();
    store.set_monthly_event_limit(&team(), Some(i64::MAX)).await.unwrap();
    assert_eq!(store.event_limits().await.unwrap(), BTreeMap::from([(team(), i64::MAX), (other_team(), 5)]));
    store.set_monthly_event_limit(&team(), None).await.unwrap();
    assert_eq!(store.event_limits().await.unwrap(), BTreeMap::from([(other_team(), 5)]));
}

async fn a_user_belongs_to_the_team_it_was_added_to(store: &Store) {
    store.add_user(&user("u", "ann@example.org"), &team(), Role::Admin).await.unwrap();
    assert_eq!(store.user("u").await.unwrap(), Some(user("u", "ann@example.org")));
    assert_eq!(store.user_by_email("ANN@example.org").await.unwrap(), Some(user("u", "ann@example.org")));
    assert_eq!((store.user("x").await.unwrap(), store.user_by_email("x").await.unwrap()), (None, None));
    let membership = Membership { team: team(), user_id: "u".into(), role: Role::Admin };
    assert_eq!(store.memberships("u").await.unwrap(), [membership]);
    assert!(store.memberships("x").await.unwrap().is_empty());
}

async fn an_email_address_belongs_to_one_user(store: &Store) {
    store.add_user(&user("u", "ann@example.org"), &team(), Role::Viewer).await.unwrap();
    let second = store.add_user(&user("v", "ann@example.org"), &team(), Role::User).await;
    assert!(matches!(second, Err(StoreError::Conflict(_))));
    assert!(store.memberships("v").await.unwrap().is_empty(), "nothing of it is written");
    let shouting = store.add_user(&user("w", "ANN@Example.org"), &team(), Role::User).await;
    assert!(matches!(shouting, Err(StoreError::Conflict(_))), "case does not make another address");
}

fn login(token: &str) -> Login {
    Login {
        token_hash: token.into(),
        id: format!("ses_{token}"),
        team: team(),
        user_id: "u".into(),
        address: None,
        created_ms: 10,
        expires_ms: 20,
        last_used_ms: None,
    }
}

async fn logged_in(store: &Store, token: &str, role: Role) -> Membership {
    store.add_user(&user("u", "ann@example.org"), &team(), role).await.unwrap();
    let membership = Membership { team: team(), user_id: "u".into(), role };
    store.add_login(&login(token)).await.unwrap();
    membership
}

async fn a_login_is_valid_until_it_expires_or_ends(store: &Store) {
    let membership = logged_in(store, "token", Role::User).await;
    assert_eq!(store.login("token", 19).await.unwrap(), Some(membership.clone()));
    assert_eq!(store.login("token", 20).await.unwrap(), None);
    assert_eq!(store.login("unknown", 19).await.unwrap(), None);
    store.add_login(&login("second")).await.unwrap();
    store.end_login("token").await.unwrap();
    assert_eq!(store.login("token", 19).await.unwrap(), None);
    assert_eq!(store.login("second", 19).await.unwrap(), Some(membership));
}

async fn a_disabled_user_is_not_logged_in(store: &Store) {
    let disabled = User { disabled: true, ..user("u", "ann@example.org") };
    store.add_user(&disabled, &team(), Role::User).await.unwrap();
    store.add_login(&login("token")).await.unwrap();
    assert_eq!(store.login("token", 15).await.unwrap(), None);
    assert_eq!(store.user("u").await.unwrap(), Some(disabled));
}

async fn a_new_password_ends_every_login(store: &Store) {
    logged_in(store, "token", Role::Viewer).await;
    store.set_password("u", "$argon2id$new").await.unwrap();
    assert_eq!(store.login("token", 15).await.unwrap(), None);
    assert_eq!(store.user("u").await.unwrap().unwrap().password_hash, "$argon2id$new");
}

fn credential(id: &str) -> Credential {
    Credential {
        team: team(),
        id: id.into(),
        name: "Key \"1\"".into(),
        public_key: format!("pk_{id}"),
        secret_hash: format!("hash_{id}"),
        secret_hint: "abcd".into(),
        allowed_origins: vec!["https://example.org".into(), "https://ä.example".into()],
        disabled: false,
        revoked_ms: None,
        expires_ms: Some(1_000),
        created_ms: 5,
        last_used_ms: None,
    }
}

async fn a_credential_is_found_by_either_key(store: &Store) {
    store.add_credential(&credential("1")).await.unwrap();
    store.add_credential(&credential("2")).await.unwrap();
    assert_eq!(store.credential_by_key("pk_1", "").await.unwrap(), Some(credential("1")));
    assert_eq!(store.credential_by_key("", "hash_2").await.unwrap(), Some(credential("2")));
    assert_eq!(store.credential_by_key("hash_1", "pk_1").await.unwrap(), None);
    assert_eq!(store.credentials(&team()).await.unwrap(), [credential("1"), credential("2")]);
}

async fn a_credential_changes_only_where_told(store: &Store) {
    store.add_credential(&credential("1")).await.unwrap();
    assert!(store.change_credential(&team(), "1", &CredentialWrite::default()).await.unwrap());
    assert_eq!(store.credentials(&team()).await.unwrap(), [credential("1")]);
    let revoke = CredentialWrite { revoked_ms: Some(9), disabled: Some(true), ..CredentialWrite::default() };
    assert!(store.change_credential(&team(), "1", &revoke).await.unwrap());
    let rest = CredentialWrite {
        name: Some("new".into()),
        allowed_origins: Some(Vec::new()),
        disabled: Some(false),
        expires_ms: Some(Some(7)),
        revoked_ms: None,
    };
    assert!(store.change_credential(&team(), "1", &rest).await.unwrap());
    let changed = Credential {
        name: "new".into(),
        allowed_origins: Vec::new(),
        revoked_ms: Some(9),
        expires_ms: Some(7),
        ..credential("1")
    };
    assert_eq!(store.credentials(&team()).await.unwrap(), std::slice::from_ref(&changed));
    let unending = CredentialWrite { expires_ms: Some(None), ..CredentialWrite::default() };
    assert!(store.change_credential(&team(), "1", &unending).await.unwrap());
    assert_eq!(store.credentials(&team()).await.unwrap(), [Credential { expires_ms: None, ..changed }]);
    assert!(!store.change_credential(&team(), "2", &rest).await.unwrap());
    assert!(!store.change_credential(&other_team(), "1", &rest).await.unwrap());
}

async fn keys_are_unique_across_teams(store: &Store) {
    store.add_credential(&credential("1")).await.unwrap();
    let copy = Credential { team: other_team(), id: "2".into(), ..credential("1") };
    assert!(matches!(store.add_credential(&copy).await, Err(StoreError::Conflict(_))));
}

fn mapping(kind: &str, source: &str, target: &str) -> Mapping {
    Mapping { kind: kind.into(), source: source.into(), target: target.into(), description: None, created_ms: 1 }
}

async fn a_mapping_is_set_changed_and_deleted(store: &Store) {
    store.set_mapping(&team(), &mapping(EVENT_TYPE, "Anmeldung", "LOGIN")).await.unwrap();
    store.set_mapping(&team(), &mapping(IDENTITY_FIELD, "mail", "EMAIL")).await.unwrap();
    let changed =
        Mapping { description: Some("ß".into()), created_ms: 9, ..mapping(EVENT_TYPE, "Anmeldung", "SIGNUP") };
    store.set_mapping(&team(), &changed).await.unwrap();
    let held = store.customer_mappings(&team()).await.unwrap();
    assert_eq!(held, [Mapping { created_ms: 1, ..changed }, mapping(IDENTITY_FIELD, "mail", "EMAIL")]);
    assert!(!store.delete_mapping(&team(), IDENTITY_FIELD, "Anmeldung").await.unwrap());
    assert!(!store.delete_mapping(&other_team(), EVENT_TYPE, "Anmeldung").await.unwrap());
    assert!(store.delete_mapping(&team(), EVENT_TYPE, "Anmeldung").await.unwrap());
    assert_eq!(store.customer_mappings(&team()).await.unwrap().len(), 1);
}

async fn mappings_are_read_over_the_global_ones(store: &Store) {
    let (event_type, field) = (EventType::ALL[0], Field::ALL[0]);
    store.set_mapping(&team(), &mapping(EVENT_TYPE, "zz_own", event_type.code())).await.unwrap();
    store.set_mapping(&team(), &mapping(IDENTITY_FIELD, "zz_field", field.code())).await.unwrap();
    store.set_mapping(&team(), &mapping(EVENT_TYPE, "zz_later", "OF_A_LATER_VERSION")).await.unwrap();
    let mappings = store.mappings(&team()).await.unwrap();
    assert_eq!(mappings.event_type("zz_own"), Some(event_type));
    assert_eq!(mappings.event_type("zz_later"), None);
    assert_eq!(store.mappings(&other_team()).await.unwrap().event_type("zz_own"), None);
    let fields = mappings.fields(&object(serde_json::json!({"zz_field": "value"})));
    assert_eq!(fields.get(&field).map(String::as_str), Some("value"));
}

const HOUR_MS: i64 = 3_600_000;

async fn fates_add_up_by_the_hour(store: &Store) {
    let counted =
        BTreeMap::from([((1, Fate::Applied), 2), ((HOUR_MS - 1, Fate::Applied), 3), ((HOUR_MS, Fate::Invalid), 1)]);
    store.count_fates(&team(), &counted).await.unwrap();
    store.count_fates(&team(), &counted).await.unwrap();
    store.count_fates(&team(), &BTreeMap::new()).await.unwrap();
    let of = |fate: &str, count| FateCount { fate: fate.into(), count };
    assert_eq!(store.fates(&team(), 0, HOUR_MS).await.unwrap(), [of("applied", 10)]);
    assert_eq!(store.fates(&team(), 0, 2 * HOUR_MS).await.unwrap(), [of("applied", 10), of("invalid", 2)]);
    assert!(store.fates(&team(), 2 * HOUR_MS, 9 * HOUR_MS).await.unwrap().is_empty());
}

fn parked(id: &str, parked_ms: i64) -> ParkedEvent {
    ParkedEvent { id: id.into(), event: "{\"a\": \"\\u00e9\"}".into(), error: "five times".into(), parked_ms }
}

async fn an_event_is_parked_and_counted_once(store: &Store) {
    let at_ms = 5 * HOUR_MS + 3;
    for _ in 0..2 {
        store.park(&team(), &parked("e", at_ms)).await.unwrap();
    }
    assert_eq!(store.parked(&team()).await.unwrap(), [parked("e", at_ms)]);
    let counted = store.fates(&team(), hour_of(at_ms), hour_of(at_ms) + 1).await.unwrap();
    assert_eq!(counted, [FateCount { fate: "parked".into(), count: 1 }]);
}

async fn the_newest_parked_event_comes_first(store: &Store) {
    for n in 0..103 {
        store.park(&team(), &parked(&format!("e{n:03}"), n)).await.unwrap();
    }
    let held = store.parked(&team()).await.unwrap();
    assert_eq!((held.len(), held[0].id.as_str(), held[99].id.as_str()), (100, "e102", "e003"));
}

async fn a_lease_has_one_owner_at_a_time(store: &Store) {
    let take = async |owner: &str, now_ms, until_ms| store.take_lease("job", owner, now_ms, until_ms).await.unwrap();
    assert!(take("a", 0, 10).await);
    assert!(!take("b", 5, 15).await);
    assert!(take("a", 6, 20).await, "the owner prolongs it");
    assert!(!take("b", 20, 30).await, "it still holds");
    assert!(take("b", 21, 30).await, "it ran out");
    assert!(!take("a", 22, 40).await);
    store.release_lease("job", "a").await.unwrap();
    assert!(!take("a", 23, 40).await, "only the owner gives it back");
    store.release_lease("job", "b").await.unwrap();
    assert!(take("a", 24, 40).await);
    assert!(store.take_lease("another", "b", 24, 40).await.unwrap());
}

async fn the_store_answers(store: &Store) {
    store.ping().await.unwrap();
}

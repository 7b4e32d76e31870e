//! People in teams, invitations, sessions, links to reset a password, and what holds guessing back.

use super::support::*;
use dregs_store::{
    ACCOUNT, ADDRESS, Credential, CredentialWrite, INVITATIONS_MAX, Invitation, Invited, Joined, Joining, KNOWN_MS,
    Login, Membership, MembershipChange, MembershipOutcome, PAIR, ResetOffered, Role, SESSIONS_MAX, Store, TEAMS_MAX,
    THROTTLES_MAX, Team, TeamId, Throttle, User,
};

on_both!(
    people_are_listed_by_when_they_came,
    another_team_sees_and_changes_nobody,
    the_last_administrator_stays,
    of_two_administrators_who_leave_at_once_one_stays,
    who_is_taken_out_is_out_at_once,
    a_disabled_member_is_out_of_one_team_alone,
    a_person_makes_teams_up_to_a_number,
    an_invitation_is_good_once,
    an_invitation_runs_out_and_is_withdrawn,
    inviting_again_replaces_what_waits,
    invitations_are_bounded,
    an_invitation_stands_as_long_as_whoever_made_it_may_invite,
    who_has_an_account_joins_with_it,
    a_session_moves_to_another_team,
    sessions_are_named_and_ended_by_their_person,
    the_oldest_of_too_many_sessions_ends,
    uses_are_noted_once_an_hour,
    a_password_reset_is_good_once,
    a_password_is_reset_by_the_only_team_of_a_person,
    failures_make_wait_longer_each_time,
    an_attempt_counts_from_its_beginning,
    a_success_forgives_what_was_its_own,
    who_is_known_is_not_locked_out_by_strangers,
    what_is_over_is_deleted,
);

const HOUR_MS: i64 = 3_600_000;

fn user(id: &str) -> User {
    User {
        id: id.into(),
        email: format!("{id}@example.org"),
        name: id.to_uppercase(),
        password_hash: "$argon2id$x".into(),
        disabled: false,
        created_ms: 3,
    }
}

async fn with_teams(store: &Store) {
    for id in [team(), other_team()] {
        let held = Team { name: id.as_str().into(), id, monthly_event_limit: None, created_ms: 1 };
        store.add_team(&held).await.unwrap();
    }
}

async fn with_people(store: &Store, people: &[(&str, Role)]) {
    with_teams(store).await;
    for (id, role) in people {
        store.add_user(&user(id), &team(), *role).await.unwrap();
    }
}

async fn roles(store: &Store) -> Vec<(String, Role)> {
    store.people(&team()).await.unwrap().into_iter().map(|person| (person.user_id, person.role)).collect()
}

fn demoted() -> MembershipChange {
    MembershipChange { role: Some(Role::User), disabled: None }
}

fn disabled(disabled: bool) -> MembershipChange {
    MembershipChange { role: None, disabled: Some(disabled) }
}

async fn people_are_listed_by_when_they_came(store: &Store) {
    with_teams(store).await;
    store.add_user(&User { created_ms: 9, ..user("late") }, &team(), Role::Viewer).await.unwrap();
    store.add_user(&User { disabled: true, ..user("early") }, &team(), Role::Admin).await.unwrap();
    store.add_login(&login("t", "late", 20)).await.unwrap();
    let people = store.people(&team()).await.unwrap();
    let (early, late) = (&people[0], &people[1]);
    assert_eq!((early.email.as_str(), early.role, early.disabled), ("early@example.org", Role::Admin, true));
    assert_eq!((early.joined_ms, early.last_login_ms), (3, None));
    assert_eq!((late.joined_ms, late.last_login_ms, late.disabled), (9, Some(20), false));
}

async fn another_team_sees_and_changes_nobody(store: &Store) {
    with_people(store, &[("a", Role::Admin), ("b", Role::Admin)]).await;
    invite(store, "new", 1, 100).await;
    let other = other_team();
    assert!(store.people(&other).await.unwrap().is_empty() && store.invitations(&other, 1).await.unwrap().is_empty());
    assert_eq!(store.change_membership(&other, "a", demoted()).await.unwrap(), MembershipOutcome::NotFound);
    assert_eq!(store.end_membership(&other, "a").await.unwrap(), MembershipOutcome::NotFound);
    assert_eq!(store.offer_password_reset(&other, "a", "h", 1, 9).await.unwrap(), ResetOffered::NotFound);
    assert!(!store.withdraw_invitation(&other, "inv-new").await.unwrap());
    assert_eq!(roles(store).await, [("a".into(), Role::Admin), ("b".into(), Role::Admin)]);
    assert_eq!(store.invitations(&team(), 1).await.unwrap().len(), 1);
}

async fn the_last_administrator_stays(store: &Store) {
    with_people(store, &[("a", Role::Admin), ("u", Role::User)]).await;
    store.add_user(&User { disabled: true, ..user("gone") }, &team(), Role::Admin).await.unwrap();
    for change in [demoted(), disabled(true), MembershipChange { role: Some(Role::Admin), disabled: Some(true) }] {
        assert_eq!(store.change_membership(&team(), "a", change).await.unwrap(), MembershipOutcome::LastAdmin);
    }
    assert_eq!(store.end_membership(&team(), "a").await.unwrap(), MembershipOutcome::LastAdmin);
    assert_eq!(roles(store).await[0].1, Role::Admin);
    let raised = MembershipChange { role: Some(Role::Admin), disabled: None };
    assert!(matches!(store.change_membership(&team(), "u", raised).await.unwrap(), MembershipOutcome::Done(_)));
    assert!(matches!(store.change_membership(&team(), "a", demoted()).await.unwrap(), MembershipOutcome::Done(_)));
    assert_eq!(store.end_membership(&team(), "u").await.unwrap(), MembershipOutcome::LastAdmin);
}

async fn of_two_administrators_who_leave_at_once_one_stays(store: &Store) {
    with_people(store, &[("a", Role::Admin), ("b", Role::Admin)]).await;
    for _ in 0..10 {
        let (one, another) = (team(), team());
        let (left, demoted) =
            tokio::join!(store.end_membership(&one, "a"), store.change_membership(&another, "b", demoted()));
        let refused =
            [left.unwrap(), demoted.unwrap()].iter().filter(|held| **held == MembershipOutcome::LastAdmin).count();
        assert_eq!(refused, 1);
        let admins = roles(store).await.into_iter().filter(|(_, role)| *role == Role::Admin).count();
        assert_eq!(admins, 1);
        let raised = MembershipChange { role: Some(Role::Admin), disabled: None };
        if store.change_membership(&team(), "b", raised).await.unwrap() != MembershipOutcome::NotFound
            && !roles(store).await.iter().any(|(id, _)| id == "a")
        {
            let back = invite(store, "a", 1, 100).await;
            store.accept_invitation(&back, &Joining::Known("a".into()), 2).await.unwrap();
            store.change_membership(&team(), "a", raised).await.unwrap();
        }
    }
}

fn login(token: &str, user_id: &str, created_ms: i64) -> Login {
    Login {
        token_hash: token.into(),
        id: format!("ses_{token}"),
        team: team(),
        user_id: user_id.into(),
        address: Some("192.0.2.1".into()),
        created_ms,
        expires_ms: created_ms + 100,
        last_used_ms: None,
    }
}

async fn who_is_taken_out_is_out_at_once(store: &Store) {
    with_people(store, &[("a", Role::Admin), ("u", Role::User)]).await;
    let elsewhere = Team { id: TeamId::new("third"), name: "third".into(), monthly_event_limit: None, created_ms: 1 };
    assert!(store.add_team_of(&elsewhere, "u").await.unwrap());
    store.add_login(&login("here", "u", 10)).await.unwrap();
    store.add_login(&Login { team: elsewhere.id.clone(), ..login("there", "u", 10) }).await.unwrap();
    let MembershipOutcome::Done(left) = store.end_membership(&team(), "u").await.unwrap() else { panic!("not done") };
    assert_eq!(left.email, "u@example.org");
    assert_eq!(store.login("here", 20).await.unwrap(), None);
    assert_eq!(store.login("there", 20).await.unwrap().unwrap().role, Role::Admin);
    assert_eq!(store.logins_of("u", 20).await.unwrap().len(), 1);
    assert_eq!(store.end_membership(&team(), "u").await.unwrap(), MembershipOutcome::NotFound);
}

async fn a_disabled_member_is_out_of_one_team_alone(store: &Store) {
    with_people(store, &[("a", Role::Admin), ("u", Role::User)]).await;
    let elsewhere = Team { id: TeamId::new("third"), name: "third".into(), monthly_event_limit: None, created_ms: 1 };
    store.add_team_of(&elsewhere, "u").await.unwrap();
    store.add_login(&login("here", "u", 10)).await.unwrap();
    store.change_membership(&team(), "u", disabled(true)).await.unwrap();
    assert_eq!(store.login("here", 20).await.unwrap(), None);
    let of_other = Membership { team: elsewhere.id.clone(), user_id: "u".into(), role: Role::Admin };
    assert_eq!(store.memberships("u").await.unwrap(), [of_other]);
    assert_eq!(store.teams_of("u").await.unwrap(), [(elsewhere, Role::Admin)]);
    store.change_membership(&team(), "u", disabled(false)).await.unwrap();
    assert_eq!(store.memberships("u").await.unwrap().len(), 2);
    assert_eq!(store.login("here", 20).await.unwrap(), None, "what ended stays ended");
}

async fn a_person_makes_teams_up_to_a_number(store: &Store) {
    with_people(store, &[("a", Role::Admin)]).await;
    let made = |n: i64| Team {
        id: TeamId::new(format!("made {n}")),
        name: format!("{n:02}"),
        monthly_event_limit: Some(5),
        created_ms: n,
    };
    for n in 1..TEAMS_MAX {
        assert!(store.add_team_of(&made(n), "a").await.unwrap());
    }
    assert!(!store.add_team_of(&made(TEAMS_MAX), "a").await.unwrap());
    let held = store.teams_of("a").await.unwrap();
    assert_eq!((held.len() as i64, &held[0]), (TEAMS_MAX, &(made(1), Role::Admin)));
    store.rename_team(&made(1).id, "renamed").await.unwrap();
    assert_eq!(store.team(&made(1).id).await.unwrap().unwrap().name, "renamed");
    let invitation = invite(store, "b", 1, 100).await;
    store.rename_user("a", "Ann").await.unwrap();
    assert_eq!(store.user("a").await.unwrap().unwrap().name, "Ann");
    assert!(matches!(store.end_membership(&made(1).id, "a").await.unwrap(), MembershipOutcome::LastAdmin));
    let joined = store.accept_invitation(&invitation, &Joining::Known("a".into()), 2).await.unwrap();
    assert_eq!(joined, Joined::TooManyTeams);
    assert!(store.invitation_by_token("hash-b", 2).await.unwrap().is_some(), "it was not used up");
}

fn invitation(name: &str, created_ms: i64, expires_ms: i64) -> Invitation {
    Invitation {
        team: team(),
        id: format!("inv-{name}"),
        email: format!("{name}@example.org"),
        role: Role::User,
        token_hash: format!("hash-{name}"),
        invited_by: "a@example.org".into(),
        inviter_id: None,
        created_ms,
        expires_ms,
    }
}

async fn invite(store: &Store, name: &str, created_ms: i64, expires_ms: i64) -> Invitation {
    let invitation = invitation(name, created_ms, expires_ms);
    assert_eq!(store.invite(&team(), &invitation).await.unwrap(), Invited::Done);
    invitation
}

async fn an_invitation_is_good_once(store: &Store) {
    with_people(store, &[("a", Role::Admin)]).await;
    let held = invite(store, "new", 1, 100).await;
    assert_eq!(store.invitation_by_token("hash-new", 99).await.unwrap(), Some(held.clone()));
    let newcomer = Joining::Newcomer(user("new"));
    let (one, another) =
        tokio::join!(store.accept_invitation(&held, &newcomer, 50), store.accept_invitation(&held, &newcomer, 50));
    let outcomes = [one.unwrap(), another.unwrap()];
    let joined = Joined::Done(Membership { team: team(), user_id: "new".into(), role: Role::User });
    assert!(outcomes.contains(&joined) && outcomes.contains(&Joined::Gone), "{outcomes:?}");
    assert_eq!(store.user("new").await.unwrap(), Some(user("new")));
    assert_eq!(store.people(&team()).await.unwrap()[1].joined_ms, 50);
    assert_eq!(store.invitation_by_token("hash-new", 50).await.unwrap(), None);
    assert_eq!(store.invite(&team(), &invitation("new", 60, 100)).await.unwrap(), Invited::Member);
}

async fn an_invitation_runs_out_and_is_withdrawn(store: &Store) {
    with_teams(store).await;
    let held = invite(store, "late", 1, 100).await;
    assert_eq!(store.invitation_by_token("hash-late", 100).await.unwrap(), None);
    assert!(store.invitations(&team(), 100).await.unwrap().is_empty());
    let late = store.accept_invitation(&held, &Joining::Newcomer(user("late")), 100).await.unwrap();
    assert_eq!(late, Joined::Gone);
    assert_eq!(store.user("late").await.unwrap(), None);
    assert!(store.withdraw_invitation(&team(), "inv-late").await.unwrap());
    assert!(!store.withdraw_invitation(&team(), "inv-late").await.unwrap());
}

async fn inviting_again_replaces_what_waits(store: &Store) {
    with_teams(store).await;
    let first = invite(store, "x", 1, 100).await;
    let second = Invitation { id: "second".into(), token_hash: "other".into(), role: Role::Viewer, ..first.clone() };
    assert_eq!(store.invite(&team(), &second).await.unwrap(), Invited::Done);
    assert_eq!(store.invitations(&team(), 1).await.unwrap(), [second]);
    assert_eq!(store.invitation_by_token(&first.token_hash, 1).await.unwrap(), None);
}

async fn invitations_are_bounded(store: &Store) {
    with_teams(store).await;
    for n in 0..INVITATIONS_MAX {
        invite(store, &format!("i{n:03}"), n, 1_000 + n).await;
    }
    assert_eq!(store.invite(&team(), &invitation("more", 999, 2_000)).await.unwrap(), Invited::TooManyInvitations);
    assert_eq!(store.invite(&team(), &invitation("i000", 999, 1_000)).await.unwrap(), Invited::Done, "it replaces one");
    assert_eq!(store.invite(&team(), &invitation("more", 1_001, 2_000)).await.unwrap(), Invited::Done, "two ran out");
    assert_eq!(store.invitations(&team(), 1).await.unwrap()[0].email, "more@example.org");
}

async fn an_invitation_stands_as_long_as_whoever_made_it_may_invite(store: &Store) {
    with_people(store, &[("a", Role::Admin), ("b", Role::Admin), ("u", Role::User)]).await;
    let key = CredentialWrite { disabled: Some(true), ..CredentialWrite::default() };
    store.add_credential(&Credential { expires_ms: Some(90), ..credential("k") }).await.unwrap();
    let of = |name: &str, inviter: &str| Invitation { inviter_id: Some(inviter.into()), ..invitation(name, 1, 100) };
    for inviter in ["u", "stranger"] {
        assert_eq!(store.invite(&team(), &of("x", inviter)).await.unwrap(), Invited::MayNot, "{inviter}");
    }
    let made = [of("of-a", "a"), of("of-b", "b"), of("of-k", "k")];
    for invitation in &made {
        assert_eq!(store.invite(&team(), invitation).await.unwrap(), Invited::Done);
    }
    let standing = async |now_ms| {
        let mut ids: Vec<String> =
            store.invitations(&team(), now_ms).await.unwrap().into_iter().map(|held| held.id).collect();
        ids.sort();
        ids
    };
    assert_eq!(standing(50).await, ["inv-of-a", "inv-of-b", "inv-of-k"]);
    assert_eq!(standing(90).await, ["inv-of-a", "inv-of-b"], "a key that has run out invites nobody");
    store.change_membership(&team(), "b", demoted()).await.unwrap();
    store.change_credential(&team(), "k", &key).await.unwrap();
    assert_eq!(standing(50).await, ["inv-of-a"]);
    for invitation in &made[1..] {
        assert_eq!(store.invitation_by_token(&invitation.token_hash, 50).await.unwrap(), None);
        let joined = store.accept_invitation(invitation, &Joining::Newcomer(user("new")), 50).await.unwrap();
        assert_eq!(joined, Joined::Gone, "it was looked up before");
    }
    store.change_membership(&team(), "b", MembershipChange { role: Some(Role::Admin), disabled: None }).await.unwrap();
    for out in [disabled(true), disabled(false)] {
        store.change_membership(&team(), "a", out).await.unwrap();
        let found = store.invitation_by_token(&made[0].token_hash, 50).await.unwrap();
        assert_eq!(found.is_some(), out.disabled == Some(false));
    }
    store.end_membership(&team(), "a").await.unwrap();
    assert_eq!(standing(50).await, ["inv-of-b"]);
    assert_eq!(store.user("new").await.unwrap(), None);
}

async fn who_has_an_account_joins_with_it(store: &Store) {
    with_teams(store).await;
    store.add_user(&user("u"), &other_team(), Role::Admin).await.unwrap();
    assert_eq!(store.offer_password_reset(&other_team(), "u", "reset", 1, 100).await.unwrap(), ResetOffered::Done);
    let held = invite(store, "u", 1, 100).await;
    let joined = store.accept_invitation(&held, &Joining::Known("u".into()), 2).await.unwrap();
    assert!(matches!(joined, Joined::Done(_)));
    assert_eq!(store.memberships("u").await.unwrap().len(), 2);
    assert_eq!(store.password_reset_for("reset", 2).await.unwrap(), None, "a link of one team opens no other");
}

async fn a_session_moves_to_another_team(store: &Store) {
    with_people(store, &[("a", Role::User)]).await;
    let made = Team { id: TeamId::new("made"), name: "made".into(), monthly_event_limit: None, created_ms: 1 };
    store.add_team_of(&made, "a").await.unwrap();
    store.add_login(&login("old", "a", 10)).await.unwrap();
    assert_eq!(store.memberships("a").await.unwrap()[0].team, team(), "the one of the last log-in comes first");
    assert_eq!(store.move_login("old", "stolen", &made.id, "b", 20).await.unwrap(), None);
    assert_eq!(store.move_login("old", "young", &made.id, "a", 20).await.unwrap(), Some(110));
    assert_eq!(store.login("old", 30).await.unwrap(), None);
    let held = store.login("young", 30).await.unwrap().unwrap();
    assert_eq!((held.team, held.role), (made.id.clone(), Role::Admin));
    assert_eq!(store.memberships("a").await.unwrap()[0].team, made.id);
    assert_eq!(store.move_login("old", "again", &made.id, "a", 20).await.unwrap(), None);
}

async fn sessions_are_named_and_ended_by_their_person(store: &Store) {
    with_people(store, &[("a", Role::Admin), ("b", Role::User)]).await;
    let (first, second) = (login("1", "a", 10), login("2", "a", 20));
    for held in [&first, &second, &login("3", "b", 10)] {
        store.add_login(held).await.unwrap();
    }
    assert_eq!(store.logins_of("a", 30).await.unwrap(), [second.clone(), first]);
    assert!(!store.end_login_of("b", "ses_1").await.unwrap());
    assert!(store.end_login_of("a", "ses_1").await.unwrap());
    assert_eq!(store.logins_of("a", 30).await.unwrap(), [second]);
    assert!(store.logins_of("a", 120).await.unwrap().is_empty());
}

async fn the_oldest_of_too_many_sessions_ends(store: &Store) {
    with_people(store, &[("a", Role::Admin)]).await;
    for n in 0..=SESSIONS_MAX {
        store.add_login(&Login { expires_ms: 1_000, ..login(&n.to_string(), "a", n) }).await.unwrap();
    }
    let held = store.logins_of("a", 500).await.unwrap();
    assert_eq!((held.len() as i64, held.last().unwrap().id.as_str()), (SESSIONS_MAX, "ses_1"));
}

fn credential(id: &str) -> Credential {
    Credential {
        team: team(),
        id: id.into(),
        name: id.into(),
        public_key: format!("pk_{id}"),
        secret_hash: "h".into(),
        secret_hint: "c".into(),
        allowed_origins: Vec::new(),
        disabled: false,
        revoked_ms: None,
        expires_ms: None,
        created_ms: 1,
        last_used_ms: None,
    }
}

async fn uses_are_noted_once_an_hour(store: &Store) {
    with_people(store, &[("a", Role::Admin)]).await;
    store.add_login(&Login { expires_ms: i64::MAX, ..login("t", "a", 10) }).await.unwrap();
    store.add_credential(&credential("c")).await.unwrap();
    let base = 5 * HOUR_MS;
    for (at_ms, noted) in [(base, base), (base + HOUR_MS - 1, base), (base + HOUR_MS, base + HOUR_MS)] {
        store.note_login_use("t", at_ms, HOUR_MS).await.unwrap();
        store.note_credential_use(&team(), "c", at_ms, HOUR_MS).await.unwrap();
        store.note_credential_use(&other_team(), "c", at_ms + 9 * HOUR_MS, HOUR_MS).await.unwrap();
        assert_eq!(store.logins_of("a", 20).await.unwrap()[0].last_used_ms, Some(noted));
        assert_eq!(store.credentials(&team()).await.unwrap()[0].last_used_ms, Some(noted));
    }
}

async fn a_password_reset_is_good_once(store: &Store) {
    with_people(store, &[("a", Role::Admin)]).await;
    store.add_login(&login("t", "a", 10)).await.unwrap();
    assert_eq!(store.offer_password_reset(&team(), "a", "first", 1, 100).await.unwrap(), ResetOffered::Done);
    assert_eq!(store.offer_password_reset(&team(), "a", "second", 1, 100).await.unwrap(), ResetOffered::Done);
    assert!(!store.reset_password("first", "$x", 20).await.unwrap(), "it was replaced");
    assert_eq!(store.password_reset_for("second", 99).await.unwrap().as_deref(), Some("a"));
    assert!(!store.reset_password("second", "$x", 100).await.unwrap(), "it ran out");
    assert_eq!(store.password_reset_for("second", 100).await.unwrap(), None);
    assert!(store.reset_password("second", "$argon2id$y", 20).await.unwrap());
    assert!(!store.reset_password("second", "$x", 20).await.unwrap(), "it is used");
    assert_eq!(store.user("a").await.unwrap().unwrap().password_hash, "$argon2id$y");
    assert_eq!(store.login("t", 20).await.unwrap(), None);
    store.offer_password_reset(&team(), "a", "third", 1, 100).await.unwrap();
    store.set_password("a", "$argon2id$z").await.unwrap();
    assert_eq!(store.password_reset_for("third", 2).await.unwrap(), None, "whoever knows a password needs no link");
}

async fn a_password_is_reset_by_the_only_team_of_a_person(store: &Store) {
    with_people(store, &[("a", Role::Admin)]).await;
    let made = Team { id: TeamId::new("made"), name: "made".into(), monthly_event_limit: None, created_ms: 1 };
    store.add_team_of(&made, "a").await.unwrap();
    let offered = store.offer_password_reset(&team(), "a", "h", 1, 100).await.unwrap();
    assert_eq!(offered, ResetOffered::OtherTeams);
    assert_eq!(store.password_reset_for("h", 2).await.unwrap(), None);
}

/// An account that is tried from a network, and the key under which that is known.
fn from(network: &str) -> (Vec<Throttle>, String) {
    let throttles = vec![
        Throttle { key: format!("pair {network}"), rule: &PAIR },
        Throttle { key: "account".into(), rule: &ACCOUNT },
        Throttle { key: format!("network {network}"), rule: &ADDRESS },
    ];
    (throttles, format!("known {network}"))
}

async fn try_from(store: &Store, network: &str, now_ms: i64) -> Option<i64> {
    let (throttles, known) = from(network);
    let would = store.refused_until(&throttles, Some(&known), now_ms).await.unwrap();
    let until = store.take_attempt(&throttles, Some(&known), now_ms).await.unwrap();
    assert_eq!(would, until, "asking gives the same answer");
    until.map(|until_ms| until_ms - now_ms)
}

async fn succeed_from(store: &Store, network: &str, now_ms: i64) {
    let (throttles, known) = from(network);
    store.forgive_attempt(&throttles, Some(&known), now_ms).await.unwrap();
}

async fn failures_make_wait_longer_each_time(store: &Store) {
    let mut now_ms = 1_000_000;
    for _ in 0..PAIR.free {
        assert_eq!(try_from(store, "a", now_ms).await, None);
    }
    for wait_s in [30, 60, 120, 240] {
        assert_eq!(try_from(store, "a", now_ms).await, Some(wait_s * 1_000));
        assert_eq!(try_from(store, "a", now_ms + wait_s * 1_000 - 1).await, Some(1));
        now_ms += wait_s * 1_000;
        assert_eq!(try_from(store, "a", now_ms).await, None);
    }
    assert_eq!(try_from(store, "b", now_ms).await, None, "another network is not concerned");
    now_ms += 3 * 24 * HOUR_MS;
    for _ in 0..PAIR.free {
        assert_eq!(try_from(store, "a", now_ms).await, None, "all is forgotten by then");
    }
}

async fn an_attempt_counts_from_its_beginning(store: &Store) {
    let attempts = (0..40).map(|_| async {
        let (throttles, known) = from("a");
        store.take_attempt(&throttles, Some(&known), 1_000).await.unwrap()
    });
    let mut running = Vec::new();
    for attempt in attempts {
        running.push(attempt);
    }
    let mut taken = 0;
    // Eight at a time, as so many clients would.
    while !running.is_empty() {
        let mut round = running.split_off(running.len().saturating_sub(8)).into_iter();
        let mut next = || round.next().unwrap();
        let (a, b, c, d, e, f, g, h) = tokio::join!(next(), next(), next(), next(), next(), next(), next(), next());
        taken += [a, b, c, d, e, f, g, h].iter().filter(|until| until.is_none()).count() as i64;
    }
    assert_eq!(taken, PAIR.free);
}

async fn a_success_forgives_what_was_its_own(store: &Store) {
    for _ in 0..3 {
        try_from(store, "stranger", 1_000).await;
    }
    for _ in 0..4 {
        assert_eq!(try_from(store, "home", 1_000).await, None);
    }
    succeed_from(store, "home", 1_000).await;
    for _ in 0..PAIR.free {
        assert_eq!(try_from(store, "home", 1_000).await, None);
    }
    assert!(try_from(store, "home", 1_000).await.is_some());
    // Two are left to the stranger, who was forgiven nothing.
    assert_eq!(try_from(store, "stranger", 1_000).await, None);
    assert_eq!(try_from(store, "stranger", 1_000).await, None);
    assert!(try_from(store, "stranger", 1_000).await.is_some());
}

async fn who_is_known_is_not_locked_out_by_strangers(store: &Store) {
    assert_eq!(try_from(store, "home", 1_000).await, None);
    succeed_from(store, "home", 1_000).await;
    for n in 0..ACCOUNT.free {
        assert_eq!(try_from(store, &format!("stranger {n}"), 1_000).await, None);
    }
    assert!(try_from(store, "one more", 1_000).await.is_some(), "strangers have used up the account's attempts");
    assert_eq!(try_from(store, "home", 1_000).await, None);
    succeed_from(store, "home", 1_000).await;
    assert!(try_from(store, "one more", 1_000).await.is_some(), "and get nothing by its success");
}

async fn what_is_over_is_deleted(store: &Store) {
    with_people(store, &[("a", Role::Admin)]).await;
    store.add_login(&login("t", "a", 10)).await.unwrap();
    store.add_login(&login("young", "a", 50)).await.unwrap();
    invite(store, "x", 1, 110).await;
    store.offer_password_reset(&team(), "a", "h", 1, 110).await.unwrap();
    store.prune_logins(110).await.unwrap();
    assert_eq!(store.logins_of("a", 0).await.unwrap().len(), 1);
    assert!(store.invitations(&team(), 0).await.unwrap().is_empty());
    assert_eq!(store.password_reset_for("h", 0).await.unwrap(), None);

    for _ in 0..PAIR.free {
        try_from(store, "a", 1_000).await;
    }
    store.prune_throttles(1_001).await.unwrap();
    assert!(try_from(store, "a", 1_002).await.is_some(), "a wait is not pruned away");
    let forgotten_ms = 1_002 + 10 * 24 * HOUR_MS;
    store.prune_throttles(forgotten_ms).await.unwrap();
    assert_eq!(try_from(store, "a", 1_003).await, None, "nothing is left of it, even at that time");
    const { assert!(KNOWN_MS > 10 * HOUR_MS && THROTTLES_MAX > 1_000) };
}

//! `/api/team` and `/api/teams`: people, invitations, and working in several teams.

use crate::api::Api;
use crate::app::TestApp;
use crate::auth::{log_in, person};
use crate::channels::mail_sink;
use dregs_server::config::{NotifyOptions, RunOptions};
use dregs_store::Role;
use serde_json::{Value, json};

on_both!(
    somebody_unknown_accepts_an_invitation,
    who_has_an_account_proves_it_and_works_in_both_teams,
    an_invitation_goes_out_by_mail,
    an_invitation_lets_nobody_in_once_whoever_made_it_may_not_invite,
    wrong_invitations_name_their_field,
    an_invitation_is_withdrawn_or_replaced,
    roles_are_changed_at_once,
    the_last_administrator_stays_whoever_asks,
    everybody_may_leave,
    who_is_taken_out_is_out,
    a_team_is_renamed,
    an_administrator_makes_another_team,
    a_secret_key_works_on_members_but_is_no_person,
    a_link_resets_a_password_once,
    a_link_is_for_people_of_one_team,
);

async fn admin(app: &TestApp) -> Api {
    log_in(app, &app.team.keys.email, &app.team.keys.password).await
}

async fn invite(api: &Api, email: &str, role: &str) -> Value {
    api.post("/team/invitations", &json!({"email": email, "role": role})).await.expect(201)
}

fn token(made: &Value) -> &str {
    made["token"].as_str().unwrap()
}

async fn accept(app: &TestApp, body: Value) -> Api {
    let answer = app.nobody().post("/auth/invitations/accept", &body).await.expect(200);
    app.with(answer["token"].as_str().unwrap())
}

/// Who belongs to the team as `api` sees it.
async fn members(api: &Api) -> Vec<(String, String)> {
    let listed = api.get("/team/members").await.expect(200);
    let text = |held: &Value, field: &str| held[field].as_str().unwrap().to_owned();
    listed.as_array().unwrap().iter().map(|held| (text(held, "email"), text(held, "role"))).collect()
}

async fn id_of(api: &Api, email: &str) -> String {
    let listed = api.get("/team/members").await.expect(200);
    let found = listed.as_array().unwrap().iter().find(|held| held["email"] == email).cloned();
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

async fn somebody_unknown_accepts_an_invitation(app: &mut TestApp) {
    let admin = admin(app).await;
    let made = invite(&admin, " Ann@Example.org ", "USER").await;
    assert_eq!((&made["email"], &made["role"]), (&json!("ann@example.org"), &json!("USER")));
    assert_eq!((&made["invitedBy"], &made["emailed"]), (&json!(app.team.keys.email), &json!(false)));
    assert!(made["link"].as_str().unwrap().ends_with(&format!("/invitation#{}", token(&made))), "{made}");
    let listed = admin.get("/team/invitations").await;
    assert!(listed.text.contains("ann@example.org") && !listed.text.contains("inv_"), "{}", listed.text);
    for (name, bytes) in app.database.files() {
        let token = token(&made).as_bytes();
        assert!(!bytes.windows(token.len()).any(|window| window == token), "the token stands in {name}");
    }

    let seen = app.nobody().post("/auth/invitations/look-up", &json!({"token": token(&made)})).await.expect(200);
    assert_eq!((&seen["teamName"], &seen["hasAccount"]), (&json!("a"), &json!(false)));
    let attempt = async |body: Value| app.nobody().post("/auth/invitations/accept", &body).await;
    for (body, named) in [
        (json!({"token": token(&made)}), "password"),
        (json!({"token": token(&made), "password": "long enough now"}), "name"),
        (json!({"token": token(&made), "password": "long enough now", "name": " "}), "name"),
        (json!({"token": token(&made), "password": "short", "name": "Ann"}), "password"),
        (json!({"token": token(&made), "password": "password1234", "name": "Ann"}), "password"),
        (json!({"password": "long enough now", "name": "Ann"}), "token"),
    ] {
        let answer = attempt(body.clone()).await;
        assert!(answer.error(400).contains(named), "{body}: {}", answer.text);
    }
    let ann = accept(app, json!({"token": token(&made), "name": "Ann", "password": "long enough now"})).await;
    let me = ann.get("/auth/me").await.expect(200);
    assert_eq!((&me["name"], &me["role"], &me["teamName"]), (&json!("Ann"), &json!("USER"), &json!("a")));
    let again = attempt(json!({"token": token(&made), "name": "Ann", "password": "long enough now"})).await;
    let unknown = attempt(json!({"token": "inv_none", "name": "Ann", "password": "long enough now"})).await;
    assert_eq!(again.error(404), unknown.error(404), "one message for all that is not there");
    log_in(app, "ann@example.org", "long enough now").await;
    assert!(admin.get("/team/invitations").await.expect(200).as_array().unwrap().is_empty());
}

async fn who_has_an_account_proves_it_and_works_in_both_teams(app: &mut TestApp) {
    let other = app.add_team("b").await;
    let made = invite(&app.with(&other.keys.secret_key), &app.team.keys.email, "VIEWER").await;
    let seen = app.nobody().post("/auth/invitations/look-up", &json!({"token": token(&made)})).await.expect(200);
    assert_eq!(seen["hasAccount"], true);
    let wrong = json!({"token": token(&made), "name": "Mallory", "password": "not the password"});
    app.nobody().post("/auth/invitations/accept", &wrong).await.error(401);
    let there = accept(app, json!({"token": token(&made), "password": app.team.keys.password})).await;
    let me = there.get("/auth/me").await.expect(200);
    assert_eq!((&me["teamId"], &me["role"]), (&json!(other.id.as_str()), &json!("VIEWER")));
    assert_eq!(me["name"], "Administrator", "an account keeps its name");
    let teams = json!([
        {"id": app.team.id.as_str(), "name": "a", "role": "ADMIN"},
        {"id": other.id.as_str(), "name": "b", "role": "VIEWER"},
    ]);
    assert_eq!(me["teams"], teams);
    there.post("/team/invitations", &json!({"email": "x@example.org", "role": "USER"})).await.error(403);

    let switched = there.post("/auth/team", &json!({"teamId": app.team.id.as_str()})).await.expect(200);
    there.get("/auth/me").await.error(401);
    let here = app.with(switched["token"].as_str().unwrap());
    assert_eq!(here.get("/auth/me").await.expect(200)["role"], "ADMIN");
    here.post("/auth/team", &json!({"teamId": "team_none"})).await.error(403);

    let log_in_to = async |team: &str| {
        let body = json!({"email": app.team.keys.email, "password": app.team.keys.password, "teamId": team});
        app.nobody().post("/auth/login", &body).await
    };
    assert_eq!(log_in_to(other.id.as_str()).await.expect(200)["role"], "VIEWER");
    log_in_to("team_none").await.error(403);
    let body = json!({"email": app.team.keys.email, "password": app.team.keys.password});
    let last = app.nobody().post("/auth/login", &body).await.expect(200);
    assert_eq!(last["teamId"], other.id.as_str(), "the team of the last log-in, when none is named");
}

async fn an_invitation_goes_out_by_mail(app: &mut TestApp) {
    let (smtp_url, sink) = mail_sink().await;
    let notify = NotifyOptions {
        smtp_url: Some(smtp_url),
        public_url: Some("https://dregs.example".into()),
        ..NotifyOptions::default()
    };
    app.restart(RunOptions { notify, ..RunOptions::default() }).await;
    let made = invite(&app.api, "ann@example.org", "USER").await;
    assert_eq!((&made["emailed"], made.get("emailError")), (&json!(true), None), "{made}");
    let mail = tokio::time::timeout(std::time::Duration::from_secs(30), sink).await.unwrap().unwrap();
    let unfolded = mail.replace("=\n", "").replace("=3D", "=");
    let (_, rest) = unfolded.split_once("https://dregs.example/invitation#").unwrap_or_else(|| panic!("{mail}"));
    let token: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    assert!(mail.contains("To: ann@example.org") && token.starts_with("inv_"), "{mail}");
    assert_eq!((made.get("token"), made.get("link")), (None, None), "only who reads mail there accepts");
    accept(app, json!({"token": token, "name": "Ann", "password": "three odd socks"})).await;

    let notify = NotifyOptions { smtp_url: Some("smtp://127.0.0.1:1".into()), ..NotifyOptions::default() };
    app.restart(RunOptions { notify, ..RunOptions::default() }).await;
    let made = invite(&app.api, "bob@example.org", "USER").await;
    assert_eq!((&made["emailed"], made.get("link")), (&json!(false), None), "nor does it come here when mail fails");
    assert!(made["emailError"].is_string(), "{made}");
}

async fn an_invitation_lets_nobody_in_once_whoever_made_it_may_not_invite(app: &mut TestApp) {
    let key = app.api.post("/credentials", &json!({"name": "leaked"})).await.expect(201);
    let leaked = app.with(key["secretKey"].as_str().unwrap());
    let demoted = person(app, &app.team, Role::Admin).await;
    let email = demoted.get("/auth/me").await.expect(200)["email"].as_str().unwrap().to_owned();
    let made = [invite(&demoted, "ann@example.org", "ADMIN").await, invite(&leaked, "bob@example.org", "ADMIN").await];
    let path = format!("/team/members/{}", id_of(&app.api, &email).await);
    app.api.patch(&path, &json!({"role": "USER"})).await.expect(200);
    app.api.delete(&format!("/credentials/{}", key["id"].as_str().unwrap())).await.expect(204);
    for made in &made {
        let body = json!({"token": token(made), "name": "Eve", "password": "three odd socks"});
        app.nobody().post("/auth/invitations/look-up", &json!({"token": token(made)})).await.error(404);
        let refused = app.nobody().post("/auth/invitations/accept", &body).await;
        assert!(refused.error(404).contains("no longer invite"), "{}", refused.text);
    }
    assert_eq!(app.api.get("/team/invitations").await.expect(200), json!([]));
}

async fn wrong_invitations_name_their_field(app: &mut TestApp) {
    for (body, named) in [
        (json!({}), "email"),
        (json!({"email": "ann", "role": "USER"}), "email"),
        (json!({"email": "a@b.example\r\nBcc: c@d.example", "role": "USER"}), "email"),
        (json!({"email": "ann@example.org"}), "role"),
        (json!({"email": "ann@example.org", "role": "OWNER"}), "role"),
    ] {
        let answer = app.api.post("/team/invitations", &body).await;
        assert!(answer.error(400).contains(named), "{body}: {}", answer.text);
    }
    let member = json!({"email": app.team.keys.email, "role": "USER"});
    assert!(app.api.post("/team/invitations", &member).await.error(409).contains("already"));
}

async fn an_invitation_is_withdrawn_or_replaced(app: &mut TestApp) {
    let first = invite(&app.api, "ann@example.org", "ADMIN").await;
    let second = invite(&app.api, "ANN@example.org", "VIEWER").await;
    let listed = app.api.get("/team/invitations").await.expect(200);
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["role"]), (1, &json!("VIEWER")));
    let look_up =
        async |made: &Value| app.nobody().post("/auth/invitations/look-up", &json!({"token": token(made)})).await;
    look_up(&first).await.error(404);
    look_up(&second).await.expect(200);
    let path = format!("/team/invitations/{}", second["id"].as_str().unwrap());
    app.api.delete(&path).await.expect(204);
    app.api.delete(&path).await.error(404);
    look_up(&second).await.error(404);
}

async fn roles_are_changed_at_once(app: &mut TestApp) {
    let admin = admin(app).await;
    let viewer = person(app, &app.team, Role::Viewer).await;
    let own = viewer.get("/auth/me").await.expect(200);
    let id = id_of(&viewer, own["email"].as_str().unwrap()).await;
    let path = format!("/team/members/{id}");
    viewer.patch(&path, &json!({"role": "ADMIN"})).await.error(403);
    let changed = admin.patch(&path, &json!({"role": "ADMIN"})).await.expect(200);
    assert_eq!((&changed["role"], &changed["disabled"]), (&json!("ADMIN"), &json!(false)));
    assert!(changed["lastLoginAt"].is_string() && changed["joinedAt"].is_string());
    viewer.get("/credentials").await.expect(200);
    admin.patch(&path, &json!({"disabled": true})).await.expect(200);
    viewer.get("/identities").await.error(401);
    admin.patch(&path, &json!({"role": "BOSS"})).await.error(400);
    admin.patch(&path, &json!({})).await.error(400);
    admin.patch("/team/members/user_none", &json!({"role": "USER"})).await.error(404);
}

async fn the_last_administrator_stays_whoever_asks(app: &mut TestApp) {
    let admin = admin(app).await;
    let path = format!("/team/members/{}", id_of(&admin, &app.team.keys.email).await);
    for api in [&admin, &app.api] {
        assert!(api.delete(&path).await.error(409).contains("last administrator"));
        api.patch(&path, &json!({"role": "USER"})).await.error(409);
        api.patch(&path, &json!({"disabled": true})).await.error(409);
    }
    let second = person(app, &app.team, Role::Admin).await;
    let own = second.get("/account").await.expect(200)["id"].as_str().unwrap().to_owned();
    let own = format!("/team/members/{own}");
    let role = json!({"role": "USER"});
    let (left, demoted) = tokio::join!(admin.delete(&path), second.patch(&own, &role));
    let mut statuses = [left.status, demoted.status];
    statuses.sort();
    assert!(statuses[0] < 300 && statuses[1] == 409, "of two who go at once one stays: {statuses:?}");
    assert_eq!(members(&app.api).await.iter().filter(|(_, role)| role == "ADMIN").count(), 1);
}

async fn everybody_may_leave(app: &mut TestApp) {
    let viewer = person(app, &app.team, Role::Viewer).await;
    let admin = id_of(&viewer, &app.team.keys.email).await;
    viewer.delete(&format!("/team/members/{admin}")).await.error(403);
    let own = viewer.get("/account").await.expect(200);
    viewer.delete(&format!("/team/members/{}", own["id"].as_str().unwrap())).await.expect(204);
    viewer.get("/account").await.error(401);
    let body = json!({"email": own["email"], "password": "correct horse"});
    assert!(app.nobody().post("/auth/login", &body).await.error(403).contains("no team"));
}

async fn who_is_taken_out_is_out(app: &mut TestApp) {
    let user = person(app, &app.team, Role::User).await;
    let own = user.get("/account").await.expect(200);
    app.api.delete(&format!("/team/members/{}", own["id"].as_str().unwrap())).await.expect(204);
    user.get("/identities").await.error(401);
    assert_eq!(members(&app.api).await.len(), 1);
    // Their account is theirs: with it they come back.
    let made = invite(&app.api, own["email"].as_str().unwrap(), "USER").await;
    accept(app, json!({"token": token(&made), "password": "correct horse"})).await.get("/identities").await.expect(200);
}

async fn a_team_is_renamed(app: &mut TestApp) {
    let viewer = person(app, &app.team, Role::Viewer).await;
    let held = viewer.get("/team").await.expect(200);
    assert_eq!((&held["id"], &held["monthlyEventLimit"]), (&json!(app.team.id.as_str()), &Value::Null));
    viewer.patch("/team", &json!({"name": "x"})).await.error(403);
    assert_eq!(app.api.patch("/team", &json!({"name": " Shop "})).await.expect(200)["name"], "Shop");
    assert_eq!(viewer.get("/auth/me").await.expect(200)["teamName"], "Shop");
    app.api.patch("/team", &json!({"name": ""})).await.error(400);
}

async fn an_administrator_makes_another_team(app: &mut TestApp) {
    app.store.set_monthly_event_limit(&app.team.id, Some(7)).await.unwrap();
    let admin = admin(app).await;
    let made = admin.post("/teams", &json!({"name": "Second"})).await.expect(201);
    assert_eq!((&made["name"], &made["monthlyEventLimit"]), (&json!("Second"), &json!(7)));
    let switched = admin.post("/auth/team", &json!({"teamId": made["id"]})).await.expect(200);
    let there = app.with(switched["token"].as_str().unwrap());
    assert_eq!(members(&there).await, [(app.team.keys.email.clone(), "ADMIN".to_owned())]);
    assert!(!there.get("/badge-rules").await.expect(200).as_array().unwrap().is_empty());
    assert!(!there.get("/escalation-rules").await.expect(200).as_array().unwrap().is_empty());
    let user = person(app, &app.team, Role::User).await;
    user.post("/teams", &json!({"name": "Third"})).await.error(403);
    there.post("/teams", &json!({"name": "a\u{0}b"})).await.error(400);
}

async fn a_secret_key_works_on_members_but_is_no_person(app: &mut TestApp) {
    assert_eq!(members(&app.api).await.len(), 1);
    let key = &app.api;
    key.get("/account").await.error(403);
    key.get("/account/sessions").await.error(403);
    key.post("/teams", &json!({"name": "x"})).await.error(403);
    key.post("/auth/team", &json!({"teamId": app.team.id.as_str()})).await.error(403);
    assert!(key.get("/auth/me").await.expect(200).get("teams").is_none());
}

async fn a_link_resets_a_password_once(app: &mut TestApp) {
    let user = person(app, &app.team, Role::User).await;
    let own = user.get("/account").await.expect(200);
    let path = format!("/team/members/{}/actions/reset-password", own["id"].as_str().unwrap());
    user.post(&path, &json!({})).await.error(403);
    let made = app.api.post(&path, &json!({})).await.expect(201);
    assert!(made["link"].as_str().unwrap().ends_with(&format!("/reset-password#{}", token(&made))));
    user.get("/account").await.expect(200);
    let reset = async |token: &str, password: &str| {
        app.nobody().post("/auth/password/reset", &json!({"token": token, "password": password})).await
    };
    assert!(reset(token(&made), "password1234").await.error(400).contains("password"));
    reset("pwr_none", "a better choice").await.error(404);
    reset(token(&made), "a better choice").await.expect(204);
    reset(token(&made), "another choice").await.error(404);
    user.get("/account").await.error(401);
    log_in(app, own["email"].as_str().unwrap(), "a better choice").await;
    app.api.post("/team/members/user_none/actions/reset-password", &json!({})).await.error(404);
}

async fn a_link_is_for_people_of_one_team(app: &mut TestApp) {
    let admin = admin(app).await;
    let id = admin.get("/account").await.expect(200)["id"].as_str().unwrap().to_owned();
    let path = format!("/team/members/{id}/actions/reset-password");
    let made = app.api.post(&path, &json!({})).await.expect(201);
    let other = app.add_team("b").await;
    let invited = invite(&app.with(&other.keys.secret_key), &app.team.keys.email, "USER").await;
    accept(app, json!({"token": token(&invited), "password": app.team.keys.password})).await;
    let body = json!({"token": token(&made), "password": "a better choice"});
    app.nobody().post("/auth/password/reset", &body).await.error(404);
    assert!(app.api.post(&path, &json!({})).await.error(409).contains("dregs password"));
}

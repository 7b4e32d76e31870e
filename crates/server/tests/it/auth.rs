//! `/api/auth`: people, their roles and their sessions.

use crate::api::Api;
use crate::app::{TestApp, TestTeam};
use dregs_server::secrets::hash_password;
use dregs_store::{Role, User};
use serde_json::{Value, json};

on_both!(
    a_person_logs_in_and_out,
    a_new_password_ends_every_session,
    a_disabled_user_is_out,
    roles_may_do_what_they_may
);

pub async fn log_in(app: &TestApp, email: &str, password: &str) -> Api {
    let answer = app.nobody().post("/auth/login", &json!({"email": email, "password": password})).await.expect(200);
    app.with(answer["token"].as_str().unwrap())
}

/// A person of a role, logged in.
pub async fn person(app: &TestApp, team: &TestTeam, role: Role) -> Api {
    let email = format!("{}@{}.test", role.code().to_lowercase(), team.id.as_str());
    let user = User {
        id: format!("user-{email}"),
        email: email.clone(),
        name: "Some One".into(),
        password_hash: hash_password("correct horse").unwrap(),
        disabled: false,
        created_ms: 1,
    };
    app.store.add_user(&user, &team.id, role).await.unwrap();
    log_in(app, &email, "correct horse").await
}

async fn a_person_logs_in_and_out(app: &mut TestApp) {
    let keys = &app.team.keys;
    let login = async |body: Value| app.nobody().post("/auth/login", &body).await;
    for wrong in
        [json!({"email": keys.email, "password": "wrong"}), json!({"email": "no@one.test", "password": keys.password})]
    {
        assert_eq!(login(wrong).await.error(401), "e-mail or password is wrong");
    }
    for (body, named) in [
        (json!({"email": "a"}), "password"),
        (json!({"email": 7, "password": "x"}), "email"),
        (json!(["a", "b"]), "object"),
    ] {
        let answer = login(body.clone()).await;
        assert!(answer.error(400).contains(named), "{body}: {}", answer.text);
    }
    let session = log_in(app, &keys.email.to_uppercase(), &keys.password).await;
    let me = session.get("/auth/me").await.expect(200);
    assert_eq!((&me["role"], &me["email"], &me["teamName"]), (&json!("ADMIN"), &json!(keys.email), &json!("a")));
    assert_eq!(app.api.get("/auth/me").await.expect(200)["role"], "ADMIN");
    session.get("/identities").await.expect(200);
    session.post("/auth/logout", &json!({})).await.expect(204);
    session.get("/identities").await.error(401);
}

async fn a_new_password_ends_every_session(app: &mut TestApp) {
    let (email, old) = (app.team.keys.email.clone(), app.team.keys.password.clone());
    let (one, two) = (log_in(app, &email, &old).await, log_in(app, &email, &old).await);
    let change = async |current: &str, new: &str| {
        one.post("/auth/password", &json!({"currentPassword": current, "newPassword": new})).await
    };
    change("wrong", "long enough now").await.error(403);
    assert!(change(&old, "short").await.error(400).contains("newPassword"));
    change(&old, "long enough now").await.expect(204);
    one.get("/auth/me").await.error(401);
    two.get("/auth/me").await.error(401);
    app.nobody().post("/auth/login", &json!({"email": email, "password": old})).await.error(401);
    log_in(app, &email, "long enough now").await.get("/auth/me").await.expect(200);
    app.api.post("/auth/password", &json!({"currentPassword": "x", "newPassword": "long enough now"})).await.error(403);
}

async fn a_disabled_user_is_out(app: &mut TestApp) {
    let user = User {
        id: "gone".into(),
        email: "gone@a.test".into(),
        name: "Gone".into(),
        password_hash: hash_password("correct horse").unwrap(),
        disabled: true,
        created_ms: 1,
    };
    app.store.add_user(&user, &app.team.id, Role::Admin).await.unwrap();
    app.nobody().post("/auth/login", &json!({"email": "gone@a.test", "password": "correct horse"})).await.error(401);
}

async fn roles_may_do_what_they_may(app: &mut TestApp) {
    app.track(json!({"type": "login", "identity": {"id": "u"}})).await;
    for role in [Role::Viewer, Role::User] {
        let person = person(app, &app.team, role).await;
        person.get("/identities/u").await.expect(200);
        person.get("/mappings").await.expect(200);
        person.patch("/identities/u", &json!({"disregarded": true})).await.error(403);
        person.post("/groups", &json!({"id": "g"})).await.error(403);
        person.post("/events", &json!({"type": "login", "identity": {"id": "u"}})).await.error(403);
        person.get("/credentials").await.error(403);
        person.post("/credentials", &json!({"name": "x"})).await.error(403);
        person.put("/mappings", &json!({"kind": "EVENT_TYPE", "source": "x", "target": "LOGIN"})).await.error(403);
    }
    let admin = person(app, &app.team, Role::Admin).await;
    admin.patch("/identities/u", &json!({"attributes": {"by": "admin"}})).await.expect(200);
}

//! `/api/tokens`: what agents act with.

use crate::api::Api;
use crate::app::TestApp;
use crate::auth::{log_in, person};
use dregs_store::Role;
use serde_json::{Value, json};

on_both!(
    a_token_is_shown_once_and_ends_when_it_is_revoked,
    people_see_their_own_tokens_and_administrators_all,
    a_token_acts_for_a_person_and_a_key_is_none,
    wrong_tokens_name_their_field,
    a_new_password_ends_every_token,
);

/// A token that `person` makes.
pub async fn make(person: &Api, body: Value) -> String {
    person.post("/tokens", &body).await.expect(201)["token"].as_str().unwrap().to_owned()
}

pub async fn admin(app: &TestApp) -> Api {
    log_in(app, &app.team.keys.email, &app.team.keys.password).await
}

/// What `/mcp` says to the holder of a token.
async fn status(app: &TestApp, token: &str) -> u16 {
    Api::new(&app.root().base, Some(token)).get("/mcp").await.status
}

const LET_IN: u16 = 405;

async fn a_token_is_shown_once_and_ends_when_it_is_revoked(app: &mut TestApp) {
    let admin = admin(app).await;
    let made = admin.post("/tokens", &json!({"name": " Claude ", "readOnly": true})).await.expect(201);
    let token = made["token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("dmt_") && token.len() == 36, "{token}");
    assert_eq!((&made["name"], &made["kind"], &made["readOnly"]), (&json!("Claude"), &json!("TOKEN"), &json!(true)));
    let listed = admin.get("/tokens").await.expect(200);
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["id"]), (1, &made["id"]));
    assert!(listed[0].get("token").is_none() && listed[0]["lastUsedAt"].is_null() && listed[0]["expiresAt"].is_null());
    assert_eq!(status(app, &token).await, LET_IN);
    assert!(admin.get("/tokens").await.expect(200)[0]["lastUsedAt"].is_string());
    for (name, bytes) in app.database.files() {
        assert!(!bytes.windows(token.len()).any(|part| part == token.as_bytes()), "the token is in {name}");
    }
    let path = format!("/tokens/{}", made["id"].as_str().unwrap());
    admin.delete(&path).await.expect(204);
    assert_eq!(status(app, &token).await, 401);
    admin.delete(&path).await.error(404);
}

async fn people_see_their_own_tokens_and_administrators_all(app: &mut TestApp) {
    let (admin, user) = (admin(app).await, person(app, &app.team, Role::User).await);
    let viewer = person(app, &app.team, Role::Viewer).await;
    make(&admin, json!({"name": "of the admin"})).await;
    make(&user, json!({"name": "of the user"})).await;
    make(&viewer, json!({"name": "of the viewer"})).await;
    let names = async |caller: &Api| {
        let listed = caller.get("/tokens").await.expect(200);
        let mut names: Vec<String> =
            listed.as_array().unwrap().iter().map(|token| token["name"].as_str().unwrap()[7..].to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&user).await, ["user"]);
    assert_eq!(names(&viewer).await, ["viewer"]);
    for caller in [&admin, &app.api] {
        assert_eq!(names(caller).await, ["admin", "user", "viewer"]);
    }
    let of_admin = admin.get("/tokens").await.expect(200);
    let of_admin = of_admin.as_array().unwrap().iter().find(|token| token["name"] == "of the admin").unwrap().clone();
    let path = format!("/tokens/{}", of_admin["id"].as_str().unwrap());
    user.delete(&path).await.error(404);
    app.api.delete(&path).await.expect(204);
    let of_user = user.get("/tokens").await.expect(200)[0]["id"].as_str().unwrap().to_owned();
    user.delete(&format!("/tokens/{of_user}")).await.expect(204);
}

async fn a_token_acts_for_a_person_and_a_key_is_none(app: &mut TestApp) {
    assert!(app.api.post("/tokens", &json!({"name": "x"})).await.error(403).contains("log in"));
    let token = make(&admin(app).await, json!({"name": "x"})).await;
    let answer = app.with(&token).get("/identities").await;
    assert!(answer.error(401).contains("/mcp only"), "{}", answer.text);
    app.with(&token).post("/tokens", &json!({"name": "another"})).await.error(401);
    assert_eq!(status(app, &app.team.keys.secret_key).await, 401);
}

async fn wrong_tokens_name_their_field(app: &mut TestApp) {
    let user = person(app, &app.team, Role::User).await;
    for (body, named) in [
        (json!({}), "name"),
        (json!({"name": " "}), "name"),
        (json!({"name": "x".repeat(101)}), "name"),
        (json!({"name": "x", "expiresAt": "tomorrow"}), "expiresAt"),
        (json!({"name": "x", "expiresAt": "2020-01-01T00:00:00Z"}), "expiresAt"),
        (json!({"name": "x", "readOnly": "yes"}), "readOnly"),
    ] {
        let answer = user.post("/tokens", &body).await;
        assert!(answer.error(400).contains(named), "{body}: {}", answer.text);
    }
    for n in 0..20 {
        make(&user, json!({"name": format!("{n}"), "expiresAt": "2999-01-01T00:00:00Z"})).await;
    }
    assert!(user.post("/tokens", &json!({"name": "one more"})).await.error(409).contains("revoke"));
}

async fn a_new_password_ends_every_token(app: &mut TestApp) {
    let admin = admin(app).await;
    let token = make(&admin, json!({"name": "x"})).await;
    let change = json!({"currentPassword": app.team.keys.password, "newPassword": "long enough now"});
    admin.post("/auth/password", &change).await.expect(204);
    assert_eq!(status(app, &token).await, 401);
}

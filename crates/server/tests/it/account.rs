//! `/api/account`: what somebody is called, and where they are logged in.

use crate::app::{TestApp, eventually};
use crate::auth::{log_in, person};
use dregs_store::Role;
use serde_json::{Value, json};

on_both!(a_person_is_renamed, sessions_are_listed_and_ended, a_password_that_is_guessed_first_is_refused);

async fn a_person_is_renamed(app: &mut TestApp) {
    let viewer = person(app, &app.team, Role::Viewer).await;
    let held = viewer.get("/account").await.expect(200);
    assert_eq!((&held["name"], held["createdAt"].is_string()), (&json!("Some One"), true));
    let renamed = viewer.patch("/account", &json!({"name": " Zoë "})).await.expect(200);
    assert_eq!((&renamed["name"], &renamed["email"]), (&json!("Zoë"), &held["email"]));
    assert_eq!(viewer.get("/auth/me").await.expect(200)["name"], "Zoë");
    for wrong in [json!({}), json!({"name": ""}), json!({"name": "a\nb"}), json!({"name": "x".repeat(101)})] {
        assert!(viewer.patch("/account", &wrong).await.error(400).contains("name"), "{wrong}");
    }
}

async fn sessions_are_listed_and_ended(app: &mut TestApp) {
    let keys = &app.team.keys;
    let other = person(app, &app.team, Role::User).await;
    let (first, second) =
        (log_in(app, &keys.email, &keys.password).await, log_in(app, &keys.email, &keys.password).await);
    let listed = first.get("/account/sessions").await;
    assert!(!listed.text.contains("dst_"), "{}", listed.text);
    let listed = listed.expect(200);
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 2, "only one's own");
    let current: Vec<&Value> = listed.iter().filter(|held| held["isCurrent"] == true).collect();
    assert_eq!((current.len(), &current[0]["address"]), (1, &json!("127.0.0.1")));
    assert!(current[0]["expiresAt"].as_str() > current[0]["createdAt"].as_str());
    let path = |held: &Value| format!("/account/sessions/{}", held["id"].as_str().unwrap());
    let second_one = listed.iter().find(|held| held["isCurrent"] == false).unwrap();
    other.delete(&path(second_one)).await.error(404);
    second.get("/account").await.expect(200);
    first.delete(&path(second_one)).await.expect(204);
    second.get("/account").await.error(401);
    first.delete(&path(second_one)).await.error(404);
    let noted = async || first.get("/account/sessions").await.json[0]["lastUsedAt"].is_string();
    eventually("its use is noted", noted).await;
    first.delete(&path(current[0])).await.expect(204);
    first.get("/account").await.error(401);
}

async fn a_password_that_is_guessed_first_is_refused(app: &mut TestApp) {
    let (email, old) = (&app.team.keys.email, &app.team.keys.password);
    let session = log_in(app, email, old).await;
    for weak in ["password1234", "1234567890", "so-admin-it-is"] {
        let body = json!({"currentPassword": old, "newPassword": weak});
        assert!(session.post("/auth/password", &body).await.error(400).contains("newPassword"), "{weak}");
    }
    session.get("/account").await.expect(200);
}

//! `/api/credentials`: the keys of an application.

use crate::app::{TestApp, eventually};
use hyper::Method;
use serde_json::{Value, json};

on_both!(
    a_secret_key_is_shown_once,
    a_credential_can_be_disabled_expire_and_be_revoked,
    an_expiry_is_lifted,
    the_last_use_is_told_to_the_hour,
    allowed_origins_are_changed,
    wrong_credentials_name_their_field
);

async fn create(app: &TestApp, body: Value) -> (String, String, String) {
    let made = app.api.post("/credentials", &body).await.expect(201);
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    (text("id"), text("publicKey"), text("secretKey"))
}

async fn a_secret_key_is_shown_once(app: &mut TestApp) {
    let (id, public, secret) = create(app, json!({"name": "shop"})).await;
    assert!(public.starts_with("pk_") && secret.starts_with("sk_"));
    let listed = app.api.get("/credentials").await;
    assert!(!listed.text.contains(&secret));
    let listed = listed.expect(200);
    let found = listed.as_array().unwrap().iter().find(|held| held["id"] == id.as_str()).unwrap();
    assert!(secret.ends_with(found["secretHint"].as_str().unwrap()) && found.get("secretKey").is_none());
    assert_eq!((&found["name"], &found["publicKey"]), (&json!("shop"), &json!(public)));
    app.with(&secret).get("/identities").await.expect(200);
    for (name, bytes) in app.database.files() {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "the secret stands in {name}");
    }
}

async fn a_credential_can_be_disabled_expire_and_be_revoked(app: &mut TestApp) {
    let (id, public, secret) = create(app, json!({"name": "shop"})).await;
    let path = format!("/credentials/{id}");
    let works = async || {
        app.with(&secret).get("/identities").await.status == 200
            && app.with(&public).get("/devices").await.status == 200
    };
    assert!(works().await);
    app.api.patch(&path, &json!({"disabled": true})).await.expect(204);
    assert!(!works().await);
    app.with(&secret).get("/identities").await.error(401);
    app.api.patch(&path, &json!({"disabled": false})).await.expect(204);
    assert!(works().await);
    app.api.patch(&path, &json!({"expiresAt": "2020-01-01T00:00:00Z"})).await.expect(204);
    app.with(&public).post("/events", &json!({"type": "t", "identity": {"id": "u"}})).await.error(401);
    app.api.patch(&path, &json!({"expiresAt": "2099-01-01T00:00:00Z"})).await.expect(204);
    assert!(works().await);
    app.api.delete(&path).await.expect(204);
    assert!(!works().await);
    app.api.patch(&path, &json!({"disabled": false})).await;
    assert!(!works().await, "a revocation is for good");
    app.api.delete("/credentials/cred_none").await.error(404);
}

async fn an_expiry_is_lifted(app: &mut TestApp) {
    let (id, _, secret) = create(app, json!({"name": "shop", "expiresAt": "2020-01-01T00:00:00Z"})).await;
    let path = format!("/credentials/{id}");
    app.with(&secret).get("/identities").await.error(401);
    app.api.patch(&path, &json!({"name": "till"})).await.expect(204);
    app.with(&secret).get("/identities").await.error(401);
    app.api.patch(&path, &json!({"expiresAt": null})).await.expect(204);
    app.with(&secret).get("/identities").await.expect(200);
    let listed = app.api.get("/credentials").await.expect(200);
    let found = listed.as_array().unwrap().iter().find(|held| held["id"] == id.as_str()).unwrap();
    assert_eq!((&found["expiresAt"], &found["name"]), (&Value::Null, &json!("till")));
}

async fn the_last_use_is_told_to_the_hour(app: &mut TestApp) {
    let (used, public, _) = create(app, json!({"name": "used"})).await;
    let (idle, _, revoked) = create(app, json!({"name": "idle"})).await;
    app.api.delete(&format!("/credentials/{idle}")).await.expect(204);
    app.with(&revoked).get("/identities").await.error(401);
    app.with(&public).get("/devices").await.expect(200);
    let last_used = async |id: &str| {
        let listed = app.api.get("/credentials").await.expect(200);
        let found = listed.as_array().unwrap().iter().find(|held| held["id"] == id).cloned();
        found.unwrap()["lastUsedAt"].as_str().map(str::to_owned)
    };
    eventually("its use is noted", async || last_used(&used).await.is_some()).await;
    assert_eq!(last_used(&idle).await, None, "what is refused is no use");
}

async fn allowed_origins_are_changed(app: &mut TestApp) {
    let (id, public, _) = create(app, json!({"name": "shop", "allowedOrigins": ["https://*.shop.test"]})).await;
    let sent = async |origin: &str| {
        let headers = [("content-type", "application/json"), ("origin", origin)];
        let body = json!({"type": "t", "identity": {"id": "u"}}).to_string();
        app.with(&public).send(Method::POST, "/events", &headers, body).await.expect(200)["id"].is_string()
    };
    assert!(sent("https://www.shop.test").await && !sent("https://shop.test.evil").await);
    app.api.patch(&format!("/credentials/{id}"), &json!({"allowedOrigins": []})).await.expect(204);
    assert!(sent("https://shop.test.evil").await, "an empty list allows all");
}

async fn wrong_credentials_name_their_field(app: &mut TestApp) {
    let cases = [
        (json!({"name": ""}), "name"),
        (json!({"name": "x".repeat(101)}), "name"),
        (json!({"name": 7}), "name"),
        (json!({"name": "x", "allowedOrigins": ["shop.test"]}), "allowedOrigins"),
        (json!({"name": "x", "allowedOrigins": "https://a.test"}), "allowedOrigins"),
        (json!({"name": "x", "expiresAt": "never"}), "expiresAt"),
        (json!({"name": "x", "disabled": 1}), "disabled"),
        (json!({"name": "a\u{0}b"}), "name"),
    ];
    for (body, named) in cases {
        let answer = app.api.post("/credentials", &body).await;
        assert!(answer.error(400).contains(named), "{body}: {}", answer.text);
    }
}

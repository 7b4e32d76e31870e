//! `/api/audit-log`: nothing is changed, and nothing sensitive read, without a line that says who did it.

use crate::app::{TestApp, eventually};
use crate::auth::{log_in, person};
use dregs_store::Role;
use serde_json::{Value, json};

on_both!(
    a_write_leaves_a_line_with_who_what_and_how_it_went,
    refused_attempts_are_in_it_too,
    looking_at_a_person_is_noted_when_people_do_it,
    it_is_filtered_and_for_administrators_alone,
    values_are_never_in_it,
    a_team_reads_its_own_log_alone
);

/// The lines of the log, newest first, once the newest has its outcome.
async fn lines(app: &TestApp, query: &str) -> Vec<Value> {
    let path = format!("/audit-log?pageSize=100{query}");
    eventually("outcomes are noted", async || {
        let found = app.api.get(&path).await.expect(200)["content"].as_array().unwrap().clone();
        found.iter().all(|line| line["status"].is_number() || line["action"] == "listAuditLog")
    })
    .await;
    let found = app.api.get(&path).await.expect(200)["content"].as_array().unwrap().clone();
    found.into_iter().filter(|line| line["action"] != "listAuditLog").collect()
}

async fn a_write_leaves_a_line_with_who_what_and_how_it_went(app: &mut TestApp) {
    let keys = app.team.keys.clone();
    let admin = log_in(app, &keys.email, &keys.password).await;
    app.api.track(json!({"type": "login", "identity": {"id": "ada@example.com"}})).await;
    app.settle().await;
    let answer = admin.patch("/identities/ada%40example.com", &json!({"disregarded": true})).await;
    let line = lines(app, "&action=updateIdentity").await.remove(0);
    assert_eq!(line["actor"]["kind"], "PERSON");
    assert_eq!(line["actor"]["name"], keys.email);
    assert_eq!(line["subject"], "ada@example.com");
    assert_eq!(line["path"], "/identities/ada%40example.com");
    assert_eq!(line["fields"], json!(["disregarded"]));
    assert_eq!((&line["status"], &line["ip"]), (&json!(200), &json!("127.0.0.1")));
    assert_eq!(line["requestId"], answer.header("x-request-id").unwrap());
    app.api.put("/mappings", &json!({"kind": "EVENT_TYPE", "source": "x", "target": "LOGIN"})).await.expect(204);
    let line = lines(app, "&action=setMapping").await.remove(0);
    assert_eq!((&line["actor"]["kind"], &line["subject"]), (&json!("KEY"), &Value::Null));
}

async fn refused_attempts_are_in_it_too(app: &mut TestApp) {
    let viewer = person(app, &app.team, Role::Viewer).await;
    viewer.post("/credentials", &json!({"name": "mine"})).await.error(403);
    app.api.post("/credentials", &json!({"name": ""})).await.error(400);
    let statuses: Vec<_> =
        lines(app, "&action=createCredential").await.iter().map(|line| line["status"].clone()).collect();
    assert_eq!(statuses, [400, 403]);
}

async fn looking_at_a_person_is_noted_when_people_do_it(app: &mut TestApp) {
    app.api.track(json!({"type": "login", "identity": {"id": "ada"}})).await;
    app.settle().await;
    let user = person(app, &app.team, Role::User).await;
    user.get("/identities/ada").await.expect(200);
    app.api.get("/identities/ada").await.expect(200);
    eventually("it is written", async || !lines(app, "&action=getIdentity").await.is_empty()).await;
    let seen = lines(app, "&subject=ada").await;
    assert_eq!(seen.len(), 1, "the server's own reading is not: {seen:?}");
    assert_eq!(seen[0]["actor"]["kind"], "PERSON");
}

async fn it_is_filtered_and_for_administrators_alone(app: &mut TestApp) {
    for role in [Role::Viewer, Role::User] {
        person(app, &app.team, role).await.get("/audit-log").await.error(403);
    }
    app.api.put("/mappings", &json!({"kind": "EVENT_TYPE", "source": "x", "target": "LOGIN"})).await.expect(204);
    assert!(lines(app, "&action=noSuch").await.is_empty());
    assert!(lines(app, "&to=2020-01-01T00:00:00Z").await.is_empty());
    assert!(!lines(app, "&from=2020-01-01T00:00:00Z").await.is_empty());
    assert!(app.api.get("/audit-log?from=yesterday").await.error(400).contains("from"));
    let log = app.api.get("/audit-log?action=listAuditLog").await.expect(200);
    assert!(log["totalElements"].as_u64().unwrap() > 2, "who reads the log is in it");
}

async fn values_are_never_in_it(app: &mut TestApp) {
    let keys = app.team.keys.clone();
    let admin = log_in(app, &keys.email, &keys.password).await;
    admin.post("/auth/password", &json!({"currentPassword": "zebra words", "newPassword": "zebra words too"})).await;
    app.api.post("/groups", &json!({"type": "team", "id": "g", "attributes": {"name": "zebra"}})).await.expect(201);
    let text = json!(lines(app, "").await).to_string();
    assert!(text.contains("attributes") && text.contains("newPassword") && !text.contains("zebra"), "{text}");
}

async fn a_team_reads_its_own_log_alone(app: &mut TestApp) {
    app.api.put("/mappings", &json!({"kind": "EVENT_TYPE", "source": "x", "target": "LOGIN"})).await.expect(204);
    assert_eq!(lines(app, "&action=setMapping").await.len(), 1);
    let other = app.add_team("b").await;
    let theirs = app.with(&other.keys.secret_key).get("/audit-log?action=setMapping").await.expect(200);
    assert_eq!(theirs["totalElements"], 0);
}

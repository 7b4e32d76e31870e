//! `/api/escalations`: how rules open and close them, and what people do about them.

use crate::app::TestApp;
use crate::auth::person;
use crate::rules::{anyone, nobody, user};
use dregs::{EscalationSeverity, EscalationStatus, ListEscalations};
use dregs_store::Role;
use serde_json::{Value, json};

on_both!(
    a_rule_opens_one_and_the_official_client_works_on_it,
    one_that_was_closed_opens_anew_when_its_conditions_hold_again,
    a_pending_one_is_hidden_until_its_time,
    a_silent_rule_tells_nobody_and_is_listed_apart,
    what_a_deleted_rule_opened_stays,
    users_work_on_escalations_and_viewers_do_not,
    wrong_parameters_name_their_field,
);

/// A rule that opens one for whoever has the badge `marked`, which everyone gets while `marking` is on.
async fn marked_rule(app: &TestApp, more: Value) -> Value {
    app.api.post("/badge-rules", &json!({"name": "Marked", "conditions": anyone()})).await.expect(201);
    let conditions = json!([{"type": "BADGE_EXISTS", "badge": "marked"}]);
    let mut rule = json!({"name": "Is marked", "severity": "CRITICAL", "conditions": conditions});
    rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = app.api.post("/escalation-rules", &rule).await.expect(201);
    app.settle().await;
    made
}

async fn marking(app: &TestApp, on: bool) {
    let conditions = if on { anyone() } else { nobody() };
    app.api.patch("/badge-rules/marked", &json!({"conditions": conditions})).await.expect(200);
    app.settle().await;
}

async fn only(app: &TestApp) -> Value {
    let page = app.api.get("/escalations").await.expect(200);
    assert_eq!(page["totalElements"], 1, "{page}");
    page["content"][0].clone()
}

async fn a_rule_opens_one_and_the_official_client_works_on_it(app: &mut TestApp) {
    for id in ["ada@example.com", "b"] {
        user(app, id).await;
    }
    let rule = marked_rule(app, json!({})).await;
    let client = app.client();
    let rule_id: i64 = rule["id"].as_str().unwrap().parse().unwrap();
    let list = async |params: ListEscalations| client.escalations().list(params).await.unwrap();
    let all = list(ListEscalations::new().rule(rule_id)).await;
    assert_eq!(all.items.len(), 2);
    let wanted = ListEscalations::new()
        .identity("ada@example.com")
        .severity(EscalationSeverity::Critical)
        .status(EscalationStatus::Open);
    let found = list(wanted.sort("openedAt")).await.items.remove(0);
    assert_eq!(found.identity.as_ref().unwrap().id.as_deref(), Some("ada@example.com"));
    assert_eq!(found.rule.as_ref().unwrap().label.as_deref(), Some("Is marked"));
    assert!(found.scores["authenticity"].is_i64() && found.opened_at.is_some() && found.acknowledged_at.is_none());
    let id = found.id.unwrap();
    assert_eq!(client.escalations().get(id).await.unwrap().raw, found.raw);
    let updated = client.escalations().update(id, EscalationStatus::Acknowledged).await.unwrap();
    assert!(updated.acknowledged_at.is_some() && updated.raw["acknowledgedBy"].as_str().unwrap().starts_with("key "));
    let summary = client.escalations().summary().await.unwrap();
    assert_eq!((summary.open, summary.acknowledged, summary.closed), (1, 1, 0));
    client.escalations().update(id, EscalationStatus::Closed).await.unwrap();
    assert_eq!(list(ListEscalations::new().status(EscalationStatus::Closed)).await.items[0].id, Some(id));
    let analysis = found.raw["analysisId"].as_i64().unwrap();
    client.identities().analysis_cycle("ada@example.com", analysis).await.unwrap();
    let missing = client.escalations().get(5).await.unwrap_err();
    assert!(missing.to_string().contains("404") || format!("{missing:?}").contains("NotFound"), "{missing:?}");
}

async fn one_that_was_closed_opens_anew_when_its_conditions_hold_again(app: &mut TestApp) {
    user(app, "a").await;
    marked_rule(app, json!({"closeAfterSeconds": 0})).await;
    let first = only(app).await;
    marking(app, false).await;
    let closed = only(app).await;
    assert_eq!((&closed["id"], &closed["status"], &closed["closedBy"]), (&first["id"], &json!("CLOSED"), &Value::Null));
    marking(app, true).await;
    let page = app.api.get("/escalations").await.expect(200);
    assert_eq!((&page["totalElements"], &page["content"][0]["status"]), (&json!(2), &json!("OPEN")));

    // One that a person closed stays so while its conditions hold.
    let second = page["content"][0]["id"].to_string();
    app.api.patch(&format!("/escalations/{second}"), &json!({"status": "CLOSED"})).await.expect(200);
    user(app, "a").await;
    assert_eq!(app.api.get("/escalations?status=OPEN").await.expect(200)["totalElements"], 0);
    marking(app, false).await;
    marking(app, true).await;
    assert_eq!(app.api.get("/escalations?status=OPEN").await.expect(200)["totalElements"], 1);
    assert_eq!(app.api.get("/escalations").await.expect(200)["totalElements"], 3);
}

async fn a_pending_one_is_hidden_until_its_time(app: &mut TestApp) {
    user(app, "a").await;
    let rule = marked_rule(app, json!({"openAfterSeconds": 3600})).await;
    assert_eq!(app.api.get("/escalations").await.expect(200)["totalElements"], 0);
    let pending = app.api.get("/escalations?status=PENDING").await.expect(200)["content"][0].clone();
    assert_eq!((&pending["status"], &pending["openedAt"]), (&json!("PENDING"), &Value::Null));
    assert_eq!(
        app.api.get("/escalations/summary").await.expect(200),
        json!({"open": 0, "acknowledged": 0, "closed": 0})
    );
    let path = format!("/escalation-rules/{}", rule["id"].as_str().unwrap());
    app.api.patch(&path, &json!({"openAfterSeconds": 0})).await.expect(200);
    app.settle().await;
    let open = only(app).await;
    assert_eq!((&open["id"], &open["status"]), (&pending["id"], &json!("OPEN")));
}

async fn a_silent_rule_tells_nobody_and_is_listed_apart(app: &mut TestApp) {
    user(app, "a").await;
    marked_rule(app, json!({"shadow": true})).await;
    assert_eq!(app.api.get("/escalations").await.expect(200)["totalElements"], 0);
    let silent = app.api.get("/escalations?shadow=true").await.expect(200)["content"][0].clone();
    assert_eq!((&silent["shadow"], &silent["status"]), (&json!(true), &json!("OPEN")));
    assert_eq!(app.api.get("/escalations/summary").await.expect(200)["open"], 0);
}

async fn what_a_deleted_rule_opened_stays(app: &mut TestApp) {
    user(app, "a").await;
    let rule = marked_rule(app, json!({})).await;
    app.api.delete(&format!("/escalation-rules/{}", rule["id"].as_str().unwrap())).await.expect(204);
    user(app, "a").await;
    let left = only(app).await;
    assert_eq!((&left["status"], &left["escalationRule"]["label"]), (&json!("OPEN"), &json!("Is marked")));
    app.api.patch("/identities/a", &json!({"disregarded": true})).await.expect(200);
    app.settle().await;
}

async fn users_work_on_escalations_and_viewers_do_not(app: &mut TestApp) {
    user(app, "a").await;
    marked_rule(app, json!({})).await;
    let id = only(app).await["id"].to_string();
    let path = format!("/escalations/{id}");
    let (worker, viewer) = (person(app, &app.team, Role::User).await, person(app, &app.team, Role::Viewer).await);
    viewer.patch(&path, &json!({"status": "CLOSED"})).await.error(403);
    viewer.post(&format!("{path}/notes"), &json!({"body": "x"})).await.error(403);
    let assigned = worker.patch(&path, &json!({"assignedTo": " ann@example.com "})).await.expect(200);
    assert_eq!((&assigned["assignedTo"], &assigned["status"]), (&json!("ann@example.com"), &json!("OPEN")));
    let taken = worker.patch(&path, &json!({"assignedTo": null, "status": "ACKNOWLEDGED"})).await.expect(200);
    assert_eq!((&taken["assignedTo"], &taken["status"]), (&Value::Null, &json!("ACKNOWLEDGED")));
    assert!(taken["acknowledgedBy"].as_str().unwrap().contains('@'), "{taken}");
    for body in ["called her", "<script>alert(1)</script>"] {
        worker.post(&format!("{path}/notes"), &json!({"body": body})).await.expect(201);
    }
    let notes = viewer.get(&format!("{path}/notes")).await.expect(200);
    assert_eq!((&notes[0]["body"], &notes[1]["body"]), (&json!("called her"), &json!("<script>alert(1)</script>")));
    assert!(notes[0]["author"].as_str().unwrap().contains('@'), "{notes}");
    worker.post("/badge-rules", &json!({"name": "x", "conditions": anyone()})).await.error(403);
}

async fn wrong_parameters_name_their_field(app: &mut TestApp) {
    for (query, expected) in
        [("status=DONE", "PENDING"), ("severity=HIGH", "INFO"), ("sort=who", "openedAt"), ("shadow=x", "shadow")]
    {
        let answer = app.api.get(&format!("/escalations?{query}")).await;
        assert!(answer.error(400).contains(expected), "{query}: {}", answer.text);
    }
    for body in
        [json!({}), json!({"status": "PENDING"}), json!({"status": "DONE"}), json!({"assignedTo": "x".repeat(201)})]
    {
        app.api.patch("/escalations/1", &body).await.error(400);
    }
    app.api.patch("/escalations/1", &json!({"status": "CLOSED"})).await.error(404);
    app.api.get("/escalations/abc").await.error(400);
    app.api.post("/escalations/1/notes", &json!({"body": "  "})).await.error(400);
    app.api.post("/escalations/1/notes", &json!({"body": "x"})).await.error(404);
}

//! `/api/badge-rules` and `/api/escalation-rules`: what they do to identities, and what a preview says before.

use crate::app::TestApp;
use serde_json::{Value, json};

on_both!(
    changes_of_one_rule_at_once_are_both_kept,
    a_team_begins_with_useful_rules,
    a_badge_rule_marks_whom_it_matches_and_unmarks_them,
    a_preview_says_whom_a_rule_would_match,
    a_rule_about_a_deleted_badge_is_silenced,
    wrong_rules_name_their_field,
);

pub async fn user(app: &TestApp, id: &str) {
    app.track(json!({"type": "login", "identity": {"id": id, "data": {"name": "Anna Virtanen"}}})).await;
}

/// Holds for everyone who has a score, or for nobody.
pub fn anyone() -> Value {
    json!([{"type": "SCORE_GTE", "category": "ANY", "threshold": 0}])
}

pub fn nobody() -> Value {
    json!([{"type": "SCORE_GT", "category": "ANY", "threshold": 100}])
}

pub async fn badges(app: &TestApp, id: &str) -> Vec<String> {
    let badges = app.api.identity(id).await["badges"].clone();
    badges.as_array().unwrap().iter().map(|badge| badge["slug"].as_str().unwrap().to_owned()).collect()
}

async fn a_team_begins_with_useful_rules(app: &mut TestApp) {
    let rules = app.api.get("/badge-rules").await.expect(200);
    let slugs: Vec<&str> = rules.as_array().unwrap().iter().map(|rule| rule["slug"].as_str().unwrap()).collect();
    assert_eq!(slugs, ["likely-bot", "fake-data", "multi-account", "suspicious", "trusted"]);
    let rules = app.api.get("/escalation-rules").await.expect(200);
    assert_eq!(rules.as_array().unwrap().len(), 4);
    assert!(
        rules.as_array().unwrap().iter().all(|rule| rule["enabled"] == true && rule["silenced"] == false),
        "{rules}"
    );
    let id = rules[0]["id"].as_str().unwrap();
    assert_eq!(app.api.get(&format!("/escalation-rules/{id}")).await.expect(200), rules[0]);
    assert_eq!(app.api.get("/badge-rules/trusted").await.expect(200)["type"], "GOOD");
}

async fn a_badge_rule_marks_whom_it_matches_and_unmarks_them(app: &mut TestApp) {
    user(app, "early").await;
    let rule = json!({"name": "Everyone (all)", "type": "GOOD", "priority": 99, "conditions": anyone()});
    let made = app.api.post("/badge-rules", &rule).await.expect(201);
    assert_eq!(
        (&made["slug"], &made["enabled"], &made["applyDelaySeconds"]),
        (&json!("everyone-all"), &json!(true), &json!(0))
    );
    app.settle().await;
    user(app, "late").await;
    for id in ["early", "late"] {
        assert_eq!(badges(app, id).await, ["everyone-all"]);
    }
    let badge = app.api.identity("late").await["badges"][0].clone();
    assert_eq!(
        (&badge["name"], &badge["type"], &badge["metadata"]["ruleId"]),
        (&json!("Everyone (all)"), &json!("GOOD"), &made["id"])
    );
    assert!(badge["explanation"].as_str().unwrap().ends_with("at least 0."), "{badge}");
    assert_eq!(app.api.get("/identities?badge=everyone-all").await.expect(200)["totalElements"], 2);
    app.api.post("/badge-rules", &rule).await.error(409);

    let changed = app.api.patch("/badge-rules/everyone-all", &json!({"conditions": nobody()})).await.expect(200);
    assert_eq!((&changed["type"], &changed["priority"], &changed["name"]), (&json!("GOOD"), &json!(99), &made["name"]));
    app.settle().await;
    assert!(badges(app, "early").await.is_empty());
    let later = json!({"conditions": anyone(), "applyDelaySeconds": 3600});
    app.api.patch("/badge-rules/everyone-all", &later).await.expect(200);
    app.settle().await;
    assert!(badges(app, "early").await.is_empty(), "it is applied in an hour");
    app.api.patch("/badge-rules/everyone-all", &json!({"applyDelaySeconds": 0})).await.expect(200);
    app.settle().await;
    assert_eq!(badges(app, "early").await, ["everyone-all"]);
    app.api.delete("/badge-rules/everyone-all").await.expect(204);
    assert!(badges(app, "early").await.is_empty());
    app.api.delete("/badge-rules/everyone-all").await.error(404);
    app.settle().await;
}

async fn a_preview_says_whom_a_rule_would_match(app: &mut TestApp) {
    for id in ["a", "b", "c"] {
        user(app, id).await;
    }
    app.api.patch("/identities/c", &json!({"disregarded": true})).await.expect(200);
    let preview =
        app.api.post("/badge-rules/actions/preview?pageSize=1", &json!({"conditions": anyone()})).await.expect(200);
    assert_eq!((&preview["totalElements"], preview["content"].as_array().unwrap().len()), (&json!(2), 1));
    assert_eq!(preview["content"][0]["displayName"], "Anna Virtanen");
    assert!(preview["content"][0]["authenticityScore"].is_i64(), "{preview}");
    let escalation = json!({"conditions": [{"type": "BADGE_NOT_EXISTS", "badge": "trusted"}, {"type": "IDENTITY_AGE_LT", "seconds": 3600}]});
    let preview = app.api.post("/escalation-rules/actions/preview", &escalation).await.expect(200);
    assert_eq!(preview["totalElements"], 2);
    let none = app.api.post("/escalation-rules/actions/preview", &json!({"conditions": nobody()})).await.expect(200);
    assert_eq!(none["totalElements"], 0);
    app.settle().await;
}

async fn a_rule_about_a_deleted_badge_is_silenced(app: &mut TestApp) {
    user(app, "a").await;
    app.api.post("/badge-rules", &json!({"name": "Known", "conditions": nobody()})).await.expect(201);
    let conditions = json!([{"type": "BADGE_NOT_EXISTS", "badge": "known"}]);
    let off = json!({"name": "Unknown", "conditions": conditions, "effectiveAt": "2999-01-01T00:00:00Z"});
    let made = app.api.post("/escalation-rules", &off).await.expect(201);
    assert_eq!((&made["silenced"], &made["effectiveAt"]), (&json!(false), &json!("2999-01-01T00:00:00.000Z")));
    app.api.delete("/badge-rules/known").await.expect(204);
    let path = format!("/escalation-rules/{}", made["id"].as_str().unwrap());
    let changed = app.api.patch(&path, &json!({"effectiveAt": "2020-01-01T00:00:00Z"})).await.expect(200);
    assert_eq!(changed["silenced"], true);
    app.api.post("/identities/a/actions/analyze", &json!({})).await.expect(201);
    app.settle().await;
    assert_eq!(app.api.get("/escalations").await.expect(200)["totalElements"], 0);
    app.api.delete(&path).await.expect(204);
    app.api.get(&path).await.error(404);
}

async fn wrong_rules_name_their_field(app: &mut TestApp) {
    let good = json!({"name": "x", "conditions": anyone()});
    for (field, value, expected) in [
        ("name", json!(" "), "name"),
        ("name", json!("x".repeat(51)), "name"),
        ("name", json!(5), "name"),
        ("type", json!("UGLY"), "GOOD"),
        ("priority", json!("high"), "priority"),
        ("conditions", json!([]), "conditions"),
        ("conditions", json!([{"type": "SCORE_LT", "category": "ANY"}]), "conditions[0]"),
        ("conditions", json!([{"type": "SCORE_LT", "category": "ANY", "threshold": 101}]), "threshold"),
        ("conditions", json!([{"type": "BADGE_EXISTS", "badge": "trusted"}]), "conditions[0]"),
        ("conditions", json!([{"type": "IDENTITY_AGE_GT", "seconds": -1}]), "seconds"),
        ("applyDelaySeconds", json!(-1), "applyDelaySeconds"),
    ] {
        let mut wrong = good.clone();
        wrong[field] = value;
        let answer = app.api.post("/badge-rules", &wrong).await;
        assert!(answer.error(400).contains(expected), "{field}: {}", answer.text);
    }
    for (field, value, expected) in [
        ("name", json!("x".repeat(101)), "name"),
        ("severity", json!("HIGH"), "CRITICAL"),
        ("channels", json!(["nowhere"]), "nowhere"),
        ("conditions", json!([{"type": "BADGE_EXISTS", "badge": "nothing"}]), "nothing"),
        ("effectiveAt", json!("tomorrow"), "effectiveAt"),
        ("openAfterSeconds", json!(-1), "openAfterSeconds"),
        ("closeAfterSeconds", json!(-1), "closeAfterSeconds"),
    ] {
        let mut wrong = good.clone();
        wrong[field] = value;
        let answer = app.api.post("/escalation-rules", &wrong).await;
        assert!(answer.error(400).contains(expected), "{field}: {}", answer.text);
    }
    app.api.post("/badge-rules", &json!({"name": "x"})).await.error(400);
    app.api.patch("/badge-rules/nothing", &json!({})).await.error(404);
    app.api.patch("/escalation-rules/nothing", &json!({})).await.error(404);
}

async fn changes_of_one_rule_at_once_are_both_kept(app: &mut TestApp) {
    app.api.post("/badge-rules", &json!({"name": "All", "conditions": anyone()})).await.expect(201);
    let made = app.api.post("/escalation-rules", &json!({"name": "All", "conditions": anyone()})).await.expect(201);
    let channel = json!({"name": "Ops", "type": "EMAIL", "to": ["ops@example.com"]});
    app.api.post("/channels", &channel).await.expect(201);
    let escalation = format!("/escalation-rules/{}", made["id"].as_str().unwrap());
    for n in 1..10 {
        for path in ["/badge-rules/all", escalation.as_str(), "/channels/ops"] {
            let name = json!({"name": format!("n{n}")});
            let enabled = json!({"enabled": n % 2 == 0});
            let (one, another) = tokio::join!(app.api.patch(path, &name), app.api.patch(path, &enabled));
            one.expect(200);
            another.expect(200);
            let held = app.api.get(path).await.expect(200);
            assert_eq!((&held["name"], &held["enabled"]), (&name["name"], &enabled["enabled"]), "{path}");
        }
    }
}

//! Backtests: what a rule would have done over the past, in the API.

use crate::app::{TestApp, eventually};
use crate::auth::person;
use crate::rules::{anyone, nobody, user};
use dregs_server::config::RunOptions;
use dregs_store::Role;
use serde_json::{Value, json};

on_both!(
    a_stored_badge_rule_is_replayed_and_compared_with_what_it_did,
    an_escalation_rule_is_replayed_with_the_badges_it_asks_for,
    a_rule_is_tried_before_it_is_made,
    one_that_a_stop_interrupted_is_run_after_the_next_start,
    wrong_backtests_name_their_field,
);

/// Begins a backtest and waits for its end.
pub async fn finished(app: &TestApp, path: &str, body: &Value) -> Value {
    let begun = app.api.post(path, body).await.expect(202);
    assert!(begun["id"].is_i64() && begun["progress"].as_f64().is_some(), "{begun}");
    let path = format!("/backtests/{}", begun["id"]);
    eventually("it is finished", async || app.api.get(&path).await.json["status"] != "PENDING").await;
    app.api.get(&path).await.expect(200)
}

async fn a_stored_badge_rule_is_replayed_and_compared_with_what_it_did(app: &mut TestApp) {
    for id in ["a", "b", "c"] {
        user(app, id).await;
    }
    user(app, "a").await;
    app.api.post("/badge-rules", &json!({"name": "All", "type": "BAD", "conditions": anyone()})).await.expect(201);
    app.settle().await;
    app.api.put("/identities/a/label", &json!({"kind": "BOT"})).await.expect(200);
    app.api.put("/identities/b/label", &json!({"kind": "LEGITIMATE"})).await.expect(200);
    let done = finished(app, "/badge-rules/actions/backtest", &json!({"slug": "all", "days": 7})).await;
    assert_eq!((&done["status"], &done["progress"], &done["days"]), (&json!("FINISHED"), &json!(1.0), &json!(7)));
    assert_eq!(
        (&done["kind"], &done["ruleName"], &done["errorMessage"]),
        (&json!("BADGE"), &json!("All"), &Value::Null)
    );
    let result = &done["result"];
    assert_eq!((&result["identities"], &result["firings"], &result["stillFiring"]), (&json!(3), &json!(3), &json!(3)));
    assert!(result["scorings"].as_i64().unwrap() >= 4, "{result}");
    let fired = &result["fired"];
    assert_eq!((&fired["abuse"], &fired["legitimate"], &fired["unlabelled"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!((&fired["precision"]["value"], &result["recall"]["value"]), (&json!(0.5), &json!(1.0)));
    assert_eq!(result["stored"], json!({"identities": 3, "both": 3, "onlyBacktest": 0, "onlyStored": 0}));
    let first = &result["first"][0];
    assert_eq!((&first["identityId"], &first["label"], &first["times"]), (&json!("a"), &json!("BOT"), &json!(1)));
    assert!(first["scoreSnapshot"]["authenticity"].is_i64() && result["more"] == 0, "{result}");
    let days = result["days"].as_array().unwrap();
    assert_eq!(days.iter().map(|day| day["firings"].as_i64().unwrap()).sum::<i64>(), 3);
    assert_eq!(days[0]["day"].as_str().unwrap().len(), 10);

    let changed = json!({"slug": "all", "rule": {"conditions": nobody()}});
    let done = finished(app, "/badge-rules/actions/backtest", &changed).await;
    assert_eq!(done["result"]["stored"], json!({"identities": 3, "both": 0, "onlyBacktest": 0, "onlyStored": 3}));
    assert_eq!((&done["result"]["missedAbuse"], &done["result"]["days"]), (&json!(1), &json!([])));
}

async fn an_escalation_rule_is_replayed_with_the_badges_it_asks_for(app: &mut TestApp) {
    for id in ["a", "b"] {
        user(app, id).await;
    }
    app.api.post("/badge-rules", &json!({"name": "All", "conditions": anyone()})).await.expect(201);
    let asks = json!([{"type": "BADGE_EXISTS", "badge": "all"}]);
    let rule = app.api.post("/escalation-rules", &json!({"name": "Asks", "conditions": asks})).await.expect(201);
    app.settle().await;
    let path = "/escalation-rules/actions/backtest";
    let done = finished(app, path, &json!({"id": rule["id"]})).await;
    assert_eq!(done["result"]["stored"], json!({"identities": 2, "both": 2, "onlyBacktest": 0, "onlyStored": 0}));
    assert_eq!((&done["kind"], &done["days"]), (&json!("ESCALATION"), &json!(30)));
    let late = json!({"id": rule["id"], "rule": {"openAfterSeconds": 86400}});
    let done = finished(app, path, &late).await;
    assert_eq!((&done["result"]["firings"], &done["result"]["fired"]["identities"]), (&json!(0), &json!(0)));
    let lacks = json!([{"type": "BADGE_NOT_EXISTS", "badge": "all"}]);
    let done = finished(app, path, &json!({"rule": {"conditions": lacks}})).await;
    assert_eq!((&done["result"]["firings"], &done["result"]["stored"]), (&json!(0), &Value::Null));
    app.api.delete("/badge-rules/all").await.expect(204);
    assert!(app.api.post(path, &json!({"id": rule["id"]})).await.error(400).contains("all"));
}

async fn a_rule_is_tried_before_it_is_made(app: &mut TestApp) {
    user(app, "a").await;
    let worker = person(app, &app.team, Role::User).await;
    let viewer = person(app, &app.team, Role::Viewer).await;
    let body = json!({"rule": {"conditions": anyone()}});
    viewer.post("/badge-rules/actions/backtest", &body).await.error(403);
    let begun = worker.post("/badge-rules/actions/backtest", &body).await.expect(202);
    assert!(begun["requestedBy"].as_str().unwrap().contains('@'), "{begun}");
    let path = format!("/backtests/{}", begun["id"]);
    eventually("it is finished", async || viewer.get(&path).await.json["status"] == "FINISHED").await;
    assert_eq!(viewer.get(&path).await.expect(200)["result"]["firings"], 1);
    assert_eq!(app.api.get("/badge-rules").await.expect(200).as_array().unwrap().len(), 5, "nothing was made");
    let other = app.add_team("b").await;
    app.with(&other.keys.secret_key).get(&path).await.error(404);
}

async fn one_that_a_stop_interrupted_is_run_after_the_next_start(app: &mut TestApp) {
    user(app, "a").await;
    let begun = finished(app, "/badge-rules/actions/backtest", &json!({"slug": "trusted"})).await;
    let id = begun["id"].as_i64().unwrap();
    let held = app.store.backtest(&app.team.id, id).await.unwrap().unwrap();
    app.stop().await;
    let store = dregs_store::Store::open(&app.database.url).await.unwrap();
    // As a kill leaves it.
    let left = dregs_store::Backtest { id: id + 1, ..held };
    store.add_backtest(&left).await.unwrap();
    store.close().await;
    app.restart(RunOptions::default()).await;
    let path = format!("/backtests/{}", id + 1);
    eventually("it is run", async || app.api.get(&path).await.json["status"] == "FINISHED").await;
}

async fn wrong_backtests_name_their_field(app: &mut TestApp) {
    let signal = json!([{"type": "BADGE_EXISTS", "badge": "behavior.account-takeover-signal"}]);
    for (path, body, named) in [
        ("badge", json!({}), "slug"),
        ("escalation", json!({}), "id"),
        ("badge", json!({"slug": "trusted", "days": 0}), "days"),
        ("badge", json!({"slug": "trusted", "days": 366}), "days"),
        ("badge", json!({"rule": {}}), "conditions"),
        ("badge", json!({"rule": {"conditions": [{"type": "BADGE_EXISTS", "badge": "trusted"}]}}), "conditions[0]"),
        ("escalation", json!({"rule": {"conditions": signal}}), "analyzer"),
        ("escalation", json!({"rule": {"conditions": [{"type": "BADGE_EXISTS", "badge": "none"}]}}), "none"),
    ] {
        let answer = app.api.post(&format!("/{path}-rules/actions/backtest"), &body).await;
        assert!(answer.error(400).contains(named), "{body}: {}", answer.text);
    }
    app.api.post("/badge-rules/actions/backtest", &json!({"slug": "none"})).await.error(404);
    app.api.post("/escalation-rules/actions/backtest", &json!({"id": "none"})).await.error(404);
    app.api.get("/backtests/5").await.error(404);
    app.api.get("/backtests/x").await.error(400);
}

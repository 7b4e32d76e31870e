//! `/api/labels` and what follows from labels: reports, comparisons, and rules that are paused.

use crate::app::TestApp;
use crate::auth::person;
use crate::rules::{anyone, badges, nobody, user};
use dregs_store::Role;
use serde_json::{Value, json};

on_both!(
    an_analyst_labels_an_identity_and_its_history_is_kept,
    a_label_changes_no_score,
    an_escalation_is_labelled_through_its_identity,
    labels_are_listed_and_filtered,
    identities_are_listed_by_their_label,
    the_report_says_how_far_scores_and_labels_agree,
    a_badge_rule_that_is_wrong_too_often_is_paused_and_resumed,
    an_escalation_rule_that_is_wrong_too_often_opens_nothing,
    a_silent_rule_is_compared_with_the_others,
    wrong_labels_name_their_field,
);

async fn an_analyst_labels_an_identity_and_its_history_is_kept(app: &mut TestApp) {
    user(app, "a b").await;
    let (worker, viewer) = (person(app, &app.team, Role::User).await, person(app, &app.team, Role::Viewer).await);
    let path = "/identities/a%20b/label";
    assert_eq!(viewer.get(path).await.expect(200), json!({"label": null, "earlier": []}));
    viewer.put(path, &json!({"kind": "BOT"})).await.error(403);
    viewer.delete(path).await.error(403);
    let given = worker.put(path, &json!({"kind": "BOT", "note": " <b>clicks</b> "})).await.expect(200);
    assert_eq!(
        (&given["kind"], &given["legitimate"], &given["note"]),
        (&json!("BOT"), &json!(false), &json!("<b>clicks</b>"))
    );
    assert!(given["labelledBy"].as_str().unwrap().contains('@') && given["analysisId"].is_i64(), "{given}");
    assert_eq!(given["identity"]["path"], "/api/identities/a%20b");
    let scores = app.api.identity("a b").await;
    assert!(scores["authenticityScore"].is_i64(), "{scores}");
    assert_eq!(given["scoreSnapshot"]["authenticity"], scores["authenticityScore"]);
    assert_eq!(scores["label"], given);
    assert_eq!(app.api.get("/identities").await.expect(200)["content"][0]["label"], given);
    let changed = app.api.put(path, &json!({"kind": "LEGITIMATE"})).await.expect(200);
    assert_eq!((&changed["legitimate"], &changed["note"]), (&json!(true), &Value::Null));
    let history = viewer.get(path).await.expect(200);
    assert_eq!((&history["label"], &history["earlier"][0]["kind"]), (&changed, &json!("BOT")));
    assert!(history["earlier"][0]["endedBy"].as_str().unwrap().starts_with("key "), "{history}");
    worker.delete(path).await.expect(204);
    worker.delete(path).await.error(404);
    assert_eq!(viewer.get(path).await.expect(200)["earlier"].as_array().unwrap().len(), 2);
    assert!(app.api.identity("a b").await.get("label").is_none());
}

async fn a_label_changes_no_score(app: &mut TestApp) {
    user(app, "a").await;
    let scores = app.api.get("/identities/a/scores").await.expect(200);
    app.api.put("/identities/a/label", &json!({"kind": "SPAM"})).await.expect(200);
    app.api.post("/identities/a/actions/analyze", &json!({})).await.expect(201);
    app.settle().await;
    assert_eq!(app.api.get("/identities/a/scores").await.expect(200), scores);
}

async fn an_escalation_is_labelled_through_its_identity(app: &mut TestApp) {
    user(app, "a").await;
    app.api.post("/escalation-rules", &json!({"name": "All", "conditions": anyone()})).await.expect(201);
    app.settle().await;
    let before = app.api.get("/escalations").await.expect(200)["content"][0].clone();
    let path = format!("/escalations/{}/label", before["id"]);
    let given = app.api.put(&path, &json!({"kind": "PAYMENT_FRAUD"})).await.expect(200);
    assert_eq!((&given["identity"]["id"], &given["escalationId"]), (&json!("a"), &before["id"]));
    assert_eq!(app.api.get(&format!("/escalations/{}", before["id"])).await.expect(200), before);
    assert_eq!(app.api.identity("a").await["label"]["kind"], "PAYMENT_FRAUD");
    app.api.put("/escalations/5/label", &json!({"kind": "BOT"})).await.error(404);
}

async fn labels_are_listed_and_filtered(app: &mut TestApp) {
    for (id, kind) in [("a", "BOT"), ("b", "LEGITIMATE"), ("c", "SPAM")] {
        user(app, id).await;
        app.api.put(&format!("/identities/{id}/label"), &json!({"kind": kind})).await.expect(200);
    }
    let listed = async |query: &str| {
        let page = app.api.get(&format!("/labels{query}")).await.expect(200);
        let ids = page["content"]
            .as_array()
            .unwrap()
            .iter()
            .map(|label| label["identity"]["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>().concat()
    };
    assert_eq!(listed("").await, "cba", "newest first");
    assert_eq!(listed("?sort=labelledAt&order=ASC").await, "abc");
    assert_eq!((listed("?kind=SPAM").await, listed("?legitimate=false").await), ("c".into(), "ca".into()));
    assert_eq!(listed("?legitimate=true&kind=BOT").await, "");
}

async fn the_report_says_how_far_scores_and_labels_agree(app: &mut TestApp) {
    let none = app.api.get("/reports/calibration").await.expect(200);
    assert_eq!(
        (&none["labels"], &none["overall"]["conclusive"], &none["overall"]["auc"]),
        (&json!(0), &json!(false), &Value::Null)
    );
    for (id, kind) in [("good", "LEGITIMATE"), ("fake", "FAKE_DATA")] {
        user(app, id).await;
        app.api.put(&format!("/identities/{id}/label"), &json!({"kind": kind})).await.expect(200);
    }
    let report = app.api.get("/reports/calibration").await.expect(200);
    let category = |code: &str| {
        let found = report["categories"].as_array().unwrap().iter().find(|held| held["category"] == code);
        found.unwrap().clone()
    };
    let authenticity = category("AUTHENTICITY");
    assert_eq!((&authenticity["legitimate"], &authenticity["abuse"]), (&json!(1), &json!(1)));
    assert_eq!(authenticity["badKinds"], json!(["FAKE_DATA"]));
    assert_eq!(authenticity["auc"], 0.5, "both have the same score");
    assert_eq!(category("BEHAVIOR")["abuse"], 0, "fake data says nothing about behavior");
    let labelled: i64 =
        authenticity["bins"].as_array().unwrap().iter().map(|bin| bin["labelled"].as_i64().unwrap()).sum();
    assert_eq!((labelled, authenticity["bins"].as_array().unwrap().len()), (2, 10));
    let edges: Vec<&Value> = authenticity["edges"].as_array().unwrap().iter().map(|edge| &edge["edge"]).collect();
    assert_eq!(edges, [25, 50, 75]);
    assert!(authenticity["message"].as_str().unwrap().contains("50 are needed"), "{report}");
    let early = app.api.get("/reports/calibration?to=2020-01-01T00:00:00Z").await.expect(200);
    assert_eq!((&early["labels"], &early["from"]), (&json!(0), &json!("2019-01-01T00:00:00.000Z")));
    for (query, field) in [("from=soon", "from"), ("to=x", "to"), ("from=2030-01-01&to=2020-01-01", "from")] {
        assert!(app.api.get(&format!("/reports/calibration?{query}")).await.error(400).contains(field), "{query}");
    }
}

/// Ten people, all of whom are labelled legitimate but for the last.
async fn nine_are_found_legitimate(app: &TestApp) {
    for n in 0..10 {
        user(app, &format!("p{n}")).await;
    }
    for n in 0..9 {
        app.api.put(&format!("/identities/p{n}/label"), &json!({"kind": "LEGITIMATE"})).await.expect(200);
    }
    app.settle().await;
}

async fn a_badge_rule_that_is_wrong_too_often_is_paused_and_resumed(app: &mut TestApp) {
    let rule = json!({"name": "Hasty", "type": "BAD", "conditions": anyone(), "falsePositiveBudget": 0.1});
    let made = app.api.post("/badge-rules", &rule).await.expect(201);
    assert_eq!((&made["falsePositiveBudget"], &made["pausedAt"]), (&json!(0.1), &Value::Null));
    let lacking = json!([{"type": "BADGE_NOT_EXISTS", "badge": "hasty"}]);
    let calls = app.api.post("/escalation-rules", &json!({"name": "Lacks", "conditions": lacking})).await.expect(201);
    nine_are_found_legitimate(app).await;
    assert_eq!(badges(app, "p0").await, ["hasty"]);
    app.api.put("/identities/p9/label", &json!({"kind": "LEGITIMATE"})).await.expect(200);
    app.settle().await;
    let paused = app.api.get("/badge-rules/hasty").await.expect(200);
    assert!(paused["pausedAt"].is_string(), "{paused}");
    assert!(paused["pausedReason"].as_str().unwrap().contains("10 of 10"), "{paused}");
    assert_eq!(paused["enabled"], true);
    let listed = app.api.get("/badge-rules").await.expect(200);
    assert!(listed.as_array().unwrap().contains(&paused));
    assert!(badges(app, "p0").await.is_empty(), "what it gave is taken off");
    let calls = format!("/escalation-rules/{}", calls["id"].as_str().unwrap());
    assert_eq!(app.api.get(&calls).await.expect(200)["silenced"], true);
    user(app, "p0").await;
    assert_eq!(app.api.get("/escalations").await.expect(200)["totalElements"], 0, "nobody suddenly lacks the badge");

    app.api.patch("/badge-rules/hasty", &json!({"paused": true})).await.error(400);
    let resumed = app.api.patch("/badge-rules/hasty", &json!({"paused": false})).await.expect(200);
    assert_eq!((&resumed["pausedAt"], &resumed["pausedReason"]), (&Value::Null, &Value::Null));
    app.settle().await;
    assert_eq!(badges(app, "p0").await, ["hasty"]);
    app.api.put("/identities/p0/label", &json!({"kind": "LEGITIMATE"})).await.expect(200);
    assert_eq!(app.api.get("/badge-rules/hasty").await.expect(200)["pausedAt"], Value::Null, "it is counted anew");
    let without = app.api.patch("/badge-rules/hasty", &json!({"falsePositiveBudget": null})).await.expect(200);
    assert_eq!(without["falsePositiveBudget"], Value::Null);
}

async fn an_escalation_rule_that_is_wrong_too_often_opens_nothing(app: &mut TestApp) {
    let rule = json!({"name": "Hasty", "conditions": anyone(), "falsePositiveBudget": 0.5});
    let made = app.api.post("/escalation-rules", &rule).await.expect(201);
    nine_are_found_legitimate(app).await;
    app.api.put("/identities/p9/label", &json!({"kind": "BOT"})).await.expect(200);
    let path = format!("/escalation-rules/{}", made["id"].as_str().unwrap());
    let paused = app.api.get(&path).await.expect(200);
    assert!(paused["pausedReason"].as_str().unwrap().contains("9 of 10"), "{paused}");
    app.settle().await;
    user(app, "later").await;
    assert_eq!(app.api.get("/escalations?identity=later").await.expect(200)["totalElements"], 0);
    assert_eq!(app.api.get("/escalations?status=OPEN").await.expect(200)["totalElements"], 10, "what is open stays");
    app.api.patch(&path, &json!({"paused": false})).await.expect(200);
    app.settle().await;
    assert_eq!(app.api.get("/escalations?identity=later").await.expect(200)["totalElements"], 1);
}

async fn a_silent_rule_is_compared_with_the_others(app: &mut TestApp) {
    for id in ["a", "b", "c"] {
        user(app, id).await;
    }
    let only = |badge: &str| json!([{"type": "BADGE_NOT_EXISTS", "badge": badge}]);
    app.api.post("/badge-rules", &json!({"name": "Nobody", "conditions": nobody()})).await.expect(201);
    let silent = json!({"name": "Silent", "shadow": true, "conditions": anyone()});
    let silent = app.api.post("/escalation-rules", &silent).await.expect(201);
    app.settle().await;
    let path = format!("/escalation-rules/{}/comparison", silent["id"].as_str().unwrap());
    let alone = app.api.get(&path).await.expect(200);
    assert_eq!(
        (&alone["shadow"], &alone["days"], &alone["opened"]["identities"]),
        (&json!(true), &json!(30), &json!(3))
    );
    assert_eq!((&alone["onlyThis"]["identities"], &alone["others"]), (&json!(3), &json!([])));
    let loud =
        app.api.post("/escalation-rules", &json!({"name": "Loud", "conditions": only("nobody")})).await.expect(201);
    app.api.put("/identities/a/label", &json!({"kind": "BOT"})).await.expect(200);
    app.settle().await;
    let compared = app.api.get(&format!("{path}?days=1")).await.expect(200);
    assert_eq!((&compared["both"]["identities"], &compared["both"]["abuse"]), (&json!(3), &json!(1)));
    assert_eq!((&compared["onlyThis"]["identities"], &compared["onlyOthers"]["identities"]), (&json!(0), &json!(0)));
    let other = &compared["others"][0];
    assert_eq!(
        (&other["rule"]["id"], &other["rule"]["label"], &other["shared"]),
        (&loud["id"], &json!("Loud"), &json!(3))
    );
    assert_eq!(compared["opened"]["precision"]["value"], 1.0);
    app.api.get(&format!("{path}?days=0")).await.error(400);
    app.api.get("/escalation-rules/nothing/comparison").await.error(404);
}

async fn wrong_labels_name_their_field(app: &mut TestApp) {
    user(app, "a").await;
    for (body, named) in [
        (json!({}), "kind"),
        (json!({"kind": "EVIL"}), "LEGITIMATE"),
        (json!({"kind": "BOT", "note": "x".repeat(2001)}), "note"),
        (json!({"kind": "BOT", "note": 7}), "note"),
    ] {
        let answer = app.api.put("/identities/a/label", &body).await;
        assert!(answer.error(400).contains(named), "{body}: {}", answer.text);
    }
    app.api.put("/identities/nobody/label", &json!({"kind": "BOT"})).await.error(404);
    app.api.get("/identities/nobody/label").await.error(404);
    for (query, named) in [("kind=EVIL", "BOT"), ("legitimate=maybe", "legitimate"), ("sort=who", "labelledAt")] {
        assert!(app.api.get(&format!("/labels?{query}")).await.error(400).contains(named), "{query}");
    }
    for (field, value) in
        [("falsePositiveBudget", json!(1.5)), ("falsePositiveBudget", json!("much")), ("paused", json!(1))]
    {
        let mut rule = json!({"name": "x", "type": "BAD", "conditions": nobody()});
        rule[field] = value;
        assert!(app.api.post("/badge-rules", &rule).await.error(400).contains(field), "{field}");
        rule.as_object_mut().unwrap().remove("type");
        assert!(app.api.post("/escalation-rules", &rule).await.error(400).contains(field), "{field}");
    }
    let good = json!({"name": "x", "type": "GOOD", "conditions": nobody(), "falsePositiveBudget": 0.1});
    assert!(app.api.post("/badge-rules", &good).await.error(400).contains("BAD"));
}

async fn identities_are_listed_by_their_label(app: &mut TestApp) {
    for id in ["a", "b", "c", "d"] {
        user(app, id).await;
    }
    for (id, kind) in [("a", "BOT"), ("b", "LEGITIMATE"), ("c", "SPAM")] {
        app.api.put(&format!("/identities/{id}/label"), &json!({"kind": kind})).await.expect(200);
    }
    app.api.put("/identities/a/label", &json!({"kind": "FAKE_DATA"})).await.expect(200);
    app.api.delete("/identities/c/label").await.expect(204);
    let by = async |label: &str| app.api.ids(&format!("/identities?sort=id&label={label}")).await;
    assert_eq!(by("FAKE_DATA").await, ["a"]);
    assert!(by("BOT").await.is_empty(), "an earlier label is none");
    assert_eq!(by("any").await, ["a", "b"]);
    assert_eq!(by("none").await, ["c", "d"]);
    assert_eq!(by("").await.len(), 4);
    assert_eq!(by("none&term=d").await, ["d"], "filters combine");
    let wrong = app.api.get("/identities?label=WRONG").await;
    let message = wrong.error(400);
    assert!(message.starts_with("label must be one of LEGITIMATE") && message.ends_with("any, none"), "{message}");
}

//! `/api/dashboard`: figures that follow what happens.

use crate::app::{TestApp, seen};
use serde_json::{Value, json};

on_both!(
    figures_follow_what_happens,
    scores_are_distributed_as_the_identities_have_them,
    rules_are_told_by_what_they_did,
    names_without_a_mapping_are_told_until_they_have_one,
    another_team_has_figures_of_its_own,
    wrong_periods_name_their_field,
);

async fn user(app: &TestApp, id: &str) {
    let mut event = seen("signup", Some(id), &format!("fp-{id}"), &format!("s-{id}"), "84.128.7.9");
    event["identity"]["data"] = json!({"name": "Anna Virtanen", "email": format!("{id}@example.com")});
    event["id"] = json!(format!("{id}-signup"));
    app.api.track(event).await;
}

fn sum(buckets: &Value, field: &str) -> i64 {
    buckets.as_array().unwrap().iter().map(|bucket| bucket[field].as_i64().unwrap()).sum()
}

async fn figures_follow_what_happens(app: &mut TestApp) {
    for id in ["a", "b", "a"] {
        user(app, id).await;
    }
    app.api.post("/events", &json!({"type": "t"})).await.error(400);
    app.settle().await;
    let summary = app.api.get("/dashboard/summary").await.expect(200);
    assert_eq!((&summary["team"], &summary["identities"]), (&json!("a"), &json!(2)));
    for field in ["newIdentities", "activeIdentities", "scoredIdentities", "events"] {
        let expected = json!({"last24Hours": 2, "previous24Hours": 0, "change": 2});
        assert_eq!(summary[field], expected, "{field}");
    }
    assert_eq!(summary["openEscalations"], json!({"INFO": 0, "WARNING": 0, "CRITICAL": 0}));
    assert_eq!((&summary["processing"]["lagging"], &summary["processing"]["reason"]), (&json!(false), &Value::Null));
    assert!(summary["dataPack"]["ageDays"].is_i64() && summary["version"].is_string());

    let days = app.api.get("/dashboard/stats").await.expect(200);
    assert_eq!(days["bucket"], "DAY");
    assert!((8..=9).contains(&days["buckets"].as_array().unwrap().len()), "{days}");
    let from = dregs_engine::event::format_time_ms(app.app().clock.now_ms() - 3_600_000);
    let hours = app.api.get(&format!("/dashboard/stats?from={from}")).await.expect(200);
    assert_eq!(hours["bucket"], "HOUR");
    for stats in [&days, &hours] {
        let buckets = &stats["buckets"];
        for field in ["events", "newIdentities", "activeIdentities", "scoredIdentities"] {
            assert_eq!(sum(buckets, field), 2, "{field} {stats}");
        }
        assert_eq!((sum(buckets, "duplicates"), &stats["fates"]["invalid"]), (1, &json!(1)));
        assert!(buckets.as_array().unwrap().iter().any(|bucket| bucket["rejected"] == json!({"invalid": 1})));
    }
}

async fn scores_are_distributed_as_the_identities_have_them(app: &mut TestApp) {
    for id in ["a", "b", "c"] {
        user(app, id).await;
    }
    app.track(seen("login", Some("silent"), "fp", "s", "84.128.7.10")).await;
    app.api.patch("/identities/c", &json!({"disregarded": true})).await.expect(200);
    app.settle().await;
    let shown = app.api.get("/dashboard/score-distribution").await.expect(200);
    let of_today = app.api.get("/dashboard/score-distribution?from=&to=2999-01-01").await.expect(200);
    assert_eq!(of_today["categories"][0]["unscored"], 0, "nobody was scored in that year");
    let lately = dregs_engine::event::format_time_ms(app.app().clock.now_ms() - 3_600_000);
    let lately = app.api.get(&format!("/dashboard/score-distribution?from={lately}")).await.expect(200);
    assert_eq!(lately["categories"], shown["categories"]);
    for category in shown["categories"].as_array().unwrap() {
        let field = format!("{}Score", category["category"].as_str().unwrap().to_lowercase());
        let mut expected = vec![0; 20];
        let mut unscored = 0;
        for id in ["a", "b", "silent"] {
            match app.api.identity(id).await[&field].as_u64() {
                Some(score) => expected[(score as usize / 5).min(19)] += 1,
                None => unscored += 1,
            }
        }
        assert_eq!((&category["buckets"], &category["unscored"]), (&json!(expected), &json!(unscored)), "{field}");
        let bands = &category["bands"];
        let banded: i64 = ["critical", "poor", "fair", "good"].iter().map(|band| bands[band].as_i64().unwrap()).sum();
        assert_eq!(banded + unscored, 3);
    }
}

async fn rules_are_told_by_what_they_did(app: &mut TestApp) {
    user(app, "a").await;
    user(app, "b").await;
    let conditions = json!([{"type": "SCORE_GTE", "category": "ANY", "threshold": 0}]);
    app.api.post("/badge-rules", &json!({"name": "Everyone", "conditions": conditions})).await.expect(201);
    let rule = json!({"name": "Call", "severity": "WARNING", "conditions": conditions});
    let rule = app.api.post("/escalation-rules", &rule).await.expect(201);
    app.settle().await;
    let ids = app.api.get("/escalations").await.expect(200)["content"].clone();
    for id in ids.as_array().unwrap().iter().map(|escalation| escalation["id"].to_string()).take(1) {
        app.api.patch(&format!("/escalations/{id}"), &json!({"status": "ACKNOWLEDGED"})).await.expect(200);
        app.api.patch(&format!("/escalations/{id}"), &json!({"status": "CLOSED"})).await.expect(200);
    }
    let summary = app.api.get("/dashboard/summary").await.expect(200);
    assert_eq!(summary["openEscalations"]["WARNING"], 1, "{summary}");
    let activity = app.api.get("/dashboard/rule-activity").await.expect(200);
    let of = |list: &str, field: &str, wanted: &Value| {
        let rules = activity[list].as_array().unwrap().clone();
        rules.into_iter().find(|rule| rule[field] == *wanted).unwrap()
    };
    let badge = of("badgeRules", "slug", &json!("everyone"));
    assert_eq!((&badge["held"], &badge["given"]), (&json!(2), &json!(2)));
    let call = of("escalationRules", "id", &rule["id"]);
    assert_eq!((&call["opened"], &call["closed"], &call["acknowledged"]), (&json!(2), &json!(1), &json!(1)));
    assert!(call["medianSecondsToAcknowledge"].as_f64().unwrap() >= 0.0 && call["name"] == "Call");
    let stats = app.api.get("/dashboard/stats").await.expect(200);
    assert_eq!((sum(&stats["buckets"], "escalationsOpened"), sum(&stats["buckets"], "escalationsClosed")), (2, 1));
    app.api.delete("/badge-rules/everyone").await.expect(204);
    app.api.delete(&format!("/escalation-rules/{}", rule["id"].as_str().unwrap())).await.expect(204);
    app.settle().await;
    let activity = app.api.get("/dashboard/rule-activity").await.expect(200);
    assert!(!activity["badgeRules"].to_string().contains("everyone"));
    let gone = activity["escalationRules"].as_array().unwrap().iter().find(|found| found["id"] == rule["id"]).unwrap();
    assert_eq!((&gone["name"], &gone["opened"]), (&Value::Null, &json!(2)));
}

async fn names_without_a_mapping_are_told_until_they_have_one(app: &mut TestApp) {
    let event = json!({"type": "pigeon.fed", "identity": {"id": "u", "data": {"email": "a@example.com", "shoe": 44}}});
    app.track(json!([event.clone(), event.clone(), {"type": "signup", "identity": {"id": "u"}}])).await;
    let names = app.api.get("/mappings/unmapped").await.expect(200);
    let told = |names: &Value| {
        let names = names.as_array().unwrap().iter();
        names
            .map(|held| (held["name"].as_str().unwrap().to_owned(), held["count"].as_i64().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(told(&names), [("pigeon.fed".to_owned(), 2), ("shoe".to_owned(), 2)]);
    assert_eq!(
        told(&app.api.get("/mappings/unmapped?kind=IDENTITY_FIELD").await.expect(200)),
        [("shoe".to_owned(), 2)]
    );
    assert_eq!(app.api.get("/dashboard/summary").await.expect(200)["unmappedEventNames"], 1);
    let mapping = json!({"kind": "EVENT_TYPE", "source": "pigeon.fed", "target": "LOGIN"});
    app.api.put("/mappings", &mapping).await.expect(204);
    assert_eq!(told(&app.api.get("/mappings/unmapped").await.expect(200)), [("shoe".to_owned(), 2)]);
    app.api.get("/mappings/unmapped?kind=NOTHING").await.error(400);
    // Names are made up by pages: only so many are told one by one.
    let many: Vec<Value> =
        (0..500).map(|n| json!({"type": format!("name {n}"), "identity": {"id": format!("v{}", n % 7)}})).collect();
    app.track(Value::from(many)).await;
    let names = app.api.get("/mappings/unmapped?kind=EVENT_TYPE").await.expect(200);
    let names = told(&names);
    assert_eq!((names.len(), names.iter().map(|(_, count)| count).sum::<i64>()), (500, 500));
    assert!(names.contains(&("(other)".to_owned(), 1)), "{:?}", names.last());
}

async fn another_team_has_figures_of_its_own(app: &mut TestApp) {
    user(app, "a").await;
    app.settle().await;
    let other = app.add_team("b").await;
    let theirs = app.with(&other.keys.secret_key);
    let summary = theirs.get("/dashboard/summary").await.expect(200);
    assert_eq!((&summary["team"], &summary["identities"]), (&json!("b"), &json!(0)));
    for field in ["newIdentities", "activeIdentities", "scoredIdentities", "events"] {
        assert_eq!(summary[field]["last24Hours"], 0, "{field}");
    }
    assert_eq!(sum(&theirs.get("/dashboard/stats").await.expect(200)["buckets"], "events"), 0);
    let shown = theirs.get("/dashboard/score-distribution").await.expect(200);
    assert!(shown["categories"].as_array().unwrap().iter().all(|category| category["unscored"] == 0));
    assert_eq!(theirs.get("/mappings/unmapped").await.expect(200), json!([]));
}

async fn wrong_periods_name_their_field(app: &mut TestApp) {
    for path in ["stats", "score-distribution", "rule-activity"] {
        for (query, named) in [
            ("from=yesterday", "from"),
            ("to=never", "to"),
            ("from=2026-02-01&to=2026-01-01", "from must be before"),
            ("from=2020-01-01&to=2026-01-01", "366 days"),
        ] {
            let answer = app.api.get(&format!("/dashboard/{path}?{query}")).await;
            assert!(answer.error(400).contains(named), "{path} {query}: {}", answer.text);
        }
    }
}

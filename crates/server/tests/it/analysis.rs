//! `/api/identities/{id}/analysis`, `history`, `links`: verdicts and what they rest on.

use crate::app::{TestApp, seen};
use serde_json::{Value, json};

on_both!(
    an_analysis_shows_what_every_score_rests_on,
    analyzing_again_adds_a_cycle,
    a_link_shows_its_evidence_from_both_ends,
    history_is_limited_and_newest_first,
    an_observation_names_the_events_it_rests_on,
);

async fn an_analysis_shows_what_every_score_rests_on(app: &mut TestApp) {
    let mut event = seen("user.signup", Some("u"), "fp", "s", "198.51.100.1");
    event["identity"]["data"] = json!({"email": "x@mailinator.com", "name": "asdf asdf"});
    event["userAgent"] = json!(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/139.0.0.0 Safari/537.36"
    );
    app.track(event).await;
    let analysis = app.api.get("/identities/u/analysis").await.expect(200);
    assert!(analysis["id"].is_i64() && analysis["engineVersion"].is_u64() && analysis["dataPack"].is_string());
    let identity = app.api.identity("u").await;
    for score in analysis["scores"].as_array().unwrap() {
        let category = score["category"].as_str().unwrap().to_lowercase();
        assert_eq!(score["value"], identity[format!("{category}Score")]);
        for seen in score["observations"].as_array().unwrap() {
            assert_eq!(seen["category"], score["category"]);
            assert!(seen["id"].as_str().unwrap().starts_with(&format!("{category}.")), "{seen}");
            assert!(seen["contribution"].is_f64() && seen["metadata"].is_object(), "{seen}");
        }
    }
    assert!(identity["humanityScore"].as_i64().unwrap() < 50, "a headless browser: {identity}");
    assert!(identity["authenticityScore"].as_i64().unwrap() < 50, "a disposable domain and a mashed name: {identity}");
}

async fn analyzing_again_adds_a_cycle(app: &mut TestApp) {
    app.track(json!({"type": "login", "identity": {"id": "u"}})).await;
    let before = history(app, "u", "").await.len();
    app.api.post("/identities/u/actions/analyze", &json!({})).await.expect(201);
    app.settle().await;
    assert_eq!(history(app, "u", "").await.len(), before + 1);
    app.api.post("/identities/nobody/actions/analyze", &json!({})).await.error(404);
    app.settle().await;
    app.api.get("/identities/nobody").await.error(404);
}

async fn history(app: &TestApp, id: &str, query: &str) -> Vec<Value> {
    app.api.get(&format!("/identities/{id}/history{query}")).await.expect(200).as_array().unwrap().clone()
}

async fn a_link_shows_its_evidence_from_both_ends(app: &mut TestApp) {
    for id in ["a", "b"] {
        let mut event = seen("login", Some(id), "fp", "same-session", "198.51.100.1");
        event["identity"]["data"] = json!({"name": format!("Person {id}")});
        app.track(event).await;
    }
    for (id, other) in [("a", "b"), ("b", "a")] {
        let links = app.api.get(&format!("/identities/{id}/links")).await.expect(200);
        let links = links.as_array().unwrap();
        assert!(links.iter().any(|link| link["type"] == "SAME_DEVICE"), "{links:?}");
        for link in links {
            assert_eq!(
                (&link["targetIdentityId"], &link["targetDisplayName"]),
                (&json!(other), &json!(format!("Person {other}")))
            );
            assert!(
                link["metadata"].is_object()
                    && link["id"].is_string()
                    && link["createdAt"].as_str().unwrap().ends_with('Z')
            );
            assert!(
                (0.0..=1.0).contains(&link["value"].as_f64().unwrap())
                    && (0.0..=1.0).contains(&link["confidence"].as_f64().unwrap())
            );
        }
        let strengths: Vec<f64> = links.iter().filter_map(|link| link["value"].as_f64()).collect();
        assert!(strengths.windows(2).all(|pair| pair[0] >= pair[1]), "strongest first: {strengths:?}");
    }
}

async fn history_is_limited_and_newest_first(app: &mut TestApp) {
    app.track(json!({"type": "login", "identity": {"id": "u"}})).await;
    for _ in 0..3 {
        app.api.post("/identities/u/actions/analyze", &json!({})).await.expect(201);
        app.settle().await;
    }
    let all = history(app, "u", "?limit=100000").await;
    assert_eq!(all.len(), 4);
    assert!(all.windows(2).all(|pair| pair[0]["id"].as_i64() > pair[1]["id"].as_i64()));
    assert_eq!(history(app, "u", "?limit=2").await, all[..2]);
    let oldest = app.api.get(&format!("/identities/u/analysis/{}", all[3]["id"])).await.expect(200);
    assert_eq!((&oldest["id"], &oldest["eventCount"]), (&all[3]["id"], &json!(1)));
    assert_eq!(all[0]["authenticityScore"], app.api.identity("u").await["authenticityScore"]);
}

async fn an_observation_names_the_events_it_rests_on(app: &mut TestApp) {
    let at = |n: usize| format!("2026-03-01T10:{n:02}:00Z");
    let event = |n: usize, name: &str| json!({"id": format!("e-{n}"), "type": name, "identity": {"id": "u"}, "timestamp": at(n)});
    let mut events = vec![event(0, "user.signup")];
    events.extend((1..=12).map(|n| event(n, "login_failed")));
    events.push(event(13, "page_view"));
    app.track(Value::from(events)).await;
    // Of the same time and name, and somebody else's.
    app.track(json!({"id": "theirs", "type": "login_failed", "identity": {"id": "v"}, "timestamp": at(12)})).await;
    let observation = async |path: &str, id: &str| {
        let analysis = app.api.get(path).await.expect(200);
        let scores = analysis["scores"].as_array().unwrap().clone();
        let mut all = scores.iter().flat_map(|score| score["observations"].as_array().unwrap().clone());
        all.find(|seen| seen["id"] == id).unwrap()
    };
    let seen = observation("/identities/u/analysis", "behavior.failed-logins").await;
    let basis = &seen["basis"];
    assert_eq!(
        (&basis["from"], &basis["to"], &basis["count"]),
        (&json!("2026-03-01T10:01:00.000Z"), &json!("2026-03-01T10:12:00.000Z"), &json!(12)),
        "{seen}"
    );
    let ids: Vec<&str> =
        basis["events"].as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["e-12", "e-11", "e-10", "e-9", "e-8", "e-7", "e-6", "e-5", "e-4", "e-3"]);
    assert_eq!(
        (&basis["events"][0]["eventName"], &basis["events"][0]["timestamp"]),
        (&json!("login_failed"), &basis["to"])
    );

    let past = history(app, "u", "").await.pop().unwrap()["id"].to_string();
    app.api
        .track(
            json!({"id": "late", "type": "login_failed", "identity": {"id": "u"}, "timestamp": "2026-03-01T10:14:00Z"}),
        )
        .await;
    app.settle().await;
    let then = observation(&format!("/identities/u/analysis/{past}"), "behavior.failed-logins").await;
    assert_eq!(then["basis"], *basis, "a verdict of the past rests on what there was then");
    let signup = json!({"type": "user.signup", "identity": {"id": "w", "data": {"email": "x@mailinator.com"}}});
    app.track(signup).await;
    let domain = observation("/identities/w/analysis", "authenticity.disposable-email").await;
    assert!(domain.get("basis").is_none(), "what was said is no event: {domain}");
}

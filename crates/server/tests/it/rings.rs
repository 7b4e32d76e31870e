//! `/api/rings`, `/api/link-decisions`, `/api/identities/{id}/decisions|main-account|graph`: who belongs together, and
//! what analysts say to that.

use crate::app::{TestApp, seen};
use serde_json::{Value, json};

on_both!(
    accounts_on_one_laptop_form_a_ring,
    different_people_lose_their_link_and_get_it_back,
    the_same_person_is_linked_by_decision_alone,
    a_main_account_does_not_answer_for_the_others,
    a_farm_is_told_and_a_family_is_not,
    a_graph_shows_who_hangs_together,
    wrong_parameters_name_their_field,
);

/// Accounts that one laptop on one line was seen with, one after the other.
async fn on_one_laptop(app: &TestApp, ids: &[&str]) {
    for id in ids {
        app.track(seen_again(id)).await;
    }
}

async fn ring_of(app: &TestApp, id: &str) -> Value {
    let page = app.api.get(&format!("/rings?identity={id}")).await.expect(200);
    let Some(ring) = page["content"].get(0) else { return Value::Null };
    app.api.get(&format!("/rings/{}", ring["id"].as_str().unwrap())).await.expect(200)
}

fn members(ring: &Value) -> Vec<&str> {
    let mut ids: Vec<&str> =
        ring["members"].as_array().into_iter().flatten().map(|member| member["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids
}

async fn uniqueness(app: &TestApp, id: &str) -> i64 {
    app.api.identity(id).await["uniquenessScore"].as_i64().unwrap()
}

/// Links, scores and rings: all that taking a decision back must restore.
async fn picture(app: &TestApp, ids: &[&str]) -> Vec<Value> {
    let mut seen = Vec::new();
    for id in ids {
        seen.push(app.api.get(&format!("/identities/{id}/links")).await.expect(200));
        seen.push(app.api.get(&format!("/identities/{id}/scores")).await.expect(200));
        let mut ring = ring_of(app, id).await;
        if let Some(fields) = ring.as_object_mut() {
            fields.retain(|field, _| field != "updatedAt");
        }
        seen.push(ring);
    }
    seen
}

async fn accounts_on_one_laptop_form_a_ring(app: &mut TestApp) {
    on_one_laptop(app, &["a", "b", "c"]).await;
    app.track(seen("login", Some("d"), "phone", "s-d", "203.0.113.9")).await;
    let page = app.api.get("/rings").await.expect(200);
    assert_eq!(page["totalElements"], 1);
    let ring = ring_of(app, "b").await;
    assert_eq!(members(&ring), ["a", "b", "c"]);
    assert_eq!(
        (&ring["size"], &ring["density"], &ring["growth"], &ring["truncated"]),
        (&json!(3), &json!(1.0), &json!(3), &json!(false))
    );
    assert!(ring["risk"].as_i64().unwrap() > 0 && ring["ageDays"] == 0 && ring["createdAt"].is_string(), "{ring}");
    assert!(ring["members"][0]["uniquenessScore"].is_i64(), "{ring}");
    assert!(
        ring["evidence"].as_array().unwrap().iter().any(|held| held["type"] == "SAME_DEVICE" && held["pairs"] == 3)
    );
    let joint = &ring["weakestJoint"];
    let parts = joint["parts"].as_array().unwrap();
    assert_eq!(parts[0].as_array().unwrap().len() + parts[1].as_array().unwrap().len(), 3);
    assert!(joint["probability"].as_f64().unwrap() >= 0.9 && !joint["types"].as_array().unwrap().is_empty());
    assert_eq!(ring_of(app, "d").await, Value::Null);
    for query in ["minSize=4", "identity=nobody"] {
        assert_eq!(app.api.get(&format!("/rings?{query}")).await.expect(200)["totalElements"], 0);
    }
    for sort in ["risk", "size", "growth", "updatedAt", "createdAt"] {
        app.api.get(&format!("/rings?sort={sort}&order=DESC")).await.expect(200);
    }
    app.api.get("/rings/none").await.error(404);
}

async fn different_people_lose_their_link_and_get_it_back(app: &mut TestApp) {
    let ids = ["a", "b", "c"];
    on_one_laptop(app, &ids).await;
    // Once more, so that every score rests on all three.
    for id in ids {
        app.api.post(&format!("/identities/{id}/actions/analyze"), &json!({})).await.expect(201);
    }
    app.settle().await;
    let before = picture(app, &ids).await;

    let different = json!({"verdict": "DIFFERENT", "note": "siblings, both called"});
    let seen = app.api.post("/identities/c/decisions/b/actions/preview", &different).await.expect(200);
    assert_eq!(picture(app, &ids).await, before, "looking changes nothing");
    assert!(!seen["linksBefore"].as_array().unwrap().is_empty() && seen["linksAfter"] == json!([]), "{seen}");
    assert_eq!(seen["ringsBefore"][0]["members"], json!(ids));
    let after: Vec<usize> =
        seen["ringsAfter"].as_array().unwrap().iter().map(|ring| ring["members"].as_array().unwrap().len()).collect();
    assert_eq!(after, [2], "one of them stays with a");

    let decided = app.api.put("/identities/c/decisions/b", &different).await.expect(200);
    assert_eq!(
        (&decided["identityId"], &decided["otherIdentityId"], &decided["note"]),
        (&json!("b"), &json!("c"), &different["note"])
    );
    assert!(decided["decidedBy"].as_str().unwrap().starts_with("key "), "{decided}");
    assert_eq!(decided["evidence"], seen["linksBefore"], "what was overruled can still be read");
    app.settle().await;
    let links = app.api.get("/identities/b/links").await.expect(200);
    assert!(links.as_array().unwrap().iter().all(|link| link["targetIdentityId"] == "a"), "{links}");
    for score in seen["scores"].as_array().unwrap() {
        let id = score["identityId"].as_str().unwrap();
        assert_eq!(score["predictedUniqueness"], uniqueness(app, id).await, "as it was foreseen for {id}");
    }
    app.track(seen_again("b")).await;
    let links = app.api.get("/identities/b/links").await.expect(200);
    assert!(links.as_array().unwrap().iter().all(|link| link["targetIdentityId"] == "a"), "it is permanent: {links}");
    assert!(!(members(&ring_of(app, "a").await).contains(&"b") && members(&ring_of(app, "a").await).contains(&"c")));
    let listed = app.api.get("/link-decisions?identity=c&verdict=DIFFERENT").await.expect(200);
    assert_eq!(listed["content"][0], decided);

    app.api.delete("/identities/b/decisions/c").await.expect(204);
    app.settle().await;
    let links = app.api.get("/identities/b/links").await.expect(200);
    assert!(links.as_array().unwrap().iter().any(|link| link["targetIdentityId"] == "c"), "{links}");
    assert_eq!(members(&ring_of(app, "a").await), ids);
    app.api.delete("/identities/b/decisions/c").await.error(404);

    // Without anything happening in between, everything is as it was.
    let before = picture(app, &ids).await;
    app.api.put("/identities/a/decisions/b", &different).await.expect(200);
    app.settle().await;
    assert_ne!(picture(app, &ids).await, before);
    app.api.delete("/identities/a/decisions/b").await.expect(204);
    app.settle().await;
    assert_eq!(picture(app, &ids).await, before);
}

fn seen_again(id: &str) -> Value {
    seen("login", Some(id), "laptop", &format!("s-{id}"), "198.51.100.7")
}

async fn the_same_person_is_linked_by_decision_alone(app: &mut TestApp) {
    app.track(seen("login", Some("a"), "fp-a", "s-a", "198.51.100.1")).await;
    app.track(seen("login", Some("b"), "fp-b", "s-b", "203.0.113.2")).await;
    let before = picture(app, &["a", "b"]).await;
    let high = uniqueness(app, "a").await;
    let seen = app.api.post("/identities/a/decisions/b/actions/preview", &json!({"verdict": "SAME"})).await.expect(200);
    app.api.put("/identities/a/decisions/b", &json!({"verdict": "SAME", "note": "told us so"})).await.expect(200);
    app.settle().await;
    let link = app.api.get("/identities/b/links").await.expect(200)[0].clone();
    assert_eq!(
        (&link["type"], &link["probability"], &link["targetIdentityId"]),
        (&json!("SAME_PERSON"), &json!(1.0), &json!("a"))
    );
    assert_eq!(link["metadata"]["note"], "told us so");
    assert!(link["explanation"].as_str().unwrap().contains("key "), "{link}");
    let low = uniqueness(app, "a").await;
    assert!(low < 20 && high > 50, "{high} to {low}");
    assert_eq!(seen["scores"][0]["predictedUniqueness"], low);
    assert_eq!(members(&ring_of(app, "a").await), ["a", "b"]);
    app.api.delete("/identities/b/decisions/a").await.expect(204);
    app.settle().await;
    assert_eq!(picture(app, &["a", "b"]).await, before);
}

async fn a_main_account_does_not_answer_for_the_others(app: &mut TestApp) {
    on_one_laptop(app, &["a", "b", "c"]).await;
    for id in ["a", "b", "c"] {
        app.api.post(&format!("/identities/{id}/actions/analyze"), &json!({})).await.expect(201);
    }
    app.settle().await;
    let before = picture(app, &["a", "b", "c"]).await;
    let (low, other) = (uniqueness(app, "a").await, uniqueness(app, "b").await);
    let preview = app.api.post("/identities/a/main-account/actions/preview", &json!({})).await.expect(200);
    assert_eq!(picture(app, &["a", "b", "c"]).await, before, "looking changes nothing");
    app.api.put("/identities/a/main-account", &json!({})).await.expect(204);
    app.settle().await;
    let high = uniqueness(app, "a").await;
    assert!(high > 50 && low < 30, "{low} to {high}");
    let foreseen = json!({"identityId": "a", "uniqueness": low, "predictedUniqueness": high});
    assert_eq!(preview, json!({"replaces": null, "scores": [foreseen]}));
    assert_eq!(uniqueness(app, "b").await, other, "the others still answer for it");
    assert_eq!(ring_of(app, "b").await["mainAccountId"], "a");
    assert!(
        !app.api.get("/identities/a/links").await.expect(200).as_array().unwrap().is_empty(),
        "its links are shown"
    );
    app.api.delete("/identities/a/main-account").await.expect(204);
    app.settle().await;
    assert_eq!(picture(app, &["a", "b", "c"]).await, before);
    app.api.delete("/identities/a/main-account").await.error(404);

    app.api.put("/identities/a/main-account", &json!({})).await.expect(204);
    on_one_laptop(app, &["d"]).await;
    assert!(uniqueness(app, "a").await > 50, "nor does it for who joins later");
    app.api.put("/identities/b/main-account", &json!({})).await.expect(204);
    app.settle().await;
    assert!(uniqueness(app, "a").await < 30 && uniqueness(app, "b").await > 50, "a ring has one");
    app.track(seen("login", Some("loner"), "own", "own", "203.0.113.77")).await;
    app.api.put("/identities/loner/main-account", &json!({})).await.error(409);
    app.api.put("/identities/nobody/main-account", &json!({})).await.error(404);
}

async fn a_farm_is_told_and_a_family_is_not(app: &mut TestApp) {
    let badges = async |id: &str| app.api.identity(id).await["badges"].to_string();
    on_one_laptop(app, &["a", "b", "c", "d"]).await;
    assert_eq!(members(&ring_of(app, "a").await).len(), 4);
    assert!(!badges("a").await.contains("account-farm"));
    on_one_laptop(app, &["e", "f"]).await;
    assert_eq!(members(&ring_of(app, "a").await).len(), 6);
    for id in ["a", "c", "f"] {
        assert!(badges(id).await.contains("uniqueness.account-farm-signal"), "{id}: {}", badges(id).await);
    }
}

async fn a_graph_shows_who_hangs_together(app: &mut TestApp) {
    on_one_laptop(app, &["a", "b", "c"]).await;
    app.track(seen("login", Some("far"), "fp-far", "s-far", "203.0.113.9")).await;
    app.api.put("/identities/c/decisions/far", &json!({"verdict": "SAME"})).await.expect(200);
    app.settle().await;
    let graph = app.api.get("/identities/a/graph?hops=1&minStrength=0.9").await.expect(200);
    let ids = |graph: &Value| -> Vec<String> {
        graph["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((ids(&graph), &graph["truncated"]), (vec!["a".into(), "b".into(), "c".into()], &json!(false)));
    assert_eq!(graph["edges"].as_array().unwrap().len(), 3);
    assert!(
        graph["nodes"][0]["ringId"].is_string() && graph["nodes"][0]["hops"] == 0 && graph["nodes"][1]["hops"] == 1
    );
    let graph = app.api.get("/identities/a/graph").await.expect(200);
    assert_eq!(ids(&graph), ["a", "b", "c", "far"]);
    let edges = graph["edges"].as_array().unwrap();
    let decided = edges.iter().find(|edge| edge["targetId"] == "far").unwrap();
    assert_eq!((&decided["sourceId"], &decided["types"]), (&json!("c"), &json!(["SAME_PERSON"])));
}

async fn wrong_parameters_name_their_field(app: &mut TestApp) {
    on_one_laptop(app, &["a", "b"]).await;
    for (query, named) in [
        ("hops=0", "hops"),
        ("hops=9", "hops"),
        ("hops=x", "hops"),
        ("minStrength=2", "minStrength"),
        ("minStrength=x", "minStrength"),
    ] {
        let answer = app.api.get(&format!("/identities/a/graph?{query}")).await;
        assert!(answer.error(400).contains(named), "{query}: {}", answer.text);
    }
    for (path, named) in
        [("/rings?minSize=x", "minSize"), ("/rings?sort=shape", "shape"), ("/link-decisions?verdict=MAYBE", "verdict")]
    {
        let answer = app.api.get(path).await;
        assert!(answer.error(400).contains(named), "{path}: {}", answer.text);
    }
    for (body, named) in [
        (json!({}), "verdict"),
        (json!({"verdict": "MAYBE"}), "verdict"),
        (json!({"verdict": "SAME", "note": "x".repeat(1001)}), "note"),
        (json!({"verdict": "SAME", "note": 5}), "note"),
    ] {
        let answer = app.api.put("/identities/a/decisions/b", &body).await;
        assert!(answer.error(400).contains(named), "{body}: {}", answer.text);
        app.api.post("/identities/a/decisions/b/actions/preview", &body).await.error(400);
    }
    app.api.put("/identities/a/decisions/a", &json!({"verdict": "SAME"})).await.error(400);
    app.api.put("/identities/a/decisions/nobody", &json!({"verdict": "SAME"})).await.error(404);
}

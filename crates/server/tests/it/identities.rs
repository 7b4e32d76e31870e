//! `/api/identities`: who they are, what belongs to them, and leaving them out.

use crate::app::{TestApp, eventually, seen};
use dregs::{Client, IdentityUpdate};
use serde_json::{Value, json};

on_both!(
    anonymous_events_belong_to_whom_their_session_names,
    a_session_named_in_the_same_request_lends_its_identity,
    score_ranges_and_disregarded_filter_lists,
    a_disregarded_identity_is_no_evidence_for_anyone,
    a_disregarded_device_links_nobody,
    attributes_are_merged_on_repeated_calls,
    wrong_changes_name_their_field,
    ids_with_nul_are_refused_not_failed,
    two_newcomers_in_one_batch_see_each_other,
    disregarding_amid_traffic_leaves_no_link_behind,
);

async fn anonymous_events_belong_to_whom_their_session_names(app: &mut TestApp) {
    for (id, fingerprint) in [("e1", "fp-1"), ("e2", "fp-1"), ("e3", "fp-2")] {
        let mut event = seen("page_view", None, fingerprint, "s-1", "198.51.100.1");
        event["id"] = json!(id);
        app.track(event).await;
    }
    app.track(seen("page_view", None, "fp-3", "s-other", "198.51.100.2")).await;
    assert_eq!(app.api.get("/identities").await.expect(200)["totalElements"], 0);
    assert_eq!(app.api.get("/events?session=s-1").await.expect(200)["totalElements"], 3);

    app.track(seen("identify", Some("ada"), "fp-1", "s-1", "198.51.100.1")).await;
    let events = app.api.get("/events?identity=ada").await.expect(200);
    assert_eq!(events["totalElements"], 4, "the earlier ones are hers");
    let analysis = app.api.get("/identities/ada/analysis").await.expect(200);
    assert_eq!((&analysis["eventCount"], &analysis["deviceCount"]), (&json!(4), &json!(2)));
    let mut devices: Vec<String> = fingerprints(app, "/devices?identity=ada").await;
    devices.sort();
    assert_eq!(devices, ["fp-1", "fp-2"]);

    app.track(seen("page_view", None, "fp-1", "s-1", "198.51.100.1")).await;
    assert_eq!(app.api.get("/events?identity=ada").await.expect(200)["totalElements"], 5, "and so are later ones");
    let analysis = app.api.get("/identities/ada/analysis").await.expect(200);
    assert_eq!(analysis["eventCount"], 5);
    let strangers = app.api.get("/events?session=s-other").await.expect(200);
    assert!(strangers["content"][0].get("identity").is_none());
    assert!(app.api.get("/identities/ada/links").await.expect(200).as_array().unwrap().is_empty());
}

async fn fingerprints(app: &TestApp, path: &str) -> Vec<String> {
    let page = app.api.get(path).await.expect(200);
    page["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|device| device["fingerprint"].as_str().unwrap().to_owned())
        .collect()
}

async fn a_session_named_in_the_same_request_lends_its_identity(app: &mut TestApp) {
    let page = seen("page_view", None, "fp-1", "s-1", "198.51.100.1");
    app.track(json!([page, page, seen("identify", Some("ada"), "fp-1", "s-1", "198.51.100.1"), page])).await;
    assert_eq!(app.api.get("/events?identity=ada").await.expect(200)["totalElements"], 4);
    assert_eq!(app.api.get("/identities/ada/analysis").await.expect(200)["eventCount"], 4);
}

async fn score_ranges_and_disregarded_filter_lists(app: &mut TestApp) {
    let person = |id: &str, email: &str, name: &str| json!({"type": "user.signup", "identity": {"id": id, "data": {"email": email, "name": name}}});
    app.track(json!([
        person("fake", "asdfgh@mailinator.com", "asdf qwer"),
        person("ada", "ada.lovelace@gmail.com", "Ada Lovelace"),
        person("bob", "bob@gmail.com", "Bob Jones"),
    ]))
    .await;
    let score = app.api.identity("fake").await["authenticityScore"].as_i64().unwrap();
    let honest = app.api.identity("ada").await["authenticityScore"].as_i64().unwrap();
    assert!(score < honest, "{score} < {honest}");
    assert_eq!(app.api.ids(&format!("/identities?maxAuthenticity={score}")).await, ["fake"]);
    assert!(!app.api.ids(&format!("/identities?minAuthenticity={}", score + 1)).await.contains(&"fake".to_owned()));
    assert_eq!(app.api.ids(&format!("/identities?minAuthenticity={score}&maxAuthenticity={score}")).await, ["fake"]);
    for category in ["Humanity", "Uniqueness", "Behavior"] {
        assert!(app.api.ids(&format!("/identities?min{category}=0&max{category}=100")).await.len() <= 3);
    }
    app.api.patch("/identities/bob", &json!({"disregarded": true})).await.expect(200);
    app.settle().await;
    assert_eq!(app.api.ids("/identities?disregarded=true").await, ["bob"]);
    assert_eq!(app.api.ids("/identities?disregarded=false&sort=id").await, ["ada", "fake"]);
    for (query, named) in
        [("minHumanity=-1", "minHumanity"), ("maxBehavior=x", "maxBehavior"), ("disregarded=maybe", "disregarded")]
    {
        assert!(app.api.get(&format!("/identities?{query}")).await.error(400).contains(named));
    }
}

/// Two accounts on one device, as different as they can be otherwise.
async fn share_a_device(app: &TestApp) -> Client {
    for n in 0..3 {
        for id in ["alice", "bob"] {
            app.api.track(seen("login", Some(id), "fp-shared", &format!("s-{id}-{n}"), "198.51.100.7")).await;
        }
    }
    for n in 0..5 {
        app.api
            .track(seen(
                "login",
                Some(&format!("else{n}")),
                &format!("fp-{n}"),
                &format!("s-{n}"),
                &format!("203.0.113.{n}"),
            ))
            .await;
    }
    app.settle().await;
    app.client()
}

async fn targets(client: &Client, id: &str) -> Vec<String> {
    let mut found: Vec<String> =
        client.identities().links(id).await.unwrap().into_iter().filter_map(|link| link.identity_id).collect();
    found.sort();
    found.dedup();
    found
}

async fn uniqueness(client: &Client, id: &str) -> i64 {
    client.identities().scores(id).await.unwrap().uniqueness().expect("it is scored")
}

async fn a_disregarded_identity_is_no_evidence_for_anyone(app: &mut TestApp) {
    let client = share_a_device(app).await;
    let links = client.identities().links("bob").await.unwrap();
    let device =
        links.iter().find(|link| link.link_type.as_deref() == Some("SAME_DEVICE")).expect("they share a device");
    assert_eq!(device.identity_id.as_deref(), Some("alice"));
    assert!(
        device.value > Some(0.3) && device.confidence.is_some() && !device.explanation.as_deref().unwrap().is_empty()
    );
    assert_eq!(targets(&client, "alice").await, ["bob"], "a link is seen from both ends");
    let low = uniqueness(&client, "bob").await;
    assert!(low < 40, "two accounts on one device: {low}");

    client.identities().update("alice", IdentityUpdate::new().disregarded(true)).await.unwrap();
    app.settle().await;
    let cycles = client.identities().history("alice", None).await.unwrap().len();
    client.identities().analyze("alice").await.unwrap();
    app.track(seen("login", Some("alice"), "fp-shared", "s-new", "198.51.100.7")).await;
    assert_eq!(client.identities().history("alice", None).await.unwrap().len(), cycles, "scoring is skipped");
    assert_eq!(
        app.api.get("/events?identity=alice").await.expect(200)["totalElements"],
        4,
        "events are recorded all the same"
    );
    assert_eq!(targets(&client, "bob").await, [""; 0]);
    let high = uniqueness(&client, "bob").await;
    assert!(high > low + 20, "bob alone on his device: {low} to {high}");

    client.identities().update("alice", IdentityUpdate::new().disregarded(false)).await.unwrap();
    app.settle().await;
    assert_eq!(targets(&client, "bob").await, ["alice"]);
    assert_eq!(targets(&client, "alice").await, ["bob"]);
    assert!(uniqueness(&client, "bob").await < high - 20);
    assert!(client.identities().history("alice", None).await.unwrap().len() > cycles);
}

async fn a_disregarded_device_links_nobody(app: &mut TestApp) {
    let client = share_a_device(app).await;
    let same_device = async |id: &str| {
        let links = client.identities().links(id).await.unwrap();
        links.iter().any(|link| link.link_type.as_deref() == Some("SAME_DEVICE"))
    };
    let low = uniqueness(&client, "bob").await;
    assert!(same_device("alice").await);
    client.devices().update("fp-shared", true).await.unwrap();
    app.settle().await;
    assert!(!same_device("alice").await && !same_device("bob").await);
    let high = uniqueness(&client, "bob").await;
    assert!(high > low, "{low} to {high}");
    client.devices().update("fp-shared", false).await.unwrap();
    app.settle().await;
    assert!(same_device("alice").await && same_device("bob").await);
    assert!(uniqueness(&client, "bob").await < high);
}

async fn attributes_are_merged_on_repeated_calls(app: &mut TestApp) {
    let with = |data: Value| json!({"type": "identify", "identity": {"id": "u", "data": data}});
    app.track(with(json!({"Full Name": "Ada Lovelace", "email": "ada@example.com", "plan": "free", "tags": ["a"]})))
        .await;
    let first = app.api.identity("u").await;
    app.track(with(json!({"plan": "pro", "tags": ["b"], "username": "ada99", "company": null}))).await;
    let identity = app.api.identity("u").await;
    assert_eq!(
        identity["data"],
        json!({"Full Name": "Ada Lovelace", "email": "ada@example.com", "plan": "pro", "tags": ["b"], "username": "ada99", "company": null})
    );
    assert_eq!((&identity["displayName"], &identity["displayUsername"]), (&json!("Ada Lovelace"), &json!("ada99")));
    assert_eq!(identity["createdAt"], first["createdAt"]);
    assert!(identity["updatedAt"].as_str() >= first["updatedAt"].as_str());
}

async fn wrong_changes_name_their_field(app: &mut TestApp) {
    app.track(json!({"type": "login", "identity": {"id": "u"}})).await;
    let cases = [
        (json!({}), "disregarded or attributes"),
        (json!({"disregarded": "yes"}), "disregarded"),
        (json!({"attributes": [1]}), "attributes"),
        (json!({"disregarded": null, "attributes": null}), "disregarded or attributes"),
        (json!({"disregarded": true, "attributes": 7}), "attributes"),
    ];
    for (body, named) in cases {
        assert!(app.api.patch("/identities/u", &body).await.error(400).contains(named), "{body}");
    }
    assert!(!app.api.identity("u").await["disregarded"].as_bool().unwrap(), "a refused change changes nothing");
    app.api.get("/identities/u/history?limit=0").await.error(400);
    app.api.get("/identities/u/analysis/notanumber").await.error(400);
    app.api.get("/identities/u/analysis/123").await.error(404);
}

async fn ids_with_nul_are_refused_not_failed(app: &mut TestApp) {
    for path in ["/identities/a%00b", "/events/%00", "/devices/x%00", "/groups/t%00/g", "/identities/a%00/links"] {
        app.api.get(path).await.error(400);
    }
    for path in ["/identities/%FF%FE", "/devices/%C3"] {
        app.api.get(path).await.error(400);
    }
    app.api.get("/devices?term=a%00").await.error(400);
    app.api.post("/auth/login", &json!({"email": "a\u{0}@b.c", "password": "x\u{0}"})).await.error(401);
}

async fn two_newcomers_in_one_batch_see_each_other(app: &mut TestApp) {
    app.track(json!([
        seen("signup", Some("a"), "fp", "s1", "198.51.100.1"),
        seen("signup", Some("b"), "fp", "s2", "198.51.100.2")
    ]))
    .await;
    eventually("both are linked", async || {
        let links = app.api.get("/identities/a/links").await.expect(200);
        links.as_array().unwrap().iter().any(|link| link["targetIdentityId"] == "b")
    })
    .await;
}

async fn disregarding_amid_traffic_leaves_no_link_behind(app: &mut TestApp) {
    let client = share_a_device(app).await;
    for round in 0..15 {
        app.api.track(seen("login", Some("bob"), "fp-shared", &format!("round-{round}"), "198.51.100.7")).await;
        client.identities().analyze("bob").await.unwrap();
        client.identities().update("alice", IdentityUpdate::new().disregarded(round % 2 == 0)).await.unwrap();
    }
    app.settle().await;
    assert_eq!(targets(&client, "bob").await, [""; 0]);
    client.devices().update("fp-shared", true).await.unwrap();
    client.identities().update("alice", IdentityUpdate::new().disregarded(false)).await.unwrap();
    app.settle().await;
    assert!(
        !client
            .identities()
            .links("bob")
            .await
            .unwrap()
            .iter()
            .any(|link| link.link_type.as_deref() == Some("SAME_DEVICE"))
    );
}

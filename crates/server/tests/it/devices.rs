//! `/api/devices`: fingerprints are the server's own reading.

use crate::app::{TestApp, seen};
use serde_json::{Value, json};

on_both!(
    the_tracker_s_fingerprint_is_computed_here,
    a_device_keeps_what_a_later_sighting_does_not_say,
    wrong_changes_name_their_field,
    many_devices_on_one_identity_are_all_listed,
);

async fn the_tracker_s_fingerprint_is_computed_here(app: &mut TestApp) {
    let track = async |claim: &str, platform: &str| {
        let device =
            json!({"fingerprint": claim, "signals": {"v": 1, "platform": platform, "timezone": "Europe/Vienna"}});
        let result = app.page().track(json!({"type": "page_view", "session": "s", "device": device})).await;
        result["fingerprint"].as_str().unwrap().to_owned()
    };
    let (honest, forged, other) =
        (track("x", "Linux").await, track("forged", "Linux").await, track("x", "Win32").await);
    assert!(honest == forged && honest != other && honest != "x");
    app.settle().await;
    let device = app.api.get(&format!("/devices/{honest}")).await.expect(200);
    assert_eq!((&device["timezone"], &device["ip"]), (&json!("Europe/Vienna"), &json!("127.0.0.1")));
    assert_eq!(app.page().get("/devices").await.expect(200)["totalElements"], 2, "a public key may read the list");
}

async fn a_device_keeps_what_a_later_sighting_does_not_say(app: &mut TestApp) {
    app.track(seen("page", Some("u"), "fp", "s", "198.51.100.1")).await;
    let before = app.api.get("/devices/fp").await.expect(200);
    app.track(json!({"type": "page", "device": {"fingerprint": "fp"}, "timestamp": "2020-01-01T00:00:00Z"})).await;
    let after = app.api.get("/devices/fp").await.expect(200);
    assert_eq!(
        (&after["ip"], &after["userAgent"], &after["lastSeenAt"]),
        (&before["ip"], &before["userAgent"], &before["lastSeenAt"])
    );
    assert_eq!(after["firstSeenAt"], "2020-01-01T00:00:00.000Z");
}

async fn wrong_changes_name_their_field(app: &mut TestApp) {
    app.track(seen("page", Some("u"), "fp", "s", "198.51.100.1")).await;
    for body in [json!({}), json!({"disregarded": "x"}), json!({"disregarded": null})] {
        let answer = app.api.patch("/devices/fp", &body).await;
        assert!(answer.error(400).contains("disregarded"), "{}", answer.text);
    }
    app.api.patch("/devices/none", &json!({"disregarded": true})).await.error(404);
}

async fn many_devices_on_one_identity_are_all_listed(app: &mut TestApp) {
    let events = (0..150).map(|n| seen("login", Some("u"), &format!("fp-{n}"), &format!("s-{n}"), "198.51.100.1"));
    app.track(Value::from_iter(events)).await;
    assert_eq!(app.api.get("/devices").await.expect(200)["totalElements"], 150);
    let count = app.api.get("/identities/u/analysis").await.expect(200)["deviceCount"].as_i64().unwrap();
    assert!(count > 0 && count <= 150, "a profile is bounded: {count}");
    assert_eq!(app.api.get("/events?identity=u").await.expect(200)["totalElements"], 150);
}

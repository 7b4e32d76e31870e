//! `/api/groups`: what the client cannot send wrongly.

use crate::app::TestApp;
use serde_json::json;

on_both!(wrong_groups_name_their_field, groups_of_an_event_are_merged_and_counted);

async fn wrong_groups_name_their_field(app: &mut TestApp) {
    let cases = [
        (json!({}), "id"),
        (json!({"id": ""}), "id"),
        (json!({"id": [1]}), "id"),
        (json!({"id": "x".repeat(257)}), "id"),
        (json!({"id": "a\u{0}"}), "id"),
        (json!({"id": "g", "type": 7}), "type"),
        (json!({"id": "g", "type": "--"}), "type"),
        (json!({"id": "g", "attributes": "x"}), "attributes"),
    ];
    for (body, named) in cases {
        assert!(app.api.post("/groups", &body).await.error(400).starts_with(named), "{body}");
    }
    assert_eq!(app.api.get("/groups").await.expect(200)["totalElements"], 0);
    app.api.post("/groups", &json!({"id": 7})).await.expect(201);
    assert!(app.api.patch("/groups/organization/7", &json!({})).await.error(400).contains("attributes"));
    assert!(app.api.patch("/groups/organization/7", &json!({"attributes": 1})).await.error(400).contains("attributes"));
    assert_eq!(app.api.get("/groups/organization/7").await.expect(200)["data"], json!({}), "an empty object is {{}}");
}

async fn groups_of_an_event_are_merged_and_counted(app: &mut TestApp) {
    let event = |id: &str, data| json!({"type": "login", "identity": {"id": id}, "groups": [{"type": "WorkSpace", "id": "w", "data": data}]});
    app.track(event("a", json!({"name": "First", "seats": 1}))).await;
    app.track(json!([event("b", json!({"seats": 2})), event("a", json!({"plan": "pro"}))])).await;
    let group = app.api.get("/groups/work-space/w").await.expect(200);
    assert_eq!(group["data"], json!({"name": "First", "seats": 2, "plan": "pro"}));
    assert_eq!((&group["displayName"], &group["identityCount"]), (&json!("First"), &json!(2)));
    assert!(group["lastTrackedAt"].is_string());
    let created = app.api.post("/groups", &json!({"id": "never-tracked"})).await.expect(201);
    assert!(created["lastTrackedAt"].is_null());
}

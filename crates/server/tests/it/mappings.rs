//! `/api/mappings`: the customer's names and what they mean.

use crate::app::TestApp;
use serde_json::{Value, json};

on_both!(
    a_mapping_of_one_s_own_goes_before_the_global_one,
    a_mapped_field_is_used_by_the_next_scoring,
    wrong_mappings_name_their_field
);

async fn canonical(app: &TestApp, event: &str) -> Value {
    app.api.get(&format!("/events/{event}")).await.expect(200)["canonicalType"].clone()
}

async fn a_mapping_of_one_s_own_goes_before_the_global_one(app: &mut TestApp) {
    let event = |id: &str, kind: &str| json!({"id": id, "type": kind, "identity": {"id": "u"}});
    app.track(json!([event("own", "kunde.angelegt"), event("global", "user.signup")])).await;
    assert_eq!((canonical(app, "own").await, canonical(app, "global").await), (Value::Null, json!("REGISTRATION")));
    let set = async |source: &str, target: &str| {
        app.api
            .put("/mappings", &json!({"kind": "EVENT_TYPE", "source": source, "target": target, "description": "ours"}))
            .await
            .expect(204);
    };
    set("kunde.angelegt", "REGISTRATION").await;
    set("user.signup", "LOGIN").await;
    set("user.signup", "PURCHASE").await;
    assert_eq!(
        (canonical(app, "own").await, canonical(app, "global").await),
        (json!("REGISTRATION"), json!("PURCHASE"))
    );
    let own = app.api.get("/mappings?scope=CUSTOMER&kind=EVENT_TYPE").await.expect(200);
    assert_eq!(own.as_array().unwrap().len(), 2);
    assert_eq!(
        own[1],
        json!({"kind": "EVENT_TYPE", "scope": "CUSTOMER", "source": "user.signup", "target": "PURCHASE", "description": "ours"})
    );
    assert!(app.api.get("/mappings?scope=GLOBAL").await.expect(200).as_array().unwrap().len() > 50);
    app.api.delete("/mappings?kind=EVENT_TYPE&source=user.signup").await.expect(204);
    assert_eq!(canonical(app, "global").await, "REGISTRATION");
    app.api.delete("/mappings?kind=EVENT_TYPE&source=user.signup").await.error(404);
}

async fn a_mapped_field_is_used_by_the_next_scoring(app: &mut TestApp) {
    let data = json!({"kontakt": "someone@mailinator.com"});
    app.track(json!({"type": "user.signup", "identity": {"id": "u", "data": data}})).await;
    let before = app.api.identity("u").await;
    assert!(before["displayEmail"].is_null());
    app.api
        .put("/mappings", &json!({"kind": "IDENTITY_FIELD", "source": "kontakt", "target": "EMAIL"}))
        .await
        .expect(204);
    app.api.post("/identities/u/actions/analyze", &json!({})).await.expect(201);
    app.settle().await;
    let after = app.api.identity("u").await;
    assert_eq!(after["displayEmail"], "someone@mailinator.com");
    assert_eq!(app.api.ids("/identities?term=mailinator").await, ["u"]);
    let analysis = app.api.get("/identities/u/analysis").await;
    assert!(analysis.text.contains("mailinator"), "a disposable domain is found: {}", analysis.text);
}

async fn wrong_mappings_name_their_field(app: &mut TestApp) {
    let cases = [
        (json!({"kind": "X", "source": "a", "target": "LOGIN"}), "kind"),
        (json!({"kind": "EVENT_TYPE", "source": " ", "target": "LOGIN"}), "source"),
        (json!({"kind": "EVENT_TYPE", "source": "x".repeat(129), "target": "LOGIN"}), "source"),
        (json!({"kind": "EVENT_TYPE", "source": "a", "target": "EMAIL"}), "target"),
        (json!({"kind": "IDENTITY_FIELD", "source": "a", "target": "LOGIN"}), "target"),
        (json!({"kind": "EVENT_TYPE", "source": "a"}), "target"),
        (json!({"kind": "EVENT_TYPE", "source": 5, "target": "LOGIN"}), "source"),
        (
            json!({"kind": "EVENT_TYPE", "source": "a", "target": "LOGIN", "description": "x".repeat(501)}),
            "description",
        ),
    ];
    for (body, named) in cases {
        let answer = app.api.put("/mappings", &body).await;
        assert!(answer.error(400).contains(named), "{body}: {}", answer.text);
    }
    app.api.get("/mappings?kind=nonsense").await.error(400);
}

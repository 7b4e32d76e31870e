//! `/api/datasets`: what a team knows better than the data pack changes scores.

use crate::app::{TestApp, seen};
use dregs_engine::score::assess;
use serde_json::{Value, json};

on_both!(
    a_domain_that_the_team_lets_pass_calms_and_is_judged_again_without_the_entry,
    an_office_of_the_team_s_list_is_judged_at_once,
    the_team_s_own_application_is_no_robot,
    a_public_code_links_nobody,
    own_entries_come_before_those_of_the_program,
    an_import_is_all_or_nothing_and_names_every_wrong_line,
    wrong_entries_name_their_field,
);

async fn score(app: &TestApp, id: &str, category: &str) -> i64 {
    app.api.identity(id).await[category].as_i64().unwrap()
}

async fn analyze(app: &TestApp, id: &str) {
    app.api.post(&format!("/identities/{id}/actions/analyze"), &json!({})).await.expect(201);
    app.settle().await;
}

/// Every verdict on an identity is recomputed from its own evidence.
async fn assert_replays(app: &TestApp, id: &str) {
    let history = app.store.history(&app.team.id, id, 100).await.unwrap();
    for entry in history {
        let cycle = app.store.cycle(&app.team.id, id, Some(entry.id)).await.unwrap().unwrap();
        let evidence = cycle.evidence.unwrap();
        assert_eq!(assess(&evidence.snapshot), evidence.assessment);
    }
}

async fn put(app: &TestApp, slug: &str, key: &str, value: &str) -> Value {
    let entry = json!({"key": key, "value": value, "note": "we know them"});
    let answer = app.api.put(&format!("/datasets/{slug}/entries"), &entry).await;
    assert!(answer.status == 200 || answer.status == 201, "{}", answer.text);
    app.settle().await;
    answer.json
}

async fn a_domain_that_the_team_lets_pass_calms_and_is_judged_again_without_the_entry(app: &mut TestApp) {
    let data = json!({"name": "Anna Virtanen", "email": "anna@mailinator.com"});
    app.track(json!({"type": "signup", "identity": {"id": "u", "data": data}})).await;
    let before = score(app, "u", "authenticityScore").await;
    put(app, "disposable-email-domains", "Mailinator.com", "not").await;
    analyze(app, "u").await;
    let calmed = score(app, "u", "authenticityScore").await;
    assert!(before < 50 && calmed >= 70, "{before} {calmed}");
    let analysis = app.api.get("/identities/u/analysis").await;
    assert!(analysis.text.contains("Your list says"), "{}", analysis.text);
    app.api.delete("/datasets/disposable-email-domains/entries?key=MAILINATOR.COM").await.expect(204);
    analyze(app, "u").await;
    assert_eq!(score(app, "u", "authenticityScore").await, before);
    assert_replays(app, "u").await;
}

async fn an_office_of_the_team_s_list_is_judged_at_once(app: &mut TestApp) {
    for id in ["a", "b"] {
        app.api.track(seen("signup", Some(id), &format!("fp-{id}"), &format!("s-{id}"), "52.95.110.1")).await;
    }
    app.settle().await;
    let before = score(app, "a", "humanityScore").await;
    put(app, "networks", "52.95.110.1", "office").await;
    let calmed = score(app, "a", "humanityScore").await;
    assert!(calmed > before + 10, "{before} {calmed}");
    let analysis = app.api.get("/identities/a/analysis").await;
    assert!(analysis.text.contains("business lines") && analysis.text.contains("your list"), "{}", analysis.text);
    app.api.delete("/datasets/networks/entries?key=52.95.110.1/32").await.expect(204);
    app.settle().await;
    assert_eq!(score(app, "a", "humanityScore").await, before);
    assert_replays(app, "a").await;
}

async fn the_team_s_own_application_is_no_robot(app: &mut TestApp) {
    let event = |id: &str| {
        let mut event = seen("login", Some(id), &format!("fp-{id}"), &format!("s-{id}"), "84.128.7.9");
        event["userAgent"] = json!("AcmeApp/3.1 (Android 15) okhttp/4.12");
        event
    };
    let other = json!({"key": "okhttp/", "value": "bot"});
    app.track(event("before")).await;
    put(app, "user-agents", "acmeapp/", "app").await;
    app.api.put("/datasets/user-agents/entries", &other).await.expect(201);
    app.track(event("after")).await;
    let explained = |analysis: &Value| serde_json::to_string(&analysis["scores"]).unwrap();
    let after = app.api.get("/identities/after/analysis").await.expect(200);
    assert!(explained(&after).contains("your own application"), "{after}");
    let listed = app.api.get("/datasets/user-agents").await.expect(200);
    assert_eq!((&listed["customerEntries"], &listed["customerEntriesMax"]), (&json!(2), &json!(200)));
}

async fn a_public_code_links_nobody(app: &mut TestApp) {
    let redeem = |id: &str| {
        let mut event = seen("promo_redeem", Some(id), &format!("fp-{id}"), "one-session", "84.128.7.9");
        event["data"] = json!({"promo_code": "SUMMER25"});
        event
    };
    put(app, "public-codes", "summer25", "public").await;
    for id in ["a", "b"] {
        app.track(redeem(id)).await;
    }
    let links = app.api.get("/identities/a/links").await;
    assert!(links.text.contains("\"b\"") && !links.text.contains("promotion code"), "{}", links.text);
    app.api.delete("/datasets/public-codes/entries?key=SUMMER25").await.expect(204);
    app.settle().await;
    let links = app.api.get("/identities/a/links").await;
    assert!(links.text.contains("promotion code"), "{}", links.text);
}

async fn own_entries_come_before_those_of_the_program(app: &mut TestApp) {
    let all = app.api.get("/datasets").await.expect(200);
    let slugs: Vec<&str> = all.as_array().unwrap().iter().map(|set| set["slug"].as_str().unwrap()).collect();
    assert!(slugs.contains(&"networks") && slugs.contains(&"public-codes"));
    assert!(all[0]["globalEntries"].as_i64().unwrap() > 100_000);
    assert_eq!(app.api.get("/datasets?scope=CUSTOMER").await.expect(200), json!([]));
    let made = put(app, "disposable-email-domains", "zzz.example", "disposable").await;
    assert_eq!((&made["scope"], &made["note"]), (&json!("CUSTOMER"), &json!("we know them")));
    assert!(made["updatedBy"].as_str().unwrap().starts_with("key "));
    let own = app.api.get("/datasets?scope=CUSTOMER").await.expect(200);
    assert_eq!((own.as_array().unwrap().len(), &own[0]["customerEntries"]), (1, &json!(1)));
    assert!(!app.api.get("/datasets?scope=GLOBAL").await.text.contains("public-codes"));

    let entries = "/datasets/disposable-email-domains/entries";
    let first = app.api.get(&format!("{entries}?pageSize=3")).await.expect(200);
    let keys = |page: &Value| {
        let content = page["content"].as_array().unwrap();
        content.iter().map(|entry| entry["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let global = app.api.get(&format!("{entries}?scope=GLOBAL&pageSize=5")).await.expect(200);
    assert_eq!(keys(&first)[..], [vec!["zzz.example".to_owned()], keys(&global)[..2].to_vec()].concat());
    let second = app.api.get(&format!("{entries}?pageSize=3&pageNumber=1")).await.expect(200);
    assert_eq!(keys(&second)[..], keys(&global)[2..5]);
    assert_eq!(first["totalElements"].as_i64().unwrap(), global["totalElements"].as_i64().unwrap() + 1);
    let found = app.api.get(&format!("{entries}?term=mailinator.com")).await.expect(200);
    assert_eq!(
        (&found["content"][0]["value"], &found["content"][0]["scope"]),
        (&json!("disposable"), &json!("GLOBAL"))
    );
    assert_eq!(app.api.get(&format!("{entries}?scope=CUSTOMER&term=we%20know")).await.expect(200)["totalElements"], 1);
    let last = app.api.get(&format!("{entries}?pageSize=100&pageNumber=9999")).await.expect(200);
    assert_eq!(last["numberOfElements"], 0);
    let network = app.api.get("/datasets/networks/entries?term=52.95.110.1").await.expect(200);
    assert_eq!((&network["totalElements"], &network["content"][0]["note"]), (&json!(1), &json!("Amazon AWS")));
}

async fn an_import_is_all_or_nothing_and_names_every_wrong_line(app: &mut TestApp) {
    let import = "/datasets/trusted-email-domains/entries/actions/import";
    let wrong = json!({"entries": [
        {"key": "good.example"}, {"key": "nonsense"}, {"key": "b.example", "value": "maybe"}, {"key": "GOOD.example"}
    ]});
    let answer = app.api.post(import, &wrong).await;
    let message = answer.error(400);
    for named in ["entries[1].key", "entries[2].value", "entries[3].key", "entries[0]"] {
        assert!(message.contains(named), "{message}");
    }
    let listed = "/datasets/trusted-email-domains/entries";
    assert_eq!(app.api.get(listed).await.expect(200)["totalElements"], 0);
    let many: Vec<Value> = (0..1500).map(|n| json!({"key": format!("d{n}.example")})).collect();
    let done = app.api.post(import, &json!({"entries": many})).await.expect(200);
    assert_eq!(done, json!({"created": 1500, "updated": 0}));
    let done =
        app.api.post(import, &json!({"entries": [{"key": "d1.example"}, {"key": "new.example"}]})).await.expect(200);
    assert_eq!(done, json!({"created": 1, "updated": 1}));
    assert_eq!(app.api.get(listed).await.expect(200)["totalElements"], 1501);
    let marks: Vec<Value> = (0..201).map(|n| json!({"key": format!("mark-{n}")})).collect();
    let full = app.api.post("/datasets/user-agents/entries/actions/import", &json!({"entries": marks})).await;
    assert!(full.error(409).contains("delete some"));
    for entries in [json!([]), Value::from(vec![json!({"key": "x.example"}); 5001])] {
        assert!(app.api.post(import, &json!({"entries": entries})).await.error(400).contains("5000"));
    }
    app.settle().await;
}

async fn wrong_entries_name_their_field(app: &mut TestApp) {
    for (slug, entry, named) in [
        ("networks", json!({"key": "nowhere"}), "key"),
        ("networks", json!({"key": "0.0.0.0/0"}), "/8"),
        ("networks", json!({"key": "203.0.113.0/24", "value": "castle"}), "office"),
        ("trusted-email-domains", json!({"key": "co.uk"}), "registered"),
        ("blocked-words", json!({"key": "two words"}), "one word"),
        ("public-codes", json!({"key": " "}), "key"),
        ("public-codes", json!({"key": "x".repeat(129)}), "128"),
        ("public-codes", json!({"key": "code", "note": "x".repeat(501)}), "note"),
        ("public-codes", json!({}), "key"),
        ("public-codes", json!({"key": 7}), "key"),
    ] {
        let answer = app.api.put(&format!("/datasets/{slug}/entries"), &entry).await;
        assert!(answer.error(400).contains(named), "{slug} {entry}: {}", answer.text);
    }
    app.api.put("/datasets/nothing/entries", &json!({"key": "x"})).await.error(404);
    app.api.get("/datasets/nothing").await.error(404);
    app.api.get("/datasets/networks/entries?scope=EVERYTHING").await.error(400);
    app.api.get("/datasets/networks/entries?pageSize=0").await.error(400);
    app.api.delete("/datasets/networks/entries?key=203.0.113.0/24").await.error(404);
    assert!(app.api.delete("/datasets/networks/entries").await.error(400).contains("key"));
    let entry = json!({"key": "203.0.113.77/24", "value": "vpn"});
    assert_eq!(app.api.put("/datasets/networks/entries", &entry).await.expect(201)["key"], "203.0.113.0/24");
    assert_eq!(
        app.api.put("/datasets/networks/entries", &json!({"key": "203.0.113.0/24"})).await.expect(200)["value"],
        "office"
    );
    app.settle().await;
}

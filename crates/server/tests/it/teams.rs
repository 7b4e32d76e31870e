//! Two teams in one store: neither finds anything of the other's, whichever way it asks.

use crate::api::Answer;
use crate::app::{TestApp, TestTeam, eventually, seen};
use crate::auth::{log_in, person};
use crate::openapi::{Operation, operations};
use dregs_store::{Role, User};
use hyper::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

on_both!(
    nothing_of_another_team_is_found_by_any_route,
    a_public_key_may_send_events_and_list_devices_and_nothing_else,
    a_viewer_reads_and_changes_nothing,
    nobody_gets_nothing,
);

/// What only administrators may read.
const FOR_ADMINISTRATORS: [&str; 5] = [
    "/audit-log",
    "/credentials",
    "/identities/{id}/export",
    "/identities/{id}/reviews/{reviewId}/transcript",
    "/team/invitations",
];

/// A word that stands in everything team A has.
const MARK: &str = "zebra";

fn named(what: &str) -> String {
    format!("{MARK}-{what}")
}

/// What team A has: one of everything that has a route.
struct Owned {
    cycle: String,
    review: String,
    credential: String,
    ring: String,
    badge: String,
    rule: String,
    escalation: String,
    channel: String,
    delivery: String,
    token: String,
    member: String,
    invitation: String,
    backtest: String,
    erasure: String,
}

fn decision() -> String {
    format!("/identities/{}/decisions/{}", named("one"), named("two"))
}

async fn furnish(app: &TestApp) -> Owned {
    for id in [named("one"), named("two")] {
        let mut event = seen(&named("event"), Some(&id), &named("fp"), &named("s"), "198.51.100.1");
        event["id"] = json!(format!("{id}-event"));
        event["identity"]["data"] = json!({"name": format!("Zebra {MARK}"), "email": format!("{id}@example.com")});
        event["groups"] = json!([{"type": "team", "id": named("group"), "data": {"name": named("name")}}]);
        event["data"] = json!({"text": named("data")});
        app.api.track(event).await;
    }
    app.api
        .put("/mappings", &json!({"kind": "EVENT_TYPE", "source": named("event"), "target": "LOGIN"}))
        .await
        .expect(204);
    let entry = json!({"key": named("code"), "note": named("note")});
    app.api.put("/datasets/public-codes/entries", &entry).await.expect(201);
    let made = app.api.post("/credentials", &json!({"name": named("credential")})).await.expect(201);
    let (member, invitation) = invite(app).await;
    app.settle().await;
    let decided = app.api.put(&decision(), &json!({"verdict": "SAME", "note": named("note")})).await.expect(200);
    assert_eq!(decided["note"], named("note"));
    app.api.put(&format!("/identities/{}/main-account", named("one")), &json!({})).await.expect(204);
    app.settle().await;
    let ring = app.api.ids("/rings").await.remove(0);
    let cycle = app.api.get(&format!("/identities/{}/analysis", named("one"))).await.expect(200)["id"].to_string();
    let reviews = format!("/identities/{}/reviews", named("one"));
    let asked = app.api.post(&format!("/identities/{}/actions/review", named("one")), &json!({})).await.expect(201);
    eventually("the review is written", async || app.api.get(&reviews).await.json[0]["status"] == "FINISHED").await;
    let text = |made: &Value, field: &str| made[field].as_str().unwrap().to_owned();
    let conditions = json!([{"type": "SCORE_GTE", "category": "ANY", "threshold": 0}]);
    let badge =
        app.api.post("/badge-rules", &json!({"name": named("badge"), "conditions": conditions})).await.expect(201);
    let channel = json!({"name": named("channel"), "type": "EMAIL", "to": [format!("{}@example.com", named("to"))]});
    let channel = text(&app.api.post("/channels", &channel).await.expect(201), "slug");
    let rule = json!({"name": named("rule"), "conditions": conditions, "channels": [channel]});
    let rule = app.api.post("/escalation-rules", &rule).await.expect(201);
    app.settle().await;
    let escalation = app.api.get("/escalations").await.expect(200)["content"][0]["id"].to_string();
    app.api.post(&format!("/escalations/{escalation}/notes"), &json!({"body": named("note")})).await.expect(201);
    let label = json!({"kind": "BOT", "note": named("label")});
    app.api.put(&format!("/escalations/{escalation}/label"), &label).await.expect(200);
    let tried = json!({"slug": badge["slug"]});
    let backtest = crate::backtests::finished(app, "/badge-rules/actions/backtest", &tried).await["id"].to_string();
    let log = format!("/channels/{channel}/deliveries?sort=createdAt");
    eventually("a mail was tried", async || app.api.get(&log).await.json["content"][0]["attempt"] == 1).await;
    let (email, password) = (&app.team.keys.email, &app.team.keys.password);
    let token = log_in(app, email, password).await.post("/tokens", &json!({"name": named("token")})).await.expect(201);
    // Tried again, the log would be another.
    let id = app.store.channel(&app.team.id, &channel).await.unwrap().unwrap().id;
    app.store.give_up_deliveries(&app.team.id, &id, "given up", 1).await.unwrap();
    app.api.track(json!({"type": "login", "identity": {"id": named("gone")}})).await;
    let erasure = app.api.delete(&format!("/identities/{}", named("gone"))).await.expect(202)["id"].to_string();
    let path = format!("/erasures/{erasure}");
    eventually("somebody is erased", async || app.api.get(&path).await.json["status"] == "DONE").await;
    app.settle().await;
    Owned {
        erasure,
        cycle,
        review: asked["id"].to_string(),
        credential: text(&made, "id"),
        ring,
        badge: text(&badge, "slug"),
        rule: text(&rule, "id"),
        escalation,
        token: text(&token, "id"),
        delivery: text(&app.api.get(&log).await.expect(200)["content"][0], "id"),
        channel,
        member,
        invitation,
        backtest,
    }
}

/// Somebody who belongs to the team, and somebody who is to.
async fn invite(app: &TestApp) -> (String, String) {
    let member = User {
        id: named("member"),
        email: format!("{}@example.com", named("member")),
        name: named("name"),
        password_hash: String::new(),
        disabled: false,
        created_ms: 1,
    };
    app.store.add_user(&member, &app.team.id, Role::User).await.unwrap();
    let invited = json!({"email": format!("{}@example.com", named("invited")), "role": "USER"});
    let invited = app.api.post("/team/invitations", &invited).await.expect(201);
    // It is written once an hour: from here on the list of keys stays as it is.
    let noted = async || app.api.get("/credentials").await.json[0]["lastUsedAt"].is_string();
    eventually("the use of the key is noted", noted).await;
    (member.id, invited["id"].as_str().unwrap().to_owned())
}

/// A's own ids in the place of the parameters.
fn filled(operation: &Operation, owned: &Owned) -> String {
    operation.path_with(|name| match (operation.path.split('/').nth(1).unwrap(), name) {
        (_, "cycleId") => owned.cycle.clone(),
        (_, "reviewId") => owned.review.clone(),
        ("credentials", _) => owned.credential.clone(),
        ("rings", _) => owned.ring.clone(),
        ("badge-rules", _) => owned.badge.clone(),
        ("escalation-rules", _) => owned.rule.clone(),
        ("escalations", _) => owned.escalation.clone(),
        ("channels", _) => owned.channel.clone(),
        ("deliveries", _) => owned.delivery.clone(),
        ("tokens", _) => owned.token.clone(),
        ("team", "userId") => owned.member.clone(),
        ("team", _) => owned.invitation.clone(),
        ("account", _) => "ses_none".into(),
        ("backtests", _) => owned.backtest.clone(),
        ("datasets", _) => "public-codes".into(),
        ("erasures", _) => owned.erasure.clone(),
        (_, "otherId") => named("two"),
        ("identities", _) | (_, "identityId") => named("one"),
        ("events", _) => named("one-event"),
        ("devices", _) => named("fp"),
        (_, "type") => "team".into(),
        ("groups", _) => named("group"),
        (place, name) => panic!("what is {name} of {place}?"),
    })
}

/// Every filter that takes something of A's.
fn queries(operation: &Operation) -> Vec<String> {
    let parameters = operation.about["parameters"].as_array().cloned().unwrap_or_default();
    let in_query = parameters
        .iter()
        .filter(|parameter| parameter["in"] == "query")
        .filter_map(|parameter| parameter["name"].as_str());
    let own = in_query.filter_map(|name| match name {
        "identity" => Some(format!("?identity={}", named("one"))),
        "group" => Some(format!("?group={}", named("group"))),
        "device" => Some(format!("?device={}", named("fp"))),
        "session" => Some(format!("?session={}", named("s"))),
        "term" => Some(format!("?term={MARK}")),
        "source" => Some(format!("?kind=EVENT_TYPE&source={}", named("event"))),
        "key" => Some(format!("?key={}", named("code"))),
        _ => None,
    });
    std::iter::once(String::new()).chain(own).collect()
}

/// A body that would succeed if the thing were one's own.
fn body(operation: &Operation) -> Value {
    match (operation.method.as_str(), operation.path.as_str()) {
        ("POST", "/events") => json!({"type": "login", "identity": {"id": "own"}}),
        ("POST", "/groups") => json!({"type": "team", "id": "own"}),
        ("POST", "/credentials" | "/tokens") => json!({"name": "own"}),
        ("PATCH", "/credentials/{id}") => json!({"disabled": true}),
        ("PUT", "/datasets/{slug}/entries") => json!({"key": "own-code"}),
        ("POST", "/datasets/{slug}/entries/actions/import") => json!({"entries": [{"key": "own-code"}]}),
        ("PUT", "/mappings") => json!({"kind": "EVENT_TYPE", "source": "own", "target": "LOGIN"}),
        ("PATCH", path) if path.starts_with("/groups") => json!({"attributes": {"x": 1}}),
        (
            "POST",
            "/badge-rules" | "/escalation-rules" | "/badge-rules/actions/preview" | "/escalation-rules/actions/preview",
        ) => {
            json!({"name": "own", "conditions": [{"type": "SCORE_LT", "category": "ANY", "threshold": 1}]})
        }
        ("PATCH", "/badge-rules/{slug}" | "/escalation-rules/{id}" | "/channels/{slug}") => json!({"enabled": false}),
        ("PUT", "/retention") => json!({"reviewsDays": 7}),
        ("PATCH", "/escalations/{id}") => json!({"status": "CLOSED"}),
        ("POST", "/escalations/{id}/notes") => json!({"body": "own"}),
        ("POST", "/channels") => json!({"name": "own", "type": "EMAIL", "to": ["own@example.com"]}),
        ("POST", "/channels/{slug}/actions/redeliver") => json!({"from": "dlv_1"}),
        ("PATCH", "/team" | "/account") | ("POST", "/teams") => json!({"name": "own"}),
        ("PATCH", "/team/members/{userId}") => json!({"role": "VIEWER"}),
        ("POST", "/team/invitations") => json!({"email": "own@example.com", "role": "USER"}),
        ("PATCH", _) => json!({"disregarded": true}),
        ("POST", "/badge-rules/actions/backtest" | "/escalation-rules/actions/backtest") => {
            json!({"rule": {"conditions": [{"type": "SCORE_LT", "category": "ANY", "threshold": 1}]}})
        }
        ("PUT", "/identities/{id}/label" | "/escalations/{id}/label") => json!({"kind": "BOT"}),
        ("PUT" | "POST", path) if path.contains("/decisions/") => json!({"verdict": "DIFFERENT"}),
        ("POST", "/auth/sso") => json!({"code": "x", "state": "x"}),
        ("POST", "/auth/login") => json!({"email": "no@one.test", "password": "x"}),
        ("POST", "/auth/password") => json!({"currentPassword": "x", "newPassword": "long enough now"}),
        _ => json!({}),
    }
}

fn assert_well_formed(operation: &Operation, answer: &Answer) {
    assert!(answer.header("x-request-id").is_some(), "{} {}", operation.method, operation.path);
    assert!(answer.status < 500, "{} {}: {}", operation.method, operation.path, answer.text);
    if answer.status >= 400 {
        answer.assert_error_shape();
    }
}

/// What these say changes with every question; and a key has no account.
fn tells_the_time(operation: &Operation) -> bool {
    let moving = ["/ingestion", "/audit-log", "/dashboard/", "/account"];
    moving.iter().any(|place| operation.path.starts_with(place))
}

/// Datasets are every team's; what is in them is not.
fn is_everybodys(operation: &Operation) -> bool {
    operation.path.starts_with("/datasets") && operation.method != Method::DELETE
}

/// Everything team A can read, as it is now, by path.
async fn picture(app: &TestApp, owned: &Owned) -> BTreeMap<String, String> {
    let mut seen = BTreeMap::new();
    for operation in
        operations().iter().filter(|operation| operation.method == Method::GET && !tells_the_time(operation))
    {
        let path = filled(operation, owned);
        let mut answer = app.api.get(&path).await.json;
        forget_uses(&mut answer);
        seen.insert(path, answer.to_string());
    }
    seen
}

/// Takes out what is written when something is used or looked at.
fn forget_uses(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(forget_uses),
        Value::Object(fields) => {
            fields.retain(|name, _| !["lastUsedAt", "lastLoginAt", "auditLog"].contains(&name.as_str()));
            fields.values_mut().for_each(forget_uses);
        }
        _ => {}
    }
}

#[track_caller]
fn assert_same(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) {
    for (path, text) in before {
        assert_eq!(Some(text), after.get(path), "{path}");
    }
}

async fn nothing_of_another_team_is_found_by_any_route(app: &mut TestApp) {
    let owned = furnish(app).await;
    let before = picture(app, &owned).await;
    assert!(before.values().filter(|text| text.contains(MARK)).count() > 10, "A itself finds its things");
    let other: TestTeam = app.add_team("b").await;
    let theirs = app.with(&other.keys.secret_key);
    for operation in operations() {
        let path = filled(&operation, &owned);
        for query in queries(&operation) {
            let answer = theirs.json(operation.method.clone(), &format!("{path}{query}"), &body(&operation)).await;
            assert_well_formed(&operation, &answer);
            // A key has none, whoever asks.
            let is_account = operation.path.starts_with("/account");
            let is_shared = is_account || is_everybodys(&operation);
            let about_one = !is_shared && (operation.path.contains('{') || operation.method == Method::DELETE);
            let by_query = operation.path == "/mappings" || operation.path == "/datasets/{slug}/entries";
            if about_one && !(query.is_empty() && by_query) {
                assert_eq!(answer.status, 404, "{} {path}: {}", operation.method, answer.text);
                // The message may repeat what was asked for, and nothing else.
                continue;
            }
            // A log of what one has asked for repeats what one has asked for.
            let is_own_log = operation.path == "/audit-log";
            assert!(is_own_log || !answer.text.contains(MARK), "{} {path}{query}: {}", operation.method, answer.text);
            if answer.json.get("content").is_some() && !query.is_empty() {
                assert_eq!(answer.json["totalElements"], 0, "{path}{query}");
            }
        }
    }
    app.settle().await;
    assert_same(&before, &picture(app, &owned).await);
    theirs.get("/identities/own").await.expect(200);
    app.api.get("/identities/own").await.error(404);
}

async fn a_public_key_may_send_events_and_list_devices_and_nothing_else(app: &mut TestApp) {
    let owned = furnish(app).await;
    for operation in operations().iter().filter(|operation| operation.is_secured()) {
        let answer = app.page().json(operation.method.clone(), &filled(operation, &owned), &body(operation)).await;
        assert_well_formed(operation, &answer);
        let allowed =
            matches!((operation.method.as_str(), operation.path.as_str()), ("POST", "/events") | ("GET", "/devices"));
        assert_eq!(
            answer.status,
            if allowed { 200 } else { 403 },
            "{} {}: {}",
            operation.method,
            operation.path,
            answer.text
        );
    }
}

async fn a_viewer_reads_and_changes_nothing(app: &mut TestApp) {
    let owned = furnish(app).await;
    let viewer = person(app, &app.team, Role::Viewer).await;
    let before = picture(app, &owned).await;
    // What is one's own, whatever one's role: the tests of these say more.
    let own =
        |operation: &Operation| ["/auth/", "/tokens", "/account"].iter().any(|place| operation.path.starts_with(place));
    for operation in operations().iter().filter(|operation| operation.is_secured() && !own(operation)) {
        let answer = viewer.json(operation.method.clone(), &filled(operation, &owned), &body(operation)).await;
        assert_well_formed(operation, &answer);
        let reads = operation.method == Method::GET || operation.path.ends_with("-rules/actions/preview");
        let readable = reads && !FOR_ADMINISTRATORS.contains(&operation.path.as_str());
        assert_eq!(
            answer.status,
            if readable { 200 } else { 403 },
            "{} {}: {}",
            operation.method,
            operation.path,
            answer.text
        );
    }
    app.settle().await;
    assert_same(&before, &picture(app, &owned).await);
}

async fn nobody_gets_nothing(app: &mut TestApp) {
    let owned = furnish(app).await;
    let strangers =
        [app.nobody(), app.with("sk_unknown"), app.with("pk_unknown"), app.with("dst_unknown"), app.with("")];
    for operation in operations().iter().filter(|operation| operation.is_secured()) {
        for stranger in &strangers {
            let answer = stranger.json(operation.method.clone(), &filled(operation, &owned), &body(operation)).await;
            assert_well_formed(operation, &answer);
            assert_eq!(answer.status, 401, "{} {}: {}", operation.method, operation.path, answer.text);
            assert!(!answer.text.contains(MARK));
        }
    }
    assert_eq!(app.api.get("/events").await.expect(200)["totalElements"], 2);
}

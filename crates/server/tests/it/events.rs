//! `/api/events`: what is taken, what is refused and how, and that nothing else is lost.

use crate::api::Api;
use crate::app::{TestApp, eventually, seen};
use dregs_engine::event::parse_time_ms;
use hyper::Method;
use serde_json::{Value, json};

on_both!(
    an_event_is_read_back_as_it_was_sent,
    a_repeated_id_gives_the_original_and_changes_nothing,
    ids_are_each_team_s_own,
    an_array_answers_for_every_element,
    an_array_has_at_most_five_hundred_events,
    an_event_larger_than_its_limit_costs_only_itself,
    odd_texts_are_kept_and_nul_is_not,
    clocks_years_off_are_put_right,
    what_is_sensitive_is_never_stored,
    a_page_cannot_name_its_own_address,
    a_limit_reached_within_an_array_keeps_what_is_below_it,
);

fn login(id: &str) -> Value {
    json!({"type": "login", "identity": {"id": id}})
}

async fn total(api: &Api) -> u64 {
    api.get("/events").await.expect(200)["totalElements"].as_u64().unwrap()
}

async fn an_event_is_read_back_as_it_was_sent(app: &mut TestApp) {
    let mut body = seen("user.signup", Some("u"), "fp-1", "s-1", "2001:db8::7");
    body["id"] = json!("e-1");
    body["url"] = json!("https://shop.test/a?token=hush&q=1#x");
    body["referrer"] = json!("https://from.test/");
    body["groups"] = json!([{"id": 7}]);
    body["unknownField"] = json!({"is": "ignored"});
    let result = app.api.track(body).await;
    assert_eq!(result, json!({"status": "success", "id": "e-1", "fingerprint": "fp-1"}));
    let event = app.api.get("/events/e-1").await.expect(200);
    assert_eq!((&event["eventName"], &event["canonicalType"]), (&json!("user.signup"), &json!("REGISTRATION")));
    assert_eq!(
        (&event["fingerprint"], &event["session"], &event["ip"]),
        (&json!("fp-1"), &json!("s-1"), &json!("2001:db8::7"))
    );
    assert_eq!((&event["eventSource"], &event["eventData"]), (&Value::Null, &json!({})));
    assert_eq!(event["identity"], json!({"id": "u", "label": "u", "path": "/api/identities/u"}));
    assert_eq!(
        event["groups"],
        json!([{"type": "organization", "id": "7", "label": "7", "path": "/api/groups/organization/7"}])
    );
    assert!(event["timestamp"].as_str().unwrap().ends_with('Z'));
    assert!(!event["url"].as_str().unwrap().contains("hush"));
    let anonymous = app.api.track(json!({"type": "page", "device": {"fingerprint": "fp-9"}, "id": "e-2"})).await;
    assert_eq!(anonymous["fingerprint"], "fp-9");
    assert!(app.api.get("/events/e-2").await.expect(200).get("identity").is_none());
}

async fn a_repeated_id_gives_the_original_and_changes_nothing(app: &mut TestApp) {
    let mut first = seen("login", Some("u"), "fp-1", "s-1", "198.51.100.1");
    first["id"] = json!("same");
    let mut second = seen("purchase", Some("other"), "fp-2", "s-2", "198.51.100.2");
    second["id"] = json!("same");
    // While it waits, within one request, and after it is processed.
    let results = app.api.track(json!([first, second, first])).await;
    let original = json!({"status": "success", "id": "same", "fingerprint": "fp-1"});
    assert_eq!(results, json!([original, original, original]));
    assert_eq!(app.api.track(second.clone()).await, original);
    app.settle().await;
    assert_eq!(app.api.track(second).await, original);
    app.settle().await;
    assert_eq!(total(&app.api).await, 1);
    assert_eq!(app.api.get("/events/same").await.expect(200)["eventName"], "login");
    app.api.get("/identities/other").await.error(404);
    app.api.get("/devices/fp-2").await.error(404);
}

async fn ids_are_each_team_s_own(app: &mut TestApp) {
    let other = app.add_team("b").await;
    let theirs = app.with(&other.keys.secret_key);
    app.api.track(json!({"id": "same", "type": "ours", "identity": {"id": "u"}})).await;
    theirs.track(json!({"id": "same", "type": "theirs", "identity": {"id": "u"}})).await;
    app.settle().await;
    assert_eq!(app.api.get("/events/same").await.expect(200)["eventName"], "ours");
    assert_eq!(theirs.get("/events/same").await.expect(200)["eventName"], "theirs");
}

async fn an_array_answers_for_every_element(app: &mut TestApp) {
    let body = json!([
        login("a"), {"identity": {"id": "b"}}, 7, {"type": "t", "identity": {"id": "c"}, "data": []}, {"id": "dregs-x", "type": "t", "identity": {"id": "d"}},
        {"type": "t", "device": "broken"}, login("e"),
    ]);
    let results = app.api.track(body).await;
    let results = results.as_array().unwrap();
    let states: Vec<&str> = results.iter().map(|result| result["status"].as_str().unwrap()).collect();
    assert_eq!(states, ["success", "rejected", "rejected", "rejected", "success", "success", "success"]);
    let recorded: Vec<bool> = results.iter().map(|result| result["id"].is_string()).collect();
    assert_eq!(recorded, [true, false, false, false, false, false, true]);
    assert_eq!(results[1]["message"], "events[1]: type is required");
    assert_eq!(results[3]["message"], "events[3]: data must be an object");
    app.settle().await;
    assert_eq!(total(&app.api).await, 2);
    assert_eq!(app.api.track(json!([])).await, json!([]));
}

async fn an_array_has_at_most_five_hundred_events(app: &mut TestApp) {
    let events = |count: usize| Value::from_iter((0..count).map(|n| login(&format!("u{}", n % 50))));
    let results = app.api.track(events(500)).await;
    assert_eq!(results.as_array().unwrap().len(), 500);
    assert!(app.api.post("/events", &events(501)).await.error(400).contains("500"));
    app.settle().await;
    assert_eq!(total(&app.api).await, 500);
}

async fn an_event_larger_than_its_limit_costs_only_itself(app: &mut TestApp) {
    let big = json!({"type": "t", "identity": {"id": "big"}, "data": {"text": "x".repeat(70_000)}});
    assert!(app.api.post("/events", &big).await.error(400).contains("65536"));
    let results = app.api.track(json!([login("a"), big, login("b")])).await;
    assert_eq!(
        (&results[0]["status"], &results[1]["status"], &results[2]["status"]),
        (&json!("success"), &json!("rejected"), &json!("success"))
    );
    let many: Vec<Value> =
        (0..20).map(|_| json!({"type": "t", "identity": {"id": "c"}, "data": {"text": "x".repeat(60_000)}})).collect();
    app.api.post("/events", &Value::from(many)).await.error(413);
    app.settle().await;
    assert_eq!(total(&app.api).await, 2);
}

async fn odd_texts_are_kept_and_nul_is_not(app: &mut TestApp) {
    let long = "ż".repeat(5_000);
    let data = json!({"name": long, "bio": "👩‍👩‍👧 \u{202e}evil \u{0}gone", "k\u{0}ey": 1});
    app.track(json!({"type": "n\u{0}ame", "id": "e", "session": "s\u{0}", "identity": {"id": "👾/ü", "data": data}, "data": {"a": "\u{0}"}})).await;
    let identity = app.api.identity("👾/ü").await;
    assert_eq!(identity["data"]["bio"], "👩‍👩‍👧 \u{202e}evil \u{fffd}gone");
    assert_eq!(identity["data"]["k\u{fffd}ey"], 1);
    let kept = identity["data"]["name"].as_str().unwrap();
    assert!(long.starts_with(kept) && kept.len() <= 8192 && !kept.is_empty(), "a name too long is cut at a character");
    let event = app.api.get("/events/e").await.expect(200);
    assert_eq!((&event["eventName"], &event["eventData"]["a"]), (&json!("n\u{fffd}ame"), &json!("\u{fffd}")));
    assert!(app.api.post("/events", &login("a\u{0}b")).await.error(400).contains("identity.id"));
}

async fn clocks_years_off_are_put_right(app: &mut TestApp) {
    let at = |id: &str, time: Value| json!({"id": id, "type": "login", "identity": {"id": "u"}, "timestamp": time});
    let sent = [
        at("ahead", json!("2099-01-01T00:00:00Z")),
        at("behind", json!("2001-05-06T07:08:09.123+02:00")),
        at("naive", json!("2020-02-29T12:00:00")),
        at("millis", json!(1_600_000_000_000_i64)),
    ];
    app.track(Value::from(sent.to_vec())).await;
    let read = async |id: &str| {
        app.api.get(&format!("/events/{id}")).await.expect(200)["timestamp"].as_str().unwrap().to_owned()
    };
    assert_eq!(read("behind").await, "2001-05-06T05:08:09.123Z");
    assert_eq!(read("naive").await, "2020-02-29T12:00:00.000Z");
    assert_eq!(read("millis").await, "2020-09-13T12:26:40.000Z");
    let ahead = parse_time_ms(&read("ahead").await).unwrap();
    assert!((app.app().clock.now_ms() - ahead).abs() < 60_000, "a clock that is ahead is clamped to now");
    for wrong in [json!("1970-01-01T00:00:00Z"), json!("soon"), json!("99999-01-01"), json!(true), json!(-1), json!("")]
    {
        assert!(app.api.post("/events", &at("x", wrong.clone())).await.error(400).contains("timestamp"), "{wrong}");
    }
}

async fn what_is_sensitive_is_never_stored(app: &mut TestApp) {
    let secrets = ["hunter2-XYZZY", "4111 1111 1111 1111", "5500005555555559", "tok-PLUGH-77", "sess-PLOVER"];
    let data = json!({"password": secrets[0], "note": format!("card {} please", secrets[1]), "deep": [{"cardNumber": secrets[2]}]});
    let mut event = seen("login", Some("u"), "fp", "s", "198.51.100.1");
    event["data"] = data.clone();
    event["identity"]["data"] = data.clone();
    event["url"] = json!(format!("https://a.test/?access_token={}", secrets[3]));
    event["groups"] = json!([{"id": "g", "data": {"apiKey": secrets[3], "session_token": secrets[4]}}]);
    app.track(event).await;
    app.api.patch("/identities/u", &json!({"attributes": data})).await.expect(200);
    app.api.post("/groups", &json!({"id": "h", "attributes": data})).await.expect(201);
    app.settle().await;
    assert_eq!(app.api.identity("u").await["data"]["password"], "[redacted]");
    for path in
        ["/events", "/identities/u", "/identities/u/analysis", "/groups/organization/g", "/groups/organization/h"]
    {
        let text = app.api.get(path).await.text;
        assert!(secrets.iter().all(|secret| !text.contains(secret)), "{path}: {text}");
    }
    for (name, bytes) in app.database.files() {
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret:?} stands in {name}");
        }
    }
}

async fn a_page_cannot_name_its_own_address(app: &mut TestApp) {
    let mut body = seen("page", None, "fp-1", "s-1", "8.8.8.8");
    body["id"] = json!("e");
    let headers = [
        ("content-type", "text/plain;charset=UTF-8"),
        ("user-agent", "the browser's own"),
        ("x-forwarded-for", "9.9.9.9"),
    ];
    let answer = app.page().send(Method::POST, "/events", &headers, body.to_string()).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.expect(200)["id"], "e");
    let event = app.api.get("/events/e").await.expect(200);
    assert_eq!((&event["ip"], &event["userAgent"]), (&json!("127.0.0.1"), &json!("the browser's own")));
    // A beacon cannot set headers: the public key stands in the query. A secret key never does.
    let beacon = |key: &str| format!("/events?key={key}");
    let path = beacon(&app.team.keys.public_key);
    app.nobody().send(Method::POST, &path, &[("content-type", "text/plain")], login("u").to_string()).await.expect(200);
    app.nobody().post(&beacon(&app.team.keys.secret_key), &login("u")).await.error(401);
}

async fn a_limit_reached_within_an_array_keeps_what_is_below_it(app: &mut TestApp) {
    app.store.set_monthly_event_limit(&app.team.id, Some(3)).await.unwrap();
    app.app().appender.limits_changed();
    eventually("the limit is read", async || app.store.event_limits().await.unwrap().len() == 1).await;
    let results = app.api.track(json!([login("a"), login("b"), login("c"), login("d")])).await;
    let states: Vec<&str> =
        results.as_array().unwrap().iter().map(|result| result["status"].as_str().unwrap()).collect();
    assert_eq!(states, ["success", "success", "success", "quota_exceeded"]);
    app.api.post("/events", &login("e")).await.error(402);
    app.settle().await;
    assert_eq!(total(&app.api).await, 3);
}

mod bad_input {
    use super::*;
    use crate::app::Database;

    async fn start() -> TestApp {
        TestApp::start(Database::sqlite()).await
    }

    #[tokio::test]
    async fn every_wrong_type_names_its_field() {
        let app = start().await;
        let cases = [
            (json!({"identity": {"id": "u"}}), "type"),
            (json!({"type": 7, "identity": {"id": "u"}}), "type"),
            (json!({"type": "", "identity": {"id": "u"}}), "type"),
            (json!({"type": " ", "identity": {"id": "u"}}), "type"),
            (json!({"type": "x".repeat(129), "identity": {"id": "u"}}), "type"),
            (json!({"type": "t", "identity": "u"}), "identity"),
            (json!({"type": "t", "identity": {}}), "identity.id"),
            (json!({"type": "t", "identity": {"id": ""}}), "identity.id"),
            (json!({"type": "t", "identity": {"id": true}}), "identity.id"),
            (json!({"type": "t", "identity": {"id": "x".repeat(10_000)}}), "identity.id"),
            (json!({"type": "t", "identity": {"id": "u", "data": "x"}}), "identity.data"),
            (json!({"type": "t", "identity": {"id": "u"}, "data": 7}), "data"),
            (json!({"type": "t", "identity": {"id": "u"}, "groups": {}}), "groups"),
            (json!({"type": "t", "identity": {"id": "u"}, "groups": ["g"]}), "groups[0]"),
            (json!({"type": "t", "identity": {"id": "u"}, "groups": [{"id": "g"}, {"type": "x"}]}), "groups[1].id"),
            (
                json!({"type": "t", "identity": {"id": "u"}, "groups": [{"type": "A b", "id": "g"}, {"type": "a_b", "id": "h"}]}),
                "groups[1].type",
            ),
            (json!({"type": "t", "identity": {"id": "u"}, "groups": [{"type": "!!", "id": "g"}]}), "groups[0].type"),
            (json!({"type": "t", "identity": {"id": "u"}, "source": 1}), "source"),
            (json!({"type": "t", "identity": {"id": "u"}, "session": []}), "session"),
            (json!({"type": "t", "identity": {"id": "u"}, "url": 1}), "url"),
            (json!({"type": "t", "identity": {"id": "u"}, "referrer": {}}), "referrer"),
            (json!({"type": "t", "identity": {"id": "u"}, "ip": "1.2.3"}), "ip"),
            (json!({"type": "t", "identity": {"id": "u"}, "userAgent": 5}), "userAgent"),
            (json!({"type": "t"}), "identity or device"),
            (json!("text"), "object"),
            (json!(null), "object"),
        ];
        for (body, field) in cases {
            let answer = app.api.post("/events", &body).await;
            assert!(
                answer.error(400).starts_with(field) || answer.error(400).contains("must be a JSON object"),
                "{body} gave {}",
                answer.text
            );
        }
        assert_eq!(total(&app.api).await, 0);
        app.finish().await;
    }

    #[tokio::test]
    async fn bodies_that_are_no_json_are_refused() {
        let app = start().await;
        let json = [("content-type", "application/json")];
        let send = async |body: Vec<u8>| app.api.send(Method::POST, "/events", &json, body).await;
        let nested = |open: &str, close: &str| format!("{}1{}", open.repeat(5_000), close.repeat(5_000));
        let deep = format!(r#"{{"type":"t","identity":{{"id":"u"}},"data":{}}}"#, nested(r#"{"a":"#, "}"));
        let bodies: Vec<Vec<u8>> = vec![
            b"".to_vec(),
            b"{".to_vec(),
            b"{'type':1}".to_vec(),
            b"{} {}".to_vec(),
            b"[{},".to_vec(),
            b"nul".to_vec(),
            b"\xef\xbb\xbf{}".to_vec(),
            b"{\"type\":\"\xff\xfe\",\"identity\":{\"id\":\"u\"}}".to_vec(),
            br#"{"type":"\ud800","identity":{"id":"u"}}"#.to_vec(),
            br#"{"type":"t","identity":{"id":"u"},"data":{"n":1e999}}"#.to_vec(),
            nested("[", "]").into(),
            nested(r#"{"a":"#, "}").into(),
            deep.into(),
        ];
        for body in bodies {
            let answer = send(body.clone()).await;
            if answer.status == 200 {
                // An array of one unreadable element answers for that element.
                assert_eq!(answer.json[0]["status"], "rejected", "{}", answer.text);
                continue;
            }
            assert!(!answer.error(400).is_empty(), "{}", String::from_utf8_lossy(&body[..body.len().min(80)]));
        }
        send(vec![b' '; 1024 * 1024 + 1]).await.error(413);
        app.api.send(Method::POST, "/events", &[("content-type", "application/xml")], "<a/>").await.error(415);
        app.api
            .send(Method::POST, "/events", &[("content-type", "multipart/form-data")], login("u").to_string())
            .await
            .error(415);
        let charset = [("content-type", "Application/JSON; charset=utf-8")];
        app.api.send(Method::POST, "/events", &charset, login("u").to_string()).await.expect(200);
        app.finish().await;
    }

    #[tokio::test]
    async fn what_is_too_deep_or_too_much_is_cut_and_the_rest_is_kept() {
        let app = start().await;
        let deep = (0..30).fold(json!("bottom"), |inner, _| json!({"in": inner}));
        let many: serde_json::Map<String, Value> = (0..500).map(|n| (format!("k{n}"), json!(n))).collect();
        app.track(json!([
            {"id": "deep", "type": "t", "identity": {"id": "u", "data": deep}, "data": deep},
            {"id": "wide", "type": "t", "identity": {"id": "u"}, "data": many},
        ]))
        .await;
        assert!(!app.api.get("/events/deep").await.text.contains("bottom"));
        assert_eq!(app.api.get("/events/wide").await.expect(200)["eventData"].as_object().unwrap().len(), 200);
        app.finish().await;
    }

    #[tokio::test]
    async fn list_parameters_are_checked() {
        let app = start().await;
        let cases = [
            ("pageNumber=-1", "pageNumber"),
            ("pageNumber=x", "pageNumber"),
            ("pageNumber=4294967295&pageSize=100", "pageNumber"),
            ("pageSize=0", "pageSize"),
            ("pageSize=1.5", "pageSize"),
            ("sort=id;drop", "timestamp"),
            ("order=UP", "order"),
            ("identity=a%00b", "NUL"),
            ("term=%00", "NUL"),
        ];
        for (query, named) in cases {
            let answer = app.api.get(&format!("/events?{query}")).await;
            assert!(answer.error(400).contains(named), "{query}: {}", answer.text);
        }
        let page = app.api.get("/events?pageSize=5000&order=asc&unknown=1").await.expect(200);
        assert_eq!(
            page,
            json!({"pageNumber": 0, "pageSize": 100, "totalPages": 0, "totalElements": 0, "content": [],
            "first": true, "last": true, "numberOfElements": 0})
        );
        app.finish().await;
    }
}

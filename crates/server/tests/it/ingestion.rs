//! `/api/ingestion`: every event has exactly one fate, through bursts and crashes too.

use crate::app::{TestApp, eventually};
use dregs_server::app::Running;
use dregs_server::clock::Clock;
use dregs_server::config::LimitOptions;
use dregs_store::Store;
use hyper::Method;
use serde_json::{Value, json};

on_both!(
    every_event_has_one_fate,
    a_burst_on_one_identity_costs_a_few_cycles,
    bursts_on_many_identities_are_all_recorded,
    what_was_acknowledged_before_a_crash_is_processed_once,
    a_period_is_counted,
);

async fn fates(app: &TestApp) -> Value {
    app.settle().await;
    app.api.get("/ingestion").await.expect(200)["fates"].clone()
}

fn sum(fates: &Value) -> i64 {
    fates.as_object().unwrap().values().filter_map(Value::as_i64).sum()
}

async fn every_event_has_one_fate(app: &mut TestApp) {
    let event = |id: &str| json!({"id": id, "type": "login", "identity": {"id": "u"}});
    app.api.track(json!([event("1"), event("2"), event("1"), {"type": 7}])).await;
    app.api.track(event("2")).await;
    app.api.post("/events", &json!({"type": "t"})).await.error(400);
    for body in [json!({"id": "dregs-1", "type": "t", "identity": {"id": "u"}}), json!({"id": "x".repeat(65), "type": "t", "identity": {"id": "u"}}),
        json!({"type": "t", "device": {"fingerprint": "a b"}}), json!({"type": "t", "device": []})]
    {
        assert_eq!(app.api.track(body).await, json!({"status": "success", "id": null, "fingerprint": null}));
    }
    let made = app.api.post("/credentials", &json!({"name": "site", "allowedOrigins": ["https://app.test"]})).await.expect(201);
    let page = app.with(made["publicKey"].as_str().unwrap());
    let from = async |origin: &str| {
        let headers = [("content-type", "application/json"), ("origin", origin)];
        page.send(Method::POST, "/events", &headers, json!({"type": "page", "device": {"fingerprint": "fp"}}).to_string()).await.expect(200)
    };
    assert!(from("https://app.test").await["id"].is_string());
    assert_eq!(from("https://evil.test").await["id"], Value::Null);
    assert_eq!(from("null").await["id"], Value::Null);
    let fates = fates(app).await;
    assert_eq!(fates["applied"], 3);
    assert_eq!(fates["duplicate"], 2);
    assert_eq!(fates["invalid"], 2);
    assert_eq!(fates["unusable_id"], 2);
    assert_eq!(fates["malformed_device"], 2);
    assert_eq!(fates["origin_not_allowed"], 2);
    assert_eq!(sum(&fates), 13, "{fates}");
}

async fn a_burst_on_one_identity_costs_a_few_cycles(app: &mut TestApp) {
    let client = app.client();
    let sent: Vec<_> = (0..200).map(|n| client.track(dregs::Event::new(format!("step.{}", n % 7), "busy"))).collect();
    let results = futures_util::future::join_all(sent).await;
    assert!(results.into_iter().all(|result| result.unwrap().accepted()));
    app.settle().await;
    let page = app.api.get("/events?identity=busy&pageSize=1").await.expect(200);
    assert_eq!(page["totalElements"], 200);
    let history = app.api.get("/identities/busy/history").await.expect(200);
    assert!(history.as_array().unwrap().len() < 10, "{} cycles", history.as_array().unwrap().len());
    assert_eq!(history[0]["eventCount"], 200, "the last cycle saw all of them");
    assert_eq!(fates(app).await["applied"], 200);
}

async fn bursts_on_many_identities_are_all_recorded(app: &mut TestApp) {
    let batch = |offset: usize| Value::from_iter((0..300).map(|n| json!({"type": "login", "identity": {"id": format!("u{}", (n + offset) % 60)}})));
    let sent: Vec<_> = (0..5).map(|n| app.api.track(batch(n * 7))).collect();
    futures_util::future::join_all(sent).await;
    app.settle().await;
    assert_eq!(app.api.get("/events").await.expect(200)["totalElements"], 1500);
    assert_eq!(app.api.get("/identities").await.expect(200)["totalElements"], 60);
    for id in ["u0", "u59"] {
        assert_eq!(app.api.get(&format!("/identities/{id}/analysis")).await.expect(200)["eventCount"], 25);
    }
}

async fn a_period_is_counted(app: &mut TestApp) {
    app.track(json!({"type": "login", "identity": {"id": "u"}})).await;
    let past = app.api.get("/ingestion?from=2020-01-01&to=2021-01-01").await;
    assert!(past.status == 400 || sum(&past.json["fates"]) == 0);
    let past = app.api.get("/ingestion?from=2020-01-01T00:00:00Z&to=2021-01-01T00:00:00Z").await.expect(200);
    assert_eq!(sum(&past["fates"]), 0);
    assert!(app.api.get("/ingestion?to=yesterday").await.error(400).starts_with("to "));
    let now = app.api.get("/ingestion").await.expect(200);
    assert_eq!((&now["waiting"], &now["parked"]), (&json!(0), &json!([])));
}

/// The server ends at any moment, as a crash would end it: its tasks stop where they are.
async fn what_was_acknowledged_before_a_crash_is_processed_once(app: &mut TestApp) {
    let mut sent = 0;
    for round in 0..4 {
        // A runtime of its own dies with everything in it.
        let (url, team) = (app.database.url.clone(), app.team.id.clone());
        app.stop().await;
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let store = Store::open(&url).await.unwrap();
                let running = Running::start(store, Clock::system(), LimitOptions::default()).await.unwrap();
                append(&running, &team, round, 40).await;
                // How far processing has come is different in every round.
                if round > 0 {
                    eventually("some are processed", async || running.app.watermark.depth() < 40 / round).await;
                }
            });
            runtime.shutdown_background();
        });
        thread.join().unwrap();
        sent += 40;
        app.restart(LimitOptions::default()).await;
        app.settle().await;
        let page = app.api.get("/events?pageSize=1").await.expect(200);
        assert_eq!(page["totalElements"], sent, "after crash {round}");
    }
    let analysis = app.api.get("/identities/u0/analysis").await.expect(200);
    assert_eq!(analysis["eventCount"], 40, "each event counts once");
    let fates = fates(app).await;
    assert_eq!((&fates["applied"], sum(&fates)), (&json!(sent), sent), "{fates}");
}

async fn append(running: &Running, team: &dregs_store::TeamId, round: u64, events: u64) {
    use dregs_engine::event::{Event, Intake};
    use dregs_server::ingest::appender::Submitted;
    for n in 0..events {
        let body = json!({"id": format!("r{round}-{n}"), "type": "login", "identity": {"id": format!("u{}", n % 4)}});
        let event = Event::parse(body, &Intake { now_ms: running.app.clock.now_ms(), trusted: true, ..Intake::default() }).unwrap();
        running.app.appender.append(team, vec![Submitted::new(team, &event, true)]).await.unwrap();
    }
}

//! `/api/ingestion`: every event has exactly one fate, through bursts and crashes too.

use crate::app::{Database, TestApp, eventually, seen};
use dregs_server::app::Running;
use dregs_server::clock::Clock;
use dregs_server::config::RunOptions;
use dregs_store::Store;
use hyper::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

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
    for body in [
        json!({"id": "dregs-1", "type": "t", "identity": {"id": "u"}}),
        json!({"id": "x".repeat(65), "type": "t", "identity": {"id": "u"}}),
        json!({"type": "t", "device": {"fingerprint": "a b"}}),
        json!({"type": "t", "device": []}),
    ] {
        assert_eq!(app.api.track(body).await, json!({"status": "success", "id": null, "fingerprint": null}));
    }
    let made = app
        .api
        .post("/credentials", &json!({"name": "site", "allowedOrigins": ["https://app.test"]}))
        .await
        .expect(201);
    let page = app.with(made["publicKey"].as_str().unwrap());
    let from = async |origin: &str| {
        let headers = [("content-type", "application/json"), ("origin", origin)];
        page.send(
            Method::POST,
            "/events",
            &headers,
            json!({"type": "page", "device": {"fingerprint": "fp"}}).to_string(),
        )
        .await
        .expect(200)
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
    let batch = |offset: usize| {
        Value::from_iter(
            (0..300).map(|n| json!({"type": "login", "identity": {"id": format!("u{}", (n + offset) % 60)}})),
        )
    };
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
    // A node that crashed holds PostgreSQL's processing lease until it runs out: once is enough there.
    let rounds = if app.store.is_shared() { 0..1 } else { 0..4 };
    for round in rounds {
        // A runtime of its own dies with everything in it.
        let (url, team) = (app.database.url.clone(), app.team.id.clone());
        app.stop().await;
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let store = Store::open(&url).await.unwrap();
                let running = Running::start(store, Clock::system(), RunOptions::default()).await.unwrap();
                append(&running, &team, round, 40).await;
                // How far processing has come is different in every round.
                if round > 0 {
                    eventually("some are processed", async || running.app.watermark.depth() < 40 / round).await;
                }
            });
            drop(runtime);
        });
        thread.join().unwrap();
        sent += 40;
        app.restart(RunOptions::default()).await;
        app.settle().await;
        let page = app.api.get("/events?pageSize=1").await.expect(200);
        assert_eq!(page["totalElements"], sent, "after crash {round}");
    }
    let analysis = app.api.get("/identities/u0/analysis").await.expect(200);
    assert_eq!(analysis["eventCount"], sent / 4, "each event counts once");
    let fates = fates(app).await;
    assert_eq!((&fates["applied"], sum(&fates)), (&json!(sent), sent), "{fates}");
}

async fn append(running: &Running, team: &dregs_store::TeamId, round: u64, events: u64) {
    use dregs_engine::event::{Event, Intake};
    use dregs_server::ingest::appender::Submitted;
    for n in 0..events {
        let body = json!({"id": format!("r{round}-{n}"), "type": "login", "identity": {"id": format!("u{}", n % 4)}});
        let event =
            Event::parse(body, &Intake { now_ms: running.app.clock.now_ms(), trusted: true, ..Intake::default() })
                .unwrap();
        running.app.appender.append(team, vec![Submitted::new(team, &event, true)]).await.unwrap();
    }
}

/// An event that the database will not take: a text that no request can bring in.
fn poison(id: &str) -> dregs_engine::event::Event {
    use dregs_engine::event::{Event, IdentityInput};
    let identity = Some(IdentityInput { id: "u".into(), ..IdentityInput::default() });
    Event {
        id: id.into(),
        name: "a\0b".into(),
        timestamp_ms: 1_790_000_000_000,
        received_ms: 1_790_000_000_000,
        identity,
        ..Event::default()
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_processed_is_set_aside_and_holds_nobody_up() {
    // SQLite takes anything.
    let Some(database) = Database::postgres().await else { return };
    let app = TestApp::start(database).await;
    use dregs_server::ingest::appender::Submitted;
    let submitted = vec![Submitted::new(&app.team.id, &poison("poison"), true)];
    app.app().appender.append(&app.team.id, submitted).await.unwrap();
    for id in ["u", "v"] {
        app.api.track(json!({"id": id, "type": "login", "identity": {"id": id}})).await;
    }
    app.settle().await;
    for id in ["u", "v"] {
        assert_eq!(app.api.get(&format!("/identities/{id}/analysis")).await.expect(200)["eventCount"], 1);
    }
    let ingestion = app.api.get("/ingestion").await.expect(200);
    let parked = ingestion["parked"].as_array().unwrap();
    assert_eq!((parked.len(), &parked[0]["id"]), (1, &json!("poison")));
    assert!(!parked[0]["error"].as_str().unwrap().is_empty() && parked[0]["event"]["identity"]["id"] == "u");
}

/// Servers without state of their own, on one store: whichever an event comes to, it is recorded once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_share_a_store() {
    use dregs_server::cli::Sidecar;
    let Some(database) = Database::postgres().await else { return };
    let mut app = TestApp::start(database).await;
    let store = Store::open(&app.database.url).await.unwrap();
    let options = RunOptions { node: 1, ..RunOptions::default() };
    let second = Sidecar::start(store, Clock::system(), options, "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let other = crate::api::Api::new(&second.base_url(), Some(&app.team.keys.secret_key));
    let event = |id: &str, user: usize| json!({"id": id, "type": "login", "identity": {"id": format!("u{user}")}});
    for n in 0..40 {
        let api = if n % 2 == 0 { &app.api } else { &other };
        api.track(event(&format!("e{n}"), n % 5)).await;
    }
    let total = async |expected: u64| {
        eventually("both servers' events are recorded", async || {
            let page = other.get("/events?pageSize=1").await.expect(200);
            page["totalElements"].as_u64().unwrap() >= expected && app.store.log_depth().await.unwrap() == 0
        })
        .await;
        assert_eq!(other.get("/events?pageSize=1").await.expect(200)["totalElements"], expected);
    };
    total(40).await;
    let same = event("same", 1);
    let (one, two) = tokio::join!(app.api.track(same.clone()), other.track(same.clone()));
    assert_eq!((&one["id"], &two["id"]), (&json!("same"), &json!("same")));
    total(41).await;
    eventually("nothing waits", async || app.app().watermark.depth() == 0 && second.app().watermark.depth() == 0).await;
    for n in 0..5 {
        let analysis = other.get(&format!("/identities/u{n}/analysis")).await.expect(200);
        assert_eq!(analysis["eventCount"], if n == 1 { 9 } else { 8 });
    }
    // The one that processes goes; the other takes over.
    app.restart(RunOptions::default()).await;
    other.track(event("after", 2)).await;
    app.api.track(event("after-too", 3)).await;
    let total = async |expected: u64| {
        eventually("the other server took over", async || {
            other.get("/events?pageSize=1").await.expect(200)["totalElements"] == expected
        })
        .await;
    };
    total(43).await;
    // Each server writes down what it counted at the latest when it stops.
    second.stop().await;
    let fates = app.api.get("/ingestion").await.expect(200)["fates"].clone();
    assert_eq!((&fates["applied"], &fates["duplicate"], sum(&fates)), (&json!(43), &json!(1), 44), "{fates}");
    app.finish().await;
}

const DEVICES: usize = 10_000;
/// Every one of them is scored, which takes its time without optimisation.
const CROWD: usize = 2_500;

async fn send_in_batches(app: &TestApp, events: impl Iterator<Item = Value>) {
    let events: Vec<Value> = events.collect();
    for batch in events.chunks(250) {
        app.api.track(Value::from(batch.to_vec())).await;
    }
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_devices_on_one_identity_are_taken() {
    let app = TestApp::start(Database::sqlite()).await;
    let ip = |n: usize| format!("203.{}.{}.7", n / 250, n % 250);
    let hoard = (0..DEVICES).map(|n| seen("login", Some("hoarder"), &format!("fp{n}"), &format!("s{n}"), &ip(n)));
    send_in_batches(&app, hoard).await;
    assert_eq!(app.api.get("/devices").await.expect(200)["totalElements"], DEVICES);
    assert_eq!(app.api.get("/events?identity=hoarder").await.expect(200)["totalElements"], DEVICES);
    assert_eq!(app.api.get("/identities/hoarder/analysis").await.expect(200)["eventCount"], DEVICES);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_on_thousands_of_identities_is_taken_and_links_stay_bounded() {
    let app = TestApp::start(Database::sqlite()).await;
    let crowd = (0..CROWD).map(|n| seen("login", Some(&format!("u{n}")), "fp", &format!("s{n}"), "198.51.100.1"));
    send_in_batches(&app, crowd).await;
    assert_eq!(app.api.get("/identities?device=fp").await.expect(200)["totalElements"], CROWD);
    assert_eq!(app.api.get("/ingestion").await.expect(200)["fates"]["applied"], CROWD);
    for id in ["u7", "u2499"] {
        let links = app.api.get(&format!("/identities/{id}/links")).await.expect(200);
        let links = links.as_array().unwrap();
        let linked: BTreeSet<&str> = links.iter().filter_map(|link| link["targetIdentityId"].as_str()).collect();
        assert!(linked.len() <= 2 * dregs_engine::limits::LINKED_MAX, "{id} has links to {}", linked.len());
    }
    let cycles = app.store.cycle_ids(i64::MAX).await.unwrap().len();
    assert!(cycles < 3 * CROWD, "newcomers do not send the whole crowd to be scored again: {cycles} cycles");
    app.finish().await;
}

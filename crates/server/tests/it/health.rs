//! What operators and their machines ask.

use crate::app::TestApp;
use hyper::Method;
use serde_json::json;

on_both!(the_server_says_how_it_is, metrics_count_and_name_nobody, unknown_paths_and_methods_are_told);

async fn the_server_says_how_it_is(app: &mut TestApp) {
    assert_eq!(app.root().get("/healthz").await.text, "ok\n");
    let ready = app.root().get("/readyz").await.expect(200);
    assert_eq!((&ready["status"], &ready["waiting"]), (&json!("ready"), &json!(0)));
    assert!(ready["version"].is_string() && ready["dataPack"].is_object());
}

async fn metrics_count_and_name_nobody(app: &mut TestApp) {
    app.track(
        json!({"type": "login-of-someone", "identity": {"id": "someone@example.com", "data": {"name": "Some One"}}}),
    )
    .await;
    app.api.get("/identities/someone%40example.com").await.expect(200);
    let metrics = app.root().get("/metrics").await.text;
    for name in [
        "dregs_events_total",
        "dregs_queue_depth",
        "dregs_event_to_score_seconds",
        "dregs_lag_seconds",
        "dregs_append_seconds",
        "dregs_batch_seconds",
        "dregs_cycles_total",
        "dregs_writer_wait_microseconds_total",
        "dregs_http_requests_total",
        "dregs_http_request_seconds",
    ] {
        assert!(metrics.contains(name), "{name} is missing");
    }
    assert!(metrics.contains("fate=\"applied\"") && metrics.contains("/api/identities/{id}"));
    assert!(!metrics.contains("someone") && !metrics.contains("Some One"));
}

async fn unknown_paths_and_methods_are_told(app: &mut TestApp) {
    app.api.get("/nothing/here").await.error(404);
    app.api.get("/identities/").await.error(404);
    app.api.delete("/identities").await.error(405);
    app.api.put("/events", &json!({})).await.error(405);
    app.root().send(Method::POST, "/healthz", &[], "").await.error(405);
    app.root().send(Method::POST, "/some/page", &[], "").await.error(405);
    for path in ["/healthz", "/readyz", "/metrics", "/api/openapi.json", "/api/nothing", "/", "/missing.js"] {
        let answer = app.root().get(path).await;
        assert!(answer.header("x-request-id").is_some_and(|id| !id.is_empty()), "{path}");
    }
    let preflight = [
        ("origin", "https://any.test"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type"),
    ];
    let answer = app.root().send(Method::OPTIONS, "/api/events", &preflight, "").await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some("*")));
}

//! Names of everything that is counted, in one place. Scraped from `/metrics` in Prometheus' text form.

/// Events by fate.
pub const EVENTS: &str = "dregs_events_total";
/// Events that wait to be processed.
pub const QUEUE_DEPTH: &str = "dregs_queue_depth";
/// Seconds from receiving an event to committing the scores it moved.
pub const EVENT_TO_SCORE: &str = "dregs_event_to_score_seconds";
/// Seconds of the lag that an event spent in each stage: `waiting`, `debounce`, `processing`.
pub const LAG: &str = "dregs_lag_seconds";
/// Seconds a group commit took, and how many events were in it.
pub const APPEND_SECONDS: &str = "dregs_append_seconds";
pub const APPEND_EVENTS: &str = "dregs_append_events";
/// Seconds a processing batch took, by step: `load`, `score`, `commit`.
pub const BATCH_SECONDS: &str = "dregs_batch_seconds";
/// Analysis cycles run.
pub const CYCLES: &str = "dregs_cycles_total";
/// Requests by route, method and status, and how long they took.
pub const REQUESTS: &str = "dregs_http_requests_total";
pub const REQUEST_SECONDS: &str = "dregs_http_request_seconds";
/// Processing failures by kind.
pub const FAILURES: &str = "dregs_processing_failures_total";

/// Installs the recorder of this process; a second call gives the first one's handle.
pub fn install() -> metrics_exporter_prometheus::PrometheusHandle {
    static HANDLE: std::sync::OnceLock<metrics_exporter_prometheus::PrometheusHandle> = std::sync::OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
            let handle = recorder.handle();
            // Another recorder (a second server in one test process) is no reason to stop.
            let _ = metrics::set_global_recorder(recorder);
            handle
        })
        .clone()
}

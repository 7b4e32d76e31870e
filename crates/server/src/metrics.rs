//! Names of everything that is counted, in one place. Scraped from `/metrics` in Prometheus' text form.

/// Events by fate.
pub const EVENTS: &str = "dregs_events_total";
/// Events that wait to be processed.
pub const QUEUE_DEPTH: &str = "dregs_queue_depth";
/// Seconds from receiving an event to committing the scores it moved.
pub const EVENT_TO_SCORE: &str = "dregs_event_to_score_seconds";
/// Seconds of the lag that an event spent in each stage: `logged` (durable, not read yet), `queued` (behind others, or
/// its identity rests after a cycle), `processing`.
pub const LAG: &str = "dregs_lag_seconds";
/// Seconds a group commit took, and how many events were in it.
pub const APPEND_SECONDS: &str = "dregs_append_seconds";
pub const APPEND_EVENTS: &str = "dregs_append_events";
/// Seconds a processing batch took, by step: `load`, `score`, `commit`.
pub const BATCH_SECONDS: &str = "dregs_batch_seconds";
/// Analysis cycles run.
pub const CYCLES: &str = "dregs_cycles_total";
/// Write transactions begun, and microseconds waited for them in all.
pub const WRITER_BEGINS: &str = "dregs_writer_begins_total";
pub const WRITER_WAIT: &str = "dregs_writer_wait_microseconds_total";
/// Requests by route, method and status, and how long they took.
pub const REQUESTS: &str = "dregs_http_requests_total";
pub const REQUEST_SECONDS: &str = "dregs_http_request_seconds";
/// Processing failures by kind.
pub const FAILURES: &str = "dregs_processing_failures_total";

/// Rows that were removed because they were older than their team keeps them, by kind.
pub const RETENTION_REMOVED: &str = "dregs_retention_removed_total";
/// Identities that were erased.
pub const ERASURES: &str = "dregs_erasures_total";

/// Upper bounds of every histogram: seconds, or numbers of events.
const SECONDS_BUCKETS: &[f64] = &[
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0,
    10.0, 30.0, 60.0, 100.0, 300.0, 1000.0,
];

/// Installs the recorder of this process; a second call gives the first one's handle.
pub fn install() -> metrics_exporter_prometheus::PrometheusHandle {
    static HANDLE: std::sync::OnceLock<metrics_exporter_prometheus::PrometheusHandle> = std::sync::OnceLock::new();
    HANDLE
        .get_or_init(|| {
            // Fixed buckets keep the cost of a histogram flat and let figures of several nodes be added up.
            let recorder = metrics_exporter_prometheus::PrometheusBuilder::new()
                .set_buckets(SECONDS_BUCKETS)
                .map(|builder| builder.build_recorder())
                .expect("the list of buckets is not empty");
            let handle = recorder.handle();
            // Another recorder (a second server in one test process) is no reason to stop.
            let _ = metrics::set_global_recorder(recorder);
            handle
        })
        .clone()
}

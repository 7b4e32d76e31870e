//! For operators and their machines: is it up, can it work, what does it count.

use crate::app::App;
use crate::http::error::{ApiError, ApiResult};
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::Serialize;
use std::sync::Arc;

/// The process answers.
pub async fn healthz() -> &'static str {
    "ok\n"
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ready {
    status: &'static str,
    version: &'static str,
    /// Events that are recorded and not processed yet.
    waiting: u64,
    /// Identities that are to be scored again, as far as this node knows.
    due: u64,
    uptime_seconds: i64,
    data_pack: dregs_engine::intelligence::PackInfo,
}

/// The store answers; 503 otherwise.
pub async fn readyz(State(app): State<Arc<App>>) -> ApiResult<impl IntoResponse> {
    app.store.ping().await.map_err(|error| {
        tracing::warn!(%error, "not ready");
        ApiError::Unavailable(1)
    })?;
    // On a shared store another node may be the one that processes.
    let waiting = if app.store.is_shared() {
        app.store.log_depth().await?.max(app.watermark.depth())
    } else {
        app.watermark.depth()
    };
    Ok(Json(Ready {
        status: "ready",
        version: env!("CARGO_PKG_VERSION"),
        waiting,
        due: app.watermark.due(),
        uptime_seconds: (app.clock.now_ms() - app.started_ms) / 1000,
        data_pack: dregs_engine::intelligence::pack(),
    }))
}

/// Counters and histograms in Prometheus' text form.
pub async fn metrics(State(app): State<Arc<App>>) -> String {
    metrics::gauge!(crate::metrics::QUEUE_DEPTH).set(app.watermark.depth() as f64);
    let (begins, waited) = dregs_store::writer_wait();
    metrics::counter!(crate::metrics::WRITER_BEGINS).absolute(begins);
    metrics::counter!(crate::metrics::WRITER_WAIT).absolute(waited.as_micros() as u64);
    app.metrics.run_upkeep();
    app.metrics.render()
}

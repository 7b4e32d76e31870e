//! The yardstick: a handler that parses the same body with the same libraries and stores nothing.

use crate::cli::Outcome;
use axum::Json;
use axum::body::Bytes;
use axum::routing::post;
use axum::serve::ListenerExt;
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct BareOptions {}

pub async fn run(_options: BareOptions) -> Outcome {
    let router = axum::Router::new().route("/api/events", post(handle));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener.tap_io(|stream| drop(stream.set_nodelay(true))), router).await?;
    Ok(ExitCode::SUCCESS)
}

async fn handle(body: Bytes) -> Json<Value> {
    let parsed: Value = serde_json::from_slice(&body).unwrap_or_default();
    Json(json!({"status": "success", "id": parsed["id"], "fingerprint": null}))
}

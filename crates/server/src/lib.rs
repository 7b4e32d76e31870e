//! The server of Dregs: HTTP, ingestion, jobs, configuration and command line.
//!
//! The path of one event: `http::events` (key, origin, limits) → `dregs_engine::event` (parse) → `ingest::appender` (durable; the
//! client is answered here) → `jobs::processor` (claim in order per identity) → `jobs::pipeline` (enrich, apply, link, score,
//! commit in one transaction).

pub mod app;
pub mod backtest;
pub mod bootstrap;
pub mod channels;
pub mod cli;
pub mod clock;
pub mod config;
pub mod http;
pub mod ids;
pub mod ingest;
pub mod jobs;
pub mod lists;
pub mod live;
pub mod manual;
pub mod mcp;
pub mod metrics;
pub mod oauth;
pub mod passwords;
pub mod playbook;
pub mod secrets;
pub mod sso;
pub mod uses;

//! The whole server, driven over HTTP on both databases. The files are shaped like the URL tree.

#[path = "../../../store/tests/postgres/mod.rs"]
mod postgres;

#[macro_use]
mod app;
mod api;

mod account;
mod agents;
mod analysis;
mod audit;
mod auth;
mod backtests;
mod channels;
mod credentials;
mod dashboard;
mod datasets;
mod devices;
mod disregarding;
mod docs;
mod escalations;
mod events;
mod groups;
mod guessing;
mod health;
mod identities;
mod ingestion;
mod labels;
mod live;
mod mappings;
mod notifying;
mod oauth;
mod official_client;
mod openapi;
mod order;
mod privacy;
#[cfg(feature = "sso")]
mod provider;
mod replay;
mod reviews;
mod rings;
mod rules;
#[cfg(feature = "sso")]
mod sso;
mod team;
mod teams;
mod tokens;

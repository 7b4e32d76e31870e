//! The whole server, driven over HTTP on both databases. The files are shaped like the URL tree.

#[path = "../../../store/tests/postgres/mod.rs"]
mod postgres;

#[macro_use]
mod app;
mod api;

mod analysis;
mod auth;
mod channels;
mod credentials;
mod devices;
mod disregarding;
mod escalations;
mod events;
mod groups;
mod health;
mod identities;
mod ingestion;
mod mappings;
mod official_client;
mod openapi;
mod order;
mod privacy;
mod replay;
mod reviews;
mod rings;
mod rules;
mod teams;

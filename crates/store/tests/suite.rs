//! The contract of the store. Every specification takes the store as data and runs on SQLite and on PostgreSQL.

mod postgres;

mod suite {
    #[macro_use]
    pub mod support;

    mod accounts;
    mod acting;
    mod agents;
    mod audit;
    mod evidence;
    mod figures;
    mod forgetting;
    mod ingest;
    mod isolation;
    mod labels;
    mod lists;
    mod notifying;
    mod opening;
    mod order;
    mod people;
    mod pipeline;
    mod plans;
    mod privacy;
    mod retention;
    mod rings;
    mod searching;
    mod sso;
    mod statements;
}

//! The contract of the store. Every specification takes the store as data and runs on SQLite and on PostgreSQL.

mod postgres;

mod suite {
    #[macro_use]
    pub mod support;

    mod acting;
    mod evidence;
    mod ingest;
    mod isolation;
    mod lists;
    mod opening;
    mod people;
    mod pipeline;
    mod plans;
    mod privacy;
    mod retention;
    mod rings;
    mod statements;
}

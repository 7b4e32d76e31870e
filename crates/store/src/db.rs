//! The one place that knows there are two databases. Everything above it is written once, in portable SQL.
//!
//! A statement is text with `$1` placeholders and a list of [`Arg`]; an answer is a list of [`Row`]. A batch is handed
//! over as one JSON text and taken apart by `json_each($1)`: SQLite has that function, and for PostgreSQL the first
//! migration defines one of the same name and shape. It comes first in a `cross join`: SQLite takes that as the order to
//! work in, and so looks each row of the batch up instead of going through the table.

use crate::error::{Result, StoreError};
use crate::sqlite::{self, Deleting, Sqlite, SqliteRow};
use log::LevelFilter;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions, PgRow, Postgres};
use sqlx::{ConnectOptions, PgPool, Row as _, SqlSafeStr};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Prepared statements kept on each connection.
const STATEMENTS_MAX: usize = 256;
const POSTGRES_CONNECTIONS_MAX: u32 = 16;
/// How long to wait for a connection before the caller is told that the store is overloaded.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(8);

/// The advisory lock under which the schema of a PostgreSQL store is changed; the number spells "dregs".
const SCHEMA_LOCK: i64 = 0x64_72_65_67_73;
/// The one under which nodes append to the ingest log, each after the other.
const LOG_LOCK: i64 = SCHEMA_LOCK + 1;

/// How often this process began to write, and how long it waited for that in all.
static WRITER_WAITS: AtomicU64 = AtomicU64::new(0);
static WRITER_WAIT_US: AtomicU64 = AtomicU64::new(0);

/// How many write transactions this process began, and how long it waited for them in all.
pub fn writer_wait() -> (u64, Duration) {
    (WRITER_WAITS.load(Ordering::Relaxed), Duration::from_micros(WRITER_WAIT_US.load(Ordering::Relaxed)))
}

/// A value bound to a placeholder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Arg {
    Text(String),
    OptText(Option<String>),
    Int(i64),
    OptInt(Option<i64>),
    Real(f64),
    Blob(Vec<u8>),
}

impl From<&str> for Arg {
    fn from(value: &str) -> Self {
        Arg::Text(value.to_owned())
    }
}
impl From<String> for Arg {
    fn from(value: String) -> Self {
        Arg::Text(value)
    }
}
impl From<&String> for Arg {
    fn from(value: &String) -> Self {
        Arg::Text(value.clone())
    }
}
impl From<Option<String>> for Arg {
    fn from(value: Option<String>) -> Self {
        Arg::OptText(value)
    }
}
impl From<Option<&str>> for Arg {
    fn from(value: Option<&str>) -> Self {
        Arg::OptText(value.map(str::to_owned))
    }
}
impl From<i64> for Arg {
    fn from(value: i64) -> Self {
        Arg::Int(value)
    }
}
impl From<f64> for Arg {
    fn from(value: f64) -> Self {
        Arg::Real(value)
    }
}
impl From<bool> for Arg {
    fn from(value: bool) -> Self {
        Arg::Int(i64::from(value))
    }
}
impl From<Option<i64>> for Arg {
    fn from(value: Option<i64>) -> Self {
        Arg::OptInt(value)
    }
}
impl From<Vec<u8>> for Arg {
    fn from(value: Vec<u8>) -> Self {
        Arg::Blob(value)
    }
}
impl From<&crate::TeamId> for Arg {
    fn from(value: &crate::TeamId) -> Self {
        Arg::Text(value.as_str().to_owned())
    }
}

/// `args![team, id, 3]`: the values of a statement's placeholders, in order.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Arg::from($value)),*] };
}
pub(crate) use args;

macro_rules! bind {
    ($sql:expr, $args:expr) => {{
        let mut query = sqlx::query($sql);
        for arg in $args {
            query = match arg {
                Arg::Text(value) => query.bind(value),
                Arg::OptText(value) => query.bind(value),
                Arg::Int(value) => query.bind(value),
                Arg::OptInt(value) => query.bind(value),
                Arg::Real(value) => query.bind(value),
                Arg::Blob(value) => query.bind(value),
            };
        }
        query
    }};
}

/// One row of an answer; columns are read by name.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! column {
    ($(#[$doc:meta])* $name:ident, $type:ty) => {
        $(#[$doc])*
        pub fn $name(&self, column: &str) -> Result<$type> {
            match self {
                Row::Sqlite(row) => row.$name(column),
                Row::Postgres(row) => Ok(row.try_get(column)?),
            }
        }
    };
}

impl Row {
    column!(text, String);
    column!(opt_text, Option<String>);
    column!(int, i64);
    column!(opt_int, Option<i64>);
    column!(opt_real, Option<f64>);
    column!(real, f64);
    column!(blob, Vec<u8>);
    column!(opt_blob, Option<Vec<u8>>);

    pub fn flag(&self, column: &str) -> Result<bool> {
        Ok(self.int(column)? != 0)
    }
}

/// A database and the ways into it.
#[derive(Clone)]
pub(crate) enum Db {
    Sqlite(Sqlite),
    Postgres(PgPool),
}

/// A transaction. Dropping it without [`Tx::commit`] rolls it back.
pub(crate) enum Tx {
    Sqlite(sqlite::Transaction),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Db {
    /// `cache_kib` is the page cache of the connection that writes.
    pub fn open_sqlite(path: &Path, cache_kib: u32, deleting: Deleting) -> Result<Self> {
        Sqlite::open(path, cache_kib, deleting).map(Db::Sqlite)
    }

    /// The same database for the one who writes nearly everything: see [`Sqlite::reading_as_writer`].
    pub fn reading_as_writer(&self) -> Self {
        match self {
            Db::Sqlite(db) => Db::Sqlite(db.reading_as_writer()),
            Db::Postgres(pool) => Db::Postgres(pool.clone()),
        }
    }

    pub async fn open_postgres(url: &str) -> Result<Self> {
        let options: PgConnectOptions =
            url.parse().map_err(|error: sqlx::Error| StoreError::Unusable(format!("the database URL: {error}")))?;
        let pool = PgPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS_MAX)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .connect_with(
                options
                    .statement_cache_capacity(STATEMENTS_MAX)
                    .log_statements(LevelFilter::Off)
                    .log_slow_statements(LevelFilter::Off, Duration::ZERO),
            )
            .await?;
        Ok(Db::Postgres(pool))
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self, Db::Postgres(_))
    }

    /// Reads outside a transaction.
    pub async fn rows(&self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Vec<Row>> {
        match self {
            Db::Sqlite(db) => Ok(wrap(db.rows(sql.into_sql_str().as_str(), &args).await?)),
            Db::Postgres(pool) => Ok(bind!(sql, args).fetch_all(pool).await?.into_iter().map(Row::Postgres).collect()),
        }
    }

    pub async fn row(&self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Option<Row>> {
        Ok(self.rows(sql, args).await?.into_iter().next())
    }

    /// One statement that writes and answers with a row, as a transaction of its own.
    pub async fn write_row(&self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Option<Row>> {
        let rows = match self {
            Db::Sqlite(db) => wrap(db.write_rows(sql.into_sql_str().as_str(), &args).await?),
            Db::Postgres(pool) => bind!(sql, args).fetch_all(pool).await?.into_iter().map(Row::Postgres).collect(),
        };
        Ok(rows.into_iter().next())
    }

    /// One statement as a transaction of its own; returns the rows it touched.
    pub async fn run(&self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<u64> {
        match self {
            Db::Sqlite(db) => db.run(sql.into_sql_str().as_str(), &args).await,
            Db::Postgres(pool) => Ok(bind!(sql, args).execute(pool).await?.rows_affected()),
        }
    }

    /// A transaction that may write. On SQLite it is the only one; how long it was waited for is counted.
    pub async fn begin(&self) -> Result<Tx> {
        self.begin_timed(false).await
    }

    /// A transaction for what can be done again from the ingest log: a power cut may undo its commit until the next
    /// [`Db::flush`]. On PostgreSQL it is like any other.
    pub async fn begin_relaxed(&self) -> Result<Tx> {
        self.begin_timed(true).await
    }

    async fn begin_timed(&self, relaxed: bool) -> Result<Tx> {
        let asked = Instant::now();
        let begun = match self {
            Db::Sqlite(db) => db.begin(relaxed).await.map(Tx::Sqlite),
            Db::Postgres(pool) => pool.begin().await.map(Tx::Postgres).map_err(StoreError::from),
        };
        WRITER_WAITS.fetch_add(1, Ordering::Relaxed);
        WRITER_WAIT_US.fetch_add(asked.elapsed().as_micros() as u64, Ordering::Relaxed);
        begun
    }

    /// Puts every commit so far on disk. Blocks as long as the disk takes.
    pub fn flush(&self) -> Result<()> {
        match self {
            Db::Sqlite(db) => db.flush(),
            Db::Postgres(_) => Ok(()),
        }
    }

    /// Moves what a SQLite store has in its write-ahead log into the database. The gentle way never makes a writer
    /// wait, but may leave the log growing under load; the thorough way empties it.
    pub async fn checkpoint(&self, thorough: bool) -> Result<()> {
        match self {
            Db::Sqlite(db) => db.checkpoint(thorough).await,
            Db::Postgres(_) => Ok(()),
        }
    }

    /// Overwrites what deleted rows of these tables left behind: on SQLite everywhere in the file and its write-ahead log, on
    /// PostgreSQL as far as `vacuum` does. Returns whether nobody stood in the way.
    pub async fn scrub(&self, tables: &[&str]) -> Result<bool> {
        match self {
            Db::Sqlite(db) => db.scrub().await,
            Db::Postgres(pool) => {
                let sql = format!("vacuum {}", tables.join(", "));
                sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(pool).await?;
                Ok(true)
            }
        }
    }

    /// Tells whoever listens on a channel of the database. An embedded one has nobody else.
    pub async fn tell(&self, channel: &str, message: &str) -> Result<()> {
        if let Db::Postgres(pool) = self {
            sqlx::query("select pg_notify($1, $2)").bind(channel).bind(message).execute(pool).await?;
        }
        Ok(())
    }

    /// Listens on a channel of the database, with a connection of its own; none where nobody else can tell anything.
    pub async fn listen(&self, channel: &str) -> Result<Option<PgListener>> {
        let Db::Postgres(pool) = self else { return Ok(None) };
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(channel).await?;
        Ok(Some(listener))
    }

    pub async fn close(&self) {
        match self {
            Db::Sqlite(db) => db.close().await,
            Db::Postgres(pool) => pool.close().await,
        }
    }
}

fn wrap(rows: Vec<SqliteRow>) -> Vec<Row> {
    rows.into_iter().map(Row::Sqlite).collect()
}

impl Tx {
    pub async fn rows(&mut self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Vec<Row>> {
        match self {
            Tx::Sqlite(tx) => Ok(wrap(tx.rows(sql.into_sql_str().as_str(), &args)?)),
            Tx::Postgres(tx) => {
                Ok(bind!(sql, args).fetch_all(&mut **tx).await?.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    pub async fn row(&mut self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Option<Row>> {
        Ok(self.rows(sql, args).await?.into_iter().next())
    }

    /// Runs a statement and returns how many rows it touched.
    pub async fn run(&mut self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<u64> {
        match self {
            Tx::Sqlite(tx) => tx.run(sql.into_sql_str().as_str(), &args),
            Tx::Postgres(tx) => Ok(bind!(sql, args).execute(&mut **tx).await?.rows_affected()),
        }
    }

    /// Waits until no other node changes the schema. On SQLite the transaction itself is the lock.
    pub async fn lock_schema(&mut self) -> Result<()> {
        match self {
            Tx::Sqlite(_) => Ok(()),
            Tx::Postgres(tx) => {
                sqlx::query("select pg_advisory_xact_lock($1)").bind(SCHEMA_LOCK).execute(&mut **tx).await?;
                Ok(())
            }
        }
    }

    /// Waits until no other transaction appends to the ingest log. On SQLite the transaction itself is the lock.
    pub async fn lock_log(&mut self) -> Result<()> {
        match self {
            Tx::Sqlite(_) => Ok(()),
            Tx::Postgres(tx) => {
                sqlx::query("select pg_advisory_xact_lock($1)").bind(LOG_LOCK).execute(&mut **tx).await?;
                Ok(())
            }
        }
    }

    /// Waits until no other transaction changes the team's rings: whoever reads which accounts hang together must see
    /// every link. Taken before anything else is written. On SQLite the transaction itself is the lock.
    pub async fn lock_rings(&mut self, team: &crate::TeamId) -> Result<()> {
        match self {
            Tx::Sqlite(_) => Ok(()),
            Tx::Postgres(tx) => {
                let lock = sqlx::query("select pg_advisory_xact_lock(hashtextextended($1, $2))");
                lock.bind(team.as_str()).bind(SCHEMA_LOCK).execute(&mut **tx).await?;
                Ok(())
            }
        }
    }

    /// Several statements without arguments: migrations.
    pub async fn script(&mut self, sql: &'static str) -> Result<()> {
        match self {
            Tx::Sqlite(tx) => tx.script(sql)?,
            Tx::Postgres(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(drop)?,
        }
        Ok(())
    }

    pub async fn commit(self) -> Result<()> {
        match self {
            Tx::Sqlite(tx) => tx.commit(),
            Tx::Postgres(tx) => Ok(tx.commit().await?),
        }
    }
}

/// Rows for `json_each`: an array of arrays, built as text without an intermediate tree.
#[derive(Default)]
pub(crate) struct Batch {
    text: String,
    rows: usize,
}

impl Batch {
    pub fn new() -> Self {
        Batch { text: String::from("["), rows: 0 }
    }

    /// Adds one row; `row` is serialized as a JSON array (a tuple).
    pub fn push(&mut self, row: &impl serde::Serialize) {
        if self.rows > 0 {
            self.text.push(',');
        }
        // Serializing plain tuples of text and numbers cannot fail.
        self.text.push_str(&serde_json::to_string(row).unwrap_or_else(|_| "null".into()));
        self.rows += 1;
    }

    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    pub fn len(&self) -> usize {
        self.rows
    }

    /// The whole array as text, for a batch that several statements use.
    pub fn text(mut self) -> String {
        self.text.push(']');
        self.text
    }
}

impl From<Batch> for Arg {
    fn from(batch: Batch) -> Self {
        Arg::Text(batch.text())
    }
}

impl<T: serde::Serialize> FromIterator<T> for Batch {
    fn from_iter<I: IntoIterator<Item = T>>(rows: I) -> Self {
        let mut batch = Batch::new();
        rows.into_iter().for_each(|row| batch.push(&row));
        batch
    }
}

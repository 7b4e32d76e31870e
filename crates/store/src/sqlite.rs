//! The embedded database: one connection that writes, a few that read, one that checkpoints.
//!
//! A statement runs on the thread that asks for it. Handing it to another thread costs more than most statements do, and
//! an answer of many rows would cross over row by row. On a runtime with several workers the others are told first.

use crate::db::Arg;
use crate::error::{Result, StoreError};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OpenFlags, Statement};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{OwnedMutexGuard, Semaphore, SemaphorePermit};

/// Connections that read beside the one that writes.
const READERS: usize = 4;
/// Page cache of each reading connection, in KiB: it is void after every commit of the writer, so there is no use in more.
const READER_CACHE_KIB: u32 = 2 * 1024;
/// Prepared statements kept on each connection.
const STATEMENTS_MAX: usize = 256;
/// Pages of a database that is written anew to be rid of what is in no row: 512 MiB. At 160 MiB a second, as measured, that
/// is well below [`ACQUIRE_TIMEOUT`]; nothing else can be written meanwhile.
const REWRITTEN_PAGES_MAX: i64 = 128 * 1024;
/// Free pages that are filled by one row: well below the longest row there may be.
const ZEROED_PAGES_MAX: i64 = 64 * 1024;
/// How long to wait for a connection, or for another process's lock, before the store counts as overloaded.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(8);

/// One database file. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sqlite {
    /// None once the store is closed.
    writer: Arc<tokio::sync::Mutex<Option<Connection>>>,
    readers: Arc<Readers>,
    /// Reads go to the writing connection.
    reads_as_writer: bool,
    deleting: Deleting,
}

/// What becomes of the bytes of deleted rows, so that people who are erased cannot be read in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deleting {
    /// They are overwritten at once where they stood. Where they stood before their page was split, [`Sqlite::scrub`] cleans
    /// what is not too large.
    Overwrites,
    /// As long as their page is in use they are overwritten at once; pages that are given up keep them until
    /// [`Sqlite::scrub`]. For what is deleted as often as it is written.
    GivesUpPages,
}

impl Deleting {
    fn code(self) -> &'static str {
        match self {
            Deleting::Overwrites => "on",
            Deleting::GivesUpPages => "fast",
        }
    }
}

struct Readers {
    path: PathBuf,
    permits: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

/// A write transaction. Dropping it without [`Transaction::commit`] rolls it back.
pub(crate) struct Transaction {
    connection: Writing,
    open: bool,
    relaxed: bool,
}

/// The writing connection, held by one at a time.
struct Writing(OwnedMutexGuard<Option<Connection>>);

impl Writing {
    fn get(&self) -> Result<&Connection> {
        self.0.as_ref().ok_or_else(closing)
    }
}

fn closing() -> StoreError {
    StoreError::Unavailable("the store is closing".into())
}

fn overloaded() -> StoreError {
    StoreError::Unavailable("no database connection became free in time".into())
}

/// Runs something that may block where it stands.
fn in_place<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

impl Sqlite {
    /// `cache_kib` is the page cache of the writing connection.
    pub fn open(path: &Path, cache_kib: u32, deleting: Deleting) -> Result<Self> {
        let writer = connect(path, cache_kib)?;
        writer.pragma_update(None, "secure_delete", deleting.code())?;
        let readers = Readers { path: path.to_owned(), permits: Semaphore::new(READERS), idle: Mutex::default() };
        Ok(Sqlite {
            writer: Arc::new(tokio::sync::Mutex::new(Some(writer))),
            readers: Arc::new(readers),
            reads_as_writer: false,
            deleting,
        })
    }

    /// The same database, read with the connection that writes. For the one who writes nearly everything: that cache
    /// outlives its own commits, a reader's does not.
    pub fn reading_as_writer(&self) -> Self {
        Sqlite { reads_as_writer: true, ..self.clone() }
    }

    /// Reads outside a transaction.
    pub async fn rows(&self, sql: &str, args: &[Arg]) -> Result<Vec<SqliteRow>> {
        if self.reads_as_writer {
            return self.write_rows(sql, args).await;
        }
        let _permit = self.readers.permit().await?;
        in_place(|| {
            let connection = self.readers.take()?;
            let rows = rows(&connection, sql, args);
            self.readers.put_back(connection);
            rows
        })
    }

    /// One statement as a transaction of its own.
    pub async fn write_rows(&self, sql: &str, args: &[Arg]) -> Result<Vec<SqliteRow>> {
        let writing = self.writing().await?;
        in_place(|| rows(writing.get()?, sql, args))
    }

    /// One statement as a transaction of its own; returns the rows it touched.
    pub async fn run(&self, sql: &str, args: &[Arg]) -> Result<u64> {
        let writing = self.writing().await?;
        in_place(|| run(writing.get()?, sql, args))
    }

    /// A transaction whose commit is on disk when it returns, or, `relaxed`, after the next [`Sqlite::flush`].
    pub async fn begin(&self, relaxed: bool) -> Result<Transaction> {
        let connection = self.writing().await?;
        let begin = if relaxed { "pragma synchronous = normal; begin immediate" } else { "begin immediate" };
        let transaction = Transaction { connection, open: true, relaxed };
        in_place(|| transaction.connection.get()?.execute_batch(begin).map_err(StoreError::from))?;
        Ok(transaction)
    }

    /// Puts every commit so far on disk: what is not in the database yet stands in the write-ahead log. Nobody who writes
    /// waits for it meanwhile, as they would if a commit did it.
    pub fn flush(&self) -> Result<()> {
        let mut path = self.readers.path.clone().into_os_string();
        path.push("-wal");
        // It stands there as long as the writer has the database open, so one that is missing is an error as well.
        std::fs::File::open(path)
            .and_then(|log| log.sync_data())
            .map_err(|error| StoreError::Unavailable(format!("the write-ahead log could not be put on disk: {error}")))
    }

    async fn writing(&self) -> Result<Writing> {
        let locked = tokio::time::timeout(ACQUIRE_TIMEOUT, self.writer.clone().lock_owned()).await;
        locked.map(Writing).map_err(|_| overloaded())
    }

    /// Runs a checkpoint on a connection of its own, beside the writer.
    pub async fn checkpoint(&self, thorough: bool) -> Result<()> {
        let sql = if thorough { "pragma wal_checkpoint(truncate)" } else { "pragma wal_checkpoint(passive)" };
        let path = self.readers.path.clone();
        let checkpoint = move || rows(&connect(&path, READER_CACHE_KIB)?, sql, &[]).map(drop);
        tokio::task::spawn_blocking(checkpoint).await.map_err(|_| closing())?
    }

    /// Leaves nothing of deleted rows in the file or in its write-ahead log. Where pages were given up with what stood in
    /// them, a small database is written anew without them, and in a large one they are filled with zeros. Returns whether
    /// the log could be emptied: a reader may stand in the way.
    pub async fn scrub(&self) -> Result<bool> {
        let pages = |row: &[SqliteRow], column: &str| row.first().map_or(Ok(0), |row| row.int(column));
        let all = pages(&self.write_rows("pragma page_count", &[]).await?, "page_count")?;
        let free = pages(&self.write_rows("pragma freelist_count", &[]).await?, "freelist_count")?;
        match self.deleting {
            // Rows that moved to another page when theirs was split or emptied left a copy where no row is.
            _ if all - free <= REWRITTEN_PAGES_MAX => self.run("vacuum", &[]).await.map(drop)?,
            Deleting::GivesUpPages => self.fill_free_pages(free).await?,
            Deleting::Overwrites => {}
        }
        let path = self.readers.path.clone();
        let empty = move || rows(&connect(&path, READER_CACHE_KIB)?, "pragma wal_checkpoint(truncate)", &[]);
        let moved = tokio::task::spawn_blocking(empty).await.map_err(|_| closing())??;
        Ok(pages(&moved, "busy")? == 0)
    }

    /// Puts zeros into the pages that hold nothing.
    async fn fill_free_pages(&self, free: i64) -> Result<()> {
        let mut left = free;
        let mut transaction = self.begin(false).await?;
        transaction.script("create table zeros (body blob)")?;
        while left > 0 {
            let pages = left.min(ZEROED_PAGES_MAX);
            let fill = "insert into zeros select zeroblob($1 * page_size) from pragma_page_size";
            transaction.run(fill, &[Arg::from(pages)])?;
            left -= pages;
        }
        transaction.script("drop table zeros")?;
        transaction.commit()
    }

    pub async fn close(&self) {
        self.readers.permits.close();
        in_place(|| self.readers.idle().clear());
        if let Ok(mut writing) = self.writing().await {
            in_place(|| drop(writing.0.take()));
        }
    }
}

impl Readers {
    async fn permit(&self) -> Result<SemaphorePermit<'_>> {
        match tokio::time::timeout(ACQUIRE_TIMEOUT, self.permits.acquire()).await {
            Ok(permit) => permit.map_err(|_| closing()),
            Err(_) => Err(overloaded()),
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Result<Connection> {
        if let Some(connection) = self.idle().pop() {
            return Ok(connection);
        }
        let connection = connect(&self.path, READER_CACHE_KIB)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    fn put_back(&self, connection: Connection) {
        if !self.permits.is_closed() {
            self.idle().push(connection);
        }
    }
}

impl Transaction {
    pub fn rows(&mut self, sql: &str, args: &[Arg]) -> Result<Vec<SqliteRow>> {
        in_place(|| rows(self.connection.get()?, sql, args))
    }

    pub fn run(&mut self, sql: &str, args: &[Arg]) -> Result<u64> {
        in_place(|| run(self.connection.get()?, sql, args))
    }

    /// Several statements without arguments.
    pub fn script(&mut self, sql: &str) -> Result<()> {
        in_place(|| Ok(self.connection.get()?.execute_batch(sql)?))
    }

    pub fn commit(mut self) -> Result<()> {
        in_place(|| self.connection.get()?.execute_batch("commit").map_err(StoreError::from))?;
        self.open = false;
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Ok(connection) = self.connection.get() else { return };
        in_place(|| {
            if self.open {
                // A full disk makes SQLite roll back by itself: then there is nothing left to do.
                let _ = connection.execute_batch("rollback");
            }
            if self.relaxed {
                // Takes effect outside of a transaction alone, and there it cannot fail.
                let _ = connection.execute_batch("pragma synchronous = full");
            }
        });
    }
}

fn connect(path: &Path, cache_kib: u32) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(ACQUIRE_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.pragma_update(None, "journal_mode", "wal")?;
    // FULL: a commit is on disk before it returns, also when the power goes.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "temp_store", "memory")?;
    // Checkpoints run beside the writer: see [`Sqlite::checkpoint`].
    connection.pragma_update(None, "wal_autocheckpoint", 100_000)?;
    connection.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
    Ok(connection)
}

/// All rows, although there may be one: SQLite commits with the last step, and a statement that is left after its first
/// row hides a commit that failed.
fn rows(connection: &Connection, sql: &str, args: &[Arg]) -> Result<Vec<SqliteRow>> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, args)?;
    let columns: Arc<[String]> = statement.column_names().into_iter().map(str::to_owned).collect();
    let mut answer = statement.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = answer.next()? {
        let values = (0..columns.len()).map(|index| row.get_ref(index).map(Value::try_from));
        let values = values.map(|value| value?.map_err(|error| StoreError::Damaged(error.to_string())));
        rows.push(SqliteRow { columns: columns.clone(), values: values.collect::<Result<_>>()? });
    }
    Ok(rows)
}

fn run(connection: &Connection, sql: &str, args: &[Arg]) -> Result<u64> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, args)?;
    Ok(statement.raw_execute()? as u64)
}

/// Placeholders are names to SQLite (`$2` may come first): each is given the argument of its number.
fn bind(statement: &mut Statement<'_>, args: &[Arg]) -> Result<()> {
    for index in 1..=statement.parameter_count() {
        let number = statement.parameter_name(index).and_then(|name| name.get(1..)?.parse::<usize>().ok());
        let arg = number.and_then(|number| args.get(number.checked_sub(1)?));
        let arg = arg.ok_or_else(|| StoreError::Damaged("a statement lacks an argument".into()))?;
        statement.raw_bind_parameter(index, arg)?;
    }
    Ok(())
}

impl rusqlite::ToSql for Arg {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Arg::Text(text) | Arg::OptText(Some(text)) => ValueRef::Text(text.as_bytes()),
            Arg::Int(number) | Arg::OptInt(Some(number)) => ValueRef::Integer(*number),
            Arg::Real(number) => ValueRef::Real(*number),
            Arg::Blob(bytes) => ValueRef::Blob(bytes),
            Arg::OptText(None) | Arg::OptInt(None) => ValueRef::Null,
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

/// One row of an answer.
pub(crate) struct SqliteRow {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

/// Reads a column as one type; null only where that is asked for.
macro_rules! column {
    ($name:ident, $type:ty, $($pattern:pat => $value:expr),+) => {
        pub fn $name(&self, column: &str) -> Result<$type> {
            match self.value(column)? {
                $($pattern => Ok($value),)+
                other => Err(StoreError::Damaged(format!("column {column} is {:?}", other.data_type()))),
            }
        }
    };
}

impl SqliteRow {
    fn value(&self, column: &str) -> Result<&Value> {
        let index = self.columns.iter().position(|held| held == column);
        index.and_then(|index| self.values.get(index)).ok_or_else(|| StoreError::Damaged(format!("no column {column}")))
    }

    column!(text, String, Value::Text(text) => text.clone());
    column!(opt_text, Option<String>, Value::Text(text) => Some(text.clone()), Value::Null => None);
    column!(int, i64, Value::Integer(number) => *number);
    column!(opt_int, Option<i64>, Value::Integer(number) => Some(*number), Value::Null => None);
    column!(real, f64, Value::Real(number) => *number, Value::Integer(number) => *number as f64);
    column!(opt_real, Option<f64>, Value::Real(number) => Some(*number), Value::Integer(number) => Some(*number as f64), Value::Null => None);
    column!(blob, Vec<u8>, Value::Blob(bytes) => bytes.clone());
    column!(opt_blob, Option<Vec<u8>>, Value::Blob(bytes) => Some(bytes.clone()), Value::Null => None);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn placeholders_are_bound_by_number_and_a_dropped_transaction_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = Sqlite::open(&folder.path().join("test.db"), 1024, Deleting::Overwrites).unwrap();
        sqlite.run("create table t (a text, b bigint)", &[]).await.unwrap();
        let insert = "insert into t (b, a) values ($2, $1)";
        assert_eq!(sqlite.run(insert, &[Arg::from("kept"), Arg::from(7)]).await.unwrap(), 1);
        let mut tx = sqlite.begin(false).await.unwrap();
        tx.run(insert, &[Arg::from("dropped"), Arg::from(8)]).unwrap();
        drop(tx);
        let rows = sqlite.rows("select a, b, null as c from t", &[]).await.unwrap();
        assert_eq!((rows.len(), rows[0].text("a").unwrap().as_str(), rows[0].int("b").unwrap()), (1, "kept", 7));
        assert_eq!(rows[0].opt_int("c").unwrap(), None);
        assert!(matches!(rows[0].int("c"), Err(StoreError::Damaged(_))));

        let synchronous = async || sqlite.write_rows("pragma synchronous", &[]).await.unwrap()[0].int("synchronous");
        let relaxed = sqlite.begin(true).await.unwrap();
        relaxed.commit().unwrap();
        assert_eq!(synchronous().await.unwrap(), 2, "the next one waits for the disk again");
        sqlite.flush().unwrap();
        sqlite.close().await;
        assert!(matches!(sqlite.rows("select 1", &[]).await, Err(StoreError::Unavailable(_))));
        assert!(matches!(sqlite.flush(), Err(StoreError::Unavailable(_))), "a log that is not there is on no disk");
    }
}

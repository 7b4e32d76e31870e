//! Opening a store: which database, which files, which version.

use crate::db::Db;
use crate::error::{Result, StoreError};
use crate::migrate;
use crate::sqlite::Deleting;
use std::path::{Path, PathBuf};

/// Page caches of SQLite's writing connections, in KiB: the memory budget of the whole process counts. What processing
/// touches is spread over all that is stored; of the log it is the end.
const MAIN_CACHE_KIB: u32 = 48 * 1024;
const LOG_CACHE_KIB: u32 = 8 * 1024;

/// Where everything is kept. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) db: Db,
    /// The ingest log: a file of its own on SQLite, the same database on PostgreSQL.
    pub(crate) log: Db,
    pub(crate) files: Option<Files>,
}

/// The files of a SQLite store.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    pub main: PathBuf,
    pub log: PathBuf,
}

impl Files {
    pub fn beside(main: &Path) -> Self {
        Files { main: main.to_owned(), log: main.with_extension("ingest.db") }
    }
}

impl Store {
    /// Opens `sqlite:PATH` or `postgres://…` and brings its schema up to date.
    pub async fn open(url: &str) -> Result<Self> {
        let store = Store::connect(url).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Opens without touching the schema.
    pub async fn connect(url: &str) -> Result<Self> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            return Store::connect_sqlite(Path::new(path.strip_prefix("//").unwrap_or(path)));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let db = Db::open_postgres(url).await?;
            return Ok(Store { log: db.clone(), db, files: None });
        }
        let scheme = url.split(':').next().unwrap_or(url);
        Err(StoreError::Unusable(format!(
            "unknown database scheme {scheme:?}: use sqlite:PATH or postgres://USER@HOST/NAME"
        )))
    }

    fn connect_sqlite(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|error| {
                StoreError::Unusable(format!("the data folder {} cannot be created: {error}", folder.display()))
            })?;
        }
        let files = Files::beside(path);
        let open = |path: &Path, cache_kib, deleting| {
            Db::open_sqlite(path, cache_kib, deleting).map_err(|error| match error {
                StoreError::Database(cause) => {
                    StoreError::Unusable(format!("the database {} cannot be opened: {cause}", path.display()))
                }
                other => other,
            })
        };
        let db = open(&files.main, MAIN_CACHE_KIB, Deleting::Overwrites)?;
        let log = open(&files.log, LOG_CACHE_KIB, Deleting::GivesUpPages)?;
        Ok(Store { db, log, files: Some(files) })
    }

    /// Applies the migrations that are missing; returns how many.
    pub async fn migrate(&self) -> Result<usize> {
        let mut applied = migrate::apply(&self.db, migrate::main_migrations(&self.db)).await?;
        if !self.log.is_postgres() {
            applied += migrate::apply(&self.log, migrate::LOG_MIGRATIONS).await?;
        }
        Ok(applied)
    }

    /// Whether this is PostgreSQL, where other nodes may work on the same store.
    pub fn is_shared(&self) -> bool {
        self.db.is_postgres()
    }

    /// The same store for the job that processes events.
    pub fn for_processing(&self) -> Self {
        Store { db: self.db.reading_as_writer(), ..self.clone() }
    }

    pub async fn close(&self) {
        self.log.close().await;
        self.db.close().await;
    }

    /// A statement that fails when the store does not answer.
    pub async fn ping(&self) -> Result<()> {
        self.db.row("select 1 as one", vec![]).await?;
        self.log.row("select 1 as one", vec![]).await.map(drop)
    }
}

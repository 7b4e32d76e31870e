//! What can go wrong in the store, as the server needs to tell it apart.

use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};

pub type Result<T> = std::result::Result<T, StoreError>;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something with this name exists, or changed meanwhile.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    /// The store cannot take it right now: locked, full, unreachable. Worth another try later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The store cannot be used at all: wrong scheme, not writable, of a newer version, held by another server.
    #[error("{0}")]
    Unusable(String),
    /// Stored data that does not read back.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    #[error(transparent)]
    Database(Box<dyn std::error::Error + Send + Sync>),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let Some(cause) = error.sqlite_error() else { return StoreError::Database(error.into()) };
        match (cause.code, cause.extended_code) {
            (_, SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE) => StoreError::Conflict("this already exists"),
            // Locked by another, an I/O error, a full disk: conditions that may pass.
            (ErrorCode::DatabaseBusy | ErrorCode::SystemIoFailure | ErrorCode::DiskFull, _) => {
                StoreError::Unavailable(error.to_string())
            }
            _ => StoreError::Database(error.into()),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => StoreError::Unavailable("no database connection became free in time".into()),
            sqlx::Error::Io(cause) => StoreError::Unavailable(format!("the database cannot be reached: {cause}")),
            sqlx::Error::PoolClosed => StoreError::Unavailable("the store is closing".into()),
            sqlx::Error::Database(cause) => match cause.code().as_deref() {
                _ if cause.is_unique_violation() => StoreError::Conflict("this already exists"),
                Some(code) if passing(code) => StoreError::Unavailable(cause.message().to_owned()),
                _ => StoreError::Database(error.into()),
            },
            _ => StoreError::Database(error.into()),
        }
    }
}

/// Whether a PostgreSQL error code means a condition that may pass: connection (08), rollback (40), resources (53),
/// shutdown (57P), system (58).
fn passing(code: &str) -> bool {
    ["08", "40", "53", "57P", "58"].iter().any(|class| code.starts_with(class))
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        StoreError::Damaged(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi::{Error, SQLITE_BUSY_SNAPSHOT, SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_MISMATCH};

    #[test]
    fn passing_conditions_are_told_from_mistakes() {
        for code in ["08006", "57P01", "40001", "53100"] {
            assert!(passing(code), "{code}");
        }
        for code in ["42601", "23505"] {
            assert!(!passing(code), "{code}");
        }
        let of = |code| StoreError::from(rusqlite::Error::SqliteFailure(Error::new(code), None));
        for code in [SQLITE_BUSY_SNAPSHOT, SQLITE_FULL, SQLITE_IOERR_WRITE] {
            assert!(matches!(of(code), StoreError::Unavailable(_)), "{code}");
        }
        assert!(matches!(of(SQLITE_CONSTRAINT_UNIQUE), StoreError::Conflict(_)));
        assert!(matches!(of(SQLITE_MISMATCH), StoreError::Database(_)));
    }
}

//! What can go wrong in the store, as the server needs to tell it apart.

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
    Database(sqlx::Error),
}

/// SQLite result codes for a full disk, an I/O error and a lock that was not released in time.
const SQLITE_BUSY: &str = "5";
const SQLITE_IOERR: &str = "10";
const SQLITE_FULL: &str = "13";

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => StoreError::Unavailable("no database connection became free in time".into()),
            sqlx::Error::Io(cause) => StoreError::Unavailable(format!("the database cannot be reached: {cause}")),
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                StoreError::Unavailable("the store is closing".into())
            }
            sqlx::Error::Database(cause) => match cause.code().as_deref() {
                _ if cause.is_unique_violation() => StoreError::Conflict("this already exists"),
                Some(code) if passing(code) => StoreError::Unavailable(cause.message().to_owned()),
                _ => StoreError::Database(error),
            },
            _ => StoreError::Database(error),
        }
    }
}

/// Whether a database's error code means a condition that may pass: a full disk, a lock, a restart, a deadlock.
fn passing(code: &str) -> bool {
    let primary = code.parse::<u32>().ok().filter(|_| code.len() < 5).map(|code| (code & 0xff).to_string());
    match primary.as_deref() {
        Some(SQLITE_BUSY | SQLITE_IOERR | SQLITE_FULL) => true,
        Some(_) => false,
        // PostgreSQL classes: 08 connection, 40 rollback, 53 resources, 57P shutdown, 58 system.
        None => ["08", "40", "53", "57P", "58"].iter().any(|class| code.starts_with(class)),
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        StoreError::Damaged(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passing_conditions_are_told_from_mistakes() {
        for code in ["5", "261", "13", "10", "778", "08006", "57P01", "40001", "53100"] {
            assert!(passing(code), "{code}");
        }
        for code in ["1", "19", "2067", "42601", "23505"] {
            assert!(!passing(code), "{code}");
        }
    }
}

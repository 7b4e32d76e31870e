//! Opening, upgrading, crashing, backing up and restoring.

use super::support::*;
use dregs_store::{Commit, LoadRequest, Store, StoreError};
use sqlx::Connection as _;

on_both!(opening_again_finds_everything_migrated, only_postgres_is_shared);

async fn opening_again_finds_everything_migrated(store: &Store) {
    assert_eq!(store.migrate().await.unwrap(), 0);
}

async fn only_postgres_is_shared(store: &Store) {
    let backup = store.backup(&tempfile::tempdir().unwrap().path().join("copy.db")).await;
    assert_eq!(store.is_shared(), backup.is_err());
}

fn message<T>(result: Result<T, StoreError>) -> String {
    match result {
        Err(StoreError::Unusable(message)) => message,
        Err(other) => panic!("{other:?} is not Unusable"),
        Ok(_) => panic!("it was not refused"),
    }
}

#[tokio::test]
async fn an_unknown_scheme_is_refused_with_those_that_are_known() {
    for url in ["mysql://localhost/dregs", "dregs.db", ""] {
        let message = message(Store::open(url).await);
        assert!(message.contains("sqlite:PATH") && message.contains("postgres://"), "{message}");
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let message = message(Store::open(&sqlite_url(&folder.path().join("file/data"))).await);
    assert!(message.contains("data folder") && message.contains("file/data"), "{message}");
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let message = message(Store::open(&format!("sqlite:{}", folder.path().display())).await);
    assert!(message.contains("cannot be opened") && message.contains(folder.path().to_str().unwrap()), "{message}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("dregs.db"), "something else entirely ".repeat(100)).unwrap();
    let message = message(Store::open(&sqlite_url(folder.path())).await);
    assert!(message.contains("dregs.db"), "{message}");
}

#[tokio::test]
async fn a_missing_folder_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&sqlite_url(&folder.path().join("a/b"))).await.unwrap();
    store.ping().await.unwrap();
    assert!(folder.path().join("a/b/dregs.ingest.db").is_file());
}

#[tokio::test]
async fn a_malformed_postgres_url_is_refused() {
    assert!(message(Store::open("postgres://[").await).contains("database URL"));
}

#[tokio::test]
async fn an_unreachable_postgres_is_unavailable() {
    let nowhere = Store::open("postgres://dregs@127.0.0.1:1/dregs").await;
    assert!(matches!(nowhere, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn a_sqlite_store_of_a_newer_version_is_refused() {
    for file in ["dregs.db", "dregs.ingest.db"] {
        let folder = tempfile::tempdir().unwrap();
        Store::open(&sqlite_url(folder.path())).await.unwrap().close().await;
        let connection = rusqlite::Connection::open(folder.path().join(file)).unwrap();
        connection.execute("insert into schema_migrations values (99, 'later')", ()).unwrap();
        drop(connection);
        let message = message(Store::open(&sqlite_url(folder.path())).await);
        assert!(message.contains("version 99") && message.contains("newer dregs"), "{message}");
    }
}

#[tokio::test]
async fn a_postgres_store_of_a_newer_version_is_refused() {
    let Some(cluster) = crate::postgres::postgres() else { return };
    let url = cluster.new_database();
    Store::open(&url).await.unwrap().close().await;
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    sqlx::query("insert into schema_migrations values (99, 'later')").execute(&mut connection).await.unwrap();
    assert!(message(Store::open(&url).await).contains("newer dregs"));
}

#[tokio::test]
async fn nodes_that_start_at_once_migrate_once() {
    let Some(cluster) = crate::postgres::postgres() else { return };
    let url = cluster.new_database();
    let (a, b, c) = tokio::join!(Store::open(&url), Store::open(&url), Store::open(&url));
    for store in [a.unwrap(), b.unwrap(), c.unwrap()] {
        assert_eq!(store.migrate().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn two_processes_that_create_one_identity_agree_on_one() {
    let Some(cluster) = crate::postgres::postgres() else { return };
    let url = cluster.new_database();
    let (first, second) = (Store::open(&url).await.unwrap(), Store::open(&url).await.unwrap());
    let (team, one, another) = (team(), new_identities(&["a"]), new_identities(&["a"]));
    let (one, another) = tokio::join!(first.commit(&team, &one), second.commit(&team, &another));
    assert_eq!([one, another].iter().filter(|result| matches!(result, Err(StoreError::Conflict(_)))).count(), 1);
    assert_sound(&first).await;
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_crash_of_postgres() {
    let Some(mut cluster) = crate::postgres::durable_postgres() else { return };
    let url = cluster.new_database();
    let store = Store::open(&url).await.unwrap();
    store.append(b"kept".to_vec(), &[]).await.unwrap();
    store.commit(&team(), &new_identities(&["a"])).await.unwrap();
    cluster.crash();
    let refused = store.append(b"lost".to_vec(), &[]).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    cluster.start_again();
    assert_eq!(recovered(&store).await, b"kept");
    assert_eq!(store.team_counts(&team()).await.unwrap().identities, 1);
    assert_sound(&store).await;
}

/// The first segment, once the store has replaced the connections that broke.
async fn recovered(store: &Store) -> Vec<u8> {
    for _ in 0..50 {
        if let Ok(read) = store.read_log(0).await {
            return read[0].payload.clone();
        }
    }
    panic!("the store does not recover from a restart of PostgreSQL")
}

async fn filled(folder: &std::path::Path) -> Store {
    let store = Store::open(&sqlite_url(folder)).await.unwrap();
    store.append(b"waiting".to_vec(), &[]).await.unwrap();
    store.commit(&team(), &Commit { events: vec![event(1, "e", Some("a"))], ..new_identities(&["a"]) }).await.unwrap();
    store
}

#[tokio::test]
async fn a_backup_is_restored_over_whatever_came_later() {
    let (folder, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (main, copy) = (folder.path().join("dregs.db"), copies.path().join("copy.db"));
    let store = filled(folder.path()).await;
    store.backup(&copy).await.unwrap();
    store.append(b"later".to_vec(), &[]).await.unwrap();
    store.commit(&team(), &new_identities(&["later"])).await.unwrap();
    store.close().await;
    Store::restore(&copy, &main).unwrap();
    let restored = Store::open(&sqlite_url(folder.path())).await.unwrap();
    let request = LoadRequest { identities: set(&["a", "later"]), events: set(&["e"]), ..LoadRequest::default() };
    let loaded = restored.load(&team(), &request).await.unwrap();
    assert_eq!((loaded.profiles.len(), loaded.recorded.len()), (1, 1));
    let log = restored.read_log(0).await.unwrap();
    assert_eq!(log.iter().map(|held| held.payload.as_slice()).collect::<Vec<_>>(), [b"waiting"]);
    assert_sound(&restored).await;
}

#[tokio::test]
async fn a_backup_never_overwrites() {
    let (folder, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = filled(folder.path()).await;
    let copy = copies.path().join("copy.db");
    store.backup(&copy).await.unwrap();
    assert!(message(store.backup(&copy).await).contains("exists"));
}

#[tokio::test]
async fn half_a_backup_is_not_restored() {
    let (folder, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (main, copy) = (folder.path().join("dregs.db"), copies.path().join("copy.db"));
    let store = filled(folder.path()).await;
    store.backup(&copy).await.unwrap();
    store.close().await;
    std::fs::remove_file(copies.path().join("copy.ingest.db")).unwrap();
    assert!(message(Store::restore(&copy, &main)).contains("two files"));
    let untouched = Store::open(&sqlite_url(folder.path())).await.unwrap();
    assert_eq!(untouched.team_counts(&team()).await.unwrap().identities, 1);
}

#[tokio::test]
async fn a_check_names_what_does_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    let connection = rusqlite::Connection::open(folder.path().join("dregs.db")).unwrap();
    for damage in [
        "delete from profiles",
        "update team_counts set identities = 7",
        "insert into keys values ('team', 'ip', 'x', 3)",
    ] {
        connection.execute(damage, ()).unwrap();
    }
    let problems = store.check().await.unwrap().problems.join("; ");
    for part in ["identities without a profile", "wrong number of identities", "wrong number of holders"] {
        assert!(problems.contains(part), "{part:?} is not in {problems:?}");
    }
}

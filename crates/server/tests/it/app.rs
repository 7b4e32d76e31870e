//! A real server in this process, on a fresh store.

use crate::api::Api;
use dregs_server::app::App;
use dregs_server::bootstrap::{FirstKeys, make_team};
use dregs_server::cli::Sidecar;
use dregs_server::clock::Clock;
use dregs_server::config::RunOptions;
use dregs_store::{Store, TeamId};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest that any test waits for something to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a test's data is.
pub struct Database {
    pub url: String,
    pub folder: Option<tempfile::TempDir>,
}

impl Database {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Database { url: format!("sqlite:{}", folder.path().join("dregs.db").display()), folder: Some(folder) }
    }

    pub async fn postgres() -> Option<Self> {
        let url = tokio::task::spawn_blocking(|| crate::postgres::postgres().map(|cluster| cluster.new_database()));
        Some(Database { url: url.await.unwrap()?, folder: None })
    }

    /// Every file of an embedded database as it is on disk.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let Some(folder) = &self.folder else { return Vec::new() };
        let entries = std::fs::read_dir(folder.path()).unwrap().flatten();
        entries
            .map(|entry| (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).unwrap()))
            .collect()
    }
}

/// A team and its keys.
pub struct TestTeam {
    pub id: TeamId,
    pub keys: FirstKeys,
}

pub struct TestApp {
    pub database: Database,
    pub team: TestTeam,
    /// As the team's server.
    pub api: Api,
    pub store: Store,
    sidecar: Option<Sidecar>,
}

/// Makes each specification a test on SQLite and a test on PostgreSQL. Nothing may be left parked, and the store must
/// pass its own check.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $name() {
                let mut app = crate::app::TestApp::start(crate::app::Database::sqlite()).await;
                super::$name(&mut app).await;
                app.finish().await;
            })*
        }
        mod postgres {
            $(#[tokio::test] async fn $name() {
                let Some(database) = crate::app::Database::postgres().await else { return };
                let mut app = crate::app::TestApp::start(database).await;
                super::$name(&mut app).await;
                app.finish().await;
            })*
        }
    };
}

impl TestApp {
    pub async fn start(database: Database) -> Self {
        let store = Store::open(&database.url).await.unwrap();
        let team = new_team(&store, "a").await;
        let (sidecar, api) = serve(&store, &team, RunOptions::default(), Clock::system()).await;
        TestApp { database, team, api, store, sidecar: Some(sidecar) }
    }

    pub async fn stop(&mut self) {
        if let Some(sidecar) = self.sidecar.take() {
            sidecar.stop().await;
        }
    }

    /// Stops the server if it runs, and starts it anew on the same data.
    pub async fn restart(&mut self, options: RunOptions) {
        self.restart_at(options, Clock::system()).await;
    }

    /// The same, by another clock.
    pub async fn restart_at(&mut self, options: RunOptions, clock: Clock) {
        self.stop().await;
        self.store = Store::open(&self.database.url).await.unwrap();
        let (sidecar, api) = serve(&self.store, &self.team, options, clock).await;
        (self.sidecar, self.api) = (Some(sidecar), api);
    }

    fn sidecar(&self) -> &Sidecar {
        self.sidecar.as_ref().expect("the server runs")
    }

    pub fn app(&self) -> &Arc<App> {
        self.sidecar().app()
    }

    pub fn base_url(&self) -> String {
        self.sidecar().base_url()
    }

    /// The address without `/api`.
    pub fn root(&self) -> Api {
        Api::new(&format!("http://{}", self.sidecar().address), None)
    }

    /// As the holder of `key`.
    pub fn with(&self, key: &str) -> Api {
        Api::new(&self.base_url(), Some(key))
    }

    pub fn nobody(&self) -> Api {
        Api::new(&self.base_url(), None)
    }

    /// As a page that has the team's public key.
    pub fn page(&self) -> Api {
        self.with(&self.team.keys.public_key)
    }

    pub async fn add_team(&self, name: &str) -> TestTeam {
        new_team(&self.store, name).await
    }

    /// The official client, unchanged; it does not try again by itself.
    pub fn client(&self) -> dregs::Client {
        self.client_with(&self.team.keys.secret_key)
    }

    pub fn client_with(&self, key: &str) -> dregs::Client {
        dregs::Client::builder().secret_key(key).base_url(self.base_url()).max_retries(0).build().unwrap()
    }

    /// Waits until all that was sent is processed and all that is due is scored.
    pub async fn settle(&self) {
        let app = self.app();
        eventually("everything is processed", async || {
            // In this order: what is processed writes what is due in the same transaction.
            let processed = app.watermark.depth() == 0 && self.store.log_depth().await.unwrap() == 0;
            let due_ms = self.store.next_due_ms().await.unwrap();
            processed && due_ms.is_none_or(|due_ms| due_ms > app.clock.now_ms())
        })
        .await;
    }

    /// Sends events and waits until they are processed.
    pub async fn track(&self, body: serde_json::Value) {
        self.api.track(body).await;
        self.settle().await;
    }

    /// Everything that was sent met its fate; nothing is damaged.
    pub async fn finish(mut self) {
        self.settle().await;
        let parked = self.store.parked(&self.team.id).await.unwrap();
        assert!(parked.is_empty(), "events are parked: {parked:?}");
        let report = self.store.check().await.unwrap();
        assert_eq!(report.problems, Vec::<String>::new());
        self.stop().await;
    }
}

async fn serve(store: &Store, team: &TestTeam, options: RunOptions, clock: Clock) -> (Sidecar, Api) {
    let sidecar = Sidecar::start(store.clone(), clock, options, "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let api = Api::new(&sidecar.base_url(), Some(&team.keys.secret_key));
    (sidecar, api)
}

/// A team with an administrator and a credential.
pub async fn new_team(store: &Store, name: &str) -> TestTeam {
    let keys = make_team(store, name, &format!("admin@{name}.test"), "", 1_790_000_000_000).await.unwrap();
    let team = store.teams().await.unwrap().into_iter().find(|team| team.name == name).unwrap();
    TestTeam { id: team.id, keys }
}

/// Waits until `holds`.
pub async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < PATIENCE, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// An event that arrives with a device, a session and an address, as a server forwards it.
pub fn seen(kind: &str, identity: Option<&str>, fingerprint: &str, session: &str, ip: &str) -> serde_json::Value {
    let mut body = serde_json::json!({
        "type": kind, "device": {"fingerprint": fingerprint}, "session": session, "ip": ip, "userAgent": AGENT,
    });
    if let Some(id) = identity {
        body["identity"] = serde_json::json!({"id": id});
    }
    body
}

pub const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

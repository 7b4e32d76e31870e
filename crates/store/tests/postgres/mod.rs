//! PostgreSQL for tests: one cluster for each test process, a fresh database for each test.
//!
//! The server runs under a guarding shell that ends it as soon as its standard input closes, so it never outlives the
//! test process, however that dies. Nothing but `initdb`, `postgres`, `createdb` and `pg_isready` is needed. PostgreSQL
//! refuses to run as root: there everything is done as the user `postgres`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const USER: &str = "dregs";
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// What makes a cluster fast and forgetful; only a test that kills the server needs it to be neither.
const FORGETFUL: &str = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off";
const SETTINGS: &str = "-c listen_addresses=127.0.0.1 -c max_connections=200 -c shared_buffers=64MB -c autovacuum=off \
                        -c max_wal_senders=0 -c wal_level=minimal";
/// Runs the server until a line or the end of the input arrives. `crash` drops it without a checkpoint and keeps its
/// data; anything else stops it and removes the data.
const GUARD: &str = r#"
trap '' INT
"$0" -D "$1/data" -k "$1" -p "$2" $3 </dev/null >>"$1/log" 2>&1 &
pid=$!
read word
case "$word" in
  crash) kill -QUIT $pid; wait $pid ;;
  *) kill -INT $pid; wait $pid; cd /; rm -rf "$1" ;;
esac
"#;

/// A running PostgreSQL server with its own data.
#[derive(Debug)]
pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    settings: String,
    guard: Option<Child>,
}

/// The cluster of this test process; none where PostgreSQL is not installed. In CI that is an error.
pub fn postgres() -> Option<&'static Cluster> {
    static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
    SHARED.get_or_init(|| Cluster::start(&format!("{SETTINGS} {FORGETFUL}"))).as_ref()
}

/// A cluster of one's own that does not lose what it has acknowledged: for tests that kill it.
#[allow(dead_code, reason = "each test crate uses the part it needs")]
pub fn durable_postgres() -> Option<Cluster> {
    Cluster::start(SETTINGS)
}

impl Cluster {
    fn start(settings: &str) -> Option<Self> {
        let programs = installed()?;
        let folder = new_folder();
        let data = folder.join("data");
        let mut initdb = as_server(&programs.join("initdb"));
        initdb.arg("-D").arg(data).args(["-U", USER, "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        succeed(initdb);
        let mut cluster = Cluster { programs, folder, port: free_port(), settings: settings.to_owned(), guard: None };
        cluster.start_again();
        Some(cluster)
    }

    /// The URL of a new and empty database.
    pub fn new_database(&self) -> String {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let name = format!("t_{}", LAST.fetch_add(1, Ordering::Relaxed));
        let mut createdb = self.client("createdb");
        createdb.arg(&name);
        succeed(createdb);
        format!("postgres://{USER}@127.0.0.1:{}/{name}", self.port)
    }

    /// Ends the server at once, as a crash would; its data stays.
    #[allow(dead_code, reason = "each test crate uses the part it needs")]
    pub fn crash(&mut self) {
        let Some(mut guard) = self.guard.take() else { return };
        let told = guard.stdin.take().map(|mut input| input.write_all(b"crash\n"));
        assert!(matches!(told, Some(Ok(()))), "the guard of PostgreSQL is gone");
        guard.wait().expect("waiting for PostgreSQL to crash");
    }

    /// Starts the server on the data it has, and waits until it answers.
    pub fn start_again(&mut self) {
        let mut guard = as_server(Path::new("sh"));
        guard.args(["-c", GUARD]).arg(self.programs.join("postgres")).arg(&self.folder);
        guard.arg(self.port.to_string()).arg(&self.settings);
        guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        self.guard = Some(guard.spawn().expect("starting PostgreSQL"));
        self.wait_until_ready();
    }

    fn wait_until_ready(&self) {
        let started = Instant::now();
        while !self.client("pg_isready").arg("-q").status().is_ok_and(|status| status.success()) {
            assert!(started.elapsed() < START_TIMEOUT, "PostgreSQL does not start:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.args(["-h", "127.0.0.1", "-U", USER, "-p"]).arg(self.port.to_string());
        command
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            drop(guard.stdin.take());
            let _ = guard.wait();
        }
    }
}

/// Where the programs of PostgreSQL are.
fn installed() -> Option<PathBuf> {
    let found = on_path().or_else(packaged);
    if found.is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "CI must have PostgreSQL: initdb is not on the PATH nor in /usr/lib/postgresql"
        );
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| eprintln!("skipped: PostgreSQL is not installed, its half of the tests does not run"));
    }
    found
}

fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find_map(|folder| programs_in(&folder))
}

/// Where Debian keeps them, the newest release first.
fn packaged() -> Option<PathBuf> {
    let mut releases: Vec<PathBuf> =
        std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|entry| entry.path()).collect();
    releases.sort_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    releases.iter().rev().find_map(|release| programs_in(&release.join("bin")))
}

fn programs_in(folder: &Path) -> Option<PathBuf> {
    let initdb = folder.join("initdb").canonicalize().ok()?;
    let folder = initdb.parent()?.to_owned();
    folder.join("postgres").is_file().then_some(folder)
}

/// A command that runs as a user PostgreSQL accepts.
fn as_server(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program).current_dir("/");
    command
}

fn is_root() -> bool {
    static ROOT: OnceLock<bool> = OnceLock::new();
    *ROOT.get_or_init(|| Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0\n")))
}

fn new_folder() -> PathBuf {
    static LAST: AtomicU32 = AtomicU32::new(0);
    let name = format!("dregs-postgres-{}-{}", std::process::id(), LAST.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).expect("a folder for PostgreSQL");
    if is_root() {
        let mut chown = Command::new("chown");
        chown.arg("postgres").arg(&folder);
        succeed(chown);
    }
    folder
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

fn succeed(mut command: Command) {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?} failed: {said}\n(each parent folder must be open to the user postgres)"
    );
}

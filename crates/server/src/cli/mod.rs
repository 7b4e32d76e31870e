//! The command line.

mod backtest;
mod bench;
mod demo;
mod erase;
mod evaluate;
mod generate;
mod maintenance;
mod password;
mod replay;
mod serve;
mod sidecar;
mod sso;
mod terminal;

use crate::config::{ServeOptions, StoreOptions};
use clap::{Parser, Subcommand};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Parser)]
#[command(
    name = "dregs",
    version,
    about = "Fraud and abuse scoring for the users of your application, on your own machine"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(Box<ServeOptions>),
    /// Run a server on a temporary store with simulated traffic
    Demo(demo::DemoOptions),
    /// Write labelled traffic to files, or send it to a server
    Simulate(generate::SimulateOptions),
    /// Replay recorded events on a temporary store and judge the verdicts by labels
    Evaluate(evaluate::EvaluateOptions),
    /// See what a rule would have done over the past
    Backtest(backtest::BacktestOptions),
    /// Recompute past verdicts
    Replay(replay::ReplayOptions),
    /// Give a person a password, which is shown once, and end their sessions
    Password {
        #[command(flatten)]
        store: StoreOptions,
        /// Who
        email: String,
    },
    /// Forget who a person is at the provider of single sign-on, and end their sessions
    SsoForget {
        #[command(flatten)]
        store: StoreOptions,
        /// Who
        email: String,
    },
    /// Bring the schema of a store up to date
    Migrate {
        #[command(flatten)]
        store: StoreOptions,
    },
    /// Read through a store and report what does not fit together
    Check {
        #[command(flatten)]
        store: StoreOptions,
        /// Print the report as JSON
        #[arg(long)]
        json: bool,
    },
    /// Copy a running store
    Backup {
        #[command(flatten)]
        store: StoreOptions,
        /// Where to write the copy
        target: PathBuf,
    },
    /// Put a copy in the place of a store; the server must not be running
    Restore {
        #[command(flatten)]
        store: StoreOptions,
        /// The copy
        source: PathBuf,
        /// Replace a store that is there
        #[arg(long)]
        force: bool,
    },
    /// Erase people once more, after a copy was restored that still holds them; the server must not be running
    Erase(erase::EraseOptions),
    /// Print who was erased, as digests: keep this list beside your copies
    Erasures(erase::ErasuresOptions),
    /// Measure this machine: throughput, latency and memory, in one run on a temporary store
    Bench(bench::BenchOptions),
    /// Measure lists of identities: every sort, searches and filters of a million
    BenchLists(bench::ListsOptions),
    /// Measure a backtest over an empty database
    #[command(hide = true)]
    BenchBacktest(bench::PastOptions),
    /// The yardstick of `bench`
    #[command(hide = true)]
    BenchBare(bench::BareOptions),
}

/// What a command can fail with: a sentence that says what to do.
pub type Outcome = Result<ExitCode, Box<dyn std::error::Error + Send + Sync>>;

/// Runs a command and turns its failure into one line.
pub fn run(cli: Cli) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("dregs: the runtime cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(dispatch(cli.command)).unwrap_or_else(|error| {
        eprintln!("dregs: {error}");
        ExitCode::FAILURE
    })
}

async fn dispatch(command: Command) -> Outcome {
    match command {
        Command::Serve(options) => serve::run(*options).await,
        Command::Demo(options) => demo::run(options).await,
        Command::Simulate(options) => generate::run(options).await,
        Command::Evaluate(options) => evaluate::run(options).await,
        Command::Backtest(options) => backtest::run(options).await,
        Command::Replay(options) => replay::run(options).await,
        Command::Password { store, email } => password::run(&store, &email).await,
        Command::SsoForget { store, email } => sso::forget(&store, &email).await,
        Command::Migrate { store } => maintenance::migrate(&store).await,
        Command::Check { store, json } => maintenance::check(&store, json).await,
        Command::Backup { store, target } => maintenance::backup(&store, &target).await,
        Command::Restore { store, source, force } => maintenance::restore(&store, &source, force).await,
        Command::Erase(options) => erase::run(options).await,
        Command::Erasures(options) => erase::list(options).await,
        Command::Bench(options) => bench::run(options).await,
        Command::BenchLists(options) => bench::run_lists(options).await,
        Command::BenchBacktest(options) => bench::run_past(options).await,
        Command::BenchBare(options) => bench::run_bare(options).await,
    }
}

/// Logs to standard error. `RUST_LOG` chooses what; the default is what an operator wants to know.
fn log_to_stderr(format: &str) {
    use tracing_subscriber::EnvFilter;
    let mut filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // The MCP library logs what agents ask for and are told: that is data about people.
    if let Ok(quiet) = "rmcp=error".parse() {
        filter = filter.add_directive(quiet);
    }
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // Another subscriber (a test's) is no reason to stop.
    let _ = match format {
        "json" => builder.json().try_init(),
        _ => builder.try_init(),
    };
}

/// A server without its command line: for the commands that need one, and for tests.
pub use sidecar::{Bound, Sidecar};

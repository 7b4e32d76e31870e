//! `dregs bench`: what this machine does with this binary, measured in one run on a temporary store.
//!
//! The server under test is a process of its own (this binary), so that its memory and CPU are its own; the load
//! generator is this process, on the same cores. Absolute figures of a shared machine mean little: compare ratios.

mod bare;
mod child;
mod client;
mod lists;
mod load;
mod past;

use crate::app::Running;
use crate::cli::Outcome;
use crate::cli::terminal::progress;
use crate::clock::Clock;
use crate::config::RunOptions;
use crate::metrics::{BATCH_SECONDS, EVENT_TO_SCORE, LAG};
use child::{Buckets, Child};
use clap::Args;
use dregs_store::Store;
use load::Load;
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

pub use bare::{BareOptions, run as run_bare};
pub use lists::{ListsOptions, run as run_lists};
pub use past::{PastOptions, run as run_past};

/// Rounds of bare and durable handler in turn; the median counts.
const ROUNDS: usize = 3;
/// Events a second while latency is measured.
const LATENCY_RATE: u32 = 500;
/// Events whose CPU is measured at each store size.
const CPU_EVENTS: usize = 5_000;

#[derive(Debug, Args)]
pub struct BenchOptions {
    /// Small sizes; ends within a minute
    #[arg(long)]
    quick: bool,
    /// Identities stored while latency and memory are measured
    #[arg(long)]
    identities: Option<usize>,
    /// A database to use in place of a temporary SQLite store; it must be empty
    #[arg(long)]
    database: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    /// Requests a second of a handler that parses the same body and stores nothing.
    bare_rps: f64,
    /// Requests a second of `POST /api/events`, each answered when it is on disk.
    durable_rps: f64,
    durable_ratio: f64,
    /// Events a second in batches of 100, each answered when it is on disk.
    batch_events_per_second: f64,
    /// From receiving an event to committing the scores it moved, at 500 events a second.
    event_to_score_ms: Latency,
    rescores_per_second: f64,
    /// CPU of the server for one event at the largest store, as a multiple of that at the smallest.
    cpu_per_event_growth: f64,
    /// CPU of the server for one event, in microseconds, at each store size.
    cpu_per_event_us: Vec<(usize, f64)>,
    crowded_address: CrowdedAddress,
    memory_mb: Memory,
    /// Bytes on disk for one identity at the largest store.
    disk_bytes_per_identity: f64,
    /// Store sizes at which was measured: smallest, that of latency and memory, largest.
    identities: [usize; 3],
    /// Load average of the machine before and after.
    load: [String; 2],
}

#[derive(Debug, Serialize)]
struct Latency {
    p50: f64,
    p99: f64,
    /// The 99th percentile of what it is made of: until an event was read from the log, until its turn came, and in
    /// processing, of which a batch spent so much reading, scoring and writing.
    p99_of: Stages,
}

#[derive(Debug, Serialize)]
struct Stages {
    logged: f64,
    queued: f64,
    processing: f64,
    load: f64,
    score: f64,
    commit: f64,
}

impl Stages {
    fn between(before: &str, after: &str) -> Self {
        let p99 = |name, labels| {
            Buckets::read(after, name, labels).since(&Buckets::read(before, name, labels)).quantile_ms(0.99)
        };
        Stages {
            logged: p99(LAG, "stage=\"logged\","),
            queued: p99(LAG, "stage=\"queued\","),
            processing: p99(LAG, "stage=\"processing\","),
            load: p99(BATCH_SECONDS, "step=\"load\","),
            score: p99(BATCH_SECONDS, "step=\"score\","),
            commit: p99(BATCH_SECONDS, "step=\"commit\","),
        }
    }
}

/// An address that many people use.
#[derive(Debug, Serialize)]
struct CrowdedAddress {
    people: usize,
    /// CPU of the server for one event from it, as a multiple of that for an ordinary one.
    cost: f64,
}

#[derive(Debug, Serialize)]
struct Memory {
    idle: f64,
    loaded: f64,
}

pub async fn run(options: BenchOptions) -> Outcome {
    print(&measure(&options).await?, options.json)
}

/// In one line for programs, in many for people.
fn print(report: &impl Serialize, json: bool) -> Outcome {
    match json {
        true => println!("{}", serde_json::to_string(report)?),
        false => println!("{}", serde_json::to_string_pretty(report)?),
    }
    Ok(ExitCode::SUCCESS)
}

struct Sizes {
    identities: [usize; 3],
    round: Duration,
    latency: Duration,
    batch_events: usize,
    rescores: usize,
}

impl Sizes {
    fn of(options: &BenchOptions) -> Self {
        let loaded = options.identities.unwrap_or(if options.quick { 5_000 } else { 100_000 }).max(100);
        match options.quick {
            true => Sizes {
                identities: [loaded / 5, loaded, loaded * 2],
                round: Duration::from_millis(1500),
                latency: Duration::from_secs(6),
                batch_events: 40_000,
                rescores: 2_000,
            },
            false => Sizes {
                identities: [loaded / 10, loaded, loaded * 5],
                round: Duration::from_secs(4),
                latency: Duration::from_secs(20),
                batch_events: 200_000,
                rescores: 10_000,
            },
        }
    }
}

async fn measure(options: &BenchOptions) -> Result<Report, Box<dyn std::error::Error + Send + Sync>> {
    let sizes = Sizes::of(options);
    let bar = progress(10, "measuring");
    let step = |what: &'static str| {
        bar.inc(1);
        bar.set_message(what);
    };
    let load_before = load_average();
    let folder = tempfile::tempdir()?;
    let (bare_rps, durable_rps, batch_events_per_second, idle) =
        throughput(&sizes, options, folder.path(), &step).await?;

    let url =
        options.database.clone().unwrap_or_else(|| format!("sqlite:{}", folder.path().join("dregs.db").display()));
    let server = Child::serve(&url, folder.path()).await?;
    let mut load = Load::new(&server);
    let mut cpu = Vec::new();
    step("filling, small");
    load.fill(sizes.identities[0]).await?;
    cpu.push((sizes.identities[0], cpu_per_event_us(&server, &mut load).await?));
    step("filling");
    load.fill(sizes.identities[1]).await?;
    let event_to_score_ms = latency(&server, &mut load, sizes.latency).await?;
    let loaded = server.memory_mb()?;
    step("one address");
    let crowded_address = crowded_address(&server, &mut load, sizes.identities[1]).await?;
    step("filling, large");
    load.fill(sizes.identities[2]).await?;
    cpu.push((sizes.identities[2], cpu_per_event_us(&server, &mut load).await?));
    server.stop()?;
    step("scoring again");
    let rescores_per_second = rescores(&url, &load, sizes.rescores).await?;
    let disk_bytes_per_identity = disk_bytes(folder.path()) as f64 / sizes.identities[2] as f64;
    bar.finish_and_clear();
    Ok(Report {
        bare_rps,
        durable_rps,
        durable_ratio: durable_rps / bare_rps,
        batch_events_per_second,
        event_to_score_ms,
        rescores_per_second,
        cpu_per_event_growth: cpu[1].1 / cpu[0].1,
        cpu_per_event_us: cpu,
        crowded_address,
        memory_mb: Memory { idle, loaded },
        disk_bytes_per_identity,
        identities: sizes.identities,
        load: [load_before, load_average()],
    })
}

/// Bare and durable handler in turn, then batches, on a store of its own, or first on the one that is given: `folder` keeps
/// its keys.
async fn throughput(
    sizes: &Sizes,
    options: &BenchOptions,
    folder: &Path,
    step: &impl Fn(&'static str),
) -> Result<(f64, f64, f64, f64), Box<dyn std::error::Error + Send + Sync>> {
    let own = tempfile::tempdir()?;
    let server = match &options.database {
        Some(url) => Child::serve(url, folder).await?,
        None => Child::serve(&format!("sqlite:{}", own.path().join("dregs.db").display()), own.path()).await?,
    };
    // A moment for start-up to pass: idle is what an operator sees who does nothing.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let idle = server.memory_mb()?;
    let bare = Child::bare().await?;
    let (mut bare_rounds, mut durable_rounds) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        step("bare handler");
        bare_rounds.push(load::single_events(&bare, sizes.round, round).await?);
        step("durable handler");
        durable_rounds.push(load::single_events(&server, sizes.round, round).await?);
        server.drained().await?;
    }
    bare.stop()?;
    step("batches");
    let batches = load::batches(&server, sizes.batch_events).await?;
    if options.database.is_some() {
        server.drained().await?;
        server.stop()?;
    }
    Ok((median(bare_rounds), median(durable_rounds), batches, idle))
}

/// What an event costs whose address half of the population uses, as a multiple of one by the others. Each is measured twice,
/// in turn.
async fn crowded_address(
    server: &Child,
    load: &mut Load<'_>,
    identities: usize,
) -> Result<CrowdedAddress, Box<dyn std::error::Error + Send + Sync>> {
    let people = identities / 2;
    load.gather(people).await?;
    let (mut ordinary, mut crowded) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..2 {
        let begun = server.cpu()?;
        load.at_rate(LATENCY_RATE * 2, CPU_EVENTS / 2, people).await?;
        server.drained().await?;
        let between = server.cpu()?;
        load.at_rate_from_one_address(LATENCY_RATE * 2, CPU_EVENTS / 2, people).await?;
        server.drained().await?;
        ordinary += between - begun;
        crowded += server.cpu()? - between;
    }
    Ok(CrowdedAddress { people, cost: crowded.as_secs_f64() / ordinary.as_secs_f64() })
}

/// Server CPU for one event, with events on identities that are stored.
async fn cpu_per_event_us(
    server: &Child,
    load: &mut Load<'_>,
) -> Result<f64, Box<dyn std::error::Error + Send + Sync>> {
    server.drained().await?;
    let before = server.cpu()?;
    load.at_rate(LATENCY_RATE * 2, CPU_EVENTS, 0).await?;
    server.drained().await?;
    Ok((server.cpu()? - before).as_micros() as f64 / CPU_EVENTS as f64)
}

async fn latency(
    server: &Child,
    load: &mut Load<'_>,
    time: Duration,
) -> Result<Latency, Box<dyn std::error::Error + Send + Sync>> {
    server.drained().await?;
    let before = server.metrics().await?;
    load.at_rate(LATENCY_RATE, (time.as_secs_f64() * f64::from(LATENCY_RATE)) as usize, 0).await?;
    server.drained().await?;
    let after = server.metrics().await?;
    let buckets = Buckets::read(&after, EVENT_TO_SCORE, "").since(&Buckets::read(&before, EVENT_TO_SCORE, ""));
    Ok(Latency {
        p50: buckets.quantile_ms(0.5),
        p99: buckets.quantile_ms(0.99),
        p99_of: Stages::between(&before, &after),
    })
}

/// Asks for many new assessments at once and times until all are done, in this process.
async fn rescores(
    url: &str,
    load: &Load<'_>,
    identities: usize,
) -> Result<f64, Box<dyn std::error::Error + Send + Sync>> {
    let store = Store::open(url).await?;
    let team = store.teams().await?.first().map(|team| team.id.clone()).ok_or("the store has no team")?;
    let ids = load.some_ids(identities);
    let clock = Clock::system();
    let now_ms = clock.now_ms();
    store.request_assessment(&team, &ids.iter().map(String::as_str).collect::<Vec<_>>(), now_ms).await?;
    let begun = Instant::now();
    let running = Running::start(store.clone(), clock, RunOptions::default()).await?;
    while store.next_due_ms().await?.is_some_and(|due_ms| due_ms <= now_ms) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let seconds = begun.elapsed().as_secs_f64();
    running.stop().await;
    Ok(ids.len() as f64 / seconds)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

fn disk_bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
}

//! `dregs demo`: a server on a temporary store, with traffic flowing, to look at.

use crate::bootstrap;
use crate::cli::terminal::progress;
use crate::cli::{Outcome, Sidecar, log_to_stderr, serve};
use crate::clock::Clock;
use crate::config::RunOptions;
use crate::ingest::appender::Submitted;
use clap::Args;
use dregs_engine::event::{Event, Intake};
use dregs_simulate::{Config, Stream, generate};
use dregs_store::{IDENTITY_SORTS, IdentityFilter, ListQuery, Order, Store, TeamId};
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

/// Events appended at once while filling.
const FILL_BATCH: usize = 500;
/// How often the table in the terminal is written.
const SHOW_EVERY: Duration = Duration::from_secs(3);
const DAY_MS: i64 = 24 * 3_600_000;

#[derive(Debug, Args)]
pub struct DemoOptions {
    /// Address to listen on
    #[arg(long, env = "DREGS_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Identities to fill in first
    #[arg(long, default_value_t = 400)]
    identities: usize,
    /// Events a second afterwards
    #[arg(long, default_value_t = 8)]
    pace: u32,
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub async fn run(options: DemoOptions) -> Outcome {
    log_to_stderr("text");
    let folder = tempfile::tempdir()?;
    let store = Store::open(&format!("sqlite:{}", folder.path().join("demo.db").display())).await?;
    let clock = Clock::system();
    let sidecar = Sidecar::start(store.clone(), clock.clone(), RunOptions::default(), options.listen).await?;
    let base_url = sidecar.base_url();
    let keys =
        bootstrap::bootstrap(&store, &base_url, clock.now_ms()).await?.ok_or("the temporary store is not empty")?;
    let stopped = serve::until_stopped()?;
    println!("dashboard at http://{}/   {} / {}", sidecar.address, keys.email, keys.password);
    println!("try it: curl -H 'Authorization: Bearer {}' {base_url}/identities?sort=humanityScore", keys.secret_key);
    println!("listening on http://{}", sidecar.address);
    let team = store.teams().await?.remove(0).id;

    tokio::select! {
        flowed = flow(&sidecar, &team, &options) => flowed?,
        () = stopped => {}
    }
    sidecar.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Fills the store with the past weeks, then lets events flow at a visible pace.
async fn flow(
    sidecar: &Sidecar,
    team: &TeamId,
    options: &DemoOptions,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    fill(sidecar, team, options).await?;
    let app = sidecar.app().clone();
    let mut stream = Stream::with_population(options.seed, options.identities);
    let mut shown = tokio::time::interval(SHOW_EVERY);
    let mut beat = tokio::time::interval(Duration::from_millis(1000 / u64::from(options.pace.clamp(1, 200))));
    loop {
        tokio::select! {
            _ = beat.tick() => {
                let body = stream.next_body(app.clock.now_ms());
                append(sidecar, team, vec![body]).await?;
            }
            _ = shown.tick() => show(&app.store, team).await?,
        }
    }
}

async fn fill(
    sidecar: &Sidecar,
    team: &TeamId,
    options: &DemoOptions,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let days: u32 = 14;
    let start_ms = sidecar.app().clock.now_ms() - i64::from(days) * DAY_MS;
    let config = Config { identities: options.identities, seed: options.seed, start_ms, days, ..Config::default() };
    let world = generate(&config);
    let bar = progress(world.events.len() as u64, "filling in two weeks");
    let mut bodies = world.events.into_iter().map(|event| event.body).peekable();
    while bodies.peek().is_some() {
        let batch: Vec<_> = bodies.by_ref().take(FILL_BATCH).collect();
        let events = batch.len() as u64;
        append(sidecar, team, batch).await?;
        while sidecar.app().watermark.depth() > 4 * FILL_BATCH as u64 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bar.inc(events);
    }
    bar.finish_and_clear();
    Ok(())
}

async fn append(sidecar: &Sidecar, team: &TeamId, bodies: Vec<serde_json::Value>) -> Result<(), String> {
    let app = sidecar.app();
    let events = bodies.into_iter().map(|body| {
        let intake = Intake {
            now_ms: app.clock.now_ms(),
            trusted: true,
            fallback_id: uuid::Uuid::new_v4().to_string(),
            ..Intake::default()
        };
        Event::parse(body, &intake)
            .map(|event| Submitted::new(team, &event, true))
            .map_err(|rejection| format!("{rejection:?}"))
    });
    let events = events.collect::<Result<Vec<_>, _>>()?;
    app.appender.append(team, events).await.map(drop).map_err(|refused| format!("{refused:?}"))
}

/// The most recently updated identities with their four scores.
async fn show(store: &Store, team: &TeamId) -> dregs_store::Result<()> {
    let query = ListQuery { page_number: 0, page_size: 12, sort: IDENTITY_SORTS[0].1, order: Order::Desc };
    let page = store.identities(team, &IdentityFilter::default(), &query).await?;
    let tty = std::io::stdout().is_terminal();
    println!(
        "\n{:<22} {:<26} {:>9} {:>9} {:>9} {:>9}",
        "identity", "name", "humanity", "authentic", "unique", "behavior"
    );
    for identity in page.items {
        let cells: Vec<String> = identity.scores.iter().map(|score| cell(*score, tty)).collect();
        let name = identity.display_name.or(identity.display_email).unwrap_or_default();
        println!("{:<22} {:<26} {}", plain(&identity.id, 22), plain(&name, 26), cells.join(" "));
    }
    println!("{} identities; stop with Ctrl-C", page.total);
    Ok(())
}

/// Text written by the people being judged, made harmless for a terminal.
fn plain(text: &str, width: usize) -> String {
    text.chars().map(|c| if c.is_control() { '·' } else { c }).take(width).collect()
}

fn cell(score: Option<u8>, colour: bool) -> String {
    let text = score.map_or("—".into(), |score| score.to_string());
    let code = match score {
        None => 90,
        Some(0..25) => 31,
        Some(25..50) => 33,
        Some(50..75) => 36,
        Some(_) => 32,
    };
    if colour { format!("\x1b[{code}m{text:>9}\x1b[0m") } else { format!("{text:>9}") }
}

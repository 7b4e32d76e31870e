//! `dregs simulate`: labelled traffic into files, or to a server.

use crate::cli::Outcome;
use crate::cli::terminal::progress;
use clap::Args;
use dregs_simulate::{Config, World, generate, labels_hard_csv, labels_identities_csv, labels_pairs_csv};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Events in one request when sending.
const SEND_BATCH: usize = 100;
/// Attempts for one request before giving up.
const ATTEMPTS_MAX: u32 = 8;

#[derive(Debug, Args)]
pub struct SimulateOptions {
    /// How many people and abusers
    #[arg(long, default_value_t = 2000)]
    identities: usize,
    /// The same seed gives the same traffic
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Days of traffic
    #[arg(long, default_value_t = 30)]
    days: u32,
    /// Share of identities that are abusers, 0 to 1
    #[arg(long, default_value_t = 0.15)]
    abuse: f64,
    /// Folder to write events.jsonl and the label files to
    #[arg(long, required_unless_present = "to")]
    out: Option<PathBuf>,
    /// Server to send the events to, such as http://127.0.0.1:8080
    #[arg(long, requires = "key")]
    to: Option<String>,
    /// Secret key of that server
    #[arg(long, env = "DREGS_SECRET_KEY")]
    key: Option<String>,
}

pub async fn run(options: SimulateOptions) -> Outcome {
    let config = Config {
        identities: options.identities,
        seed: options.seed,
        days: options.days.max(1),
        abuse_share: options.abuse.clamp(0.0, 1.0),
        ..Config::default()
    };
    let world = generate(&config);
    if let Some(folder) = &options.out {
        write_files(&world, folder).map_err(|error| format!("{} cannot be written: {error}", folder.display()))?;
        println!(
            "{} events of {} identities written to {}",
            world.events.len(),
            world.identities.len(),
            folder.display()
        );
    }
    if let (Some(server), Some(key)) = (&options.to, &options.key) {
        send(&world, server, key).await?;
        println!("{} events sent to {server}", world.events.len());
    }
    Ok(ExitCode::SUCCESS)
}

fn write_files(world: &World, folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let bar = progress(world.events.len() as u64, "writing events");
    let mut events = BufWriter::new(std::fs::File::create(folder.join("events.jsonl"))?);
    for event in &world.events {
        serde_json::to_writer(&mut events, &event.body)?;
        events.write_all(b"\n")?;
        bar.inc(1);
    }
    events.flush()?;
    bar.finish_and_clear();
    std::fs::write(folder.join("labels_identities.csv"), labels_identities_csv(world))?;
    std::fs::write(folder.join("labels_pairs.csv"), labels_pairs_csv(world))?;
    std::fs::write(folder.join("labels_hard.csv"), labels_hard_csv(world))?;
    std::fs::write(folder.join("networks.csv"), &world.networks_csv)
}

async fn send(world: &World, server: &str, key: &str) -> Result<(), String> {
    let url = format!("{}/api/events", server.trim_end_matches('/').trim_end_matches("/api"));
    let client = Client::builder(TokioExecutor::new()).build_http();
    let bar = progress(world.events.len() as u64, "sending events");
    for batch in world.events.chunks(SEND_BATCH) {
        let bodies: Vec<&serde_json::Value> = batch.iter().map(|event| &event.body).collect();
        let body = serde_json::to_vec(&bodies).map_err(|error| error.to_string())?;
        post(&client, &url, key, body).await?;
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    Ok(())
}

type HttpClient = Client<hyper_util::client::legacy::connect::HttpConnector, Full<hyper::body::Bytes>>;

/// Sends one body; an overloaded server is given time.
async fn post(client: &HttpClient, url: &str, key: &str, body: Vec<u8>) -> Result<(), String> {
    let mut last = String::new();
    for attempt in 0..ATTEMPTS_MAX {
        let request = Request::post(url)
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .body(Full::from(body.clone()))
            .map_err(|error| format!("{url} is not a usable address: {error}"))?;
        match client.request(request).await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) if matches!(answer.status().as_u16(), 429 | 500..) => last = answer.status().to_string(),
            Ok(answer) => {
                let status = answer.status();
                let text = answer.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                return Err(format!("{url} answered {status}: {}", String::from_utf8_lossy(&text)));
            }
            Err(error) => last = error.to_string(),
        }
        tokio::time::sleep(Duration::from_millis(200 << attempt.min(5))).await;
    }
    Err(format!("{url} did not take the events: {last}"))
}

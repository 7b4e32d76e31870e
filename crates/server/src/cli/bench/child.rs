//! A server process under test, and what can be read off it from outside.

use crate::cli::bench::client::Connection;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Longest wait for a queue to empty.
const DRAIN_MAX: Duration = Duration::from_secs(900);
/// Clock ticks a second in /proc, on every Linux that Rust runs on.
const TICKS_PER_SECOND: u64 = 100;

pub struct Child {
    process: std::process::Child,
    pub address: SocketAddr,
    /// Empty for the bare handler.
    pub secret_key: String,
}

impl Child {
    pub async fn serve(database: &str, folder: &Path) -> Result<Child> {
        let keys_file = folder.join("keys.json");
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", "--listen", "127.0.0.1:0", "--database", database, "--bootstrap-file"]).arg(&keys_file);
        let (process, address) = spawn(command)?;
        let mut child = Child { process, address, secret_key: String::new() };
        // The next server of this run finds a store that has keys, and their file.
        let keys: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&keys_file).map_err(|_| "the database is not empty")?)?;
        child.secret_key = keys["secretKey"].as_str().unwrap_or_default().to_owned();
        Ok(child)
    }

    pub async fn bare() -> Result<Child> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bench-bare");
        let (process, address) = spawn(command)?;
        Ok(Child { process, address, secret_key: String::new() })
    }

    /// Resident memory in MB.
    pub fn memory_mb(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS")?;
        let kib: f64 = line.split_whitespace().nth(1).ok_or("no VmRSS")?.parse()?;
        Ok(kib / 1024.0)
    }

    /// CPU time used so far, user and system.
    pub fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // The name in parentheses may contain anything; the numbers begin after it.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks: u64 =
            fields.get(11).ok_or("stat")?.parse::<u64>()? + fields.get(12).ok_or("stat")?.parse::<u64>()?;
        Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
    }

    /// Waits until no event waits, and nobody waits to be scored again.
    pub async fn drained(&self) -> Result<()> {
        let begun = std::time::Instant::now();
        while begun.elapsed() < DRAIN_MAX {
            let mut connection = Connection::open(self.address).await?;
            let answer: serde_json::Value = serde_json::from_slice(&connection.get("/readyz").await?)?;
            if answer["waiting"] == 0 && answer["due"] == 0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err("the queue did not empty".into())
    }

    /// What the server counts of itself, as text.
    pub async fn metrics(&self) -> Result<String> {
        let mut connection = Connection::open(self.address).await?;
        Ok(String::from_utf8(connection.get("/metrics").await?)?)
    }

    /// SIGTERM, and the exit awaited.
    pub fn stop(&self) -> Result<()> {
        Command::new("kill").arg(self.process.id().to_string()).status()?;
        while Path::new(&format!("/proc/{}/exe", self.process.id())).read_link().is_ok() {
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(mut command: Command) -> Result<(std::process::Child, SocketAddr)> {
    let mut process = command.env("RUST_LOG", "warn").stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(process.stdout.take().ok_or("no output")?).lines();
    let address = loop {
        let line = lines.next().ok_or("the server did not start")??;
        if let Some(address) = line.strip_prefix("listening on http://") {
            break address.parse()?;
        }
    };
    std::thread::spawn(move || lines.for_each(drop));
    Ok((process, address))
}

/// Cumulative counts by upper bound in seconds.
#[derive(Debug, Clone, Default)]
pub struct Buckets(BTreeMap<u64, (f64, u64)>);

impl Buckets {
    /// A histogram of the text; `labels` as they stand there, each with a comma behind it.
    pub fn read(text: &str, name: &str, labels: &str) -> Self {
        let prefix = format!("{name}_bucket{{{labels}le=\"");
        let rows = text.lines().filter_map(|line| {
            let (bound, count) = line.strip_prefix(&prefix)?.split_once("\"} ")?;
            let bound: f64 = if bound == "+Inf" { f64::INFINITY } else { bound.parse().ok()? };
            Some((bound.to_bits(), (bound, count.trim().parse().ok()?)))
        });
        Buckets(rows.collect())
    }

    /// What was counted after `before`.
    pub fn since(&self, before: &Buckets) -> Buckets {
        let earlier = |key: &u64| before.0.get(key).map_or(0, |(_, count)| *count);
        Buckets(self.0.iter().map(|(key, (bound, count))| (*key, (*bound, count - earlier(key)))).collect())
    }

    /// A quantile in milliseconds, linear within its bucket.
    pub fn quantile_ms(&self, quantile: f64) -> f64 {
        let total = self.0.values().map(|(_, count)| *count).max().unwrap_or(0);
        let wanted = total as f64 * quantile;
        let (mut low, mut below) = (0.0, 0);
        for (bound, count) in self.0.values() {
            if *count as f64 >= wanted && *count > below {
                let share = (wanted - below as f64) / (count - below) as f64;
                let high = if bound.is_finite() { *bound } else { low };
                return (low + (high - low) * share) * 1000.0;
            }
            (low, below) = (*bound, *count);
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_within_a_bucket() {
        let text = "x_bucket{le=\"0.01\"} 50\nx_bucket{le=\"0.02\"} 100\nx_bucket{le=\"+Inf\"} 100\n";
        let buckets = Buckets::read(text, "x", "");
        assert!((buckets.quantile_ms(0.5) - 10.0).abs() < 1e-9);
        assert!((buckets.quantile_ms(0.75) - 15.0).abs() < 1e-9);
        assert_eq!(buckets.since(&buckets).quantile_ms(0.5), 0.0);
    }
}

//! The load: identities to fill a store with, and events at a rate or as fast as they are answered.

use crate::cli::bench::child::Child;
use crate::cli::bench::client::{Connection, post};
use crate::cli::terminal::progress;
use dregs_engine::intelligence::networks::{NetworkKind, network_facts};
use std::fmt::Write;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Connections that send single events, and that send batches.
const CONNECTIONS: usize = 256;
const BATCH_CONNECTIONS: usize = 4;
const BATCH_EVENTS: usize = 100;
/// Addresses looked at until one is not a data centre's.
const ADDRESS_TRIES: usize = 64;
/// The network of the address that a crowd shares.
const CROWDED: usize = 999_983;
/// Events that may wait while filling.
const FILL_AHEAD_MAX: u64 = 20_000;

/// Requests a second of single events, each on its connection as soon as the last is answered.
pub async fn single_events(server: &Child, time: Duration, round: usize) -> Result<f64> {
    let (address, key) = (server.address, server.secret_key.clone());
    let answered = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let workers: Vec<_> = (0..CONNECTIONS)
        .map(|worker| {
            let (answered, key) = (answered.clone(), key.clone());
            tokio::spawn(async move {
                let mut connection = Connection::open(address).await?;
                let mut sent = 0;
                while begun.elapsed() < time {
                    let body = plain_event(&format!("s{round}-{worker}-{sent}"), (worker * 1_000 + sent) % 20_000);
                    let (status, _) = connection.send(&post(&body, &key)).await?;
                    if status != 200 {
                        return Err(format!("an event was answered with {status}").into());
                    }
                    answered.fetch_add(1, Ordering::Relaxed);
                    sent += 1;
                }
                Result::Ok(())
            })
        })
        .collect();
    for worker in workers {
        worker.await??;
    }
    Ok(answered.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64())
}

/// Events a second in batches of 100.
pub async fn batches(server: &Child, events: usize) -> Result<f64> {
    let (address, key) = (server.address, server.secret_key.clone());
    let begun = Instant::now();
    let each = events / BATCH_CONNECTIONS / BATCH_EVENTS;
    let workers: Vec<_> = (0..BATCH_CONNECTIONS)
        .map(|worker| {
            let key = key.clone();
            tokio::spawn(async move {
                let mut connection = Connection::open(address).await?;
                for batch in 0..each {
                    let bodies: Vec<String> = (0..BATCH_EVENTS)
                        .map(|index| {
                            plain_event(&format!("b-{worker}-{batch}-{index}"), (batch * BATCH_EVENTS + index) % 20_000)
                        })
                        .collect();
                    let (status, _) = connection.send(&post(&format!("[{}]", bodies.join(",")), &key)).await?;
                    if status != 200 {
                        return Err(format!("a batch was answered with {status}").into());
                    }
                }
                Result::Ok(())
            })
        })
        .collect();
    for worker in workers {
        worker.await??;
    }
    Ok((each * BATCH_CONNECTIONS * BATCH_EVENTS) as f64 / begun.elapsed().as_secs_f64())
}

fn plain_event(id: &str, identity: usize) -> String {
    format!(
        r#"{{"id":"{id}","type":"user.login","identity":{{"id":"user-{identity}","data":{{"email":"{}@mail{}.example","plan":"pro"}}}},"data":{{"method":"password","remember":true}},"source":"bench"}}"#,
        word(identity),
        identity % 7
    )
}

/// Spreads numbers over 32 bits without repeating one: an odd factor is a bijection.
fn scattered(number: usize) -> u32 {
    (number as u32).wrapping_mul(0x9e37_79b1)
}

/// Something like a name, another for every number below 16 million: addresses that differ by digits alone, or names
/// that repeat, would be a farm's.
fn word(number: usize) -> String {
    const SYLLABLES: [&str; 16] =
        ["ba", "ko", "ri", "mu", "ne", "lo", "sa", "ti", "ve", "do", "pa", "gu", "fe", "ny", "ha", "ju"];
    let scattered = scattered(number) & 0x00ff_ffff;
    (0..6).map(|place| SYLLABLES[(scattered >> (place * 4) & 15) as usize]).collect()
}

/// Traffic on a growing population, deterministic.
pub struct Load<'a> {
    server: &'a Child,
    stored: usize,
    events: usize,
}

impl<'a> Load<'a> {
    pub fn new(server: &'a Child) -> Self {
        Load { server, stored: 0, events: 0 }
    }

    /// Registers identities until `identities` are stored.
    pub async fn fill(&mut self, identities: usize) -> Result<()> {
        let mut connection = Connection::open(self.server.address).await?;
        let bar = progress(identities.saturating_sub(self.stored) as u64, "filling");
        let mut sent = 0;
        while self.stored < identities {
            let until = (self.stored + BATCH_EVENTS).min(identities);
            let mut body = String::from("[");
            for identity in self.stored..until {
                let comma = if identity > self.stored { "," } else { "" };
                let _ = write!(body, "{comma}{}", self.event(identity, "user.signup"));
            }
            body.push(']');
            let (status, _) = connection.send(&post(&body, &self.server.secret_key)).await?;
            if status != 200 {
                return Err(format!("a batch was answered with {status}").into());
            }
            sent += until - self.stored;
            bar.inc((until - self.stored) as u64);
            self.stored = until;
            if sent as u64 >= FILL_AHEAD_MAX {
                self.server.drained().await?;
                sent = 0;
            }
        }
        bar.finish_and_clear();
        self.server.drained().await
    }

    /// Makes the first `people` of those who are stored use one address, each beside their own.
    pub async fn gather(&mut self, people: usize) -> Result<()> {
        let people = people.min(self.stored);
        let mut connection = Connection::open(self.server.address).await?;
        let bar = progress(people as u64, "gathering at one address");
        for from in (0..people).step_by(BATCH_EVENTS) {
            let until = (from + BATCH_EVENTS).min(people);
            let bodies: Vec<String> =
                (from..until).map(|identity| self.event_from(identity, "user.login", CROWDED)).collect();
            let (status, _) =
                connection.send(&post(&format!("[{}]", bodies.join(",")), &self.server.secret_key)).await?;
            if status != 200 {
                return Err(format!("a batch was answered with {status}").into());
            }
            bar.inc((until - from) as u64);
            if until.is_multiple_of(FILL_AHEAD_MAX as usize) {
                self.server.drained().await?;
            }
        }
        bar.finish_and_clear();
        self.server.drained().await
    }

    /// Sends `events` from the address that the first `people` share, `per_second` of them.
    pub async fn at_rate_from_one_address(&mut self, per_second: u32, events: usize, people: usize) -> Result<()> {
        let of_crowd = |number| self.event_from(spread(number, people.min(self.stored)), "user.login", CROWDED);
        let bodies = (self.events..self.events + events).map(of_crowd).collect();
        self.send_at_rate(per_second, bodies).await
    }

    /// Sends `events` on stored identities but the first `spared`, `per_second` of them.
    pub async fn at_rate(&mut self, per_second: u32, events: usize, spared: usize) -> Result<()> {
        let of_population = |number| self.event(spared + spread(number, self.stored - spared), "user.login");
        let bodies = (self.events..self.events + events).map(of_population).collect();
        self.send_at_rate(per_second, bodies).await
    }

    async fn send_at_rate(&mut self, per_second: u32, bodies: Vec<String>) -> Result<()> {
        const LANES: usize = 8;
        let events = bodies.len();
        let begun = Instant::now();
        let mut lanes = Vec::new();
        for lane in 0..LANES {
            let of_lane = bodies.iter().skip(lane).step_by(LANES);
            let requests: Vec<Vec<u8>> = of_lane.map(|body| post(body, &self.server.secret_key)).collect();
            let address = self.server.address;
            lanes.push(tokio::spawn(async move {
                let mut connection = Connection::open(address).await?;
                for (index, request) in requests.into_iter().enumerate() {
                    let due = Duration::from_secs_f64((index * LANES + lane) as f64 / f64::from(per_second));
                    tokio::time::sleep_until((begun + due).into()).await;
                    let (status, _) = connection.send(&request).await?;
                    if status != 200 {
                        return Err(format!("an event was answered with {status}").into());
                    }
                }
                Result::Ok(())
            }));
        }
        for lane in lanes {
            lane.await??;
        }
        self.events += events;
        Ok(())
    }

    /// Ids of stored identities, spread over all of them.
    pub fn some_ids(&self, count: usize) -> Vec<String> {
        let step = (self.stored / count.max(1)).max(1);
        (0..self.stored).step_by(step).take(count).map(|identity| format!("load-{identity}")).collect()
    }

    /// An event with address, user agent and device: one in ten identities has a device or an address that others have
    /// too, as in an office.
    fn event(&self, identity: usize, name: &str) -> String {
        let network = if identity.is_multiple_of(10) { identity % 5000 / 50 } else { identity + 1_000_000 };
        self.event_from(identity, name, network)
    }

    fn event_from(&self, identity: usize, name: &str, network: usize) -> String {
        let word = word(identity);
        let shared = identity.is_multiple_of(10);
        let device = if shared { format!("{:032x}", identity % 500) } else { format!("{:032x}", 1_000_000 + identity) };
        let ip = home_address(network);
        format!(
            r#"{{"type":"{name}","identity":{{"id":"load-{identity}","data":{{"email":"{word}@mail{}.example","name":"{word} {}"}}}},"data":{{"plan":"pro"}},"ip":"{ip}","session":"session-{identity}","userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/154.0.0.0 Safari/537.36","device":{{"fingerprint":"{device}"}}}}"#,
            identity % 7,
            word[..4].to_owned() + &word[8..]
        )
    }
}

/// An address as people have them. A tenth of all addresses belongs to data centres, and thousands who register from those
/// within a minute are not a population but an attack.
fn home_address(network: usize) -> Ipv4Addr {
    let mut candidates = (0..ADDRESS_TRIES).map(move |turn| {
        let [a, b, c, d] = scattered(network + turn * 0x0100_0001).to_be_bytes();
        Ipv4Addr::new(20 + a % 50, b, c, d)
    });
    let of_people = |ip: &Ipv4Addr| network_facts((*ip).into()).kind == NetworkKind::Unknown;
    candidates.find(of_people).unwrap_or(Ipv4Addr::new(20, 0, 0, 1))
}

/// Visits the population in an order without locality.
fn spread(number: usize, population: usize) -> usize {
    number.wrapping_mul(7_919).wrapping_add(number / population.max(1)) % population.max(1)
}

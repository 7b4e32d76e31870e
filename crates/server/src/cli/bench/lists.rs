//! How long lists of identities take when there are many: every sort, searches, filters.

use crate::cli::Outcome;
use crate::cli::bench::child::Child;
use crate::cli::bench::client::Connection;
use crate::cli::bench::{load_average, print};
use crate::cli::terminal::progress;
use crate::clock::Clock;
use clap::Args;
use dregs_engine::labels::LabelKind;
use dregs_engine::profile::Profile;
use dregs_engine::rules::badge::Badge;
use dregs_engine::rules::{BadgeKind, Delayed};
use dregs_store::{Commit, IDENTITY_SORTS, IdentityBefore, IdentityWrite, LabelWrite, Store, TeamId};
use serde::Serialize;
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Debug, Args)]
pub struct ListsOptions {
    /// Twenty thousand identities in place of a million
    #[arg(long)]
    quick: bool,
    /// Identities stored
    #[arg(long)]
    identities: Option<usize>,
    /// An empty database in place of a temporary SQLite store
    #[arg(long)]
    database: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const IDENTITIES: usize = 1_000_000;
const IDENTITIES_QUICK: usize = 20_000;
/// Identities of one commit.
const FILLED_AT_ONCE: usize = 500;
/// Commits after which the write-ahead log is moved into the database.
const COMMITS_UNTIL_CHECKPOINT: usize = 20;
/// Identities that a label is given: each is a transaction that waits for the disk.
const LABELS: usize = 2_000;
/// Commits that are timed when the store is full.
const COMMITS_TIMED: usize = 40;
/// Times that each request of a kind is made.
const ROUNDS: usize = 3;
const DAY_MS: i64 = 86_400_000;

const FIRST: [&str; 24] = [
    "Maria", "John", "Anna", "Wei", "Olga", "José", "Fatima", "Liam", "Emma", "Noah", "Mia", "Иван", "王伟", "Chloé",
    "Lars", "Aisha", "Kofi", "Yuki", "Priya", "Omar", "Elif", "Björn", "Zoë", "Thandiwe",
];
const DOMAINS: [&str; 8] =
    ["gmail.com", "gmail.com", "yahoo.com", "outlook.com", "hotmail.com", "icloud.com", "example.org", "proton.me"];

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    identities: usize,
    fill_seconds: f64,
    /// One commit of 500 assessments in the full store: in its identities nothing changes but scores and times.
    rescore_commit_ms: Times,
    /// And one of 500 identities that come into being.
    new_commit_ms: Times,
    lists: Vec<Kind>,
    /// Load average of the machine before and after.
    load: [String; 2],
}

#[derive(Debug, Serialize)]
struct Times {
    p50: f64,
    p95: f64,
}

impl Times {
    fn of(mut ms: Vec<f64>) -> Self {
        ms.sort_by(f64::total_cmp);
        let at = |share: f64| ms.get(((ms.len().max(1) - 1) as f64 * share).round() as usize).copied().unwrap_or(0.0);
        Times { p50: at(0.5), p95: at(0.95) }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    kind: &'static str,
    p50: f64,
    p95: f64,
    /// CPU of the server for one of them.
    cpu_ms: f64,
    requests: usize,
    /// Elements of the largest of the lists.
    elements_max: u64,
}

/// Fills a store and says how long lists of it take.
pub async fn run(options: ListsOptions) -> Outcome {
    print(&measure(&options).await?, options.json)
}

async fn measure(options: &ListsOptions) -> Result<Report> {
    let identities =
        options.identities.unwrap_or(if options.quick { IDENTITIES_QUICK } else { IDENTITIES }).max(FILLED_AT_ONCE);
    let folder = tempfile::tempdir()?;
    let url =
        options.database.clone().unwrap_or_else(|| format!("sqlite:{}", folder.path().join("dregs.db").display()));
    let load_before = load_average();
    // Makes the team and its key.
    Child::serve(&url, folder.path()).await?.stop()?;
    let store = Store::open(&url).await?;
    let team = store.teams().await?.first().map(|team| team.id.clone()).ok_or("the store has no team")?;
    let begun = Instant::now();
    fill(&store, &team, identities).await?;
    let fill_seconds = begun.elapsed().as_secs_f64();
    let (rescore_commit_ms, new_commit_ms) = commits(&store, &team, identities).await?;
    mark(&store, &team, identities).await?;
    store.close().await;
    let server = Child::serve(&url, folder.path()).await?;
    let kinds = kinds();
    let bar = progress(kinds.len() as u64, "listing");
    let mut lists = Vec::new();
    for (kind, queries) in kinds {
        lists.push(time(&server, kind, &queries).await?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    server.stop()?;
    let load = [load_before, load_average()];
    Ok(Report { identities, fill_seconds, rescore_commit_ms, new_commit_ms, lists, load })
}

async fn time(server: &Child, kind: &'static str, queries: &[String]) -> Result<Kind> {
    let mut connection = Connection::open(server.address).await?;
    let (mut ms, mut elements_max) = (Vec::new(), 0);
    let before = server.cpu()?;
    for query in queries.iter().cycle().take(queries.len() * ROUNDS) {
        let head = format!("host: bench\r\nauthorization: Bearer {}", server.secret_key);
        let request = format!("GET /api/identities?{query} HTTP/1.1\r\n{head}\r\n\r\n");
        let begun = Instant::now();
        let (status, body) = connection.send(request.as_bytes()).await?;
        ms.push(begun.elapsed().as_secs_f64() * 1000.0);
        if status != 200 {
            return Err(format!("{query} was answered with {status}").into());
        }
        let page: serde_json::Value = serde_json::from_slice(&body)?;
        elements_max = page["totalElements"].as_u64().unwrap_or(0).max(elements_max);
    }
    let (requests, cpu) = (ms.len(), server.cpu()? - before);
    let Times { p50, p95 } = Times::of(ms);
    let cpu_ms = cpu.div_f64(requests.max(1) as f64).as_secs_f64() * 1000.0;
    Ok(Kind { kind, p50, p95, cpu_ms, requests, elements_max })
}

/// Requests by what is asked for.
fn kinds() -> Vec<(&'static str, Vec<String>)> {
    let all = |queries: &[&str]| queries.iter().map(|query| (*query).to_owned()).collect::<Vec<_>>();
    let terms = |terms: &[&str]| terms.iter().map(|term| format!("term={}", encoded(term))).collect::<Vec<_>>();
    let with = |terms: Vec<String>, filter: &str| terms.into_iter().map(|term| format!("{term}&{filter}")).collect();
    let common = ["maria", "gmail", ".com", "anna", "user_", "иван", "john", "@yahoo.com"];
    let rare = ["zzqx", "maria123.", "user_0012", "qqqqqq", "%", "chloé 77", "王伟 99", "no such person at all"];
    let sorts =
        IDENTITY_SORTS.iter().flat_map(|(name, _)| ["ASC", "DESC"].map(|way| format!("sort={name}&order={way}")));
    vec![
        ("list", all(&["", "pageSize=100", "pageNumber=400"])),
        ("every sort", sorts.collect()),
        ("a common term", terms(&common)),
        ("a rare term", terms(&rare)),
        ("a term of one or two characters", terms(&["a", "jo", "王伟", "伟", "qx", "é"])),
        (
            "one score",
            all(&["minHumanity=50", "maxHumanity=10", "maxBehavior=1", "minUniqueness=95", "maxAuthenticity=60"]),
        ),
        (
            "two scores",
            all(&[
                "minHumanity=50&minBehavior=50",
                "maxHumanity=20&maxBehavior=20",
                "maxHumanity=1&minUniqueness=99",
                "minAuthenticity=30&maxUniqueness=90&sort=humanityScore",
            ]),
        ),
        ("a label", all(&["label=BOT", "label=any", "label=none", "label=none&maxHumanity=30"])),
        (
            "a badge",
            all(&["badge=trusted", "badge=bot", "badge=trusted&sort=humanityScore&order=ASC", "badge=unknown"]),
        ),
        ("disregarded", all(&["disregarded=true", "disregarded=false", "disregarded=false&minHumanity=50"])),
        ("a term and a score", with(terms(&["maria", "zzqx", "user_00", "john"]), "minHumanity=50")),
        ("a common term and a score", with(terms(&["gmail", ".com"]), "maxBehavior=70")),
    ]
}

fn encoded(term: &str) -> String {
    term.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

async fn fill(store: &Store, team: &TeamId, identities: usize) -> Result<()> {
    let now_ms = Clock::system().now_ms();
    let bar = progress(identities as u64, "filling");
    let numbers: Vec<usize> = (0..identities).collect();
    for (part, chunk) in numbers.chunks(FILLED_AT_ONCE).enumerate() {
        store.commit(team, &commit(chunk, 1, now_ms)).await?;
        if part % COMMITS_UNTIL_CHECKPOINT == 0 {
            store.checkpoint().await?;
        }
        bar.inc(chunk.len() as u64);
    }
    store.checkpoint().await?;
    bar.finish_and_clear();
    Ok(())
}

/// Disregards and labels some.
async fn mark(store: &Store, team: &TeamId, identities: usize) -> Result<()> {
    let now_ms = Clock::system().now_ms();
    let numbers: Vec<usize> = (0..identities - 1).collect();
    let disregarded = numbers.iter().step_by(identities.div_ceil(LABELS)).map(|number| id(number + 1));
    for id in disregarded.take(LABELS) {
        store.set_identity_disregarded(team, &id, true, now_ms, |_| Vec::new()).await?;
    }
    for (n, number) in numbers.iter().step_by(identities.div_ceil(LABELS)).enumerate() {
        let kind = if n % 10 == 0 { LabelKind::Bot } else { LabelKind::Legitimate };
        let label = LabelWrite { id: n as i64 + 1, kind, note: None, escalation_id: None, by: "bench".into(), now_ms };
        store.put_label(team, &id(*number), &label).await?;
    }
    store.checkpoint().await?;
    Ok(())
}

/// Times commits of identities all over the store, and of others that come into being.
async fn commits(store: &Store, team: &TeamId, identities: usize) -> Result<(Times, Times)> {
    let now_ms = Clock::system().now_ms();
    let (mut rescores, mut newcomers) = (Vec::new(), Vec::new());
    for turn in 0..COMMITS_TIMED {
        // The factor is a prime, so nobody comes twice.
        let some = (0..FILLED_AT_ONCE).map(|n| turn * FILLED_AT_ONCE + n).take_while(|n| *n < identities);
        let some: Vec<usize> = some.map(|n| n * 7_919 % identities).collect();
        rescores.push(timed(store, team, &commit(&some, 2, now_ms)).await?);
        let new: Vec<usize> = (0..FILLED_AT_ONCE).map(|n| identities + turn * FILLED_AT_ONCE + n).collect();
        newcomers.push(timed(store, team, &commit(&new, 1, now_ms)).await?);
        store.checkpoint().await?;
    }
    Ok((Times::of(rescores), Times::of(newcomers)))
}

async fn timed(store: &Store, team: &TeamId, commit: &Commit) -> Result<f64> {
    let begun = Instant::now();
    store.commit(team, commit).await?;
    Ok(begun.elapsed().as_secs_f64() * 1000.0)
}

fn commit(numbers: &[usize], version: i64, now_ms: i64) -> Commit {
    let identities: Vec<IdentityWrite> = numbers.iter().map(|number| identity(*number, version, now_ms)).collect();
    let badged =
        identities.iter().filter_map(|identity| Some((identity.id.clone(), vec![badge(identity.scores[0]?)?])));
    Commit { badges: badged.collect(), identities, ..Commit::default() }
}

/// Spreads numbers over 64 bits.
fn scattered(number: usize, salt: u64) -> u64 {
    let mixed = (number as u64 ^ salt.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ (mixed >> 32)
}

fn id(number: usize) -> String {
    format!("user_{:08x}{:05x}", scattered(number, 1) as u32, number & 0xf_ffff)
}

/// Few are low, as among real users.
fn score(number: usize, salt: u64) -> Option<u8> {
    let drawn = scattered(number, salt) % 1_000;
    match drawn {
        0..20 => None,
        20..120 => Some((drawn % 50) as u8),
        _ => Some(40 + (drawn % 61) as u8),
    }
}

fn identity(number: usize, version: i64, now_ms: i64) -> IdentityWrite {
    let first = FIRST[(scattered(number, 2) % 24 * (scattered(number, 3) % 24) / 24) as usize];
    let last: String = (0..3).map(|place| SYLLABLES[(scattered(number, 4) >> (place * 5) & 31) as usize]).collect();
    let (name, nickname) = (format!("{first} {last}"), scattered(number, 5) % 1_000);
    let email = format!("{}.{last}{nickname}@{}", first.to_lowercase(), DOMAINS[(scattered(number, 6) % 8) as usize]);
    let created_ms =
        now_ms - (scattered(number, 7) % 90) as i64 * DAY_MS - (scattered(number, 8) % DAY_MS as u64) as i64;
    let seen_ms = created_ms + (scattered(number, 9) % (now_ms - created_ms).max(1) as u64) as i64;
    let updated_ms = if version > 1 { now_ms } else { seen_ms };
    let scores = [10, 11, 12, 13].map(|salt| score(number.wrapping_add(version as usize * 7), salt));
    IdentityWrite {
        id: id(number),
        version,
        before: (version > 1).then(IdentityBefore::default),
        display_name: Some(name),
        display_email: Some(email),
        display_username: None,
        scores,
        created_ms,
        updated_ms,
        last_tracked_ms: Some(updated_ms),
        last_scored_ms: Some(updated_ms),
        due_ms: None,
        cycles: 1,
        body: Profile::default().to_json(),
        trace: "{}".into(),
    }
}

const SYLLABLES: [&str; 32] = [
    "ba", "ko", "ri", "mu", "ne", "lo", "sa", "ti", "ve", "do", "pa", "gu", "fe", "ny", "ha", "ju", "son", "berg",
    "ez", "ov", "smith", "kim", "lee", "mann", "ska", "gar", "cia", "wil", "jon", "tay", "bro", "wn",
];

fn badge(humanity: u8) -> Option<Badge> {
    let (slug, kind) = match humanity {
        0..6 => ("bot", BadgeKind::Bad),
        81.. => ("trusted", BadgeKind::Good),
        _ => return None,
    };
    Some(Badge {
        slug: slug.into(),
        name: slug.into(),
        kind,
        explanation: "why".into(),
        metadata: Default::default(),
        since_ms: 1,
        priority: 0,
        rule_id: None,
        state: Delayed { on: true, turning_ms: None },
    })
}

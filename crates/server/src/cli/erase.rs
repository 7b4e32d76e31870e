//! `dregs erase` and `dregs erasures`: a copy that is restored still holds whom it held when it was made.

use crate::cli::{Outcome, serve};
use crate::clock::Clock;
use crate::config::StoreOptions;
use crate::http::audit::AuditLog;
use crate::http::erasures::{digest, request};
use crate::ids::Ids;
use crate::ingest::log::read_lines;
use crate::jobs::erase::{self, Cleared};
use crate::jobs::lease::{Hold, Lease};
use clap::Args;
use dregs_engine::event::format_time_ms;
use dregs_store::{ERASURE_SORTS, ErasureStatus, ListQuery, Order, Store, StoreError, TeamId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Erasures read at once.
const PAGE: u32 = 1_000;
/// How often it is tried to overwrite what a reader keeps from being overwritten, beside what may be on its way.
const TRIES: usize = 60;
const TRY_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub struct EraseOptions {
    /// Your id of the user
    #[arg(required_unless_present = "from", conflicts_with = "from")]
    identity: Option<String>,
    /// A list that `dregs erasures` has printed: whoever is in it is erased again
    #[arg(long)]
    from: Option<PathBuf>,
    /// Id of the team, where there are several; only with an identity
    #[arg(long, conflicts_with = "from")]
    team: Option<String>,
    #[command(flatten)]
    store: StoreOptions,
}

#[derive(Debug, Args)]
pub struct ErasuresOptions {
    #[command(flatten)]
    store: StoreOptions,
}

/// One line of the list.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    team: String,
    salt: String,
    digest: String,
    #[serde(rename = "requestedAt")]
    requested_at: String,
}

pub async fn list(options: ErasuresOptions) -> Outcome {
    let store = Store::open(&options.store.url()).await?;
    for team in store.teams().await? {
        let mut page_number = 0;
        loop {
            let query = ListQuery { page_number, page_size: PAGE, sort: ERASURE_SORTS[0].1, order: Order::Asc };
            let page = store.erasures(&team.id, &query).await?;
            for erasure in &page.items {
                let line = Line {
                    team: team.id.as_str().to_owned(),
                    salt: erasure.salt.clone(),
                    digest: erasure.digest.clone(),
                    requested_at: format_time_ms(erasure.requested_ms),
                };
                println!("{}", serde_json::to_string(&line)?);
            }
            if page.items.len() < PAGE as usize {
                break;
            }
            page_number += 1;
        }
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

pub async fn run(options: EraseOptions) -> Outcome {
    let url = options.store.url();
    let path = url.strip_prefix("sqlite:").map(|path| PathBuf::from(path.strip_prefix("//").unwrap_or(path)));
    if let Some(path) = path.as_deref().filter(|path| !path.is_file()) {
        return Err(format!("there is no store at {}: choose it with --data-dir or --database", path.display()).into());
    }
    let _lock = path.as_deref().map(serve::lock).transpose()?;
    let store = Store::open(&url).await?;
    let wanted = match (&options.identity, &options.from) {
        (Some(id), _) => vec![(one_team(&store, options.team.as_deref()).await?, id.clone())],
        (None, from) => found(&store, from.as_deref().unwrap_or(Path::new(""))).await?,
    };
    let (clock, ids) = (Clock::system(), Ids::new(0));
    for (team, id) in &wanted {
        request(&store, &ids, team, id, clock.now_ms()).await?;
    }
    work_off(&store, &clock).await?;
    store.close().await;
    println!("{} identities erased", wanted.len());
    Ok(ExitCode::SUCCESS)
}

async fn one_team(store: &Store, wanted: Option<&str>) -> Result<TeamId, String> {
    let teams = store.teams().await.map_err(|error| error.to_string())?;
    let named =
        || teams.iter().map(|team| format!("{} ({})", team.id.as_str(), team.name)).collect::<Vec<_>>().join(", ");
    match (wanted, teams.as_slice()) {
        (Some(wanted), _) => {
            let found = teams.iter().find(|team| team.id.as_str() == wanted);
            found.map(|team| team.id.clone()).ok_or_else(|| format!("there is no team {wanted}: there are {}", named()))
        }
        (None, [only]) => Ok(only.id.clone()),
        (None, _) => Err(format!("choose a team with --team: there are {}", named())),
    }
}

/// Who of the list is in the store.
async fn found(store: &Store, list: &Path) -> Result<Vec<(TeamId, String)>, Box<dyn std::error::Error + Send + Sync>> {
    let text = std::fs::read_to_string(list).map_err(|error| format!("{} cannot be read: {error}", list.display()))?;
    let mut digests: BTreeMap<TeamId, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for (number, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
        let line: Line = serde_json::from_str(text)
            .map_err(|error| format!("{}:{} is not a line of `dregs erasures`: {error}", list.display(), number + 1))?;
        digests.entry(TeamId::new(line.team)).or_default().entry(line.salt).or_default().insert(line.digest);
    }
    let mut found = Vec::new();
    for (team, by_salt) in &digests {
        let is_listed = |id: &String| by_salt.iter().any(|(salt, digests)| digests.contains(&digest(salt, id)));
        let held = held(store, team).await?;
        found.extend(held.into_iter().filter(is_listed).map(|id| (team.clone(), id)));
    }
    Ok(found)
}

/// Every id that a team's rows or its waiting events know.
async fn held(store: &Store, team: &TeamId) -> Result<BTreeSet<String>, StoreError> {
    let mut ids = BTreeSet::new();
    let mut next = Some(String::new());
    while let Some(from) = next {
        let (page, last) = store.identity_ids(team, &from).await?;
        ids.extend(page);
        next = last;
    }
    ids.extend(store.parked_identities(team).await?);
    let mut after = 0;
    loop {
        let segments = store.read_log(after).await?;
        let Some(last) = segments.last() else { return Ok(ids) };
        after = last.seq;
        let logged = segments.iter().flat_map(|segment| read_lines(&segment.payload)).flatten();
        ids.extend(logged.filter(|logged| logged.team == *team).filter_map(|logged| Some(logged.event.identity?.id)));
    }
}

/// Does what a server would do with the erasures that wait. On PostgreSQL a server that runs does it itself.
async fn work_off(store: &Store, clock: &Clock) -> Result<(), StoreError> {
    let mut lease = Lease::new(store.clone(), "processor");
    while let Some(mut erasure) = store.next_erasure().await? {
        if lease.hold(clock.now_ms()).await? == Hold::No {
            println!("a server is running on this database: it erases them");
            return Ok(());
        }
        if erasure.status == ErasureStatus::Pending {
            erasure.trail = Some(erase::out_of_tables(store, clock, &mut lease, &erasure).await?);
        }
        erase::out_of_log(store, clock, &mut lease, &erasure, |_, _, _| {}).await?;
        store.note_unlogged(&erasure, clock.now_ms()).await?;
    }
    lease.release().await;
    let audit = AuditLog::default();
    for _ in 0..TRIES {
        match erase::clear_traces(store, &audit, clock.now_ms()).await? {
            Cleared::Nobody => return Ok(()),
            Cleared::Done => {}
            Cleared::Again => tokio::time::sleep(TRY_EVERY).await,
        }
    }
    Err(StoreError::Unavailable("another program reads the database: stop it and try again".into()))
}

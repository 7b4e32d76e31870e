//! How long a backtest over a large past takes.

use crate::backtest::{DAYS_DEFAULT, Trial};
use crate::cli::Outcome;
use crate::cli::backtest::result;
use crate::cli::terminal::progress;
use crate::clock::Clock;
use crate::ids::Ids;
use clap::Args;
use dregs_engine::profile::Profile;
use dregs_engine::rules::condition::Which;
use dregs_engine::rules::{BadgeRule, Condition, EscalationRule};
use dregs_store::{Commit, CycleWrite, IdentityWrite, Result, Store, Team, TeamId};
use serde_json::json;
use std::process::ExitCode;
use std::time::Instant;

#[derive(Debug, Args)]
pub struct PastOptions {
    #[arg(long, default_value_t = 100_000)]
    identities: usize,
    /// Scorings of each identity, spread over 30 days
    #[arg(long, default_value_t = 10)]
    cycles: usize,
    /// An empty database in place of a temporary SQLite store
    #[arg(long)]
    database: Option<String>,
}

/// Identities of one commit.
const FILLED_AT_ONCE: usize = 500;

/// Fills a store and says how long a backtest of it takes.
pub async fn run(options: PastOptions) -> Outcome {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite:{}", folder.path().join("dregs.db").display());
    let store = Store::open(options.database.as_deref().unwrap_or(&url)).await?;
    let now_ms = Clock::system().now_ms();
    let team = Team { id: TeamId::new("bench"), name: "bench".into(), monthly_event_limit: None, created_ms: now_ms };
    store.add_team(&team).await?;
    fill(&store, &team.id, &options, now_ms).await?;
    let below = |category| Condition::ScoreLt { category, threshold: 25 };
    let known = BadgeRule {
        id: "1".into(),
        slug: "low".into(),
        name: "Low".into(),
        conditions: vec![below(Which::Humanity)],
        apply_delay_seconds: 600,
        remove_delay_seconds: 600,
        enabled: true,
        ..BadgeRule::default()
    };
    store.put_badge_rule(&team.id, &known, now_ms).await?;
    let asks = EscalationRule {
        id: "2".into(),
        name: "Asks for a badge".into(),
        conditions: vec![Condition::BadgeExists { badge: "low".into() }, below(Which::Any)],
        open_after_seconds: 60,
        close_after_seconds: Some(86_400),
        ..EscalationRule::default()
    };
    for trial in [Trial::of_badge(known), Trial::of_escalation(asks)] {
        let begun = Instant::now();
        let found = result(&store, &team.id, &trial, DAYS_DEFAULT, now_ms).await?;
        let report = json!({
            "rule": trial.name(), "identities": found.identities, "scorings": found.scorings, "firings": found.firings,
            "seconds": begun.elapsed().as_secs_f64(),
        });
        println!("{report}");
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn fill(store: &Store, team: &TeamId, options: &PastOptions, now_ms: i64) -> Result<()> {
    let ids = Ids::new(0);
    let span_ms = i64::from(DAYS_DEFAULT) * 24 * 3_600_000;
    let bar = progress(options.identities as u64, "filling");
    let numbers: Vec<usize> = (0..options.identities).collect();
    // Interleaved, as cycles of many identities come in the order of time.
    for turn in 0..options.cycles {
        let at_ms = now_ms - span_ms + span_ms * turn as i64 / options.cycles.max(1) as i64 + 1;
        for chunk in numbers.chunks(FILLED_AT_ONCE) {
            let mut commit = Commit::default();
            for number in chunk {
                let score = |salt: usize| Some(((number * 31 + turn * 17 + salt * 7) % 101) as u8);
                let scores = [score(1), score(2), score(3), score(4)];
                let id = format!("identity-{number:08}");
                if turn == 0 {
                    commit.identities.push(identity(&id, scores, at_ms));
                }
                commit.cycles.push(cycle(id, ids.next(at_ms), scores, at_ms));
            }
            store.commit(team, &commit).await?;
            bar.inc(if turn == 0 { chunk.len() as u64 } else { 0 });
        }
        store.checkpoint().await?;
    }
    bar.finish_and_clear();
    Ok(())
}

fn identity(id: &str, scores: [Option<u8>; 4], at_ms: i64) -> IdentityWrite {
    IdentityWrite {
        id: id.to_owned(),
        version: 1,
        before: None,
        display_name: None,
        display_email: None,
        display_username: None,
        scores,
        created_ms: at_ms,
        updated_ms: at_ms,
        last_tracked_ms: None,
        last_scored_ms: Some(at_ms),
        due_ms: None,
        cycles: 1,
        body: Profile::default().to_json(),
        trace: "{}".into(),
    }
}

fn cycle(identity_id: String, id: i64, scores: [Option<u8>; 4], at_ms: i64) -> CycleWrite {
    CycleWrite {
        id,
        identity_id,
        scores,
        event_count: 1,
        device_count: 1,
        started_ms: at_ms,
        finished_ms: at_ms,
        duration_ms: 0,
        engine_version: dregs_engine::ENGINE_VERSION,
        pack: String::new(),
        evidence: Vec::new(),
        ordinal: 1,
    }
}

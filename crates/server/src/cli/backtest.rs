//! `dregs backtest`: what a rule would have done over the past, without a server and without keeping the result.

use crate::backtest::{DAYS_DEFAULT, DAYS_MAX, Trial, TrialRule};
use crate::cli::Outcome;
use crate::cli::terminal::progress;
use crate::clock::Clock;
use crate::config::StoreOptions;
use crate::http::backtests::{BacktestResultView, unnamed_badge_rule, unnamed_escalation_rule};
use crate::http::badge_rules::BadgeRuleBody;
use crate::http::error::ApiError;
use crate::http::escalation_rules::EscalationRuleBody;
use crate::http::shares::ShareView;
use clap::Args;
use dregs_store::{Store, TeamId};
use serde::de::DeserializeOwned;
use std::path::Path;
use std::process::ExitCode;

type Failure = Box<dyn std::error::Error + Send + Sync>;
/// Identities of the list that are printed.
const PRINTED_MAX: usize = 20;

#[derive(Debug, Args)]
pub struct BacktestOptions {
    /// Slug or id of a stored rule, or a JSON file with fields as the API takes them
    rule: String,
    /// How far back
    #[arg(long, default_value_t = DAYS_DEFAULT, value_parser = clap::value_parser!(u32).range(1..=i64::from(DAYS_MAX)))]
    days: u32,
    /// Id of the team, where there are several
    #[arg(long)]
    team: Option<String>,
    /// The file is an escalation rule; otherwise it is a badge rule
    #[arg(long)]
    escalation: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreOptions,
}

pub async fn run(options: BacktestOptions) -> Outcome {
    let store = Store::open(&options.store.url()).await?;
    let outcome = replay(&store, &options).await;
    store.close().await;
    outcome
}

async fn replay(store: &Store, options: &BacktestOptions) -> Outcome {
    let team = team(store, options.team.as_deref()).await?;
    let trial = trial(store, &team, options).await?;
    let result = result(store, &team, &trial, options.days, Clock::system().now_ms()).await?;
    match options.json {
        true => println!("{}", serde_json::to_string_pretty(&result)?),
        false => print(&trial, options.days, &result),
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs a backtest with a progress bar.
pub async fn result(
    store: &Store,
    team: &TeamId,
    trial: &Trial,
    days: u32,
    now_ms: i64,
) -> Result<BacktestResultView, Failure> {
    let book = store.rule_book(team).await?;
    let mut run = trial.begin(&book, i64::from(days), now_ms)?;
    let bar = progress(store.team_counts(team).await?.identities, "replaying");
    while run.step(store, team).await? {
        bar.set_position(run.tally.identities);
    }
    bar.finish_and_clear();
    Ok(BacktestResultView::of(&mut run.tally, trial.is_stored()))
}

async fn team(store: &Store, wanted: Option<&str>) -> Result<TeamId, Failure> {
    let teams = store.teams().await?;
    let listed =
        || teams.iter().map(|team| format!("{} ({})", team.id.as_str(), team.name)).collect::<Vec<_>>().join(", ");
    match (wanted, teams.as_slice()) {
        (Some(id), _) => match teams.iter().find(|team| team.id.as_str() == id) {
            Some(team) => Ok(team.id.clone()),
            None => Err(format!("there is no team {id}: choose one of {}", listed()).into()),
        },
        (None, [only]) => Ok(only.id.clone()),
        (None, []) => Err("the store has no team: choose another with --data-dir or --database".into()),
        (None, _) => Err(format!("there are several teams: choose one with --team, of {}", listed()).into()),
    }
}

/// The stored rule of that name, or the rule in that file.
async fn trial(store: &Store, team: &TeamId, options: &BacktestOptions) -> Result<Trial, Failure> {
    let name = options.rule.as_str();
    let book = store.rule_book(team).await?;
    if let Some(rule) = book.badges.iter().find(|rule| rule.slug == name || rule.id == name) {
        return Ok(Trial::of_badge(rule.clone()));
    }
    if let Some(rule) = book.escalations.iter().find(|rule| rule.id == name) {
        return Ok(Trial::of_escalation(rule.clone()));
    }
    let path = Path::new(name);
    if !path.is_file() {
        let slugs: Vec<&str> = book.badges.iter().map(|rule| rule.slug.as_str()).collect();
        return Err(format!(
            "{name} is no rule of the team and no file: use a JSON file, the id of an escalation rule, or one of {}",
            slugs.join(", ")
        )
        .into());
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    let refused = |error: ApiError| format!("{name}: {}", error.message());
    let now_ms = Clock::system().now_ms();
    match options.escalation {
        true => {
            let body: EscalationRuleBody = read(name, &text)?;
            Ok(Trial::of_escalation(body.onto(unnamed_escalation_rule(), now_ms).map_err(refused)?))
        }
        false => {
            let body: BadgeRuleBody = read(name, &text)?;
            Ok(Trial::of_badge(body.onto(unnamed_badge_rule(), now_ms).map_err(refused)?))
        }
    }
}

fn read<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, Failure> {
    if !text.trim_start().starts_with('{') {
        return Err(format!("{name}: a rule is a JSON object").into());
    }
    Ok(serde_json::from_str(text).map_err(|error| format!("{name}: {error}"))?)
}

fn print(trial: &Trial, days: u32, result: &BacktestResultView) {
    println!("{} over {days} days: {} identities, {} scorings", trial.name(), result.identities, result.scorings);
    println!(
        "fired {} times on {} identities, {} of them to the end",
        result.firings, result.fired.identities, result.still_firing
    );
    let fired = &result.fired;
    println!("labelled: {} abuse, {} legitimate; {} are not", fired.abuse, fired.legitimate, fired.unlabelled);
    println!("precision {}, recall {}", percent(fired.precision), percent(result.recall));
    if let Some(stored) = &result.stored {
        let did = match trial.rule {
            TrialRule::Badge(_) => "has its badge on",
            TrialRule::Escalation(_) => "opened escalations about",
        };
        println!(
            "the stored rule {did} {}: {} the same, {} fewer, {} more",
            stored.identities, stored.both, stored.only_backtest, stored.only_stored
        );
    }
    for day in &result.days {
        println!("  {}  {:>7}", day.day, day.firings);
    }
    for fired in result.first.iter().take(PRINTED_MAX) {
        let scores: Vec<String> =
            fired.score_snapshot.iter().map(|(category, score)| format!("{category} {score}")).collect();
        // Ids are chosen by those who are judged: what would move the cursor is shown as what it is.
        println!("  {}  {:?}  {}", fired.at, fired.identity_id, scores.join(", "));
    }
    let more = fired.identities.saturating_sub(PRINTED_MAX as u64);
    if more > 0 {
        println!("  and {more} more");
    }
}

fn percent(share: Option<ShareView>) -> String {
    match share {
        Some(share) => {
            format!("{:.1}% ({:.1} to {:.1})", share.value * 100.0, share.low * 100.0, share.high * 100.0)
        }
        None => "unknown".into(),
    }
}

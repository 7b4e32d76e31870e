//! `dregs replay`: recomputes a past verdict from the evidence that was recorded with it.

use crate::cli::Outcome;
use crate::cli::terminal::progress;
use crate::config::StoreOptions;
use clap::Args;
use dregs_engine::ENGINE_VERSION;
use dregs_engine::datasets::Lists;
use dregs_engine::intelligence::email::email_facts;
use dregs_engine::intelligence::names::name_facts;
use dregs_engine::intelligence::networks::network_facts;
use dregs_engine::mapping::{Field, display_name};
use dregs_engine::score::{Assessment, Category, assess};
use dregs_engine::snapshot::Snapshot;
use dregs_store::{Cycle, Store, TeamId};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct ReplayOptions {
    /// Id of an analysis cycle, from `GET /api/identities/{id}/history`
    #[arg(required_unless_present = "latest")]
    cycle: Option<i64>,
    /// Recompute this many of the latest cycles and compare each
    #[arg(long, conflicts_with = "cycle")]
    latest: Option<i64>,
    /// Under today's mappings, data and analyzers, with the difference
    #[arg(long)]
    today: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreOptions,
}

pub async fn run(options: ReplayOptions) -> Outcome {
    let store = Store::open(&options.store.url()).await?;
    let outcome = match (options.cycle, options.latest) {
        (Some(id), _) => one(&store, id, &options).await,
        (None, latest) => many(&store, latest.unwrap_or(1), &options).await,
    };
    store.close().await;
    outcome
}

async fn one(store: &Store, id: i64, options: &ReplayOptions) -> Outcome {
    let (team, cycle) = store.find_cycle(id).await?.ok_or_else(|| format!("there is no cycle {id}"))?;
    let replayed = replay(store, &team, &cycle, options.today).await?;
    match options.json {
        true => println!("{}", serde_json::to_string_pretty(&replayed.report())?),
        false => replayed.print(&cycle),
    }
    Ok(replayed.exit_code(options.today))
}

async fn many(store: &Store, latest: i64, options: &ReplayOptions) -> Outcome {
    let ids = store.cycle_ids(latest).await?;
    let bar = progress(ids.len() as u64, "replaying");
    let mut differing = Vec::new();
    for (team, identity, id) in &ids {
        let cycle = store.cycle(team, identity, Some(*id)).await?;
        let cycle = cycle.ok_or_else(|| format!("cycle {id} is gone"))?;
        if !replay(store, team, &cycle, options.today).await?.is_same() {
            differing.push(*id);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    match options.json {
        true => println!("{}", json!({"replayed": ids.len(), "differing": differing})),
        false => println!("{} cycles replayed, {} differ", ids.len(), differing.len()),
    }
    Ok(if differing.is_empty() || options.today { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Replayed {
    then: Assessment,
    now: Assessment,
}

/// Recomputes a cycle: exactly, or from the same history under today's rules.
async fn replay(
    store: &Store,
    team: &TeamId,
    cycle: &Cycle,
    today: bool,
) -> Result<Replayed, Box<dyn std::error::Error + Send + Sync>> {
    let evidence = cycle.evidence.as_ref().ok_or("the evidence of this cycle is no longer kept")?;
    if !today && cycle.engine_version != ENGINE_VERSION {
        return Err(format!(
            "the cycle was computed by engine version {}, this binary has {ENGINE_VERSION}: use --today, or a binary of that version",
            cycle.engine_version
        )
        .into());
    }
    let mut snapshot = evidence.snapshot.clone();
    if today {
        snapshot = under_today(snapshot, &store.mappings(team).await?, &store.lists(team).await?);
    }
    Ok(Replayed { then: evidence.assessment.clone(), now: assess(&snapshot) })
}

/// The same history read with the mappings, the datasets and the data pack of today.
fn under_today(snapshot: Snapshot, mappings: &dregs_engine::mapping::Mappings, lists: &Lists) -> Snapshot {
    let Snapshot {
        identity_id,
        now_ms,
        created_ms,
        mut profile,
        mut shared,
        links,
        decisions,
        ring,
        team_identities,
        ..
    } = snapshot;
    lists.place(&mut profile, network_facts);
    lists.mark(&mut shared);
    let mut fresh = Snapshot::of(&identity_id, profile, mappings, created_ms, now_ms);
    fresh.email = fresh.fields.get(&Field::Email).map(|email| email_facts(email));
    fresh.name = display_name(&fresh.fields).map(|name| name_facts(&name));
    fresh.heed(lists);
    // Links rest on others' data of that time, which is not kept: they stand as they were found.
    fresh.links = links;
    fresh.shared = shared;
    fresh.decisions = decisions;
    fresh.ring = ring;
    fresh.team_identities = team_identities;
    fresh
}

impl Replayed {
    fn is_same(&self) -> bool {
        self.then == self.now
    }

    fn exit_code(&self, today: bool) -> ExitCode {
        if today || self.is_same() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn report(&self) -> Value {
        json!({"identical": self.is_same(), "then": self.then, "now": self.now})
    }

    fn print(&self, cycle: &Cycle) {
        println!(
            "cycle {} of {} ({})",
            cycle.id,
            cycle.identity_id,
            dregs_engine::event::format_time_ms(cycle.finished_ms)
        );
        for category in Category::ALL {
            let score =
                |assessment: &Assessment| assessment.value(category).map_or("—".into(), |value| value.to_string());
            println!("  {:<13} {:>3} → {:>3}", category.code(), score(&self.then), score(&self.now));
        }
        println!("{}", if self.is_same() { "identical, observations included" } else { "different" });
        let observations = |assessment: &Assessment| -> Vec<_> {
            assessment.scores.iter().flat_map(|score| score.observations.clone()).collect()
        };
        let (then, now) = (observations(&self.then), observations(&self.now));
        for seen in now.iter().filter(|seen| !then.contains(seen)) {
            println!("  now   {} {:.2} ({:+.1} points): {}", seen.id, seen.value, seen.contribution, seen.explanation);
        }
        for seen in then.iter().filter(|seen| !now.contains(seen)) {
            println!("  then  {} {:.2} ({:+.1} points): {}", seen.id, seen.value, seen.contribution, seen.explanation);
        }
    }
}

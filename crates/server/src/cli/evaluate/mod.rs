//! `dregs evaluate`: what a server would have made of recorded events, beside what is known of their authors.

mod csv;
mod gathering;
mod judging;
mod labels;
mod measures;
mod printing;
mod reading;
mod replaying;
#[cfg(test)]
mod worlds;

use crate::cli::Outcome;
use crate::cli::terminal::progress;
use clap::Args;
use dregs_engine::intelligence::networks::NetworkTable;
use dregs_store::{Store, TeamId};
use gathering::Verdicts;
use judging::Judgement;
use labels::Labels;
use reading::{BadLines, Events};
use replaying::Replayed;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct EvaluateOptions {
    /// One body of `POST /api/events` a line, as sent with a secret key
    events: PathBuf,
    /// Folder with labels_identities.csv, labels_pairs.csv and labels_hard.csv to judge by; some may be missing
    #[arg(long)]
    labels: Option<PathBuf>,
    /// Where to write `identity,humanity,authenticity,uniqueness,behavior`
    #[arg(long)]
    scores: Option<PathBuf>,
    /// Where to write `id_a,id_b,score`: the probability that both are one person
    #[arg(long)]
    links: Option<PathBuf>,
    /// Networks in place of the bundled ones: `prefix,kind,country,label`
    #[arg(long)]
    networks: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// What is printed in the end.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    identities: usize,
    /// Pairs of identities that have a link.
    links: usize,
    replayed: Replayed,
    /// Events without an id or time of their own.
    filled_in: usize,
    bad_lines: BadLines,
    #[serde(flatten)]
    judgement: Option<Judgement>,
}

pub async fn run(options: EvaluateOptions) -> Outcome {
    let (report, verdicts) = evaluate(&options).await?;
    save(options.scores.as_deref(), |out| gathering::write_scores(&verdicts, out))?;
    save(options.links.as_deref(), |out| gathering::write_links(&verdicts, out))?;
    match options.json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => print!("{report}"),
    }
    Ok(ExitCode::SUCCESS)
}

async fn evaluate(options: &EvaluateOptions) -> Result<(Report, Verdicts), Box<dyn std::error::Error + Send + Sync>> {
    // What is asked for wrongly is said before the long work.
    let labels = options.labels.as_deref().map(Labels::read).transpose()?;
    let networks = options.networks.as_deref().map(networks).transpose()?;
    for out in [&options.scores, &options.links].into_iter().flatten() {
        File::create(out).map_err(|error| format!("{} cannot be written: {error}", out.display()))?;
    }
    let unreadable = |error: io::Error| format!("{} cannot be read: {error}", options.events.display());
    let mut events = Events::open(&options.events).map_err(unreadable)?;

    let folder = tempfile::tempdir()?;
    let store = Store::open(&format!("sqlite:{}", folder.path().join("evaluate.db").display())).await?;
    let team = TeamId::new("evaluation");
    let replayed = replaying::replay(&store, &team, &mut events, networks).await?;
    let verdicts = gathering::gather(&store, &team, &replayed.identities).await?;
    let judgement = match &labels {
        Some(labels) => Some(judge(&store, &team, labels, &verdicts).await?),
        None => None,
    };
    store.close().await;
    let report = Report {
        identities: verdicts.scores.len(),
        links: verdicts.links.len(),
        replayed,
        filled_in: events.filled_in,
        bad_lines: events.bad,
        judgement,
    };
    Ok((report, verdicts))
}

async fn judge(store: &Store, team: &TeamId, labels: &Labels, verdicts: &Verdicts) -> dregs_store::Result<Judgement> {
    let questioned: Vec<&String> = judging::questioned(labels, verdicts).collect();
    let bar = progress(questioned.len() as u64, "judging");
    let mut grounds = BTreeMap::new();
    for id in questioned {
        grounds.insert(id.clone(), gathering::grounds(store, team, id).await?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(judging::judge(labels, verdicts, &grounds))
}

fn networks(path: &Path) -> Result<NetworkTable, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    NetworkTable::parse(&text).map_err(|why| format!("{}: {why}", path.display()))
}

fn save(path: Option<&Path>, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<(), String> {
    let Some(path) = path else { return Ok(()) };
    let written = File::create(path).and_then(|file| write(&mut BufWriter::new(file)));
    written.map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dregs_simulate::{Config, generate, labels_hard_csv, labels_identities_csv, labels_pairs_csv};

    #[tokio::test]
    async fn a_simulated_world_is_judged_completely() {
        let world = generate(&Config { identities: 300, days: 10, ..Config::default() });
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut lines: Vec<String> = world.events.iter().map(|event| event.body.to_string()).collect();
        lines.push("broken".into());
        for (name, text) in [
            ("events.jsonl", lines.join("\n")),
            ("labels_identities.csv", labels_identities_csv(&world)),
            ("labels_pairs.csv", labels_pairs_csv(&world)),
            ("labels_hard.csv", labels_hard_csv(&world)),
            ("networks.csv", world.networks_csv.clone()),
        ] {
            std::fs::write(path(name), text).unwrap();
        }
        let options = EvaluateOptions {
            events: path("events.jsonl"),
            labels: Some(folder.path().to_owned()),
            scores: None,
            links: None,
            networks: Some(path("networks.csv")),
            json: false,
        };
        let (report, verdicts) = evaluate(&options).await.unwrap();
        assert_eq!(report.replayed.events, world.events.len());
        assert_eq!((report.replayed.failed, report.replayed.unsettled, report.bad_lines.count), (0, 0, 1));
        assert_eq!(report.identities, world.identities.len());
        assert!(verdicts.links.iter().all(|((a, b), bond)| a < b && (0.02..=1.0).contains(&bond.score)));

        let judged = report.judgement.as_ref().unwrap();
        assert_eq!(judged.unseen, 0);
        for dimension in &judged.dimensions {
            assert!(dimension.auc.is_some_and(|auc| auc > 0.5), "{dimension:?}");
        }
        let classes = |abuser: bool| {
            world.identities.iter().filter(move |label| label.abuser == abuser).flat_map(|label| &label.classes)
        };
        assert!(classes(true).all(|class| judged.abuse.iter().any(|found| found.class == *class)));
        assert!(classes(false).all(|class| judged.honest.iter().any(|found| found.class == *class)));
        assert!(judged.pairs.is_some() && !judged.hard_pairs.is_empty() && judged.rings.len() == 2);

        let text = report.to_string();
        assert!(
            ["scores", "abuse", "honest", "pairs", "rings", "hard pairs", "line "]
                .iter()
                .all(|part| text.contains(part)),
            "{text}"
        );
        let json = serde_json::to_value(&report).unwrap();
        for part in
            ["identities", "replayed", "badLines", "dimensions", "abuse", "honest", "pairs", "hardPairs", "rings"]
        {
            assert!(json.get(part).is_some(), "{part}");
        }
    }
}

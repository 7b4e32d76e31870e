//! `dregs migrate`, `check`, `backup` and `restore`.

use crate::cli::{Outcome, serve};
use crate::config::StoreOptions;
use dregs_store::Store;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

pub async fn migrate(options: &StoreOptions) -> Outcome {
    let store = Store::connect(&options.url()).await?;
    match store.migrate().await? {
        0 => println!("the schema is up to date"),
        applied => println!("{applied} migrations applied"),
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

pub async fn check(options: &StoreOptions, json: bool) -> Outcome {
    must_exist(options)?;
    let store = Store::open(&options.url()).await?;
    let report = store.check().await?;
    store.close().await;
    if json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!(
            "{} identities, {} events, {} cycles, {} events waiting",
            report.identities, report.events, report.cycles, report.waiting
        );
        report.advice.iter().for_each(|advice| println!("advice: {advice}"));
        match report.problems.is_empty() {
            true => println!("no problems found"),
            false => report.problems.iter().for_each(|problem| println!("problem: {problem}")),
        }
    }
    Ok(if report.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub async fn backup(options: &StoreOptions, target: &Path) -> Outcome {
    if let Some(url) = postgres(options) {
        return tool("pg_dump", &["--format=custom", "--file", &target.to_string_lossy(), url]);
    }
    must_exist(options)?;
    let store = Store::connect(&options.url()).await?;
    store.backup(target).await?;
    store.close().await;
    println!("backed up to {} and its ingest log beside it", target.display());
    Ok(ExitCode::SUCCESS)
}

pub async fn restore(options: &StoreOptions, source: &Path, force: bool) -> Outcome {
    if let Some(url) = postgres(options) {
        let clean: &[&str] = if force { &["--clean", "--if-exists"] } else { &[] };
        let source = source.to_string_lossy();
        return tool("pg_restore", &[clean, &["--dbname", url, source.as_ref()]].concat());
    }
    let main = sqlite_path(options);
    if main.exists() && !force {
        return Err(format!("{} exists: pass --force to replace it", main.display()).into());
    }
    let _lock = serve::lock(&main)?;
    Store::restore(source, &main)?;
    println!("restored {}", main.display());
    Ok(ExitCode::SUCCESS)
}

fn postgres(options: &StoreOptions) -> Option<&str> {
    options.database.as_deref().filter(|url| url.starts_with("postgres"))
}

/// PostgreSQL's own tools are the ones its operators trust.
fn tool(name: &str, args: &[&str]) -> Outcome {
    let status = Command::new(name)
        .args(args)
        .status()
        .map_err(|error| format!("{name} is needed for a PostgreSQL store and cannot be run: {error}"))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn sqlite_path(options: &StoreOptions) -> PathBuf {
    let url = options.url();
    PathBuf::from(url.strip_prefix("sqlite:").unwrap_or(&url))
}

pub fn must_exist(options: &StoreOptions) -> Result<(), String> {
    let path = sqlite_path(options);
    match postgres(options).is_some() || path.is_file() {
        true => Ok(()),
        false => Err(format!("there is no store at {}: choose it with --data-dir or --database", path.display())),
    }
}

//! `dregs serve`.

use crate::bootstrap;
use crate::cli::{Bound, Outcome, log_to_stderr};
use crate::clock::Clock;
use crate::config::ServeOptions;
use dregs_store::{Store, StoreError};
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

pub async fn run(options: ServeOptions) -> Outcome {
    log_to_stderr(&options.log_format);
    let _lock = match options.store.database.as_deref() {
        Some(url) if !url.starts_with("sqlite:") => None,
        _ => Some(lock(&sqlite_path(&options.store.url()))?),
    };
    let store = Store::open(&options.store.url()).await?;
    let bound = Bound::at(options.listen).await?;
    let address = bound.address;
    // Before anything answers: whoever sees that the server is ready finds the keys.
    if let Some(keys) = bootstrap::bootstrap(&store, &bound.base_url(), Clock::system().now_ms()).await? {
        if let Some(path) = &options.bootstrap_file {
            bootstrap::write_file(path, &keys)
                .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        }
        println!("first start: these are shown once, keep them");
        println!("  dashboard  http://{address}/");
        println!("  e-mail     {}", keys.email);
        println!("  password   {}", keys.password);
        println!("  public key {}", keys.public_key);
        println!("  secret key {}", keys.secret_key);
    }
    let sidecar = bound.serve(store, Clock::system(), options.limits).await?;
    // Before it says that it is ready: whoever reads that may stop it at once.
    let stopped = until_stopped()?;
    println!("dashboard at http://{address}/");
    println!("listening on http://{address}");
    stopped.await;
    tracing::info!("stopping: answering what is at hand");
    sidecar.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Heeds SIGTERM and SIGINT from here on; what it returns ends with the first of them.
pub fn until_stopped() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn sqlite_path(url: &str) -> std::path::PathBuf {
    let path = url.strip_prefix("sqlite:").unwrap_or(url);
    Path::new(path.strip_prefix("//").unwrap_or(path)).to_owned()
}

/// Holds the store's files for this process: a second server on them would lose events.
pub fn lock(database: &Path) -> Result<File, StoreError> {
    let unusable = |what: &str, error: std::io::Error| {
        StoreError::Unusable(format!("the data folder cannot be used: {what}: {error}"))
    };
    if let Some(folder) = database.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| unusable(&folder.display().to_string(), error))?;
    }
    let path = database.with_extension("lock");
    let file = File::create(&path).map_err(|error| unusable(&path.display().to_string(), error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::Unusable(format!(
            "another dregs is using {}: stop it first, or choose another --data-dir",
            database.display()
        ))),
        Err(std::fs::TryLockError::Error(error)) => Err(unusable(&path.display().to_string(), error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{RunOptions, StoreOptions};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    async fn answers(address: std::net::SocketAddr) -> bool {
        let Ok(mut stream) = TcpStream::connect(address).await else { return false };
        let asked = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: dregs\r\n\r\n").await;
        asked.is_ok() && stream.read(&mut [0; 16]).await.is_ok_and(|bytes| bytes > 0)
    }

    /// The file cannot be written, so the server ends before it is ready.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nothing_answers_before_the_keys_are_in_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let server = tokio::spawn(run(ServeOptions {
            listen,
            store: StoreOptions { data_dir: folder.path().to_owned(), database: None },
            bootstrap_file: Some(folder.path().join("no folder").join("keys.json")),
            limits: RunOptions::default(),
            log_format: "text".into(),
        }));
        while !server.is_finished() {
            assert!(!answers(listen).await);
            tokio::task::yield_now().await;
        }
        assert!(server.await.unwrap().unwrap_err().to_string().contains("keys.json"));
    }
}

//! Where background work runs.
//!
//! On an embedded store each job has a thread of its own: senders wait for the appender, which must not stand behind their
//! requests in a runtime's queue, and scoring computes for long stretches, which must not hold a runtime's worker. On
//! PostgreSQL the jobs are tasks: a connection belongs to the runtime that opened it, and all of them share a pool.

use dregs_store::{Result, StoreError};
use std::future::Future;
use tokio::sync::oneshot;

/// Ends when the job has.
pub type Ended = oneshot::Receiver<()>;

/// Starts a job. `own_thread` where the store is embedded.
pub fn start(name: &str, own_thread: bool, job: impl Future<Output = ()> + Send + 'static) -> Result<Ended> {
    let (end, ended) = oneshot::channel();
    let job = async move {
        job.await;
        let _ = end.send(());
    };
    if own_thread {
        let no_thread = |error| StoreError::Unusable(format!("no thread for background work: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_thread)?;
        let run = move || runtime.block_on(job);
        std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(no_thread)?;
    } else {
        tokio::spawn(job);
    }
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_ends_either_way() {
        for own_thread in [true, false] {
            start("test", own_thread, async { tokio::time::sleep(std::time::Duration::from_millis(1)).await })
                .unwrap()
                .await
                .unwrap();
        }
    }
}

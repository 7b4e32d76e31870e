//! Runs the backtests that were asked for, one after the other. One that a stop interrupted is begun again.

use crate::backtest::Trial;
use crate::clock::Clock;
use crate::http::backtests::BacktestResultView;
use crate::jobs::is_running;
use crate::jobs::lease::{Hold, Lease};
use dregs_store::{Backtest, Result, Store, StoreError};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};

/// How often it is looked for what another node, or an earlier run, left.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often progress is written down.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// How long results are kept: whoever asked has read them by then, and they name people.
const KEPT_MS: i64 = 7 * 24 * 3600 * 1000;
/// What becomes of one whose result may name somebody who was erased meanwhile.
const OVERTAKEN: &str = "somebody was erased while it ran, who may be in its result: ask for it again";
const CLEAN_EVERY: Duration = Duration::from_secs(3600);

pub struct Backtester {
    store: Store,
    clock: Clock,
    wake: Arc<Notify>,
    lease: Lease,
    cleaned: Option<Instant>,
}

impl Backtester {
    pub fn new(store: &Store, clock: &Clock, wake: &Arc<Notify>) -> Self {
        let lease = Lease::new(store.clone(), "backtest");
        Backtester { store: store.clone(), clock: clock.clone(), wake: wake.clone(), lease, cleaned: None }
    }

    pub async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        while is_running(&stopped) {
            match self.run_next(&stopped).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "backtesting pauses"),
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = stopped.changed() => {}
            }
        }
        self.lease.release().await;
    }

    /// Returns whether it finished one.
    async fn run_next(&mut self, stopped: &watch::Receiver<bool>) -> Result<bool> {
        self.clean().await?;
        let Some(backtest) = self.store.pending_backtest().await? else { return Ok(false) };
        if self.lease.hold(self.clock.now_ms()).await? == Hold::No {
            return Ok(false);
        }
        let begun_ms = self.clock.now_ms();
        let result = match self.replay(&backtest, stopped).await {
            Ok(Some(result)) => result,
            Ok(None) => return Ok(false),
            Err(StoreError::Unavailable(cause)) => return Err(StoreError::Unavailable(cause)),
            // It will not go better next time, and others wait.
            Err(error) => {
                tracing::error!(%error, backtest = backtest.id, "a backtest failed");
                Err("the past could not be read: the server's log says why".to_owned())
            }
        };
        let outcome = result.as_deref().map_err(String::as_str);
        let write = async |outcome| {
            let now_ms = self.clock.now_ms();
            self.store.complete_backtest(&backtest.team, backtest.id, outcome, begun_ms, now_ms).await
        };
        if !write(outcome).await? {
            write(Err(OVERTAKEN)).await?;
        }
        Ok(true)
    }

    /// The result as JSON, or what is wrong with the rule; none when this node is to stop, or another has taken over.
    async fn replay(
        &mut self,
        backtest: &Backtest,
        stopped: &watch::Receiver<bool>,
    ) -> Result<Option<std::result::Result<String, String>>> {
        let team = &backtest.team;
        let trial: Trial = serde_json::from_str(&backtest.rule)?;
        let book = self.store.rule_book(team).await?;
        let total = self.store.team_counts(team).await?.identities.max(1);
        let mut run = match trial.begin(&book, backtest.days, backtest.created_ms) {
            Ok(run) => run,
            Err(problem) => return Ok(Some(Err(problem))),
        };
        let mut told = Instant::now();
        while run.step(&self.store, team).await? {
            if !is_running(stopped) || self.lease.hold(self.clock.now_ms()).await? == Hold::No {
                return Ok(None);
            }
            if told.elapsed() >= TELL_EVERY {
                let progress = (run.tally.identities as f64 / total as f64).min(1.0);
                self.store.advance_backtest(team, backtest.id, progress).await?;
                told = Instant::now();
            }
            tokio::task::yield_now().await;
        }
        let result = BacktestResultView::of(&mut run.tally, trial.is_stored());
        Ok(Some(Ok(serde_json::to_string(&result)?)))
    }

    /// Drops old results, and what no budget counts any more.
    async fn clean(&mut self) -> Result<()> {
        if self.cleaned.is_some_and(|cleaned| cleaned.elapsed() < CLEAN_EVERY) {
            return Ok(());
        }
        let now_ms = self.clock.now_ms();
        self.store.prune_backtests(now_ms - KEPT_MS).await?;
        self.store.prune_badge_firings(now_ms).await?;
        self.cleaned = Some(Instant::now());
        Ok(())
    }
}

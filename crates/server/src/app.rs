//! What every part of a running server shares.

use crate::clock::Clock;
use crate::config::RunOptions;
use crate::http::audit::{self, AuditLog};
use crate::http::auth::Keys;
use crate::http::limits::RateLimits;
use crate::ids::Ids;
use crate::ingest::appender::Appender;
use crate::ingest::fates::{FateCounter, flush_forever};
use crate::ingest::watermark::Watermark;
use crate::jobs::Bells;
use crate::jobs::background::{self, Ended};
use crate::jobs::backtest::Backtester;
use crate::jobs::deliver::Deliverer;
use crate::jobs::erase::Eraser;
use crate::jobs::processor::Processor;
use crate::jobs::retention::Remover;
use crate::jobs::review::Reviewer;
use crate::live;
use crate::passwords::Passwords;
use crate::sso::Sso;
use crate::uses::Uses;
use dregs_store::{Store, StoreError};
use std::sync::Arc;
use tokio::sync::watch;

pub struct App {
    pub store: Store,
    pub clock: Clock,
    pub ids: Arc<Ids>,
    pub keys: Keys,
    pub limits: RateLimits,
    pub passwords: Passwords,
    pub sso: Sso,
    pub uses: Arc<Uses>,
    pub options: RunOptions,
    pub appender: Appender,
    pub fates: Arc<FateCounter>,
    pub audit: Arc<AuditLog>,
    pub watermark: Arc<Watermark>,
    pub bells: Bells,
    pub metrics: metrics_exporter_prometheus::PrometheusHandle,
    pub started_ms: i64,
}

impl App {
    /// Has those looked at whom a change of rules or channels concerns.
    pub fn act_anew(&self) {
        self.bells.process.notify_one();
        self.bells.deliver.notify_one();
    }
}

/// A running server's background work.
pub struct Running {
    pub app: Arc<App>,
    stop: watch::Sender<bool>,
    jobs: Vec<Ended>,
}

impl Running {
    /// Starts ingestion and processing on an open store.
    pub async fn start(store: Store, clock: Clock, options: RunOptions) -> Result<Running, StoreError> {
        let sso = Sso::new(&options.sso, options.notify.base_url()).map_err(StoreError::Unusable)?;
        let (stop, stopped) = watch::channel(false);
        let ids = Arc::new(Ids::new(options.node));
        let fates = Arc::new(FateCounter::default());
        let audit = Arc::new(AuditLog::default());
        let watermark = Arc::new(Watermark::default());
        let bells = Bells::default();
        let (appender, append) = Appender::new(&store, &clock, &watermark, &bells.process, stopped.clone());
        let processor = Processor::new(&store, &clock, &ids, &watermark, &appender, &bells, &options);
        let uses = Arc::new(Uses::default());
        let deliverer = Deliverer::new(&store, &clock, &ids, &bells, &options.notify);
        let reviewer = Reviewer::new(&store, &clock, &bells, &options.review);
        let live = bells.live.clone();
        let backtester = Backtester::new(&store, &clock, &bells.backtest);
        let eraser = Eraser::new(&store, &clock, &bells, &audit);
        let remover = Remover::new(&store, &clock, &ids, &watermark, &bells.process);
        let app = Arc::new(App {
            keys: Keys::new(store.clone(), uses.clone()),
            passwords: Passwords::default(),
            sso,
            uses: uses.clone(),
            limits: RateLimits::new(&options),
            metrics: crate::metrics::install(),
            started_ms: clock.now_ms(),
            store: store.clone(),
            clock: clock.clone(),
            ids,
            options,
            appender,
            fates: fates.clone(),
            audit: audit.clone(),
            watermark,
            bells,
        });
        let own_thread = !store.is_shared();
        let jobs = vec![
            background::start("append", own_thread, append)?,
            background::start("process", own_thread, processor.run(stopped.clone()))?,
            background::start("deliver", own_thread, deliverer.run(stopped.clone()))?,
            background::start("review", false, reviewer.run(stopped.clone()))?,
            background::start("backtest", own_thread, backtester.run(stopped.clone()))?,
            background::start("erase", false, eraser.run(stopped.clone()))?,
            background::start("retain", false, remover.run(stopped.clone()))?,
            background::start("tell", false, live::tell_forever(live.clone(), store.clone(), stopped.clone()))?,
            background::start("hear", false, live::hear_forever(live, store.clone(), stopped.clone()))?,
            background::start("count", false, flush_forever(fates, store.clone(), stopped.clone()))?,
            background::start("audit", false, audit::flush_forever(audit, store.clone(), stopped.clone()))?,
            background::start("tidy", false, crate::jobs::tidy::run(store.clone(), clock, uses, stopped.clone()))?,
            background::start("checkpoint", false, crate::jobs::checkpoint::run(store, stopped))?,
        ];
        Ok(Running { app, stop, jobs })
    }

    /// Answers what was accepted, finishes the batch at hand, and closes the store. What is left in the log is
    /// processed at the next start.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        self.app.bells.process.notify_waiters();
        self.app.bells.process.notify_one();
        for ended in self.jobs {
            let _ = ended.await;
        }
        self.app.store.close().await;
    }

    /// Waits until all that is recorded is processed and all that is due is scored.
    pub async fn settle(&self) {
        while !self.app.watermark.is_idle() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}

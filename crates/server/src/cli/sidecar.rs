//! A whole server in this process, on a port the system chooses.

use crate::app::{App, Running};
use crate::clock::Clock;
use crate::config::RunOptions;
use crate::http;
use axum::ServiceExt;
use axum::extract::Request;
use axum::serve::ListenerExt;
use dregs_store::{Store, StoreError};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// An address that is taken, on which nothing answers yet.
pub struct Bound {
    pub address: SocketAddr,
    listener: TcpListener,
}

pub struct Sidecar {
    pub address: SocketAddr,
    running: Running,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Bound {
    pub async fn at(listen: SocketAddr) -> Result<Bound, StoreError> {
        let unusable = |error: std::io::Error| StoreError::Unusable(format!("cannot listen on {listen}: {error}"));
        let listener = TcpListener::bind(listen).await.map_err(unusable)?;
        Ok(Bound { address: listener.local_addr().map_err(unusable)?, listener })
    }

    /// Base URL of the API, as the official clients take it.
    pub fn base_url(&self) -> String {
        format!("http://{}/api", self.address)
    }

    /// Starts serving `store` here.
    pub async fn serve(self, store: Store, clock: Clock, mut options: RunOptions) -> Result<Sidecar, StoreError> {
        let Bound { address, listener } = self;
        options.notify.public_url.get_or_insert_with(|| format!("http://{address}"));
        let running = Running::start(store, clock, options).await?;
        let (stop, stopped) = oneshot::channel::<()>();
        let service = http::service(running.app.clone());
        let service = ServiceExt::<Request>::into_make_service_with_connect_info::<SocketAddr>(service);
        let server = tokio::spawn(async move {
            // Answers are small: waiting to fill a packet would only delay them.
            let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
            let drained = axum::serve(listener, service).with_graceful_shutdown(async {
                let _ = stopped.await;
            });
            if let Err(error) = drained.await {
                tracing::error!(%error, "the HTTP server ended");
            }
        });
        Ok(Sidecar { address, running, stop, server })
    }
}

impl Sidecar {
    /// Starts serving `store` at `listen`.
    pub async fn start(
        store: Store,
        clock: Clock,
        options: RunOptions,
        listen: SocketAddr,
    ) -> Result<Sidecar, StoreError> {
        Bound::at(listen).await?.serve(store, clock, options).await
    }

    pub fn app(&self) -> &Arc<App> {
        &self.running.app
    }

    /// Base URL of the API, as the official clients take it.
    pub fn base_url(&self) -> String {
        format!("http://{}/api", self.address)
    }

    /// Waits until all that is recorded is processed.
    pub async fn settle(&self) {
        self.running.settle().await;
    }

    /// Stops taking requests, answers those at hand, and closes the store.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        // Streams would stay open for as long as their readers do.
        self.running.app.bells.live.close();
        // A client that keeps its connection open does not hold the server up for long.
        let _ = tokio::time::timeout(std::time::Duration::from_secs(5), self.server).await;
        self.running.stop().await;
    }
}

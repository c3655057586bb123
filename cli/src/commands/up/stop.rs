//! Being asked to stop.

use anyhow::{Context, Result};

/// Ctrl-C and SIGTERM, listened to from the moment this exists: whoever has read the endpoint may ask at once,
/// and must not find a process that a signal simply kills.
pub(crate) struct StopSignals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl StopSignals {
    /// Starts to listen.
    #[cfg(unix)]
    pub(crate) fn listen() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).context("cannot listen to Ctrl-C")?,
            terminate: signal(SignalKind::terminate()).context("cannot listen to SIGTERM")?,
        })
    }

    /// Ready each time the process is asked to stop.
    #[cfg(unix)]
    pub(crate) async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Starts to listen with the first [`StopSignals::asked`].
    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
    pub(crate) fn listen() -> Result<Self> {
        Ok(Self {})
    }

    /// Ready each time the process is asked to stop.
    #[cfg(not(unix))]
    pub(crate) async fn asked(&mut self) {
        if let Err(error) = tokio::signal::ctrl_c()
            .await
            .context("cannot listen to Ctrl-C")
        {
            tracing::warn!(%error);
            std::future::pending::<()>().await;
        }
    }
}

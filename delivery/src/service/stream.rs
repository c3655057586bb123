//! One stream that runs: what the API knows of it, and the way to its worker.

use std::{
    future::Future,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use tokio::{
    sync::{mpsc, oneshot},
    task::AbortHandle,
};

use super::{configuration::Configuration, worker::Command};
use crate::{log::StreamLog, metrics::StreamMetrics, processing::Processing, quota::Quota};

/// A stream that runs.
#[derive(Debug)]
pub(crate) struct Stream {
    id: u32,
    configuration: RwLock<Configuration>,
    log: Arc<StreamLog>,
    metrics: Arc<StreamMetrics>,
    commands: mpsc::UnboundedSender<Command>,
    worker: AbortHandle,
    /// The task that reads its source, where it has one.
    reader: OnceLock<AbortHandle>,
    quota: Option<Quota>,
    takes_puts: bool,
}

impl Stream {
    pub(super) fn start<W: Future<Output = ()> + Send + 'static>(
        id: u32,
        configuration: Configuration,
        log: Arc<StreamLog>,
        metrics: Arc<StreamMetrics>,
        quota: Option<Quota>,
        worker: impl FnOnce(Arc<StreamLog>, Arc<StreamMetrics>, mpsc::UnboundedReceiver<Command>) -> W,
    ) -> Self {
        let (commands, inbox) = mpsc::unbounded_channel();
        let worker = tokio::spawn(worker(Arc::clone(&log), Arc::clone(&metrics), inbox));
        Self {
            id,
            takes_puts: configuration.kind() == "DirectPut",
            quota,
            reader: OnceLock::new(),
            configuration: RwLock::new(configuration),
            log,
            metrics,
            commands,
            worker: worker.abort_handle(),
        }
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    pub(crate) fn configuration(&self) -> Configuration {
        self.configuration
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether `Encrypted` is true in answers to puts.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.configuration
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .encryption
            .is_some()
    }

    pub(super) fn set_configuration(&self, configuration: Configuration) {
        *self
            .configuration
            .write()
            .unwrap_or_else(PoisonError::into_inner) = configuration;
    }

    pub(crate) fn log(&self) -> &Arc<StreamLog> {
        &self.log
    }

    /// Whether clients may put records.
    pub(crate) fn takes_puts(&self) -> bool {
        self.takes_puts
    }

    /// What it takes in a second, where that is limited.
    pub(crate) fn quota(&self) -> Option<&Quota> {
        self.quota.as_ref()
    }

    /// Says which task reads its source.
    pub(super) fn read_with(&self, reader: AbortHandle) {
        self.reader.get_or_init(|| reader);
    }

    /// Reads no more of its source.
    pub(super) fn stop_reading(&self) {
        if let Some(reader) = self.reader.get() {
            reader.abort();
        }
    }

    pub(super) fn shared_metrics(&self) -> Arc<StreamMetrics> {
        Arc::clone(&self.metrics)
    }

    pub(crate) fn metrics(&self) -> &StreamMetrics {
        &self.metrics
    }

    /// Writes what was put before, and waits until the lake has it.
    pub(super) async fn flush(&self) {
        let (reply, flushed) = oneshot::channel();
        if self.commands.send(Command::Flush(reply)).is_ok() {
            // An error means that the stream was deleted meanwhile.
            flushed.await.ok();
        }
    }

    /// Goes on with another definition.
    pub(super) async fn update(&self, processing: Processing) {
        let (reply, updated) = oneshot::channel();
        if self
            .commands
            .send(Command::Update { processing, reply })
            .is_ok()
        {
            updated.await.ok();
        }
    }

    /// Ends the worker, whatever it is at. What it had is still in the log.
    pub(super) fn abort(&self) {
        self.stop_reading();
        self.worker.abort();
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.abort();
    }
}

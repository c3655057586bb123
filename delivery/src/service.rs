//! Delivery streams as a service: made and changed while they run, durable before the answer.
//!
//! A [`Service`] owns the log, the streams and their pipelines. What it does is what the Firehose API does;
//! [`crate::Api`] puts the API's JSON around it, and [`crate::Server`] HTTP.

mod configuration;
mod describe;
mod error;
mod exposition;
mod reading;
mod running;
mod stream;
mod worker;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use futures::future::join_all;
use hydrant_lake::Lake;

pub(crate) use configuration::{Configuration, Encryption, arn, tags_of};
pub(crate) use describe::DESTINATION_ID;
pub use error::ServiceError;
pub(crate) use stream::Stream;

use crate::{
    Clock, GlueTables, Ids,
    definition::{DeliveryStream, LambdaProcessor},
    invocation::Transform,
    log::{Batch, Log, LogError, LogOptions},
    metrics::Calls,
    observer::Observer,
    pipeline::Pace,
    sources::{Checkpoints, Sources},
    writer::Names,
};

/// Finds the functions that streams name.
pub trait Functions: std::fmt::Debug + Send + Sync {
    /// What stands behind the Lambda processor of `stream`.
    ///
    /// # Errors
    ///
    /// Why there is none, for whoever defines the stream.
    fn find(
        &self,
        stream: &DeliveryStream,
        lambda: &LambdaProcessor,
    ) -> Result<Arc<dyn Transform>, String>;
}

/// How a service runs.
#[derive(Debug, Clone)]
pub struct ServiceOptions {
    /// The Region in ARNs.
    pub region: String,
    /// The account in ARNs: twelve digits.
    pub account: String,
    /// The log.
    pub log: LogOptions,
    /// How fast buffering intervals pass.
    pub pace: Pace,
    /// Memory that the buffers of one stream may take; above it those that were idle longest are written
    /// early.
    pub buffer_memory: usize,
    /// Batches and objects under way at once in each stream.
    pub parallelism: usize,
    /// How long an object is offered to a store that does not take it.
    pub retry_for: Duration,
    /// The directory for objects that the store did not take for so long.
    pub set_aside: PathBuf,
    /// Partitions that may be active at once in each stream.
    pub active_partitions: usize,
    /// The Glue tables that streams may convert their records to.
    pub tables: GlueTables,
    /// Whether direct puts are held to AWS's quotas: what is put beyond is answered `Slow down.`
    pub quotas: bool,
    /// Where ids come from.
    pub seed: u64,
}

/// What a service works with.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Where objects go: a stream's bucket is the root of it, whatever it is called.
    pub lake: Lake,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// The functions that streams name.
    pub functions: Arc<dyn Functions>,
    /// What streams read from.
    pub sources: Arc<dyn Sources>,
    /// Takes what happens.
    pub observer: Arc<dyn Observer>,
}

/// Delivery streams that run.
#[derive(Debug)]
pub struct Service {
    options: ServiceOptions,
    surroundings: Surroundings,
    log: Arc<tokio::sync::RwLock<Log>>,
    streams: RwLock<BTreeMap<String, Arc<Stream>>>,
    /// Held while streams are made or changed: one after the other.
    changes: tokio::sync::Mutex<u32>,
    ids: Mutex<Ids>,
    /// `ListDeliveryStreams`, which is about no stream.
    pub(crate) lists: Calls,
    /// Folders of the lake that are known to be on the disk.
    names: Names,
}

/// What was not delivered when a service stopped. It is in the log, and delivered when the service starts
/// again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undelivered {
    /// Records, by stream.
    pub records: BTreeMap<String, u64>,
}

impl Undelivered {
    /// Records of all streams.
    pub fn total(&self) -> u64 {
        self.records.values().sum()
    }
}

impl Service {
    /// Opens the log and starts the streams that are in it.
    ///
    /// # Errors
    ///
    /// [`ServiceError`] when the log cannot be opened, or a stream in it cannot be run.
    pub async fn start(
        options: ServiceOptions,
        surroundings: Surroundings,
    ) -> Result<Self, ServiceError> {
        let log_options = options.log.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let log = Log::open(log_options)?;
            let definitions = log.definitions()?;
            Ok::<_, LogError>((log, definitions))
        });
        let (log, definitions) = opened
            .await
            .map_err(|error| ServiceError::Damaged(error.to_string()))??;
        let service = Self {
            // Other names after each start, whatever the seed: an object must not replace one of before.
            ids: Mutex::new(Ids::from_seed(options.seed).nth(log.starts())),
            options,
            surroundings,
            log: Arc::new(tokio::sync::RwLock::new(log)),
            streams: RwLock::default(),
            changes: tokio::sync::Mutex::new(0),
            lists: Calls::default(),
            names: Names::default(),
        };
        let (definitions, mut checkpoints) = reading::told_apart(definitions)?;
        let mut last = 0;
        for (id, text) in definitions {
            let mut configuration: Configuration = serde_json::from_slice(&text)
                .map_err(|error| ServiceError::Damaged(error.to_string()))?;
            if configuration.remember(&service.options.tables) {
                let log = service.log.read().await;
                log.define(id, Some(configuration.to_text())).await?;
            }
            let stream = service.run(id, configuration).await?;
            let reached = checkpoints.remove(&id).unwrap_or_default();
            service.start_reading(&stream, reached).await;
            service.insert(stream);
            last = last.max(id);
        }
        *service.changes.lock().await = last;
        Ok(service)
    }

    /// How the service runs.
    pub fn options(&self) -> &ServiceOptions {
        &self.options
    }

    /// The names of all streams, in order.
    pub fn stream_names(&self) -> Vec<String> {
        self.read_streams().keys().cloned().collect()
    }

    /// Bytes that the records that wait for delivery take in the log.
    pub async fn log_bytes(&self) -> u64 {
        self.log.read().await.used()
    }

    /// Where its time comes from.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.surroundings.clock
    }

    pub(crate) fn stream(&self, name: &str) -> Option<Arc<Stream>> {
        self.read_streams().get(name).cloned()
    }

    pub(crate) fn all_streams(&self) -> Vec<Arc<Stream>> {
        self.read_streams().values().cloned().collect()
    }

    /// Makes a stream and starts it.
    pub(crate) async fn create(
        &self,
        mut configuration: Configuration,
    ) -> Result<(), ServiceError> {
        configuration.remember(&self.options.tables);
        let mut last = self.changes.lock().await;
        let name = configuration.name().to_owned();
        if self.stream(&name).is_some() {
            return Err(ServiceError::Exists { name });
        }
        // Refused before it is kept, or the service would not start again.
        self.processing(&configuration, Arc::default())?;
        self.check_source(&configuration).await?;
        let id = *last + 1;
        let log = self.log.read().await;
        log.define(id, Some(configuration.to_text())).await?;
        drop(log);
        *last = id;
        let stream = self.run(id, configuration).await?;
        self.start_reading(&stream, Checkpoints::default()).await;
        self.insert(stream);
        Ok(())
    }

    /// Gives a stream another configuration.
    pub(crate) async fn change<E: From<ServiceError>>(
        &self,
        stream: &Stream,
        change: impl FnOnce(&mut Configuration) -> Result<(), E>,
    ) -> Result<(), E> {
        let _changing = self.changes.lock().await;
        let mut configuration = stream.configuration();
        let version = configuration.version;
        change(&mut configuration)?;
        configuration.remember(&self.options.tables);
        let processing = self.processing(&configuration, stream.shared_metrics())?;
        let log = self.log.read().await;
        let kept = log.define(stream.id(), Some(configuration.to_text()));
        kept.await.map_err(ServiceError::from)?;
        drop(log);
        let updated = configuration.version != version;
        stream.set_configuration(configuration);
        if updated {
            stream.update(processing).await;
        }
        Ok(())
    }

    /// Deletes a stream and what waits in it.
    pub(crate) async fn delete(&self, stream: &Stream) -> Result<(), ServiceError> {
        let _changing = self.changes.lock().await;
        let name = stream.configuration().name().to_owned();
        stream.abort();
        let log = self.log.read().await;
        log.define(stream.id(), None).await?;
        log.define(reading::checkpoints_id(stream.id()), None)
            .await?;
        stream.log().discard();
        self.streams
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&name);
        Ok(())
    }

    /// Makes the stream that `input` describes, or gives the one of that name its configuration: what a stream
    /// in a file is for. Whether something was made or changed.
    ///
    /// # Errors
    ///
    /// [`ServiceError`] when the definition is refused, or the log is not written.
    pub async fn ensure(
        &self,
        input: hydrant_records::DeliveryStreamInput,
    ) -> Result<bool, ServiceError> {
        let now = self.surroundings.clock.now();
        let wanted = Configuration::new(input, now);
        let Some(stream) = self.stream(wanted.name()) else {
            self.create(wanted).await?;
            return Ok(true);
        };
        if stream.configuration().input == wanted.input {
            return Ok(false);
        }
        self.change::<ServiceError>(&stream, |configuration| {
            configuration.input = wanted.input;
            configuration.updated(now);
            Ok(())
        })
        .await?;
        Ok(true)
    }

    /// Appends the records of one put; the sequence number of the first.
    pub(crate) async fn append(&self, stream: &Stream, batch: Batch) -> Result<u64, LogError> {
        let log = self.log.read().await;
        log.append(stream.log(), batch).await
    }

    /// Writes what is buffered, in one stream or in all, and waits until the lake has it.
    pub async fn flush(&self, stream: Option<&str>) {
        let streams = self.all_streams().into_iter();
        let chosen: Vec<_> = streams
            .filter(|it| stream.is_none_or(|name| it.configuration().name() == name))
            .collect();
        join_all(chosen.iter().map(|stream| stream.flush())).await;
    }

    /// Stops: writes what is buffered, for as long as `deadline` allows. Nobody puts records any more.
    pub async fn stop(&self, deadline: Duration) -> Undelivered {
        let streams = self.all_streams();
        for stream in &streams {
            stream.stop_reading();
        }
        if !deadline.is_zero() {
            let flushed = join_all(streams.iter().map(|stream| stream.flush()));
            tokio::select! {
                _ = flushed => {}
                () = self.surroundings.clock.sleep(deadline) => {}
            }
        }
        for stream in &streams {
            stream.abort();
        }
        self.log.write().await.close().await;
        let left = streams.iter().map(|stream| {
            let name = stream.configuration().name().to_owned();
            (name, stream.log().undelivered())
        });
        Undelivered {
            records: left.filter(|(_, records)| *records > 0).collect(),
        }
    }

    fn insert(&self, stream: Stream) {
        self.streams
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(stream.configuration().name().to_owned(), Arc::new(stream));
    }

    fn read_streams(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, Arc<Stream>>> {
        self.streams.read().unwrap_or_else(PoisonError::into_inner)
    }
}

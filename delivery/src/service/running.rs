//! What makes a stream run: its definition checked, its function found, its pipeline put together.

use std::sync::{Arc, PoisonError};

use super::{Configuration, Service, ServiceError, Stream, worker::Worker};
use crate::{
    metrics::StreamMetrics,
    pipeline::{Bounds, Pipeline},
    processing::Processing,
    quota::{PerSecond, Quota},
    writer::{Persist, Policy, Writer},
};

impl Service {
    /// Checks a configuration and finds its function.
    pub(super) fn processing(
        &self,
        configuration: &Configuration,
        metrics: Arc<StreamMetrics>,
    ) -> Result<Processing, ServiceError> {
        let definition = configuration.definition(&self.options)?;
        let function = match &definition.lambda {
            None => None,
            Some(lambda) => {
                let found = self.surroundings.functions.find(&definition, lambda);
                Some(found.map_err(|reason| ServiceError::NoFunction {
                    stream: definition.name.clone(),
                    reason,
                })?)
            }
        };
        let clock = Arc::clone(&self.surroundings.clock);
        let stream = definition.name.clone();
        let processing = Processing::new(Arc::new(definition), function, clock, metrics);
        processing.map_err(|error| ServiceError::NoFunction {
            stream,
            reason: error.to_string(),
        })
    }

    /// What AWS lets a stream take in a second.
    pub(super) fn per_second(&self, configuration: &Configuration) -> PerSecond {
        PerSecond::of(&self.options.region, configuration.throughput_hint())
    }

    /// What a stream takes in a second, where that is limited.
    fn quota(&self, configuration: &Configuration) -> Option<Quota> {
        let most = self.per_second(configuration);
        self.options
            .quotas
            .then(|| Quota::new(most, self.clock().now()))
    }

    pub(super) async fn run(
        &self,
        id: u32,
        configuration: Configuration,
    ) -> Result<Stream, ServiceError> {
        let metrics = Arc::<StreamMetrics>::default();
        let processing = self.processing(&configuration, Arc::clone(&metrics))?;
        let log = self.log.read().await.stream(id)?;
        let ids = self
            .ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fork();
        let policy = Policy::Persist(Persist {
            stream: configuration.name().to_owned(),
            clock: Arc::clone(&self.surroundings.clock),
            observer: Arc::clone(&self.surroundings.observer),
            metrics: Arc::clone(&metrics),
            retry_for: self.options.retry_for,
            set_aside: self.options.set_aside.clone(),
            names: self.names.clone(),
        });
        let parallelism = self.options.parallelism.max(1);
        let bounds = Bounds {
            buffer_memory: self.options.buffer_memory,
            parallelism,
            active_partitions: Some(self.options.active_partitions),
            pace: self.options.pace,
        };
        let writer = Writer::new(self.surroundings.lake.clone(), parallelism, policy);
        let pipeline = Pipeline::new(processing, ids, bounds, writer);
        let clock = Arc::clone(&self.surroundings.clock);
        let quota = self.quota(&configuration);
        Ok(Stream::start(
            id,
            configuration,
            log,
            metrics,
            quota,
            |log, metrics, inbox| Worker::new(pipeline, log, metrics, inbox, clock).run(),
        ))
    }
}

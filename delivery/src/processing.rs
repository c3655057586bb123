//! What becomes of one batch: function, then partition keys, in Firehose's order.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use hydrant_partitioner::{ConfinementPolicy, KeyQuery, Partition, PartitionKeys};
use hydrant_records::{TransformEvent, TransformRecord, error_code, json};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    clock::Clock,
    definition::DeliveryStream,
    engine::DeliveryError,
    failure::Failure,
    invocation::{self, Transform, Transformed},
    log::Receipt,
};

/// One record on its way.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) id: RecordId,
    pub(crate) arrival: Timestamp,
    pub(crate) data: Bytes,
    /// Its claim on the log, where there is one.
    pub(crate) receipt: Option<Receipt>,
}

/// What a record is called in the answer to its put, and in the event of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordId {
    pub(crate) sequence: u64,
    /// Which one it is of a record that was split.
    pub(crate) part: Option<u32>,
}

/// A number of 56 digits, as AWS's are; six more count sub-records.
impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:056}", self.sequence)?;
        match self.part {
            Some(part) => write!(f, "{part:06}"),
            None => Ok(()),
        }
    }
}

/// Where one record goes.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Into the buffer of this partition.
    Deliver { partition: Partition, data: Bytes },
    /// Nowhere, on purpose.
    Dropped,
    /// To the error output.
    Failed(Failure),
}

/// A batch and one outcome for each of its records, in order.
#[derive(Debug)]
pub(crate) struct Processed {
    pub(crate) items: Vec<Item>,
    pub(crate) outcomes: Vec<Outcome>,
}

/// The processors of one stream; shared by the batches that are on their way.
#[derive(Debug)]
pub(crate) struct Processing {
    pub(crate) stream: Arc<DeliveryStream>,
    pub(crate) function: Option<Arc<dyn Transform>>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Processing {
    /// The processors of `stream`; `function` is what its Lambda processor names.
    pub(crate) fn new(
        stream: Arc<DeliveryStream>,
        function: Option<Arc<dyn Transform>>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, DeliveryError> {
        if let (Some(lambda), None) = (&stream.lambda, &function) {
            return Err(DeliveryError::NoFunction {
                arn: lambda.arn.clone(),
            });
        }
        Ok(Self {
            stream,
            function,
            clock,
        })
    }

    /// Runs one batch.
    pub(crate) async fn process(&self, items: Vec<Item>, invocation: Uuid) -> Processed {
        let transformed = self.transform(&items, invocation).await;
        let mut keys = KeyBuffers::default();
        let outcomes = transformed
            .into_iter()
            .map(|transformed| match transformed {
                Transformed::Ok { data, keys: lambda } => {
                    keys.lambda.clear();
                    lambda
                        .iter()
                        .for_each(|(name, value)| keys.lambda.insert(name, value));
                    match self.partition(&data, &mut keys) {
                        Ok(partition) => Outcome::Deliver { partition, data },
                        Err(failure) => Outcome::Failed(failure),
                    }
                }
                Transformed::Dropped => Outcome::Dropped,
                Transformed::Failed(failure) => Outcome::Failed(failure),
            })
            .collect();
        Processed { items, outcomes }
    }

    async fn transform(&self, items: &[Item], invocation: Uuid) -> Vec<Transformed> {
        let (Some(function), Some(processor)) = (&self.function, &self.stream.lambda) else {
            let untouched = |item: &Item| Transformed::Ok {
                data: item.data.clone(),
                keys: indexmap::IndexMap::new(),
            };
            return items.iter().map(untouched).collect();
        };
        let records = items.iter().map(|item| TransformRecord {
            record_id: item.id.to_string(),
            approximate_arrival_timestamp: item.arrival.as_millisecond(),
            data: item.data.clone(),
        });
        let event = TransformEvent {
            invocation_id: invocation.to_string(),
            delivery_stream_arn: self.stream.arn.clone(),
            source_kinesis_stream_arn: None,
            region: self.stream.region.clone(),
            records: records.collect(),
        };
        invocation::transform(function, processor, event, self.clock.as_ref()).await
    }

    fn partition(&self, data: &[u8], keys: &mut KeyBuffers) -> Result<Partition, Failure> {
        if let Some(query) = &self.stream.key_query {
            keys.query(query, data)?;
        }
        self.stream
            .prefix
            .partition(&keys.query, &keys.lambda, ConfinementPolicy::Fail)
            .map_err(|error| failed_key(&error))
    }
}

/// Reused from record to record.
#[derive(Debug, Default)]
struct KeyBuffers {
    query: PartitionKeys,
    lambda: PartitionKeys,
    other: PartitionKeys,
}

impl KeyBuffers {
    /// Evaluates `query` on every JSON value of a record: a function may return several lines, and one record
    /// has one place to go.
    fn query(&mut self, query: &KeyQuery, data: &[u8]) -> Result<(), Failure> {
        self.query.clear();
        let mut values = json::values(data);
        let first = values
            .next()
            .ok_or_else(|| failed_keys("the record is empty".to_owned()))?;
        let first =
            first.map_err(|error| failed_keys(format!("the record is not JSON: {error}")))?;
        query
            .evaluate(&data[first], &mut self.query)
            .map_err(|error| failed_key(&error))?;
        for value in values {
            let value =
                value.map_err(|error| failed_keys(format!("the record is not JSON: {error}")))?;
            self.other.clear();
            query
                .evaluate(&data[value], &mut self.other)
                .map_err(|error| failed_key(&error))?;
            if self.other != self.query {
                return Err(failed_keys(
                    "the record holds several JSON objects whose partition keys differ".to_owned(),
                ));
            }
        }
        Ok(())
    }
}

fn failed_key(error: &hydrant_partitioner::KeyError) -> Failure {
    Failure::of_partitioning(error.code(), error.message())
}

fn failed_keys(message: String) -> Failure {
    Failure::of_partitioning(error_code::METADATA_EXTRACTION_FAILED, message)
}

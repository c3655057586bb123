//! What becomes of one batch: function, then partition keys, in Firehose's order.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use hydrant_partitioner::{ConfinementPolicy, Partition, PartitionKeys};
use hydrant_records::{TransformEvent, TransformRecord};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    Clock,
    definition::DeliveryStream,
    engine::DeliveryError,
    failure::Failure,
    invocation::{self, Transform, Transformed},
    log::Receipt,
    metrics::StreamMetrics,
    sources::KinesisOrigin,
};

/// One record on its way.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) id: RecordId,
    pub(crate) arrival: Timestamp,
    pub(crate) data: Bytes,
    /// What was put, where `data` is only what was unpacked from it.
    pub(crate) source: Option<Bytes>,
    /// Where it was read, for a record of a Kinesis data stream.
    pub(crate) origin: Option<Arc<KinesisOrigin>>,
    /// Its claim on the log, where there is one.
    pub(crate) receipt: Option<Receipt>,
}

impl Item {
    /// The bytes that an error record repeats: what could be put once more. Of records that were compressed,
    /// those (developer guide, "Troubleshoot decompression").
    pub(crate) fn source(&self) -> &Bytes {
        self.source.as_ref().unwrap_or(&self.data)
    }

    /// What a function knows the record by.
    fn record_id(&self) -> String {
        match &self.origin {
            Some(origin) => {
                let part = self.id.part.unwrap_or(0);
                format!("{}{part:06}", origin.sequence_number)
            }
            None => self.id.to_string(),
        }
    }

    /// The number of what was put, without that of its part.
    pub(crate) fn sequence_number(&self) -> String {
        match &self.origin {
            Some(origin) => origin.sequence_number.clone(),
            None => RecordId {
                part: None,
                ..self.id
            }
            .to_string(),
        }
    }
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
        f.write_str(self.digits(&mut [0; Self::DIGITS]))
    }
}

impl RecordId {
    /// The most digits.
    pub(crate) const DIGITS: usize = 62;

    /// Its digits, written into `room`: every record that is put is answered with them.
    pub(crate) fn digits(self, room: &mut [u8; Self::DIGITS]) -> &str {
        let (sequence, part) = room.split_at_mut(56);
        write_digits(sequence, self.sequence);
        let length = match self.part {
            Some(number) => {
                write_digits(part, number.into());
                Self::DIGITS
            }
            None => 56,
        };
        // Digits are ASCII.
        str::from_utf8(&room[..length]).unwrap_or_default()
    }
}

/// The last digits of `number`, with zeros in front.
fn write_digits(room: &mut [u8], mut number: u64) {
    room.fill(b'0');
    for digit in room.iter_mut().rev() {
        if number == 0 {
            break;
        }
        // Below ten.
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
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
    items: Vec<Item>,
    outcomes: Vec<Outcome>,
    /// What was processed for.
    stream: Arc<DeliveryStream>,
}

/// The processors of one stream; shared by the batches that are on their way.
#[derive(Debug)]
pub(crate) struct Processing {
    pub(crate) stream: Arc<DeliveryStream>,
    pub(crate) function: Option<Arc<dyn Transform>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Arc<StreamMetrics>,
}

impl Processing {
    /// The processors of `stream`; `function` is what its Lambda processor names.
    pub(crate) fn new(
        stream: Arc<DeliveryStream>,
        function: Option<Arc<dyn Transform>>,
        clock: Arc<dyn Clock>,
        metrics: Arc<StreamMetrics>,
    ) -> Result<Self, DeliveryError> {
        if let (Some(lambda), None) = (&stream.lambda, &function) {
            return Err(DeliveryError::NoFunction {
                arn: lambda.arn.clone(),
            });
        }
        if stream.converts && stream.conversion.is_none() {
            return Err(DeliveryError::NoTables);
        }
        Ok(Self {
            stream,
            function,
            clock,
            metrics,
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
                        Ok(partition) => self.converted(partition, data),
                        Err(failure) => Outcome::Failed(failure),
                    }
                }
                Transformed::Dropped => Outcome::Dropped,
                Transformed::Failed(failure) => Outcome::Failed(failure),
            })
            .collect();
        Processed {
            items,
            outcomes,
            stream: Arc::clone(&self.stream),
        }
    }

    /// A record that has its place, if it becomes rows where the stream wants rows.
    fn converted(&self, partition: Partition, data: Bytes) -> Outcome {
        let Some(conversion) = &self.stream.conversion else {
            return Outcome::Deliver { partition, data };
        };
        match conversion.check(&data) {
            Ok(()) => {
                self.metrics.converted.add(&data);
                Outcome::Deliver { partition, data }
            }
            Err(refusal) => {
                self.metrics.not_converted.add(&data);
                Outcome::Failed(Failure::of_conversion(refusal))
            }
        }
    }

    /// What came of a batch. One that was processed before the stream was changed may have rows that the new
    /// table does not take.
    pub(crate) fn current(
        &self,
        processed: Processed,
    ) -> impl Iterator<Item = (Item, Outcome)> + use<> {
        let Processed {
            items,
            mut outcomes,
            stream,
        } = processed;
        if !Arc::ptr_eq(&stream, &self.stream) {
            outcomes = outcomes
                .into_iter()
                .map(|outcome| match outcome {
                    Outcome::Deliver { partition, data } => self.converted(partition, data),
                    other => other,
                })
                .collect();
        }
        items.into_iter().zip(outcomes)
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
            record_id: item.record_id(),
            approximate_arrival_timestamp: item.arrival.as_millisecond(),
            data: item.data.clone(),
            kinesis_record_metadata: item
                .origin
                .as_ref()
                .map(|origin| origin.metadata(item.id.part)),
        });
        let event = TransformEvent {
            invocation_id: invocation.to_string(),
            delivery_stream_arn: self.stream.arn.clone(),
            source_kinesis_stream_arn: self.stream.source.kinesis_stream_arn().map(str::to_owned),
            region: self.stream.region.clone(),
            records: records.collect(),
        };
        let clock = self.clock.as_ref();
        let transformed =
            invocation::transform(function, processor, event, clock, &self.metrics).await;
        for (item, transformed) in items.iter().zip(&transformed) {
            if !matches!(transformed, Transformed::Failed(_)) {
                self.metrics.processed.add(&item.data);
            }
        }
        transformed
    }

    fn partition(&self, data: &[u8], keys: &mut KeyBuffers) -> Result<Partition, Failure> {
        if let Some(query) = &self.stream.key_query {
            let began = self.clock.now();
            let evaluated = query.evaluate_all(data, &mut keys.query);
            self.metrics.queried(self.clock.now().duration_since(began));
            evaluated.map_err(|error| failed_key(&error))?;
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
}

fn failed_key(error: &hydrant_partitioner::KeyError) -> Failure {
    Failure::of_partitioning(error.code(), error.message())
}

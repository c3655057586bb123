//! The engine: batches in flight, buffers, objects, and the account of it all.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use hydrant_lake::Lake;
use hydrant_partitioner::{Evaluation, ObjectName, Partition};
use hydrant_records::limits::MAX_RECORD_BYTES;
use jiff::Timestamp;
use tokio::task::JoinHandle;

use crate::{
    account::Account,
    buffer::{Buffer, Buffers, Hints},
    clock::Clock,
    definition::DeliveryStream,
    failure::Failure,
    ids::Ids,
    invocation::Transform,
    object,
    processing::{Item, Outcome, Processed, Processing},
    writer::{Object, WriteError, Writer, Written},
};

/// What a run needs besides the stream.
#[derive(Debug)]
pub struct Settings {
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where names come from.
    pub ids: Ids,
    /// Bytes that may wait in buffers; above it the buffers that were idle longest are written early. A file
    /// runs through a stream faster than any buffer interval, and its partitions must not all stay in memory.
    pub buffer_memory: usize,
    /// Batches and objects under way at once.
    pub parallelism: usize,
}

/// Records on their way through one delivery stream into one lake.
///
/// [`put`](Self::put) takes records, [`finish`](Self::finish) writes what is buffered. Records of a partition
/// keep their order.
#[derive(Debug)]
pub struct Delivery {
    processing: Arc<Processing>,
    ids: Ids,
    buffer_memory: usize,
    parallelism: usize,
    next_record: u64,
    batch: Vec<Item>,
    batch_bytes: usize,
    in_flight: VecDeque<JoinHandle<Processed>>,
    buffers: Buffers<Partition>,
    error_buffers: Buffers<&'static str>,
    writer: Writer,
    account: Account,
    failed: Vec<WriteError>,
}

/// Where a buffer goes.
enum Destination<'a> {
    /// Below the prefix.
    Partition(&'a Partition),
    /// Below the error output prefix, for this `error-output-type`.
    Errors(&'static str),
}

/// Bytes in a batch of a stream without a function; such a batch is only a unit of work.
const BATCH_BYTES: usize = 1 << 20;

impl Delivery {
    /// Opens `stream` over `lake`. `function` is what its Lambda processor names.
    ///
    /// # Errors
    ///
    /// [`DeliveryError::NoFunction`] when the stream has a Lambda processor and `function` is `None`.
    pub fn new(
        stream: DeliveryStream,
        lake: Lake,
        function: Option<Arc<dyn Transform>>,
        settings: Settings,
    ) -> Result<Self, DeliveryError> {
        if let (Some(lambda), None) = (&stream.lambda, &function) {
            return Err(DeliveryError::NoFunction {
                arn: lambda.arn.clone(),
            });
        }
        let hints = Hints {
            bytes: stream.buffer_bytes,
            interval: stream.buffer_interval,
        };
        let Settings {
            clock,
            ids,
            buffer_memory,
            parallelism,
        } = settings;
        Ok(Self {
            processing: Arc::new(Processing {
                stream: Arc::new(stream),
                function,
                clock,
            }),
            ids,
            buffer_memory,
            parallelism: parallelism.max(1),
            next_record: 0,
            batch: Vec::new(),
            batch_bytes: 0,
            in_flight: VecDeque::new(),
            buffers: Buffers::new(hints),
            error_buffers: Buffers::new(hints),
            writer: Writer::new(lake, parallelism),
            account: Account::default(),
            failed: Vec::new(),
        })
    }

    /// The account so far.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Puts one record.
    ///
    /// # Errors
    ///
    /// [`DeliveryError::TooLarge`] for a record that `PutRecord` would refuse: nothing else is affected, and
    /// the next record can be put. [`DeliveryError::Write`] once an object could not be written.
    pub async fn put(&mut self, record: Bytes) -> Result<(), DeliveryError> {
        if record.len() > MAX_RECORD_BYTES {
            return Err(DeliveryError::TooLarge {
                bytes: record.len(),
            });
        }
        let stream = Arc::clone(&self.processing.stream);
        self.account.put += 1;
        self.account.put_bytes += record.len() as u64;
        let arrival = self.processing.clock.now();
        let sequence = self.next_record;
        self.next_record += 1;
        match &stream.deaggregation {
            None => {
                self.accept(format!("{sequence:056}"), arrival, record)
                    .await?;
            }
            Some(deaggregation) => {
                let mut parts = Vec::new();
                deaggregation.split(&record, |part| parts.push(part));
                for (index, part) in parts.into_iter().enumerate() {
                    self.accept(format!("{sequence:056}{index:06}"), arrival, part)
                        .await?;
                }
            }
        }
        Ok(())
    }

    /// Writes everything that is buffered and closes the stream.
    ///
    /// # Errors
    ///
    /// [`DeliveryError::Write`] when objects could not be written; it holds the account all the same.
    pub async fn finish(mut self) -> Result<Account, DeliveryError> {
        self.dispatch().await?;
        while let Some(task) = self.in_flight.pop_front() {
            self.settle(task).await?;
        }
        for (partition, buffer) in self.buffers.drain() {
            self.write(Destination::Partition(&partition), buffer)
                .await?;
        }
        for (output_type, buffer) in self.error_buffers.drain() {
            self.write(Destination::Errors(output_type), buffer).await?;
        }
        while let Some(ended) = self.writer.next().await {
            self.tally(ended);
        }
        self.account.peak_active_partitions = self.buffers.peak();
        if self.failed.is_empty() {
            Ok(self.account)
        } else {
            Err(self.give_up())
        }
    }

    async fn accept(
        &mut self,
        id: String,
        arrival: Timestamp,
        data: Bytes,
    ) -> Result<(), DeliveryError> {
        let limit = self
            .processing
            .stream
            .lambda
            .as_ref()
            .map_or(BATCH_BYTES, |it| it.buffer_bytes);
        if self.batch_bytes + data.len() > limit && !self.batch.is_empty() {
            self.dispatch().await?;
        }
        self.account.accepted += 1;
        self.batch_bytes += data.len();
        self.batch.push(Item { id, arrival, data });
        Ok(())
    }

    /// Sends the batch on its way, and takes back the oldest one when enough are under way.
    async fn dispatch(&mut self) -> Result<(), DeliveryError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let items = std::mem::take(&mut self.batch);
        self.batch.reserve(items.len());
        self.batch_bytes = 0;
        let processing = Arc::clone(&self.processing);
        let invocation = self.ids.uuid();
        self.in_flight.push_back(tokio::spawn(async move {
            processing.process(items, invocation).await
        }));
        if self.in_flight.len() > self.parallelism
            && let Some(oldest) = self.in_flight.pop_front()
        {
            self.settle(oldest).await?;
        }
        Ok(())
    }

    /// Buffers a batch that came back. Batches come back in the order in which they left.
    async fn settle(&mut self, task: JoinHandle<Processed>) -> Result<(), DeliveryError> {
        let Processed { items, outcomes } = task.await.map_err(DeliveryError::Panicked)?;
        let now = self.processing.clock.now();
        let delimiter: &[u8] = if self.processing.stream.append_delimiter {
            b"\n"
        } else {
            b""
        };
        for (item, outcome) in items.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Deliver { partition, data } => {
                    let full =
                        self.buffers
                            .append(partition, &[&data, delimiter], item.arrival, now);
                    if let Some((partition, buffer)) = full {
                        self.write(Destination::Partition(&partition), buffer)
                            .await?;
                    }
                }
                Outcome::Dropped => self.account.dropped += 1,
                Outcome::Failed(failure) => self.refuse(item, failure, now).await?,
            }
        }
        let mut leaving = self.buffers.take_due(now);
        leaving.extend(self.buffers.shed(self.buffer_memory));
        for (partition, buffer) in leaving {
            self.write(Destination::Partition(&partition), buffer)
                .await?;
        }
        for (output_type, buffer) in self.error_buffers.take_due(now) {
            self.write(Destination::Errors(output_type), buffer).await?;
        }
        self.account.peak_active_partitions = self.buffers.peak();
        Ok(())
    }

    async fn refuse(
        &mut self,
        item: Item,
        failure: Failure,
        now: Timestamp,
    ) -> Result<(), DeliveryError> {
        let output_type = failure.output_type;
        *self
            .account
            .refused
            .entry(failure.code.clone().into_owned())
            .or_default() += 1;
        let arn = self
            .processing
            .stream
            .lambda
            .as_ref()
            .map(|lambda| lambda.arn.as_str());
        let record = failure.error_record(item.data, item.arrival, now, arn);
        // An error record is strings and numbers, which always serialise.
        let line = serde_json::to_vec(&record).unwrap_or_default();
        let full = self
            .error_buffers
            .append(output_type, &[&line, b"\n"], item.arrival, now);
        match full {
            Some((output_type, buffer)) => {
                self.write(Destination::Errors(output_type), buffer).await
            }
            None => Ok(()),
        }
    }

    /// Sends a buffer on its way as one object.
    async fn write(
        &mut self,
        destination: Destination<'_>,
        buffer: Buffer,
    ) -> Result<(), DeliveryError> {
        let stream = Arc::clone(&self.processing.stream);
        let Buffer {
            data,
            records,
            oldest,
            ..
        } = buffer;
        let mut evaluation = Evaluation {
            instant: oldest,
            zone: &stream.zone,
            random: &mut || self.ids.random_string(),
        };
        let (prefix, extension, compression, is_error) = match destination {
            Destination::Partition(partition) => {
                let prefix = stream.prefix.evaluate(partition, &mut evaluation);
                (prefix, stream.extension.as_str(), stream.compression, false)
            }
            Destination::Errors(output_type) => {
                let prefix = stream
                    .error_output_prefix
                    .evaluate(output_type, &mut evaluation);
                (
                    prefix,
                    object::ERROR_EXTENSION,
                    object::ERROR_COMPRESSION,
                    true,
                )
            }
        };
        let prefix = prefix.map_err(DeliveryError::Prefix)?;
        let id = self.ids.uuid();
        let name = ObjectName::new(
            &stream.name,
            stream.version,
            oldest,
            &stream.zone,
            id,
            extension,
        );
        let key = name.format(&prefix);
        self.writer
            .submit(Object {
                key,
                data,
                records,
                compression,
                is_error,
            })
            .await;
        while let Some(ended) = self.writer.ended() {
            self.tally(ended);
        }
        // With one object refused by the store there is no point in offering it the rest.
        if self.failed.is_empty() {
            Ok(())
        } else {
            Err(self.give_up())
        }
    }

    fn tally(&mut self, ended: Result<Written, WriteError>) {
        match ended {
            Ok(written) if written.is_error => self.account.error_objects += 1,
            Ok(written) => {
                self.account.objects += 1;
                self.account.delivered += written.records;
                self.account.delivered_bytes += written.bytes;
                self.account.lines += written.lines;
                self.account.object_bytes += written.object_bytes;
            }
            Err(error) => self.failed.push(error),
        }
    }

    fn give_up(&mut self) -> DeliveryError {
        DeliveryError::Write {
            account: Box::new(self.account.clone()),
            first: self.failed.remove(0),
            others: std::mem::take(&mut self.failed),
        }
    }
}

/// Why a record, or a run, did not go through.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeliveryError {
    /// The record is larger than `PutRecord` takes.
    #[error("a record of {bytes} bytes: PutRecord takes at most {MAX_RECORD_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The stream names a function, and none was given.
    #[error("the stream's Lambda processor names {arn}, and no function was given for it")]
    NoFunction {
        /// The function's ARN.
        arn: String,
    },
    /// A prefix could not be evaluated.
    #[error("the prefix cannot be evaluated")]
    Prefix(#[source] hydrant_partitioner::EvaluateError),
    /// A store refused objects; what was delivered until then is in the account.
    #[error("the lake did not take {} object(s)", others.len() + 1)]
    Write {
        /// The account when the run stopped.
        account: Box<Account>,
        /// The first object refused.
        #[source]
        first: WriteError,
        /// Those after it.
        others: Vec<WriteError>,
    },
    /// A function in this process panicked.
    #[error("a batch was not processed: the function panicked")]
    Panicked(#[source] tokio::task::JoinError),
}

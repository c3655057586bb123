//! The road through a stream, the same for a file and for a service: batches to the processors, buffers by
//! partition, objects to the store.
//!
//! Nothing here waits by itself. Whoever drives a [`Pipeline`] puts records while it is not
//! [crowded](Pipeline::is_crowded), and lets it go on with [`Pipeline::settle_oldest`] and
//! [`Pipeline::progress`].

mod object_of;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;

use crate::{
    account::Account,
    buffer::{Buffers, Hints, Moment},
    definition::DeliveryStream,
    engine::DeliveryError,
    failure::Failure,
    ids::Ids,
    log::{Receipt, Receipts},
    processing::{Item, Outcome, Processed, Processing, RecordId},
    writer::{Object, WriteError, Writer, Written},
};
use hydrant_partitioner::Partition;

/// What bounds a pipeline.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    /// Memory of buffers; above it those that were idle longest are written early.
    pub(crate) buffer_memory: usize,
    /// Batches under way at once.
    pub(crate) parallelism: usize,
    /// Partitions that may be active at once; records of others go to the error output.
    pub(crate) active_partitions: Option<usize>,
    pub(crate) pace: Pace,
}

/// How fast time passes for buffers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Seconds of an interval that pass in one second.
    pub scale: f64,
    /// The longest that anything is buffered, whatever the stream says.
    pub longest: Option<Duration>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            scale: 1.0,
            longest: None,
        }
    }
}

impl Pace {
    /// How long `interval` is at this pace.
    fn of(self, interval: Duration) -> Duration {
        let scaled = Duration::try_from_secs_f64(interval.as_secs_f64() / self.scale);
        let scaled = scaled.unwrap_or(interval);
        self.longest.map_or(scaled, |longest| scaled.min(longest))
    }
}

/// A record as it was put.
#[derive(Debug)]
pub(crate) struct Put {
    pub(crate) sequence: u64,
    pub(crate) arrival: Timestamp,
    pub(crate) data: Bytes,
    pub(crate) receipt: Option<Receipt>,
}

/// Bytes in a batch of a stream without a function; such a batch is only a unit of work.
const BATCH_BYTES: usize = 1 << 20;

/// Most bytes in the event of an invocation. A little less than Lambda takes (Lambda quotas), which is what
/// AWS's own blueprints plan with.
const EVENT_BYTES: usize = 6_000_000;

/// What a record takes in an event besides its data: its id, its time, their names.
const EVENT_RECORD_BYTES: usize = 160;

/// Records on their way.
#[derive(Debug)]
pub(crate) struct Pipeline {
    processing: Arc<Processing>,
    ids: Ids,
    bounds: Bounds,
    batch: Vec<Item>,
    batch_bytes: usize,
    event_bytes: usize,
    batch_opened: Timestamp,
    in_flight: VecDeque<JoinHandle<Processed>>,
    buffers: Buffers<Partition>,
    error_buffers: Buffers<&'static str>,
    /// Objects that wait until the writer has room.
    outbox: VecDeque<Object>,
    writer: Writer,
    account: Account,
    failed: Vec<WriteError>,
}

impl Pipeline {
    pub(crate) fn new(processing: Processing, ids: Ids, bounds: Bounds, writer: Writer) -> Self {
        let hints = hints(&processing.stream, bounds.pace);
        let now = processing.clock.now();
        Self {
            processing: Arc::new(processing),
            ids,
            bounds,
            batch: Vec::new(),
            batch_bytes: 0,
            event_bytes: 0,
            batch_opened: now,
            in_flight: VecDeque::new(),
            buffers: Buffers::new(hints),
            error_buffers: Buffers::new(hints),
            outbox: VecDeque::new(),
            writer,
            account: Account::default(),
            failed: Vec::new(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.processing.clock.now()
    }

    /// The account so far.
    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// Partitions that have records in a buffer.
    pub(crate) fn active_partitions(&self) -> usize {
        self.buffers.len()
    }

    /// Bytes in buffers.
    pub(crate) fn buffered_bytes(&self) -> usize {
        self.buffers.bytes() + self.error_buffers.bytes()
    }

    /// Objects that the store did not take; they are told once.
    pub(crate) fn take_failed(&mut self) -> Vec<WriteError> {
        std::mem::take(&mut self.failed)
    }

    /// Whether so much is under way that records should wait.
    pub(crate) fn is_crowded(&self) -> bool {
        self.in_flight.len() > self.bounds.parallelism || !self.outbox.is_empty()
    }

    /// Whether more batches are under way than may be.
    pub(crate) fn is_over(&self) -> bool {
        self.in_flight.len() > self.bounds.parallelism
    }

    /// Whether no batch is under way or gathering.
    pub(crate) fn is_processed(&self) -> bool {
        self.in_flight.is_empty() && self.batch.is_empty()
    }

    /// Whether nothing is on its way at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.is_processed()
            && self.outbox.is_empty()
            && self.writer.under_way() == 0
            && self.buffers.len() == 0
            && self.error_buffers.len() == 0
    }

    /// Takes a record in.
    pub(crate) fn put(&mut self, put: Put) {
        let stream = Arc::clone(&self.processing.stream);
        self.account.put += 1;
        self.account.put_bytes += put.data.len() as u64;
        let Put {
            sequence,
            arrival,
            data,
            receipt,
        } = put;
        let item = |part, data, receipt| Item {
            id: RecordId { sequence, part },
            arrival,
            data,
            receipt,
        };
        let Some(deaggregation) = &stream.deaggregation else {
            self.accept(item(None, data, receipt));
            return;
        };
        let mut parts = Vec::new();
        deaggregation.split(&data, |part| parts.push(part));
        let receipt = receipt.map(|receipt| match parts.len() {
            1 => receipt,
            // At most 500.
            count => receipt.split(u32::try_from(count).unwrap_or(u32::MAX)),
        });
        for (index, part) in (0..).zip(parts) {
            self.accept(item(Some(index), part, receipt.clone()));
        }
    }

    fn accept(&mut self, item: Item) {
        let lambda = self.processing.stream.lambda.as_ref();
        let limit = lambda.map_or(BATCH_BYTES, |it| it.buffer_bytes);
        let event_bytes = item.data.len().div_ceil(3) * 4 + EVENT_RECORD_BYTES;
        let full = self.batch_bytes + item.data.len() > limit
            || (lambda.is_some() && self.event_bytes + event_bytes > EVENT_BYTES);
        if full && !self.batch.is_empty() {
            self.dispatch();
        }
        if self.batch.is_empty() {
            self.batch_opened = self.now();
        }
        self.account.accepted += 1;
        self.batch_bytes += item.data.len();
        self.event_bytes += event_bytes;
        self.batch.push(item);
    }

    /// Sends the batch on its way.
    pub(crate) fn dispatch(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let items = std::mem::take(&mut self.batch);
        self.batch.reserve(items.len());
        self.batch_bytes = 0;
        self.event_bytes = 0;
        let processing = Arc::clone(&self.processing);
        let invocation = self.ids.uuid();
        self.in_flight.push_back(tokio::spawn(async move {
            processing.process(items, invocation).await
        }));
    }

    /// Waits for the batch that left first, and buffers what came of it.
    pub(crate) async fn settle_oldest(&mut self) -> Result<(), DeliveryError> {
        // Left in its place until it has ended, so that nothing is lost when this future is dropped.
        let Some(oldest) = self.in_flight.front_mut() else {
            return Ok(());
        };
        let processed = oldest.await.map_err(DeliveryError::Panicked);
        self.in_flight.pop_front();
        self.absorb(processed?)
    }

    /// Waits until a batch or an object is done, and takes note of it; for ever, where nothing is under way.
    /// Nothing is lost when the future is dropped.
    pub(crate) async fn progress(&mut self) -> Result<(), DeliveryError> {
        let processed = tokio::select! {
            Some(ended) = self.writer.next() => {
                self.tally(ended);
                return Ok(());
            }
            Some(processed) = async {
                match self.in_flight.front_mut() {
                    Some(oldest) => Some(oldest.await),
                    None => None,
                }
            } => processed,
            else => return std::future::pending().await,
        };
        self.in_flight.pop_front();
        self.absorb(processed.map_err(DeliveryError::Panicked)?)
    }

    /// Buffers a batch that came back. Batches come back in the order in which they left.
    fn absorb(&mut self, Processed { items, outcomes }: Processed) -> Result<(), DeliveryError> {
        let now = self.now();
        let delimiter: &[u8] = if self.processing.stream.append_delimiter {
            b"\n"
        } else {
            b""
        };
        for (mut item, outcome) in items.into_iter().zip(outcomes) {
            let moment = Moment {
                arrival: item.arrival,
                now,
            };
            match outcome {
                Outcome::Deliver { partition, .. } if !self.has_room_for(&partition) => {
                    self.refuse(item, Failure::of_too_many_partitions(), moment)?;
                }
                Outcome::Deliver { partition, data } => {
                    let receipt = item.receipt.take();
                    let parts: [&[u8]; 2] = [&data, delimiter];
                    let full = self.buffers.append(partition, &parts, moment, receipt);
                    if let Some((partition, buffer)) = full {
                        self.write(&partition, buffer)?;
                    }
                }
                Outcome::Dropped => {
                    self.account.dropped += 1;
                    complete(item.receipt.take());
                }
                Outcome::Failed(failure) => self.refuse(item, failure, moment)?,
            }
        }
        self.account.peak_active_partitions = self.buffers.peak();
        self.write_due(now)
    }

    fn has_room_for(&self, partition: &Partition) -> bool {
        self.bounds
            .active_partitions
            .is_none_or(|most| self.buffers.len() < most || self.buffers.contains(partition))
    }

    fn refuse(
        &mut self,
        mut item: Item,
        failure: Failure,
        moment: Moment,
    ) -> Result<(), DeliveryError> {
        let output_type = failure.output_type;
        *self
            .account
            .refused
            .entry(failure.code.clone().into_owned())
            .or_default() += 1;
        let lambda = self.processing.stream.lambda.as_ref();
        let arn = lambda.map(|lambda| lambda.arn.as_str());
        let receipt = item.receipt.take();
        let record = failure.error_record(item.data, item.arrival, moment.now, arn);
        // An error record is strings and numbers, which always serialise.
        let line = serde_json::to_vec(&record).unwrap_or_default();
        let full = self
            .error_buffers
            .append(output_type, &[&line, b"\n"], moment, receipt);
        match full {
            Some((output_type, buffer)) => self.write_errors(output_type, buffer),
            None => Ok(()),
        }
    }

    /// Sends on what has waited for its interval, and what must make room.
    pub(crate) fn write_due(&mut self, now: Timestamp) -> Result<(), DeliveryError> {
        let mut leaving = self.buffers.take_due(now);
        leaving.extend(self.buffers.shed(self.bounds.buffer_memory));
        for (partition, buffer) in leaving {
            self.write(&partition, buffer)?;
        }
        for (output_type, buffer) in self.error_buffers.take_due(now) {
            self.write_errors(output_type, buffer)?;
        }
        if self.batch_due().is_some_and(|due| due <= now) {
            self.dispatch();
        }
        Ok(())
    }

    /// Sends on everything that is buffered.
    pub(crate) fn write_all(&mut self) -> Result<(), DeliveryError> {
        for (partition, buffer) in self.buffers.drain() {
            self.write(&partition, buffer)?;
        }
        for (output_type, buffer) in self.error_buffers.drain() {
            self.write_errors(output_type, buffer)?;
        }
        Ok(())
    }

    /// When the batch has waited long enough to be sent, as full as it is.
    fn batch_due(&self) -> Option<Timestamp> {
        let lambda = self.processing.stream.lambda.as_ref();
        let interval = lambda.map_or(Duration::ZERO, |it| it.buffer_interval);
        let interval = SignedDuration::try_from(self.bounds.pace.of(interval)).ok()?;
        let opened = (!self.batch.is_empty()).then_some(self.batch_opened)?;
        opened.checked_add(interval).ok()
    }

    /// When something has waited long enough.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        [
            self.batch_due(),
            self.buffers.next_due(),
            self.error_buffers.next_due(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Begins to write objects while the writer has room for them.
    pub(crate) fn pump(&mut self) {
        while !self.writer.is_full()
            && let Some(object) = self.outbox.pop_front()
        {
            self.writer.submit(object);
        }
        while let Some(ended) = self.writer.ended() {
            self.tally(ended);
        }
    }

    /// Waits until every object is with the writer.
    pub(crate) async fn pump_all(&mut self) {
        self.pump();
        while !self.outbox.is_empty() {
            if let Some(ended) = self.writer.next().await {
                self.tally(ended);
            }
            self.pump();
        }
    }

    /// Waits until nothing is being written.
    pub(crate) async fn written(&mut self) {
        self.pump_all().await;
        while let Some(ended) = self.writer.next().await {
            self.tally(ended);
        }
    }

    /// Goes on with another definition. What is buffered leaves under the one that it was buffered for.
    pub(crate) fn update(&mut self, processing: Processing) -> Result<(), DeliveryError> {
        self.write_all()?;
        let hints = hints(&processing.stream, self.bounds.pace);
        self.buffers.set_hints(hints);
        self.error_buffers.set_hints(hints);
        self.processing = Arc::new(processing);
        Ok(())
    }

    fn tally(&mut self, ended: Result<Written, WriteError>) {
        match ended {
            Ok(written) => {
                if written.is_error {
                    self.account.error_objects += 1;
                } else {
                    self.account.objects += 1;
                    self.account.delivered += written.records;
                    self.account.delivered_bytes += written.bytes;
                    self.account.lines += written.lines;
                    self.account.object_bytes += written.object_bytes;
                }
                written.receipts.complete();
            }
            Err(error) => self.failed.push(error),
        }
    }
}

/// The log may forget a record that went nowhere on purpose.
fn complete(receipt: Option<Receipt>) {
    let mut receipts = Receipts::default();
    if let Some(receipt) = receipt {
        receipts.push(receipt);
    }
    receipts.complete();
}

fn hints(stream: &DeliveryStream, pace: Pace) -> Hints {
    Hints {
        bytes: stream.buffer_bytes,
        interval: pace.of(stream.buffer_interval),
    }
}

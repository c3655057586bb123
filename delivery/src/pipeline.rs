//! The road through a stream, the same for a file and for a service: batches to the processors, buffers by
//! partition, objects to the store.
//!
//! Nothing here waits by itself. Whoever drives a [`Pipeline`] puts records while it is not
//! [crowded](Pipeline::is_crowded), and lets it go on with [`Pipeline::settle_oldest`] and
//! [`Pipeline::progress`].

mod intake;
mod leaving;
mod object_of;
mod pace;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use hydrant_partitioner::Partition;
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;

use crate::{
    Ids,
    account::Account,
    buffer::{Buffers, Hints, Moment},
    definition::DeliveryStream,
    engine::DeliveryError,
    failure::Failure,
    log::{Receipt, Receipts},
    metrics::DeliveryNumbers,
    processing::{Item, Outcome, Processed, Processing},
    writer::{Object, WriteError, Writer},
};

pub(crate) use intake::Put;
pub(crate) use pace::Bounds;
pub use pace::Pace;

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
    /// Records as they came, where the stream has a source backup.
    backup_buffer: Buffers<()>,
    /// Objects that wait until the writer has room.
    outbox: VecDeque<Object>,
    writer: Writer,
    account: Account,
    /// Whether records were refused because as many partitions were active as may be.
    exceeded: bool,
    failed: Vec<WriteError>,
}

impl Pipeline {
    pub(crate) fn new(processing: Processing, ids: Ids, bounds: Bounds, writer: Writer) -> Self {
        let hints = Hints::of(&processing.stream, bounds.pace);
        let backup_hints = Hints::of_backup(&processing.stream, bounds.pace);
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
            backup_buffer: Buffers::new(backup_hints),
            outbox: VecDeque::new(),
            writer,
            account: Account::default(),
            exceeded: false,
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

    /// What the stream's metrics say of it.
    pub(crate) fn numbers(&self) -> DeliveryNumbers {
        let most = self.bounds.active_partitions;
        let is_at_the_limit = most.is_some_and(|most| self.buffers.len() >= most);
        DeliveryNumbers {
            account: self.account.clone(),
            active_partitions: self.buffers.len(),
            partitions_exceeded: self.exceeded && is_at_the_limit,
            partition_throughput: self.buffers.throughput(self.now()),
            buffered_bytes: self.buffers.bytes()
                + self.error_buffers.bytes()
                + self.backup_buffer.bytes(),
        }
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
            && self.backup_buffer.len() == 0
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
    fn absorb(&mut self, processed: Processed) -> Result<(), DeliveryError> {
        let now = self.now();
        let delimiter: &[u8] = if self.processing.stream.append_delimiter {
            b"\n"
        } else {
            b""
        };
        self.exceeded = false;
        for (mut item, outcome) in self.processing.current(processed) {
            let moment = Moment {
                arrival: item.arrival,
                now,
            };
            match outcome {
                Outcome::Deliver { partition, .. } if !self.has_room_for(&partition) => {
                    self.exceeded = true;
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
            self.backup_buffer.next_due(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Goes on with another definition. What is buffered leaves under the one that it was buffered for.
    pub(crate) fn update(&mut self, processing: Processing) -> Result<(), DeliveryError> {
        self.write_all()?;
        let hints = Hints::of(&processing.stream, self.bounds.pace);
        self.buffers.set_hints(hints);
        self.error_buffers.set_hints(hints);
        let backup_hints = Hints::of_backup(&processing.stream, self.bounds.pace);
        self.backup_buffer.set_hints(backup_hints);
        self.processing = Arc::new(processing);
        Ok(())
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

impl Hints {
    /// When a buffer of `stream` is written.
    fn of(stream: &DeliveryStream, pace: Pace) -> Self {
        Self {
            bytes: stream.buffer_bytes,
            interval: pace.of(stream.buffer_interval),
        }
    }

    /// When its source backup is; of a stream that has none, nothing is ever in that buffer.
    fn of_backup(stream: &DeliveryStream, pace: Pace) -> Self {
        match &stream.backup {
            Some(backup) => Self {
                bytes: backup.buffer_bytes,
                interval: pace.of(backup.buffer_interval),
            },
            None => Self::of(stream, pace),
        }
    }
}

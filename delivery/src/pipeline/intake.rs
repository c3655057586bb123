//! The beginning of the road: what was put becomes records, and records become batches.

use std::sync::Arc;

use bytes::Bytes;
use hydrant_partitioner::{ConfinementPolicy, PartitionKeys};
use jiff::Timestamp;

use super::{Pipeline, complete};
use crate::{
    buffer::{Moment, Run},
    deaggregation::kpl,
    engine::DeliveryError,
    failure::Failure,
    log::Receipt,
    processing::{Item, RecordId},
    sources::KinesisOrigin,
};

/// A record as it was put.
#[derive(Debug)]
pub(crate) struct Put {
    pub(crate) sequence: u64,
    pub(crate) arrival: Timestamp,
    pub(crate) data: Bytes,
    /// Where it was read, for a record of a Kinesis data stream.
    pub(crate) origin: Option<Arc<KinesisOrigin>>,
    pub(crate) receipt: Option<Receipt>,
}

/// Bytes in a batch of a stream without a function; such a batch is only a unit of work.
const BATCH_BYTES: usize = 1 << 20;

/// Most bytes in the event of an invocation. A little less than Lambda takes (Lambda quotas), which is what
/// AWS's own blueprints plan with.
const EVENT_BYTES: usize = 6_000_000;

/// What a record takes in an event besides its data: its id, its time, their names.
const EVENT_RECORD_BYTES: usize = 160;

/// The same of a record of a Kinesis data stream, whose metadata goes with it.
const EVENT_KINESIS_BYTES: usize = 640;

impl Pipeline {
    /// Takes a record out of the log. Of a stream that reads from Kinesis, it has its origin in front.
    pub(crate) fn put_logged(
        &mut self,
        sequence: u64,
        arrival: Timestamp,
        data: Bytes,
        receipt: Receipt,
    ) -> Result<(), DeliveryError> {
        let source = &self.processing.stream.source;
        let taken = match source.kinesis_stream_arn() {
            Some(_) => KinesisOrigin::unpack(&data),
            None => None,
        };
        let receipt = Some(receipt);
        self.put(match taken {
            Some((origin, data)) => Put {
                sequence,
                arrival: origin.arrival,
                data,
                origin: Some(Arc::new(origin)),
                receipt,
            },
            None => Put {
                sequence,
                arrival,
                data,
                origin: None,
                receipt,
            },
        })
    }

    /// Takes the records of one put in together, where nothing is done with any of them: whether it did.
    ///
    /// # Errors
    ///
    /// As [`Self::put`].
    pub(crate) fn put_run(
        &mut self,
        arrival: Timestamp,
        run: Run<'_>,
    ) -> Result<bool, DeliveryError> {
        let stream = &self.processing.stream;
        if !stream.delivers_untouched() || !self.is_processed() {
            return Ok(false);
        }
        let none = PartitionKeys::default();
        let partition = stream
            .prefix
            .partition(&none, &none, ConfinementPolicy::Fail);
        let Ok(partition) = partition else {
            return Ok(false);
        };
        let now = self.now();
        let count = run.lengths.len() as u64;
        self.account.put += count;
        self.account.put_bytes += run.data.len() as u64;
        self.account.accepted += count;
        let moment = Moment { arrival, now };
        for (partition, buffer) in self.buffers.append_run(&partition, run, moment) {
            self.write(&partition, buffer)?;
        }
        self.account.peak_active_partitions = self.buffers.peak();
        self.write_due(now)?;
        Ok(true)
    }

    /// Takes a record in.
    pub(crate) fn put(&mut self, put: Put) -> Result<(), DeliveryError> {
        let stream = Arc::clone(&self.processing.stream);
        self.account.put += 1;
        self.account.put_bytes += put.data.len() as u64;
        let Put {
            sequence,
            arrival,
            data,
            origin,
            receipt,
        } = put;
        let unpacked = stream.logs.map(|logs| logs.unpack(&data));
        let mut parts = Vec::new();
        match &unpacked {
            // A record that did not unpack goes on as it is: to the error output.
            Some(Err(_)) => parts.push(data.clone()),
            Some(Ok(text)) => self.split(text, origin.is_some(), &mut parts),
            None => self.split(&data, origin.is_some(), &mut parts),
        }
        let is_split = parts.len() != 1 || stream.deaggregation.is_some();
        let backups = usize::from(stream.backup.is_some());
        let receipt = receipt.map(|receipt| match parts.len() + backups {
            1 => receipt,
            // At most a few thousand.
            count => receipt.split(u32::try_from(count).unwrap_or(u32::MAX)),
        });
        if stream.backup.is_some() {
            self.back_up(&data, arrival, receipt.clone())?;
        } else if parts.is_empty() {
            complete(receipt.clone());
        }
        let source = unpacked.is_some().then_some(data);
        let item = |index: u32, data| Item {
            id: RecordId {
                sequence,
                part: is_split.then_some(index),
            },
            arrival,
            data,
            source: source.clone(),
            origin: origin.clone(),
            receipt: receipt.clone(),
        };
        if let Some(Err(failure)) = unpacked {
            for part in parts {
                self.reject(item(0, part), failure.clone())?;
            }
            return Ok(());
        }
        for (index, part) in (0..).zip(parts) {
            self.accept(item(index, part));
        }
        Ok(())
    }

    /// Takes apart what a producer put together: records of the Kinesis Producer Library first, of a Kinesis
    /// data stream only, then what the stream's processor says.
    fn split(&self, data: &Bytes, from_kinesis: bool, parts: &mut Vec<Bytes>) {
        let deaggregation = self.processing.stream.deaggregation.as_ref();
        let mut each = |part: Bytes| match deaggregation {
            Some(deaggregation) => deaggregation.split(&part, |part| parts.push(part)),
            None => parts.push(part),
        };
        match from_kinesis.then(|| kpl::records(data)).flatten() {
            Some(records) => records.into_iter().for_each(each),
            None => each(data.clone()),
        }
    }

    /// Counts a record and sends it to the error output.
    fn reject(&mut self, item: Item, failure: Failure) -> Result<(), DeliveryError> {
        self.account.accepted += 1;
        let moment = Moment {
            arrival: item.arrival,
            now: self.now(),
        };
        self.refuse(item, failure, moment)
    }

    fn accept(&mut self, item: Item) {
        let lambda = self.processing.stream.lambda.as_ref();
        let limit = lambda.map_or(BATCH_BYTES, |it| it.buffer_bytes);
        let around = match &item.origin {
            Some(origin) => EVENT_KINESIS_BYTES + origin.partition_key.len(),
            None => EVENT_RECORD_BYTES,
        };
        let event_bytes = item.data.len().div_ceil(3) * 4 + around;
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
}

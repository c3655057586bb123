//! What a stream counts while it runs.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use hydrant_endpoint::Counter;
use jiff::{SignedDuration, Timestamp};

use crate::account::Account;

/// Calls of one operation.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    pub(crate) requests: Counter,
    pub(crate) bytes: Counter,
    pub(crate) records: Counter,
    /// Sum of their durations.
    pub(crate) milliseconds: Counter,
}

impl Calls {
    /// Counts one call that took until `now`.
    pub(crate) fn took(&self, started: Timestamp, now: Timestamp) {
        self.requests.add(1);
        self.milliseconds
            .add(whole(now.duration_since(started).as_millis()));
    }
}

/// Something that was tried, and how often it went well.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    pub(crate) good: Counter,
    pub(crate) bad: Counter,
}

/// Records, and bytes of them.
#[derive(Debug, Default)]
pub(crate) struct Amount {
    pub(crate) records: Counter,
    pub(crate) bytes: Counter,
}

impl Amount {
    /// Counts one record.
    pub(crate) fn add(&self, record: &[u8]) {
        self.records.add(1);
        self.bytes.add(record.len() as u64);
    }
}

/// The numbers of one stream. Their names in [`crate::Service::metrics`] are CloudWatch's.
#[derive(Debug, Default)]
pub(crate) struct StreamMetrics {
    pub(crate) incoming: Amount,
    pub(crate) throttled_records: Counter,
    pub(crate) put_record: Calls,
    pub(crate) put_record_batch: Calls,
    pub(crate) describe: Calls,
    pub(crate) update: Calls,
    pub(crate) failed_writes: Counter,
    /// Objects offered to the store.
    pub(crate) deliveries: Tries,
    pub(crate) backups: Tries,
    /// Invocations of the function.
    pub(crate) invocations: Tries,
    pub(crate) invocation_milliseconds: Counter,
    pub(crate) processed: Amount,
    /// Time that the query for partition keys took.
    pub(crate) query_microseconds: Counter,
    pub(crate) converted: Amount,
    pub(crate) not_converted: Amount,
    pub(crate) kinesis: Amount,
    pub(crate) throttled_get_records: Counter,
    pub(crate) throttled_get_shard_iterator: Counter,
    pub(crate) throttled_describe_stream: Counter,
    kinesis_behind_ms: AtomicU64,
    delivery: Mutex<DeliveryNumbers>,
}

/// What the stream's pipeline last said of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeliveryNumbers {
    pub(crate) account: Account,
    pub(crate) active_partitions: usize,
    /// Whether records were refused because there were too many of them, and there still are.
    pub(crate) partitions_exceeded: bool,
    /// Bytes a second that an open partition gets, on average.
    pub(crate) partition_throughput: u64,
    pub(crate) buffered_bytes: usize,
}

impl StreamMetrics {
    /// Counts the time that a query took.
    pub(crate) fn queried(&self, took: SignedDuration) {
        self.query_microseconds.add(whole(took.as_micros()));
    }

    /// Counts an invocation of the function.
    pub(crate) fn invoked(&self, took: SignedDuration, went_well: bool) {
        let tries = &self.invocations;
        if went_well { &tries.good } else { &tries.bad }.add(1);
        self.invocation_milliseconds.add(whole(took.as_millis()));
    }

    pub(crate) fn set_kinesis_behind_ms(&self, behind_ms: u64) {
        self.kinesis_behind_ms.store(behind_ms, Ordering::Relaxed);
    }

    pub(crate) fn kinesis_behind_ms(&self) -> u64 {
        self.kinesis_behind_ms.load(Ordering::Relaxed)
    }

    pub(crate) fn set_delivery(&self, numbers: DeliveryNumbers) {
        *self.delivery.lock().unwrap_or_else(PoisonError::into_inner) = numbers;
    }

    pub(crate) fn delivery(&self) -> DeliveryNumbers {
        self.delivery
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// A clock that was set back gives nothing.
fn whole<N: TryInto<u64>>(number: N) -> u64 {
    number.try_into().unwrap_or(0)
}

//! What a stream counts while it runs.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use hydrant_endpoint::Counter;

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

/// The numbers of one stream. Their names in [`crate::Service::metrics`] are CloudWatch's.
#[derive(Debug, Default)]
pub(crate) struct StreamMetrics {
    pub(crate) incoming_records: Counter,
    pub(crate) incoming_bytes: Counter,
    pub(crate) throttled_records: Counter,
    pub(crate) put_record: Calls,
    pub(crate) put_record_batch: Calls,
    pub(crate) failed_writes: Counter,
    pub(crate) kinesis_records: Counter,
    pub(crate) kinesis_bytes: Counter,
    kinesis_behind_ms: AtomicU64,
    delivery: Mutex<DeliveryNumbers>,
}

/// What the stream's pipeline last said of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeliveryNumbers {
    pub(crate) account: Account,
    pub(crate) active_partitions: usize,
    pub(crate) buffered_bytes: usize,
}

impl StreamMetrics {
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

//! What a stream counts while it runs.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use crate::account::Account;

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, number: u64) {
        self.0.fetch_add(number, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

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

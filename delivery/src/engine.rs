//! A run of records from a file: put, finish, and the account of it all.

use std::sync::Arc;

use bytes::Bytes;
use hydrant_lake::Lake;
use hydrant_records::limits::MAX_RECORD_BYTES;

use crate::{
    Clock, Ids,
    account::Account,
    definition::DeliveryStream,
    invocation::Transform,
    pipeline::{Bounds, Pace, Pipeline, Put},
    processing::Processing,
    writer::{Policy, WriteError, Writer},
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
/// keep their order. A record that was put is in memory: for one that must outlive this process there is the
/// [`Service`](crate::Service).
#[derive(Debug)]
pub struct Delivery {
    pipeline: Pipeline,
    next_record: u64,
}

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
        let Settings {
            clock,
            ids,
            buffer_memory,
            parallelism,
        } = settings;
        let processing = Processing::new(Arc::new(stream), function, clock, Arc::default())?;
        let bounds = Bounds {
            buffer_memory,
            parallelism: parallelism.max(1),
            active_partitions: None,
            pace: Pace::default(),
        };
        let writer = Writer::new(lake, parallelism, Policy::Report);
        Ok(Self {
            pipeline: Pipeline::new(processing, ids, bounds, writer),
            next_record: 0,
        })
    }

    /// The account so far.
    pub fn account(&self) -> &Account {
        self.pipeline.account()
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
        let sequence = self.next_record;
        self.next_record += 1;
        self.pipeline.put(Put {
            sequence,
            arrival: self.pipeline.now(),
            data: record,
            origin: None,
            receipt: None,
        })?;
        while self.pipeline.is_over() {
            self.pipeline.settle_oldest().await?;
            self.pipeline.pump_all().await;
            self.check()?;
        }
        Ok(())
    }

    /// Writes everything that is buffered and closes the stream.
    ///
    /// # Errors
    ///
    /// [`DeliveryError::Write`] when objects could not be written; it holds the account all the same.
    pub async fn finish(mut self) -> Result<Account, DeliveryError> {
        self.pipeline.dispatch();
        while !self.pipeline.is_processed() {
            self.pipeline.settle_oldest().await?;
            self.pipeline.pump_all().await;
            self.check()?;
        }
        self.pipeline.write_all()?;
        self.pipeline.written().await;
        self.check()?;
        Ok(self.pipeline.account().clone())
    }

    /// With one object refused by the store there is no point in offering it the rest.
    fn check(&mut self) -> Result<(), DeliveryError> {
        let mut failed = self.pipeline.take_failed();
        if failed.is_empty() {
            return Ok(());
        }
        Err(DeliveryError::Write {
            account: Box::new(self.pipeline.account().clone()),
            first: failed.remove(0),
            others: failed,
        })
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
    /// The stream converts its records, and was read without tables.
    #[error("the stream converts its records, and no Glue tables were given for it")]
    NoTables,
    /// A prefix could not be evaluated.
    #[error("the prefix cannot be evaluated")]
    Prefix(#[source] hydrant_partitioner::EvaluateError),
    /// The prefix of the source backup could not be evaluated.
    #[error("the prefix of the source backup cannot be evaluated: {0}")]
    Backup(String),
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

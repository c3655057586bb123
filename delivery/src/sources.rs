//! Where records come from when no client puts them: Kinesis data streams (developer guide, "Writing with
//! Kinesis Data Streams").

mod checkpoints;
mod kinesis;
mod origin;
mod reader;

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;

pub use kinesis::AwsSources;

pub(crate) use checkpoints::Checkpoints;
pub(crate) use origin::KinesisOrigin;
pub(crate) use reader::{Desk, Reader};

/// Finds what streams read from.
#[async_trait]
pub trait Sources: Debug + Send + Sync {
    /// The Kinesis data stream with this ARN. It need not exist yet, nor be reachable.
    async fn kinesis(&self, stream_arn: &str) -> Arc<dyn KinesisStream>;
}

/// A Kinesis data stream, as a reader sees it (Kinesis API reference).
#[async_trait]
pub trait KinesisStream: Debug + Send + Sync {
    /// Its shards, those included that are closed and still hold records.
    ///
    /// # Errors
    ///
    /// [`SourceError`].
    async fn shards(&self) -> Result<Vec<Shard>, SourceError>;

    /// An iterator over a shard.
    ///
    /// # Errors
    ///
    /// [`SourceError`].
    async fn iterator(&self, shard_id: &str, from: &From) -> Result<String, SourceError>;

    /// The next records of a shard.
    ///
    /// # Errors
    ///
    /// [`SourceError`].
    async fn records(&self, iterator: &str) -> Result<Page, SourceError>;
}

/// A shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Such as `shardId-000000000000`.
    pub id: String,
    /// The shard that was split, or those that were merged, to make it. They are read before it.
    pub parents: Vec<String>,
}

/// Where to begin to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// With the records that Kinesis took at this instant, and later ones.
    Instant(Timestamp),
    /// With the record after this sequence number.
    After(String),
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// In the order of the shard.
    pub records: Vec<SourceRecord>,
    /// The iterator of the next page; `None` at the end of a shard that is closed.
    pub next: Option<String>,
    /// How far the reader is behind, in milliseconds.
    pub behind_ms: u64,
}

/// A record of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRecord {
    /// Its number in the shard: a decimal number.
    pub sequence_number: String,
    /// The key that chose the shard.
    pub partition_key: String,
    /// When Kinesis took it.
    pub arrival: Timestamp,
    /// Its bytes.
    pub data: Bytes,
}

/// Why nothing was read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The iterator is too old; another one is needed.
    #[error("the shard iterator expired")]
    Expired,
    /// The stream was asked too often.
    #[error("the stream was read too often: {0}")]
    Throttled(String),
    /// Anything else, such as a stream that there is not.
    #[error("{0}")]
    Other(String),
}

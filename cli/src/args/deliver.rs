//! What `hydrant deliver` takes.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::{InputArgs, TableArgs, TransformerArgs};

/// Run records through a delivery stream into a lake, without a server
///
/// Does what Firehose does with each record: de-aggregation, transform, partition keys, one buffer for each
/// evaluated prefix, compression, objects named as AWS names them, and an error object for what was refused.
/// The function that the stream's Lambda processor names is Hydrant's transformer, in this process.
///
/// A file runs through faster than any buffering interval, so buffers are written when they are full, when
/// --buffer-memory is, and at the end.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hydrant deliver --stream examples/stream.json --to lake events.ndjson
  hydrant deliver --stream examples/stream.json --to s3://bucket/lake events.ndjson.gz")]
pub(crate) struct DeliverArgs {
    /// The stream: what `aws firehose create-delivery-stream --cli-input-json` takes
    #[arg(long, value_name = "S.json")]
    pub(crate) stream: PathBuf,

    /// The lake: a directory, file://… or s3://bucket/prefix
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,

    #[command(flatten)]
    pub(crate) input: InputArgs,

    /// Bytes that may wait in buffers, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    pub(crate) buffer_memory: usize,

    /// Let every record arrive at this instant instead of now: prefixes and object names follow from it
    #[arg(long, value_name = "INSTANT")]
    pub(crate) at: Option<Timestamp>,

    /// Name objects from this seed instead of at random; with --at, the same input gives the same lake
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,

    /// Print the account as JSON on standard output
    #[arg(long)]
    pub(crate) json: bool,

    /// Exit with status 1 when a record was refused
    #[arg(long)]
    pub(crate) strict: bool,

    #[command(flatten)]
    pub(crate) tables: TableArgs,

    #[command(flatten)]
    pub(crate) transformer: TransformerArgs,
}

//! What `hydrant transform` takes, and the settings of the transformer.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hydrant_partitioner::OnMissing;
use hydrant_transformer::ClientIdFrom;

use super::InputArgs;

/// Transform records as the Lambda does: events in, lines out
///
/// Moves the client's id from the envelope (`clientId`, or `resources[0]`) to `detail.clientId` and ends each
/// record with one newline, on one line; everything else stays as it is, byte for byte. A record that cannot
/// be transformed is named on standard error, with its line and the reason, and the rest goes on.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hydrant generate --malformed 1 | hydrant transform --failed refused.ndjson > lines.ndjson
  hydrant transform events.ndjson more.ndjson.gz -o lines.ndjson
  hydrant transform recorded.ndjson --compare lambda/transform.py")]
pub(crate) struct TransformArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,

    /// Write the lines to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Write the original bytes of refused records here, each with a newline behind it
    #[arg(long, value_name = "FILE")]
    pub(crate) failed: Option<PathBuf>,

    /// Exit with status 1 when a record was refused
    #[arg(long)]
    pub(crate) strict: bool,

    #[command(flatten)]
    pub(crate) transformer: TransformerArgs,

    #[command(flatten)]
    pub(crate) compare: CompareArgs,
}

/// Another function, to compare with.
#[derive(Debug, Args)]
#[command(next_help_heading = "Compare")]
pub(crate) struct CompareArgs {
    /// Ask another transform function too and say, record by record, where its answer differs from ours; status
    /// 1 when one does. A Python or Node handler (transform.py, transform.py:my_handler, index.mjs), or a
    /// command that speaks the Lambda Runtime API. A file may also hold events from a function's log, which
    /// both are then asked as they are
    #[arg(long = "compare", value_name = "CMD", conflicts_with_all = ["output", "failed", "strict"])]
    pub(crate) command: Option<String>,

    /// How to write the comparison
    #[arg(long, value_enum, default_value_t = CompareFormat::Text, requires = "command")]
    pub(crate) format: CompareFormat,

    /// How many records of each kind of difference to show
    #[arg(long, value_name = "N", default_value_t = 3, requires = "command")]
    pub(crate) show: u64,

    /// Take records for the same whose JSON is, however it is spelled
    #[arg(long, requires = "command")]
    pub(crate) same_document: bool,
}

/// The form of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompareFormat {
    /// For people
    Text,
    /// One object
    Json,
}

/// Settings of the transformer, by the names that the Lambda function reads.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Transformer")]
pub(crate) struct TransformerArgs {
    /// Where the client's id comes from: clientId, `resources[0]`, or both in this order
    #[arg(
        long,
        value_name = "WHERE",
        env = "CLIENT_ID_FROM",
        default_value = "clientId,resources[0]"
    )]
    pub(crate) client_id_from: ClientIdFrom,

    /// Refuse records without a client id
    #[arg(long, env = "REQUIRE_CLIENT_ID", value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) require_client_id: bool,

    /// Partition keys to compute, such as eventType=.detail.eventType,day=.time|utc("dd"). Where a stream's
    /// Prefix asks its function for eventType, schemaVersion, clientId, year, month, day, hour or date, these
    /// are worked out by themselves
    #[arg(
        long,
        visible_alias = "keys",
        value_name = "EXPR",
        env = "PARTITION_KEYS"
    )]
    pub(crate) partition_keys: Option<String>,

    /// What a key is that is null, missing or empty: fail (the record is refused, as on AWS), a default value
    /// for every key, or key=value entries
    #[arg(long, value_name = "VALUE", env = "ON_MISSING")]
    pub(crate) on_missing: Option<OnMissing>,
}

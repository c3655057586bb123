//! What `hydrant partition` takes.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use hydrant_partitioner::ConfinementPolicy;
use jiff::Timestamp;

use super::{InputArgs, TransformerArgs};

/// Show the partition keys of records, and the prefix they lead to
///
/// With --stream, what the stream would do with each record: de-aggregation, the transformer where the
/// stream has a Lambda processor, the keys, the evaluated Prefix; or the reason why the record goes to the
/// error output, with AWS's code. With --keys alone, the keys of the records as they are.
///
/// Nothing is written anywhere: this is for finding out before a stream is deployed.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("keys_of").args(["stream", "partition_keys"]).required(true).multiple(true)))]
#[command(after_help = "Examples:
  hydrant partition --stream examples/stream.json events.ndjson
  hydrant partition --stream examples/stream.json --summary events.ndjson.gz
  hydrant partition --keys 'type=.detail.eventType,day=.time|utc(\"yyyy-MM-dd\")' events.ndjson
  hydrant partition --keys 'tenant=.tenant' --on-missing unknown \\
    --prefix 'tenant=!{partitionKeyFromLambda:tenant}/' events.ndjson")]
pub(crate) struct PartitionArgs {
    /// The stream: what `aws firehose create-delivery-stream --cli-input-json` takes
    #[arg(long, value_name = "S.json")]
    pub(crate) stream: Option<PathBuf>,

    /// The Prefix that the keys of --keys go into, from whichever namespace it takes them
    #[arg(long, value_name = "PREFIX", conflicts_with = "stream")]
    pub(crate) prefix: Option<String>,

    #[command(flatten)]
    pub(crate) input: InputArgs,

    /// Count the records of each partition instead of listing them
    #[arg(long)]
    pub(crate) summary: bool,

    /// How to write the answer
    #[arg(long, value_enum, default_value_t = PartitionFormat::Table)]
    pub(crate) format: PartitionFormat,

    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Let every record arrive at this instant instead of now: !{timestamp:…} follows from it
    #[arg(long, value_name = "INSTANT")]
    pub(crate) at: Option<Timestamp>,

    /// What to do with a value that leads out of its folder (`..`, a leading slash, control characters):
    /// fail, or encode
    #[arg(long, value_name = "HOW", env = "CONFINEMENT", default_value_t = ConfinementPolicy::Fail)]
    pub(crate) confinement: ConfinementPolicy,

    /// Exit with status 1 when a record was refused
    #[arg(long)]
    pub(crate) strict: bool,

    #[command(flatten)]
    pub(crate) transformer: TransformerArgs,
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PartitionFormat {
    /// For people
    Table,
    /// Comma-separated, with a header
    Csv,
    /// One array of objects
    Json,
    /// One object a line
    Ndjson,
}

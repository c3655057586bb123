//! What can be typed. No I/O happens here; doc comments are the help.

#![expect(clippy::doc_markdown, reason = "the help is no Markdown")]

use std::{path::PathBuf, time::Duration};

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use hydrant_generator::Percentage;
use hydrant_transformer::ClientIdFrom;
use jiff::{SignedDuration, Timestamp};

/// Client events in, SQL answers out: Amazon Data Firehose pipelines on your own machine.
#[derive(Debug, Parser)]
#[command(
    name = "hydrant",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(
    after_help = "Results go to standard output, everything else to standard error. \
    Exit status: 0 done, 1 the work failed, 2 wrong usage.\nNew here? Run `hydrant demo`."
)]
pub(crate) struct Cli {
    /// Say nothing on standard error but errors
    #[arg(short, long, global = true, display_order = 1000)]
    pub(crate) quiet: bool,

    /// Log what is done; twice for more
    #[arg(short, long, global = true, display_order = 1000)]
    #[arg(action = ArgAction::Count, conflicts_with = "quiet")]
    pub(crate) verbose: u8,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands; each one's help is on its arguments.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(DemoArgs),
    Generate(GenerateArgs),
    Transform(TransformArgs),
    Deliver(DeliverArgs),
    Sql(SqlArgs),
}

/// Run the whole pipeline once, in a directory, and ask the lake three questions
///
/// Generates client events with the faults that real clients make, runs them through the stream of the
/// example (transform, partition keys, buffers, GZIP), and queries the lake that this leaves behind. What it
/// shows is what AWS would do with the same files.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Where the lake goes
    #[arg(long, value_name = "DIR", default_value = "hydrant-demo")]
    pub(crate) dir: PathBuf,

    /// How many events
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub(crate) events: u64,

    /// Where the events begin to differ: the same seed, the same events
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,

    /// Share of records with a fault
    #[arg(long, value_name = "PCT", default_value = "1%")]
    pub(crate) malformed: Percentage,

    /// Add to the lake of an earlier run instead of starting clean
    #[arg(long)]
    pub(crate) add: bool,
}

/// Write realistic client events: the same bytes for the same seed
///
/// Clients come in sessions, search, page, look, fill a cart and buy; evenings are busier than nights. The
/// event types are those of the AWS sample for client events: shopping, searching, paging, purchase and
/// loyaltypurchase, with productview, addtocart and checkout between them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hydrant generate --events 1000000 | hydrant deliver --stream examples/stream.json --to lake
  hydrant generate --events 10 --as entries")]
pub(crate) struct GenerateArgs {
    /// How many events
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) events: u64,

    /// Where the events begin to differ: the same seed, the same bytes
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,

    /// Share of records with a fault, such as 1 or 0.5%: an extra brace, `analyticType` for `eventType`, no
    /// client id, pretty-printed JSON, two objects in one record
    #[arg(long, value_name = "PCT", default_value = "0")]
    pub(crate) malformed: Percentage,

    /// The time that the events spread over, such as 7d, 36h or 90m
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = span)]
    pub(crate) span: Duration,

    /// When the first events happen. It is fixed, so that the same seed gives the same bytes tomorrow
    #[arg(long, value_name = "INSTANT", default_value = DEFAULT_START)]
    pub(crate) start: Timestamp,

    /// What to write
    #[arg(long = "as", value_name = "FORM", value_enum, default_value_t = Form::Events)]
    pub(crate) form: Form,

    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// A Monday.
pub(crate) const DEFAULT_START: &str = "2026-11-02T00:00:00Z";

/// The form of generated events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// The bus envelopes that reach Firehose, one record a line (a pretty-printed one spans several)
    Events,
    /// Request bodies for the front door, one a line: {"entries":[{"entry":"…"}]}
    Entries,
}

/// Settings of the transformer, by the names that the Lambda function reads.
#[derive(Debug, Args)]
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

    /// Partition keys to compute, such as eventType=.detail.eventType,day=.time[8:10]. `deliver` works out
    /// eventType, schemaVersion, clientId, year, month, day, hour and date by itself
    #[arg(long, value_name = "EXPR", env = "PARTITION_KEYS")]
    pub(crate) partition_keys: Option<String>,
}

/// What to read.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    /// Files of records, one JSON record a line or pretty-printed, plain or gzip; - is standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// What the files hold: the events that reach Firehose, or request bodies for the front door, whose
    /// entries then become the events that the gateway and the bus of the AWS sample would make of them
    #[arg(long = "as", value_name = "FORM", value_enum, default_value_t = Form::Events)]
    pub(crate) form: Form,

    /// The client whose entries they are, as an authorizer would know it
    #[arg(long, value_name = "ID", default_value = "local-client")]
    pub(crate) client_id: String,
}

/// Transform records as the Lambda does: events in, lines out
///
/// Moves the client's id from the envelope (`clientId`, or `resources[0]`) to `detail.clientId` and ends each
/// record with one newline, on one line; everything else stays as it is, byte for byte. A record that cannot
/// be transformed is named on standard error, with its line and the reason, and the rest goes on.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hydrant generate --malformed 1 | hydrant transform --failed refused.ndjson > lines.ndjson
  hydrant transform events.ndjson more.ndjson.gz -o lines.ndjson")]
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
}

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
    pub(crate) transformer: TransformerArgs,
}

/// Ask a lake a question in SQL
///
/// `events` has every delivered record: its fields as columns, nested ones with a dot and without quotes
/// (`detail.eventType`), the partition columns of its folders, and `_object`, the object it came from.
/// `errors` has the error output, with `rawData` decoded. No schema is needed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hydrant sql --lake lake -c \"select detail.eventType, count(*) from events group by 1\"
  hydrant sql --lake lake -c \"select errorCode, rawData from errors limit 5\" --format json
  hydrant sql --lake s3://bucket --prefix '!{partitionKeyFromQuery:eventType}/' -f query.sql")]
pub(crate) struct SqlArgs {
    /// The lake: a directory, file://… or s3://bucket/prefix
    #[arg(long, value_name = "URL", env = "HYDRANT_LAKE", default_value = ".")]
    pub(crate) lake: String,

    /// The query
    #[arg(
        short = 'c',
        long = "command",
        value_name = "SQL",
        conflicts_with = "file"
    )]
    pub(crate) command: Option<String>,

    /// Read the query from a file; - is standard input
    #[arg(short = 'f', long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// How to write the answer
    #[arg(long, value_enum, default_value_t = SqlFormat::Table)]
    pub(crate) format: SqlFormat,

    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// The stream that wrote the lake: its prefixes say what lies where
    #[arg(long, value_name = "S.json", conflicts_with_all = ["prefix", "error_prefix"])]
    pub(crate) stream: Option<PathBuf>,

    /// The stream's Prefix, where folders are not named k=v
    #[arg(long, value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,

    /// The stream's ErrorOutputPrefix
    #[arg(long, value_name = "PREFIX")]
    pub(crate) error_prefix: Option<String>,

    /// What to do about objects and lines that cannot be read
    #[arg(long, value_enum, default_value_t = OnError::Skip)]
    pub(crate) on_error: OnError,
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SqlFormat {
    /// For people
    Table,
    /// Comma-separated, with a header
    Csv,
    /// One array of objects
    Json,
    /// One object a line
    Ndjson,
}

/// What to do about what cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnError {
    /// Leave it out, and say so on standard error
    Skip,
    /// Stop
    Fail,
}

/// `7d`, `36h`, `1h30m`: a time without years and months, whose length depends on where they begin.
fn span(text: &str) -> Result<Duration, String> {
    let mistake = |reason: String| format!("{reason}; write such as 7d, 36h or 90m");
    let span: jiff::Span = text
        .parse()
        .map_err(|error: jiff::Error| mistake(error.to_string()))?;
    let day = jiff::SpanRelativeTo::days_are_24_hours();
    let duration: SignedDuration = span
        .to_duration(day)
        .map_err(|error| mistake(error.to_string()))?;
    Duration::try_from(duration).map_err(|_| mistake("a time before its own begin".to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, hours) in [
            ("7d", 168),
            ("36h", 36),
            ("1d 12h", 36),
            ("2w", 336),
            ("120m", 2),
        ] {
            assert_eq!(span(text), Ok(Duration::from_hours(hours)), "{text}");
        }
        for text in ["", "7", "1 month", "-1d", "soon"] {
            assert!(
                span(text)
                    .unwrap_err()
                    .ends_with("write such as 7d, 36h or 90m"),
                "{text}"
            );
        }
    }
}

//! What `hydrant generate` takes.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use hydrant_generator::Percentage;
use jiff::Timestamp;

use super::span::span;

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

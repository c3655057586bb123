//! What `hydrant demo` takes.

use std::path::PathBuf;

use clap::Args;
use hydrant_generator::Percentage;

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

    /// Run the whole system instead, by the template that is deployed on AWS: a client's token, the API in front, the
    /// bus, the stream, the lake, a service desk, and a replay of the archive; with at most 2,000 events
    #[arg(long, conflicts_with_all = ["add", "malformed"])]
    pub(crate) full: bool,
}

//! What `hydrant compact` takes.

use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

use clap::Args;

use super::{
    span::{pause, span},
    sql::size,
};

/// Turn a lake's raw objects into a Delta table, each exactly once
///
/// Takes the objects of closed hours into the table `_tables/events` in the lake: Parquet, sorted by hour and
/// client, a folder for each event type and day. `hydrant sql` reads the table and what is not in it yet as one,
/// so answers are the same before, during and after; Athena, Spark, DuckDB and Polars read it as Delta.
///
/// One commit takes objects and says which they were, so nothing is counted twice or lost, whoever runs it, however
/// often, and wherever it is stopped. Raw objects stay where they are until --vacuum. The guide is
/// docs/compaction.md.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hydrant compact --lake lake --dry-run
  hydrant compact --lake s3://bucket --older-than 2h
  hydrant compact --lake s3://bucket --watch 5m
  hydrant compact --lake s3://bucket --to parquet:s3://files/events
  hydrant compact --lake s3://bucket --vacuum --grace 30d")]
pub(crate) struct CompactArgs {
    /// The lake: a directory, file://… or s3://bucket/prefix
    #[arg(long, value_name = "URL", env = "HYDRANT_LAKE", default_value = ".")]
    pub(crate) lake: String,

    /// Write plain Parquet files here instead, for those who want no Delta table: parquet:DIRECTORY or
    /// parquet:s3://bucket/prefix. Runs into one place take each object once between them
    #[arg(long, value_name = "parquet:URL", value_parser = parquet)]
    pub(crate) to: Option<String>,

    /// Take the objects of hours that ended this long ago; where folders do not tell, objects that were written
    /// this long ago
    #[arg(long, value_name = "TIME", value_parser = span, default_value = "1h")]
    pub(crate) older_than: Duration,

    /// Run for ever, so often, until Ctrl-C or SIGTERM
    #[arg(long, value_name = "TIME", value_parser = pause, conflicts_with = "dry_run")]
    pub(crate) watch: Option<Duration>,

    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Afterwards remove raw objects that were taken, and files that the table has no more, --grace after that.
    /// Objects with text that is no record stay
    #[arg(long)]
    pub(crate) vacuum: bool,

    /// How long ago something must have been taken to be removed
    #[arg(long, value_name = "TIME", value_parser = span, default_value = "7d", requires = "vacuum")]
    pub(crate) grace: Duration,

    /// Size of the table's files; they are as much smaller as there is less to put into them
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "128MB")]
    pub(crate) file_size: usize,

    /// What may be held in memory
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "512MB", env = "HYDRANT_MEMORY_LIMIT")]
    pub(crate) memory_limit: usize,

    /// Threads to work with; as many as there are processors if not given
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,

    /// The stream that wrote the lake: its prefixes say what lies where
    #[arg(long, value_name = "S.json", conflicts_with = "prefix")]
    pub(crate) stream: Option<PathBuf>,

    /// The stream's Prefix, where folders are not named k=v
    #[arg(long, value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,
}

/// Where files go: `parquet:` and a directory or URL.
fn parquet(text: &str) -> Result<String, String> {
    match text.strip_prefix("parquet:") {
        Some(url) if !url.is_empty() => Ok(url.to_owned()),
        _ => Err("write such as parquet:files or parquet:s3://bucket/prefix".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_go_where_parquet_is_said_to() {
        assert_eq!(parquet("parquet:s3://a/b"), Ok("s3://a/b".to_owned()));
        assert!(parquet("parquet:").is_err() && parquet("delta:x").is_err());
    }
}

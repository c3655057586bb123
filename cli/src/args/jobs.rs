//! What `hydrant jobs` takes.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};

use super::SqlFormat;

/// Run queries on a schedule, once for each interval
///
/// A job is an SQL file with a head: when it runs, how long its intervals are, where results go, and what must hold of
/// them. A run replaces what its interval had before, at once; what was run is kept in the lake, so that any machine can
/// go on, and several can share the work. The guide is docs/jobs.md.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hydrant jobs list --lake s3://bucket
  hydrant jobs run daily-revenue --at 2026-11-21 --dry-run
  hydrant jobs backfill daily-revenue --from 2026-11-01 --to 2026-12-01 --parallel 4
  hydrant jobs due
  hydrant jobs history --html history.html")]
pub(crate) struct JobsArgs {
    #[command(subcommand)]
    pub(crate) command: JobsCommand,

    /// The lake: a directory, file://… or s3://bucket/prefix
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "HYDRANT_LAKE",
        default_value = "."
    )]
    pub(crate) lake: String,

    /// The jobs: a directory, or s3://bucket/prefix, with a file for each that ends in .sql
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "HYDRANT_JOBS",
        default_value = "jobs"
    )]
    pub(crate) jobs: String,

    /// The stream's definition: its Prefix and ErrorOutputPrefix say which objects an interval needs. Without it, and
    /// without --prefix, every run reads all objects that the query's own conditions on folders leave
    #[arg(long, global = true, value_name = "FILE", conflicts_with_all = ["prefix", "error_prefix"])]
    pub(crate) stream: Option<PathBuf>,

    /// The stream's Prefix
    #[arg(long, global = true, value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,

    /// The stream's ErrorOutputPrefix
    #[arg(long, global = true, value_name = "PREFIX")]
    pub(crate) error_prefix: Option<String>,

    /// What a run may hold in memory, such as 2GB; beyond it, queries use temporary files
    #[arg(long, global = true, value_name = "SIZE", value_parser = super::size, env = "HYDRANT_MEMORY_LIMIT")]
    pub(crate) memory_limit: Option<usize>,

    /// Threads that a run may use; as many as there are processors if not given
    #[arg(long, global = true, value_name = "N")]
    pub(crate) threads: Option<std::num::NonZeroUsize>,

    /// How long a runner that is not heard of keeps its interval before another takes over
    #[arg(long, global = true, value_name = "TIME", value_parser = lease, default_value = "60s")]
    pub(crate) lease: Duration,
}

/// The commands of `hydrant jobs`.
#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// The jobs, when they run next, and how they ran last
    List {
        /// How to write the list
        #[arg(long, value_enum, env = "HYDRANT_FORMAT", default_value = "table")]
        format: SqlFormat,
    },
    /// Run a job for one interval, whether it was run before or not
    Run {
        /// The job
        name: String,
        /// A time in the interval, such as 2026-11-21 or 2026-11-21T06:00 in the job's time zone. The last interval that
        /// is over if not given
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// Show the query and the objects that it would read, and run nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Run a job for the intervals of a span of time that have no result of the query as it is now
    Backfill {
        /// The job
        name: String,
        /// Where the first interval begins
        #[arg(long, value_name = "TIME")]
        from: String,
        /// Where the last interval ends; now if not given
        #[arg(long, value_name = "TIME")]
        to: Option<String>,
        /// Intervals at a time
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
        parallel: u16,
        /// Run intervals again that have a result
        #[arg(long)]
        again: bool,
    },
    /// Run what is due, and end: new intervals, those that went wrong, and those with late data
    Due {
        /// As if it were this time
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// Intervals at a time
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
        parallel: u16,
    },
    /// Run what is due whenever a schedule fires, until it is stopped
    Serve {
        /// Intervals at a time
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
        parallel: u16,
    },
    /// What was run: interval, start, duration, rows, bytes scanned, outcome and reason
    History(HistoryArgs),
    /// Remove files of results that were replaced, and what killed runs left
    Vacuum {
        /// How long ago a result must have been replaced, a day at the least
        #[arg(long, value_name = "TIME", value_parser = super::span::span, default_value = "7d")]
        grace: Duration,
        /// Say what would be removed, and remove nothing
        #[arg(long)]
        dry_run: bool,
    },
}

/// What `hydrant jobs history` takes.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The job; all jobs if not given
    pub(crate) name: Option<String>,
    /// How to write the runs
    #[arg(long, value_enum, env = "HYDRANT_FORMAT", default_value = "table")]
    pub(crate) format: SqlFormat,
    /// The last runs only
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) last: usize,
    /// Write a page instead: the intervals as a calendar, the results as a chart, the last runs
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

/// How long a lease may be.
fn lease(text: &str) -> Result<Duration, String> {
    let bounds = Duration::from_secs(1)..=Duration::from_hours(24);
    let lease = super::span::span(text)?;
    if bounds.contains(&lease) {
        Ok(lease)
    } else {
        Err("a lease is between 1s and 24h".to_owned())
    }
}

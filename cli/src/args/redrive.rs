//! What `hydrant redrive` takes.

use std::num::NonZeroUsize;

use clap::Args;

/// Send records from a lake's error output through their stream again
///
/// Reads the error objects, decodes the source bytes of each record and puts them into the stream, which has
/// been mended meanwhile. What went is noted in the lake, below `_redriven/`, so that a second run does not
/// repeat it; the error objects stay as they are. Where to is decided as by `hydrant send`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hydrant redrive --lake lake --stream client-events --dry-run
  hydrant redrive --lake s3://bucket/lake --stream client-events --code Lambda.FunctionError
  hydrant redrive --lake lake --stream client-events --where \"rawData like '%checkout%'\"")]
pub(crate) struct RedriveArgs {
    /// The lake: a directory, file://… or s3://bucket/prefix
    #[arg(long, value_name = "URL")]
    pub(crate) lake: String,

    /// The delivery stream
    #[arg(long, value_name = "NAME")]
    pub(crate) stream: String,

    /// The folder of the error output in the lake
    #[arg(long, value_name = "PREFIX", default_value = "errors/")]
    pub(crate) from: String,

    /// Only records with this error code. May be repeated
    #[arg(long, value_name = "CODE")]
    pub(crate) code: Vec<String>,

    /// Only records for which this holds, in SQL over the columns of the table `errors`; rawData is the record as
    /// it was sent
    #[arg(long = "where", value_name = "SQL")]
    pub(crate) condition: Option<String>,

    /// Say what would be sent, and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// How often a record is offered before it is given up
    #[arg(long, value_name = "N", default_value = "10")]
    pub(crate) attempts: NonZeroUsize,
}

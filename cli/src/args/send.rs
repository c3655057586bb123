//! What `hydrant send` takes.

mod api;

use std::{num::NonZeroUsize, path::PathBuf};

use clap::Args;

use super::InputArgs;

pub(crate) use api::ApiArgs;

/// Put records into a delivery stream, or post entries to a front door: on AWS, or of `hydrant up`
///
/// Credentials, Region and endpoint come from the standard AWS chain; AWS_ENDPOINT_URL_FIREHOSE or
/// AWS_ENDPOINT_URL decides where. Records go in batches as large as the API takes. Of a batch that was taken
/// in part only the rest is sent again, later and later; what never went is in --failed.
///
/// With --api, entries go to an HTTP API in front of a bus, with a token; what was refused is counted by its reason.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  AWS_ENDPOINT_URL_FIREHOSE=http://127.0.0.1:4566 hydrant send --stream client-events events.ndjson
  hydrant generate --events 1000 | hydrant send --stream client-events --failed failed.ndjson
  hydrant send --api http://127.0.0.1:4566/prod/event --token $(hydrant token --client me) --loyalty")]
pub(crate) struct SendArgs {
    /// The delivery stream
    #[arg(
        long,
        value_name = "NAME",
        required_unless_present = "api",
        conflicts_with = "api"
    )]
    pub(crate) stream: Option<String>,

    #[command(flatten)]
    pub(crate) input: InputArgs,

    /// Write the records that never went to a file, one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) failed: Option<PathBuf>,

    /// How often a record is offered before it is given up
    #[arg(long, value_name = "N", default_value = "10")]
    pub(crate) attempts: NonZeroUsize,

    /// Batches under way at once
    #[arg(long, value_name = "N", default_value = "4")]
    pub(crate) parallel: NonZeroUsize,

    #[command(flatten)]
    pub(crate) api: ApiArgs,
}

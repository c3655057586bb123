//! What `hydrant send --api` takes beside what it sends.

use std::{num::NonZeroU32, path::PathBuf, time::Duration};

use clap::Args;

/// How entries go to a front door.
#[derive(Debug, Args)]
#[command(next_help_heading = "To a front door")]
pub(crate) struct ApiArgs {
    /// Post entries to this URL, ten at a time, instead of putting records into a stream. Without files they are
    /// made up, as `hydrant generate` does
    #[arg(long, value_name = "URL", value_parser = url)]
    pub(crate) api: Option<String>,

    /// The token that says who the client is
    #[arg(long, value_name = "TOKEN", requires = "api", env = "HYDRANT_TOKEN")]
    #[arg(hide_env_values = true)]
    pub(crate) token: Option<String>,

    /// A file with the token. It is read again when the token is refused, so it can be exchanged
    #[arg(long, value_name = "FILE", conflicts_with_all = ["token", "stream"])]
    pub(crate) token_file: Option<PathBuf>,

    /// Entries a second, at most
    #[arg(long, value_name = "N", conflicts_with = "stream")]
    pub(crate) rate: Option<NonZeroU32>,

    /// Go on for so long, and not until --events are sent: 30s, 1m
    #[arg(long = "for", value_name = "TIME", value_parser = crate::args::span::span)]
    #[arg(conflicts_with_all = ["files", "events", "stream"])]
    pub(crate) lasting: Option<Duration>,

    /// How many entries are made up
    #[arg(
        long,
        value_name = "N",
        conflicts_with_all = ["files", "stream"],
        default_value_t = 100
    )]
    pub(crate) events: u64,

    /// Where the entries that are made up begin to differ
    #[arg(
        long,
        value_name = "S",
        conflicts_with_all = ["files", "stream"],
        default_value_t = 1
    )]
    pub(crate) seed: u64,

    /// Make up loyalty purchases too, each with the ticket that goes to the service desk
    #[arg(long, conflicts_with_all = ["files", "stream"])]
    pub(crate) loyalty: bool,
}

fn url(text: &str) -> Result<String, String> {
    let url: reqwest::Url = text
        .parse()
        .map_err(|error| format!("{error}; write such as http://127.0.0.1:4566/prod/event"))?;
    match url.scheme() {
        "http" | "https" => Ok(text.to_owned()),
        other => Err(format!("{other} is neither http nor https")),
    }
}

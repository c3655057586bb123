//! What can be typed, one file a command. No I/O happens here; doc comments are the help.

#![expect(clippy::doc_markdown, reason = "the help is no Markdown")]

mod bus;
mod check;
mod compact;
mod deliver;
mod demo;
mod generate;
mod identity;
mod input;
mod jobs;
mod partition;
mod redrive;
mod send;
mod span;
mod sql;
mod tables;
mod token;
mod transform;
mod up;

use clap::{ArgAction, Parser, Subcommand};

pub(crate) use bus::{BareEvent, BusArgs, Queues};
pub(crate) use check::{CheckArgs, CheckFormat, ForecastArgs};
pub(crate) use compact::CompactArgs;
pub(crate) use deliver::DeliverArgs;
pub(crate) use demo::DemoArgs;
pub(crate) use generate::{DEFAULT_START, Form, GenerateArgs};
pub(crate) use identity::IdentityArgs;
pub(crate) use input::InputArgs;
pub(crate) use jobs::{HistoryArgs, JobsArgs, JobsCommand};
pub(crate) use partition::{PartitionArgs, PartitionFormat};
pub(crate) use redrive::RedriveArgs;
pub(crate) use send::{ApiArgs, SendArgs};
pub(crate) use sql::{OnError, SqlArgs, SqlChart, SqlFormat, size};
pub(crate) use tables::TableArgs;
pub(crate) use token::{Purpose, TokenArgs};
pub(crate) use transform::{CompareArgs, CompareFormat, TransformArgs, TransformerArgs};
pub(crate) use up::{LogFormat, NamedCommand, UpArgs, state_directory};

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
    Up(Box<UpArgs>),
    Send(SendArgs),
    Token(TokenArgs),
    Redrive(RedriveArgs),
    Check(CheckArgs),
    Partition(PartitionArgs),
    Sql(SqlArgs),
    Compact(CompactArgs),
    Jobs(JobsArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}

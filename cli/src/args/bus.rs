//! How the event buses of `hydrant up` run.

use clap::{Args, ValueEnum};

/// How event buses run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Event buses")]
pub(crate) struct BusArgs {
    /// Put the events for a delivery stream that is not here into the one that the Firehose API has
    /// (AWS_ENDPOINT_URL_FIREHOSE)
    #[arg(long)]
    pub(crate) remote_streams: bool,

    /// Where queues are: SQS queues that rules name as targets, and their dead-letter queues. `files` writes
    /// queues/NAME.ndjson below --state, `sqs` sends through the SQS API (AWS_ENDPOINT_URL_SQS)
    #[arg(long, value_name = "WHERE", value_enum, default_value_t)]
    pub(crate) queues: Queues,

    /// Take the object of an event's Detail where something follows it, such as one brace too many. AWS has not
    /// published what it does; by default the entry is refused as MalformedDetail
    #[arg(long)]
    pub(crate) ignore_trailing: bool,

    /// What <aws.events.event> stands for outside of a JSON template: the whole event, or its envelope without
    /// detail, as inside of one. AWS has not published it
    #[arg(long, value_name = "WHAT", value_enum, default_value_t)]
    pub(crate) bare_event: BareEvent,
}

/// Where queues are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Queues {
    #[default]
    Files,
    Sqs,
}

/// What `<aws.events.event>` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum BareEvent {
    #[default]
    Full,
    Envelope,
}

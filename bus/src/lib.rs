//! An event bus that speaks EventBridge's API (the one that AWS calls "Custom Event Bus - Classic"): events in,
//! to each target whose rule matches.
//!
//! [`Buses`] run; [`Api`] puts EventBridge's JSON around them, as a service of a
//! [`Server`](hydrant_endpoint::Server). An event is in the log of each of its targets before `PutEvents` is
//! answered, and leaves it when the target or its dead-letter queue has it. Rules with schedules, archives and
//! replays go the same way.
//!
//! [`pattern`] is the language of rules, a crate of its own. Targets are reached through what
//! [`Reach`] holds; this crate links no delivery stream and runs no function. Time comes from a
//! [`Clock`](hydrant_endpoint::Clock), ids from a seed.

mod api;
mod archive;
mod arn;
mod bus;
mod event;
mod input;
mod line;
mod notice;
mod options;
mod routes;
mod secrets;
mod state;
mod target;

pub use hydrant_pattern as pattern;

pub use api::Api;
pub use bus::{Buses, StartError, Surroundings, Waiting};
pub use input::{EventPlaceholder, RenderError};
pub use notice::{Notice, Observer, Unobserved};
pub use options::{Options, Trailing};
pub use secrets::{SecretError, Secrets};
pub use target::{
    Failure, FileQueues, FirehoseStreams, Functions, LambdaFunctions, Lines, Message, Queues,
    Reach, SqsQueues, StandardOutput, Streams,
};

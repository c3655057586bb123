//! What the Lambda functions of Hydrant have in common, so that each of them is its own work and a page.
//!
//! [`Responder`] answers Firehose transform events, text in and text out, given the [`Work`] that is to be done
//! on a record: every record id once, never more than Lambda lets an answer be. That part does no I/O and
//! reads no clock. With the feature `lambda` there is the rest of a function: [`run`] speaks to the Lambda
//! Runtime API for any [`Handler`], [`FirehoseFunction`] is the handler of transform events, [`Environment`]
//! reads settings, [`Telemetry`] writes CloudWatch's Embedded Metric Format, and [`Aws`] puts records into
//! their stream again.
//!
//! Not here: what is done to a record, and anything about its content.

mod answer;
mod batch;
mod event;
mod fault;
mod work;

#[cfg(feature = "lambda")]
mod clock;
#[cfg(feature = "lambda")]
mod firehose;
#[cfg(feature = "lambda")]
mod put;
#[cfg(feature = "lambda")]
mod reingest;
#[cfg(feature = "lambda")]
mod runtime;
#[cfg(feature = "lambda")]
mod settings;
#[cfg(feature = "lambda")]
mod telemetry;

pub use batch::{
    ANSWER_LIMIT, BatchSummary, Original, Overflow, RefusedRecord, Responder, Unfinished,
};
pub use event::{EventError, Source};
pub use fault::Fault;
pub use work::{Counts, Outcome, Output, Reason, Work};

#[cfg(feature = "lambda")]
pub use clock::{Pace, SystemClock};
#[cfg(feature = "lambda")]
pub use firehose::FirehoseFunction;
#[cfg(feature = "lambda")]
pub use put::Aws;
#[cfg(feature = "lambda")]
pub use reingest::{Put, PutError, Reingested, reingest};
#[cfg(feature = "lambda")]
pub use runtime::{FunctionError, Handler, Invocation, run};
#[cfg(feature = "lambda")]
pub use settings::{Environment, FirehoseSettings, SettingError};
#[cfg(feature = "lambda")]
pub use telemetry::{Log, Telemetry};

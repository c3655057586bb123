//! A Firehose delivery stream as a library: records in, objects out.
//!
//! A [`DeliveryStream`] is what `create-delivery-stream` describes, checked. A [`Delivery`] runs records
//! through it in Firehose's fixed order: source backup, CloudWatch Logs, de-aggregation, Lambda transform,
//! delimiter, partition keys, conversion to Parquet, one buffer for each evaluated prefix, compression, object.
//! What cannot be delivered goes to the error output with its source bytes.
//!
//! The functions that a stream names are called the way AWS calls them, behind [`Transform`]; this crate
//! links none. [`RuntimeApi`] runs one in a process of its own, [`RemoteFunction`] calls one that runs
//! elsewhere. Time comes from a [`Clock`] and names from [`Ids`], so a run can be repeated to the byte.
//!
//! A [`Service`] is streams that run, behind the Firehose [`Api`], which a [`Server`] serves: what it has acknowledged
//! is in a log on disk until an object that holds it was accepted. A stream may also read a Kinesis data stream,
//! through [`Sources`]. One pipeline serves all.

mod account;
mod api;
mod aws;
mod buffer;
mod conversion;
mod deaggregation;
mod definition;
mod engine;
mod failure;
mod invocation;
mod logs;
mod metrics;
mod object;
mod observer;
mod pipeline;
mod processing;
mod quota;
mod remote_function;
mod runtime_api;
mod service;
mod sources;
mod writer;

use hydrant_endpoint::log;

pub use account::Account;
pub use api::{Api, ApiError, ErrorKind};
pub use conversion::{GlueTables, GlueTablesError};
pub use deaggregation::DeAggregation;
pub use definition::{DefinitionError, DeliveryStream, LambdaProcessor, Violation};
pub use engine::{Delivery, DeliveryError, Settings};
pub use hydrant_endpoint::{
    Clock, FixedClock, Ids, Keys, Listener, LogError, LogOptions, Server, ServerError, SystemClock,
};
pub use invocation::{AnsweredRecord, FunctionAnswer, InvokeError, Transform};
pub use observer::{Event, ObjectKind, Observer, Unobserved};
pub use pipeline::Pace;
pub use remote_function::RemoteFunction;
pub use runtime_api::{Function, RuntimeApi};
pub use service::{Functions, Service, ServiceError, ServiceOptions, Surroundings, Undelivered};
pub use sources::{
    AwsSources, From, KinesisStream, Page, Shard, SourceError, SourceRecord, Sources,
};
pub use writer::WriteError;

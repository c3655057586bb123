//! A Firehose delivery stream as a library: records in, objects out.
//!
//! A [`DeliveryStream`] is what `create-delivery-stream` describes, checked. A [`Delivery`] runs records
//! through it in Firehose's fixed order: de-aggregation, Lambda transform, delimiter, partition keys, one
//! buffer for each evaluated prefix, compression, object. What cannot be delivered goes to the error output
//! with its source bytes.
//!
//! The functions that a stream names are called the way AWS calls them, behind [`Transform`]; this crate
//! links none. [`RuntimeApi`] runs one in a process of its own. Time comes from a [`Clock`] and names from [`Ids`], so a run can be repeated to the byte.
//! There is no network API and no durable log here yet: records are accepted by [`Delivery::put`].

mod account;
mod buffer;
mod clock;
mod deaggregation;
mod definition;
mod engine;
mod failure;
mod ids;
mod invocation;
mod object;
mod processing;
mod runtime_api;
mod writer;

pub use account::Account;
pub use clock::{Clock, FixedClock, SystemClock};
pub use deaggregation::DeAggregation;
pub use definition::{DefinitionError, DeliveryStream, LambdaProcessor, Violation};
pub use engine::{Delivery, DeliveryError, Settings};
pub use ids::Ids;
pub use invocation::{InvokeError, Transform};
pub use runtime_api::{Function, RuntimeApi};
pub use writer::WriteError;

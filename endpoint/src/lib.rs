//! What an AWS-compatible endpoint is made of, whatever it serves.
//!
//! A [`Server`] listens on one address for several [`Service`]s: operations of AWS JSON 1.1 by their
//! `X-Amz-Target`, paths of a service's own, metrics, health, flushes. Requests are signed with one of its
//! [`Keys`], or come over the loopback interface. What a service accepts lies in a [`log`](Log) before it is
//! answered. Time comes from a [`Clock`], names from [`Ids`].
//!
//! It knows no operation of any service.

mod auth;
mod clock;
mod error;
mod ids;
pub mod log;
mod metrics;
mod private;
mod server;
mod service;

pub use auth::Keys;
pub use clock::{Clock, FixedClock, SystemClock};
pub use error::ApiError;
pub use ids::Ids;
pub use log::{Batch, Log, LogError, LogOptions, Receipt, Receipts, Segment, StreamLog};
pub use metrics::Counter;
pub use private::{private_file, private_files};
pub use server::{Listener, Server, ServerError};
pub use service::{Peer, Service, Terms};

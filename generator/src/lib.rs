//! Realistic client events from a seed: the same seed gives the same bytes, on every platform.
//!
//! Clients (a few busy ones, many quiet ones) come in sessions, and a session is a little story: search, page,
//! look at products, fill a cart, check out, buy. Evenings are busier than nights and weekends differ from
//! workdays. The event types, their fields and their faults are those of the AWS sample for client events
//! (`aws-samples/client-event-sample`), grown to the size and variety of real traffic.
//!
//! Two doors, same traffic:
//! - [`Generator::next_record`] writes EventBridge envelopes, the records that reach Amazon Data Firehose;
//! - [`Bodies::next_body`] writes request bodies for the HTTP front door, up to ten entries each.
//!
//! Both append to a buffer of the caller and keep a [`Ledger`] of what they wrote, so that a pipeline's answers can
//! be checked against a count that never went through the pipeline. Memory is bounded by the number of live
//! sessions and the hours of the span, never by the number of events. Nothing here reads a clock, a file or a
//! source of randomness.
//!
//! # Framing
//!
//! A file of records puts `\n` after each. Because a client may pretty-print ([`Fault::PrettyPrinted`]), a newline
//! does not always end a record. Read so: a record is one line, unless the line leaves a JSON object or array open
//! (more `{` and `[` than `}` and `]`, counted outside strings); then it goes on to the end of the line that closes
//! it. So a surplus `}` ([`Fault::ExtraBrace`]) ends with its line, and two objects that stand on one line
//! ([`Fault::TwoObjects`]) are one record.

mod bodies;
mod calendar;
mod catalogue;
mod clients;
mod clock;
mod detail;
mod dice;
mod envelope;
mod event_type;
mod fault;
mod generator;
mod ledger;
mod options;
mod session;
mod text;
mod traffic;

pub use bodies::{Bodies, MAX_ENTRIES};
pub use event_type::EventType;
pub use fault::{Fault, Kind};
pub use generator::Generator;
pub use ledger::{Cell, Ledger};
pub use options::{MAX_SPAN, Options, OptionsError, Percentage, PercentageError};

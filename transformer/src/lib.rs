//! One record in, one outcome out: what a Firehose transform Lambda does to a client event, as a library.
//!
//! [`Transformer::transform`] takes the bytes of a record, moves the client's id from the envelope to
//! `detail.clientId`, and ends the record with exactly one newline on exactly one line; everything else
//! comes out byte for byte. A record that cannot be transformed is a [`Refusal`] and costs its neighbours
//! nothing. [`Transformer::transform_batch`] does the same for a Firehose transform event, and a [`responder`]
//! for one that is still text, which it answers in text without a detour.
//!
//! Not here: the Lambda runtime, reading the environment, logging, delivery; they are in this package's
//! binary. Nothing in this crate reads a clock or does I/O.
//!
//! # Whose word is the client's id?
//!
//! The gateway's authorizer knows who the client is and writes it into the *envelope*; the client writes
//! `detail`. So an id in the envelope always wins, and every `clientId` that the client put into `detail`,
//! however spelled, is taken out. Three rules follow:
//!
//! - **Moved.** The envelope has an id: it moves. Its place in the envelope is left vacant (`clientId`
//!   removed, `resources` emptied, as the AWS sample does), which marks the record as transformed.
//! - **Already moved.** Every place in the envelope is vacant (no `clientId`; no `resources`, or `[]`) and
//!   `detail` has exactly one `clientId`, a string that is not empty: the record was transformed before
//!   (re-ingested, retried, redriven) and comes out unchanged. A client cannot forge this through a gateway
//!   that always fills its place in the envelope, as the AWS sample's does: where its authorizer gives no id,
//!   the mapping writes `[""]`, which is not vacant. Whoever can write the whole envelope can write any id
//!   into it anyway. Where the gateway may leave the envelope vacant and nothing re-ingests, set
//!   [`Options::trust_moved`] to `false`.
//! - **Missing.** Anything else: a `clientId` in `detail` is nobody's word but the client's and is taken
//!   out. The record passes without one, or is refused under [`Options::require_client_id`].

mod batch;
mod client_id;
mod cuts;
mod envelope;
mod filter;
mod keys;
mod line;
mod options;
mod quick;
mod refusal;
mod responder;
mod rewrite;
mod transformer;

// What refusals and batches are made of.
pub use hydrant_function::{Counts, EventError, Fault, Reason};

pub use batch::{BatchSummary, ClientIdCounts, RefusedRecord};
pub use client_id::{ClientId, ClientIdFrom, UnknownClientIdSource};
pub use filter::Filter;
pub use options::Options;
pub use refusal::Refusal;
pub use responder::{Responder, TransformWork, responder};
pub use transformer::{Transformed, Transformer};

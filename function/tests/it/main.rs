//! A function of this crate before a Lambda Runtime API: what comes back of events, broken events, panics and
//! time that runs out.

#![expect(clippy::unwrap_used, reason = "a panic here is a failed test")]

mod runtime;

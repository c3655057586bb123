//! Jobs over a lake: each interval once, whatever happens.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod due;
mod lambda;
mod mistakes;
mod once;
mod outputs;
mod support;

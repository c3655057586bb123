//! What AWS takes and refuses, and when a schedule fires.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod clocks;
mod laws;
mod tables;

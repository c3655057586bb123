//! The query engine over lakes written by hand: in a directory, and behind an S3 server.

#![expect(
    clippy::unwrap_used,
    reason = "helpers are test code, though no test functions themselves"
)]

mod errors;
mod events;
mod lake;
mod laws;
mod output;
mod pruning;
mod s3;

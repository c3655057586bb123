//! The query engine over lakes written by hand: in a directory, in memory, and behind an S3 server.

#![expect(
    clippy::unwrap_used,
    reason = "helpers are test code, though no test functions themselves"
)]

mod change;
mod compaction;
mod damage;
mod drift;
mod errors;
mod events;
mod keys;
mod lake;
mod laws;
mod library;
mod limit;
mod output;
mod parquet;
mod pruning;
mod requests;
mod s3;
mod size;

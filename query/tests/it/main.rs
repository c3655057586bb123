//! The query engine over lakes written by hand: in a directory, and behind an S3 server.

mod errors;
mod events;
mod lake;
mod laws;
mod output;
mod pruning;
mod s3;

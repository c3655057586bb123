//! A stream as a whole: records in, objects out, over a directory and over S3.

#![expect(
    clippy::unwrap_used,
    clippy::needless_for_each,
    clippy::naive_bytecount,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "a test may fail"
)]

mod api;
mod client;
mod crash;
mod faults;
mod features;
mod function;
mod http;
mod kinesis;
mod laws;
mod s3;
mod service;
mod serving;
mod support;

//! What the transformer promises: by the AWS sample's events and faults, by the rules of the client's id,
//! and by laws over generated records.

#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "a panic here is a failed test"
)]

mod batch;
mod client_id;
#[cfg(feature = "lambda")]
mod function;
mod laws;
#[cfg(feature = "lambda")]
mod partitioner;
#[cfg(feature = "lambda")]
mod reingest;
mod respond;
mod sample;

use hydrant_transformer::{Options, Refusal, Transformer};

/// What `record` becomes, as text.
fn transform(options: Options, record: &str) -> Result<String, Refusal> {
    let mut out = Vec::new();
    Transformer::new(options).transform(record.as_bytes(), &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

/// What `record` becomes by default, or why it is refused, on one line.
fn outcome(record: &str) -> String {
    match transform(Options::default(), record) {
        Ok(line) => line.trim_end().to_owned(),
        Err(refusal) => format!("[{}] {refusal}", refusal.reason()),
    }
}

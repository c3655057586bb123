//! The batch: client events from the generator, as Firehose hands them to a function.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use hydrant_generator::{Generator, Options, Percentage};
use jiff::Timestamp;

/// What is in a request.
pub(crate) struct Batch {
    pub(crate) records: usize,
    /// Bytes of the records, before base64.
    pub(crate) bytes: usize,
    /// Bytes of the request.
    pub(crate) request: usize,
}

/// Writes a transform event of client events of about `megabytes`, without faults.
pub(crate) fn make(megabytes: f64, request: &Path) -> Result<Batch> {
    let (batch, text) = text(megabytes, 1_000_000, Duration::from_hours(24 * 7))?;
    std::fs::write(request, text)?;
    Ok(batch)
}

/// A transform event of client events of about `megabytes`: the first of `events` that lie within `span`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few megabytes"
)]
pub(crate) fn text(megabytes: f64, events: u64, span: Duration) -> Result<(Batch, String)> {
    let wanted = (megabytes * 1e6) as usize;
    let mut generator = Generator::new(&Options {
        events,
        seed: 1,
        malformed: Percentage::ZERO,
        span,
        start: "2026-11-02T00:00:00Z".parse::<Timestamp>()?,
    })?;
    let mut text = String::from(
        r#"{"invocationId":"4f0e6c3a-5d0e-4b0e-9a67-0c7a5c9d2b11","deliveryStreamArn":"arn:aws:firehose:eu-west-1:123456789012:deliverystream/clientevents","region":"eu-west-1","records":["#,
    );
    let mut batch = Batch {
        records: 0,
        bytes: 0,
        request: 0,
    };
    let mut record = Vec::new();
    while batch.bytes < wanted {
        record.clear();
        if generator.next_record(&mut record).is_none() {
            break;
        }
        // As the rule's template sends it.
        record.push(b'\n');
        if batch.records > 0 {
            text.push(',');
        }
        let data = base64_simd::STANDARD.encode_to_string(&record);
        text.push_str(&format!(
            r#"{{"recordId":"4966830574230914561732{:028}000000","approximateArrivalTimestamp":1793607330000,"data":"{data}"}}"#,
            batch.records
        ));
        batch.records += 1;
        batch.bytes += record.len();
    }
    text.push_str("]}");
    batch.request = text.len();
    Ok((batch, text))
}

//! What anyone who reads the generator's output may rely on.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bodies;
mod faults;
mod ledger;
mod reader;
mod records;

use std::time::Duration;

use hydrant_generator::{Generator, Kind, Options};

/// Options for a week from a Monday on.
fn options(events: u64, seed: u64, malformed: &str) -> Options {
    Options {
        events,
        seed,
        malformed: malformed.parse().unwrap(),
        span: Duration::from_hours(7 * 24),
        start: "2026-11-02T00:00:00Z".parse().unwrap(),
    }
}

/// Every record with its kind.
fn records(generator: &mut Generator) -> Vec<(Kind, String)> {
    let mut records = Vec::new();
    let mut bytes = Vec::new();
    while let Some(kind) = generator.next_record(&mut bytes) {
        let record = String::from_utf8(std::mem::take(&mut bytes)).unwrap();
        records.push((kind, record));
    }
    records
}

/// The whole output as a file of records.
fn file(options: &Options) -> Vec<u8> {
    let mut generator = Generator::new(options).unwrap();
    let mut out = Vec::new();
    while generator.next_record(&mut out).is_some() {
        out.push(b'\n');
    }
    out
}

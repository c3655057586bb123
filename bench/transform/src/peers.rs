//! Those who answer in this program.

use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use aws_lambda_events::event::firehose::{
    KinesisFirehoseEvent, KinesisFirehoseResponse, KinesisFirehoseResponseRecord,
};
use clap::ValueEnum;
use hydrant_records::json::{Scanner, key_equals};
use hydrant_transformer::{Filter, Options, responder};
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Peer {
    /// Find data and ids, decode, copy, encode; nothing else.
    Floor,
    /// The same with the envelope parsed as JSON by `serde_json`, into borrowed texts.
    ParsedFloor,
    /// The transformer.
    Ours,
    /// `aws_lambda_events` and `serde_json::Value`.
    Plain,
}

/// Answers the event in `request` `rounds` times and prints how long each took.
pub(crate) fn run(peer: Peer, request: &Path, answer: &Path, rounds: usize) -> Result<()> {
    let event = std::fs::read(request)?;
    let mut out = Vec::new();
    let mut responder = responder(Options::default(), Filter::default());
    let mut scratch = (Vec::new(), Vec::new());
    let mut print = std::io::stdout().lock();
    for _ in 0..rounds {
        let start = Instant::now();
        let event = black_box(event.as_slice());
        match peer {
            Peer::Floor => floor(event, &mut scratch, &mut out).context("no event")?,
            Peer::ParsedFloor => parsed_floor(event, &mut scratch, &mut out)?,
            Peer::Ours => {
                black_box(responder.respond(event, &mut out)?);
            }
            Peer::Plain => out = plain(event)?,
        }
        black_box(&out);
        writeln!(print, "{}", start.elapsed().as_nanos())?;
    }
    std::fs::write(answer, out)?;
    Ok(())
}

/// The least that an answer takes. The envelope is read in the fastest way known here, which is the
/// transformer's own; each record is decoded, copied, and encoded straight into the answer.
fn floor(event: &[u8], scratch: &mut (Vec<u8>, Vec<u8>), out: &mut Vec<u8>) -> Option<()> {
    out.clear();
    out.reserve(event.len() + event.len() / 16);
    out.extend_from_slice(b"{\"records\":[");
    let mut scanner = Scanner::new(event, 0);
    scanner.enter_object().ok()?;
    while let Some(key) = scanner.next_member().ok()? {
        if !key_equals(event.get(key)?, "records") {
            scanner.skip_value().ok()?;
            continue;
        }
        scanner.enter_array().ok()?;
        while scanner.next_element().ok()? {
            scanner.enter_object().ok()?;
            let (mut id, mut data) = (0..0, 0..0);
            while let Some(key) = scanner.next_member().ok()? {
                let key = event.get(key)?;
                if key_equals(key, "data") {
                    let start = scanner.offset() + 1;
                    data = start..start + memchr::memchr(b'"', event.get(start..)?)?;
                    scanner = Scanner::new(event, data.end + 1);
                } else if key_equals(key, "recordId") {
                    id = scanner.skip_value().ok()?;
                } else {
                    scanner.skip_value().ok()?;
                }
            }
            let (decoded, copied) = &mut *scratch;
            decoded.clear();
            base64_simd::STANDARD
                .decode_append(event.get(data)?, decoded)
                .ok()?;
            copied.clear();
            copied.extend_from_slice(decoded);
            out.extend_from_slice(b"{\"recordId\":");
            out.extend_from_slice(event.get(id)?);
            out.extend_from_slice(b",\"result\":\"Ok\",\"data\":\"");
            base64_simd::STANDARD.encode_append(black_box(&*copied), out);
            out.extend_from_slice(b"\"},");
        }
    }
    out.pop();
    out.extend_from_slice(b"]}");
    Some(())
}

#[derive(Deserialize)]
struct Borrowed<'e> {
    #[serde(borrow)]
    records: Vec<BorrowedRecord<'e>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BorrowedRecord<'e> {
    record_id: &'e str,
    data: &'e str,
}

/// See [`Peer::ParsedFloor`].
fn parsed_floor(event: &[u8], scratch: &mut (Vec<u8>, Vec<u8>), out: &mut Vec<u8>) -> Result<()> {
    let event: Borrowed<'_> = serde_json::from_slice(event)?;
    out.clear();
    out.extend_from_slice(b"{\"records\":[");
    let (decoded, copied) = scratch;
    for record in event.records {
        decoded.clear();
        base64_simd::STANDARD.decode_append(record.data, decoded)?;
        copied.clear();
        copied.extend_from_slice(decoded);
        out.extend_from_slice(b"{\"recordId\":\"");
        out.extend_from_slice(record.record_id.as_bytes());
        out.extend_from_slice(b"\",\"result\":\"Ok\",\"data\":\"");
        out.reserve(copied.len() * 2);
        base64_simd::STANDARD.encode_append(black_box(&*copied), out);
        out.extend_from_slice(b"\"},");
    }
    out.pop();
    out.extend_from_slice(b"]}");
    Ok(())
}

/// As one would write it with the crates that one finds first.
fn plain(event: &[u8]) -> Result<Vec<u8>> {
    let event: KinesisFirehoseEvent = serde_json::from_slice(event)?;
    let mut response = KinesisFirehoseResponse::default();
    for record in event.records {
        let mut answer = KinesisFirehoseResponseRecord::default();
        answer.record_id = record.record_id;
        match line(&record.data.0) {
            Some(line) => {
                answer.result = Some("Ok".to_owned());
                answer.data.0 = line;
            }
            None => answer.result = Some("ProcessingFailed".to_owned()),
        }
        response.records.push(answer);
    }
    Ok(serde_json::to_vec(&response)?)
}

fn line(record: &[u8]) -> Option<Vec<u8>> {
    let mut payload: Value = serde_json::from_slice(record).ok()?;
    let resources = payload.get_mut("resources")?.as_array_mut()?;
    if let Some(id) = resources.first_mut().map(Value::take) {
        resources.clear();
        payload
            .get_mut("detail")?
            .as_object_mut()?
            .insert("clientId".to_owned(), id);
    }
    let mut line = serde_json::to_vec(&payload).ok()?;
    line.push(b'\n');
    Some(line)
}

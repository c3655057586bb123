//! `PutRecord` and `PutRecordBatch`: durable before the answer.

use std::{borrow::Cow, fmt::Write as _};

use bytes::Bytes;
use hydrant_records::limits::{MAX_BATCH_BYTES, MAX_RECORD_BYTES, MAX_RECORDS_PER_BATCH};
use jiff::Timestamp;
use serde::Deserialize;

use super::{Api, ApiError, ErrorKind, validation};
use crate::{
    log::{Batch, LogError},
    metrics::Calls,
    processing::RecordId,
    service::Stream,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecord<'a> {
    #[serde(borrow)]
    delivery_stream_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    record: Option<Record<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecordBatch<'a> {
    #[serde(borrow)]
    delivery_stream_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    records: Option<Vec<Record<'a>>>,
}

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow, rename = "Data")]
    data: Option<Cow<'a, str>>,
}

impl Api {
    pub(super) async fn put_record(&self, body: &[u8]) -> Result<Vec<u8>, ApiError> {
        let started = self.service.clock().now();
        let (name, batch) = {
            let input: PutRecord<'_> = parse(body)?;
            let mut checks = validation::Checks::default();
            checks.stream_name(input.delivery_stream_name.as_deref());
            if input.record.is_none() {
                checks.null("record");
            }
            checks.done()?;
            let name = input.delivery_stream_name.unwrap_or_default().into_owned();
            let records = input.record.as_slice();
            (name, batch(records, |_| "record.data".to_owned(), started)?)
        };
        let stream = self
            .service
            .stream(&name)
            .ok_or_else(|| self.not_found(&name))?;
        let bytes = batch.data.len() as u64;
        let sequence = match self.service.append(&stream, batch).await {
            Ok(sequence) => sequence,
            Err(error) => {
                stream.metrics().throttled_records.add(1);
                return Err(error.into());
            }
        };
        let metrics = stream.metrics();
        metrics.incoming_records.add(1);
        metrics.incoming_bytes.add(bytes);
        self.count(&metrics.put_record, started, 1, bytes);
        let id = RecordId {
            sequence,
            part: None,
        };
        let encrypted = stream.is_encrypted();
        Ok(format!(r#"{{"RecordId":"{id}","Encrypted":{encrypted}}}"#).into_bytes())
    }

    pub(super) async fn put_record_batch(&self, body: &[u8]) -> Result<Vec<u8>, ApiError> {
        let started = self.service.clock().now();
        let (name, batch) = {
            let input: PutRecordBatch<'_> = parse(body)?;
            let mut checks = validation::Checks::default();
            checks.stream_name(input.delivery_stream_name.as_deref());
            match input.records.as_deref() {
                None => checks.null("records"),
                Some([]) => checks.length("records", 0, 1, MAX_RECORDS_PER_BATCH),
                Some(records) if records.len() > MAX_RECORDS_PER_BATCH => {
                    checks.length("records", records.len(), 1, MAX_RECORDS_PER_BATCH);
                }
                Some(_) => {}
            }
            checks.done()?;
            let name = input.delivery_stream_name.unwrap_or_default().into_owned();
            let records = input.records.unwrap_or_default();
            let member = |index: usize| format!("records.{}.member.data", index + 1);
            (name, batch(&records, member, started)?)
        };
        if batch.data.len() > MAX_BATCH_BYTES {
            return Err(ApiError::invalid(format!(
                "The total size of the records exceeds the maximum allowed size of {MAX_BATCH_BYTES} bytes."
            )));
        }
        let stream = self
            .service
            .stream(&name)
            .ok_or_else(|| self.not_found(&name))?;
        let (count, bytes) = (u64::from(batch.count()), batch.data.len() as u64);
        let appended = self.service.append(&stream, batch).await;
        let metrics = stream.metrics();
        let accepted = appended.is_ok();
        if accepted {
            metrics.incoming_records.add(count);
            metrics.incoming_bytes.add(bytes);
        } else {
            metrics.throttled_records.add(count);
        }
        let (records, bytes) = if accepted { (count, bytes) } else { (0, 0) };
        self.count(&metrics.put_record_batch, started, records, bytes);
        Ok(answer(&stream, count, &appended))
    }

    fn count(&self, calls: &Calls, started: Timestamp, records: u64, bytes: u64) {
        let took = self.service.clock().now().duration_since(started);
        calls.requests.add(1);
        calls.records.add(records);
        calls.bytes.add(bytes);
        calls
            .milliseconds
            .add(u64::try_from(took.as_millis()).unwrap_or(0));
    }
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::serialization(error.to_string()))
}

/// Decodes records into one block of memory. `member` names the record at an index.
fn batch(
    records: &[Record<'_>],
    member: impl Fn(usize) -> String,
    arrival: Timestamp,
) -> Result<Batch, ApiError> {
    let room: usize = records
        .iter()
        .filter_map(|record| record.data.as_ref())
        .map(|text| text.len() / 4 * 3 + 3)
        .sum();
    let mut data = Vec::with_capacity(room);
    let mut lengths = Vec::with_capacity(records.len());
    for (index, record) in records.iter().enumerate() {
        let Some(text) = &record.data else {
            let mut checks = validation::Checks::default();
            checks.null(&member(index));
            checks.done()?;
            continue;
        };
        let start = data.len();
        base64_simd::STANDARD
            .decode_append(text.as_bytes(), &mut data)
            .map_err(|_| {
                ApiError::serialization(format!("{} is not base64 text", member(index)))
            })?;
        let length = data.len() - start;
        if length > MAX_RECORD_BYTES {
            let mut checks = validation::Checks::default();
            checks.length(&member(index), length, 0, MAX_RECORD_BYTES);
            checks.done()?;
        }
        // At most a million bytes.
        lengths.push(u32::try_from(length).unwrap_or(u32::MAX));
    }
    Ok(Batch {
        arrival,
        lengths,
        data: Bytes::from(data),
    })
}

/// The answer to a batch: an entry for each record, in order. All share what became of the append.
fn answer(stream: &Stream, count: u64, appended: &Result<u64, LogError>) -> Vec<u8> {
    let encrypted = stream.is_encrypted();
    let failed = if appended.is_ok() { 0 } else { count };
    let mut text = String::with_capacity(96 + usize::try_from(count).unwrap_or(0) * 80);
    text += &format!(r#"{{"FailedPutCount":{failed},"Encrypted":{encrypted},"RequestResponses":["#);
    let refusal = appended.as_ref().err().map(|error| {
        let message = match error {
            LogError::Full { .. } => "Slow down.".to_owned(),
            error => error.to_string(),
        };
        let name = ErrorKind::ServiceUnavailable.name();
        serde_json::json!({ "ErrorCode": name, "ErrorMessage": message }).to_string()
    });
    for index in 0..count {
        if index > 0 {
            text.push(',');
        }
        match (&refusal, appended) {
            (None, Ok(first)) => {
                let id = RecordId {
                    sequence: first + index,
                    part: None,
                };
                // Writing to a string does not fail.
                write!(text, r#"{{"RecordId":"{id}"}}"#).ok();
            }
            (refusal, _) => text += refusal.as_deref().unwrap_or_default(),
        }
    }
    text += "]}";
    text.into_bytes()
}

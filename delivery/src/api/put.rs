//! `PutRecord` and `PutRecordBatch`: durable before the answer.

mod quick;

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use hydrant_records::limits::{MAX_BATCH_BYTES, MAX_RECORD_BYTES, MAX_RECORDS_PER_BATCH};
use jiff::Timestamp;
use serde::Deserialize;

use super::{Api, ApiError, ErrorKind, validation};
use crate::{
    log::{Batch, LogError},
    metrics::{Calls, StreamMetrics},
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
        let stream = self.putting(&name)?;
        let bytes = batch.data.len() as u64;
        if admitted(&stream, &batch) == 0 {
            stream.metrics().throttled_records.add(1);
            return Err(ApiError::new(ErrorKind::ServiceUnavailable, SLOW_DOWN));
        }
        let sequence = match self.service.append(&stream, batch).await {
            Ok(sequence) => sequence,
            Err(error) => {
                stream.metrics().throttled_records.add(1);
                return Err(error.into());
            }
        };
        self.count(&stream, |it| &it.put_record, started, 1, bytes);
        let id = RecordId {
            sequence,
            part: None,
        };
        let encrypted = stream.is_encrypted();
        Ok(format!(r#"{{"RecordId":"{id}","Encrypted":{encrypted}}}"#).into_bytes())
    }

    pub(super) async fn put_record_batch(&self, body: &[u8]) -> Result<Vec<u8>, ApiError> {
        let started = self.service.clock().now();
        let (name, batch) = match quick::read(body, started) {
            Some(read) if self.service.stream(&read.0).is_some() => read,
            _ => slow(body, started)?,
        };
        if batch.data.len() > MAX_BATCH_BYTES {
            return Err(ApiError::invalid(format!(
                "The total size of the records exceeds the maximum allowed size of {MAX_BATCH_BYTES} bytes."
            )));
        }
        let stream = self.putting(&name)?;
        let count = u64::from(batch.count());
        let fits = admitted(&stream, &batch);
        let batch = first_of(batch, fits);
        let (taken, bytes) = (u64::from(batch.count()), batch.data.len() as u64);
        let appended = if taken == 0 {
            Ok(0)
        } else {
            self.service.append(&stream, batch).await
        };
        let (taken, bytes) = if appended.is_ok() {
            (taken, bytes)
        } else {
            (0, 0)
        };
        stream.metrics().throttled_records.add(count - taken);
        self.count(&stream, |it| &it.put_record_batch, started, taken, bytes);
        Ok(answer(&stream, count, taken, &appended))
    }

    /// The stream called `name`, to put records into it.
    fn putting(&self, name: &str) -> Result<Arc<Stream>, ApiError> {
        let stream = self.service.stream(name);
        let stream = stream.ok_or_else(|| self.not_found(name))?;
        if stream.takes_puts() {
            return Ok(stream);
        }
        Err(ApiError::invalid(
            "This operation is not permitted on KinesisStreamAsSource delivery stream type.",
        ))
    }

    /// Puts records as `PutRecordBatch` does, for whoever has them in this process; at most as many and as
    /// large as a request may hold. Durable when this is ready.
    ///
    /// # Errors
    ///
    /// [`ApiError`]: there is no such stream, a record is too large, or as much waits as may. None of the
    /// records is then accepted.
    pub async fn put(&self, stream: &str, records: &[Bytes]) -> Result<(), ApiError> {
        let started = self.service.clock().now();
        let mut checks = validation::Checks::default();
        let mut lengths = Vec::with_capacity(records.len());
        for (index, record) in records.iter().enumerate() {
            if record.len() > MAX_RECORD_BYTES {
                let member = format!("records.{}.member.data", index + 1);
                checks.length(&member, record.len(), 0, MAX_RECORD_BYTES);
            }
            // At most a million bytes.
            lengths.push(u32::try_from(record.len()).unwrap_or(u32::MAX));
        }
        checks.done()?;
        let stream = self.putting(stream)?;
        let data = match records {
            [one] => one.clone(),
            many => many.concat().into(),
        };
        let (count, bytes) = (records.len() as u64, data.len() as u64);
        let batch = Batch {
            arrival: started,
            lengths,
            data,
        };
        let metrics = stream.metrics();
        if admitted(&stream, &batch) < records.len() {
            metrics.throttled_records.add(count);
            return Err(ApiError::new(ErrorKind::ServiceUnavailable, SLOW_DOWN));
        }
        if let Err(error) = self.service.append(&stream, batch).await {
            metrics.throttled_records.add(count);
            return Err(error.into());
        }
        self.count(&stream, |it| &it.put_record_batch, started, count, bytes);
        Ok(())
    }

    fn count(
        &self,
        stream: &Stream,
        calls: fn(&StreamMetrics) -> &Calls,
        started: Timestamp,
        records: u64,
        bytes: u64,
    ) {
        let metrics = stream.metrics();
        metrics.incoming.records.add(records);
        metrics.incoming.bytes.add(bytes);
        let calls = calls(metrics);
        calls.records.add(records);
        calls.bytes.add(bytes);
        calls.took(started, self.service.clock().now());
    }
}

/// What AWS says to who is over a quota.
const SLOW_DOWN: &str = "Slow down.";

/// How many records of a request the stream's quota takes: the first that fit.
fn admitted(stream: &Stream, batch: &Batch) -> usize {
    let all = batch.lengths.len();
    stream
        .quota()
        .map_or(all, |quota| quota.admit(batch.arrival, &batch.lengths))
}

/// The first `count` records of a batch.
fn first_of(mut batch: Batch, count: usize) -> Batch {
    if count < batch.lengths.len() {
        batch.lengths.truncate(count);
        let bytes: usize = batch.lengths.iter().map(|it| *it as usize).sum();
        batch.data.truncate(bytes);
    }
    batch
}

/// Reads a batch as JSON.
fn slow(body: &[u8], arrival: Timestamp) -> Result<(String, Batch), ApiError> {
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
    Ok((name, batch(&records, member, arrival)?))
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

/// The answer to a batch: an entry for each record, in order. The first `taken` share what became of the
/// append; the others were more than the quota.
fn answer(stream: &Stream, count: u64, taken: u64, appended: &Result<u64, LogError>) -> Vec<u8> {
    let encrypted = stream.is_encrypted();
    let failed = count - taken;
    let mut text = String::with_capacity(96 + usize::try_from(count).unwrap_or(0) * 80);
    text += &format!(r#"{{"FailedPutCount":{failed},"Encrypted":{encrypted},"RequestResponses":["#);
    let message = match appended {
        Ok(_) | Err(LogError::Full { .. }) => SLOW_DOWN.to_owned(),
        Err(error) => error.to_string(),
    };
    let name = ErrorKind::ServiceUnavailable.name();
    let refusal = serde_json::json!({ "ErrorCode": name, "ErrorMessage": message }).to_string();
    for index in 0..count {
        if index > 0 {
            text.push(',');
        }
        match appended {
            Ok(first) if index < taken => {
                let id = RecordId {
                    sequence: first + index,
                    part: None,
                };
                text += r#"{"RecordId":""#;
                text += id.digits(&mut [0; RecordId::DIGITS]);
                text += r#""}"#;
            }
            _ => text += &refusal,
        }
    }
    text += "]}";
    text.into_bytes()
}

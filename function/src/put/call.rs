//! The two calls: their bodies and their answers (Firehose API reference, `PutRecordBatch`; Kinesis Data
//! Streams API reference, `PutRecords`).

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use crate::batch::Original;
use crate::event::Source;
use crate::reingest::PutError;

/// A call to be made.
#[derive(Debug)]
pub(super) struct Call {
    kinesis: bool,
    region: Option<String>,
    records: usize,
    body: Bytes,
}

impl Call {
    /// Puts `batch` into `target`.
    pub(super) fn new(target: &Source, batch: &[&Original]) -> Self {
        let (kinesis, arn) = match target {
            Source::DeliveryStream(arn) => (false, arn.as_str()),
            Source::KinesisStream(arn) => (true, arn.as_str()),
        };
        // The ARN of a delivery stream ends in `deliverystream/<name>`, that of a data stream in
        // `stream/<name>`.
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let bytes: usize = batch.iter().map(|record| record.data.len()).sum();
        let mut body = Vec::with_capacity(bytes / 3 * 4 + 128 * (batch.len() + 2));
        let stream = if kinesis && arn.starts_with("arn:") {
            ("StreamARN", arn)
        } else if kinesis {
            ("StreamName", name)
        } else {
            ("DeliveryStreamName", name)
        };
        body.extend_from_slice(b"{\"");
        body.extend_from_slice(stream.0.as_bytes());
        body.extend_from_slice(b"\":");
        text(stream.1, &mut body);
        body.extend_from_slice(b",\"Records\":[");
        for (position, record) in batch.iter().enumerate() {
            if position > 0 {
                body.push(b',');
            }
            body.extend_from_slice(b"{\"Data\":\"");
            base64_simd::STANDARD.encode_append(&record.data, &mut body);
            body.push(b'"');
            if kinesis {
                body.extend_from_slice(b",\"PartitionKey\":");
                // Firehose always tells the key; without one, records spread over the shards.
                match &record.partition_key {
                    Some(key) => text(key, &mut body),
                    None => text(&position.to_string(), &mut body),
                }
            }
            body.push(b'}');
        }
        body.extend_from_slice(b"]}");
        let region = arn.split(':').nth(3).filter(|region| !region.is_empty());
        Self {
            kinesis,
            region: region.map(str::to_owned),
            records: batch.len(),
            body: body.into(),
        }
    }

    pub(super) fn name(&self) -> &'static str {
        if self.kinesis {
            "PutRecords"
        } else {
            "PutRecordBatch"
        }
    }

    pub(super) fn target(&self) -> &'static str {
        if self.kinesis {
            "Kinesis_20131202.PutRecords"
        } else {
            "Firehose_20150804.PutRecordBatch"
        }
    }

    pub(super) fn service(&self) -> &'static str {
        if self.kinesis { "kinesis" } else { "firehose" }
    }

    pub(super) fn endpoint_variable(&self) -> &'static str {
        if self.kinesis {
            "AWS_ENDPOINT_URL_KINESIS"
        } else {
            "AWS_ENDPOINT_URL_FIREHOSE"
        }
    }

    /// The service's own endpoint in a region.
    pub(super) fn endpoint(&self, region: &str) -> String {
        let domain = match region {
            _ if region.starts_with("cn-") => "amazonaws.com.cn",
            _ if region.starts_with("us-iso-") => "c2s.ic.gov",
            _ if region.starts_with("us-isob-") => "sc2s.sgov.gov",
            _ => "amazonaws.com",
        };
        format!("https://{}.{region}.{domain}", self.service())
    }

    /// The stream's region, as its ARN names it.
    pub(super) fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    pub(super) fn body(&self) -> &Bytes {
        &self.body
    }

    /// Which records were taken, by an answer that says so of each.
    pub(super) fn taken(&self, answer: &[u8]) -> Option<Vec<bool>> {
        let answer: Value = serde_json::from_slice(answer).ok()?;
        let entries = if self.kinesis {
            "Records"
        } else {
            "RequestResponses"
        };
        let entries = answer.get(entries)?.as_array()?;
        let taken = |entry: &Value| entry.get("ErrorCode").is_none_or(Value::is_null);
        (entries.len() == self.records).then(|| entries.iter().map(taken).collect())
    }

    /// What a call that failed as a whole means for the next one.
    pub(super) fn refused(&self, status: StatusCode, kind: Option<&str>, body: &[u8]) -> PutError {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let member = |name: &str| body.get(name).and_then(Value::as_str);
        // `com.amazonaws.firehose#ResourceNotFoundException:http://…` is spelled in all these lengths.
        let code = kind.or_else(|| member("__type")).unwrap_or_default();
        let code = code.split(':').next().unwrap_or_default();
        let code = code.rsplit('#').next().unwrap_or_default();
        let message = member("message").or_else(|| member("Message"));
        let mut told = format!("{}: ", self.name());
        told.push_str(if code.is_empty() {
            status.as_str()
        } else {
            code
        });
        if let Some(message) = message {
            told.push_str(": ");
            told.push_str(message);
        }
        match code {
            "AccessDeniedException"
            | "ResourceNotFoundException"
            | "InvalidArgumentException"
            | "ValidationException"
            | "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "InvalidKMSResourceException"
            | "InvalidSourceException" => PutError::Lasting(told),
            _ => PutError::Passing(told),
        }
    }
}

/// Appends a JSON string.
fn text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(Value::from(text).to_string().as_bytes());
}

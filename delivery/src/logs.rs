//! What CloudWatch Logs puts into a stream: log events in a JSON document, compressed (developer guide,
//! "Decompress CloudWatch Logs" and "Extract message after decompression").

use bytes::Bytes;
use libdeflater::{DecompressionError, Decompressor};
use serde::Deserialize;

use crate::failure::Failure;

/// Most bytes that a record inflates to. Ours: a record of a megabyte could be a gigabyte of zeros.
const MAX_INFLATED_BYTES: usize = 64 << 20;

/// The processors for CloudWatch Logs that a stream has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CloudWatchLogs {
    /// Whether only the messages are delivered (`DataMessageExtraction`).
    pub(crate) extract_messages: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    message_type: String,
    #[serde(default)]
    log_events: Vec<LogEvent>,
}

#[derive(Deserialize)]
struct LogEvent {
    message: String,
}

impl CloudWatchLogs {
    /// What is delivered of a record: its document, or the messages in it, one a line without a newline at
    /// the end. A control message, with which CloudWatch Logs looks whether it can put, has no messages
    /// worth delivering: it becomes an empty record, as on AWS.
    ///
    /// # Errors
    ///
    /// Why there is nothing to deliver, for the error output.
    pub(crate) fn unpack(self, record: &[u8]) -> Result<Bytes, Failure> {
        let text = inflate(record).map_err(Failure::of_decompression)?;
        if !self.extract_messages {
            return Ok(text.into());
        }
        let document: Document = serde_json::from_slice(&text)
            .map_err(|error| Failure::of_extraction(&error.to_string()))?;
        if document.message_type != "DATA_MESSAGE" {
            return Ok(Bytes::new());
        }
        let messages: Vec<&str> = document
            .log_events
            .iter()
            .map(|event| event.message.as_str())
            .collect();
        Ok(messages.join("\n").into())
    }
}

/// One gzip member.
fn inflate(record: &[u8]) -> Result<Vec<u8>, &'static str> {
    if !record.starts_with(b"\x1f\x8b") {
        return Err("the record is not compressed with GZIP");
    }
    // A member ends with its length, modulo 4 GiB; of one that lies about it, nothing is believed.
    let said = record
        .last_chunk::<4>()
        .map_or(0, |length| u32::from_le_bytes(*length) as usize);
    if said > MAX_INFLATED_BYTES {
        return Err("the record is damaged or cut off, or it inflates to more than 64 MiB");
    }
    let mut text = vec![0; said];
    match Decompressor::new().gzip_decompress(record, &mut text) {
        Ok(length) => {
            text.truncate(length);
            Ok(text)
        }
        Err(DecompressionError::InsufficientSpace) => {
            Err("the record is longer than its gzip trailer says")
        }
        Err(DecompressionError::BadData) => Err("the record is damaged or cut off"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WHOLE: CloudWatchLogs = CloudWatchLogs {
        extract_messages: false,
    };
    const MESSAGES: CloudWatchLogs = CloudWatchLogs {
        extract_messages: true,
    };

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
        let mut member = vec![0; compressor.gzip_compress_bound(text.len())];
        let length = compressor.gzip_compress(text, &mut member).unwrap();
        member.truncate(length);
        member
    }

    fn document(kind: &str, messages: &[&str]) -> Vec<u8> {
        let events: Vec<_> = messages
            .iter()
            .map(|message| serde_json::json!({ "id": "1", "timestamp": 2, "message": message }))
            .collect();
        let document = serde_json::json!({
            "messageType": kind, "owner": "123456789012", "logGroup": "g", "logStream": "s",
            "subscriptionFilters": ["f"], "logEvents": events,
        });
        document.to_string().into_bytes()
    }

    #[test]
    fn without_extraction_the_document_is_delivered_as_it_is() {
        let text = document("DATA_MESSAGE", &["a"]);
        assert_eq!(WHOLE.unpack(&gzip(&text)).unwrap(), text);
    }

    #[test]
    fn with_extraction_each_message_has_a_line() {
        let text = document("DATA_MESSAGE", &["{\"n\":1}", "two \"words\""]);
        let messages = MESSAGES.unpack(&gzip(&text)).unwrap();
        assert_eq!(messages, "{\"n\":1}\ntwo \"words\"");
    }

    #[test]
    fn a_control_message_becomes_an_empty_record() {
        let text = document("CONTROL_MESSAGE", &["CWL CONTROL MESSAGE: Checking health"]);
        assert_eq!(MESSAGES.unpack(&gzip(&text)).unwrap(), "");
    }

    #[test]
    fn what_is_not_of_cloudwatch_logs_is_refused_with_a_reason() {
        let mut cut = gzip(b"text");
        cut.pop();
        let mut bomb = gzip(b"text");
        let end = bomb.len();
        bomb[end - 4..].copy_from_slice(&u32::MAX.to_le_bytes());
        let said: Vec<String> = [
            WHOLE.unpack(b""),
            WHOLE.unpack(b"{\"a\":1}"),
            WHOLE.unpack(&cut),
            WHOLE.unpack(&bomb),
            MESSAGES.unpack(&gzip(b"text")),
            MESSAGES.unpack(&gzip(b"{}")),
        ]
        .map(|refused| {
            let refused = refused.unwrap_err();
            format!(
                "{} {}: {}",
                refused.output_type, refused.code, refused.message
            )
        })
        .into();
        insta::assert_snapshot!(said.join("\n"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            WHOLE.unpack(&bytes).ok();
            MESSAGES.unpack(&gzip(&bytes)).ok();
        }
    }
}

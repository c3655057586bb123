//! What is kept of a stream: its definition, and what the API adds to it.

use std::collections::BTreeMap;

use hydrant_records::{DeliveryStreamInput, ExtendedS3Destination};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ServiceOptions;
use crate::{
    GlueTables,
    definition::{DefinitionError, DeliveryStream, table_named},
};

/// A stream as the log keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Configuration {
    /// As it was created or last updated; the destination is always the extended one.
    pub(crate) input: DeliveryStreamInput,
    pub(crate) version: u64,
    pub(crate) created_ms: i64,
    #[serde(default)]
    pub(crate) updated_ms: Option<i64>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) encryption: Option<Encryption>,
    /// When encryption was switched, in milliseconds since the epoch: AWS allows 25 times in 24 hours.
    #[serde(default)]
    pub(crate) encryption_calls_ms: Vec<i64>,
    /// The Glue table that its conversion names, as it was last given: the stream needs it wherever it starts.
    #[serde(default)]
    pub(crate) table: Option<Value>,
}

/// Server-side encryption of a stream, which here is only said to be on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Encryption {
    pub(crate) key_type: String,
    pub(crate) key_arn: Option<String>,
}

impl Configuration {
    /// Takes the tags and the encryption out of `input`.
    pub(crate) fn new(mut input: DeliveryStreamInput, now: Timestamp) -> Self {
        if let Some(plain) = input.s3_destination_configuration.take() {
            input
                .extended_s3_destination_configuration
                .get_or_insert(plain);
        }
        let tags = input.other.remove("Tags").unwrap_or_default();
        let encryption = input
            .other
            .remove("DeliveryStreamEncryptionConfigurationInput");
        Self {
            tags: tags_of(&tags).collect(),
            encryption: encryption.as_ref().map(Encryption::of),
            input,
            version: 1,
            created_ms: now.as_millisecond(),
            updated_ms: None,
            encryption_calls_ms: Vec::new(),
            table: None,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.input.delivery_stream_name
    }

    pub(crate) fn kind(&self) -> &str {
        self.input
            .delivery_stream_type
            .as_deref()
            .unwrap_or("DirectPut")
    }

    /// The Kinesis data stream that it reads, if it reads.
    pub(super) fn kinesis_stream_arn(&self) -> Option<&str> {
        let source = self.input.other.get("KinesisStreamSourceConfiguration")?;
        let reads = self.kind() == "KinesisStreamAsSource";
        source["KinesisStreamARN"].as_str().filter(|_| reads)
    }

    /// `ThroughputHintInMBs`.
    pub(super) fn throughput_hint(&self) -> Option<u32> {
        let source = self.input.other.get("DirectPutSourceConfiguration")?;
        let hint = source["ThroughputHintInMBs"].as_u64()?;
        u32::try_from(hint).ok()
    }

    /// The destination; every configuration that was checked has one.
    pub(crate) fn destination(&self) -> ExtendedS3Destination {
        self.input
            .extended_s3_destination_configuration
            .clone()
            .unwrap_or_default()
    }

    /// Counts an update of the destination.
    pub(crate) fn updated(&mut self, now: Timestamp) {
        self.version += 1;
        self.updated_ms = Some(now.as_millisecond());
    }

    /// Keeps the table that the conversion names, where it is given; whether this changed something.
    pub(super) fn remember(&mut self, tables: &GlueTables) -> bool {
        let destination = self.input.extended_s3_destination_configuration.as_ref();
        let named = destination.and_then(table_named);
        let table = named.and_then(|(database, name)| {
            let given = tables.written(database, name);
            given.or_else(|| self.table.clone())
        });
        let changed = table != self.table;
        self.table = table;
        changed
    }

    /// The stream, checked.
    pub(super) fn definition(
        &self,
        options: &ServiceOptions,
    ) -> Result<DeliveryStream, DefinitionError> {
        let ServiceOptions {
            region, account, ..
        } = options;
        let tables = options.tables.and_kept(self.table.as_ref());
        let mut definition = DeliveryStream::with_tables(&self.input, &tables)?;
        definition.arn = arn(region, account, self.name());
        region.clone_into(&mut definition.region);
        definition.version = self.version;
        Ok(definition)
    }

    pub(super) fn to_text(&self) -> Vec<u8> {
        // Maps with text for keys, text and numbers: this serialises.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl Encryption {
    /// From `DeliveryStreamEncryptionConfigurationInput`.
    pub(crate) fn of(input: &Value) -> Self {
        let text = |name: &str| input[name].as_str().map(str::to_owned);
        Self {
            key_type: text("KeyType").unwrap_or_else(|| "AWS_OWNED_CMK".to_owned()),
            key_arn: text("KeyARN"),
        }
    }
}

/// The tags of a list of them.
pub(crate) fn tags_of(tags: &Value) -> impl Iterator<Item = (String, String)> {
    let tags = tags.as_array().map(Vec::as_slice).unwrap_or_default();
    tags.iter().filter_map(|tag| {
        let key = tag["Key"].as_str()?.to_owned();
        Some((key, tag["Value"].as_str().unwrap_or_default().to_owned()))
    })
}

/// `arn:aws:firehose:<region>:<account>:deliverystream/<name>`.
pub(crate) fn arn(region: &str, account: &str, name: &str) -> String {
    format!("arn:aws:firehose:{region}:{account}:deliverystream/{name}")
}

//! Records chosen by SQL over the table `errors`.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    io,
};

use anyhow::{Context, Result};
use hydrant_lake::Lake;
use hydrant_query::{ERRORS, Engine, Format, Options, write};
use hydrant_records::ErrorRecord;
use serde::Deserialize;

/// Where the engine finds the error output by itself.
const USUAL: &str = "errors/";

/// For whoever spelled one wrong.
const COLUMNS: &str = "rawData, errorCode, errorMessage, attemptsMade, arrivalTimestamp, attemptEndingTimestamp, \
    lambdaArn, errorOutputType, _object";

/// The records for which a condition holds. Which they are is kept as a hash of 128 bits each: the condition sees
/// nothing of a record but what goes into the hash.
pub(super) struct Chosen {
    hashers: [RandomState; 2],
    hashes: HashSet<[u64; 2]>,
    /// The end of a line that was not written whole yet.
    rest: Vec<u8>,
}

/// A row of the table.
#[derive(Debug, Hash, Deserialize)]
struct Row {
    object: String,
    raw: Option<String>,
    code: Option<String>,
    message: Option<String>,
    attempts: Option<i64>,
    arrival: Option<i64>,
    ending: Option<i64>,
    arn: Option<String>,
}

impl Chosen {
    /// Asks the lake, whose error output is below the folder `from`.
    pub(super) async fn by(condition: &str, lake: &Lake, from: &str) -> Result<Self> {
        let options = Options {
            error_prefix: (from != USUAL).then(|| format!("{}/", from.trim_matches('/'))),
            ..Options::default()
        };
        let engine = Engine::open(lake, &options)?;
        let sql = format!(
            "select _object as object, rawData as raw, errorCode as code, errorMessage as message, \
             attemptsMade as attempts, cast(arrivalTimestamp as bigint) as arrival, \
             cast(attemptEndingTimestamp as bigint) as ending, lambdaArn as arn \
             from {ERRORS} where ({condition}\n)"
        );
        let mut chosen = Self {
            hashers: [RandomState::new(), RandomState::new()],
            hashes: HashSet::new(),
            rest: Vec::new(),
        };
        let asked = async { write(engine.run(&sql).await?, Format::NdJson, &mut chosen).await };
        asked.await.with_context(|| {
            format!("--where {condition}: the columns are those of the table errors ({COLUMNS})")
        })?;
        Ok(chosen)
    }

    /// Whether the condition holds for a record of the object at `key`.
    pub(super) fn has(&self, key: &str, record: &ErrorRecord) -> bool {
        let raw = match std::str::from_utf8(&record.raw_data) {
            Ok(text) => text.to_owned(),
            // As the table spells what is no text.
            Err(_) => format!(
                "base64:{}",
                base64_simd::STANDARD.encode_to_string(&record.raw_data)
            ),
        };
        self.hashes.contains(&self.hash(&Row {
            object: key.to_owned(),
            raw: Some(raw),
            code: Some(record.error_code.clone()),
            message: Some(record.error_message.clone()),
            attempts: Some(record.attempts_made),
            arrival: Some(record.arrival_timestamp),
            ending: Some(record.attempt_ending_timestamp),
            arn: record.lambda_arn.clone(),
        }))
    }

    fn hash(&self, row: &Row) -> [u64; 2] {
        [self.hashers[0].hash_one(row), self.hashers[1].hash_one(row)]
    }
}

/// Takes the answer, a row a line.
impl io::Write for Chosen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rest.extend_from_slice(bytes);
        let mut lines = std::mem::take(&mut self.rest);
        let whole = memchr::memrchr(b'\n', &lines).map_or(0, |at| at + 1);
        for line in lines[..whole].split(|byte| *byte == b'\n') {
            if !line.is_empty() {
                let row: Row = serde_json::from_slice(line)?;
                self.hashes.insert(self.hash(&row));
            }
        }
        lines.drain(..whole);
        self.rest = lines;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

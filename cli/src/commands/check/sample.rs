//! A sample, run through a stream up to where its records would be buffered.

use std::io::Write;

use anyhow::{Context, Result};
use flate2::{Compression, write::GzEncoder};
use hydrant_check::{CheckedStream, Landed, StreamShape, Survey};
use hydrant_delivery::{Clock, DeliveryStream, Ids, SystemClock};
use hydrant_partitioner::ConfinementPolicy;
use hydrant_records::{CompressionFormat, json::Scanner, limits::MAX_RECORD_BYTES};

use crate::{
    args::{ForecastArgs, TransformerArgs},
    commands::partition::placer::{Placed, Placer},
    entries::Bus,
    input::{self, Item, Records},
    progress::{self, Unit},
};

/// Delivered bytes that are compressed to see how far they shrink.
const COMPRESSED_BYTES: usize = 8 << 20;

/// Runs the sample through a stream.
pub(super) fn survey(
    args: &ForecastArgs,
    transformer: &TransformerArgs,
    checked: &CheckedStream,
    stream: &DeliveryStream,
    shape: &StreamShape,
    quiet: bool,
) -> Result<Survey> {
    let clock = SystemClock;
    let transformer = settings(transformer, checked)?;
    let mut placer =
        Placer::for_stream(stream, &transformer, ConfinementPolicy::Fail, clock.now())?;
    let columns = stream.prefix().partition_keys().map(|(_, name)| name);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "1 to 128 MiB"
    )]
    let mut survey = Survey::new(columns, shape.buffer_bytes as u64);
    let mut shrink = Shrink::new(shape.compression);
    let newline = u64::from(shape.appends_newline);

    let files = input::files(&args.sample)?;
    let bar = progress::bar("sampled", Unit::Bytes, input::total_bytes(&files), quiet);
    let ids = Ids::from_seed(rand::random());
    let bus = (args.form == crate::args::Form::Entries)
        .then(|| Bus::new("local-client".to_owned(), Box::new(clock), ids));
    let mut records = Records::new(files, bus);
    while let Some(item) = records.next()? {
        let record = match item {
            Item::Record(record) => record,
            Item::Refused(reason) => {
                survey.refuse("PutEvents", "the bus refuses the entry", || reason);
                continue;
            }
        };
        let bytes = record.data.len();
        bar.inc(bytes as u64 + 1);
        let place = || format!("{}:{}", records.name(), record.line);
        if bytes > MAX_RECORD_BYTES {
            survey.refuse("PutRecord", "larger than PutRecord takes", place);
            continue;
        }
        survey.put(bytes as u64);
        placer.place(&record.data, |placed: &Placed<'_>| {
            survey.accept(placed.source_bytes);
            if let Some(refused) = &placed.refused {
                survey.refuse(refused.code, &refused.reason, place);
                return;
            }
            let values: Vec<&str> = placed.keys.iter().map_while(|key| *key).collect();
            survey.land(Landed {
                values: &values,
                bytes: placed.bytes + newline,
                time: time(placed.data),
            });
            shrink.push(placed.data);
        });
    }
    bar.finish_and_clear();
    if let Some((from, to)) = shrink.finish() {
        survey.compressed(from, to);
    }
    Ok(survey)
}

/// The transformer's settings: as typed, else as the template has them in the function's environment.
fn settings(typed: &TransformerArgs, checked: &CheckedStream) -> Result<TransformerArgs> {
    let variable = |name: &str| {
        let function = checked.function.as_ref()?;
        function.environment.get(name).cloned()
    };
    let mut settings = typed.clone();
    settings.partition_keys = settings
        .partition_keys
        .or_else(|| variable("PARTITION_KEYS"));
    if settings.on_missing.is_none()
        && let Some(text) = variable("ON_MISSING")
    {
        let parsed = text.parse();
        settings.on_missing =
            Some(parsed.with_context(|| format!("ON_MISSING {text} of the template"))?);
    }
    Ok(settings)
}

/// The `time` of an event, where it has one that needs no unescaping.
fn time(record: &[u8]) -> Option<&str> {
    let mut scanner = Scanner::new(record, 0);
    scanner.skip_whitespace();
    scanner.enter_object().ok()?;
    while let Some(name) = scanner.next_member().ok()? {
        let is_time = scanner.text(name) == b"time";
        let value = scanner.skip_value().ok()?;
        if is_time {
            let text = str::from_utf8(scanner.text(value)).ok()?;
            return text.strip_prefix('"')?.strip_suffix('"');
        }
    }
    None
}

/// How far delivered bytes shrink.
struct Shrink {
    encoder: Option<GzEncoder<Counted>>,
    bytes: usize,
}

/// Counts what is written to it.
#[derive(Default)]
struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Shrink {
    /// For GZIP, and the other formats as if they were that; nothing for what is not compressed.
    fn new(format: CompressionFormat) -> Self {
        let compresses = format != CompressionFormat::Uncompressed;
        Self {
            encoder: compresses.then(|| GzEncoder::new(Counted::default(), Compression::default())),
            bytes: 0,
        }
    }

    fn push(&mut self, data: &[u8]) {
        if let Some(encoder) = &mut self.encoder
            && self.bytes < COMPRESSED_BYTES
        {
            // Counting cannot fail.
            encoder.write_all(data).ok();
            self.bytes += data.len();
        }
    }

    fn finish(self) -> Option<(u64, u64)> {
        let counted = self.encoder?.finish().ok()?;
        Some((self.bytes as u64, counted.0))
    }
}

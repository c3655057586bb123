//! What of a stream's definition decides about buffers, objects and the bill.

use hydrant_records::{CompressionFormat, DeliveryStreamInput, Processor, ProcessorType, limits};

use crate::check::FunctionFacts;

/// What of a stream's definition decides about buffers, objects and the bill.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamShape {
    /// Its name.
    pub name: String,
    /// `Prefix` as it is written.
    pub prefix: String,
    /// Bytes that a buffer takes.
    pub buffer_bytes: f64,
    /// Seconds that a buffer waits.
    pub interval: f64,
    /// Whether dynamic partitioning is on.
    pub is_partitioned: bool,
    /// Whether jq finds keys.
    pub has_query: bool,
    /// How objects are compressed.
    pub compression: CompressionFormat,
    /// Whether every record gets a newline.
    pub appends_newline: bool,
    /// The function, if there is one.
    pub function: Option<FunctionShape>,
}

/// What of a function decides about its bill.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionShape {
    /// Source bytes in a batch.
    pub buffer_bytes: f64,
    /// Seconds that a batch waits.
    pub interval: f64,
    /// Memory in MiB.
    pub memory_mb: f64,
    /// True where the template says so, and not we.
    pub memory_is_known: bool,
    /// Whether it runs on Graviton.
    pub is_arm64: bool,
    /// Milliseconds of a batch, where whoever asks knows them.
    pub milliseconds: Option<f64>,
}

/// Memory of a function of which nothing is known: where Lambda gives it one whole processor.
const ONE_PROCESSOR_MB: f64 = 1769.0;

/// Milliseconds in which Hydrant's transformer answers a MiB on one whole processor, transfer left aside: 2.16 ms
/// for 3.00 MB, which are 2.86 MiB (2026-11-22, bench/transform/results/2026-11-22-2.md).
pub(crate) const MILLISECONDS_A_MIB: f64 = 0.76;

impl StreamShape {
    /// The shape of a definition; `None` for one without an S3 destination.
    pub fn new(input: &DeliveryStreamInput, facts: Option<&FunctionFacts>) -> Option<Self> {
        let destination = input
            .extended_s3_destination_configuration
            .as_ref()
            .or(input.s3_destination_configuration.as_ref())?;
        let is_partitioned = destination
            .dynamic_partitioning_configuration
            .as_ref()
            .is_some_and(|it| it.enabled);
        let hints = destination.buffering_hints.unwrap_or_default();
        let default_size = if is_partitioned {
            limits::DEFAULT_PARTITIONED_BUFFER_SIZE_MBS
        } else {
            limits::DEFAULT_BUFFER_SIZE_MBS
        };
        let processing = destination.processing_configuration.as_ref();
        let processors = processing
            .filter(|it| it.enabled)
            .map_or(&[][..], |it| it.processors.as_slice());
        let has = |kind| processors.iter().find(|it| it.kind == kind);
        let interval = hints
            .interval_in_seconds
            .unwrap_or(limits::DEFAULT_BUFFER_INTERVAL_SECONDS);
        Some(Self {
            name: input.delivery_stream_name.clone(),
            prefix: destination.prefix.clone().unwrap_or_default(),
            buffer_bytes: mebibytes(f64::from(hints.size_in_mbs.unwrap_or(default_size))),
            interval: f64::from(interval),
            is_partitioned,
            has_query: has(ProcessorType::MetadataExtraction).is_some(),
            compression: destination.compression_format,
            appends_newline: has(ProcessorType::AppendDelimiterToRecord).is_some(),
            function: has(ProcessorType::Lambda).map(|it| FunctionShape::new(it, facts)),
        })
    }
}

impl FunctionShape {
    fn new(processor: &Processor, facts: Option<&FunctionFacts>) -> Self {
        let number = |name: &str, default: f64| {
            let text = processor.parameter(name);
            text.and_then(|text| text.parse().ok()).unwrap_or(default)
        };
        let memory = facts.and_then(|facts| facts.memory_mb);
        Self {
            buffer_bytes: mebibytes(number("BufferSizeInMBs", limits::DEFAULT_LAMBDA_BUFFER_MBS)),
            interval: number("BufferIntervalInSeconds", 60.0),
            memory_mb: memory.map_or(ONE_PROCESSOR_MB, f64::from),
            memory_is_known: memory.is_some(),
            is_arm64: facts.is_some_and(|facts| facts.is_arm64),
            milliseconds: None,
        }
    }

    /// Milliseconds that a batch of so many bytes is billed.
    pub(crate) fn billed_milliseconds(&self, bytes: f64) -> f64 {
        let taken = self.milliseconds.unwrap_or_else(|| {
            // Lambda gives processor time in proportion to memory.
            let slower = (ONE_PROCESSOR_MB / self.memory_mb).max(1.0);
            bytes / mebibytes(1.0) * MILLISECONDS_A_MIB * slower
        });
        taken.max(1.0).ceil()
    }
}

fn mebibytes(number: f64) -> f64 {
    number * 1_048_576.0
}

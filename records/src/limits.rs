//! Every limit that more than one part must respect, each with its source. A number that is ours and not
//! AWS's says so. Limits of keys and prefixes alone are in `hydrant-partitioner`.

/// Bytes in a mebibyte: `SizeInMBs` counts these (Firehose API reference, `BufferingHints`).
pub const MIB: usize = 1 << 20;

/// Largest `Record.Data` that a put accepts: 1,000 KiB before base64 (API reference, `Record`).
pub const MAX_RECORD_BYTES: usize = 1_024_000;

/// Most records in one `PutRecordBatch` (API reference, `PutRecordBatch`).
pub const MAX_RECORDS_PER_BATCH: usize = 500;

/// Most bytes in one `PutRecordBatch`: 4 MiB (API reference, `PutRecordBatch`).
pub const MAX_BATCH_BYTES: usize = 4 * MIB;

/// Largest request and answer of a synchronous Lambda invocation (Lambda quotas).
pub const MAX_LAMBDA_PAYLOAD_BYTES: usize = 6_291_456;

/// Most sub-records that de-aggregation takes out of one record; above it the record stays whole
/// (API reference, `PutRecord`).
pub const MAX_SUB_RECORDS: usize = 500;

/// Partitions that may be active at once in a stream, unless AWS raised it (Firehose quotas).
pub const MAX_ACTIVE_PARTITIONS: usize = 500;

/// `BufferingHints.SizeInMBs` where none is given: 5, or 128 under dynamic partitioning. The API stores a
/// value of its own that was never captured for the second case; 128 is what the CDK writes.
pub const DEFAULT_BUFFER_SIZE_MBS: u32 = 5;
/// See [`DEFAULT_BUFFER_SIZE_MBS`].
pub const DEFAULT_PARTITIONED_BUFFER_SIZE_MBS: u32 = 128;
/// `BufferingHints.IntervalInSeconds` where none is given (API reference, `BufferingHints`).
pub const DEFAULT_BUFFER_INTERVAL_SECONDS: u32 = 300;
/// Range of `SizeInMBs` (API reference, `BufferingHints`).
pub const BUFFER_SIZE_MBS: std::ops::RangeInclusive<u32> = 1..=128;
/// Range of `IntervalInSeconds` (API reference, `BufferingHints`).
pub const BUFFER_INTERVAL_SECONDS: std::ops::RangeInclusive<u32> = 0..=900;
/// Smallest `SizeInMBs` under dynamic partitioning (observed on AWS).
pub const MIN_PARTITIONED_BUFFER_SIZE_MBS: u32 = 64;
/// Smallest `IntervalInSeconds` under dynamic partitioning (observed on AWS).
pub const MIN_PARTITIONED_BUFFER_INTERVAL_SECONDS: u32 = 60;

/// Default `BufferSizeInMBs` of a Lambda processor (developer guide, data transformation).
pub const DEFAULT_LAMBDA_BUFFER_MBS: f64 = 1.0;
/// Range of `BufferSizeInMBs` of a Lambda processor (developer guide, data transformation).
pub const LAMBDA_BUFFER_MBS: std::ops::RangeInclusive<f64> = 0.2..=3.0;
/// Default `NumberOfRetries` of a Lambda processor (developer guide, data transformation).
pub const DEFAULT_LAMBDA_RETRIES: u32 = 3;
/// Range of `NumberOfRetries` of a Lambda processor (observed on AWS).
pub const LAMBDA_RETRIES: std::ops::RangeInclusive<u32> = 0..=300;

/// Most processors in a stream (observed on AWS).
pub const MAX_PROCESSORS: usize = 5;

/// Longest name of a delivery stream, in characters (API reference, `CreateDeliveryStream`).
pub const MAX_STREAM_NAME_CHARS: usize = 64;

/// Deepest nesting of arrays and objects that Hydrant reads in a record. Ours: RFC 8259 §9 lets a parser
/// choose, and a bound keeps a hostile record from costing more than its bytes.
pub const MAX_JSON_DEPTH: usize = 128;

//! The shapes that cross a boundary between two parts of Hydrant, or between Hydrant and AWS: the Firehose
//! transform event and its answer, the error record, the definition of a delivery stream, the JSON text of
//! a record, and the limits that AWS sets.
//!
//! This crate does no I/O, knows no clock and starts no task. What does not cross a boundary is not here.
//!
//! Start at [`TransformEvent`] for what a Lambda receives, at [`DeliveryStreamInput`] for what
//! `aws firehose create-delivery-stream` takes, and at [`json`] for the text of a record.

mod base64;
mod envelope;
mod error_record;
pub mod json;
pub mod limits;
pub mod lines;
pub mod schema;
mod stream;
mod transform_event;

pub use base64::decode_base64;
pub use envelope::Envelope;
pub use error_record::{ErrorRecord, error_code};
pub use stream::{
    BufferingHints, CompressionFormat, DeliveryStreamInput, DynamicPartitioningConfiguration,
    ExtendedS3Destination, ProcessingConfiguration, Processor, ProcessorParameter, ProcessorType,
};
pub use transform_event::{
    KinesisRecordMetadata, Metadata, ProcessingResult, TransformAnswer, TransformEvent,
    TransformRecord, TransformedRecord,
};

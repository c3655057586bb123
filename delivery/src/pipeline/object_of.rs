//! What becomes of a buffer: an object with its key.

use std::sync::Arc;

use hydrant_partitioner::{Evaluation, ObjectName, Partition};
use hydrant_records::CompressionFormat;

use super::Pipeline;
use crate::{buffer::Buffer, engine::DeliveryError, object, writer::Object};

/// What an object is besides its prefix and its records.
struct Kind<'a> {
    extension: &'a str,
    compression: CompressionFormat,
    is_error: bool,
}

impl Pipeline {
    /// Sends the buffer of a partition on its way as one object.
    pub(super) fn write(
        &mut self,
        partition: &Partition,
        buffer: Buffer,
    ) -> Result<(), DeliveryError> {
        let stream = Arc::clone(&self.processing.stream);
        let mut evaluation = Evaluation {
            instant: buffer.oldest,
            zone: &stream.zone,
            random: &mut || self.ids.random_string(),
        };
        let prefix = stream.prefix.evaluate(partition, &mut evaluation);
        let kind = Kind {
            extension: &stream.extension,
            compression: stream.compression,
            is_error: false,
        };
        self.queue(&prefix.map_err(DeliveryError::Prefix)?, buffer, &kind);
        Ok(())
    }

    /// The same for error records of one `error-output-type`.
    pub(super) fn write_errors(
        &mut self,
        output_type: &'static str,
        buffer: Buffer,
    ) -> Result<(), DeliveryError> {
        let stream = Arc::clone(&self.processing.stream);
        let mut evaluation = Evaluation {
            instant: buffer.oldest,
            zone: &stream.zone,
            random: &mut || self.ids.random_string(),
        };
        let prefix = stream
            .error_output_prefix
            .evaluate(output_type, &mut evaluation);
        let kind = Kind {
            extension: object::ERROR_EXTENSION,
            compression: object::ERROR_COMPRESSION,
            is_error: true,
        };
        self.queue(&prefix.map_err(DeliveryError::Prefix)?, buffer, &kind);
        Ok(())
    }

    fn queue(&mut self, prefix: &str, buffer: Buffer, kind: &Kind<'_>) {
        let stream = &self.processing.stream;
        let name = ObjectName::new(
            &stream.name,
            stream.version,
            buffer.oldest,
            &stream.zone,
            self.ids.uuid(),
            kind.extension,
        );
        self.outbox.push_back(Object {
            key: name.format(prefix),
            data: buffer.data,
            records: buffer.records,
            receipts: buffer.receipts,
            compression: kind.compression,
            is_error: kind.is_error,
        });
    }
}

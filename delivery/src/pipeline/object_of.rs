//! What becomes of a buffer: an object with its key.

use std::sync::Arc;

use bytes::Bytes;
use hydrant_partitioner::{
    ConfinementPolicy, CustomTimeZone, Evaluation, ObjectName, Partition, PartitionKeys,
};
use jiff::Timestamp;

use super::Pipeline;
use crate::{
    Ids,
    buffer::{Buffer, Moment},
    engine::DeliveryError,
    log::Receipt,
    object::{self, Encoding},
    observer::ObjectKind,
    writer::Object,
};

impl Pipeline {
    /// Sends the buffer of a partition on its way as one object.
    pub(super) fn write(
        &mut self,
        partition: &Partition,
        buffer: Buffer,
    ) -> Result<(), DeliveryError> {
        let stream = Arc::clone(&self.processing.stream);
        let prefix = evaluated(&mut self.ids, &buffer, &stream.zone, |evaluation| {
            stream.prefix.evaluate(partition, evaluation)
        })?;
        let encoding = match &stream.conversion {
            Some(conversion) => Encoding::Parquet(Arc::clone(conversion)),
            None => Encoding::of(stream.compression, || self.ids.uuid(), buffer.oldest),
        };
        let kind = ObjectKind::Delivered;
        self.queue(&prefix, buffer, &stream.extension, encoding, kind);
        Ok(())
    }

    /// The same for error records of one `error-output-type`.
    pub(super) fn write_errors(
        &mut self,
        output_type: &'static str,
        buffer: Buffer,
    ) -> Result<(), DeliveryError> {
        let stream = Arc::clone(&self.processing.stream);
        let prefix = evaluated(&mut self.ids, &buffer, &stream.zone, |evaluation| {
            stream.error_output_prefix.evaluate(output_type, evaluation)
        })?;
        let (extension, kind) = (object::ERROR_EXTENSION, ObjectKind::Errors);
        self.queue(&prefix, buffer, extension, Encoding::Plain, kind);
        Ok(())
    }

    /// The same for records as they came. A stream that has no backup has no such buffer.
    pub(super) fn write_backup(&mut self, buffer: Buffer) -> Result<(), DeliveryError> {
        let stream = Arc::clone(&self.processing.stream);
        let Some(backup) = &stream.backup else {
            return Ok(());
        };
        let none = PartitionKeys::default();
        // A backup's prefix names no keys, so there is but one partition.
        let partition = backup
            .prefix
            .partition(&none, &none, ConfinementPolicy::Fail)
            .map_err(|error| DeliveryError::Backup(error.to_string()))?;
        let prefix = evaluated(&mut self.ids, &buffer, &stream.zone, |evaluation| {
            backup.prefix.evaluate(&partition, evaluation)
        })?;
        let prefix = format!("{}{prefix}", backup.folder.as_deref().unwrap_or_default());
        let encoding = Encoding::of(backup.compression, || self.ids.uuid(), buffer.oldest);
        let kind = ObjectKind::Backup;
        self.queue(&prefix, buffer, &backup.extension, encoding, kind);
        Ok(())
    }

    /// Buffers a record as it came.
    pub(super) fn back_up(
        &mut self,
        record: &Bytes,
        arrival: Timestamp,
        receipt: Option<Receipt>,
    ) -> Result<(), DeliveryError> {
        let moment = Moment {
            arrival,
            now: self.now(),
        };
        let full = self.backup_buffer.append((), &[record], moment, receipt);
        match full {
            Some(((), buffer)) => self.write_backup(buffer),
            None => Ok(()),
        }
    }

    fn queue(
        &mut self,
        prefix: &str,
        buffer: Buffer,
        extension: &str,
        encoding: Encoding,
        kind: ObjectKind,
    ) {
        let stream = &self.processing.stream;
        let name = ObjectName::new(
            &stream.name,
            stream.version,
            buffer.oldest,
            &stream.zone,
            self.ids.uuid(),
            extension,
        );
        self.outbox.push_back(Object {
            key: name.format(prefix),
            data: buffer.data,
            records: buffer.records,
            receipts: buffer.receipts,
            encoding,
            kind,
        });
    }
}

/// The prefix of a buffer's object: its instant is the arrival of the oldest record in it.
fn evaluated(
    ids: &mut Ids,
    buffer: &Buffer,
    zone: &CustomTimeZone,
    evaluate: impl FnOnce(&mut Evaluation<'_>) -> Result<String, hydrant_partitioner::EvaluateError>,
) -> Result<String, DeliveryError> {
    let mut evaluation = Evaluation {
        instant: buffer.oldest,
        zone,
        random: &mut || hydrant_partitioner::random_string(ids.uuid()),
    };
    evaluate(&mut evaluation).map_err(DeliveryError::Prefix)
}

//! The end of the road: buffers that are full or due leave as objects, and objects leave the account.

use jiff::Timestamp;

use super::Pipeline;
use crate::{
    buffer::Moment,
    engine::DeliveryError,
    failure::Failure,
    observer::ObjectKind,
    processing::Item,
    writer::{WriteError, Written},
};

impl Pipeline {
    /// Buffers a record for the error output.
    pub(super) fn refuse(
        &mut self,
        mut item: Item,
        failure: Failure,
        moment: Moment,
    ) -> Result<(), DeliveryError> {
        let output_type = failure.output_type;
        *self
            .account
            .refused
            .entry(failure.code.clone().into_owned())
            .or_default() += 1;
        let receipt = item.receipt.take();
        let line = failure.line(&self.processing.stream, &item, moment.now);
        let full = self
            .error_buffers
            .append(output_type, &[&line, b"\n"], moment, receipt);
        match full {
            Some((output_type, buffer)) => self.write_errors(output_type, buffer),
            None => Ok(()),
        }
    }

    /// Sends on what has waited for its interval, and what must make room.
    pub(crate) fn write_due(&mut self, now: Timestamp) -> Result<(), DeliveryError> {
        let mut leaving = self.buffers.take_due(now);
        leaving.extend(self.buffers.shed(self.bounds.buffer_memory));
        for (partition, buffer) in leaving {
            self.write(&partition, buffer)?;
        }
        for (output_type, buffer) in self.error_buffers.take_due(now) {
            self.write_errors(output_type, buffer)?;
        }
        for ((), buffer) in self.backup_buffer.take_due(now) {
            self.write_backup(buffer)?;
        }
        if self.batch_due().is_some_and(|due| due <= now) {
            self.dispatch();
        }
        Ok(())
    }

    /// Sends on everything that is buffered.
    pub(crate) fn write_all(&mut self) -> Result<(), DeliveryError> {
        for (partition, buffer) in self.buffers.drain() {
            self.write(&partition, buffer)?;
        }
        for (output_type, buffer) in self.error_buffers.drain() {
            self.write_errors(output_type, buffer)?;
        }
        for ((), buffer) in self.backup_buffer.drain() {
            self.write_backup(buffer)?;
        }
        Ok(())
    }

    /// Begins to write objects while the writer has room for them. Those that ended make room: while an object
    /// waits here afterwards, others are under way, and the end of one of them is told by [`Pipeline::progress`].
    pub(crate) fn pump(&mut self) {
        loop {
            while let Some(ended) = self.writer.ended() {
                self.tally(ended);
            }
            if self.writer.is_full() {
                return;
            }
            let Some(object) = self.outbox.pop_front() else {
                return;
            };
            self.writer.submit(object);
        }
    }

    /// Waits until every object is with the writer.
    pub(crate) async fn pump_all(&mut self) {
        self.pump();
        while !self.outbox.is_empty() {
            if let Some(ended) = self.writer.next().await {
                self.tally(ended);
            }
            self.pump();
        }
    }

    /// Waits until nothing is being written.
    pub(crate) async fn written(&mut self) {
        self.pump_all().await;
        while let Some(ended) = self.writer.next().await {
            self.tally(ended);
        }
    }

    pub(super) fn tally(&mut self, ended: Result<Written, WriteError>) {
        match ended {
            Ok(written) => {
                match written.kind {
                    ObjectKind::Delivered if written.is_aside => {
                        self.account.set_aside += written.records;
                    }
                    ObjectKind::Errors | ObjectKind::Backup if written.is_aside => {}
                    ObjectKind::Errors => self.account.error_objects += 1,
                    ObjectKind::Backup => {
                        self.account.backup_objects += 1;
                        self.account.backed_up += written.records;
                        self.account.backed_up_bytes += written.bytes;
                    }
                    ObjectKind::Delivered => {
                        self.account.objects += 1;
                        self.account.delivered += written.records;
                        self.account.delivered_bytes += written.bytes;
                        self.account.lines += written.lines;
                        self.account.object_bytes += written.object_bytes;
                    }
                }
                written.receipts.complete();
            }
            Err(error) => self.failed.push(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use hydrant_lake::{Lake, Location};
    use object_store::memory::InMemory;

    use super::*;
    use crate::{
        Clock, DeliveryStream, FixedClock, Ids, SystemClock,
        buffer::Content,
        log::Receipts,
        object::Encoding,
        pipeline::{Bounds, Pace},
        processing::Processing,
        writer::{Object, Policy, Writer},
    };

    fn pipeline(at_once: usize) -> Pipeline {
        let stream = r#"{"DeliveryStreamName": "s", "ExtendedS3DestinationConfiguration":
            {"RoleARN": "arn:aws:iam::123456789012:role/r", "BucketARN": "arn:aws:s3:::b"}}"#;
        let stream = Arc::new(DeliveryStream::from_json(stream).unwrap());
        let clock = Arc::new(FixedClock(Timestamp::UNIX_EPOCH));
        let location: Location = "s3://b".parse().unwrap();
        let lake = Lake::from_store(location, Arc::new(InMemory::new()));
        let bounds = Bounds {
            buffer_memory: 1 << 20,
            parallelism: at_once,
            active_partitions: None,
            pace: Pace::default(),
        };
        let writer = Writer::new(lake, at_once, Policy::Report);
        let processing = Processing::new(stream, None, clock, Arc::default()).unwrap();
        Pipeline::new(processing, Ids::from_seed(1), bounds, writer)
    }

    /// All writes that there is room for may have ended before anybody looks: then nothing is under way whose end
    /// would wake whoever drives the pipeline.
    #[tokio::test]
    async fn an_object_waits_only_while_others_are_under_way() {
        let mut pipeline = pipeline(2);
        pipeline.outbox.extend((0..7).map(|n| Object {
            key: n.to_string(),
            data: Content::default(),
            records: 1,
            receipts: Receipts::default(),
            encoding: Encoding::Plain,
            kind: ObjectKind::Delivered,
        }));
        pipeline.pump();
        while pipeline.account.delivered < 7 {
            SystemClock.sleep(Duration::from_millis(20)).await;
            pipeline.pump();
            assert!(pipeline.outbox.is_empty() || pipeline.writer.under_way() > 0);
        }
    }
}

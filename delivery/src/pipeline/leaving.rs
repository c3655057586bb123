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

    /// Begins to write objects while the writer has room for them.
    pub(crate) fn pump(&mut self) {
        while !self.writer.is_full()
            && let Some(object) = self.outbox.pop_front()
        {
            self.writer.submit(object);
        }
        while let Some(ended) = self.writer.ended() {
            self.tally(ended);
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

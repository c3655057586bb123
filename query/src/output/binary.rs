//! Parquet and Arrow IPC.

use std::sync::Arc;

use arrow::{array::RecordBatch, datatypes::SchemaRef, ipc::writer::FileWriter};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::properties::WriterProperties,
};

use super::{Out, Printer};
use crate::error::QueryError;

/// Rows of a row group, which is what is held in memory.
const ROW_GROUP: usize = 1 << 17;

/// An Apache Parquet file.
pub(super) struct Parquet<'a> {
    writer: ArrowWriter<Out<'a>>,
}

impl<'a> Parquet<'a> {
    pub(super) fn new(schema: &SchemaRef, out: Out<'a>) -> Result<Self, QueryError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .build();
        let writer =
            ArrowWriter::try_new(out, Arc::clone(schema), Some(properties)).map_err(refused)?;
        Ok(Self { writer })
    }
}

impl Printer for Parquet<'_> {
    fn batch(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        self.writer.write(batch).map_err(refused)
    }

    fn finish(self: Box<Self>) -> Result<(), QueryError> {
        self.writer.close().map_err(refused)?;
        Ok(())
    }
}

/// What the writer could not do; a failed write as itself.
fn refused(error: ParquetError) -> QueryError {
    match error {
        ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(io) => QueryError::Output(*io),
            Err(source) => QueryError::Output(std::io::Error::other(source)),
        },
        other => QueryError::Output(std::io::Error::other(other)),
    }
}

/// An Arrow IPC file.
pub(super) struct Ipc<'a> {
    writer: FileWriter<Out<'a>>,
}

impl<'a> Ipc<'a> {
    pub(super) fn new(schema: &SchemaRef, out: Out<'a>) -> Result<Self, QueryError> {
        Ok(Self {
            writer: FileWriter::try_new(out, schema)?,
        })
    }
}

impl Printer for Ipc<'_> {
    fn batch(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        Ok(self.writer.write(batch)?)
    }

    fn finish(mut self: Box<Self>) -> Result<(), QueryError> {
        Ok(self.writer.finish()?)
    }
}

//! Writing an answer.

mod binary;
mod cells;
mod coverage;
mod delimited;
mod fields;
mod format;
mod json;
mod layout;
mod markdown;
mod table;
mod vertical;

use std::io::Write;

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use datafusion::{
    execution::SendableRecordBatchStream, physical_plan::stream::RecordBatchReceiverStreamBuilder,
};
use futures::StreamExt;

use crate::error::QueryError;

pub(crate) use cells::{JsonCells, Texts};
pub use fields::column_names;
pub(crate) use fields::fields;
use fields::type_name;
pub use format::{Format, UnknownFormat};

/// How an answer is written, and how much room there is. A [`Format`] alone has all the room it wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// The format.
    pub format: Format,
    /// Characters in a line of a table. Wide values are cut to fit, with `…`; columns that still do not fit are
    /// left out, and named below the table.
    pub width: Option<usize>,
    /// Rows of a table; the rest is counted, and said below the table.
    pub rows: Option<usize>,
}

impl From<Format> for Style {
    fn from(format: Format) -> Self {
        Self {
            format,
            width: None,
            rows: None,
        }
    }
}

/// What writes one answer.
trait Printer: Send {
    /// Takes the next rows.
    fn batch(&mut self, batch: &RecordBatch) -> Result<(), QueryError>;

    /// Writes what must follow the last row.
    fn finish(self: Box<Self>) -> Result<(), QueryError>;
}

/// Where an answer goes.
type Out<'a> = &'a mut (dyn Write + Send);

/// Writes an answer as it comes, and gives the number of rows.
///
/// In JSON the columns of a row are always there, `null` where they are null; inside nested values, fields
/// that are null are left out, because a struct has the fields of all records of the lake.
///
/// # Errors
///
/// [`QueryError`] when the query fails on the way, or `out` does.
pub async fn write(
    mut answer: SendableRecordBatchStream,
    style: impl Into<Style>,
    out: &mut (dyn Write + Send),
) -> Result<u64, QueryError> {
    let mut rows = 0;
    let mut printer = printer(style.into(), &answer.schema(), &mut *out)?;
    while let Some(batch) = answer.next().await {
        let batch = batch?;
        rows += batch.num_rows() as u64;
        printer.batch(&batch)?;
    }
    printer.finish()?;
    out.flush()?;
    Ok(rows)
}

/// The same answer, worked on by the runtime's threads instead of by whoever polls it: who waits for it stays free to
/// show progress, or to drop it, which ends the work.
pub fn on_workers(mut answer: SendableRecordBatchStream) -> SendableRecordBatchStream {
    let mut builder = RecordBatchReceiverStreamBuilder::new(answer.schema(), 2);
    let out = builder.tx();
    builder.spawn(async move {
        while let Some(batch) = answer.next().await {
            if out.send(batch).await.is_err() {
                break;
            }
        }
        Ok(())
    });
    builder.build()
}

fn printer<'a>(
    style: Style,
    schema: &SchemaRef,
    out: Out<'a>,
) -> Result<Box<dyn Printer + 'a>, QueryError> {
    Ok(match style.format {
        Format::Table => Box::new(table::Table::new(style, schema, out)),
        Format::Vertical => Box::new(vertical::Vertical::new(out)),
        Format::Csv => Box::new(delimited::Csv::new(schema, out)?),
        Format::Tsv => Box::new(delimited::Tsv::new(schema, out)?),
        Format::Json => Box::new(json::Json::array(schema, out)?),
        Format::NdJson => Box::new(json::Json::lines(schema, out)?),
        Format::Markdown => Box::new(markdown::Markdown::new(schema, out)?),
        Format::Parquet => Box::new(binary::Parquet::new(schema, out)?),
        Format::Arrow => Box::new(binary::Ipc::new(schema, out)?),
    })
}

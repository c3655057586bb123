//! The last results of a job, read back from where they are.

use std::{io::Cursor, sync::Arc};

use arrow::{
    array::{ArrayRef, RecordBatch, RecordBatchReader, TimestampMicrosecondArray},
    compute::concat_batches,
    csv,
    datatypes::{DataType, Field, Schema, TimeUnit},
    error::ArrowError,
    ipc, json,
};
use bytes::Bytes;
use hydrant_lake::Lake;
use hydrant_query::{Format, delta::DeltaTable};
use jiff::Timestamp;
use object_store::{ObjectStoreExt, path::Path};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use crate::{
    conform::conform,
    error::JobError,
    job::{Job, Output},
    ledger::{Outcome, Run},
    output::{Form, INTERVAL_COLUMN, TABLES},
    rows::Rows,
    table_output::partition_time,
};

/// Intervals of which results are shown.
const INTERVALS: usize = 60;

/// Rows beyond which nobody sees anything.
const ROWS: usize = 5_000;

/// Bytes of a file beyond which it is not read for a page.
const LARGEST: u64 = 32 << 20;

/// What there is to show of a job's results.
pub(super) enum Last {
    /// Rows to draw: of the last intervals of a table, with the beginning of the interval in each; of the last file.
    Rows(Rows),
    /// A page with a chart, as it was written.
    Page(String),
    /// Why there is nothing.
    Nothing(String),
}

/// The last results of a job; `None` when it has none.
pub(super) async fn last(lake: &Lake, job: &Job, runs: &[&Run]) -> Result<Option<Last>, JobError> {
    let file = match &job.output {
        Output::Table(name) => return Ok(of_table(lake, name).await?.map(Last::Rows)),
        Output::File(file) => file,
    };
    let done = runs.iter().rev().find(|run| run.outcome == Outcome::Done);
    let Some(key) = done.and_then(|run| run.output.as_deref()) else {
        return Ok(None);
    };
    let path = Path::parse(key).map_err(|error| JobError::read(key, error))?;
    let length = match lake.store().head(&path).await {
        Ok(found) => found.size,
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(JobError::read(key, error)),
    };
    if length > LARGEST {
        let reason = format!("{key} is too large to be drawn");
        return Ok(Some(Last::Nothing(reason)));
    }
    let bytes = lake.store().get(&path).await;
    let bytes = bytes.map_err(|error| JobError::read(key, error))?.bytes();
    let bytes = bytes.await.map_err(|error| JobError::read(key, error))?;
    Ok(Some(match file.form {
        Form::Page(_) => Last::Page(String::from_utf8_lossy(&bytes).into_owned()),
        Form::Rows(format) => match read(format, bytes) {
            Ok(Some(rows)) if rows.count() == 0 => Last::Nothing(format!("{key} has no rows")),
            Ok(Some(rows)) => Last::Rows(rows),
            Ok(None) => Last::Nothing(format!("{key} is made to be read by people")),
            // Somebody may have put another file there.
            Err(error) => Last::Nothing(format!("{key} cannot be read ({error})")),
        },
    }))
}

/// The rows that were written in this form; `None` when it is none to be read back.
fn read(format: Format, bytes: Bytes) -> Result<Option<Rows>, ArrowError> {
    let delimited = |delimiter: u8| {
        let format = csv::reader::Format::default().with_header(true);
        let format = format.with_delimiter(delimiter);
        let (schema, _) = format.infer_schema(&*bytes, None)?;
        let reader = csv::ReaderBuilder::new(Arc::new(schema)).with_format(format);
        collected(reader.build(&*bytes)?)
    };
    let lines = |text: &str| {
        let (schema, _) = json::reader::infer_json_schema(text.as_bytes(), None)?;
        collected(json::ReaderBuilder::new(Arc::new(schema)).build(text.as_bytes())?)
    };
    Ok(Some(match format {
        Format::Csv => delimited(b',')?,
        Format::Tsv => delimited(b'\t')?,
        Format::NdJson => lines(&String::from_utf8_lossy(&bytes))?,
        // One array, with a row a line.
        Format::Json => {
            let rows: Vec<Value> = serde_json::from_slice(&bytes)
                .map_err(|error| ArrowError::JsonError(error.to_string()))?;
            let rows: Vec<String> = rows.iter().map(Value::to_string).collect();
            lines(&rows.join("\n"))?
        }
        Format::Parquet => collected(ParquetRecordBatchReaderBuilder::try_new(bytes)?.build()?)?,
        Format::Arrow => collected(ipc::reader::FileReader::try_new(Cursor::new(bytes), None)?)?,
        _ => return Ok(None),
    }))
}

fn collected(reader: impl RecordBatchReader) -> Result<Rows, ArrowError> {
    Ok(Rows {
        schema: reader.schema(),
        batches: reader.collect::<Result<_, _>>()?,
    })
}

async fn of_table(lake: &Lake, name: &str) -> Result<Option<Rows>, JobError> {
    let Some(table) = DeltaTable::open(lake, &format!("{TABLES}/{name}")).await? else {
        return Ok(None);
    };
    let mut files = Vec::new();
    for file in table.files()? {
        let value = file.partition.get(INTERVAL_COLUMN).cloned().flatten();
        if let Some(start) = value.and_then(|value| partition_time(&value)) {
            files.push((start, file));
        }
    }
    files.sort_by_key(|(start, _)| std::cmp::Reverse(*start));
    let mut kept: Vec<(Timestamp, Rows)> = Vec::new();
    let mut count = 0;
    for (start, file) in files.into_iter().take(INTERVALS) {
        let Some(rows) = Rows::read(&**lake.store(), table.folder(), &file).await? else {
            continue;
        };
        count += usize::try_from(rows.count()).unwrap_or(usize::MAX);
        kept.push((start, rows));
        if count > ROWS {
            break;
        }
    }
    kept.reverse();
    let schema = table.schema()?;
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| field.as_ref().clone())
        .filter(|it| it.name() != INTERVAL_COLUMN)
        .collect();
    let failed = |reason: String| JobError::Output {
        output: format!("{TABLES}/{name}"),
        reason,
    };
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let mut with_time = vec![Field::new(INTERVAL_COLUMN, time, true)];
    with_time.extend(fields.iter().cloned());
    let with_time = Arc::new(Schema::new(with_time));
    let mut batches = Vec::new();
    for (start, rows) in kept {
        for batch in &rows.batches {
            let batch = conform(batch, &fields).map_err(failed)?;
            let times =
                TimestampMicrosecondArray::from(vec![start.as_microsecond(); batch.num_rows()]);
            let mut columns: Vec<ArrayRef> = vec![Arc::new(times.with_timezone("UTC"))];
            columns.extend(batch.columns().iter().cloned());
            let batch = RecordBatch::try_new(Arc::clone(&with_time), columns);
            batches.push(batch.map_err(|error| failed(error.to_string()))?);
        }
    }
    if batches.is_empty() {
        return Ok(None);
    }
    let batch = concat_batches(&with_time, &batches).map_err(|error| failed(error.to_string()))?;
    Ok(Some(Rows {
        schema: with_time,
        batches: vec![batch],
    }))
}

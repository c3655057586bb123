//! Results in files: one put replaces what an interval had before.

use std::{
    io::{Read as _, Seek as _},
    sync::Arc,
};

use arrow::array::RecordBatch;
use hydrant_chart::{Chart, Kind};
use hydrant_lake::Lake;
use hydrant_query::{Format, answer_of};
use object_store::{ObjectStoreExt, buffered::BufWriter, path::Path};
use tokio::io::AsyncWriteExt as _;

use crate::{
    error::JobError,
    gathered::Gathered,
    interval::Interval,
    job::Job,
    output::Form,
    page::{escaped, page},
};

/// Bytes that are sent at a time of a file that was too large for memory.
const PART: usize = 8 << 20;

/// Rows that a page shows of a result that was too large for memory.
const SHOWN: usize = 1_000;

/// Writes an interval's file. A store shows either the old object or the new one, never a part of it.
pub(crate) async fn write(
    lake: &Lake,
    job: &Job,
    interval: &Interval,
    form: Form,
    key: &str,
    rows: &Gathered,
) -> Result<(), JobError> {
    let path = Path::parse(key).map_err(|error| JobError::write(key, error))?;
    let bytes = match form {
        Form::Rows(format) if rows.in_memory().is_none() => {
            return send(lake, key, path, rows, format).await;
        }
        Form::Rows(format) => print(rows, format).await?,
        Form::Page(kind) => {
            let title = format!("{} {}", job.name, job.label(interval));
            drawn(rows, kind, &title).await?.into_bytes()
        }
    };
    let put = lake.store().put(&path, bytes.into()).await;
    put.map_err(|error| JobError::write(key, error))?;
    Ok(())
}

async fn print(rows: &Gathered, format: Format) -> Result<Vec<u8>, JobError> {
    let mut bytes = Vec::new();
    let stream = answer_of(&rows.schema, rows.batches());
    hydrant_query::write(stream, format, &mut bytes).await?;
    Ok(bytes)
}

/// Prints rows into a temporary file and sends that part by part; the store shows it when all are there.
async fn send(
    lake: &Lake,
    key: &str,
    path: Path,
    rows: &Gathered,
    format: Format,
) -> Result<(), JobError> {
    let failed = |error: std::io::Error| JobError::write(key, error);
    let mut printed = tempfile::tempfile().map_err(failed)?;
    let stream = answer_of(&rows.schema, rows.batches());
    hydrant_query::write(stream, format, &mut printed).await?;
    printed.rewind().map_err(failed)?;
    let mut sent = BufWriter::new(Arc::clone(lake.store()), path);
    let mut part = vec![0; PART];
    let done = async {
        loop {
            let length = printed.read(&mut part)?;
            match part.get(..length) {
                Some(read) if length > 0 => sent.write_all(read).await?,
                _ => return sent.shutdown().await,
            }
        }
    };
    done.await.map_err(failed)
}

/// A page with a chart; what cannot be drawn, such as no rows, is a table.
async fn drawn(rows: &Gathered, kind: Kind, title: &str) -> Result<String, JobError> {
    let chart = match rows.in_memory() {
        Some(batches) => {
            Chart::of(kind, &rows.schema, batches).map_err(|reason| reason.to_string())
        }
        None => Err(format!(
            "{} rows are too many for a chart; these are the first {SHOWN}",
            rows.count()
        )),
    };
    let reason = match chart {
        Ok(chart) => return Ok(chart.with_title(title).html()),
        Err(reason) => reason,
    };
    let mut left = SHOWN;
    let first = rows.batches().map_while(move |batch| {
        let shown = batch.map(|batch| batch.slice(0, left.min(batch.num_rows())));
        let was_left = left;
        left -= shown.as_ref().map_or(left, RecordBatch::num_rows);
        (was_left > 0).then_some(shown)
    });
    let mut table = Vec::new();
    let stream = answer_of(&rows.schema, Box::new(first));
    hydrant_query::write(stream, Format::Table, &mut table).await?;
    let table = escaped(&String::from_utf8_lossy(&table));
    let body = format!(
        "<h1>{}</h1>\n<p>{}</p>\n<pre>{table}</pre>\n",
        escaped(title),
        escaped(&reason)
    );
    Ok(page(title, &body))
}

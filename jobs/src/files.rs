//! Results in files: one put replaces what an interval had before.

use hydrant_chart::Chart;
use hydrant_lake::Lake;
use hydrant_query::{Format, answer};
use object_store::{ObjectStoreExt, path::Path};

use crate::{
    error::JobError,
    interval::Interval,
    job::Job,
    output::Form,
    page::{escaped, page},
    rows::Rows,
};

/// Writes an interval's file. A store shows either the old object or the new one, never a part of it.
pub(crate) async fn write(
    lake: &Lake,
    job: &Job,
    interval: &Interval,
    form: Form,
    key: &str,
    rows: &Rows,
) -> Result<(), JobError> {
    let path = Path::parse(key).map_err(|error| JobError::write(key, error))?;
    let bytes = match form {
        Form::Rows(format) => print(rows, format).await?,
        Form::Page(kind) => {
            let title = format!("{} {}", job.name, job.label(interval));
            match Chart::of(kind, &rows.schema, &rows.batches) {
                Ok(chart) => chart.with_title(&title).html().into_bytes(),
                // What cannot be drawn, such as no rows, is a table.
                Err(reason) => {
                    let table = print(rows, Format::Table).await?;
                    let table = escaped(&String::from_utf8_lossy(&table));
                    let reason = escaped(&reason.to_string());
                    page(
                        &title,
                        &format!(
                            "<h1>{}</h1>\n<p>{reason}</p>\n<pre>{table}</pre>\n",
                            escaped(&title)
                        ),
                    )
                    .into_bytes()
                }
            }
        }
    };
    let put = lake.store().put(&path, bytes.into()).await;
    put.map_err(|error| JobError::write(key, error))?;
    Ok(())
}

async fn print(rows: &Rows, format: Format) -> Result<Vec<u8>, JobError> {
    let mut bytes = Vec::new();
    let stream = answer(&rows.schema, rows.batches.clone());
    hydrant_query::write(stream, format, &mut bytes).await?;
    Ok(bytes)
}

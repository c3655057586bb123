//! `hydrant jobs run --dry-run`.

use std::io::Write;

use anyhow::Result;
use hydrant_jobs::{Interval, Job, Runner};

use super::Place;
use crate::{output, text};

/// Shows what would be read and written.
pub(super) async fn preview(place: &Place<'_>, job: &Job, interval: Interval) -> Result<()> {
    let preview = Runner::preview(&place.lake, &place.reading, job, interval).await?;
    let mut out = output::open(None)?;
    writeln!(out, "-- {} {}: {interval}", job.name, job.label(&interval))?;
    writeln!(out, "-- result: {}", preview.output)?;
    let objects = text::plural(preview.objects.len() as u64, "object");
    // Folders may be named after the time of arrival, and then an interval may have events in any of them.
    let all = if place.reading.prefix.is_none() {
        ", whatever their folders say of the time; with --stream or --prefix those of the interval"
    } else {
        ""
    };
    writeln!(out, "-- reads: {objects}{all}")?;
    writeln!(out, "{}", preview.sql.trim())?;
    for object in &preview.objects {
        writeln!(out, "-- {object}")?;
    }
    out.flush()?;
    Ok(())
}

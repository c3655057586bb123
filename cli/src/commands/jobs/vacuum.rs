//! `hydrant jobs vacuum`.

use std::{io::Write, time::Duration};

use anyhow::Result;

use super::Place;
use crate::{output, text};

/// Removes what nobody needs of the tables of results and of runs, and says what.
pub(super) async fn vacuum(place: &Place<'_>, grace: Duration, dry_run: bool) -> Result<()> {
    let done = hydrant_jobs::vacuum(&place.lake, grace, place.now(), dry_run).await?;
    let verb = if dry_run { "would remove" } else { "removed" };
    let mut out = output::open(None)?;
    for (table, went) in done {
        writeln!(
            out,
            "{table}: {verb} {} ({})",
            text::plural(went.files, "file"),
            text::bytes(went.bytes)
        )?;
    }
    out.flush()?;
    Ok(())
}

//! Removing what nobody needs any more of the tables that jobs write.

use std::time::Duration;

use hydrant_lake::Lake;
use hydrant_query::delta::{DeltaTable, Leftovers};
use jiff::Timestamp;
use object_store::path::Path;

use crate::{error::JobError, ledger::RUNS, output::TABLES, table_output::OWNER};

/// Removes files of results that were replaced longer than `grace` ago, and what killed runs left a day ago or more;
/// gives what went of each table. In a dry run nothing goes. Tables that no job writes are left alone.
///
/// # Errors
///
/// [`JobError`] when the lake cannot be read or changed. What was removed before it was removed rightly.
pub async fn vacuum(
    lake: &Lake,
    grace: Duration,
    now: Timestamp,
    dry_run: bool,
) -> Result<Vec<(String, Leftovers)>, JobError> {
    let tables = Path::from(TABLES);
    let listed = lake.store().list_with_delimiter(Some(&tables));
    let listed = listed
        .await
        .map_err(|error| JobError::read(TABLES, error))?;
    let mut folders: Vec<String> = listed
        .common_prefixes
        .iter()
        .map(ToString::to_string)
        .collect();
    folders.sort_unstable();
    folders.push(RUNS.to_owned());
    let mut done = Vec::new();
    for folder in folders {
        let Some(table) = DeltaTable::open(lake, &folder).await? else {
            continue;
        };
        if folder != RUNS && table.property(OWNER)?.is_none() {
            continue;
        }
        let went = table.vacuum(grace, now.as_millisecond(), dry_run, |_| false);
        done.push((folder, went.await?));
    }
    Ok(done)
}

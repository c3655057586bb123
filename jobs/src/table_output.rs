//! Results in a Delta table: an interval's rows are replaced in one commit.

use std::{collections::BTreeMap, sync::Arc};

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use hydrant_lake::Lake;
use hydrant_query::delta::{
    Change, Committed, DataFile, DataFileOptions, DeltaTable, NewFile, TableFile,
};
use jiff::Timestamp;

use crate::{
    clock::Surroundings,
    conform::{Joined, conform, join, kept},
    error::JobError,
    gathered::Gathered,
    interval::Interval,
    job::Job,
    output::{INTERVAL_COLUMN, TABLES},
    rows::Rows,
};

/// The property of a table that names the job that writes it.
pub(crate) const OWNER: &str = "hydrant.job";

/// A table of results, with the files that an interval had when its run began.
#[derive(Debug)]
pub(crate) struct TableOutput {
    lake: Lake,
    name: String,
    /// `None` when there is no table yet.
    table: Option<DeltaTable>,
    interval: Interval,
    before: Vec<String>,
}

impl TableOutput {
    /// Looks at the table before a run.
    pub(crate) async fn open(
        lake: &Lake,
        job: &Job,
        name: &str,
        interval: Interval,
    ) -> Result<Self, JobError> {
        let folder = format!("{TABLES}/{name}");
        let table = DeltaTable::open(lake, &folder).await?;
        let mut output = Self {
            lake: lake.clone(),
            name: name.to_owned(),
            table,
            interval,
            before: Vec::new(),
        };
        if let Some(table) = &output.table {
            output.check_owner(table, job)?;
            output.before = paths(&output.files_of_interval(table)?);
        }
        Ok(output)
    }

    fn refused(&self, reason: impl Into<String>) -> JobError {
        JobError::Output {
            output: format!("{TABLES}/{}", self.name),
            reason: reason.into(),
        }
    }

    fn check_owner(&self, table: &DeltaTable, job: &Job) -> Result<(), JobError> {
        if table.partition_columns()? != [INTERVAL_COLUMN] {
            return Err(
                self.refused("there is another table of this name: give the results another one")
            );
        }
        match table.property(OWNER)? {
            Some(owner) if owner != job.name => Err(self.refused(format!(
                "it has the results of the job `{owner}`: give these another table, or remove that one if the job was \
                 renamed"
            ))),
            _ => Ok(()),
        }
    }

    fn files_of_interval(&self, table: &DeltaTable) -> Result<Vec<TableFile>, JobError> {
        let mut files = table.files()?;
        files.retain(|file| {
            let value = file.partition.get(INTERVAL_COLUMN).cloned().flatten();
            value.and_then(|value| partition_time(&value)) == Some(self.interval.start)
        });
        Ok(files)
    }

    /// Puts rows in the place of the interval's; gives the version of the table that has them.
    ///
    /// # Errors
    ///
    /// [`JobError::Lost`] when another runner has put rows there since the run began.
    pub(crate) async fn replace(
        mut self,
        job: &Job,
        rows: &Gathered,
        surroundings: &Surroundings,
    ) -> Result<u64, JobError> {
        let mut table = match self.table.take() {
            Some(table) => table,
            None => self.create(job, rows).await?,
        };
        loop {
            self.check_owner(&table, job)?;
            let files = self.files_of_interval(&table)?;
            if paths(&files) != self.before {
                return Err(JobError::Lost);
            }
            let known = record_fields(&table)?;
            let joined = join(&known, rows).map_err(|reason| self.refused(reason))?;
            let change = self
                .change(&table, &joined, files, rows, surroundings)
                .await?;
            let now = surroundings.now().as_millisecond();
            match table.commit(change, now).await? {
                Committed::Version(version) => return Ok(version),
                Committed::Conflict => table.reload().await?,
            }
        }
    }

    async fn create(&self, job: &Job, rows: &Gathered) -> Result<DeltaTable, JobError> {
        let fields = kept(&rows.schema).map_err(|reason| self.refused(reason))?;
        let folder = format!("{TABLES}/{}", self.name);
        let schema = with_interval(fields);
        let properties = [(OWNER, job.name.as_str())];
        Ok(DeltaTable::create(
            &self.lake,
            &folder,
            &schema,
            &[INTERVAL_COLUMN],
            &properties,
        )
        .await?)
    }

    async fn change(
        &self,
        table: &DeltaTable,
        joined: &Joined,
        files: Vec<TableFile>,
        rows: &Gathered,
        surroundings: &Surroundings,
    ) -> Result<Change, JobError> {
        let mut change = Change {
            remove: files,
            ..Change::default()
        };
        if rows.count() > 0 {
            let value = Some(format!("{:.6}", self.interval.start));
            change
                .add
                .push(self.write(table, joined, rows, value, surroundings).await?);
        }
        if joined.has_changed {
            change.schema = Some(Arc::new(with_interval(joined.fields.clone())));
        }
        if joined.is_wider {
            for file in table.files()? {
                if change.remove.contains(&file) {
                    continue;
                }
                let rows = Rows::read(&**self.lake.store(), table.folder(), &file).await?;
                let rows =
                    rows.ok_or_else(|| self.refused(format!("its file {} is gone", file.path)))?;
                let rows = Gathered::of(rows);
                let value = file.partition.get(INTERVAL_COLUMN).cloned().flatten();
                change.add.push(
                    self.write(table, joined, &rows, value, surroundings)
                        .await?,
                );
                change.remove.push(file);
            }
        }
        Ok(change)
    }

    async fn write(
        &self,
        table: &DeltaTable,
        joined: &Joined,
        rows: &Gathered,
        interval: Option<String>,
        surroundings: &Surroundings,
    ) -> Result<NewFile, JobError> {
        let schema = Arc::new(Schema::new(joined.fields.clone()));
        let partition: BTreeMap<_, _> = [(INTERVAL_COLUMN.to_owned(), interval)].into();
        let path = format!("{}.parquet", surroundings.id());
        let mut file =
            DataFile::create(table, path, partition, schema, DataFileOptions::default())?;
        for batch in rows.batches() {
            let batch = batch.map_err(|error| self.refused(error.to_string()))?;
            let batch = conform(&batch, &joined.fields).map_err(|reason| self.refused(reason))?;
            file.write(&batch).await?;
        }
        Ok(file.finish().await?)
    }
}

fn paths(files: &[TableFile]) -> Vec<String> {
    let mut paths: Vec<_> = files.iter().map(|file| file.path.clone()).collect();
    paths.sort_unstable();
    paths
}

/// The columns that queries give.
fn record_fields(table: &DeltaTable) -> Result<Vec<Field>, JobError> {
    let schema = table.schema()?;
    let fields = schema
        .fields()
        .iter()
        .filter(|field| field.name() != INTERVAL_COLUMN);
    Ok(fields.map(|field| field.as_ref().clone()).collect())
}

fn with_interval(mut fields: Vec<Field>) -> Schema {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    fields.insert(0, Field::new(INTERVAL_COLUMN, time, true));
    Schema::new(fields)
}

/// A partition value, in either of the ways in which Delta writes times (Delta transaction log protocol, Partition
/// Value Serialization).
pub(crate) fn partition_time(text: &str) -> Option<Timestamp> {
    let instant = text.parse::<Timestamp>().ok();
    instant.or_else(|| {
        let wall: jiff::civil::DateTime = text.parse().ok()?;
        Some(wall.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_partitions_are_read_in_both_spellings() {
        let then = "2026-11-02T08:00:00Z".parse().ok();
        for text in [
            "2026-11-02T08:00:00.000000Z",
            "2026-11-02 08:00:00",
            "2026-11-02 08:00:00.000000",
        ] {
            assert_eq!(partition_time(text), then, "{text}");
        }
    }
}

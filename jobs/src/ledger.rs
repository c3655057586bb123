//! What has been run: the Delta table `_jobs/runs`, which every machine that runs jobs reads and adds to.
//!
//! Each commit is made on top of the version that was read, so of two runners that want the same interval one is first,
//! and the other sees it. A claim is a row with the outcome `running` and the time up to which it holds; the row of the
//! run that has ended takes its place.

use std::{collections::HashMap, sync::Arc};

use arrow::{
    array::RecordBatch,
    datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit},
    json::{LineDelimitedWriter, ReaderBuilder},
};
use hydrant_lake::Lake;
use hydrant_query::delta::{
    Change, Committed, DataFile, DataFileOptions, DeltaTable, NewFile, TableFile,
};
use jiff::Timestamp;
use object_store::{ObjectStoreExt, path::Path};
use serde::{Deserialize, Serialize};

use crate::{clock::Surroundings, error::JobError, interval::Interval, rows::Rows};

/// The table's folder.
pub(crate) const RUNS: &str = "_jobs/runs";

/// Runs of a job lie in at most so many files before they are put together.
const FILES: usize = 24;

/// How a run ended, if it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is claimed by a runner.
    Running,
    /// Its result is in place.
    Done,
    /// An expectation did not hold; what the interval had before is still in place.
    Rejected,
    /// Something went wrong; what the interval had before is still in place.
    Failed,
    /// Its runner was not heard of again.
    Abandoned,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
        })
    }
}

/// One run of a job for an interval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The job's name.
    pub job: String,
    /// Where the interval begins.
    pub interval_start: Timestamp,
    /// Where it ends.
    pub interval_end: Timestamp,
    /// When the run began.
    pub started: Timestamp,
    /// How long it took.
    #[serde(default)]
    pub took_ms: i64,
    /// Rows of the result.
    #[serde(default)]
    pub rows: i64,
    /// Objects of the lake that were opened.
    #[serde(default)]
    pub objects: i64,
    /// Their bytes, as they lie in the lake.
    #[serde(default)]
    pub bytes_scanned: i64,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it ended so, or what should be known of a result that is in place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where the result is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// What fed it: how many objects, and a fingerprint of their keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fed_by: Option<String>,
    /// A fingerprint of the query and of where its result goes.
    pub definition: String,
    /// Who ran it.
    pub runner: String,
    /// Up to when a claim holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Run {
    /// The interval.
    pub fn interval(&self) -> Interval {
        Interval {
            start: self.interval_start,
            end: self.interval_end,
        }
    }

    /// Whether the result is of the whole interval, not of one that was not over yet.
    pub(crate) fn is_whole(&self) -> bool {
        self.outcome == Outcome::Done && self.started >= self.interval_end
    }

    /// Whether somebody is at it.
    pub(crate) fn holds(&self, now: Timestamp) -> bool {
        self.outcome == Outcome::Running && self.until.is_some_and(|until| until > now)
    }
}

/// The columns of the table.
fn columns(with_job: bool) -> SchemaRef {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let text = DataType::Utf8;
    let number = DataType::Int64;
    let mut fields: Vec<_> = [
        ("interval_start", &time),
        ("interval_end", &time),
        ("started", &time),
        ("took_ms", &number),
        ("rows", &number),
        ("objects", &number),
        ("bytes_scanned", &number),
        ("outcome", &text),
        ("reason", &text),
        ("output", &text),
        ("fed_by", &text),
        ("definition", &text),
        ("runner", &text),
        ("until", &time),
    ]
    .map(|(name, kind)| Field::new(name, kind.clone(), true))
    .into();
    if with_job {
        fields.insert(0, Field::new("job", text, true));
    }
    Arc::new(Schema::new(fields))
}

/// The table of runs.
#[derive(Debug)]
pub struct Ledger {
    lake: Lake,
    table: DeltaTable,
    surroundings: Surroundings,
    /// What is in a file never changes.
    known: HashMap<String, Vec<Run>>,
}

impl Ledger {
    /// Opens the lake's table of runs, or makes one.
    ///
    /// # Errors
    ///
    /// [`JobError::Delta`].
    pub async fn open(lake: &Lake, surroundings: Surroundings) -> Result<Self, JobError> {
        let table = match DeltaTable::open(lake, RUNS).await? {
            Some(table) => table,
            None => DeltaTable::create(lake, RUNS, &columns(true), &["job"], &[]).await?,
        };
        Ok(Self {
            lake: lake.clone(),
            table,
            surroundings,
            known: HashMap::new(),
        })
    }

    /// The lake's runs of a job, or of all jobs, without making a table where there is none; oldest first.
    ///
    /// # Errors
    ///
    /// [`JobError`] when the lake cannot be read.
    pub async fn history(
        lake: &Lake,
        surroundings: Surroundings,
        job: Option<&str>,
    ) -> Result<Vec<Run>, JobError> {
        let Some(table) = DeltaTable::open(lake, RUNS).await? else {
            return Ok(Vec::new());
        };
        let mut ledger = Self {
            lake: lake.clone(),
            table,
            surroundings,
            known: HashMap::new(),
        };
        ledger.runs(job).await
    }

    /// Reads what others have added.
    pub(crate) async fn refresh(&mut self) -> Result<(), JobError> {
        Ok(self.table.reload().await?)
    }

    /// The runs of a job, or of all jobs, oldest first.
    ///
    /// # Errors
    ///
    /// [`JobError`] when the lake cannot be read.
    pub async fn runs(&mut self, job: Option<&str>) -> Result<Vec<Run>, JobError> {
        loop {
            if let Some(files) = self.read(job).await? {
                let mut runs: Vec<_> = files.into_iter().flat_map(|(_, runs)| runs).collect();
                runs.sort_by_key(|run| (run.started, run.interval_start));
                return Ok(runs);
            }
            self.refresh().await?;
        }
    }

    /// The files of a job with the runs in them; `None` when one is gone because the table has a newer version.
    async fn read(
        &mut self,
        job: Option<&str>,
    ) -> Result<Option<Vec<(TableFile, Vec<Run>)>>, JobError> {
        let files = self.table.files()?;
        let of_job = |file: &TableFile| file.partition.get("job").cloned().flatten();
        let mut found = Vec::new();
        for file in files {
            let Some(name) = of_job(&file).filter(|it| job.is_none_or(|job| it == job)) else {
                continue;
            };
            if let Some(runs) = self.known.get(&file.path) {
                found.push((file, runs.clone()));
                continue;
            }
            let store = Arc::clone(self.lake.store());
            let Some(rows) = Rows::read(&*store, self.table.folder(), &file).await? else {
                return Ok(None);
            };
            let runs = decode(&rows, &name).map_err(|error| JobError::read(&file.path, error))?;
            self.known.insert(file.path.clone(), runs.clone());
            found.push((file, runs));
        }
        Ok(Some(found))
    }

    /// Adds what `decide` makes of a job's runs, and asks it again whenever somebody else was first. It gives the runs
    /// to add and which to take away, or why there is nothing to do.
    pub(crate) async fn change<T>(
        &mut self,
        job: &str,
        mut decide: impl FnMut(&[Run], Timestamp) -> Result<Step<T>, JobError>,
    ) -> Result<T, JobError> {
        self.refresh().await?;
        loop {
            let Some(files) = self.read(Some(job)).await? else {
                self.refresh().await?;
                continue;
            };
            let now = self.surroundings.now();
            let runs: Vec<Run> = files.iter().flat_map(|(_, runs)| runs.clone()).collect();
            let (add, remove, told) = match decide(&runs, now)? {
                Step::Nothing(told) => return Ok(told),
                Step::Change { add, remove, told } => (add, remove, told),
            };
            let (stay, go): (Vec<_>, Vec<_>) = files
                .into_iter()
                .partition(|(_, runs)| !runs.iter().any(|run| remove.contains(run)));
            let mut rows: Vec<Run> = go.iter().flat_map(|(_, runs)| runs.clone()).collect();
            rows.retain(|run| !remove.contains(run));
            rows.extend(add);
            let mut gone: Vec<TableFile> = go.into_iter().map(|(file, _)| file).collect();
            if stay.len() >= FILES {
                for (file, runs) in stay {
                    // A claim is alone in its file: whoever holds it takes it away.
                    if runs.iter().all(|run| run.outcome != Outcome::Running) {
                        gone.push(file);
                        rows.extend(runs);
                    }
                }
            }
            let mut new = Vec::new();
            let (claims, ended): (Vec<_>, Vec<_>) = rows
                .into_iter()
                .partition(|run| run.outcome == Outcome::Running);
            for claim in claims {
                new.push(self.write(job, vec![claim]).await?);
            }
            if !ended.is_empty() {
                new.push(self.write(job, ended).await?);
            }
            let change = Change {
                add: new.clone(),
                remove: gone.clone(),
                ..Change::default()
            };
            match self.table.commit(change, now.as_millisecond()).await? {
                Committed::Version(_) => {
                    self.forget(gone.into_iter().map(|file| file.path)).await;
                    return Ok(told);
                }
                Committed::Conflict => {
                    self.forget(new.into_iter().map(|file| file.path)).await;
                    self.refresh().await?;
                }
            }
        }
    }

    async fn write(&mut self, job: &str, runs: Vec<Run>) -> Result<NewFile, JobError> {
        let path = format!("{}.parquet", self.surroundings.id());
        let batch = encode(&runs).map_err(|error| JobError::write(&path, error))?;
        let partition = [("job".to_owned(), Some(job.to_owned()))].into();
        let options = DataFileOptions::default();
        let mut file = DataFile::create(
            &self.table,
            path.clone(),
            partition,
            batch.schema(),
            options,
        )?;
        file.write(&batch).await?;
        let file = file.finish().await?;
        self.known.insert(path, runs);
        Ok(file)
    }

    /// Removes files that no version of the table has that anybody will open: who still reads an older one reads the
    /// table again.
    async fn forget(&mut self, paths: impl Iterator<Item = String>) {
        for path in paths {
            self.known.remove(&path);
            let Ok(key) = Path::parse(format!("{}/{path}", self.table.folder())) else {
                continue;
            };
            if let Err(error) = self.lake.store().delete(&key).await {
                tracing::debug!(%key, %error, "a file that is no longer needed stays");
            }
        }
    }
}

/// What to do with a job's runs.
pub(crate) enum Step<T> {
    Nothing(T),
    Change {
        add: Vec<Run>,
        remove: Vec<Run>,
        told: T,
    },
}

fn encode(runs: &[Run]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let schema = columns(false);
    let mut decoder = ReaderBuilder::new(Arc::clone(&schema))
        .with_batch_size(runs.len().max(1))
        .build_decoder()?;
    decoder.serialize(runs)?;
    Ok(decoder
        .flush()?
        .unwrap_or_else(|| RecordBatch::new_empty(schema)))
}

fn decode(rows: &Rows, job: &str) -> Result<Vec<Run>, Box<dyn std::error::Error + Send + Sync>> {
    let mut writer = LineDelimitedWriter::new(Vec::new());
    for batch in &rows.batches {
        writer.write(batch)?;
    }
    writer.finish()?;
    let mut runs = Vec::new();
    for line in
        serde_json::Deserializer::from_slice(&writer.into_inner()).into_iter::<serde_json::Value>()
    {
        let mut line = line?;
        line["job"] = job.into();
        runs.push(serde_json::from_value(line)?);
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn run(start: &str, outcome: Outcome) -> Run {
        let start: Timestamp = start.parse().unwrap();
        Run {
            job: "daily".into(),
            interval_start: start,
            interval_end: start + jiff::SignedDuration::from_hours(24),
            started: start + jiff::SignedDuration::from_hours(30),
            took_ms: 12,
            rows: 3,
            objects: 2,
            bytes_scanned: 1234,
            outcome,
            reason: None,
            output: Some("_tables/daily".into()),
            fed_by: Some("2-abc".into()),
            definition: "d".into(),
            runner: "r".into(),
            until: None,
        }
    }

    #[test]
    fn runs_are_read_as_they_were_written() {
        let mut runs = vec![
            run("2026-11-02T00:00:00Z", Outcome::Done),
            run("2026-11-03T00:00:00Z", Outcome::Rejected),
        ];
        runs[1].reason = Some("`has \"rows\"` does not hold\n".into());
        runs[1].until = Some("2026-11-03T00:00:00.123456Z".parse().unwrap());
        let batch = encode(&runs).unwrap();
        let rows = Rows {
            schema: batch.schema(),
            batches: vec![batch],
        };
        assert_eq!(decode(&rows, "daily").unwrap(), runs);
    }
}

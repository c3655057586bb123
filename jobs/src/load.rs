//! The folder of jobs: a directory, or a prefix of a bucket.

use std::path::PathBuf;

use hydrant_lake::Lake;
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use object_store::ObjectStoreExt;

use crate::{
    error::{JobError, JobMistake},
    head,
    job::{Job, Output},
};

/// The jobs of a folder, in order of their names.
#[derive(Debug, Clone)]
pub struct Jobs {
    /// The jobs.
    pub jobs: Vec<Job>,
    /// The files that are none, with what is wrong.
    pub mistakes: Vec<JobMistake>,
}

/// Reads the jobs in `place`, a directory or `s3://bucket/prefix`: its files that end in `.sql`. `lake` is what they
/// write to; `now` tells schedules that never fire again.
///
/// # Errors
///
/// [`JobError::Folder`] and [`JobError::NoJobs`]. A file with a mistake is no error: the other jobs are good.
pub async fn load(place: &str, lake: &Lake, now: Timestamp) -> Result<Jobs, JobError> {
    let folder = |source: Box<dyn std::error::Error + Send + Sync>| JobError::Folder {
        place: place.to_owned(),
        source,
    };
    let store = Lake::open(place, false)
        .await
        .map_err(|error| folder(error.into()))?;
    let store = store.store();
    let listed = store
        .list_with_delimiter(None)
        .await
        .map_err(|error| folder(error.into()))?;
    let mut files: Vec<_> = listed
        .objects
        .into_iter()
        .map(|object| object.location)
        .collect();
    files.sort_unstable();
    let mut found = Jobs {
        jobs: Vec::new(),
        mistakes: Vec::new(),
    };
    let url = lake.url();
    for file in files {
        let name = file.filename().unwrap_or_default();
        if name.starts_with('.') || file.extension() != Some("sql") {
            continue;
        }
        let bytes = match store.get(&file).await {
            Ok(read) => read.bytes().await.map_err(|error| folder(error.into()))?,
            Err(error) => return Err(folder(error.into())),
        };
        let path = PathBuf::from(format!("{}/{name}", place.trim_end_matches('/')));
        match std::str::from_utf8(&bytes) {
            Ok(text) => match head::parse(&path, text, url.as_str(), now) {
                Ok(job) => found.jobs.push(job),
                Err(mistake) => found.mistakes.push(mistake),
            },
            Err(_) => found.mistakes.push(JobMistake {
                file: path,
                line: 1,
                reason: "the file is no UTF-8 text".to_owned(),
            }),
        }
    }
    if found.jobs.is_empty() && found.mistakes.is_empty() {
        return Err(JobError::NoJobs {
            place: place.to_owned(),
        });
    }
    found.look_for_twins();
    Ok(found)
}

impl Jobs {
    /// All jobs; none of them when a file has a mistake.
    ///
    /// # Errors
    ///
    /// [`JobError::Mistakes`].
    pub fn all(self) -> Result<Vec<Job>, JobError> {
        if self.mistakes.is_empty() {
            Ok(self.jobs)
        } else {
            Err(JobError::Mistakes(self.mistakes))
        }
    }

    /// The job of this name. Mistakes in other files do not matter.
    ///
    /// # Errors
    ///
    /// [`JobError::Mistakes`] when its file may be one of those with a mistake, else [`JobError::UnknownJob`].
    pub fn named(self, name: &str) -> Result<Job, JobError> {
        let names: Vec<_> = self.jobs.iter().map(|job| job.name.clone()).collect();
        match self.jobs.into_iter().find(|job| job.name == name) {
            Some(job) => Ok(job),
            None if !self.mistakes.is_empty() => Err(JobError::Mistakes(self.mistakes)),
            None => Err(JobError::UnknownJob {
                name: name.to_owned(),
                jobs: names,
            }),
        }
    }

    /// Two jobs of one name, or with one place for their results, would undo each other's work.
    fn look_for_twins(&mut self) {
        self.jobs
            .sort_by(|one, other| (&one.name, &one.file).cmp(&(&other.name, &other.file)));
        let mut kept: Vec<Job> = Vec::new();
        for job in std::mem::take(&mut self.jobs) {
            let twin = kept.iter().find_map(|other| {
                let file = other.file.display();
                if other.name == job.name {
                    Some(format!(
                        "{file} has a job `{}` too: give this one another name",
                        job.name
                    ))
                } else if other.output == job.output {
                    let output: &Output = &job.output;
                    Some(format!(
                        "{file} writes its results to {output} too: give this one another output"
                    ))
                } else {
                    None
                }
            });
            match twin {
                Some(reason) => self.mistakes.push(JobMistake {
                    file: job.file,
                    line: 1,
                    reason,
                }),
                None => kept.push(job),
            }
        }
        self.jobs = kept;
    }
}

/// `2026-11-22` or `2026-11-22T06:00:00` in a time zone, or an instant such as `2026-11-22T06:00:00Z`.
pub(crate) fn instant(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let wall = match text.parse::<Date>() {
        Ok(date) if !text.contains(['T', ' ']) => date.to_datetime(jiff::civil::Time::midnight()),
        _ => text.parse::<DateTime>().ok()?,
    };
    Some(wall.to_zoned(zone.clone()).ok()?.timestamp())
}

impl Job {
    /// A time as people type it: `2026-11-22` or `2026-11-22T06:00` in the job's time zone, or an instant such as
    /// `2026-11-22T06:00:00Z`. `None` when it is none of them.
    pub fn instant(&self, text: &str) -> Option<Timestamp> {
        instant(text, self.zone())
    }
}

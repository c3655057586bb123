//! What can go wrong with jobs.

use std::path::PathBuf;

use hydrant_query::{QueryError, delta::DeltaError};

/// A mistake in a job's file, with its place. Nothing runs before it is mended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} line {line}: {reason}", file.display())]
pub struct JobMistake {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub reason: String,
}

/// Why a job did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// Files of jobs that are wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Mistakes(Vec<JobMistake>),
    /// The folder of jobs, or a file in it, cannot be read.
    #[error("the jobs in {place} cannot be read")]
    Folder {
        /// The folder or file.
        place: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There are no jobs.
    #[error(
        "there are no jobs in {place}: a job is a file that ends in .sql; docs/jobs.md shows one"
    )]
    NoJobs {
        /// The folder.
        place: String,
    },
    /// There is no such job.
    #[error("there is no job `{name}`; there are {}", .jobs.join(", "))]
    UnknownJob {
        /// What was asked for.
        name: String,
        /// The jobs that there are.
        jobs: Vec<String>,
    },
    /// The query failed.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The table of runs, or of results, could not be read or changed.
    #[error(transparent)]
    Delta(#[from] DeltaError),
    /// A result cannot be put where the job says.
    #[error("the result cannot be written to {output}: {reason}")]
    Output {
        /// Where it was to go.
        output: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// A file of the lake could not be read or written.
    #[error("{file} could not be {what}")]
    Store {
        /// Its key.
        file: String,
        /// `read` or `written`.
        what: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A time that nobody can read.
    #[error(
        "`{time}` is no time: write such as 2026-11-21, 2026-11-21T06:00 or 2026-11-21T06:00:00Z"
    )]
    Time {
        /// What was given.
        time: String,
    },
    /// Another runner has taken the interval, because this one was silent for too long. What it computed was put
    /// nowhere.
    #[error("another runner has taken over the interval, so this result was dropped")]
    Lost,
}

impl JobError {
    pub(crate) fn read(
        file: &str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Store {
            file: file.to_owned(),
            what: "read",
            source: source.into(),
        }
    }

    pub(crate) fn write(
        file: &str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Store {
            file: file.to_owned(),
            what: "written",
            source: source.into(),
        }
    }

    /// The error with what caused it, in one line.
    pub fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let message = error.to_string();
            // Some libraries repeat their cause in their own text.
            if !text.contains(&message) {
                text = format!("{text}: {message}");
            }
            cause = error.source();
        }
        text
    }
}

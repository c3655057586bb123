//! What every reading of objects shares: the store, and what becomes of what is wrong in them.

use std::{path::PathBuf, sync::Arc};

use hydrant_lake::Signer;
use hydrant_records::json::JsonError;
use object_store::ObjectStore;
use url::Url;

use crate::{
    encoding::{Room, Unreadable},
    error::QueryError,
    object::DataObject,
    options::OnError,
    parquet_object::Footers,
    problems::{Problem, ProblemKind, Problems},
    stats::Counters,
};

/// The lake as its readers see it.
#[derive(Debug)]
pub(crate) struct Source {
    /// The store, rooted at the lake.
    pub(crate) store: Arc<dyn ObjectStore>,
    /// Where the lake is, for messages.
    pub(crate) lake: Url,
    /// With which credentials requests are signed, for messages.
    pub(crate) signer: Signer,
    /// Whether a problem ends the query.
    pub(crate) on_error: OnError,
    /// What was found so far.
    pub(crate) problems: Problems,
    /// The lake's directory, where it is one: files are read without the store's help, which costs more than
    /// reading a small one.
    pub(crate) directory: Option<PathBuf>,
    /// Threads to work with.
    pub(crate) threads: usize,
    /// How much of an object is held in memory.
    pub(crate) room: Arc<Room>,
    /// What it all costs.
    pub(crate) counters: Counters,
    /// The ends of Parquet objects that the statement has read.
    pub(crate) footers: Footers,
}

impl Source {
    /// Notes that an object could not be fetched.
    ///
    /// # Errors
    ///
    /// [`QueryError::Store`] unless the object is simply gone: a store that refuses or stalls is no property
    /// of the data, and leaving its objects out would give a wrong answer.
    pub(crate) fn unreadable(
        &self,
        report: &mut ObjectReport,
        error: object_store::Error,
    ) -> Result<(), QueryError> {
        if matches!(error, object_store::Error::NotFound { .. }) {
            report.note(
                ProblemKind::Missing,
                None,
                "the object was listed but is gone".to_owned(),
            );
            return Ok(());
        }
        Err(self.store_error(&report.object, error))
    }

    /// An error of the store, with the place it concerns.
    pub(crate) fn store_error(&self, key: &str, source: object_store::Error) -> QueryError {
        let signed = self.signer.said().filter(|_| is_refusal(&source));
        QueryError::Store {
            lake: Box::new(self.lake.clone()),
            key: key.to_owned(),
            signed,
            source: Arc::new(source),
        }
    }

    /// Whether a reading with this report should go no further.
    pub(crate) fn stops_at(&self, report: &ObjectReport) -> bool {
        self.on_error == OnError::Fail && !report.problems.is_empty()
    }

    /// Keeps what a reading found.
    ///
    /// # Errors
    ///
    /// [`QueryError::Problem`] with the first problem, when problems are not to be skipped.
    pub(crate) fn finish(&self, report: ObjectReport) -> Result<(), QueryError> {
        match (self.on_error, report.problems.first()) {
            (OnError::Fail, Some(problem)) => Err(QueryError::Problem(Box::new(problem.clone()))),
            (_, None) => Ok(()),
            (OnError::Skip, Some(_)) => {
                for problem in &report.problems {
                    tracing::debug!(object = %problem.object, kind = ?problem.kind, "problem in an object");
                }
                self.problems.merge(report.problems);
                Ok(())
            }
        }
    }
}

/// Whether a store refuses whoever asks. A listing that is refused has no kind of its own, and S3 says of credentials
/// that expired that the request is bad (Amazon S3 API reference, Error responses).
fn is_refusal(error: &object_store::Error) -> bool {
    use object_store::Error::{Generic, PermissionDenied, Unauthenticated};
    match error {
        PermissionDenied { .. } | Unauthenticated { .. } => true,
        Generic { source, .. } => {
            let said = source.to_string();
            [
                "403 Forbidden",
                "401 Unauthorized",
                "ExpiredToken",
                "InvalidToken",
            ]
            .iter()
            .any(|code| said.contains(code))
        }
        _ => false,
    }
}

/// What one reading of an object found wrong in it.
#[derive(Debug)]
pub(crate) struct ObjectReport {
    object: String,
    problems: Vec<Problem>,
}

impl ObjectReport {
    pub(crate) fn new(object: &DataObject) -> Self {
        Self {
            object: object.key.clone(),
            problems: Vec::new(),
        }
    }

    /// The object's key.
    pub(crate) fn object(&self) -> &str {
        &self.object
    }

    fn note(&mut self, kind: ProblemKind, line: Option<u64>, message: String) {
        if let Some(problem) = self
            .problems
            .iter_mut()
            .find(|problem| problem.kind == kind)
        {
            problem.count += 1;
            return;
        }
        let object = self.object.clone();
        self.problems.push(Problem {
            object,
            kind,
            count: 1,
            line,
            message,
        });
    }

    pub(crate) fn unreadable(&mut self, unreadable: &Unreadable) {
        match unreadable {
            Unreadable::Encoding(name) => self.note(
                ProblemKind::Encoding,
                None,
                format!("the object is {name}, which is not read; what Firehose writes is"),
            ),
            Unreadable::Corrupt(reason) | Unreadable::NoRoom(reason) => {
                self.note(ProblemKind::Corrupt, None, reason.clone());
            }
        }
    }

    /// Text from `start` on that is no record, of which `skipped` bytes were passed over.
    pub(crate) fn bad_record(&mut self, line: u64, start: usize, error: JsonError, skipped: usize) {
        let (kind, offset) = (error.kind, error.offset.saturating_sub(start));
        let message = format!(
            "not a JSON object: {kind}, {offset} bytes into the record; {skipped} bytes skipped"
        );
        self.note(ProblemKind::BadRecord, Some(line), message);
    }

    pub(crate) fn bad_value(&mut self, line: u64, column: &str) {
        let message = format!("the value of `{column}` does not fit the column's type");
        self.note(ProblemKind::BadValue, Some(line), message);
    }
}

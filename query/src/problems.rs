//! What was wrong with the objects a query read: counted, and named by object and line.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};

/// What kind of thing was wrong. The order is by severity, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The object was gone when it was opened. None of its records are in the answer.
    Missing,
    /// The object's compressed bytes are damaged or cut short. None of its records are in the answer.
    Corrupt,
    /// The object has an encoding that is not read. None of its records are in the answer.
    Encoding,
    /// Objects lie where delivered records do, but their keys do not fit the Prefix: one problem for all of
    /// them, named after the first. None of their records are in the answer.
    Layout,
    /// Text in the object is no JSON object. That text is not in the answer.
    BadRecord,
    /// A value does not fit its column, and is null in the answer.
    BadValue,
}

impl ProblemKind {
    /// Whether none of the object's records are in the answer.
    pub fn costs_the_object(self) -> bool {
        matches!(
            self,
            Self::Missing | Self::Corrupt | Self::Encoding | Self::Layout
        )
    }
}

/// One kind of problem of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The object's key in the lake.
    pub object: String,
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// How often it occurred in the object.
    pub count: u64,
    /// The line, from 1, of the first occurrence; in the inflated text. `None` when it concerns the object.
    pub line: Option<u64>,
    /// What was wrong at the first occurrence.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.object)?;
        if let Some(line) = self.line {
            write!(f, " line {line}")?;
        }
        write!(f, ": {}", self.message)?;
        match self.count {
            0 | 1 => Ok(()),
            count if self.kind == ProblemKind::Layout => {
                write!(f, " (nor do {} others)", count - 1)
            }
            count => write!(f, " (and {} more like it in this object)", count - 1),
        }
    }
}

/// The problems of all objects that an engine's queries have read so far.
///
/// An object that is read twice has its problems counted once.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: Mutex<BTreeMap<(ProblemKind, String), Problem>>,
}

impl Problems {
    /// Keeps what one reading of an object found. Of two readings, the one that found more counts: a query
    /// with a `LIMIT` stops early.
    pub(crate) fn merge(&self, problems: impl IntoIterator<Item = Problem>) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        for problem in problems {
            let key = (problem.kind, problem.object.clone());
            let known = found.entry(key).or_insert_with(|| problem.clone());
            if problem.count > known.count {
                *known = problem;
            }
        }
    }

    /// All of them, worst first, then by object.
    pub(crate) fn list(&self) -> Vec<Problem> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(kind: ProblemKind, object: &str, count: u64) -> Problem {
        Problem {
            object: object.into(),
            kind,
            count,
            line: Some(3),
            message: "no".into(),
        }
    }

    #[test]
    fn an_object_read_twice_is_counted_once() {
        let problems = Problems::default();
        problems.merge([problem(ProblemKind::BadRecord, "b", 2)]);
        problems.merge([problem(ProblemKind::BadRecord, "b", 5)]);
        problems.merge([
            problem(ProblemKind::BadRecord, "b", 1),
            problem(ProblemKind::Corrupt, "z", 1),
        ]);
        let list = problems.list();
        assert_eq!(
            list.iter()
                .map(|p| (p.object.as_str(), p.count))
                .collect::<Vec<_>>(),
            [("z", 1), ("b", 5)]
        );
        assert_eq!(
            list[1].to_string(),
            "b line 3: no (and 4 more like it in this object)"
        );
    }
}

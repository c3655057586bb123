//! The way back: an S3 key → the partition columns that its prefix wrote, for queries.

mod folder;

use std::borrow::Cow;

use crate::object_name::ObjectName;
use crate::prefix::{ErrorOutputPrefix, Prefix, Segment};
use folder::Folder;

/// Name of the column that an `!{firehose:error-output-type}` gives.
pub const ERROR_OUTPUT_TYPE_COLUMN: &str = "error_output_type";

/// How keys are made, read backwards.
///
/// Columns come from folders:
///
/// - a folder `name=…` around an expression gives the column `name`, with all that follows the `=`, as
///   any reader of Hive layouts sees it;
/// - elsewhere a partition key gives a column of its own name, and so does
///   `!{firehose:error-output-type}` ([`ERROR_OUTPUT_TYPE_COLUMN`]);
/// - a timestamp expression that is one of `yyyy`, `MM`, `dd`, `HH`, or such fields with slashes between
///   them, gives `year`, `month`, `day`, `hour`;
/// - other timestamps and random strings give none, and neither does a name that is there already.
///
/// Values are as the key has them: nothing is decoded.
#[derive(Debug, Clone)]
pub struct Layout {
    columns: Vec<String>,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    /// Whatever `k=v` folders a key has.
    Hive,
    /// The folders of a prefix, and what it puts before the object's name.
    Folders { folders: Vec<Folder>, tail: Folder },
}

/// What a key says about its object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedKey<'a> {
    /// Column names and values, in the order of the key.
    pub partitions: Vec<(&'a str, &'a str)>,
    /// The object's name; `None` when it is not one that Firehose gives. Where the prefix ends in a value
    /// and not in a slash, nothing says where the value ends: it then reads as part of the stream's name.
    pub object: Option<ObjectName>,
}

impl Layout {
    /// The layout of the keys that a prefix writes, from where the prefix starts.
    pub fn from_prefix(prefix: &Prefix) -> Self {
        Self::from_segments(prefix.segments())
    }

    /// The layout of the keys of error objects.
    pub fn from_error_output_prefix(prefix: &ErrorOutputPrefix) -> Self {
        Self::from_segments(prefix.segments())
    }

    /// Any `k=v` folders, found key by key. [`columns`](Self::columns) knows none of them.
    pub fn hive() -> Self {
        Self {
            columns: Vec::new(),
            kind: Kind::Hive,
        }
    }

    /// `YYYY/MM/dd/HH/`: the layout of a stream without a prefix.
    pub fn dated() -> Self {
        Self::from_segments(&[Segment::Timestamp(
            crate::prefix::DatePattern::appended_date(),
        )])
    }

    fn from_segments(segments: &[Segment]) -> Self {
        let mut columns = Vec::new();
        let mut folders = folder::split(segments);
        let mut tail = folders.pop().unwrap_or_default().into_tail();
        for folder in &mut folders {
            folder.name_columns(&mut columns);
        }
        tail.name_columns(&mut columns);
        Self {
            columns,
            kind: Kind::Folders { folders, tail },
        }
    }

    /// Names of the columns, in the order of the key.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(String::as_str)
    }

    /// Reads a key, from where the prefix starts; `None` when the prefix does not write such keys.
    ///
    /// Where a value is followed by literal text, it ends where that text first stands; a value with a
    /// `/` in it makes a deeper path, which is not read back.
    pub fn parse<'a>(&'a self, key: &'a str) -> Option<ParsedKey<'a>> {
        let mut partitions = Vec::with_capacity(self.columns.len());
        let name = match &self.kind {
            Kind::Hive => {
                let mut parts = key.split('/');
                let name = parts.next_back()?;
                partitions.extend(parts.filter_map(|folder| {
                    folder
                        .split_once('=')
                        .filter(|(column, _)| !column.is_empty())
                }));
                name
            }
            Kind::Folders { folders, tail } => {
                let mut rest = key;
                for folder in folders {
                    let (text, after) = rest.split_once('/')?;
                    if !folder
                        .parse(text, &self.columns, &mut partitions)?
                        .is_empty()
                    {
                        return None;
                    }
                    rest = after;
                }
                if rest.contains('/') {
                    return None;
                }
                tail.parse(rest, &self.columns, &mut partitions)?
            }
        };
        (!name.is_empty()).then(|| ParsedKey {
            partitions,
            object: ObjectName::parse(name),
        })
    }

    /// The longest text with which every key begins.
    pub fn literal_prefix(&self) -> Cow<'_, str> {
        Cow::Owned(self.listing_prefix(&|_| None))
    }

    /// The longest text with which every key begins whose columns have these values: what to list. A
    /// column without a value ends it, whatever is known of the columns after it.
    pub fn listing_prefix<'v>(&self, known: &dyn Fn(&str) -> Option<&'v str>) -> String {
        let mut out = String::new();
        if let Kind::Folders { folders, tail } = &self.kind {
            for folder in folders {
                if !folder.list(&self.columns, known, &mut out) {
                    return out;
                }
                out.push('/');
            }
            tail.list(&self.columns, known, &mut out);
        }
        out
    }
}

#[cfg(test)]
mod tests;

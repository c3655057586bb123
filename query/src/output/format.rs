//! The forms of an answer and their names.

use std::{fmt, path::Path, str::FromStr};

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Format {
    /// A table for people: numbers to the right, nested values as JSON, as wide as [`crate::Style::width`] lets it
    /// be. The rows shown are held in memory, to know how wide the columns are.
    #[default]
    Table,
    /// One line for each value, `path: value`, a rule between rows; structs are taken apart. For rows that no
    /// screen is wide enough for.
    Vertical,
    /// RFC 4180 with a header. Nested values are JSON text.
    Csv,
    /// Tab-separated with a header; tabs, line ends and backslashes in values are `\t`, `\n`, `\r` and `\\`.
    Tsv,
    /// One JSON array with an object for each row.
    Json,
    /// One JSON object a line for each row.
    NdJson,
    /// A table as GitHub's Markdown has it.
    Markdown,
    /// Apache Parquet, ZSTD.
    Parquet,
    /// An Arrow IPC file, also known as Feather 2.
    Arrow,
}

impl Format {
    /// All of them, in the order in which they are explained.
    pub const ALL: [Self; 9] = [
        Self::Table,
        Self::Vertical,
        Self::Csv,
        Self::Tsv,
        Self::Json,
        Self::NdJson,
        Self::Markdown,
        Self::Parquet,
        Self::Arrow,
    ];

    /// The format that a file of this name has, if its extension says one.
    pub fn of_file(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match extension.as_str() {
            "txt" => Self::Table,
            "csv" => Self::Csv,
            "tsv" | "tab" => Self::Tsv,
            "json" => Self::Json,
            "ndjson" | "jsonl" => Self::NdJson,
            "md" | "markdown" => Self::Markdown,
            "parquet" | "pq" => Self::Parquet,
            "arrow" | "feather" | "ipc" => Self::Arrow,
            _ => return None,
        })
    }

    /// Whether the bytes are for programs only, and would upset a terminal.
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Parquet | Self::Arrow)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Vertical => "vertical",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Json => "json",
            Self::NdJson => "ndjson",
            Self::Markdown => "markdown",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownFormat {
                text: text.to_owned(),
            })
    }
}

/// A name that is no [`Format`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown format `{text}`; there are {}", Format::ALL.map(Format::name).join(", "))]
pub struct UnknownFormat {
    /// The name as given.
    pub text: String,
}

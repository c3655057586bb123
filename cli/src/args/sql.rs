//! What `hydrant sql` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Ask a lake questions in SQL
///
/// `events` has every delivered record: its fields as columns, nested ones with a dot and without quotes
/// (`detail.eventType`), the partition columns of its folders, and `_object`, the object it came from.
/// `errors` has the error output, with `rawData` decoded. No schema is needed.
///
/// Without -c and -f, on a terminal, it is a session: history, completion, \? for help. From a pipe it runs
/// the script that it reads. The guide is docs/sql.md.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hydrant sql --lake lake
  hydrant sql --lake lake -c \"select detail.eventType, count(*) from events group by 1\"
  hydrant sql --lake lake --chart line -o hours.html -f hours.sql
  hydrant sql --lake s3://bucket --describe
  hydrant sql --lake s3://bucket --prefix '!{partitionKeyFromQuery:eventType}/' -f query.sql --stats")]
pub(crate) struct SqlArgs {
    /// The lake: a directory, file://… or s3://bucket/prefix
    #[arg(long, value_name = "URL", env = "HYDRANT_LAKE", default_value = ".")]
    pub(crate) lake: String,

    /// The query, or several with ; between them
    #[arg(
        short = 'c',
        long = "command",
        value_name = "SQL",
        conflicts_with = "file"
    )]
    pub(crate) command: Option<String>,

    /// Read the script from a file; - is standard input
    #[arg(short = 'f', long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// Show the fields of events, their types, and how many records of each event type have them. With
    /// -o FILE.schema, as --schema takes it
    #[arg(long, conflicts_with_all = ["command", "file", "chart"])]
    pub(crate) describe: bool,

    /// How to write answers: a table, or what the name given with -o says
    #[arg(long, value_enum, env = "HYDRANT_FORMAT")]
    pub(crate) format: Option<SqlFormat>,

    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Draw answers instead: in the terminal, or with -o into a .svg, .png or .html file. A column of times is the
    /// axis; texts are bars, or name the series
    #[arg(long, value_enum, value_name = "KIND", conflicts_with = "format")]
    pub(crate) chart: Option<SqlChart>,

    /// Say what each query cost: objects, bytes, requests, time, and what Athena would have charged
    #[arg(long)]
    pub(crate) stats: bool,

    /// What to do about objects and lines that cannot be read
    #[arg(long, value_enum, default_value_t = OnError::Skip)]
    pub(crate) on_error: OnError,

    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

/// How the lake is to be read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading the lake")]
pub(crate) struct ReadingArgs {
    /// The stream that wrote the lake: its prefixes say what lies where
    #[arg(long, value_name = "S.json", conflicts_with_all = ["prefix", "error_prefix"])]
    pub(crate) stream: Option<PathBuf>,

    /// The stream's Prefix, where folders are not named k=v
    #[arg(long, value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,

    /// The stream's ErrorOutputPrefix
    #[arg(long, value_name = "PREFIX")]
    pub(crate) error_prefix: Option<String>,

    /// The fields of events and their types, a line each: `detail.data.price number`. Values that do not fit are null
    /// and counted, other fields are not there
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,

    /// What a query may hold in memory, such as 2GB; beyond it, it uses temporary files
    #[arg(long, value_name = "SIZE", value_parser = size, env = "HYDRANT_MEMORY_LIMIT")]
    pub(crate) memory_limit: Option<usize>,

    /// Threads that a query may use; as many as there are processors if not given
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<std::num::NonZeroUsize>,

    /// Learn the schema anew, and do not keep it for the next time
    #[arg(long)]
    pub(crate) no_cache: bool,
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SqlFormat {
    /// For people, as wide as the terminal
    Table,
    /// For people: a line for each value, for rows that are too wide
    Vertical,
    /// Comma-separated, with a header
    Csv,
    /// Tab-separated, with a header
    Tsv,
    /// One array of objects
    Json,
    /// One object a line
    Ndjson,
    /// A table as GitHub has it
    Markdown,
    /// Apache Parquet, ZSTD
    Parquet,
    /// An Arrow IPC file (Feather)
    Arrow,
}

/// The kind of chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SqlChart {
    /// A bar for each value
    Bar,
    /// A line through the values of each series
    Line,
    /// Areas, on top of each other where the series are parts of a whole
    Area,
}

/// What to do about what cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnError {
    /// Leave it out, and say so on standard error
    Skip,
    /// Stop
    Fail,
}

/// `2GB`, `512 MiB`, `1.5g` or bytes.
pub(crate) fn size(text: &str) -> Result<usize, String> {
    let mistake = || format!("`{text}` is no size; write such as 512MB, 2GB or 1.5GiB");
    let trimmed = text.trim();
    let digits = trimmed
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(digits);
    let number: f64 = number.parse().map_err(|_| mistake())?;
    let factor: f64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        "tib" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return Err(mistake()),
    };
    let bytes = number * factor;
    if !(1.0..9e15).contains(&bytes) {
        return Err(mistake());
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "in the range checked above"
    )]
    Ok(bytes as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("1000", 1000),
            ("2GB", 2_000_000_000),
            ("1.5 GiB", 1_610_612_736),
            ("512m", 512_000_000),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "GB", "0", "-1", "2 bananas", "1e3"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}

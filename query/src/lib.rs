//! DataFusion over a lake that Amazon Data Firehose wrote: the tables `events` and `errors`, found, typed and
//! scanned without being told anything, and the ways to print an answer.
//!
//! The engine knows Firehose's layouts (`k=v` folders, `YYYY/MM/dd/HH/`, a Prefix expression), its framing
//! (records as they came, with or without anything between them) and what goes wrong in it: a broken object
//! or record is counted and named, never passed over in silence. It writes nothing to the lake, and does not
//! decide where a lake is or how to reach it: that is `hydrant-lake`.
//!
//! Start at [`Engine`]; print with [`write()`].
//!
//! # The tables
//!
//! `events` has one row for each delivered record. Its columns are the records' fields, in the order in which a
//! sample shows them (what it does not show stands behind it, by name; compaction keeps the order that there was)
//! and with the types that hold every value that a query reads. They are guessed from the sample and checked by
//! the scan, value by value; at a value that proves the guess wrong [`Engine::run`] learns from
//! everything and begins anew, before any row was given out. [`Options::schema`] pins them instead.
//!
//! | values seen | type |
//! | --- | --- |
//! | `true`, `false` | Boolean |
//! | integers of 64 bits | Int64 |
//! | numbers with a fraction or exponent, alone or among integers up to 2⁵³ | Float64 |
//! | texts | Utf8; the field `time`, RFC 3339, is Timestamp(µs, UTC) |
//! | objects | Struct of their fields; without fields, with more than 1,000, or below 32 levels: JSON text |
//! | arrays | List of their elements; List(Utf8) when all are empty |
//! | only `null` | Utf8 |
//! | anything else, such as a number here and a text there, or integers too large for 64 bits | Utf8: texts as themselves, the rest as its JSON text, so no digit is lost |
//!
//! Behind them come the partition columns, which the keys give (Int64 when each value is digits, else Utf8),
//! and `_object`, the key that a row came from. A field of the records wins over a partition column of its
//! name. Predicates on these columns decide which folders are listed and which objects are opened.
//!
//! Objects are told apart by their content: UNCOMPRESSED, GZIP, ZIP, `Snappy`, `HADOOP_SNAPPY`, and Apache
//! Parquet in the same table. Only what a query names is parsed; that a line holds one record, with its strings
//! and brackets closed, is seen of every line that is counted.
//!
//! `errors` has one row for each record of the error output and the same columns for every lake: `rawData`
//! (decoded from base64; bytes that are no UTF-8 text stay base64 behind `base64:`), `errorCode`,
//! `errorMessage`, `attemptsMade`, `arrivalTimestamp`, `attemptEndingTimestamp`, `lambdaArn`,
//! `errorOutputType` (the folder) and `_object`.
//!
//! Names of columns keep their case without quotes. Names of tables and functions have no case.

mod catalog;
mod column;
pub mod compaction;
mod condition;
mod constants;
mod decode;
pub mod delta;
mod describe;
mod directory;
mod encoding;
mod engine;
mod error;
mod error_records;
mod fetch;
mod framing;
mod functions;
mod help;
mod hours;
mod interrupt;
mod layout;
mod learn;
mod listing;
mod members;
mod memory;
mod names;
mod needle;
mod object;
mod options;
mod output;
mod parquet_object;
mod paths;
mod pinned;
mod predicate;
mod problems;
mod prune;
mod reader;
mod results;
mod scan;
mod scratch;
mod shape;
mod skim;
mod slots;
mod spill;
mod statement;
mod stats;
mod survey;
mod table;
mod tables;
mod text;

pub use describe::{DescribedField, Description, EventType};
pub use engine::{Batches, ERRORS, EVENTS, Engine, Feeding, answer, answer_of, named_tables};
pub use error::QueryError;
pub use options::{OnError, Options, SchemaCache};
pub use output::{Format, Style, UnknownFormat, column_names, on_workers, write};
pub use problems::{Problem, ProblemKind};
pub use statement::{Statement, excerpt, is_complete, locate, statements};
pub use stats::Stats;

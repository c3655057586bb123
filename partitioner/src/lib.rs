//! Record → partition keys → S3 key, and back: the one place that knows where a record lands.
//!
//! [`KeyQuery`] finds the partition keys of a record, [`Prefix`] turns them and an instant into the
//! beginning of an S3 key as Amazon Data Firehose would write it, [`ObjectName`] is the rest of the key,
//! and [`Layout`] reads partition columns out of keys. [`validate`] says what AWS would refuse.
//!
//! The crate is pure: it does no I/O, and time, randomness and ids come in as arguments. It does not know
//! streams, buffers or files.

mod condition;
mod confinement;
#[cfg(feature = "lambda")]
pub mod function;
mod keys;
mod layout;
pub mod limits;
mod object_name;
mod prefix;
#[cfg(feature = "work")]
mod work;

pub use condition::{Condition, ConditionError};
pub use confinement::{ConfinementPolicy, ConfinementPolicyError};
pub use keys::{
    KeyError, KeyMemo, KeyPlace, KeyQuery, KeyReader, OnMissing, OnMissingError, PartitionKeys,
    QueryError, Unbounded, UnknownKey, well_known,
};
pub use layout::{ERROR_OUTPUT_TYPE_COLUMN, Layout, ParsedKey};
pub use object_name::{ExtensionError, ObjectName, object_extension};
pub use prefix::{
    CustomTimeZone, DatePattern, ErrorOutputPrefix, EvaluateError, Evaluation, KeyNamespace,
    LITERAL_ERROR_OUTPUT_PREFIX_GETS_DATE, PARTITIONING_ERROR_OUTPUT_TYPE, Partition, Prefix,
    RANDOM_STRING_CHARS, Rule, Segment, StreamField, TimeZoneError, Violation, random_string,
    validate,
};
#[cfg(feature = "work")]
pub use work::{PartitionWork, Unplaced};

//! Partition keys and an instant → the beginning of an S3 key.

mod date_pattern;
mod error_output;
mod partition;
mod template;
mod time_zone;
mod validate;
mod violation;

use jiff::{Timestamp, Zoned};
use uuid::Uuid;

pub use date_pattern::DatePattern;
pub(crate) use date_pattern::Item as DateItem;
pub use error_output::{ErrorOutputPrefix, LITERAL_ERROR_OUTPUT_PREFIX_GETS_DATE};
pub use partition::Partition;
pub use template::{KeyNamespace, RANDOM_STRING_CHARS, Segment};
pub use time_zone::{CustomTimeZone, TimeZoneError};
pub use validate::validate;
pub use violation::{Rule, StreamField, Violation};

use crate::confinement::{ConfinementPolicy, confine};
use crate::keys::{KeyError, PartitionKeys};
use crate::limits::{
    MAX_EVALUATED_PREFIX_BYTES, MAX_EVALUATED_PREFIX_CHARS, MAX_FILE_EXTENSION_CHARS,
    MAX_FOLDER_BYTES, MAX_OBJECT_NAME_BYTES,
};
use template::Template;

/// `error-output-type` of records whose partition keys failed. It is not in the list that AWS publishes;
/// they lie with the records that a Lambda function refused.
pub const PARTITIONING_ERROR_OUTPUT_TYPE: &str = "processing-failed";

/// `Prefix` of a delivery stream.
///
/// Keys come in two steps, because a record is buffered before the instant of its object is known:
/// [`partition`](Self::partition) says which buffer a record belongs to, and
/// [`evaluate`](Self::evaluate) gives the prefix of the object when it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix {
    template: Template,
    /// Distinct partition keys, in the order of their first use.
    keys: Vec<(KeyNamespace, String)>,
    /// How often the key that stands most often does.
    most_uses: usize,
    longest: (usize, usize),
    literal: bool,
}

/// What an object's prefix depends on besides the partition.
pub struct Evaluation<'a> {
    /// Approximate arrival of the oldest record in the object.
    pub instant: Timestamp,
    /// The stream's `CustomTimeZone`.
    pub zone: &'a CustomTimeZone,
    /// Gives the text of one `!{firehose:random-string}`, [`RANDOM_STRING_CHARS`] characters, other text
    /// at each call; [`random_string`] makes it from a random UUID.
    pub random: &'a mut dyn FnMut() -> String,
}

/// A prefix that cannot be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// The partition was made by another prefix.
    #[error("the partition has no value for {namespace}:{key}; it belongs to another prefix", namespace = namespace.as_str())]
    ForeignPartition {
        /// The key without a value.
        key: String,
        /// Where it comes from.
        namespace: KeyNamespace,
    },
    /// Longer than AWS allows.
    #[error(
        "Length of evaluated prefix cannot be greater than {MAX_EVALUATED_PREFIX_CHARS}; it is {chars}"
    )]
    TooLong {
        /// Characters of the evaluated prefix.
        chars: usize,
    },
}

impl Prefix {
    /// Parses a `Prefix`. A prefix without any expression, the empty one included, gets `yyyy/MM/dd/HH/`
    /// appended, and no slash before it; a prefix with an expression is taken as it is.
    ///
    /// # Errors
    ///
    /// The first expression that AWS refuses; [`validate`] finds what depends on other fields.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let field = StreamField::Prefix;
        let mut template = Template::parse(field, text)?;
        let mut keys = Vec::new();
        let mut uses = Vec::new();
        for (offset, segment) in template.with_offsets() {
            match segment {
                Segment::ErrorOutputType => {
                    let rule = Rule::ErrorOutputTypeInPrefix;
                    return Err(Violation {
                        field,
                        offset: Some(offset),
                        rule,
                    });
                }
                Segment::PartitionKey { namespace, name } => {
                    let key = (*namespace, name.clone());
                    if let Some(place) = keys.iter().position(|known| *known == key) {
                        uses[place] += 1;
                    } else {
                        keys.push(key);
                        uses.push(1);
                    }
                }
                _ => {}
            }
        }
        let literal = template.is_literal();
        if literal {
            template.append_date();
        }
        template.check_length(field)?;
        let longest = template.longest_without_keys();
        Ok(Self {
            template,
            keys,
            most_uses: uses.into_iter().max().unwrap_or_default(),
            longest,
            literal,
        })
    }

    /// The parts of the prefix, the appended date included.
    pub fn segments(&self) -> &[Segment] {
        &self.template.segments
    }

    /// True when the text has no expression.
    pub fn is_literal(&self) -> bool {
        self.literal
    }

    /// The distinct partition keys, in the order of their first use.
    pub fn partition_keys(&self) -> impl Iterator<Item = (KeyNamespace, &str)> {
        self.keys
            .iter()
            .map(|(namespace, name)| (*namespace, name.as_str()))
    }

    /// The buffer that a record with these keys belongs to.
    ///
    /// # Errors
    ///
    /// A key without a value, a value that leads outside its folder (with
    /// [`ConfinementPolicy::Fail`]), or values that make the prefix too long.
    pub fn partition(
        &self,
        query_keys: &PartitionKeys,
        lambda_keys: &PartitionKeys,
        policy: ConfinementPolicy,
    ) -> Result<Partition, KeyError> {
        let mut partition = Partition::new();
        self.partition_into(query_keys, lambda_keys, policy, &mut partition)?;
        Ok(partition)
    }

    /// As [`partition`](Self::partition), into memory that is used again.
    ///
    /// # Errors
    ///
    /// As [`partition`](Self::partition); `out` is then of no use.
    pub fn partition_into(
        &self,
        query_keys: &PartitionKeys,
        lambda_keys: &PartitionKeys,
        policy: ConfinementPolicy,
        out: &mut Partition,
    ) -> Result<(), KeyError> {
        out.clear();
        for (namespace, key) in &self.keys {
            let keys = match namespace {
                KeyNamespace::Query => query_keys,
                KeyNamespace::Lambda => lambda_keys,
            };
            match keys.get(key) {
                None => {
                    let namespace = namespace.as_str();
                    return Err(KeyError::Missing {
                        key: key.clone(),
                        namespace,
                    });
                }
                Some("") => return Err(KeyError::NullOrEmpty { key: key.clone() }),
                Some(value) => out.push(|text| confine(key, value, policy, text))?,
            }
        }
        self.check_length(out)
    }

    /// The beginning of the S3 key of an object that holds the records of one partition.
    ///
    /// # Errors
    ///
    /// A partition of another prefix, and a prefix longer than AWS allows (years beyond 9999).
    pub fn evaluate(
        &self,
        partition: &Partition,
        evaluation: &mut Evaluation<'_>,
    ) -> Result<String, EvaluateError> {
        let values: Vec<&str> = partition.values().collect();
        self.template.evaluate(evaluation, "", |namespace, name| {
            let mut keys = self.keys.iter();
            let place = keys.position(|(n, key)| *n == namespace && key == name)?;
            values.get(place).copied()
        })
    }

    /// Refuses at once what would otherwise be found when the object is written: by the longest that the
    /// timestamps can be.
    fn check_length(&self, partition: &Partition) -> Result<(), KeyError> {
        let (mut chars, mut bytes) = self.longest;
        // Most prefixes are shorter than one folder may be.
        if bytes + partition.as_str().len() * self.most_uses <= MAX_FOLDER_BYTES - TAIL_BYTES {
            return Ok(());
        }
        for segment in self.segments() {
            if let Segment::PartitionKey { namespace, name } = segment {
                let mut pairs = self.keys.iter().zip(partition.values());
                let value = pairs.find(|((n, key), _)| n == namespace && key == name);
                let value = value.map_or("", |(_, value)| value);
                chars += value.chars().count();
                bytes += value.len();
            }
        }
        if chars > MAX_EVALUATED_PREFIX_CHARS || bytes > MAX_EVALUATED_PREFIX_BYTES {
            return Err(KeyError::TooLong);
        }
        if bytes > MAX_FOLDER_BYTES - TAIL_BYTES {
            return self.check_folders(partition);
        }
        Ok(())
    }

    /// Looks at the folders of the prefix, with times as long as they are.
    #[cold]
    fn check_folders(&self, partition: &Partition) -> Result<(), KeyError> {
        // A Wednesday in September: no day has longer names.
        let instant = Timestamp::constant(1_790_812_799, 0);
        let zone = CustomTimeZone::utc();
        let mut random = || "x".repeat(RANDOM_STRING_CHARS);
        let mut evaluation = Evaluation {
            instant,
            zone: &zone,
            random: &mut random,
        };
        let text = self.evaluate(partition, &mut evaluation);
        let text = text.map_err(|_| KeyError::TooLong)?;
        let tail = text.rsplit('/').next().filter(|tail| !tail.is_empty());
        let tail = tail.map(|tail| tail.len() + TAIL_BYTES);
        match text.split('/').map(str::len).chain(tail).max() {
            Some(bytes) if bytes > MAX_FOLDER_BYTES => Err(KeyError::FolderTooLong { bytes }),
            _ => Ok(()),
        }
    }
}

/// Bytes that the name of an object adds to what the prefix puts before it in the same folder; a longer
/// extension is the operator's affair.
const TAIL_BYTES: usize = MAX_OBJECT_NAME_BYTES - MAX_FILE_EXTENSION_CHARS;

impl Template {
    fn evaluate<'v>(
        &self,
        evaluation: &mut Evaluation<'_>,
        error_output_type: &str,
        value: impl Fn(KeyNamespace, &str) -> Option<&'v str>,
    ) -> Result<String, EvaluateError> {
        let at: Zoned = evaluation
            .instant
            .to_zoned(evaluation.zone.time_zone().clone());
        let mut out = String::with_capacity(128);
        for segment in &self.segments {
            match segment {
                Segment::Literal(text) => out.push_str(text),
                Segment::Timestamp(pattern) => pattern.format(&at, &mut out),
                Segment::RandomString => out.push_str(&(evaluation.random)()),
                Segment::ErrorOutputType => out.push_str(error_output_type),
                Segment::PartitionKey { namespace, name } => {
                    let foreign = || {
                        let (key, namespace) = (name.clone(), *namespace);
                        EvaluateError::ForeignPartition { key, namespace }
                    };
                    out.push_str(value(*namespace, name).ok_or_else(foreign)?);
                }
            }
        }
        match out.chars().count() {
            chars if chars > MAX_EVALUATED_PREFIX_CHARS => Err(EvaluateError::TooLong { chars }),
            _ => Ok(out),
        }
    }
}

/// A `!{firehose:random-string}`: AWS's examples look like the first 11 characters of a UUID.
pub fn random_string(id: Uuid) -> String {
    let mut text = id.hyphenated().to_string();
    text.truncate(RANDOM_STRING_CHARS);
    text
}

#[cfg(test)]
mod tests;

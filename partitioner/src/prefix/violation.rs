//! What AWS refuses about prefixes and queries when a stream is created, in AWS's words and in ours.

use std::fmt;

use crate::limits::{MAX_EVALUATED_PREFIX_CHARS, MAX_PREFIX_CHARS};

/// Field of `CreateDeliveryStream` that a violation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamField {
    /// `Prefix`.
    Prefix,
    /// `ErrorOutputPrefix`.
    ErrorOutputPrefix,
    /// `MetadataExtractionQuery` of the `MetadataExtraction` processor.
    MetadataExtractionQuery,
}

impl StreamField {
    /// The field's name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prefix => "Prefix",
            Self::ErrorOutputPrefix => "ErrorOutputPrefix",
            Self::MetadataExtractionQuery => "MetadataExtractionQuery",
        }
    }
}

impl fmt::Display for StreamField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The rule that is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// A `!{` without its `}`, without a colon, or with nothing on a side of it.
    InvalidExpression,
    /// A namespace that there is not.
    UnknownNamespace(String),
    /// A date pattern that Java refuses.
    InvalidDatePattern(String),
    /// A date pattern that AWS accepts and this toolkit cannot render.
    UnsupportedDatePattern(String),
    /// `Prefix` has expressions and there is no `ErrorOutputPrefix`.
    ErrorOutputPrefixMissing,
    /// `ErrorOutputPrefix` has expressions and none is `!{firehose:error-output-type}`.
    ErrorOutputTypeMissing,
    /// `Prefix` has `!{firehose:error-output-type}`.
    ErrorOutputTypeInPrefix,
    /// The prefix evaluates to more than 512 characters for every record.
    EvaluatedTooLong,
    /// More than 1024 characters as written.
    TooLong,
    /// Dynamic partitioning is on and `Prefix` has no partition key.
    NoPartitionKeys,
    /// `Prefix` has a partition key and dynamic partitioning is off.
    PartitionKeysWithoutDynamicPartitioning,
    /// `ErrorOutputPrefix` has a partition key.
    PartitionKeysInErrorOutputPrefix,
    /// The query gives a key that `Prefix` does not use.
    UnusedQueryKey(String),
    /// `Prefix` uses a key that no query gives.
    UnknownQueryKey(String),
    /// `Prefix` uses a key of a Lambda function and there is no Lambda processor.
    NoLambda(String),
}

/// A rule broken at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field.
    pub field: StreamField,
    /// Byte offset in the field of the expression at fault; `None` when it is the field as a whole.
    pub offset: Option<usize>,
    /// The rule.
    pub rule: Rule,
}

impl Violation {
    /// The message of AWS's `InvalidArgumentException` (a `ValidationException` for
    /// [`Rule::TooLong`]). `None` where AWS accepts, or where its text is not known.
    pub fn aws_message(&self) -> Option<String> {
        let constraint = self.constraint()?;
        Some(match self.rule {
            Rule::InvalidExpression
            | Rule::UnknownNamespace(_)
            | Rule::InvalidDatePattern(_)
            | Rule::ErrorOutputPrefixMissing
            | Rule::ErrorOutputTypeMissing
            | Rule::ErrorOutputTypeInPrefix
            | Rule::EvaluatedTooLong => format!(
                // "Ths" is how AWS spells it.
                "Ths supplied prefix(es) do not satisfy the following constraint: {constraint}"
            ),
            _ => constraint,
        })
    }

    /// AWS's text without the wrapper around it.
    pub fn constraint(&self) -> Option<String> {
        let field = self.field;
        Some(match &self.rule {
            Rule::InvalidExpression => "Invalid expression usage".to_owned(),
            Rule::UnknownNamespace(namespace) => {
                format!("Namespace to the left of colon ({namespace}) is an invalid keyword!")
            }
            Rule::InvalidDatePattern(_) => format!(
                "Invalid conversion character used in the value of the expression in {field}"
            ),
            Rule::ErrorOutputPrefixMissing => {
                "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions".to_owned()
            }
            Rule::ErrorOutputTypeMissing => {
                "ErrorOutputPrefix must contain at least one occurrence of !{firehose:error-output-type}"
                    .to_owned()
            }
            Rule::ErrorOutputTypeInPrefix => {
                "Prefix must not contain any occurrence of !{firehose:error-output-type}".to_owned()
            }
            Rule::EvaluatedTooLong => {
                let subject = match field {
                    StreamField::ErrorOutputPrefix => "ErrorOutputPrefix",
                    _ => "prefix",
                };
                format!(
                    "Length of evaluated {subject} cannot be greater than {MAX_EVALUATED_PREFIX_CHARS}"
                )
            }
            Rule::TooLong => {
                let member = match field {
                    StreamField::Prefix => "prefix",
                    StreamField::ErrorOutputPrefix => "errorOutputPrefix",
                    StreamField::MetadataExtractionQuery => "parameterValue",
                };
                format!(
                    "1 validation error detected: Value at 'extendedS3DestinationConfiguration.{member}' failed to satisfy constraint: Member must have length less than or equal to {MAX_PREFIX_CHARS}"
                )
            }
            Rule::NoPartitionKeys => {
                "S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning is enabled".to_owned()
            }
            Rule::PartitionKeysWithoutDynamicPartitioning => {
                "Dynamic Partitioning Namespaces can only be part of a prefix expression when Dynamic Partitioning is enabled.".to_owned()
            }
            Rule::PartitionKeysInErrorOutputPrefix => {
                "Dynamic Partitioning Namespaces can't be part of an error prefix expression".to_owned()
            }
            Rule::UnusedQueryKey(_) => {
                "MetaDataExtraction JQ Query can't contain keys that are not present in the S3 Prefix expression".to_owned()
            }
            Rule::UnsupportedDatePattern(_) | Rule::UnknownQueryKey(_) | Rule::NoLambda(_) => {
                return None;
            }
        })
    }

    /// What is wrong, in our words.
    pub fn explanation(&self) -> String {
        match &self.rule {
            Rule::InvalidExpression => {
                "an expression is !{namespace:value}; this one is not closed, or lacks one of its sides".to_owned()
            }
            Rule::UnknownNamespace(namespace) => format!("there is no namespace {namespace:?}"),
            Rule::InvalidDatePattern(letters) => {
                format!("{letters:?} means nothing in a Java date pattern")
            }
            Rule::UnsupportedDatePattern(letters) => {
                format!("AWS accepts the date pattern {letters:?}; this toolkit cannot render it")
            }
            Rule::ErrorOutputPrefixMissing => {
                "a Prefix with expressions needs an ErrorOutputPrefix of its own".to_owned()
            }
            Rule::ErrorOutputTypeMissing => {
                "an ErrorOutputPrefix with expressions has to keep the kinds of errors apart".to_owned()
            }
            Rule::ErrorOutputTypeInPrefix => "delivered records have no error type".to_owned(),
            Rule::EvaluatedTooLong => format!(
                "the prefix is longer than {MAX_EVALUATED_PREFIX_CHARS} characters once evaluated"
            ),
            Rule::TooLong => {
                format!("the {} is longer than {MAX_PREFIX_CHARS} characters", self.field)
            }
            Rule::NoPartitionKeys => {
                "dynamic partitioning is on, and the Prefix has no partition key to partition by".to_owned()
            }
            Rule::PartitionKeysWithoutDynamicPartitioning => {
                "the Prefix has a partition key, and dynamic partitioning is off".to_owned()
            }
            Rule::PartitionKeysInErrorOutputPrefix => {
                "a record in the error output may have no partition keys".to_owned()
            }
            Rule::UnusedQueryKey(key) => {
                format!("the query gives the key {key:?}, which the Prefix does not use")
            }
            Rule::UnknownQueryKey(key) => {
                format!("the Prefix uses the key {key:?}, which the query does not give")
            }
            Rule::NoLambda(key) => {
                format!("the Prefix takes the key {key:?} from a Lambda function, and the stream has none")
            }
        }
    }

    /// How to mend it.
    pub fn fix(&self) -> String {
        match &self.rule {
            Rule::InvalidExpression => "write !{timestamp:yyyy}, !{firehose:random-string} or !{partitionKeyFromQuery:name}".to_owned(),
            Rule::UnknownNamespace(_) => "use timestamp, firehose, partitionKeyFromQuery or partitionKeyFromLambda".to_owned(),
            Rule::InvalidDatePattern(_) => "use the letters of Java's DateTimeFormatter, and put other text in single quotes or outside the expression".to_owned(),
            Rule::UnsupportedDatePattern(_) => "use yyyy, MM, dd, HH and the other numeric fields".to_owned(),
            Rule::ErrorOutputPrefixMissing => "set ErrorOutputPrefix, for example to errors/!{firehose:error-output-type}/".to_owned(),
            Rule::ErrorOutputTypeMissing => "add !{firehose:error-output-type}".to_owned(),
            Rule::ErrorOutputTypeInPrefix => "move !{firehose:error-output-type} to ErrorOutputPrefix".to_owned(),
            Rule::EvaluatedTooLong | Rule::TooLong => "shorten it".to_owned(),
            Rule::NoPartitionKeys => "add !{partitionKeyFromQuery:name} or !{partitionKeyFromLambda:name}, or create the stream without dynamic partitioning".to_owned(),
            Rule::PartitionKeysWithoutDynamicPartitioning => "enable DynamicPartitioningConfiguration, which is possible only when the stream is created".to_owned(),
            Rule::PartitionKeysInErrorOutputPrefix => "remove the partition key from ErrorOutputPrefix".to_owned(),
            Rule::UnusedQueryKey(key) => format!("add !{{partitionKeyFromQuery:{key}}} to the Prefix, or drop {key} from the query"),
            Rule::UnknownQueryKey(key) => format!("add {key} to the MetadataExtractionQuery, as in {{{key}: .detail.{key}}}"),
            Rule::NoLambda(key) => format!("add a Lambda processor that returns metadata.partitionKeys.{key}, or use !{{partitionKeyFromQuery:{key}}}"),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.field)?;
        if let Some(offset) = self.offset {
            write!(f, " at byte {offset}")?;
        }
        write!(f, ": {}; {}", self.explanation(), self.fix())
    }
}

impl std::error::Error for Violation {}

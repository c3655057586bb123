//! The grammar that both prefixes share: literal text and `!{namespace:value}` expressions.

use super::date_pattern::{DatePattern, PatternError};
use super::violation::{Rule, StreamField, Violation};
use crate::limits::{MAX_EVALUATED_PREFIX_CHARS, MAX_PREFIX_CHARS};

/// Characters of a `!{firehose:random-string}`.
pub const RANDOM_STRING_CHARS: usize = 11;

/// Longest `error-output-type` that AWS names (`AmazonOpenSearchService-failed`).
const LONGEST_ERROR_TYPE: usize = 30;

/// Where the value of a partition key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyNamespace {
    /// The `MetadataExtractionQuery`.
    Query,
    /// `metadata.partitionKeys` of the Lambda function's answer.
    Lambda,
}

impl KeyNamespace {
    /// The namespace as the prefix writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "partitionKeyFromQuery",
            Self::Lambda => "partitionKeyFromLambda",
        }
    }
}

/// A part of a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Text as it is.
    Literal(String),
    /// `!{timestamp:…}`, or the date that AWS appends.
    Timestamp(DatePattern),
    /// `!{firehose:random-string}`: other text at each occurrence, in each object.
    RandomString,
    /// `!{firehose:error-output-type}`.
    ErrorOutputType,
    /// `!{partitionKeyFromQuery:name}` or `!{partitionKeyFromLambda:name}`.
    PartitionKey {
        /// Where the value comes from.
        namespace: KeyNamespace,
        /// The key.
        name: String,
    },
}

/// A parsed prefix of either kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) segments: Vec<Segment>,
    /// Byte offset of each segment in the text.
    offsets: Vec<usize>,
}

impl Template {
    /// Parses a field; what depends on which field it is, or on other fields, is for the caller.
    pub(super) fn parse(field: StreamField, text: &str) -> Result<Self, Violation> {
        let violation = |offset, rule| Violation {
            field,
            offset,
            rule,
        };
        if text.chars().nth(MAX_PREFIX_CHARS).is_some() {
            return Err(violation(None, Rule::TooLong));
        }
        let mut template = Self {
            segments: Vec::new(),
            offsets: Vec::new(),
        };
        let mut rest = text;
        let mut offset = 0;
        while let Some((literal, after)) = rest.split_once("!{") {
            template.push_literal(offset, literal);
            offset += literal.len();
            let at = |rule| violation(Some(offset), rule);
            let (expression, tail) = after
                .split_once('}')
                .ok_or_else(|| at(Rule::InvalidExpression))?;
            template.push(offset, segment(expression).map_err(at)?);
            offset += "!{}".len() + expression.len();
            rest = tail;
        }
        template.push_literal(offset, rest);
        Ok(template)
    }

    /// True when there is no expression.
    pub(super) fn is_literal(&self) -> bool {
        self.segments
            .iter()
            .all(|segment| matches!(segment, Segment::Literal(_)))
    }

    /// Adds `yyyy/MM/dd/HH/` after the last character.
    pub(super) fn append_date(&mut self) {
        self.append(Segment::Timestamp(DatePattern::appended_date()));
    }

    /// Adds `<error-output-type>/yyyy/MM/dd/HH/` after the last character.
    pub(super) fn append_error_type_and_date(&mut self) {
        self.append(Segment::ErrorOutputType);
        self.append(Segment::Literal("/".to_owned()));
        self.append_date();
    }

    /// Segments with the byte offset at which each stands.
    pub(super) fn with_offsets(&self) -> impl Iterator<Item = (usize, &Segment)> {
        self.offsets.iter().copied().zip(&self.segments)
    }

    /// Most characters and bytes that the evaluated prefix can have, without the partition keys.
    pub(super) fn longest_without_keys(&self) -> (usize, usize) {
        self.segments
            .iter()
            .fold((0, 0), |(chars, bytes), segment| {
                let ascii = match segment {
                    Segment::Literal(text) => {
                        return (chars + text.chars().count(), bytes + text.len());
                    }
                    Segment::Timestamp(pattern) => pattern.longest(),
                    Segment::RandomString => RANDOM_STRING_CHARS,
                    Segment::ErrorOutputType => LONGEST_ERROR_TYPE,
                    Segment::PartitionKey { .. } => 0,
                };
                (chars + ascii, bytes + ascii)
            })
    }

    /// Refuses a prefix that is too long whatever the partition keys are.
    pub(super) fn check_length(&self, field: StreamField) -> Result<(), Violation> {
        if self.longest_without_keys().0 > MAX_EVALUATED_PREFIX_CHARS {
            return Err(Violation {
                field,
                offset: None,
                rule: Rule::EvaluatedTooLong,
            });
        }
        Ok(())
    }

    /// Adds what the text does not have. Where it would stand is of no interest: nothing is wrong with it.
    fn append(&mut self, segment: Segment) {
        let offset = self.offsets.last().copied().unwrap_or_default();
        self.push(offset, segment);
    }

    fn push(&mut self, offset: usize, segment: Segment) {
        self.offsets.push(offset);
        self.segments.push(segment);
    }

    fn push_literal(&mut self, offset: usize, text: &str) {
        if !text.is_empty() {
            self.push(offset, Segment::Literal(text.to_owned()));
        }
    }
}

/// What stands between `!{` and `}`.
fn segment(expression: &str) -> Result<Segment, Rule> {
    let (namespace, value) = expression.split_once(':').ok_or(Rule::InvalidExpression)?;
    let key = |namespace| match value {
        "" => Err(Rule::InvalidExpression),
        name => Ok(Segment::PartitionKey {
            namespace,
            name: name.to_owned(),
        }),
    };
    match namespace {
        "timestamp" if value.is_empty() => Err(Rule::InvalidExpression),
        "timestamp" => match DatePattern::parse(value) {
            Ok(pattern) => Ok(Segment::Timestamp(pattern)),
            Err(PatternError::Refused(letters)) => Err(Rule::InvalidDatePattern(letters)),
            Err(PatternError::Unsupported(letters)) => Err(Rule::UnsupportedDatePattern(letters)),
        },
        "firehose" => match value {
            "random-string" => Ok(Segment::RandomString),
            "error-output-type" => Ok(Segment::ErrorOutputType),
            _ => Err(Rule::InvalidExpression),
        },
        "partitionKeyFromQuery" => key(KeyNamespace::Query),
        "partitionKeyFromLambda" => key(KeyNamespace::Lambda),
        "" => Err(Rule::InvalidExpression),
        other => Err(Rule::UnknownNamespace(other.to_owned())),
    }
}

//! Where records lie that could not be delivered.

use super::template::Template;
use super::{EvaluateError, Evaluation, Rule, Segment, StreamField, Violation};

/// Whether a literal `ErrorOutputPrefix` gets `<error-output-type>/yyyy/MM/dd/HH/` appended. AWS does not
/// say: its rule about appended dates (developer guide, Custom prefixes for Amazon S3 objects) names
/// `Prefix` only, so nothing is appended here.
pub const LITERAL_ERROR_OUTPUT_PREFIX_GETS_DATE: bool = false;

/// `ErrorOutputPrefix` of a delivery stream, written or implied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorOutputPrefix {
    template: Template,
}

impl ErrorOutputPrefix {
    /// Parses an `ErrorOutputPrefix` that is not empty.
    ///
    /// # Errors
    ///
    /// The first expression that AWS refuses, and expressions without
    /// `!{firehose:error-output-type}` among them.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let field = StreamField::ErrorOutputPrefix;
        let mut template = Template::parse(field, text)?;
        let mut types = 0;
        for (offset, segment) in template.with_offsets() {
            match segment {
                Segment::PartitionKey { .. } => {
                    let rule = Rule::PartitionKeysInErrorOutputPrefix;
                    return Err(Violation {
                        field,
                        offset: Some(offset),
                        rule,
                    });
                }
                Segment::ErrorOutputType => types += 1,
                _ => {}
            }
        }
        if template.is_literal() {
            if LITERAL_ERROR_OUTPUT_PREFIX_GETS_DATE {
                template.append_error_type_and_date();
            }
        } else if types == 0 {
            return Err(Violation {
                field,
                offset: None,
                rule: Rule::ErrorOutputTypeMissing,
            });
        }
        template.check_length(field)?;
        Ok(Self { template })
    }

    /// The error output of a stream: its `ErrorOutputPrefix`, or, when that is absent or empty,
    /// `<Prefix><error-output-type>/yyyy/MM/dd/HH/`.
    ///
    /// # Errors
    ///
    /// Expressions that AWS refuses, and an absent one where `Prefix` has expressions.
    pub fn of_stream(
        prefix: Option<&str>,
        error_output_prefix: Option<&str>,
    ) -> Result<Self, Violation> {
        if let Some(text) = error_output_prefix.filter(|text| !text.is_empty()) {
            return Self::parse(text);
        }
        let field = StreamField::ErrorOutputPrefix;
        let mut template = Template::parse(StreamField::Prefix, prefix.unwrap_or_default())?;
        if !template.is_literal() {
            return Err(Violation {
                field,
                offset: None,
                rule: Rule::ErrorOutputPrefixMissing,
            });
        }
        template.append_error_type_and_date();
        template.check_length(field)?;
        Ok(Self { template })
    }

    /// The parts of the prefix, what AWS appends included.
    pub fn segments(&self) -> &[Segment] {
        &self.template.segments
    }

    /// The beginning of the S3 key of an error object, with an `error-output-type` such as
    /// `processing-failed`.
    ///
    /// # Errors
    ///
    /// A prefix longer than AWS allows.
    pub fn evaluate(
        &self,
        error_output_type: &str,
        evaluation: &mut Evaluation<'_>,
    ) -> Result<String, EvaluateError> {
        self.template
            .evaluate(evaluation, error_output_type, |_, _| None)
    }
}

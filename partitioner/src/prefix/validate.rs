//! The checks of `CreateDeliveryStream` on prefixes and partition keys.

use super::template::{KeyNamespace, Segment, Template};
use super::violation::{Rule, StreamField, Violation};
use super::{ErrorOutputPrefix, Prefix};
use crate::KeyQuery;

/// Everything about the pair of prefixes and the keys that they use for which AWS refuses to create the
/// stream, or for which every record would fail afterwards.
///
/// An absent and an empty prefix are the same. `query` is the stream's `MetadataExtractionQuery`;
/// `has_lambda` says whether a Lambda processor could give `partitionKeyFromLambda` keys.
pub fn validate(
    prefix: Option<&str>,
    error_output_prefix: Option<&str>,
    dynamic_partitioning: bool,
    query: Option<&KeyQuery>,
    has_lambda: bool,
) -> Vec<Violation> {
    let prefix = prefix.unwrap_or_default();
    let error_output_prefix = error_output_prefix.filter(|text| !text.is_empty());
    let mut violations = Vec::new();
    violations.extend(Prefix::parse(prefix).err());
    if let Some(text) = error_output_prefix {
        violations.extend(ErrorOutputPrefix::parse(text).err());
    } else {
        // What is wrong with the Prefix itself was said above.
        let missing = ErrorOutputPrefix::of_stream(Some(prefix), None).err();
        let is_missing = |v: &Violation| matches!(v.rule, Rule::ErrorOutputPrefixMissing);
        violations.extend(missing.filter(is_missing));
    }
    // A prefix that does not parse has no keys to speak of.
    if let Ok(template) = Template::parse(StreamField::Prefix, prefix) {
        let keys = Keys::of(&template);
        violations.extend(keys.check_switch(dynamic_partitioning));
        if dynamic_partitioning {
            violations.extend(keys.check_sources(query, has_lambda));
        }
    }
    violations
}

/// Partition keys of a prefix, with their offsets.
struct Keys<'t> {
    keys: Vec<(usize, KeyNamespace, &'t str)>,
}

impl<'t> Keys<'t> {
    fn of(template: &'t Template) -> Self {
        let keys = template
            .with_offsets()
            .filter_map(|(offset, segment)| match segment {
                Segment::PartitionKey { namespace, name } => {
                    Some((offset, *namespace, name.as_str()))
                }
                _ => None,
            });
        Self {
            keys: keys.collect(),
        }
    }

    /// Keys and dynamic partitioning need each other.
    fn check_switch(&self, dynamic_partitioning: bool) -> Option<Violation> {
        let field = StreamField::Prefix;
        match (self.keys.first(), dynamic_partitioning) {
            (None, true) => Some(Violation {
                field,
                offset: None,
                rule: Rule::NoPartitionKeys,
            }),
            (Some(&(offset, ..)), false) => {
                let rule = Rule::PartitionKeysWithoutDynamicPartitioning;
                Some(Violation {
                    field,
                    offset: Some(offset),
                    rule,
                })
            }
            _ => None,
        }
    }

    /// Every key that the prefix uses is given, and every key that is given is used.
    fn check_sources(&self, query: Option<&KeyQuery>, has_lambda: bool) -> Vec<Violation> {
        let mut violations = Vec::new();
        let given = |name: &str| query.is_some_and(|query| query.names().any(|key| key == name));
        for &(offset, namespace, name) in &self.keys {
            let rule = match namespace {
                KeyNamespace::Query if !given(name) => Rule::UnknownQueryKey(name.to_owned()),
                KeyNamespace::Lambda if !has_lambda => Rule::NoLambda(name.to_owned()),
                _ => continue,
            };
            violations.push(Violation {
                field: StreamField::Prefix,
                offset: Some(offset),
                rule,
            });
        }
        let used = |key: &str| {
            self.keys
                .iter()
                .any(|(_, namespace, name)| *namespace == KeyNamespace::Query && *name == key)
        };
        for key in query
            .iter()
            .flat_map(|query| query.names())
            .filter(|key| !used(key))
        {
            violations.push(Violation {
                field: StreamField::MetadataExtractionQuery,
                offset: None,
                rule: Rule::UnusedQueryKey(key.to_owned()),
            });
        }
        violations
    }
}

//! What an object's key says about its rows. The grammar is the partitioner's, read backwards; here is only
//! which layout a lake has.

use hydrant_partitioner::{ErrorOutputPrefix, Layout as KeyLayout, Prefix, Violation};

use crate::error::QueryError;

/// How keys are made.
#[derive(Debug)]
pub(crate) enum Layout {
    /// By a Prefix expression.
    Prefix(KeyLayout),
    /// To be found key by key: `k=v` folders, or else Firehose's own `YYYY/MM/dd/HH/`.
    Found {
        /// `k=v/`.
        hive: KeyLayout,
        /// `YYYY/MM/dd/HH/`.
        dated: KeyLayout,
    },
}

impl Layout {
    /// # Errors
    ///
    /// [`QueryError::Prefix`] when the expression is not one that Firehose takes.
    pub(crate) fn from_prefix(expression: &str) -> Result<Self, QueryError> {
        let prefix =
            Prefix::parse(expression).map_err(|why| refused("Prefix", expression, &why))?;
        Ok(Self::Prefix(KeyLayout::from_prefix(&prefix)))
    }

    /// The layout that is found key by key.
    pub(crate) fn found() -> Self {
        Self::Found {
            hive: KeyLayout::hive(),
            dated: KeyLayout::dated(),
        }
    }

    /// Name and value of each partition column; `None` when the key does not fit.
    pub(crate) fn partitions<'a>(&'a self, key: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
        match self {
            Self::Prefix(layout) => layout.parse(key).map(|parsed| parsed.partitions),
            Self::Found { hive, dated } => {
                let found = hive
                    .parse(key)
                    .map(|parsed| parsed.partitions)
                    .unwrap_or_default();
                if !found.is_empty() {
                    return Some(found);
                }
                let date = date_and_name(key).and_then(|tail| dated.parse(tail));
                Some(date.map(|parsed| parsed.partitions).unwrap_or_default())
            }
        }
    }
}

/// The part of a key from where `YYYY/MM/dd/HH/` would begin, whatever literal Prefix stands before it; one
/// without a slash runs into the year, as in `legacy2026/07/01/10/`.
fn date_and_name(key: &str) -> Option<&str> {
    let (year_end, _) = key.rmatch_indices('/').nth(3)?;
    key.get(year_end.checked_sub(4)?..)
}

/// The beginning that every key of an `ErrorOutputPrefix` has.
///
/// # Errors
///
/// [`QueryError::Prefix`] when the expression is not one that Firehose takes.
pub(crate) fn error_literal(expression: &str) -> Result<String, QueryError> {
    let prefix = ErrorOutputPrefix::parse(expression)
        .map_err(|why| refused("ErrorOutputPrefix", expression, &why))?;
    Ok(KeyLayout::from_error_output_prefix(&prefix)
        .literal_prefix()
        .into_owned())
}

fn refused(field: &'static str, expression: &str, why: &Violation) -> QueryError {
    let reason = format!("{}; {}", why.explanation().trim_end_matches('.'), why.fix());
    QueryError::Prefix {
        field,
        expression: expression.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(key: &str) -> String {
        let layout = Layout::found();
        let partitions = layout.partitions(key).unwrap();
        let pairs: Vec<_> = partitions
            .iter()
            .map(|(name, value)| [*name, "=", *value, ";"].concat())
            .collect();
        pairs.concat()
    }

    #[test]
    fn layouts_are_found_key_by_key() {
        assert_eq!(found("a=1/b=x=y/name"), "a=1;b=x=y;");
        assert_eq!(
            found("2026/07/01/10/s-1-x"),
            "year=2026;month=07;day=01;hour=10;"
        );
        assert_eq!(
            found("deep/legacy2026/07/01/10/s"),
            "year=2026;month=07;day=01;hour=10;"
        );
        for key in [
            "name",
            "7/01/10/name",
            "ab26/07/01/10/name",
            "é26/07/01/10/n",
            "2026/7/01/10/n",
        ] {
            assert_eq!(found(key), "", "{key}");
        }
    }

    #[test]
    fn an_expression_that_firehose_refuses_is_explained() {
        let error = Layout::from_prefix("a/!{nowhere:x}/").unwrap_err();
        insta::assert_snapshot!(error, @r#"the Prefix expression `a/!{nowhere:x}/` cannot be used: there is no namespace "nowhere"; use timestamp, firehose, partitionKeyFromQuery or partitionKeyFromLambda"#);
    }
}

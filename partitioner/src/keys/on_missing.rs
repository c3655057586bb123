//! What a key is when the record does not have it.

use std::fmt;
use std::str::FromStr;

use crate::confinement::offence;

/// The word for "no default".
const FAIL: &str = "fail";

/// What becomes of a key that is null, missing or empty in a record: a default value, or a failure of the
/// record, as on AWS.
///
/// As text, the way `ON_MISSING` and `--on-missing` take it: `fail`, a default value for every key
/// (`unknown`), or entries for some keys (`eventType=unknown,schemaVersion=0`), with at most one entry
/// without a name for all the others. `fail` can stand in every place. A default value has to be able to be
/// a folder, and holds no comma.
///
/// It is about values that are not there. A record that is not JSON, a value that is an array or an object,
/// and an expression that does not apply fail as ever.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OnMissing {
    others: Option<String>,
    /// Names with their own rule.
    named: Vec<(String, Option<String>)>,
}

/// Text that is no [`OnMissing`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OnMissingError {
    /// An entry without a value.
    #[error("{entry:?} gives no default value; write fail, a value, or key=value,key=value")]
    Empty {
        /// The entry as written.
        entry: String,
    },
    /// A default that cannot be a folder.
    #[error("the default value {value:?} cannot be a folder: {reason}")]
    Unconfined {
        /// The value as written.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Two entries for one key, or two without a name.
    #[error("{entry:?} says a second time what is said already")]
    Twice {
        /// The later entry as written.
        entry: String,
    },
    /// A key that the query does not give.
    #[error("there is no partition key {name:?} to have a default; there are {}", .keys.join(", "))]
    UnknownKey {
        /// The name in the entry.
        name: String,
        /// The keys of the query.
        keys: Vec<String>,
    },
}

impl OnMissing {
    /// The record fails, as on AWS.
    pub fn fail() -> Self {
        Self::default()
    }

    /// The default value of a key; `None` when the record fails.
    pub fn default_of(&self, key: &str) -> Option<&str> {
        let named = self.named.iter().find(|(name, _)| name == key);
        named.map_or(&self.others, |(_, value)| value).as_deref()
    }

    /// The keys that have a rule of their own.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.named.iter().map(|(name, _)| name.as_str())
    }
}

impl FromStr for OnMissing {
    type Err = OnMissingError;

    fn from_str(text: &str) -> Result<Self, OnMissingError> {
        let mut rules = Self::default();
        let mut others_said = false;
        for entry in text.split(',').map(str::trim) {
            let (name, value) = match entry.split_once('=') {
                Some((name, value)) => (Some(name.trim()), value.trim()),
                None => (None, entry),
            };
            if value.is_empty() || name.is_some_and(str::is_empty) {
                return Err(OnMissingError::Empty {
                    entry: entry.to_owned(),
                });
            }
            if let Some(reason) = offence(value) {
                return Err(OnMissingError::Unconfined {
                    value: value.to_owned(),
                    reason,
                });
            }
            let twice = match name {
                None => std::mem::replace(&mut others_said, true),
                Some(name) => rules.names().any(|known| known == name),
            };
            if twice {
                return Err(OnMissingError::Twice {
                    entry: entry.to_owned(),
                });
            }
            let value = (value != FAIL).then(|| value.to_owned());
            match name {
                None => rules.others = value,
                Some(name) => rules.named.push((name.to_owned(), value)),
            }
        }
        Ok(rules)
    }
}

impl fmt::Display for OnMissing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.named {
            write!(f, "{name}={},", value.as_deref().unwrap_or(FAIL))?;
        }
        f.write_str(self.others.as_deref().unwrap_or(FAIL))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_for_every_key_or_for_those_named() {
        let rules: OnMissing = " eventType = none , day=fail, unknown ".parse().unwrap();
        assert_eq!(rules.default_of("eventType"), Some("none"));
        assert_eq!(rules.default_of("day"), None);
        assert_eq!(rules.default_of("other"), Some("unknown"));
        let rules: OnMissing = "a=b=c".parse().unwrap();
        assert_eq!(
            (rules.default_of("a"), rules.default_of("b")),
            (Some("b=c"), None)
        );
        assert_eq!("fail".parse(), Ok(OnMissing::fail()));
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["fail", "unknown", "a=x,b=fail,y", "a=x,fail"] {
            let rules: OnMissing = text.parse().unwrap();
            assert_eq!(rules.to_string(), text);
        }
    }

    #[test]
    fn text_that_gives_no_default_is_refused_with_the_reason() {
        let refused = ["", "a=", "=x", "a=x,", "..", "a=/x", "a=x,a=y", "x,y"];
        let told = refused.map(|text| text.parse::<OnMissing>().unwrap_err().to_string());
        insta::assert_snapshot!(told.join("\n"), @r#"
        "" gives no default value; write fail, a value, or key=value,key=value
        "a=" gives no default value; write fail, a value, or key=value,key=value
        "=x" gives no default value; write fail, a value, or key=value,key=value
        "" gives no default value; write fail, a value, or key=value,key=value
        the default value ".." cannot be a folder: it holds the folder '.' or '..'
        the default value "/x" cannot be a folder: it starts with '/'
        "a=y" says a second time what is said already
        "y" says a second time what is said already
        "#);
    }
}

//! The environment variables of the function, read once.

use std::ffi::OsString;
use std::fmt::Display;

use hydrant_partitioner::{Condition, KeyQuery};
use hydrant_transformer::{Filter, Options};

use super::telemetry::Log;

/// What the environment asks for.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) options: Options,
    pub(crate) filter: Filter,
    pub(crate) reingest: bool,
    pub(crate) log: Log,
}

/// A variable that cannot be what it is. The function does not start: to run with another setting than the
/// one that was meant would be worse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {variable} is {value:?}: {reason}")]
pub(crate) struct SettingError {
    variable: &'static str,
    value: String,
    reason: String,
}

impl Settings {
    /// Reads the settings; `variable` gives the value of a variable that is set.
    pub(crate) fn read(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, SettingError> {
        let environment = Environment(variable);
        let mut options = Options::default();
        let mut filter = Filter::default();
        if let Some(from) = environment.parse("CLIENT_ID_FROM", str::parse)? {
            options.client_id_from = from;
        }
        options.require_client_id = environment.flag("REQUIRE_CLIENT_ID", false)?;
        options.trust_moved = environment.flag("TRUST_MOVED", true)?;
        options.append_newline = environment.flag("APPEND_NEWLINE", true)?;
        options.partition_keys = environment.parse("PARTITION_KEYS", KeyQuery::partition_keys)?;
        filter.drop_when = environment.parse("DROP_WHEN", Condition::new)?;
        filter.keep_when = environment.parse("KEEP_WHEN", Condition::new)?;
        let defaults = Log::default();
        Ok(Self {
            options,
            filter,
            reingest: environment.flag("REINGEST", false)?,
            log: Log {
                content: environment.flag("LOG_CONTENT", false)?,
                refusals: environment
                    .parse("LOG_REFUSALS", str::parse)?
                    .unwrap_or(defaults.refusals),
                namespace: environment
                    .parse("METRICS_NAMESPACE", namespace)?
                    .unwrap_or(defaults.namespace),
            },
        })
    }
}

/// A name that CloudWatch takes (CloudWatch API reference, `PutMetricData`).
fn namespace(text: &str) -> Result<String, &'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_/#: ".contains(c);
    if text.len() > 255 || text.starts_with(':') || !text.chars().all(allowed) {
        return Err(
            "a namespace is at most 255 letters, digits and .-_/#: and starts with no colon",
        );
    }
    Ok(text.to_owned())
}

struct Environment<V>(V);

impl<V: Fn(&str) -> Option<OsString>> Environment<V> {
    /// A variable that is set to nothing counts as one that is not set: templates leave such.
    fn parse<T, E: Display>(
        &self,
        variable: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, SettingError> {
        let Some(value) = self.0(variable) else {
            return Ok(None);
        };
        let error = |value: String, reason: String| SettingError {
            variable,
            value,
            reason,
        };
        let value = value
            .into_string()
            .map_err(|value| error(value.to_string_lossy().into_owned(), "not UTF-8".to_owned()))?;
        if value.trim().is_empty() {
            return Ok(None);
        }
        match parse(&value) {
            Ok(parsed) => Ok(Some(parsed)),
            Err(reason) => {
                let reason = reason.to_string();
                Err(error(value, reason))
            }
        }
    }

    fn flag(&self, variable: &'static str, otherwise: bool) -> Result<bool, SettingError> {
        let flag = self.parse(variable, |text| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("use true or false"),
        })?;
        Ok(flag.unwrap_or(otherwise))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingError> {
        Settings::read(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn nothing_set_and_everything_empty_are_the_defaults() {
        for variables in [&[][..], &[("PARTITION_KEYS", ""), ("REINGEST", " ")]] {
            let settings = read(variables).unwrap();
            assert!(settings.options.append_newline && settings.options.trust_moved);
            assert!(settings.filter.is_empty() && !settings.reingest);
            assert!(settings.options.partition_keys.is_none());
            assert_eq!(settings.log, Log::default());
        }
    }

    #[test]
    fn a_wrong_value_is_told_with_its_variable() {
        let wrong = [
            ("CLIENT_ID_FROM", "account"),
            ("REQUIRE_CLIENT_ID", "yes"),
            ("TRUST_MOVED", "0"),
            ("APPEND_NEWLINE", "True"),
            ("PARTITION_KEYS", "eventType"),
            ("PARTITION_KEYS", "eventType=.detail."),
            ("DROP_WHEN", ".detail.eventType = \"x\""),
            ("KEEP_WHEN", "now > 0"),
            ("REINGEST", "on"),
            ("LOG_CONTENT", "1"),
            ("LOG_REFUSALS", "-1"),
            ("METRICS_NAMESPACE", ":x"),
        ];
        let told = wrong.map(|variable| read(&[variable]).unwrap_err().to_string());
        insta::assert_snapshot!(told.join("\n"));
    }
}

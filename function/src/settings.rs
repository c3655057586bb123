//! Settings: the environment variables of a function, read once.

use std::ffi::OsString;
use std::fmt::{self, Display};

use crate::telemetry::Log;

/// A variable that cannot be what it is. The function does not start: to run with another setting than the
/// one that was meant would be worse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {variable} is {value:?}: {reason}")]
pub struct SettingError {
    /// Its name.
    pub variable: &'static str,
    /// Its value.
    pub value: String,
    /// What is wrong with it, and what would be right.
    pub reason: String,
}

/// Gives the value of a variable that is set.
type Variables<'v> = dyn Fn(&str) -> Option<OsString> + 'v;

/// Gives the values of environment variables.
pub struct Environment<'v>(Box<Variables<'v>>);

impl fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

impl<'v> Environment<'v> {
    /// An environment where `variable` gives the value of a variable that is set.
    pub fn new(variable: impl Fn(&str) -> Option<OsString> + 'v) -> Self {
        Self(Box::new(variable))
    }

    /// An environment of these variables.
    pub fn of(variables: &'v [(&'v str, &'v str)]) -> Self {
        Self::new(move |name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    /// This process's.
    pub fn process() -> Self {
        Self::new(|name| std::env::var_os(name))
    }

    /// What `parse` makes of a variable; nothing where it is not set. One that is set to nothing counts as
    /// not set: templates leave such.
    ///
    /// # Errors
    /// A value that is not UTF-8, or that `parse` refuses.
    pub fn parse<T, E: Display>(
        &self,
        variable: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, SettingError> {
        let Some(value) = (self.0)(variable) else {
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

    /// A variable that is `true` or `false`, `otherwise` where it is not set.
    ///
    /// # Errors
    /// Any other value.
    pub fn flag(&self, variable: &'static str, otherwise: bool) -> Result<bool, SettingError> {
        let flag = self.parse(variable, |text| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("use true or false"),
        })?;
        Ok(flag.unwrap_or(otherwise))
    }
}

/// The settings that every function of a delivery stream has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirehoseSettings {
    /// `REINGEST`: put records for which an answer has no room into their stream again.
    pub reingest: bool,
    /// `LOG_CONTENT`, `LOG_REFUSALS` and `METRICS_NAMESPACE`.
    pub log: Log,
}

impl FirehoseSettings {
    /// Reads them. `namespace` is where metrics go unless `METRICS_NAMESPACE` says otherwise.
    ///
    /// # Errors
    /// A variable with a value that it cannot have.
    pub fn read(environment: &Environment<'_>, namespace: &str) -> Result<Self, SettingError> {
        Ok(Self {
            reingest: environment.flag("REINGEST", false)?,
            log: Log {
                content: environment.flag("LOG_CONTENT", false)?,
                refusals: environment
                    .parse("LOG_REFUSALS", str::parse)?
                    .unwrap_or(Log::REFUSALS),
                namespace: environment
                    .parse("METRICS_NAMESPACE", check_namespace)?
                    .unwrap_or_else(|| namespace.to_owned()),
            },
        })
    }
}

/// A name that CloudWatch takes (CloudWatch API reference, `PutMetricData`).
fn check_namespace(text: &str) -> Result<String, &'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_/#: ".contains(c);
    if text.len() > 255 || text.starts_with(':') || !text.chars().all(allowed) {
        return Err(
            "a namespace is at most 255 letters, digits and .-_/#: and starts with no colon",
        );
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<FirehoseSettings, SettingError> {
        FirehoseSettings::read(&Environment::of(variables), "Hydrant/Test")
    }

    #[test]
    fn nothing_set_and_everything_empty_are_the_defaults() {
        for variables in [&[][..], &[("METRICS_NAMESPACE", ""), ("REINGEST", " ")]] {
            let settings = read(variables).unwrap();
            assert!(!settings.reingest && !settings.log.content);
            assert_eq!(settings.log.refusals, 10);
            assert_eq!(settings.log.namespace, "Hydrant/Test");
        }
    }

    #[test]
    fn a_wrong_value_is_told_with_its_variable() {
        let wrong = [
            ("REINGEST", "on"),
            ("LOG_CONTENT", "1"),
            ("LOG_REFUSALS", "-1"),
            ("METRICS_NAMESPACE", ":x"),
        ];
        let told = wrong.map(|variable| read(&[variable]).unwrap_err().to_string());
        insta::assert_snapshot!(told.join("\n"), @r#"
        the environment variable REINGEST is "on": use true or false
        the environment variable LOG_CONTENT is "1": use true or false
        the environment variable LOG_REFUSALS is "-1": invalid digit found in string
        the environment variable METRICS_NAMESPACE is ":x": a namespace is at most 255 letters, digits and .-_/#: and starts with no colon
        "#);
    }
}

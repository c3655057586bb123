//! The environment variables of the function, read once.

use hydrant_function::{Environment, FirehoseSettings, SettingError};
use hydrant_partitioner::Condition;
use hydrant_partitioner::function::key_settings;
use hydrant_transformer::{Filter, Options};

/// What the environment asks for.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) options: Options,
    pub(crate) filter: Filter,
    pub(crate) firehose: FirehoseSettings,
}

impl Settings {
    /// Reads the settings.
    pub(crate) fn read(environment: &Environment<'_>) -> Result<Self, SettingError> {
        let mut options = Options::default();
        let mut filter = Filter::default();
        if let Some(from) = environment.parse("CLIENT_ID_FROM", str::parse)? {
            options.client_id_from = from;
        }
        options.require_client_id = environment.flag("REQUIRE_CLIENT_ID", false)?;
        options.trust_moved = environment.flag("TRUST_MOVED", true)?;
        options.append_newline = environment.flag("APPEND_NEWLINE", true)?;
        options.partition_keys = key_settings(environment)?;
        filter.drop_when = environment.parse("DROP_WHEN", Condition::new)?;
        filter.keep_when = environment.parse("KEEP_WHEN", Condition::new)?;
        Ok(Self {
            options,
            filter,
            firehose: FirehoseSettings::read(environment, "Hydrant/Transformer")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingError> {
        Settings::read(&Environment::of(variables))
    }

    #[test]
    fn nothing_set_and_everything_empty_are_the_defaults() {
        for variables in [&[][..], &[("PARTITION_KEYS", ""), ("REINGEST", " ")]] {
            let settings = read(variables).unwrap();
            assert!(settings.options.append_newline && settings.options.trust_moved);
            assert!(settings.filter.is_empty() && !settings.firehose.reingest);
            assert!(settings.options.partition_keys.is_none());
            assert_eq!(settings.firehose.log.namespace, "Hydrant/Transformer");
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
        ];
        let told = wrong.map(|variable| read(&[variable]).unwrap_err().to_string());
        insta::assert_snapshot!(told.join("\n"));
    }
}

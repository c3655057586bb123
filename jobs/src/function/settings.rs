//! Settings of the function.

use std::path::PathBuf;

use hydrant_function::{Environment, SettingError};
use hydrant_query::{Options, SchemaCache};

/// Share of the function's memory that queries may hold, in percent; the rest is for what they read.
const SHARE: usize = 50;

/// The only place of a function's file system that can be written.
const SCRATCH: &str = "/tmp/hydrant";

/// What the environment variables say.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// `LAKE`.
    pub(super) lake: String,
    /// `JOBS`: beside the function if not given.
    pub(super) jobs: String,
    /// `PARALLEL`.
    pub(super) parallel: usize,
    /// `PREFIX`, `ERROR_OUTPUT_PREFIX`, and the function's memory.
    pub(super) reading: Options,
}

impl Settings {
    pub(super) fn read(environment: &Environment<'_>) -> Result<Self, SettingError> {
        let text = |variable| environment.parse(variable, |text| Ok::<_, String>(text.to_owned()));
        let lake = text("LAKE")?.ok_or_else(|| SettingError {
            variable: "LAKE",
            value: String::new(),
            reason: "say where the lake is, as in s3://bucket/prefix".to_owned(),
        })?;
        let beside = || Ok(text("LAMBDA_TASK_ROOT")?.map(|root| format!("{root}/jobs")));
        let jobs = text("JOBS")?.map_or_else(beside, |jobs| Ok(Some(jobs)))?;
        let megabytes =
            environment.parse("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", str::parse::<usize>)?;
        let parallel = environment.parse("PARALLEL", |text| match text.parse() {
            Ok(count @ 1..=64) => Ok(count),
            _ => Err("how many intervals at a time, 1 to 64"),
        })?;
        Ok(Self {
            lake,
            jobs: jobs.unwrap_or_else(|| "jobs".to_owned()),
            parallel: parallel.unwrap_or(1),
            reading: Options {
                prefix: text("PREFIX")?,
                error_prefix: text("ERROR_OUTPUT_PREFIX")?,
                memory_limit: megabytes.map(|it| (it << 20) / 100 * SHARE),
                cache: SchemaCache::Directory(PathBuf::from(SCRATCH)),
                ..Options::default()
            },
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
    fn the_lake_must_be_named_and_the_rest_has_defaults() {
        let lambda = [
            ("LAKE", "s3://bucket"),
            ("LAMBDA_TASK_ROOT", "/var/task"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "2048"),
        ];
        let settings = read(&lambda).unwrap();
        assert_eq!(
            (settings.lake.as_str(), settings.jobs.as_str()),
            ("s3://bucket", "/var/task/jobs")
        );
        assert_eq!(settings.reading.memory_limit, Some(1_073_741_800));
        let told = [read(&[]), read(&[("LAKE", "x"), ("PARALLEL", "0")])]
            .map(|it| it.unwrap_err().to_string());
        insta::assert_snapshot!(told.join("\n"), @r#"
        the environment variable LAKE is "": say where the lake is, as in s3://bucket/prefix
        the environment variable PARALLEL is "0": how many intervals at a time, 1 to 64
        "#);
    }
}

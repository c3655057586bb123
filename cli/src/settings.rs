//! Settings of all commands, from one place: flags beat the environment, which beats `hydrant.toml`, which beats
//! defaults.
//!
//! `hydrant.toml` lies in the working directory, or where `HYDRANT_CONFIG` says. Its keys are the long names of flags:
//! at the top for every command that has the flag, in a table named after a command for that one. What it says becomes
//! the flag's default, so `--help` shows it, and one set of checks serves for both.

use std::{collections::HashSet, ffi::OsString, path::PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::{
    Arg, ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches, parser::ValueSource,
};
use toml::{Table, Value};

use crate::args::Cli;

const FILE: &str = "hydrant.toml";

/// What was typed, completed by the environment and `hydrant.toml`. Wrong usage ends the process, as `clap` does.
pub(crate) fn parse() -> Result<Cli> {
    let typed: Vec<OsString> = std::env::args_os().collect();
    let mut command = Cli::command();
    if let Some((path, table)) = file()? {
        let given = Given::of(&command, &typed);
        command = with_defaults(command, &table, &given)
            .with_context(|| format!("{} cannot be used", path.display()))?;
    }
    let matches = command.clone().get_matches_from(typed);
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command).into())
}

/// The file with settings, if there is one; one that was named must be there.
fn file() -> Result<Option<(PathBuf, Table)>> {
    let named = std::env::var_os("HYDRANT_CONFIG").filter(|it| !it.is_empty());
    let path = named
        .as_ref()
        .map_or_else(|| PathBuf::from(FILE), PathBuf::from);
    if named.is_none() && !path.is_file() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let table = text
        .parse::<Table>()
        .map_err(|error| anyhow!("{} is no TOML: {error}", path.display()))?;
    Ok(Some((path, table)))
}

/// The flags that were typed or are in the environment, by command.
struct Given {
    command: Option<String>,
    flags: HashSet<String>,
}

impl Given {
    fn of(command: &Command, typed: &[OsString]) -> Self {
        let lenient = command.clone().ignore_errors(true);
        let matches = lenient.try_get_matches_from(typed).ok();
        let inner = matches.as_ref().and_then(ArgMatches::subcommand);
        let flags = inner.map(|(_, matches)| {
            matches
                .ids()
                .map(clap::Id::as_str)
                .filter(|id| {
                    matches!(
                        matches.value_source(id),
                        Some(ValueSource::CommandLine | ValueSource::EnvVariable)
                    )
                })
                .map(str::to_owned)
                .collect()
        });
        Self {
            command: inner.map(|(name, _)| name.to_owned()),
            flags: flags.unwrap_or_default(),
        }
    }

    /// Whether a flag of this command was given that excludes another.
    fn excludes(&self, command: &Command, arg: &Arg) -> bool {
        self.command.as_deref() == Some(command.get_name())
            && command.get_arguments().any(|other| {
                self.flags.contains(other.get_id().as_str())
                    && (excluded(command, other, arg) || excluded(command, arg, other))
            })
    }
}

/// Whether one flag says that it excludes another.
fn excluded(command: &Command, one: &Arg, other: &Arg) -> bool {
    command
        .get_arg_conflicts_with(one)
        .iter()
        .any(|it| it.get_id() == other.get_id())
}

/// The command with what the file says as defaults.
fn with_defaults(mut command: Command, table: &Table, given: &Given) -> Result<Command> {
    let names: Vec<String> = command
        .get_subcommands()
        .map(|it| it.get_name().to_owned())
        .collect();
    for (key, value) in table {
        if let Value::Table(settings) = value {
            if !names.contains(key) {
                bail!("there is no command `{key}`; `hydrant --help` lists them");
            }
            for (flag, value) in settings {
                command = set(command, key, flag, value, given)?
                    .ok_or_else(|| unknown(flag, &format!("`hydrant {key}`")))?;
            }
            continue;
        }
        let mut is_known = false;
        for name in &names {
            let next = set(command.clone(), name, key, value, given)?;
            is_known |= next.is_some();
            command = next.unwrap_or(command);
        }
        if !is_known {
            return Err(unknown(key, "any command"));
        }
    }
    Ok(command)
}

fn unknown(flag: &str, of: &str) -> anyhow::Error {
    anyhow!(
        "`{flag}` is no setting of {of}; settings are the long names of flags, such as lake or format"
    )
}

/// Gives a flag of one command a default; none when there is no such flag.
fn set(
    command: Command,
    name: &str,
    flag: &str,
    value: &Value,
    given: &Given,
) -> Result<Option<Command>> {
    let Some(inner) = command.find_subcommand(name) else {
        return Ok(None);
    };
    let found = inner
        .get_arguments()
        .find(|arg| arg.get_long() == Some(flag));
    let Some(arg) = found.filter(|arg| !is_help(arg)) else {
        return Ok(None);
    };
    if given.excludes(inner, arg) {
        return Ok(Some(command));
    }
    let values = texts(flag, value, arg)?;
    let id = arg.get_id().clone();
    let name = name.to_owned();
    Ok(Some(command.mut_subcommand(name, |inner| {
        inner.mut_arg(id, |arg| arg.required(false).default_values(values))
    })))
}

fn is_help(arg: &Arg) -> bool {
    matches!(
        arg.get_action(),
        ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
    )
}

/// The value as it would be typed.
fn texts(flag: &str, value: &Value, arg: &Arg) -> Result<Vec<OsString>> {
    let is_switch = matches!(arg.get_action(), ArgAction::SetTrue | ArgAction::SetFalse);
    let text = match value {
        Value::Boolean(on) if is_switch => on.to_string(),
        _ if is_switch => bail!("`{flag}` is true or false, not {}", a(value)),
        Value::String(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Array(values) if matches!(arg.get_action(), ArgAction::Append) => {
            let parts = values.iter().map(|value| texts(flag, value, arg));
            return Ok(parts.collect::<Result<Vec<_>>>()?.concat());
        }
        other => bail!("`{flag}` takes one text or number, not {}", a(other)),
    };
    // Else a mistake in the file would be called one of the command line.
    if let Some(possible) = possible(arg).filter(|possible| !possible.contains(&text)) {
        bail!("`{flag}` is {}, not {text}", possible.join(", "));
    }
    Ok(vec![text.into()])
}

/// What kind of value it is.
fn a(value: &Value) -> String {
    format!("a TOML {}", value.type_str())
}

/// The values that a flag can have, where there is a list of them.
fn possible(arg: &Arg) -> Option<Vec<String>> {
    let values = arg.get_possible_values();
    let names: Vec<String> = values.iter().map(|it| it.get_name().to_owned()).collect();
    (!names.is_empty()).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Command as Chosen;

    /// What `hydrant` would do with this file and these words.
    fn parsed(file: &str, words: &[&str]) -> Result<Cli> {
        let typed: Vec<OsString> = words.iter().map(OsString::from).collect();
        let command = Cli::command();
        let given = Given::of(&command, &typed);
        let command = with_defaults(command, &file.parse::<Table>()?, &given)?;
        command.clone().debug_assert();
        Ok(Cli::from_arg_matches(
            &command.try_get_matches_from(typed)?,
        )?)
    }

    fn sql(file: &str, words: &[&str]) -> crate::args::SqlArgs {
        match parsed(file, words).unwrap().command {
            Chosen::Sql(args) => args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_flag_beats_the_file_and_the_file_beats_defaults() {
        let file = "lake = \"s3://bucket\"\n[sql]\nmemory-limit = \"2GB\"\nstats = true\n";
        let args = sql(file, &["hydrant", "sql"]);
        assert_eq!((args.lake.as_str(), args.stats), ("s3://bucket", true));
        assert_eq!(args.reading.memory_limit, Some(2_000_000_000));
        let args = sql(file, &["hydrant", "sql", "--lake", "here"]);
        assert_eq!(args.lake, "here");
    }

    #[test]
    fn what_is_typed_puts_aside_what_it_excludes() {
        let file = "[sql]\nstream = \"s.json\"\n";
        let args = sql(file, &["hydrant", "sql", "--prefix", "x/"]);
        assert_eq!(
            (args.reading.stream, args.reading.prefix),
            (None, Some("x/".to_owned()))
        );
        assert!(sql(file, &["hydrant", "sql"]).reading.stream.is_some());
    }

    #[test]
    fn what_a_command_needs_may_come_from_the_file() {
        let file = "stream = \"s.json\"\n[deliver]\nto = \"lake\"\n";
        let cli = parsed(file, &["hydrant", "deliver"]).unwrap();
        assert!(matches!(cli.command, Chosen::Deliver(args) if args.to == "lake"));
    }

    #[test]
    fn mistakes_in_the_file_are_named() {
        let said: Vec<String> = [
            "lakes = \"x\"",
            "[sqll]\nlake = \"x\"",
            "[sql]\nto = \"x\"",
            "[sql]\nformat = \"xml\"",
            "[sql]\nstats = 1",
            "lake = [1]",
        ]
        .map(|file| parsed(file, &["hydrant", "sql"]).unwrap_err().to_string())
        .into();
        insta::assert_snapshot!(said.join("\n"), @r"
        `lakes` is no setting of any command; settings are the long names of flags, such as lake or format
        there is no command `sqll`; `hydrant --help` lists them
        `to` is no setting of `hydrant sql`; settings are the long names of flags, such as lake or format
        `format` is table, vertical, csv, tsv, json, ndjson, markdown, parquet, arrow, not xml
        `stats` is true or false, not a TOML integer
        `lake` takes one text or number, not a TOML array
        ");
    }
}

//! Commands of the session, which begin with a backslash.

use std::{path::PathBuf, str::FromStr};

use hydrant_chart::Kind;
use hydrant_query::Format;

/// What a backslash command asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Help,
    Tables,
    Describe(String),
    Run(PathBuf),
    Timing,
    Stats,
    /// Without a format, what fits the output.
    Format(Option<Format>),
    /// Without a kind, no charts.
    Chart(Option<Kind>),
    /// Without a file, the terminal.
    Output(Option<PathBuf>),
    Quit,
}

/// The names, for completion.
pub(super) const NAMES: [&str; 10] = [
    "\\?", "\\chart", "\\d", "\\format", "\\i", "\\o", "\\q", "\\stats", "\\timing", "\\x",
];

impl FromStr for Command {
    type Err = String;

    /// Reads a command without its backslash.
    fn from_str(text: &str) -> Result<Self, String> {
        // A semicolon is typed from habit.
        let text = text.trim().trim_end_matches(';').trim_end();
        let (name, argument) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let argument = Some(argument.trim()).filter(|it| !it.is_empty());
        match (name, argument) {
            ("?" | "h" | "help", _) => Ok(Self::Help),
            ("q" | "quit" | "exit", _) => Ok(Self::Quit),
            ("d", None) => Ok(Self::Tables),
            ("d", Some(table)) => Ok(Self::Describe(table.to_owned())),
            ("i", Some(file)) => Ok(Self::Run(file.into())),
            ("i", None) => Err("\\i takes a file: \\i script.sql".to_owned()),
            ("timing", _) => Ok(Self::Timing),
            ("stats", _) => Ok(Self::Stats),
            ("x", _) => Ok(Self::Format(Some(Format::Vertical))),
            ("format", None) => Ok(Self::Format(None)),
            ("format", Some(format)) => match format.parse::<Format>() {
                Ok(format) if format.is_binary() => Err(format!(
                    "{format} is not for a terminal; \\o FILE.{format} writes it"
                )),
                Ok(format) => Ok(Self::Format(Some(format))),
                Err(error) => Err(error.to_string()),
            },
            ("chart", None | Some("off")) => Ok(Self::Chart(None)),
            ("chart", Some(kind)) => kind.parse().map(|kind| Self::Chart(Some(kind))),
            ("o", file) => Ok(Self::Output(file.map(PathBuf::from))),
            (other, _) => Err(format!("there is no command \\{other}; \\? lists them")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_with_and_without_arguments() {
        for (text, command) in [
            ("d", Command::Tables),
            ("d events;", Command::Describe("events".into())),
            ("format CSV", Command::Format(Some(Format::Csv))),
            ("format", Command::Format(None)),
            ("chart line", Command::Chart(Some(Kind::Line))),
            ("chart off", Command::Chart(None)),
            ("o  a b.csv ", Command::Output(Some("a b.csv".into()))),
            ("o", Command::Output(None)),
            ("q", Command::Quit),
        ] {
            assert_eq!(text.parse(), Ok(command), "{text}");
        }
    }

    #[test]
    fn a_wrong_command_says_what_there_is() {
        let said: Vec<String> = ["dd", "format xml", "format parquet", "chart pie", "i"]
            .map(|text| text.parse::<Command>().unwrap_err())
            .into();
        insta::assert_snapshot!(said.join("\n"), @r"
        there is no command \dd; \? lists them
        unknown format `xml`; there are table, vertical, csv, tsv, json, ndjson, markdown, parquet, arrow
        parquet is not for a terminal; \o FILE.parquet writes it
        there is no chart `pie`; there are bar, line and area
        \i takes a file: \i script.sql
        ");
    }
}

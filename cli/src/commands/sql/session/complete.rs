//! What the line editor asks: completion, colours, whether more lines follow.

use std::{
    borrow::Cow,
    sync::{Arc, PoisonError, RwLock},
};

use hydrant_query::{Format, is_complete};
use rustyline::{
    Context, Helper, Result,
    completion::{Completer, FilenameCompleter, Pair},
    highlight::{CmdKind, Highlighter},
    hint::Hinter,
    validate::{ValidationContext, ValidationResult, Validator},
};

use super::{command::NAMES, highlight::coloured, names::Names};

/// Answers the line editor's questions about SQL.
pub(super) struct SqlHelper {
    names: Arc<RwLock<Names>>,
    files: FilenameCompleter,
    colour: bool,
}

impl SqlHelper {
    pub(super) fn new(names: Arc<RwLock<Names>>) -> Self {
        Self {
            names,
            files: FilenameCompleter::new(),
            colour: std::env::var_os("NO_COLOR").is_none(),
        }
    }

    /// Completions of a backslash command or its argument.
    fn of_command(&self, line: &str, pos: usize) -> Result<(usize, Vec<Pair>)> {
        let Some((name, argument)) = line.split_once(' ') else {
            let names = NAMES.iter().filter(|name| name.starts_with(line));
            return Ok((0, names.map(|name| pair(name)).collect()));
        };
        let start = pos - argument.len();
        let some = |names: &[String]| {
            let begins = names.iter().filter(|name| name.starts_with(argument));
            (start, begins.map(|name| pair(name)).collect())
        };
        Ok(match name {
            "\\d" => {
                let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
                some(&names.tables)
            }
            "\\format" => some(&Format::ALL.map(|format| format.to_string())),
            "\\chart" => some(&["area", "bar", "line", "off"].map(str::to_owned)),
            "\\o" | "\\i" => return self.files.complete_path(line, pos),
            _ => (pos, Vec::new()),
        })
    }
}

fn pair(name: &str) -> Pair {
    Pair {
        display: name.to_owned(),
        replacement: name.to_owned(),
    }
}

impl Completer for SqlHelper {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> Result<(usize, Vec<Pair>)> {
        let before = line.get(..pos).unwrap_or(line);
        if before.starts_with('\\') {
            return self.of_command(before, pos);
        }
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
        let start = before
            .char_indices()
            .rev()
            .take_while(|(_, c)| is_name(*c))
            .last()
            .map_or(pos, |(at, _)| at);
        let typed = before.get(start..).unwrap_or_default();
        let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
        let found = names.starting_with(typed);
        Ok((start, found.iter().map(|name| pair(name)).collect()))
    }
}

impl Highlighter for SqlHelper {
    fn highlight<'l>(&self, line: &'l str, _pos: usize) -> Cow<'l, str> {
        if self.colour && !line.starts_with('\\') {
            Cow::Owned(coloured(line))
        } else {
            Cow::Borrowed(line)
        }
    }

    fn highlight_char(&self, _line: &str, _pos: usize, _kind: CmdKind) -> bool {
        self.colour
    }
}

impl Validator for SqlHelper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> Result<ValidationResult> {
        let typed = context.input();
        let is_command = typed.trim_start().starts_with('\\');
        Ok(if is_command || is_complete(typed) {
            ValidationResult::Valid(None)
        } else {
            ValidationResult::Incomplete
        })
    }
}

impl Hinter for SqlHelper {
    type Hint = String;
}

impl Helper for SqlHelper {}

//! The session: questions as they come to mind.

mod command;
mod complete;
mod help;
mod highlight;
mod names;

use std::{
    path::PathBuf,
    sync::{Arc, RwLock},
    time::Instant,
};

use anyhow::{Context, Result};
use hydrant_query::Engine;
use rustyline::{
    Config, Editor,
    config::CompletionType,
    error::ReadlineError,
    history::{FileHistory, History},
};

use super::{answers::Answers, costs, say_problems, script};
use crate::{output, text};
use command::Command;
use complete::SqlHelper;
use names::Names;

const PROMPT: &str = "hydrant> ";

/// Lines of history that are kept.
const HISTORY: usize = 10_000;

/// Reads statements and commands until there are no more.
pub(super) async fn run(engine: Engine, answers: Answers, lake: &str, quiet: bool) -> Result<()> {
    let engine = Arc::new(engine);
    let names = Arc::new(RwLock::new(Names::new(&engine)));
    // The first completion need not wait for the lake, nor the first query for the completion.
    let learning = tokio::spawn(names::learn(Arc::clone(&engine), Arc::clone(&names)));
    let mut session = Session {
        engine,
        answers,
        timing: true,
        quiet,
        said: 0,
    };
    if !quiet {
        output::say(&format!(
            "{lake}: tables events and errors. \\? for help, \\q to quit."
        ));
    }
    let mut editor = editor(names)?;
    let history = history_file();
    if let Some(history) = &history {
        // The first session has none.
        editor.load_history(history).ok();
    }
    let done = session.read(&mut editor).await;
    if let Some(history) = &history {
        keep_history(&mut editor, history);
    }
    learning.abort();
    done
}

type SqlEditor = Editor<SqlHelper, FileHistory>;

fn editor(names: Arc<RwLock<Names>>) -> Result<SqlEditor> {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .history_ignore_dups(true)
        .and_then(|config| config.max_history_size(HISTORY))
        .context("cannot set up the session")?
        .history_ignore_space(true)
        .auto_add_history(false)
        .build();
    let mut editor = Editor::with_config(config).context("cannot read from the terminal")?;
    editor.set_helper(Some(SqlHelper::new(names)));
    Ok(editor)
}

/// Where the history is kept: `HYDRANT_HISTORY`, or in the place for state of the XDG base directory specification.
fn history_file() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|it| !it.is_empty());
    if let Some(path) = named("HYDRANT_HISTORY") {
        return Some(path.into());
    }
    let state = named("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(named("HOME")?).join(".local/state")))?;
    Some(state.join("hydrant").join("history"))
}

/// Adds to the history what was typed; a disk that is full is no reason to fail.
fn keep_history(editor: &mut SqlEditor, path: &std::path::Path) {
    if editor.history().is_empty() {
        return;
    }
    let folder = path.parent().map(std::fs::create_dir_all);
    if folder.is_none_or(|made| made.is_ok()) {
        editor.save_history(path).ok();
    }
}

struct Session {
    engine: Arc<Engine>,
    answers: Answers,
    timing: bool,
    quiet: bool,
    /// Problems that were said: each is said once.
    said: usize,
}

impl Session {
    async fn read(&mut self, editor: &mut SqlEditor) -> Result<()> {
        loop {
            let line = match editor.readline(PROMPT) {
                Ok(line) => line,
                // What was half typed is given up; the session is not.
                Err(ReadlineError::Interrupted) => continue,
                Err(ReadlineError::Eof) => return Ok(()),
                Err(error) => return Err(error).context("cannot read from the terminal"),
            };
            if line.trim().is_empty() {
                continue;
            }
            editor.add_history_entry(line.trim()).ok();
            match line.trim_start().strip_prefix('\\') {
                Some(command) => match command.parse() {
                    Ok(Command::Quit) => return Ok(()),
                    Ok(command) => self.command(command).await,
                    Err(reason) => output::say(&reason),
                },
                None => self.statements(&line).await,
            }
        }
    }

    /// Runs what was typed; Ctrl-C ends it, and only it.
    async fn statements(&mut self, sql: &str) {
        let start = Instant::now();
        let before = self.engine.stats();
        let running = script::statement_by_statement(&self.engine, "", sql, &mut self.answers);
        let done = tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => {
                self.answers.discard();
                output::say("cancelled");
                return;
            }
            done = running => done,
        };
        let done = done.and_then(|rows| self.answers.finish().map(|()| rows));
        let took = costs::time(start.elapsed());
        match done {
            Ok(rows) if self.timing && !self.quiet => {
                output::say(&format!("{} in {took}", text::plural(rows, "row")));
            }
            Ok(_) => {}
            Err(error) => {
                self.answers.discard();
                output::error(&error);
            }
        }
        if self.answers.stats {
            output::say(&costs::shown(&self.engine.stats().since(&before)));
        }
        let problems = self.engine.problems();
        if !self.quiet && problems.len() > self.said {
            say_problems(&problems);
            self.said = problems.len();
        }
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::Help => output::say(help::TEXT),
            Command::Tables => {
                let sql = "select table_name as \"table\", table_type as kind from information_schema.tables \
                           where table_schema <> 'information_schema'";
                self.statements(sql).await;
            }
            Command::Describe(table) => self.statements(&format!("describe {table}")).await,
            Command::Run(file) => match super::read(&file) {
                Ok(script) => self.statements(&script).await,
                Err(error) => output::error(&error),
            },
            Command::Timing => {
                self.timing = !self.timing;
                say_switch("times", self.timing);
            }
            Command::Stats => {
                self.answers.stats = !self.answers.stats;
                say_switch("costs", self.answers.stats);
            }
            Command::Format(format) => {
                self.answers.format = format;
                self.answers.chart = None;
                let name = format.unwrap_or_default().to_string();
                output::say(&format!("answers are written as {name}"));
            }
            Command::Chart(chart) => {
                self.answers.chart = chart;
                output::say(&match chart {
                    Some(kind) => format!("answers are drawn: {kind}"),
                    None => "answers are not drawn".to_owned(),
                });
            }
            Command::Output(path) => match self.answers.set_output(path.as_deref()) {
                Ok(()) => output::say(&match path {
                    Some(path) => format!("the next answers go into {}", path.display()),
                    None => "answers are shown here".to_owned(),
                }),
                Err(error) => output::error(&error),
            },
            Command::Quit => {}
        }
    }
}

fn say_switch(what: &str, on: bool) {
    let state = if on { "shown" } else { "not shown" };
    output::say(&format!("{what} are {state}"));
}

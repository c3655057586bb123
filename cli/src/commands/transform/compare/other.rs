//! The other function: a handler's file, or a command that speaks the Lambda Runtime API itself.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use hydrant_delivery::Function;

const PYTHON: &str = include_str!("bootstrap.py");
const NODE: &str = include_str!("bootstrap.mjs");

/// As long as Firehose waits for a function (developer guide, "Transform source data").
const TIMEOUT: Duration = Duration::from_mins(5);

/// How many lines of what the function writes are kept, to be shown when it fails.
const LINES: usize = 20;

/// The function to compare with.
pub(super) struct Other {
    function: Function,
    lines: Arc<Mutex<VecDeque<String>>>,
}

impl Other {
    /// `FILE.py`, `FILE.mjs`, `FILE.js` or `FILE.cjs`, with `:HANDLER` where the handler has another name
    /// than Lambda's examples give it; anything else is a command for the shell.
    pub(super) fn new(command: &str) -> Result<Self> {
        let mut function = if let Some(handler) = handler(command) {
            handler.function()?
        } else {
            let mut function = Function::new("compared", "sh");
            // Without exec, the shell would be stopped in the function's place.
            function.arguments = vec!["-c".into(), format!("exec {command}").into()];
            function
        };
        function.timeout = TIMEOUT;
        let lines = Arc::<Mutex<VecDeque<String>>>::default();
        let kept = Arc::clone(&lines);
        function.output = Arc::new(move |line| {
            tracing::info!("{line}");
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() == LINES {
                kept.pop_front();
            }
            kept.push_back(line.to_owned());
        });
        Ok(Self { function, lines })
    }

    /// The function to run.
    pub(super) fn function(&self) -> Function {
        self.function.clone()
    }

    /// What it wrote last, on lines of its own; nothing where it wrote nothing.
    pub(super) fn last_words(&self) -> String {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().fold(String::new(), |mut text, line| {
            text.push_str("\n  ");
            text.push_str(line);
            text
        })
    }
}

/// A handler's file.
struct Handler<'c> {
    interpreter: Interpreter,
    file: &'c Path,
    name: &'c str,
}

#[derive(Clone, Copy)]
enum Interpreter {
    Python,
    Node,
}

fn handler(command: &str) -> Option<Handler<'_>> {
    let (file, name) = match command.rsplit_once(':') {
        Some((file, name)) if interpreter(file).is_some() => (file, Some(name)),
        _ => (command, None),
    };
    let interpreter = interpreter(file)?;
    // A command line may end in a file's name as well.
    if file.contains(char::is_whitespace) && !Path::new(file).exists() {
        return None;
    }
    Some(Handler {
        interpreter,
        file: Path::new(file),
        name: name.unwrap_or(match interpreter {
            Interpreter::Python => "lambda_handler",
            Interpreter::Node => "handler",
        }),
    })
}

fn interpreter(file: &str) -> Option<Interpreter> {
    match Path::new(file).extension()?.to_str()? {
        "py" => Some(Interpreter::Python),
        "mjs" | "js" | "cjs" => Some(Interpreter::Node),
        _ => None,
    }
}

impl Handler<'_> {
    fn function(&self) -> Result<Function> {
        let file: PathBuf = std::fs::canonicalize(self.file)
            .with_context(|| format!("cannot open {}", self.file.display()))?;
        let (program, start): (&str, &[&str]) = match self.interpreter {
            Interpreter::Python => ("python3", &["-c", PYTHON]),
            Interpreter::Node => ("node", &["--input-type=module", "-e", NODE]),
        };
        let mut function = Function::new("compared", program);
        function.arguments = start.iter().map(Into::into).collect();
        function.arguments.push(file.into());
        function.arguments.push(self.name.into());
        Ok(function)
    }
}

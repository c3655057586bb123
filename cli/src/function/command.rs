//! A function as it is typed: a handler's file, or a command that speaks the Lambda Runtime API itself.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use hydrant_delivery::Function;

const PYTHON: &str = include_str!("bootstrap.py");
const NODE: &str = include_str!("bootstrap.mjs");

/// The function called `name` that `command` is: `FILE.py`, `FILE.mjs`, `FILE.js` or `FILE.cjs`, with `:HANDLER`
/// where the handler has another name than Lambda's examples give it; anything else is a command for the shell.
pub(crate) fn of_command(name: &str, command: &str) -> Result<Function> {
    match of_text(command) {
        Some(handler) => handler.function(name),
        None => Ok(of_shell(name, command)),
    }
}

/// A command for the shell, which knows how it is taken apart.
fn of_shell(name: &str, command: &str) -> Function {
    let mut function = Function::new(name, "sh");
    // Without exec, the shell would be stopped in the function's place.
    function.arguments = vec!["-c".into(), format!("exec {command}").into()];
    function
}

/// A handler's file, and the name of the handler in it.
pub(crate) struct Handler<'c> {
    interpreter: Interpreter,
    file: PathBuf,
    name: &'c str,
}

#[derive(Clone, Copy)]
enum Interpreter {
    Python,
    Node,
}

fn of_text(command: &str) -> Option<Handler<'_>> {
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
        file: file.into(),
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

impl<'c> Handler<'c> {
    /// The handler that a function's `Handler` names in a folder, such as `app.lambda_handler`; `None` where no
    /// file there can be it.
    pub(crate) fn in_folder(folder: &Path, handler: &'c str) -> Option<Self> {
        let (module, name) = handler.rsplit_once('.')?;
        // A module in a package: `app.transform.handler`.
        let module = module.replace('.', "/");
        ["py", "mjs", "js", "cjs"]
            .into_iter()
            .find_map(|extension| {
                let file = folder.join(format!("{module}.{extension}"));
                Some(Self {
                    interpreter: interpreter(file.to_str()?)?,
                    file: file.is_file().then_some(file)?,
                    name,
                })
            })
    }

    /// The file.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// The function called `name` that runs the handler.
    pub(crate) fn function(&self, name: &str) -> Result<Function> {
        let file: PathBuf = std::fs::canonicalize(&self.file)
            .with_context(|| format!("cannot open {}", self.file.display()))?;
        let (program, start): (&str, &[&str]) = match self.interpreter {
            Interpreter::Python => ("python3", &["-c", PYTHON]),
            Interpreter::Node => ("node", &["--input-type=module", "-e", NODE]),
        };
        let mut function = Function::new(name, program);
        function.arguments = start.iter().map(Into::into).collect();
        function.arguments.push(file.into());
        function.arguments.push(self.name.into());
        Ok(function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handlers_file_is_no_command() {
        for (text, name) in [
            ("f.py", "lambda_handler"),
            ("f.py:mine", "mine"),
            ("a/f.mjs", "handler"),
        ] {
            assert_eq!(of_text(text).unwrap().name, name, "{text}");
        }
        for text in ["python3 f.py", "./bootstrap", "node f.mjs x"] {
            assert!(of_text(text).is_none(), "{text}");
        }
    }
}

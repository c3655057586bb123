//! Runs the command, and shows what a person would see of it.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ran {
    /// Standard output of a run that must have worked.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.status, 0, "{}", self.stderr);
        String::from_utf8(self.stdout).unwrap()
    }

    /// The whole screen.
    pub(crate) fn screen(&self) -> String {
        format!(
            "status {}\n--- stdout\n{}\n--- stderr\n{}",
            self.status,
            String::from_utf8_lossy(&self.stdout).trim_end(),
            self.stderr.trim_end()
        )
    }
}

/// A directory to work in, and the command in it.
#[derive(Debug)]
pub(crate) struct Place {
    directory: TempDir,
    environment: Vec<(String, String)>,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            directory: TempDir::new().unwrap(),
            environment: Vec::new(),
        }
    }

    /// Sets a variable for the runs to come.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file, and the folders to it.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Runs `hydrant` with `arguments`.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.pipe(arguments, b"")
    }

    /// Runs `hydrant` with `arguments` and `stdin`.
    pub(crate) fn pipe(&self, arguments: &[&str], stdin: impl AsRef<[u8]>) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hydrant"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        let input = stdin.as_ref().to_owned();
        // A command that does not read its input closes the pipe; that is no failure of the test.
        let writer = std::thread::spawn(move || drop(pipe.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ran {
            status: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A stream definition of the examples.
pub(crate) fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(name);
    path.canonicalize().unwrap().to_str().unwrap().to_owned()
}

/// Writes objects whose names and times come from nothing that changes.
pub(crate) const REPEATABLE: [&str; 4] = ["--at", "2026-11-22T10:20:30Z", "--seed", "1"];

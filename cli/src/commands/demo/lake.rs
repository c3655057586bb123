//! The directory of the demo: its own, so that a second run may start clean.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// Lies in a lake that the demo made, and counts what earlier runs left there. Its dot keeps it out of the
/// tables.
const MARKER: &str = ".hydrant-demo.json";

/// The directory and what is in it.
pub(crate) struct Home {
    path: PathBuf,
    runs: u64,
    lines: u64,
}

impl Home {
    /// Prepares `path`, and says how.
    ///
    /// A directory that the demo did not make is never touched.
    pub(crate) fn prepare(path: &Path, add: bool) -> Result<(Self, String)> {
        let shown = path.display();
        let fresh = |runs, lines| Self {
            path: path.to_owned(),
            runs,
            lines,
        };
        match state(path)? {
            State::Vacant => {
                let home = fresh(0, 0);
                home.mark()?;
                Ok((home, format!("Starting a new lake in {shown}")))
            }
            State::Ours { runs, lines } if add => Ok((
                fresh(runs, lines),
                format!("Adding to the lake in {shown} (run {})", runs + 1),
            )),
            State::Ours { .. } => {
                fs::remove_dir_all(path).with_context(|| format!("cannot empty {shown}"))?;
                let home = fresh(0, 0);
                home.mark()?;
                Ok((
                    home,
                    format!("Starting clean in {shown}; --add would keep the earlier run"),
                ))
            }
            State::Foreign => bail!(
                "{shown} is not empty and the demo did not make it; name another directory with --dir"
            ),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Earlier runs whose events are in the lake.
    pub(crate) fn runs(&self) -> u64 {
        self.runs
    }

    /// Lines in the lake.
    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    /// Notes that a run delivered `lines`.
    pub(crate) fn add(&mut self, lines: u64) -> Result<()> {
        self.runs += 1;
        self.lines += lines;
        self.mark()
    }

    fn mark(&self) -> Result<()> {
        let marker = self.path.join(MARKER);
        let content = json!({ "runs": self.runs, "lines": self.lines });
        fs::create_dir_all(&self.path)
            .and_then(|()| fs::write(&marker, format!("{content}\n")))
            .with_context(|| format!("cannot write {}", marker.display()))
    }
}

enum State {
    Vacant,
    Ours { runs: u64, lines: u64 },
    Foreign,
}

fn state(path: &Path) -> Result<State> {
    let mut entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(State::Vacant),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let marker = path.join(MARKER);
    match fs::read(&marker) {
        Ok(content) => {
            let content: Value = serde_json::from_slice(&content).with_context(|| {
                format!("{} is damaged; remove it and the lake", marker.display())
            })?;
            let number = |name: &str| content[name].as_u64().unwrap_or_default();
            Ok(State::Ours {
                runs: number("runs"),
                lines: number("lines"),
            })
        }
        Err(_) if entries.next().is_none() => Ok(State::Vacant),
        Err(_) => Ok(State::Foreign),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_starts_clean_or_adds_and_says_which() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("demo");
        let (mut home, said) = Home::prepare(&dir, false).unwrap();
        assert!(said.starts_with("Starting a new lake"), "{said}");
        home.add(10).unwrap();
        fs::write(dir.join("object"), "x").unwrap();

        let (mut home, said) = Home::prepare(&dir, true).unwrap();
        assert!(said.starts_with("Adding"), "{said}");
        assert_eq!((home.runs(), home.lines()), (1, 10));
        home.add(5).unwrap();
        assert!(dir.join("object").exists());

        let (home, said) = Home::prepare(&dir, false).unwrap();
        assert!(said.starts_with("Starting clean"), "{said}");
        assert_eq!((home.runs(), home.lines()), (0, 0));
        assert!(!dir.join("object").exists());
    }

    #[test]
    fn a_directory_of_somebody_else_is_not_touched() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("thesis.txt");
        fs::write(&file, "years of work").unwrap();
        for add in [false, true] {
            let refused = Home::prepare(dir.path(), add).err().unwrap().to_string();
            assert!(refused.contains("the demo did not make it"), "{refused}");
        }
        assert!(file.exists());
    }
}

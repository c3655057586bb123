//! The other function, and what it says while it runs.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Result;
use hydrant_delivery::Function;

use crate::function;

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
    /// What [`function::of_command`] makes of the command.
    pub(super) fn new(command: &str) -> Result<Self> {
        let mut function = function::of_command("compared", command)?;
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

//! Where output goes: results to standard output or a file, everything else to standard error.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, Result};

/// What one write carries.
const BUFFER: usize = 1 << 18;

/// Opens `path` for writing; standard output where there is none.
pub(crate) fn open(path: Option<&Path>) -> Result<Box<dyn Write + Send>> {
    match path {
        Some(path) if path.as_os_str() != "-" => {
            let file =
                File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            Ok(Box::new(BufWriter::with_capacity(BUFFER, file)))
        }
        _ => Ok(Box::new(BufWriter::with_capacity(BUFFER, io::stdout()))),
    }
}

/// What messages are logged as, where they are logged.
pub(crate) const TARGET: &str = "hydrant::said";

static LOGGED: AtomicBool = AtomicBool::new(false);

/// From now on, what is said is an event of the log: for a log that programs read.
pub(crate) fn log_what_is_said() {
    LOGGED.store(true, Ordering::Relaxed);
}

/// Whether what is said is an event of the log.
pub(crate) fn is_logged() -> bool {
    LOGGED.load(Ordering::Relaxed)
}

/// One line to standard error.
#[expect(clippy::print_stderr, reason = "the one place that writes messages")]
pub(crate) fn say(message: &str) {
    if is_logged() {
        tracing::info!(target: TARGET, "{message}");
    } else {
        eprintln!("{message}");
    }
}

/// An error and what caused it, innermost last.
pub(crate) fn error(error: &anyhow::Error) {
    let mut message = format!("error: {error}");
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // Some libraries repeat their cause in their own text.
        if !message.contains(&cause) {
            message.push_str("\n  because: ");
            message.push_str(&cause);
        }
    }
    if is_logged() {
        tracing::error!(target: TARGET, "{message}");
    } else {
        say(&message);
    }
}

/// Whether whoever reads our output has gone: `hydrant … | head` is no failure.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|it| it.kind() == io::ErrorKind::BrokenPipe)
    })
}

//! A line for each object, as it is written.

use hydrant_delivery::{Event, ObjectKind, Observer};

use crate::{
    output::{self, TARGET},
    text,
};

/// Shows what happens on standard error.
#[derive(Debug)]
pub(super) struct Screen {
    pub(super) quiet: bool,
}

impl Observer for Screen {
    fn observe(&self, event: &Event<'_>) {
        if output::is_logged() {
            log(event, self.quiet);
        } else {
            self.say(event);
        }
    }
}

impl Screen {
    fn say(&self, event: &Event<'_>) {
        match event {
            Event::Written {
                stream,
                key,
                records,
                object_bytes,
                kind,
                ..
            } if !self.quiet => {
                let refused = match kind {
                    ObjectKind::Errors => " refused,",
                    ObjectKind::Backup => " as they came,",
                    ObjectKind::Delivered => "",
                };
                output::say(&format!(
                    "{stream}: {},{refused} {} → {key}",
                    text::plural(*records, "record"),
                    text::bytes(*object_bytes)
                ));
            }
            Event::NotWritten {
                stream,
                key,
                records,
                attempts,
                error,
                pause,
            } => output::say(&format!(
                "{stream}: the lake did not take {key} ({}, attempt {attempts}): {error}; again in {} s",
                text::plural(*records, "record"),
                pause.as_secs()
            )),
            Event::SetAside {
                stream,
                key,
                records,
                directory,
                error,
            } => output::say(&format!(
                "{stream}: the lake did not take {key} ({}) for too long: {error}; set aside: {}",
                text::plural(*records, "record"),
                directory.join(key).display()
            )),
            _ => {}
        }
    }
}

/// The same as events of the log: whoever collects them counts records and watches for grave ones.
fn log(event: &Event<'_>, quiet: bool) {
    match event {
        Event::Written {
            stream,
            key,
            records,
            bytes,
            object_bytes,
            kind,
        } if !quiet => tracing::info!(
            target: TARGET, stream, key, records, bytes, object_bytes, kind = kind.name(), "written"
        ),
        Event::NotWritten {
            stream,
            key,
            records,
            attempts,
            error,
            pause,
        } => tracing::warn!(
            target: TARGET, stream, key, records, attempts, %error, pause_seconds = pause.as_secs(),
            "the lake did not take an object; it is offered again"
        ),
        Event::SetAside {
            stream,
            key,
            records,
            directory,
            error,
        } => tracing::error!(
            target: TARGET, stream, key, records, %error, file = %directory.join(key).display(),
            "the lake did not take an object for too long; it is set aside"
        ),
        _ => {}
    }
}

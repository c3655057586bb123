//! A line for each object, as it is written.

use hydrant_delivery::{Event, ObjectKind, Observer};

use crate::{output, text};

/// Shows what happens on standard error.
#[derive(Debug)]
pub(super) struct Screen {
    pub(super) quiet: bool,
}

impl Observer for Screen {
    fn observe(&self, event: &Event<'_>) {
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

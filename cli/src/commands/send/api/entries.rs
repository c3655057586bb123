//! Where entries come from: files, or the generator.

use std::{collections::VecDeque, time::Duration};

use anyhow::{Context, Result, bail};
use hydrant_generator::{Bodies, Options, Percentage};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{
    args::{DEFAULT_START, Form, SendArgs},
    input::{Item, Records},
};

/// Events that are made up at once; then another seed has its turn.
const RUN: u64 = 10_000;

/// What of an event is an entry: as it is spelled.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    detail: &'a RawValue,
}

/// The details of events, as JSON text.
pub(super) struct Entries {
    source: Source,
    ready: VecDeque<String>,
}

enum Source {
    Files {
        records: Box<Records>,
        form: Form,
    },
    Made {
        bodies: Box<Bodies>,
        options: Options,
        loyalty: bool,
        /// How many are left to make; `None` for as long as somebody asks.
        left: Option<u64>,
    },
}

impl Entries {
    pub(super) fn new(args: &SendArgs) -> Result<Self> {
        let source = match super::named(args)? {
            Some(files) => Source::Files {
                records: Box::new(Records::new(files, None)),
                form: args.input.form,
            },
            None => {
                let options = Options {
                    events: RUN,
                    seed: args.api.seed,
                    malformed: Percentage::default(),
                    span: Duration::from_hours(24),
                    start: DEFAULT_START.parse().context("the generator's start")?,
                };
                Source::Made {
                    bodies: Box::new(Bodies::new(&options)?),
                    options,
                    loyalty: args.api.loyalty,
                    left: args.api.lasting.is_none().then_some(args.api.events),
                }
            }
        };
        Ok(Self {
            source,
            ready: VecDeque::new(),
        })
    }

    /// The next one; `None` behind the last.
    pub(super) fn next(&mut self) -> Result<Option<String>> {
        loop {
            if let Some(entry) = self.ready.pop_front() {
                return Ok(Some(entry));
            }
            let more = match &mut self.source {
                Source::Files { records, form } => read(records, *form)?,
                Source::Made {
                    bodies,
                    options,
                    loyalty,
                    left,
                } => {
                    if *left == Some(0) {
                        return Ok(None);
                    }
                    let mut made = make(bodies, options)?;
                    made.retain(|entry| *loyalty || !is_loyalty(entry));
                    if let Some(left) = left {
                        made.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
                        *left -= made.len() as u64;
                    }
                    Some(made)
                }
            };
            match more {
                Some(more) => self.ready.extend(more),
                None => return Ok(None),
            }
        }
    }
}

/// The entries of a file's next record.
fn read(records: &mut Records, form: Form) -> Result<Option<Vec<String>>> {
    let record = match records.next()? {
        None => return Ok(None),
        Some(Item::Refused(reason)) => bail!("{}: {reason}", records.name()),
        Some(Item::Record(record)) => record,
    };
    let place = || format!("{}:{}", records.name(), record.line);
    if form == Form::Entries {
        let read: Value = serde_json::from_slice(&record.data).with_context(place)?;
        return entries_of(&read).map(Some).with_context(place);
    }
    let event: Event<'_> = serde_json::from_slice(&record.data).with_context(|| {
        let place = place();
        format!("{place}: no event with a detail; are these request bodies? then say --as entries")
    })?;
    Ok(Some(vec![event.detail.get().to_owned()]))
}

fn make(bodies: &mut Box<Bodies>, options: &mut Options) -> Result<Vec<String>> {
    let mut line = Vec::new();
    if bodies.next_body(&mut line).is_none() {
        options.seed = options.seed.wrapping_add(1);
        *bodies = Box::new(Bodies::new(options)?);
        return Ok(Vec::new());
    }
    entries_of(&serde_json::from_slice(&line)?)
}

/// The entries of a request body.
fn entries_of(body: &Value) -> Result<Vec<String>> {
    let entries = body.get("entries").and_then(Value::as_array);
    let entries =
        entries.context("no request body of the form {\"entries\":[{\"entry\":\"…\"}]}")?;
    entries
        .iter()
        .map(|entry| {
            let text = entry.get("entry").and_then(Value::as_str);
            text.map(str::to_owned).context("an entry is no text")
        })
        .collect()
}

fn is_loyalty(entry: &str) -> bool {
    let read: Option<Value> = serde_json::from_str(entry).ok();
    let kind = read
        .as_ref()
        .and_then(|entry| entry.get("eventType")?.as_str());
    kind == Some("loyaltypurchase")
}

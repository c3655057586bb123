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

/// A loyalty purchase comes after so many other events, or a few more: of what the generator makes by itself they are
/// less than a hundredth, and nobody would see a ticket.
const LOYALTY_EVERY: usize = 20;

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
        events: Box<Generated>,
        /// Loyalty purchases, of another run of the generator, and how many other events there were since the last.
        loyalty: Option<(Box<Generated>, usize)>,
        /// How many are left to make; `None` for as long as somebody asks.
        left: Option<u64>,
    },
}

impl Entries {
    pub(super) fn new(args: &SendArgs) -> Result<Self> {
        let source = if let Some(files) = super::named(args)? {
            Source::Files {
                records: Box::new(Records::new(files, None)),
                form: args.input.form,
            }
        } else {
            let options = Options {
                events: RUN,
                seed: args.api.seed,
                malformed: Percentage::default(),
                span: Duration::from_hours(24),
                start: DEFAULT_START.parse().context("the generator's start")?,
            };
            let mut other = options.clone();
            other.seed = options.seed.wrapping_add(1 << 32);
            let loyalty = args
                .api
                .loyalty
                .then(|| Generated::new(other))
                .transpose()?;
            Source::Made {
                events: Box::new(Generated::new(options)?),
                loyalty: loyalty.map(|generated| (Box::new(generated), LOYALTY_EVERY - 1)),
                left: args.api.lasting.is_none().then_some(args.api.events),
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
                    events,
                    loyalty,
                    left,
                } => {
                    if *left == Some(0) {
                        return Ok(None);
                    }
                    let mut made = events.make()?;
                    made.retain(|entry| !is_loyalty(entry));
                    if let Some((loyal, since)) = loyalty {
                        *since += made.len();
                        if *since >= LOYALTY_EVERY {
                            *since = 0;
                            made.insert(0, loyal.next_loyal()?);
                        }
                    }
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

/// Entries without an end.
struct Generated {
    bodies: Bodies,
    options: Options,
}

impl Generated {
    fn new(options: Options) -> Result<Self> {
        Ok(Self {
            bodies: Bodies::new(&options)?,
            options,
        })
    }

    /// Those of the next body; none where another seed has its turn.
    fn make(&mut self) -> Result<Vec<String>> {
        let mut line = Vec::new();
        if self.bodies.next_body(&mut line).is_none() {
            self.options.seed = self.options.seed.wrapping_add(1);
            self.bodies = Bodies::new(&self.options)?;
            return Ok(Vec::new());
        }
        entries_of(&serde_json::from_slice(&line)?)
    }

    fn next_loyal(&mut self) -> Result<String> {
        loop {
            if let Some(loyal) = self.make()?.into_iter().find(|entry| is_loyalty(entry)) {
                return Ok(loyal);
            }
        }
    }
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

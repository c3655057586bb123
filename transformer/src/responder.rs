//! What the function does to one record: transform, filter, keys.

use hydrant_function::{Outcome, Output, Work};
use hydrant_partitioner::{KeyMemo, KeyQuery, PartitionKeys};

use crate::batch::ClientIdCounts;
use crate::client_id::ClientId;
use crate::filter::Filter;
use crate::options::Options;
use crate::quick::{Quick, QuickKeys};
use crate::refusal::Refusal;
use crate::transformer::{Transformed, Transformer};

/// Answers transform events: text in, text out.
pub type Responder = hydrant_function::Responder<TransformWork>;

/// A responder whose records are transformed as `options` say, and left out as `filter` says.
pub fn responder(options: Options, filter: Filter) -> Responder {
    Responder::new(TransformWork::new(options, filter))
}

/// The work of [`responder`], with the buffers of one record.
#[derive(Debug)]
pub struct TransformWork {
    transformer: Transformer,
    filter: Filter,
    /// Keys that have to wait for the filter: a record that is left out needs none.
    late_keys: Option<KeyQuery>,
    has_keys: bool,
    quick: Quick,
    /// Keys that the quick way finds; they are the last record's where `is_quick` says so.
    quick_keys: Option<(QuickKeys, KeyMemo)>,
    is_quick: bool,
    lines: Vec<u8>,
    kept: Vec<u8>,
    keys: PartitionKeys,
    more_keys: PartitionKeys,
    /// The last record's keys as the answer has them, if it went the other way.
    keys_text: String,
}

impl Work for TransformWork {
    type Refusal = Refusal;
    type Counts = ClientIdCounts;

    fn record(&mut self, record: &[u8]) -> Result<Outcome<ClientId>, Refusal> {
        let done = self.apply(record)?;
        Ok(done.map_or(Outcome::Dropped, |done| Outcome::Ok(done.client_id)))
    }

    fn output(&self) -> Output<'_> {
        Output::Bytes(&self.lines)
    }

    fn keys(&self) -> Option<&str> {
        match &self.quick_keys {
            Some((_, keys)) if self.is_quick => Some(keys.last()),
            _ => self.has_keys.then_some(&self.keys_text),
        }
    }
}

impl TransformWork {
    /// Work that transforms as `options` say, and leaves out what `filter` says.
    pub fn new(mut options: Options, filter: Filter) -> Self {
        let has_keys = options.partition_keys.is_some();
        let late_keys = if filter.is_empty() {
            None
        } else {
            options.partition_keys.take()
        };
        let quick_keys = options.partition_keys.as_ref().and_then(|query| {
            let keys = QuickKeys::new(query)?;
            Some((keys, KeyMemo::new(query.clone())))
        });
        Self {
            quick: Quick::new(quick_keys.as_ref().map(|(keys, _)| keys)),
            transformer: Transformer::new(options),
            filter,
            late_keys,
            has_keys,
            quick_keys,
            is_quick: false,
            lines: Vec::new(),
            kept: Vec::new(),
            keys: PartitionKeys::new(),
            more_keys: PartitionKeys::new(),
            keys_text: String::new(),
        }
    }

    /// Does to one record what the function does; [`lines`](Self::lines) and [`Work::keys`] are then what came
    /// of it. `None` where the filter leaves it out.
    ///
    /// # Errors
    /// A [`Refusal`] says why the record cannot be transformed.
    pub fn apply(&mut self, record: &[u8]) -> Result<Option<Transformed>, Refusal> {
        self.lines.clear();
        self.keys_text.clear();
        self.is_quick = false;
        let mut done = self.move_client_id(record)?;
        if !self.filter.is_empty() {
            done.objects = self
                .filter
                .apply(&mut self.lines, done.objects, &mut self.kept)?;
            if done.objects == 0 {
                return Ok(None);
            }
            self.evaluate(done.objects)?;
        }
        Ok(Some(done))
    }

    /// What the last record became.
    pub fn lines(&self) -> &[u8] {
        &self.lines
    }

    /// Puts what `record` becomes into `lines`, and its keys into `keys_text` unless they have to wait.
    fn move_client_id(&mut self, record: &[u8]) -> Result<Transformed, Refusal> {
        let options = self.transformer.options();
        // Without a way to find the keys quickly, the scanner finds both in one pass.
        let quick = self.quick_keys.is_some() || options.partition_keys.is_none();
        if quick
            && options.client_id_from.resources()
            && let Some(taken) =
                self.quick
                    .transform(record, options.append_newline, &mut self.lines)
        {
            if let Some((places, keys)) = &mut self.quick_keys {
                let found = places.find(&taken, &self.lines, keys);
                found.map_err(|error| Refusal::PartitionKey { offset: 0, error })?;
                self.is_quick = true;
            }
            return Ok(Transformed {
                client_id: ClientId::Found,
                objects: 1,
            });
        }
        let done = self
            .transformer
            .transform_with_keys(record, &mut self.lines, &mut self.keys)?;
        if options.partition_keys.is_some() {
            self.keys.push_json(&mut self.keys_text);
        }
        Ok(done)
    }

    /// The keys that had to wait.
    fn evaluate(&mut self, objects: usize) -> Result<(), Refusal> {
        if let Some(query) = &self.late_keys {
            let keys = (&mut self.keys, &mut self.more_keys);
            evaluate(query, &self.lines, objects, keys.0, keys.1)?;
            self.keys.push_json(&mut self.keys_text);
        }
        Ok(())
    }
}

/// The keys of what is in `lines`, which all of its objects share.
fn evaluate(
    query: &KeyQuery,
    lines: &[u8],
    objects: usize,
    keys: &mut PartitionKeys,
    more_keys: &mut PartitionKeys,
) -> Result<(), Refusal> {
    let mut offset = 0;
    // One object may hold no newline but at its end; several are one a line.
    let lines = lines.split_inclusive(|&byte| byte == b'\n');
    for (line, position) in lines.zip(0..objects) {
        let found = match position {
            0 => &mut *keys,
            _ => &mut *more_keys,
        };
        query
            .evaluate(line, found)
            .map_err(|error| Refusal::PartitionKey { offset, error })?;
        if position > 0 && more_keys != keys {
            return Err(Refusal::KeysDiffer { offset });
        }
        offset += line.len();
    }
    Ok(())
}

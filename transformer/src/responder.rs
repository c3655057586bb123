//! What the function does to one record: transform, filter, keys.

use hydrant_function::{Outcome, Output, Work};
use hydrant_partitioner::{KeyQuery, PartitionKeys};

use crate::batch::ClientIdCounts;
use crate::client_id::ClientId;
use crate::filter::Filter;
use crate::options::Options;
use crate::quick::Quick;
use crate::refusal::Refusal;
use crate::transformer::Transformer;

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
    lines: Vec<u8>,
    kept: Vec<u8>,
    keys: PartitionKeys,
    more_keys: PartitionKeys,
}

impl Work for TransformWork {
    type Refusal = Refusal;
    type Counts = ClientIdCounts;

    fn record(&mut self, record: &[u8]) -> Result<Outcome<ClientId>, Refusal> {
        self.lines.clear();
        let (objects, client_id) = self.move_client_id(record)?;
        if !self.filter.is_empty() {
            let objects = self
                .filter
                .apply(&mut self.lines, objects, &mut self.kept)?;
            if objects == 0 {
                return Ok(Outcome::Dropped);
            }
            if self.late_keys.is_some() {
                self.evaluate(objects)?;
            }
        }
        Ok(Outcome::Ok(client_id))
    }

    fn output(&self) -> Output<'_> {
        Output::Bytes(&self.lines)
    }

    fn keys(&self) -> Option<impl Iterator<Item = (&str, &str)>> {
        self.has_keys.then(|| self.keys.iter())
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
        Self {
            transformer: Transformer::new(options),
            filter,
            late_keys,
            has_keys,
            quick: Quick::new(),
            lines: Vec::new(),
            kept: Vec::new(),
            keys: PartitionKeys::new(),
            more_keys: PartitionKeys::new(),
        }
    }

    /// Puts what `record` becomes into `lines`, and its keys into `keys` unless they have to wait. Gives
    /// how many objects there are.
    fn move_client_id(&mut self, record: &[u8]) -> Result<(usize, ClientId), Refusal> {
        let options = self.transformer.options();
        if options.client_id_from.resources()
            && self
                .quick
                .transform(record, options.append_newline, &mut self.lines)
        {
            if let Some(query) = &options.partition_keys {
                evaluate(query, &self.lines, 1, &mut self.keys, &mut self.more_keys)?;
            }
            return Ok((1, ClientId::Found));
        }
        let done = self
            .transformer
            .transform_with_keys(record, &mut self.lines, &mut self.keys)?;
        Ok((done.objects, done.client_id))
    }

    /// The keys that had to wait.
    fn evaluate(&mut self, objects: usize) -> Result<(), Refusal> {
        match &self.late_keys {
            Some(query) => evaluate(
                query,
                &self.lines,
                objects,
                &mut self.keys,
                &mut self.more_keys,
            ),
            None => Ok(()),
        }
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

//! Event text in, answer text out.

use hydrant_partitioner::{KeyQuery, PartitionKeys};
use hydrant_records::limits::MAX_LAMBDA_PAYLOAD_BYTES;

use crate::answer::{Answer, shortest};
use crate::batch::{BatchSummary, RefusedRecord};
use crate::client_id::ClientId;
use crate::event::{Data, EventError, Index, RecordSpan, Source, Turn, string};
use crate::filter::Filter;
use crate::options::Options;
use crate::quick;
use crate::refusal::Refusal;
use crate::transformer::Transformer;

/// Most bytes of an answer: Lambda's limit for what a function returns, less a margin for what a runtime may
/// put around it.
pub const ANSWER_LIMIT: usize = MAX_LAMBDA_PAYLOAD_BYTES - 64 * 1024;

/// Answers transform events: text in, text out. It keeps its buffers from event to event, so that a record
/// costs no allocation.
#[derive(Debug)]
pub struct Responder {
    transformer: Transformer,
    filter: Filter,
    /// Keys that have to wait for the filter: a record that is left out needs none.
    late_keys: Option<KeyQuery>,
    has_keys: bool,
    limit: usize,
    index: Index,
    scratch: Scratch,
    /// Places in the index of records that were transformed and had no room.
    overflow: Vec<usize>,
}

/// Buffers of one record.
#[derive(Debug, Default)]
struct Scratch {
    record: Vec<u8>,
    lines: Vec<u8>,
    kept: Vec<u8>,
    keys: PartitionKeys,
    more_keys: PartitionKeys,
}

/// What became of a record.
enum Outcome {
    Ok(ClientId),
    Dropped,
}

impl Responder {
    /// A responder whose records are transformed as `options` say, and left out as `filter` says.
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
            limit: ANSWER_LIMIT,
            index: Index::default(),
            scratch: Scratch::default(),
            overflow: Vec::new(),
        }
    }

    /// The same with another bound on the bytes of an answer than [`ANSWER_LIMIT`].
    #[must_use]
    pub fn with_limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// Answers the transform event `event` in `out`, whose earlier content goes: every record id once, in
    /// the event's order save that records without room come last.
    ///
    /// A record is `Ok` with its data, and with its partition keys where they are configured; `Dropped`
    /// where the filter says so; and `ProcessingFailed` where it is refused, where the event has no data
    /// for it, or where the answer has no room for it. What else is in the event does not matter. Records
    /// without an id, as some emulators send them, are answered without one in their place.
    ///
    /// # Errors
    /// [`EventError`] when `event` is no transform event; never for what is in a record.
    pub fn respond(&mut self, event: &[u8], out: &mut Vec<u8>) -> Result<BatchSummary, EventError> {
        Ok(self.begin(event, out)?.finish(|_| Overflow::Full))
    }

    /// As [`respond`](Self::respond), but leaves the records that the answer has no room for to the caller.
    ///
    /// # Errors
    /// As `respond`.
    pub fn begin<'a>(
        &'a mut self,
        event: &'a [u8],
        out: &'a mut Vec<u8>,
    ) -> Result<Unfinished<'a>, EventError> {
        self.index.read(event)?;
        out.clear();
        self.overflow.clear();
        let records = &self.index.records;
        let answered = records.iter().filter(|record| record.turn != Turn::Again);
        let owed = answered.map(|record| shortest(record.id.of(event))).sum();
        // As much as came in, and what the move and the answer's own words add.
        out.reserve(self.limit.min(event.len() + event.len() / 16));
        let too_many = EventError::TooManyRecords {
            records: records.len(),
            limit: self.limit,
        };
        let mut answer = Answer::start(out, self.limit, owed).ok_or(too_many)?;
        let mut summary = BatchSummary {
            records: records.len(),
            ..BatchSummary::default()
        };
        for (at, record) in self.index.records.iter().enumerate() {
            if record.turn == Turn::Again {
                continue;
            }
            let id = record.id.of(event);
            let outcome = match record.turn {
                Turn::First => Err(Refusal::DuplicateRecordId),
                _ => self.scratch.transform(
                    &self.transformer,
                    &self.filter,
                    self.late_keys.as_ref(),
                    event,
                    *record,
                    &mut summary.bytes_in,
                ),
            };
            match outcome {
                Ok(Outcome::Ok(client_id)) => {
                    let keys = self.has_keys.then_some(&self.scratch.keys);
                    if answer.ok(id, &self.scratch.lines, keys).is_ok() {
                        summary.bytes_out += self.scratch.lines.len();
                        summary.count(client_id);
                    } else if self.scratch.fits_alone(id, keys, self.limit) {
                        self.overflow.push(at);
                    } else {
                        let refusal = Refusal::TooLarge {
                            bytes: base64_simd::STANDARD.encoded_length(self.scratch.lines.len()),
                            limit: self.limit,
                        };
                        answer.failed(id);
                        refuse(&mut summary, *record, event, refusal);
                    }
                }
                Ok(Outcome::Dropped) => {
                    answer.dropped(id);
                    summary.dropped += 1;
                }
                Err(refusal) => {
                    answer.failed(id);
                    refuse(&mut summary, *record, event, refusal);
                }
            }
        }
        Ok(Unfinished {
            event,
            index: &self.index,
            overflow: &self.overflow,
            answer,
            summary,
        })
    }

    /// The bytes of a record that was refused in the last event, where they can be decoded: what to quote
    /// in a log, if at all. `event` and `summary` are that event's.
    pub fn refused_content(
        &self,
        event: &[u8],
        summary: &BatchSummary,
        refusal: usize,
    ) -> Option<Vec<u8>> {
        let refused = summary.refusals.get(refusal)?;
        let mut records = self.index.records.iter();
        let record = records.find(|record| record.id_text(event) == refused.record_id)?;
        let mut content = Vec::new();
        decode(event, record.data, &mut content).ok()?;
        Some(content)
    }
}

fn refuse(summary: &mut BatchSummary, record: RecordSpan, event: &[u8], refusal: Refusal) {
    summary.refusals.push(RefusedRecord {
        record_id: record.id_text(event),
        refusal,
    });
}

impl Scratch {
    /// Puts what `record` becomes into `lines` and `keys`.
    fn transform(
        &mut self,
        transformer: &Transformer,
        filter: &Filter,
        late_keys: Option<&KeyQuery>,
        event: &[u8],
        record: RecordSpan,
        bytes_in: &mut usize,
    ) -> Result<Outcome, Refusal> {
        decode(event, record.data, &mut self.record)?;
        *bytes_in += self.record.len();
        self.lines.clear();
        let (objects, client_id) = self.move_client_id(transformer)?;
        if !filter.is_empty() {
            let objects = filter.apply(&mut self.lines, objects, &mut self.kept)?;
            if objects == 0 {
                return Ok(Outcome::Dropped);
            }
            if let Some(query) = late_keys {
                self.evaluate(query, objects)?;
            }
        }
        Ok(Outcome::Ok(client_id))
    }

    /// Puts what the record becomes into `lines`, and its keys into `keys` unless they have to wait. Gives
    /// how many objects there are.
    fn move_client_id(&mut self, transformer: &Transformer) -> Result<(usize, ClientId), Refusal> {
        let options = transformer.options();
        if options.client_id_from.resources()
            && quick::transform(&self.record, options.append_newline, &mut self.lines)
        {
            if let Some(query) = &options.partition_keys {
                self.evaluate(query, 1)?;
            }
            return Ok((1, ClientId::Found));
        }
        let done =
            transformer.transform_with_keys(&self.record, &mut self.lines, &mut self.keys)?;
        Ok((done.objects, done.client_id))
    }

    /// The keys of what is in `lines`, which all of its objects share.
    fn evaluate(&mut self, query: &KeyQuery, objects: usize) -> Result<(), Refusal> {
        let mut offset = 0;
        // One object may hold no newline but at its end; several are one a line.
        let lines = self.lines.split_inclusive(|&byte| byte == b'\n');
        for (line, position) in lines.zip(0..objects) {
            let keys = match position {
                0 => &mut self.keys,
                _ => &mut self.more_keys,
            };
            query
                .evaluate(line, keys)
                .map_err(|error| Refusal::PartitionKey { offset, error })?;
            if position > 0 && self.more_keys != self.keys {
                return Err(Refusal::KeysDiffer { offset });
            }
            offset += line.len();
        }
        Ok(())
    }

    /// Whether the record would have room in an answer of its own; if not, it must not be put into the
    /// stream again, where it would go round for ever.
    fn fits_alone(&self, id: &[u8], keys: Option<&PartitionKeys>, limit: usize) -> bool {
        let mut out = Vec::new();
        Answer::start(&mut out, limit, shortest(id))
            .is_some_and(|mut answer| answer.ok(id, &self.lines, keys).is_ok())
    }
}

/// Decodes `data` into `record`, whose earlier content goes.
fn decode(event: &[u8], data: Data, record: &mut Vec<u8>) -> Result<(), Refusal> {
    record.clear();
    let unescaped;
    let text = match data {
        Data::None => return Err(Refusal::NoData),
        Data::Plain(span) => span.of(event),
        Data::Escaped(span) => {
            unescaped = string(span.of(event)).ok_or(Refusal::NotBase64)?;
            unescaped.as_bytes()
        }
    };
    base64_simd::STANDARD
        .decode_append(text, record)
        .map_err(|_| Refusal::NotBase64)
}

/// What the caller did with a record that the answer had no room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// Nothing: it is `ProcessingFailed`.
    Full,
    /// Put its original bytes into the stream again: it is `Dropped` here.
    Reingested,
    /// Tried that in vain: it is `ProcessingFailed`.
    NotReingested,
}

/// An answer that lacks the records for which it had no room.
pub struct Unfinished<'a> {
    event: &'a [u8],
    index: &'a Index,
    overflow: &'a [usize],
    answer: Answer<'a>,
    summary: BatchSummary,
}

/// A record as it came, to be put into its stream again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// Its bytes, as the function received them.
    pub data: Vec<u8>,
    /// Its partition key, if it came through a Kinesis data stream.
    pub partition_key: Option<String>,
}

impl Unfinished<'_> {
    /// How many records the answer has no room for.
    pub fn overflowing(&self) -> usize {
        self.overflow.len()
    }

    /// The records that the answer has no room for, as they came.
    pub fn originals(&self) -> impl Iterator<Item = Original> {
        let records = self.overflow.iter();
        let records = records.filter_map(|&at| self.index.records.get(at));
        records.map(|record| {
            let mut data = Vec::new();
            // It was decoded before.
            let decoded = decode(self.event, record.data, &mut data);
            debug_assert!(decoded.is_ok());
            let partition_key = record.partition_key(self.event);
            Original {
                data,
                partition_key,
            }
        })
    }

    /// Where the event's records came from, if the event says so.
    pub fn source(&self) -> Option<Source> {
        self.index.source(self.event)
    }

    /// Ends the answer; `outcome` says what became of each of the [`originals`](Self::originals).
    pub fn finish(mut self, mut outcome: impl FnMut(usize) -> Overflow) -> BatchSummary {
        let overflow = self.overflow.iter().enumerate();
        for (position, record) in
            overflow.filter_map(|(position, &at)| Some((position, self.index.records.get(at)?)))
        {
            let id = record.id.of(self.event);
            let refusal = match outcome(position) {
                Overflow::Reingested => {
                    self.answer.dropped(id);
                    self.summary.reingested += 1;
                    continue;
                }
                Overflow::Full => Refusal::AnswerFull,
                Overflow::NotReingested => Refusal::NotReingested,
            };
            self.answer.failed(id);
            refuse(&mut self.summary, *record, self.event, refusal);
        }
        self.answer.finish();
        self.summary
    }
}

//! Event text in, answer text out.

use std::borrow::Cow;
use std::collections::BTreeMap;

use hydrant_records::limits::MAX_LAMBDA_PAYLOAD_BYTES;

use crate::answer::{Answer, Encoded, shortest};
use crate::event::{Data, EventError, Index, RecordSpan, Source, Turn, string};
use crate::fault::Fault;
use crate::work::{Counts, Outcome, Output, Reason, Work};

/// Most bytes of an answer: Lambda's limit for what a function returns, less a margin for what a runtime may
/// put around it.
pub const ANSWER_LIMIT: usize = MAX_LAMBDA_PAYLOAD_BYTES - 64 * 1024;

/// Answers transform events: text in, text out. It keeps its buffers from event to event, so that a record
/// costs no allocation.
#[derive(Debug)]
pub struct Responder<W> {
    work: W,
    limit: usize,
    index: Index,
    /// The bytes of a record.
    record: Vec<u8>,
    /// Places in the index of records that came through and had no room.
    overflow: Vec<usize>,
}

/// What happened to a batch, to log and to count. Print refusals by their `Display`, which holds nothing of
/// a record; their `Debug` may quote one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchSummary<R, C> {
    /// Records of the batch.
    pub records: usize,
    /// Records that came through.
    pub ok: usize,
    /// What the function counts of these.
    pub counts: C,
    /// Records that a filter left out.
    pub dropped: usize,
    /// Records for which there was no room in the answer, and that were put into their stream again.
    pub reingested: usize,
    /// Bytes of all records.
    pub bytes_in: usize,
    /// Bytes of what came through, before base64.
    pub bytes_out: usize,
    /// Records refused, in the order of the batch.
    pub refusals: Vec<RefusedRecord<R>>,
}

/// A record that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRecord<R> {
    /// Firehose's id of the record.
    pub record_id: String,
    /// Why.
    pub refusal: R,
}

impl<R, C: Default> BatchSummary<R, C> {
    /// Of a batch of `records` records, of which none is answered yet.
    pub fn new(records: usize) -> Self {
        Self {
            records,
            ok: 0,
            counts: C::default(),
            dropped: 0,
            reingested: 0,
            bytes_in: 0,
            bytes_out: 0,
            refusals: Vec::new(),
        }
    }
}

impl<R: Reason, C> BatchSummary<R, C> {
    /// How many records were refused for which [`Reason::reason`].
    pub fn reasons(&self) -> BTreeMap<&'static str, usize> {
        let mut reasons = BTreeMap::new();
        for refused in &self.refusals {
            *reasons.entry(refused.refusal.reason()).or_default() += 1;
        }
        reasons
    }
}

impl<R, C> BatchSummary<R, C> {
    fn refuse(&mut self, record: RecordSpan, event: &[u8], refusal: R) {
        self.refusals.push(RefusedRecord {
            record_id: record.id_text(event),
            refusal,
        });
    }
}

impl<W: Work> Responder<W> {
    /// A responder that does `work` on every record.
    pub fn new(work: W) -> Self {
        Self {
            work,
            limit: ANSWER_LIMIT,
            index: Index::default(),
            record: Vec::new(),
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
    /// where the work leaves it out; and `ProcessingFailed` where it is refused, where the event has no data
    /// for it, or where the answer has no room for it. What else is in the event does not matter. Records
    /// without an id, as some emulators send them, are answered without one in their place.
    ///
    /// # Errors
    /// [`EventError`] when `event` is no transform event; never for what is in a record.
    pub fn respond(
        &mut self,
        event: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<BatchSummary<W::Refusal, W::Counts>, EventError> {
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
    ) -> Result<Unfinished<'a, W>, EventError> {
        self.index.read(event)?;
        out.clear();
        self.overflow.clear();
        let records = &self.index.records;
        let answered = records.iter().filter(|record| record.turn != Turn::Again);
        let owed = answered.map(|record| shortest(record.id.of(event))).sum();
        // As much as came in, and what the work and the answer's own words add.
        out.reserve(self.limit.min(event.len() + event.len() / 16));
        let too_many = EventError::TooManyRecords {
            records: records.len(),
            limit: self.limit,
        };
        let mut answer = Answer::start(out, self.limit, owed).ok_or(too_many)?;
        let mut summary = BatchSummary::<W::Refusal, W::Counts>::new(records.len());
        for (at, record) in self.index.records.iter().enumerate() {
            if record.turn == Turn::Again {
                continue;
            }
            let id = record.id.of(event);
            let outcome = match record.turn {
                Turn::First => Err(Fault::DuplicateRecordId.into()),
                _ => match decode(event, record.data, &mut self.record) {
                    Ok(()) => {
                        summary.bytes_in += self.record.len();
                        self.work.record(&self.record)
                    }
                    Err(fault) => Err(fault.into()),
                },
            };
            match outcome {
                Ok(Outcome::Ok(note)) => {
                    let output = encoded(self.work.output(), event, record.data, &self.record);
                    if answer.ok(id, output, self.work.keys()).is_ok() {
                        summary.ok += 1;
                        summary.bytes_out += output.bytes();
                        summary.counts.count(note);
                    } else if fits_alone(id, output, &self.work, self.limit) {
                        self.overflow.push(at);
                    } else {
                        answer.failed(id);
                        let fault = Fault::TooLarge {
                            bytes: output.length(),
                            limit: self.limit,
                        };
                        summary.refuse(*record, event, fault.into());
                    }
                }
                Ok(Outcome::Dropped) => {
                    answer.dropped(id);
                    summary.dropped += 1;
                }
                Err(refusal) => {
                    answer.failed(id);
                    summary.refuse(*record, event, refusal);
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
        summary: &BatchSummary<W::Refusal, W::Counts>,
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

/// What goes into the answer: a record that is answered as it came need not be encoded again.
#[inline]
fn encoded<'a>(output: Output<'a>, event: &'a [u8], data: Data, record: &'a [u8]) -> Encoded<'a> {
    match (output, data) {
        (Output::Bytes(bytes), _) => Encoded::Bytes(bytes),
        // Escapes and all, should it have any.
        (Output::Untouched, Data::Plain(span)) => Encoded::Text(span.of(event)),
        (Output::Untouched, _) => Encoded::Bytes(record),
    }
}

/// Whether the record would have room in an answer of its own; if not, it must not be put into the stream
/// again, where it would go round for ever.
fn fits_alone(id: &[u8], output: Encoded<'_>, work: &impl Work, limit: usize) -> bool {
    let mut out = Vec::new();
    Answer::start(&mut out, limit, shortest(id))
        .is_some_and(|mut answer| answer.ok(id, output, work.keys()).is_ok())
}

/// Decodes `data` into `record`, whose earlier content goes.
fn decode(event: &[u8], data: Data, record: &mut Vec<u8>) -> Result<(), Fault> {
    record.clear();
    let spelled = match data {
        Data::None => return Err(Fault::NoData),
        Data::Plain(span) => {
            let text = span.of(event);
            if base64_simd::STANDARD.decode_append(text, record).is_ok() {
                return Ok(());
            }
            record.clear();
            span.quoted()
        }
        Data::Escaped(span) => span,
    };
    // Some writers spell `/` as `\/`.
    match string(spelled.of(event)) {
        Some(Cow::Owned(text)) => base64_simd::STANDARD
            .decode_append(&text, record)
            .map_err(|_| Fault::NotBase64),
        _ => Err(Fault::NotBase64),
    }
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
pub struct Unfinished<'a, W: Work> {
    event: &'a [u8],
    index: &'a Index,
    overflow: &'a [usize],
    answer: Answer<'a>,
    summary: BatchSummary<W::Refusal, W::Counts>,
}

/// A record as it came, to be put into its stream again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// Its bytes, as the function received them.
    pub data: Vec<u8>,
    /// Its partition key, if it came through a Kinesis data stream.
    pub partition_key: Option<String>,
}

impl<W: Work> Unfinished<'_, W> {
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
    pub fn finish(
        mut self,
        mut outcome: impl FnMut(usize) -> Overflow,
    ) -> BatchSummary<W::Refusal, W::Counts> {
        let overflow = self.overflow.iter().enumerate();
        for (position, record) in
            overflow.filter_map(|(position, &at)| Some((position, self.index.records.get(at)?)))
        {
            let id = record.id.of(self.event);
            let fault = match outcome(position) {
                Overflow::Reingested => {
                    self.answer.dropped(id);
                    self.summary.reingested += 1;
                    continue;
                }
                Overflow::Full => Fault::AnswerFull,
                Overflow::NotReingested => Fault::NotReingested,
            };
            self.answer.failed(id);
            self.summary.refuse(*record, self.event, fault.into());
        }
        self.answer.finish();
        self.summary
    }
}

//! Batches being filled with the records of a text.

use std::{collections::VecDeque, sync::Arc};

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use datafusion::{common::Result as DataFusionResult, error::DataFusionError};
use hydrant_records::json::{JsonError, JsonErrorKind};

use super::Plan;
use crate::{
    column::{ENOUGH, Fault},
    decode::Decoder,
    framing::{Records, record_end},
    reader::ObjectReport,
    stats::add,
    survey::Survey,
};

/// A batch is sent when the records in it make up this much text, even if they are few: the offsets of an
/// Arrow column hold 2 GiB, and memory is for more than one batch.
const BATCH_BYTES: usize = 16 << 20;

/// What came of reading on.
pub(super) enum Progress {
    /// The batch is full.
    Full,
    /// The text is read.
    Done,
}

/// Where the next record is.
pub(super) enum Framing {
    /// There is one a line, and so many of them are only counted.
    Counted(usize),
    /// One a line; the next line and its start.
    Lines(usize, usize),
    /// As the strict scanner finds it.
    Records(Records),
}

/// A text with its marks.
#[derive(Clone, Copy)]
pub(super) struct Stretch<'a> {
    pub(super) text: &'a [u8],
    pub(super) survey: &'a Survey,
    /// Lines before it in its object.
    pub(super) before: u64,
    /// Whether the object goes on behind it.
    pub(super) goes_on: bool,
}

/// See the module.
pub(super) struct Filling {
    plan: Arc<Plan>,
    schema: SchemaRef,
    decoder: Box<dyn Decoder>,
    ready: VecDeque<RecordBatch>,
    batch_rows: usize,
    batch_bytes: usize,
    rows: usize,
    bytes: usize,
    /// Rows that are still wanted.
    left: usize,
    /// The marks of single records.
    single: Survey,
}

impl Filling {
    pub(super) fn new(
        plan: &Arc<Plan>,
        schema: SchemaRef,
        decoder: Box<dyn Decoder>,
        batch_rows: usize,
    ) -> Self {
        Self {
            left: plan.limit.unwrap_or(usize::MAX),
            batch_bytes: BATCH_BYTES.min(plan.source.room.held),
            plan: Arc::clone(plan),
            schema,
            decoder,
            ready: VecDeque::new(),
            batch_rows,
            rows: 0,
            bytes: 0,
            single: Survey::default(),
        }
    }

    pub(super) fn decoder(&mut self) -> &mut dyn Decoder {
        &mut *self.decoder
    }

    /// Whether records need not be looked at.
    pub(super) fn counts_only(&self) -> bool {
        self.decoder.counts_only()
    }

    /// Whether a batch has no columns.
    pub(super) fn is_without_columns(&self) -> bool {
        self.schema.fields().is_empty()
    }

    /// Whether no more rows are wanted.
    pub(super) fn has_enough(&self) -> bool {
        self.left == 0
    }

    /// Whether there are rows that were not sent.
    pub(super) fn has_rows(&self) -> bool {
        self.rows > 0
    }

    /// A batch that is full.
    pub(super) fn next(&mut self) -> Option<RecordBatch> {
        self.ready.pop_front()
    }

    /// Adds rows of which nothing is looked at.
    pub(super) fn push_unseen(&mut self, rows: usize) -> DataFusionResult<()> {
        let rows = rows.min(self.left);
        self.decoder.push_unseen(rows);
        self.rows += rows;
        self.left -= rows;
        if self.rows >= self.batch_rows {
            self.send()?;
        }
        Ok(())
    }

    /// Gives a batch on that was made elsewhere, as far as its rows are wanted.
    pub(super) fn push_batch(&mut self, batch: &RecordBatch) {
        let kept = batch.num_rows().min(self.left);
        self.left -= kept;
        add(&self.plan.source.counters.rows, kept as u64);
        self.ready.push_back(batch.slice(0, kept));
    }

    /// Makes a batch of the rows so far.
    pub(super) fn send(&mut self) -> DataFusionResult<()> {
        add(&self.plan.source.counters.rows, self.rows as u64);
        (self.rows, self.bytes) = (0, 0);
        let batch = self.decoder.finish().map_err(DataFusionError::from)?;
        debug_assert_eq!(batch.schema(), self.schema);
        self.ready.push_back(batch);
        Ok(())
    }

    fn is_wanted(&self, record: &[u8]) -> bool {
        self.plan.needles.iter().all(|it| it.may_be_in(record))
    }

    /// Counts a row; whether the batch is full with it.
    #[inline]
    fn count(&mut self, bytes: usize) -> bool {
        self.rows += 1;
        self.left -= 1;
        self.bytes += bytes;
        self.rows >= self.batch_rows || self.bytes >= self.batch_bytes
    }

    /// Reads on in a stretch until a batch is full or all of it is read. `Err` is the line whose record does not
    /// fit the schema.
    pub(super) fn read(
        &mut self,
        framing: &mut Framing,
        stretch: Stretch<'_>,
        report: &mut ObjectReport,
    ) -> Result<Progress, u64> {
        match framing {
            Framing::Counted(_) => Ok(Progress::Done),
            Framing::Lines(line, start) => self.read_lines(stretch, (line, start), report),
            Framing::Records(records) => self.read_records(stretch, records, report),
        }
    }

    fn read_lines(
        &mut self,
        stretch: Stretch<'_>,
        (line, start): (&mut usize, &mut usize),
        report: &mut ObjectReport,
    ) -> Result<Progress, u64> {
        let Stretch {
            text,
            survey,
            before,
            ..
        } = stretch;
        let has_needles = !self.plan.needles.is_empty();
        let marked = survey.marked(text);
        while let Some(&end) = survey.ends.get(*line) {
            let (from, end) = (*start, end as usize);
            *line += 1;
            *start = end + 1;
            if from == end || self.left == 0 {
                continue;
            }
            if has_needles && !self.is_wanted(text.get(from..end).unwrap_or_default()) {
                continue;
            }
            match self.decoder.push(marked, from) {
                Ok(pushed) if pushed.end == ENOUGH || pushed.end <= end => {
                    if let Some(path) = pushed.bad {
                        report.bad_value(before + *line as u64, &path);
                    }
                    if self.count(end - from) {
                        return Ok(Progress::Full);
                    }
                }
                // A value that runs on behind its line: the strict scanner will say what is wrong.
                Ok(_) | Err(Fault::Broken) => {
                    let record = text.get(..end).unwrap_or_default();
                    let (line, fault) = (before + *line as u64, fault_of(record, from));
                    report.bad_record(line, from, fault, end - from);
                }
                Err(Fault::Misfit) => return Err(before + *line as u64),
            }
            if self.plan.source.stops_at(report) {
                break;
            }
        }
        Ok(Progress::Done)
    }

    fn read_records(
        &mut self,
        stretch: Stretch<'_>,
        records: &mut Records,
        report: &mut ObjectReport,
    ) -> Result<Progress, u64> {
        let text = stretch.text;
        // Where the next record begins behind one that is none; nowhere when the text has to be read on for that.
        let resync = |records: &mut Records, error: &JsonError| {
            if stretch.goes_on {
                records.resync_within(text, error)
            } else {
                Some(records.resync(text))
            }
        };
        while self.left > 0
            && !self.plan.source.stops_at(report)
            && let Some(start) = records.next(text)
        {
            let line = |records: &mut Records| records.line(text);
            let end = match record_end(text, start) {
                Ok(end) => end,
                Err(error) => {
                    let line = line(records);
                    let Some(skipped) = resync(records, &error) else {
                        break;
                    };
                    report.bad_record(line, start, error, skipped);
                    continue;
                }
            };
            let record = text.get(start..end).unwrap_or_default();
            if !self.is_wanted(record) {
                records.accept(end);
                continue;
            }
            match self.decoder.push(self.single.mark(record), 0) {
                Ok(pushed) => {
                    if let Some(path) = pushed.bad {
                        report.bad_value(line(records), &path);
                    }
                    records.accept(end);
                    if self.count(end - start) {
                        return Ok(Progress::Full);
                    }
                }
                Err(Fault::Misfit) => return Err(line(records)),
                Err(Fault::Broken) => {
                    let (line, error) = (line(records), fault_of(record, 0));
                    let Some(skipped) = resync(records, &error) else {
                        break;
                    };
                    report.bad_record(line, start, error, skipped);
                }
            }
        }
        Ok(Progress::Done)
    }
}

/// What the strict scanner has against the record at `start`.
fn fault_of(text: &[u8], start: usize) -> JsonError {
    record_end(text, start).err().unwrap_or(JsonError {
        kind: JsonErrorKind::ExpectedValue,
        offset: start,
    })
}

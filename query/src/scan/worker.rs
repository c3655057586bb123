//! One partition of a scan.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
};

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use datafusion::{common::Result as DataFusionResult, error::DataFusionError};
use hydrant_records::json::{JsonError, JsonErrorKind};

use super::{Kind, Plan};
use crate::{
    column::{ENOUGH, Fault},
    decode::Decoder,
    encoding::Inflater,
    error::QueryError,
    fetch::{Feed, Fetched, Queue},
    framing::{Records, record_end},
    object::DataObject,
    parquet_object,
    reader::ObjectReport,
    stats::add,
    survey::Survey,
};

/// A batch is sent when the records in it make up this much text, even if they are few: the offsets of an
/// Arrow column hold 2 GiB, and memory is for more than one batch.
const BATCH_BYTES: usize = 16 << 20;

/// One partition's reader.
pub(super) struct Worker {
    plan: Arc<Plan>,
    schema: SchemaRef,
    feed: Feed,
    decoder: Box<dyn Decoder>,
    inflater: Inflater,
    survey: Survey,
    current: Option<Current>,
    ready: VecDeque<RecordBatch>,
    batch_rows: usize,
    rows: usize,
    bytes: usize,
    left: usize,
    ended: bool,
}

/// The object that is being read; its text is in the inflater.
struct Current {
    object: Arc<DataObject>,
    report: ObjectReport,
    framing: Framing,
}

/// Where the next record is.
enum Framing {
    /// One a line; the next line and its start.
    Lines(usize, usize),
    /// As the strict scanner finds it.
    Records(Records),
}

/// What came of reading on.
enum Progress {
    /// The batch is full.
    Full,
    /// The object is read.
    Done,
}

impl Worker {
    pub(super) fn new(
        plan: &Arc<Plan>,
        schema: SchemaRef,
        queue: &Arc<Queue>,
        decoder: Box<dyn Decoder>,
        batch_rows: usize,
    ) -> Self {
        Self {
            feed: Feed::new(&plan.source, queue),
            inflater: Inflater::with_limit(plan.source.text_limit),
            left: plan.limit.unwrap_or(usize::MAX),
            plan: Arc::clone(plan),
            schema,
            decoder,
            survey: Survey::default(),
            current: None,
            ready: VecDeque::new(),
            batch_rows,
            rows: 0,
            bytes: 0,
            ended: false,
        }
    }

    /// The next batch.
    pub(super) async fn next(&mut self) -> Option<DataFusionResult<RecordBatch>> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Some(Ok(batch));
            }
            if self.ended {
                return None;
            }
            if self.current.is_none() {
                let inflater = &mut self.inflater;
                let next = match self.left {
                    0 => None,
                    _ => self.feed.next(|| inflater.spare()).await,
                };
                let begun = match next {
                    Some(fetched) => self.begin(fetched),
                    None => self.end(),
                };
                if let Err(error) = begun {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
            if let Err(error) = self.read_on() {
                self.ended = true;
                return Some(Err(error));
            }
        }
    }

    fn end(&mut self) -> DataFusionResult<()> {
        self.ended = true;
        if self.plan.kind == Kind::Events {
            self.plan.scans.ended.fetch_add(1, Ordering::AcqRel);
        }
        if self.rows > 0 {
            self.send()?;
        }
        Ok(())
    }

    /// Starts on an object.
    fn begin(&mut self, fetched: Fetched) -> DataFusionResult<()> {
        let source = Arc::clone(&self.plan.source);
        let mut report = ObjectReport::new(&fetched.object);
        let raw = match fetched.bytes {
            Ok(raw) => raw,
            Err(error) => {
                source
                    .unreadable(&mut report, error)
                    .and_then(|()| source.finish(report))
                    .map_err(QueryError::into_datafusion)?;
                return Ok(());
            }
        };
        let counters = &source.counters;
        add(&counters.objects_opened, 1);
        add(&counters.bytes_opened, raw.bytes().len() as u64);
        if self.plan.kind == Kind::Events && parquet_object::is_one(raw.bytes()) {
            return self.read_parquet(&fetched.object, raw, report);
        }
        if let Err(unreadable) = self.inflater.take(raw) {
            report.unreadable(&unreadable);
            return source.finish(report).map_err(QueryError::into_datafusion);
        }
        let text = self.inflater.text();
        add(&counters.bytes_inflated, text.len() as u64);
        if self
            .plan
            .needles
            .iter()
            .any(|needle| !needle.may_be_in(text))
        {
            add(&counters.objects_passed_over, 1);
            return Ok(());
        }
        let is_plain = self.survey.look(text);
        self.decoder.begin(&fetched.object);
        if is_plain && self.decoder.counts_only() && self.plan.needles.is_empty() {
            let rows = self.survey.records.min(self.left);
            self.decoder.push_unseen(rows);
            self.rows += rows;
            self.left -= rows;
            if self.rows >= self.batch_rows {
                self.send()?;
            }
            return Ok(());
        }
        self.current = Some(Current {
            object: fetched.object,
            report,
            framing: if is_plain {
                Framing::Lines(0, 0)
            } else {
                Framing::Records(Records::start(text))
            },
        });
        Ok(())
    }

    fn read_parquet(
        &mut self,
        object: &Arc<DataObject>,
        raw: crate::encoding::Raw,
        mut report: ObjectReport,
    ) -> DataFusionResult<()> {
        if self.rows > 0 {
            self.send()?;
        }
        let source = Arc::clone(&self.plan.source);
        match parquet_object::read(raw, object, &self.plan.table, &self.plan.projection) {
            Ok(batches) => {
                for batch in batches {
                    let rows = batch.num_rows().min(self.left);
                    self.left -= rows;
                    add(&source.counters.rows, rows as u64);
                    self.ready.push_back(batch.slice(0, rows));
                }
            }
            Err(parquet_object::Fault::Misfit) => return Err(drift(&object.key, 0)),
            Err(parquet_object::Fault::Damaged(reason)) => {
                report.unreadable(&crate::encoding::Unreadable::Corrupt(reason));
            }
        }
        source.finish(report).map_err(QueryError::into_datafusion)
    }

    /// Reads on in the object until a batch is full or the object is read.
    fn read_on(&mut self) -> DataFusionResult<()> {
        let Some(mut current) = self.current.take() else {
            return Ok(());
        };
        // The buffer is lent to the text while the rest of the worker is used.
        let inflater = std::mem::take(&mut self.inflater);
        let survey = std::mem::take(&mut self.survey);
        let progress = match &mut current.framing {
            Framing::Lines(line, start) => {
                self.read_lines(inflater.text(), &survey, (line, start), &mut current.report)
            }
            Framing::Records(records) => {
                self.read_records(inflater.text(), records, &mut current.report)
            }
        };
        (self.inflater, self.survey) = (inflater, survey);
        match progress {
            Ok(Progress::Full) => {
                self.send()?;
                self.current = Some(current);
                Ok(())
            }
            Ok(Progress::Done) => {
                if self.left == 0 && self.rows > 0 {
                    self.send()?;
                }
                let finished = self.plan.source.finish(current.report);
                finished.map_err(QueryError::into_datafusion)
            }
            Err(line) => {
                if self.decoder.found_stray() {
                    self.plan.scans.strays.store(true, Ordering::Release);
                }
                Err(drift(&current.object.key, line))
            }
        }
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
        self.rows >= self.batch_rows || self.bytes >= BATCH_BYTES
    }

    /// `Err` is the line whose record does not fit the schema.
    fn read_lines(
        &mut self,
        text: &[u8],
        survey: &Survey,
        (line, start): (&mut usize, &mut usize),
        report: &mut ObjectReport,
    ) -> Result<Progress, u64> {
        let has_needles = !self.plan.needles.is_empty();
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
            match self.decoder.push(text, from) {
                Ok(pushed) if pushed.end == ENOUGH || pushed.end <= end => {
                    if let Some(path) = pushed.bad {
                        report.bad_value(*line as u64, &path);
                    }
                    if self.count(end - from) {
                        return Ok(Progress::Full);
                    }
                }
                // A value that runs on behind its line: the strict scanner will say what is wrong.
                Ok(_) | Err(Fault::Broken) => {
                    let record = text.get(..end).unwrap_or_default();
                    report.bad_record(*line as u64, from, fault_of(record, from), end - from);
                }
                Err(Fault::Misfit) => return Err(*line as u64),
            }
            if self.plan.source.stops_at(report) {
                break;
            }
        }
        Ok(Progress::Done)
    }

    fn read_records(
        &mut self,
        text: &[u8],
        records: &mut Records,
        report: &mut ObjectReport,
    ) -> Result<Progress, u64> {
        while self.left > 0
            && !self.plan.source.stops_at(report)
            && let Some(start) = records.next(text)
        {
            let end = match record_end(text, start) {
                Ok(end) => end,
                Err(error) => {
                    let line = records.line(text);
                    let skipped = records.resync(text);
                    report.bad_record(line, start, error, skipped);
                    continue;
                }
            };
            let record = text.get(start..end).unwrap_or_default();
            if !self.is_wanted(record) {
                records.accept(end);
                continue;
            }
            match self.decoder.push(text, start) {
                Ok(pushed) => {
                    if let Some(path) = pushed.bad {
                        report.bad_value(records.line(text), &path);
                    }
                    records.accept(end);
                    if self.count(end - start) {
                        return Ok(Progress::Full);
                    }
                }
                Err(Fault::Misfit) => return Err(records.line(text)),
                Err(Fault::Broken) => {
                    let line = records.line(text);
                    let error = fault_of(record, 0);
                    let skipped = records.resync(text);
                    report.bad_record(line, start, error, skipped);
                }
            }
        }
        Ok(Progress::Done)
    }

    fn send(&mut self) -> DataFusionResult<()> {
        add(&self.plan.source.counters.rows, self.rows as u64);
        (self.rows, self.bytes) = (0, 0);
        let batch = self.decoder.finish().map_err(DataFusionError::from)?;
        debug_assert_eq!(batch.schema(), self.schema);
        self.ready.push_back(batch);
        Ok(())
    }
}

/// What the strict scanner has against the record at `start`.
fn fault_of(text: &[u8], start: usize) -> JsonError {
    record_end(text, start).err().unwrap_or(JsonError {
        kind: JsonErrorKind::ExpectedValue,
        offset: start,
    })
}

fn drift(object: &str, line: u64) -> DataFusionError {
    QueryError::Drift {
        object: object.to_owned(),
        line,
    }
    .into_datafusion()
}

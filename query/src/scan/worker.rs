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
    encoding::{Inflater, Raw, Unreadable},
    error::QueryError,
    fetch::{Feed, Fetched, Payload, Queue, Share},
    framing::{Records, record_end},
    hours::interval,
    object::DataObject,
    parquet_object::{self, Fault as ParquetFault, Opened, Ranges, Rows},
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
    /// The Parquet object that is being read.
    parquet: Option<Parquet>,
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

/// The Parquet object that is being read.
struct Parquet {
    opened: Opened,
    report: ObjectReport,
    /// The row groups that are still to be read.
    groups: VecDeque<usize>,
    /// The rows of the one that is being read.
    rows: Option<Rows>,
}

/// Where the next record is.
enum Framing {
    /// One a line; the next line and its start.
    Lines(usize, usize),
    /// As the strict scanner finds it.
    Records(Records),
}

impl Parquet {
    /// The next batch.
    async fn next(&mut self, plan: &Plan) -> Result<Option<RecordBatch>, ParquetFault> {
        loop {
            if let Some(rows) = &mut self.rows {
                if let Some(batch) = rows.next(&plan.source, &self.opened).await? {
                    return Ok(Some(batch));
                }
                self.rows = None;
            }
            let Some(group) = self.groups.pop_front() else {
                return Ok(None);
            };
            self.rows = Some(Rows::new(plan, &self.opened, group)?);
        }
    }
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
            parquet: None,
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
            if let Err(error) = self.advance().await {
                self.ended = true;
                return Some(Err(error));
            }
        }
    }

    /// Reads on, or takes what is next.
    async fn advance(&mut self) -> DataFusionResult<()> {
        if self.parquet.is_some() {
            return self.read_rows().await;
        }
        if self.current.is_some() {
            return self.read_on();
        }
        let inflater = &mut self.inflater;
        let next = match self.left {
            0 => None,
            _ => self.feed.next(|| inflater.spare()).await,
        };
        match next {
            Some(fetched) => self.begin(fetched).await,
            None => self.end(),
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
    async fn begin(&mut self, fetched: Fetched) -> DataFusionResult<()> {
        let source = Arc::clone(&self.plan.source);
        let mut report = ObjectReport::new(&fetched.share.object);
        let raw = match fetched.bytes {
            Ok(Payload::Whole(raw)) => raw,
            Ok(Payload::Ranges(ranges)) => {
                add(
                    &source.counters.objects_opened,
                    u64::from(fetched.share.part == 0),
                );
                return self.open(fetched.share, ranges).await;
            }
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
            let ranges = parquet_object::whole(raw);
            return self.open(fetched.share, ranges).await;
        }
        self.begin_text(fetched.share.object, raw)
    }

    /// Starts on an object that is text.
    fn begin_text(&mut self, object: Arc<DataObject>, raw: Raw) -> DataFusionResult<()> {
        let source = Arc::clone(&self.plan.source);
        let counters = &source.counters;
        let mut report = ObjectReport::new(&object);
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
        let counts = self.decoder.counts_only() && self.plan.needles.is_empty();
        let is_plain = if counts {
            self.survey.count(text)
        } else {
            self.survey.look(text)
        };
        self.decoder.begin(&object);
        if is_plain && counts {
            return self.push_unseen(self.survey.records);
        }
        self.current = Some(Current {
            object,
            report,
            framing: if is_plain {
                Framing::Lines(0, 0)
            } else {
                Framing::Records(Records::start(text))
            },
        });
        Ok(())
    }

    /// Opens a Parquet object.
    async fn open(&mut self, share: Share, ranges: Ranges) -> DataFusionResult<()> {
        let Share { object, part, of } = share;
        let source = Arc::clone(&self.plan.source);
        let report = ObjectReport::new(&object);
        // How many rows a compacted file has is noted beside it.
        if let Some(rows) = object.compacted.as_ref().and_then(|file| file.rows)
            && self.schema.fields().is_empty()
            && self.plan.filters.is_empty()
        {
            let rows = if part == 0 { rows } else { 0 };
            return self.push_unseen(usize::try_from(rows).unwrap_or(usize::MAX));
        }
        if self.plan.kind == Kind::Errors {
            return self.open_foreign(object, report).await;
        }
        let interval = self.plan.trusts_time.then(|| {
            interval(|part| {
                let mut constants = self.plan.table.constants.iter();
                let part = constants.find(|it| it.field().name() == part)?;
                part.value(&object)
            })
        });
        let opened = parquet_object::open(
            &source,
            &object,
            ranges,
            &self.plan,
            interval.flatten(),
            (part, of),
        )
        .await;
        let (opened, groups) = match opened {
            Ok(opened) => opened,
            Err(ParquetFault::Foreign) => return self.open_foreign(object, report).await,
            Err(fault) => return self.fail_rows(report, fault),
        };
        let counts = self.decoder.counts_only() && self.plan.filters.is_empty();
        // What keys say of the rows of a compacted file is in the file.
        if counts && (object.compacted.is_none() || self.schema.fields().is_empty()) {
            self.decoder.begin(&object);
            let rows = groups.iter().map(|group| opened.rows_of(*group)).sum();
            return self.push_unseen(rows);
        }
        if self.rows > 0 {
            self.send()?;
        }
        self.parquet = Some(Parquet {
            opened,
            report,
            groups,
            rows: None,
        });
        Ok(())
    }

    /// Opens an object that is named like Parquet and is none.
    async fn open_foreign(
        &mut self,
        object: Arc<DataObject>,
        report: ObjectReport,
    ) -> DataFusionResult<()> {
        let source = Arc::clone(&self.plan.source);
        match source.get_whole(&object.key).await {
            Ok(raw) if self.plan.kind == Kind::Events && parquet_object::is_one(raw.bytes()) => {
                let reason = "the Parquet data ends early (a truncated object)".to_owned();
                self.fail_rows(report, ParquetFault::Damaged(reason))
            }
            Ok(raw) => {
                add(&source.counters.bytes_opened, raw.bytes().len() as u64);
                self.begin_text(object, raw)
            }
            Err(error) => self.fail_rows(report, ParquetFault::Store(error)),
        }
    }

    /// Adds rows of which nothing is looked at.
    fn push_unseen(&mut self, rows: usize) -> DataFusionResult<()> {
        let rows = rows.min(self.left);
        self.decoder.push_unseen(rows);
        self.rows += rows;
        self.left -= rows;
        if self.rows >= self.batch_rows {
            self.send()?;
        }
        Ok(())
    }

    /// Reads the next batch of a Parquet object.
    async fn read_rows(&mut self) -> DataFusionResult<()> {
        let source = Arc::clone(&self.plan.source);
        let Some(mut parquet) = self.parquet.take() else {
            return Ok(());
        };
        match parquet.next(&self.plan).await {
            Ok(Some(batch)) if self.left > 0 => {
                let kept = batch.num_rows().min(self.left);
                self.left -= kept;
                add(&source.counters.rows, kept as u64);
                self.ready.push_back(batch.slice(0, kept));
                self.parquet = Some(parquet);
                Ok(())
            }
            Ok(_) => source
                .finish(parquet.report)
                .map_err(QueryError::into_datafusion),
            Err(fault) => self.fail_rows(parquet.report, fault),
        }
    }

    /// What becomes of a fault in a Parquet object.
    fn fail_rows(&mut self, mut report: ObjectReport, fault: ParquetFault) -> DataFusionResult<()> {
        let source = &self.plan.source;
        let noted = match fault {
            ParquetFault::Misfit => return Err(drift(report.object(), 0)),
            ParquetFault::Stray => {
                self.plan.scans.strays.store(true, Ordering::Release);
                return Err(drift(report.object(), 0));
            }
            ParquetFault::Damaged(reason) => {
                report.unreadable(&Unreadable::Corrupt(reason));
                Ok(())
            }
            ParquetFault::Foreign => Ok(()),
            ParquetFault::Store(error) => source.unreadable(&mut report, error),
        };
        noted
            .and_then(|()| source.finish(report))
            .map_err(QueryError::into_datafusion)
    }

    /// Reads on in the object until a batch is full or the object is read.
    fn read_on(&mut self) -> DataFusionResult<()> {
        let Some(mut current) = self.current.take() else {
            return Ok(());
        };
        // The buffer is lent to the text while the rest of the worker is used.
        let inflater = std::mem::take(&mut self.inflater);
        let mut survey = std::mem::take(&mut self.survey);
        let progress = match &mut current.framing {
            Framing::Lines(line, start) => {
                self.read_lines(inflater.text(), &survey, (line, start), &mut current.report)
            }
            Framing::Records(records) => {
                self.read_records(inflater.text(), &mut survey, records, &mut current.report)
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
        survey: &mut Survey,
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
            match self.decoder.push(survey.mark(record), 0) {
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

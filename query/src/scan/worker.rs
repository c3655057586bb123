//! One partition of a scan.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
};

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use datafusion::{
    common::Result as DataFusionResult,
    error::DataFusionError,
    execution::{
        TaskContext,
        memory_pool::{MemoryConsumer, MemoryReservation},
    },
};

use super::{
    Kind, Plan,
    filling::{Filling, Framing, Progress, Stretch},
};
use crate::{
    decode::Decoder,
    encoding::{Inflater, Unreadable},
    error::QueryError,
    fetch::{Feed, Fetched, Payload, Queue, Share},
    framing::Records,
    hours::interval,
    object::DataObject,
    parquet_object::{self, Fault as ParquetFault, Opened, Ranges, Rows},
    reader::ObjectReport,
    stats::add,
    survey::Survey,
};

/// One partition's reader.
pub(super) struct Worker {
    plan: Arc<Plan>,
    feed: Feed,
    filling: Filling,
    inflater: Inflater,
    survey: Survey,
    current: Option<Current>,
    /// The Parquet object that is being read.
    parquet: Option<Parquet>,
    /// What of the query's memory the texts take.
    memory: MemoryReservation,
    ended: bool,
}

/// The object that is being read; its text is in the inflater.
struct Current {
    object: Arc<DataObject>,
    report: ObjectReport,
    framing: Framing,
    /// Lines of it before the stretch that is held.
    before: u64,
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

impl Worker {
    pub(super) fn new(
        plan: &Arc<Plan>,
        schema: SchemaRef,
        queue: &Arc<Queue>,
        decoder: Box<dyn Decoder>,
        context: &TaskContext,
    ) -> Self {
        let batch_rows = context.session_config().batch_size();
        Self {
            feed: Feed::new(&plan.source, queue),
            inflater: Inflater::new(&plan.source.room),
            filling: Filling::new(plan, schema, decoder, batch_rows),
            plan: Arc::clone(plan),
            survey: Survey::default(),
            current: None,
            parquet: None,
            memory: MemoryConsumer::new("texts of objects").register(context.memory_pool()),
            ended: false,
        }
    }

    /// The next batch.
    pub(super) async fn next(&mut self) -> Option<DataFusionResult<RecordBatch>> {
        loop {
            if let Some(batch) = self.filling.next() {
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
        let next = if self.filling.has_enough() {
            None
        } else {
            self.feed.next(|| inflater.spare()).await
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
        if self.filling.has_rows() {
            self.filling.send()?;
        }
        Ok(())
    }

    /// Starts on an object.
    async fn begin(&mut self, fetched: Fetched) -> DataFusionResult<()> {
        let source = Arc::clone(&self.plan.source);
        let mut report = ObjectReport::new(&fetched.share.object);
        let payload = match fetched.bytes {
            Ok(payload) => payload,
            Err(error) => {
                source
                    .unreadable(&mut report, error)
                    .and_then(|()| source.finish(report))
                    .map_err(QueryError::into_datafusion)?;
                return Ok(());
            }
        };
        let counters = &source.counters;
        add(&counters.objects_opened, u64::from(fetched.share.part == 0));
        let payload = match payload {
            Payload::Ranges(ranges) => return self.open(fetched.share, ranges).await,
            Payload::Whole(raw)
                if self.plan.kind == Kind::Events && parquet_object::is_one(raw.bytes()) =>
            {
                add(&counters.bytes_opened, raw.bytes().len() as u64);
                return self.open(fetched.share, parquet_object::whole(raw)).await;
            }
            Payload::Large(large) if self.plan.kind == Kind::Events && large.is_parquet() => {
                return match Ranges::of_object(&source, &fetched.share.object) {
                    Ok(ranges) => self.open(fetched.share, ranges).await,
                    Err(error) => self.fail_rows(report, ParquetFault::Store(error)),
                };
            }
            payload => payload,
        };
        self.begin_text(fetched.share.object, payload)
    }

    /// Starts on an object that is text.
    fn begin_text(&mut self, object: Arc<DataObject>, payload: Payload) -> DataFusionResult<()> {
        let source = Arc::clone(&self.plan.source);
        let counters = &source.counters;
        add(&counters.bytes_opened, payload.length());
        let report = ObjectReport::new(&object);
        let taken = payload.give_to(&mut self.inflater);
        self.note_memory();
        if let Err(unreadable) = taken {
            return self.refuse(report, &unreadable);
        }
        let text = self.inflater.text();
        if !self.inflater.goes_on() {
            let may_match = |text: &[u8]| self.plan.needles.iter().all(|it| it.may_be_in(text));
            if !may_match(text) {
                add(&counters.bytes_inflated, text.len() as u64);
                add(&counters.objects_passed_over, 1);
                return Ok(());
            }
        }
        self.filling.decoder().begin(&object);
        let framing = self.look(None);
        if let (Framing::Counted(records), false) = (&framing, self.inflater.goes_on()) {
            return self.filling.push_unseen(*records);
        }
        self.current = Some(Current {
            object,
            report,
            framing,
            before: 0,
        });
        Ok(())
    }

    /// What becomes of an object that cannot be read.
    fn refuse(&self, mut report: ObjectReport, why: &Unreadable) -> DataFusionResult<()> {
        if let Unreadable::NoRoom(reason) = why {
            let reason = format!("{}: {reason}", report.object());
            return Err(DataFusionError::ResourcesExhausted(reason));
        }
        report.unreadable(why);
        let finished = self.plan.source.finish(report);
        finished.map_err(QueryError::into_datafusion)
    }

    /// Counts what the texts take as the query's.
    fn note_memory(&mut self) {
        self.memory
            .resize(self.inflater.size() + self.survey.size());
    }

    /// Looks over the text that was read, which goes on behind so many lines: where are its records?
    fn look(&mut self, before: Option<u64>) -> Framing {
        let counts = self.filling.counts_only() && self.plan.needles.is_empty();
        let (text, lines) = (self.inflater.text(), self.inflater.lines());
        add(
            &self.plan.source.counters.bytes_inflated,
            lines.len() as u64,
        );
        let is_plain = match (lines.is_empty() && self.inflater.goes_on(), counts) {
            (true, _) => false,
            (false, true) => self.survey.count(lines),
            (false, false) => self.survey.look(lines),
        };
        if is_plain && counts {
            return Framing::Counted(self.survey.records);
        }
        if is_plain {
            return Framing::Lines(0, 0);
        }
        Framing::Records(before.map_or_else(|| Records::start(text), Records::behind))
    }

    /// Opens a Parquet object.
    async fn open(&mut self, share: Share, ranges: Ranges) -> DataFusionResult<()> {
        let Share { object, part, of } = share;
        let source = Arc::clone(&self.plan.source);
        let report = ObjectReport::new(&object);
        // How many rows a compacted file has is noted beside it.
        if let Some(rows) = object.compacted.as_ref().and_then(|file| file.rows)
            && self.filling.is_without_columns()
            && self.plan.filters.is_empty()
        {
            let rows = if part == 0 { rows } else { 0 };
            let rows = usize::try_from(rows).unwrap_or(usize::MAX);
            return self.filling.push_unseen(rows);
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
        let counts = self.filling.counts_only() && self.plan.filters.is_empty();
        // What keys say of the rows of a compacted file is in the file.
        if counts && (object.compacted.is_none() || self.filling.is_without_columns()) {
            self.filling.decoder().begin(&object);
            let rows = groups.iter().map(|group| opened.rows_of(*group)).sum();
            return self.filling.push_unseen(rows);
        }
        if self.filling.has_rows() {
            self.filling.send()?;
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
        match source.get_whole(&object).await {
            Ok(Payload::Whole(raw))
                if self.plan.kind == Kind::Events && parquet_object::is_one(raw.bytes()) =>
            {
                let reason = "the Parquet data ends early (a truncated object)".to_owned();
                self.fail_rows(report, ParquetFault::Damaged(reason))
            }
            Ok(payload) => self.begin_text(object, payload),
            Err(error) => self.fail_rows(report, ParquetFault::Store(error)),
        }
    }

    /// Reads the next batch of a Parquet object.
    async fn read_rows(&mut self) -> DataFusionResult<()> {
        let source = Arc::clone(&self.plan.source);
        let Some(mut parquet) = self.parquet.take() else {
            return Ok(());
        };
        match parquet.next(&self.plan).await {
            Ok(Some(batch)) if !self.filling.has_enough() => {
                self.filling.push_batch(&batch);
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

    /// Reads on in the object until a batch is full, or its text or a stretch of it is read.
    fn read_on(&mut self) -> DataFusionResult<()> {
        let Some(mut current) = self.current.take() else {
            return Ok(());
        };
        let stretch = Stretch {
            text: self.inflater.text(),
            survey: &self.survey,
            before: current.before,
            goes_on: self.inflater.goes_on(),
        };
        let progress = self
            .filling
            .read(&mut current.framing, stretch, &mut current.report);
        match progress {
            Ok(Progress::Full) => {
                self.filling.send()?;
                self.current = Some(current);
                Ok(())
            }
            Ok(Progress::Done) => self.go_on(current),
            Err(line) => {
                if self.filling.decoder().found_stray() {
                    self.plan.scans.strays.store(true, Ordering::Release);
                }
                Err(drift(&current.object.key, line))
            }
        }
    }

    /// Goes on to the next stretch of an object, if there is one and it is wanted.
    fn go_on(&mut self, mut current: Current) -> DataFusionResult<()> {
        let (done, before) = match &mut current.framing {
            Framing::Records(records) => records.done(self.inflater.text()),
            Framing::Counted(records) => {
                self.filling.push_unseen(*records)?;
                let lines = self.inflater.lines();
                let feeds = memchr::memchr_iter(b'\n', lines).count();
                (lines.len(), current.before + feeds as u64)
            }
            Framing::Lines(..) => {
                let lines = self.survey.ends.len() as u64;
                (self.inflater.lines().len(), current.before + lines)
            }
        };
        let is_done = self.filling.has_enough() || self.plan.source.stops_at(&current.report);
        if is_done || !self.inflater.goes_on() {
            if self.filling.has_enough() && self.filling.has_rows() {
                self.filling.send()?;
            }
            let finished = self.plan.source.finish(current.report);
            return finished.map_err(QueryError::into_datafusion);
        }
        let read = self.inflater.read_on(done);
        if let Err(why) = read {
            return self.refuse(current.report, &why);
        }
        current.before = before;
        current.framing = self.look(Some(before));
        self.note_memory();
        self.current = Some(current);
        Ok(())
    }
}

fn drift(object: &str, line: u64) -> DataFusionError {
    QueryError::Drift {
        object: object.to_owned(),
        line,
    }
    .into_datafusion()
}

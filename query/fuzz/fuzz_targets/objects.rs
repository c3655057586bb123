//! Any bytes as an object: no panic, and the quick way of reading its text agrees with the strict one.
//!
//! Where the survey says that a text is one record a line, the strict scanner finds its records in the same
//! places; and both ways build the same columns from them, with the schema that the first of them has.

#![no_main]
#![allow(
    dead_code,
    reason = "only the reading modules of `query` are compiled in, and not all of each is used"
)]

#[path = "../../src"]
mod reader {
    pub(crate) mod column;
    pub(crate) mod constants;
    pub(crate) mod decode;
    pub(crate) mod encoding;
    pub(crate) mod framing;
    pub(crate) mod hours;
    pub(crate) mod members;
    pub(crate) mod object;
    pub(crate) mod paths;
    pub(crate) mod shape;
    pub(crate) mod skim;
    pub(crate) mod survey;
    pub(crate) mod text;
}

use std::sync::Arc;

use arrow::array::RecordBatch;
use libfuzzer_sys::fuzz_target;

// Their `crate::…` is this program.
pub(crate) use reader::{
    column, constants, decode, encoding, framing, hours, members, object, paths, shape, skim,
    survey, text,
};

use crate::{
    column::Fault,
    constants::Constant,
    decode::{Decoder, EventDecoder, TableColumns},
    encoding::{Inflater, Raw, Room, Scratch, ScratchFile},
    framing::{Records, record_end},
    object::DataObject,
    paths::Projection,
    shape::Shape,
    skim::Marked,
    survey::Survey,
};

/// The records that the strict scanner finds.
fn records(text: &[u8]) -> Vec<(usize, usize)> {
    let (mut records, mut found) = (Records::start(text), Vec::new());
    while let Some(start) = records.next(text) {
        match record_end(text, start) {
            Ok(end) => {
                found.push((start, end));
                records.accept(end);
            }
            Err(_) => {
                assert!(records.resync(text) > 0);
            }
        }
    }
    found
}

/// A decoder of everything, with the schema of some records.
fn decoder(text: &[u8], records: &[(usize, usize)]) -> EventDecoder {
    let mut shape = Shape::default();
    for (start, end) in records {
        shape
            .observe_record(&text[*start..*end])
            .expect("a record of the strict scanner");
    }
    let table = TableColumns::new(
        shape.record_fields(),
        vec![Constant::object()],
        Some(Arc::new(shape)),
    );
    let projection = Projection {
        columns: (0..table.schema.fields().len()).collect(),
        paths: None,
    };
    let mut decoder = EventDecoder::new(&table, &projection);
    decoder.begin(&Arc::new(DataObject {
        key: "object".to_owned(),
        size: 0,
        written: 0,
        partitions: [].into(),
        compacted: None,
    }));
    decoder
}

/// What becomes of a record.
fn push(decoder: &mut EventDecoder, text: Marked<'_>, start: usize) -> Result<(), Fault> {
    decoder
        .push(text, start)
        .map(|pushed| assert_eq!(pushed.bad, None))
}

fn finish(mut decoder: EventDecoder) -> RecordBatch {
    decoder.finish().expect("columns that fit the schema")
}

/// Objects are held whole: no file is asked for.
struct NoScratch;

impl Scratch for NoScratch {
    fn file(&self) -> std::io::Result<ScratchFile> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}

fuzz_target!(|object: &[u8]| {
    let room = Room::new(None, 1, Arc::new(NoScratch));
    let mut inflater = Inflater::new(&Arc::new(room));
    if inflater.take(Raw::Read(object.to_vec())).is_err() {
        return;
    }
    let text = inflater.text();
    let good = records(text);
    let (mut survey, mut strict_survey) = (Survey::default(), Survey::default());
    let is_plain = survey.look(text);
    let count = survey.records;
    assert_eq!(Survey::default().count(text), is_plain);

    let sample = &good[..good.len().div_ceil(2)];
    let mut strict = decoder(text, sample);
    let of_strict: Vec<_> = good
        .iter()
        .map(|(start, end)| push(&mut strict, strict_survey.mark(&text[*start..*end]), 0))
        .collect();
    for (pushed, _) in of_strict.iter().zip(sample) {
        assert_eq!(*pushed, Ok(()), "a record of the sample");
    }
    let strict = finish(strict);
    if !is_plain {
        return;
    }
    assert!(good.len() <= count);
    let mut quick = decoder(text, sample);
    let marked = survey.marked(text);
    let mut start = 0;
    let lines: Vec<_> = survey
        .ends
        .iter()
        .map(|&end| {
            (
                std::mem::replace(&mut start, end as usize + 1),
                end as usize,
            )
        })
        .filter(|(start, end)| start < end)
        .collect();
    assert_eq!(lines.len(), count);
    assert!(good.iter().all(|record| lines.contains(record)));
    let mut of_strict = of_strict.into_iter();
    for line in lines {
        // Only lines that are JSON throughout have to be read alike.
        if good.contains(&line) {
            assert_eq!(Some(push(&mut quick, marked, line.0)), of_strict.next());
        }
    }
    assert_eq!(finish(quick), strict);
});

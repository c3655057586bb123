//! Files of records: opened, inflated where they are gzip, and cut into records.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufReader, IsTerminal, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use hydrant_records::lines::{Framed, next_record};

use crate::{entries::Bus, output};

/// What one read asks for.
const CHUNK: usize = 1 << 20;

/// The longest record that is waited for. Far above what Firehose takes: a file in which no record ends for
/// so long is no file of records.
const LONGEST: usize = 64 << 20;

/// One record of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its bytes, without the line end.
    pub(crate) data: Bytes,
    /// The line on which it begins, from 1.
    pub(crate) line: u64,
}

/// Reads the records of one file.
pub(crate) struct RecordReader {
    name: String,
    source: Box<dyn Read + Send>,
    chunk: Bytes,
    at: usize,
    line: u64,
    is_end: bool,
}

impl RecordReader {
    /// Opens `path`; `-` is standard input.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        if path.as_os_str() == "-" {
            if io::stdin().is_terminal() {
                output::say("reading records from standard input; end with Ctrl-D");
            }
            return Self::new("standard input".to_owned(), Box::new(io::stdin()));
        }
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        Self::new(path.display().to_string(), Box::new(file))
    }

    /// Reads from `source`, called `name` in messages.
    pub(crate) fn new(name: String, mut source: Box<dyn Read + Send>) -> Result<Self> {
        let mut magic = Vec::new();
        (&mut source)
            .take(2)
            .read_to_end(&mut magic)
            .with_context(|| format!("cannot read {name}"))?;
        let is_gzip = magic == [0x1f, 0x8b];
        let whole = io::Cursor::new(magic).chain(source);
        let source: Box<dyn Read + Send> = if is_gzip {
            Box::new(MultiGzDecoder::new(BufReader::new(whole)))
        } else {
            Box::new(whole)
        };
        Ok(Self {
            name,
            source,
            chunk: Bytes::new(),
            at: 0,
            line: 1,
            is_end: false,
        })
    }

    /// The file's name, for messages.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The next record; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Record>> {
        loop {
            match next_record(&self.chunk, self.at, self.is_end) {
                Framed::Record { record, next } => {
                    let line = self.line + newlines(&self.chunk[self.at..record.start]);
                    self.line = line + newlines(&self.chunk[record.start..next]);
                    self.at = next;
                    return Ok(Some(Record {
                        data: self.chunk.slice(record),
                        line,
                    }));
                }
                Framed::End => return Ok(None),
                Framed::More => self.fill()?,
            }
        }
    }

    /// Keeps what is not read yet and reads on behind it.
    fn fill(&mut self) -> Result<()> {
        let rest = &self.chunk[self.at..];
        if rest.len() > LONGEST {
            bail!(
                "{}:{}: no record ends within {} MiB; give one JSON record a line",
                self.name,
                self.line,
                LONGEST >> 20
            );
        }
        let kept = rest.len();
        // At least as much again: a long record is then copied a bounded number of times.
        let wanted = kept + CHUNK.max(kept);
        let mut chunk = BytesMut::with_capacity(wanted);
        chunk.extend_from_slice(rest);
        chunk.resize(wanted, 0);
        let mut filled = kept;
        while filled < wanted {
            match self.source.read(&mut chunk[filled..]) {
                Ok(0) => {
                    self.is_end = true;
                    break;
                }
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(error)
                        .with_context(|| format!("{}:{}: cannot read on", self.name, self.line));
                }
            }
        }
        chunk.truncate(filled);
        self.chunk = chunk.freeze();
        self.at = 0;
        Ok(())
    }
}

fn newlines(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

/// What a file gives: a record, or why there is none.
#[derive(Debug)]
pub(crate) enum Item {
    /// A record.
    Record(Record),
    /// Something that would not have reached the stream, and why; with file and line.
    Refused(String),
}

/// The records of several files, one after the other.
pub(crate) struct Records {
    files: std::vec::IntoIter<PathBuf>,
    reader: Option<RecordReader>,
    bus: Option<Bus>,
    waiting: VecDeque<Item>,
}

impl Records {
    /// Reads `files`; with a bus they are request bodies, and it makes the records.
    pub(crate) fn new(files: Vec<PathBuf>, bus: Option<Bus>) -> Self {
        Self {
            files: files.into_iter(),
            reader: None,
            bus,
            waiting: VecDeque::new(),
        }
    }

    /// The next record or refusal; `None` at the end of the last file.
    pub(crate) fn next(&mut self) -> Result<Option<Item>> {
        loop {
            if let Some(item) = self.waiting.pop_front() {
                return Ok(Some(item));
            }
            let reader = match &mut self.reader {
                Some(reader) => reader,
                None => match self.files.next() {
                    Some(file) => self.reader.insert(RecordReader::open(&file)?),
                    None => return Ok(None),
                },
            };
            match (reader.next()?, &mut self.bus) {
                (None, _) => self.reader = None,
                (Some(record), None) => return Ok(Some(Item::Record(record))),
                (Some(body), Some(bus)) => {
                    let place = format!("{}:{}", reader.name(), body.line);
                    self.waiting = items(bus, &body, &place);
                }
            }
        }
    }

    /// The file that is being read, for messages.
    pub(crate) fn name(&self) -> &str {
        self.reader.as_ref().map_or("", RecordReader::name)
    }
}

/// What a bus makes of a body.
fn items(bus: &mut Bus, body: &Record, place: &str) -> VecDeque<Item> {
    let records = match bus.records(&body.data) {
        Ok(records) => records,
        Err(error) => return [Item::Refused(format!("{place}: {error:#}"))].into(),
    };
    let item = |record: Result<Vec<u8>, String>| match record {
        Ok(data) => Item::Record(Record {
            data: data.into(),
            line: body.line,
        }),
        Err(reason) => Item::Refused(format!("{place}: {reason}")),
    };
    records.into_iter().map(item).collect()
}

/// The files to read: those named, or standard input. That one is missing is said before any is read.
pub(crate) fn files(named: &[PathBuf]) -> Result<Vec<PathBuf>> {
    if named.is_empty() {
        return Ok(vec![PathBuf::from("-")]);
    }
    for file in named.iter().filter(|file| file.as_os_str() != "-") {
        File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    }
    Ok(named.to_vec())
}

/// Size of the files together, where it is known: for progress.
pub(crate) fn total_bytes(files: &[PathBuf]) -> Option<u64> {
    files
        .iter()
        .map(|file| std::fs::metadata(file).ok().map(|it| it.len()))
        .sum()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(bytes: &[u8]) -> Vec<(u64, String)> {
        let mut reader =
            RecordReader::new("test".into(), Box::new(io::Cursor::new(bytes.to_vec()))).unwrap();
        let mut records = Vec::new();
        while let Some(Record { data, line }) = reader.next().unwrap() {
            records.push((line, String::from_utf8(data.to_vec()).unwrap()));
        }
        records
    }

    #[test]
    fn records_carry_the_line_on_which_they_begin() {
        let text = "{\"a\":1}\n\n{\n\"b\":2\n}\n{\"c\":3}";
        let expected = [
            (1, "{\"a\":1}".to_owned()),
            (3, "{\n\"b\":2\n}".to_owned()),
            (6, "{\"c\":3}".to_owned()),
        ];
        assert_eq!(read(text.as_bytes()), expected);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        assert_eq!(
            read(&gzip.finish().unwrap()),
            expected,
            "gzip is inflated by itself"
        );
        assert_eq!(read(b""), []);
        assert_eq!(read(b"x"), [(1, "x".to_owned())]);
    }

    #[test]
    fn chunks_neither_lose_nor_join_records() {
        let long = format!("{{\"long\":\"{}\"}}", "x".repeat(3 * CHUNK));
        let mut text = String::new();
        for index in 0..40_000 {
            text += &format!(
                "{{\"index\":{index},\"pad\":\"{}\"}}\n",
                "y".repeat(index % 97)
            );
            if index % 20_000 == 7 {
                text += &format!("{long}\n");
            }
        }
        let records = read(text.as_bytes());
        assert_eq!(records.len(), 40_002);
        let lines: Vec<&str> = text.lines().collect();
        for (line, record) in records {
            assert_eq!(record, lines[usize::try_from(line).unwrap() - 1]);
        }
    }
}

//! Where the parts of a transform event are: found in one pass, nothing copied, base64 not looked into.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use hydrant_records::json::{JsonError, Scanner, key_equals, members};

/// An event that cannot be answered: it is no Firehose transform event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// Not JSON, or no JSON object.
    #[error("this is no Firehose transform event: {0}")]
    Json(JsonError),
    /// There is no array `records`.
    #[error(
        "this is no Firehose transform event: it has no array \"records\"; attach the function to a delivery stream as its Lambda processor"
    )]
    NoRecords,
    /// An element of `records` is no object, so it has no id to answer with.
    #[error(
        "this is no Firehose transform event: what starts at byte {offset} in \"records\" is no object"
    )]
    RecordNotAnObject {
        /// Where the element starts in the event.
        offset: usize,
    },
    /// Not even the shortest answer for every record fits.
    #[error(
        "the event has {records} records, too many to answer within {limit} bytes; lower the processor's BufferSizeInMBs"
    )]
    TooManyRecords {
        /// Records in the event.
        records: usize,
        /// Bytes that an answer may have.
        limit: usize,
    },
    /// Larger than any event that Lambda hands over.
    #[error("the event has {bytes} bytes; Lambda hands over 6 MiB at most")]
    TooLarge {
        /// Bytes of the event.
        bytes: usize,
    },
}

impl From<JsonError> for EventError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

/// Where overflowing records came from, and so where they can be put again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The stream takes puts: the ARN of the delivery stream.
    DeliveryStream(String),
    /// The stream reads from a Kinesis data stream: that one's ARN.
    KinesisStream(String),
}

/// A part of the event. Half the size of a range of `usize`, as there is one for every record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// The bytes of `event` that it stands for.
    pub(crate) fn of(self, event: &[u8]) -> &[u8] {
        event
            .get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }
}

/// What `data` is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Data {
    /// Missing, null, or no string.
    #[default]
    None,
    /// A string, here without its quotes; it may have escapes, which no base64 has, so that whoever decodes
    /// it finds out.
    Plain(Span),
    /// A string with an escape before a quote, here with its quotes.
    Escaped(Span),
}

/// Whether a record is answered as what it holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Yes.
    #[default]
    Alone,
    /// Another record has the same id: one answer for all of them, here.
    First,
    /// The same, and the answer is elsewhere.
    Again,
}

/// One element of `records`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RecordSpan {
    /// The id as it is spelled, with its quotes; empty where there is none.
    pub(crate) id: Span,
    pub(crate) data: Data,
    /// `kinesisRecordMetadata`; empty where there is none.
    pub(crate) kinesis: Span,
    pub(crate) turn: Turn,
}

/// What there is in an event. Filled again and again, so that its memory serves all of them.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) records: Vec<RecordSpan>,
    stream: Span,
    kinesis_stream: Span,
}

impl Index {
    /// Reads `event`.
    pub(crate) fn read(&mut self, event: &[u8]) -> Result<(), EventError> {
        self.records.clear();
        self.stream = Span::default();
        self.kinesis_stream = Span::default();
        if u32::try_from(event.len()).is_err() {
            return Err(EventError::TooLarge { bytes: event.len() });
        }
        let mut reader = Reader {
            event,
            scanner: Scanner::new(event, 0),
        };
        reader.scanner.skip_whitespace();
        reader.scanner.enter_object()?;
        let mut found = false;
        while let Some(key) = reader.scanner.next_member()? {
            let key = event.get(key).unwrap_or_default();
            if key_equals(key, "records") && reader.scanner.peek() == Some(b'[') {
                found = true;
                self.records.clear();
                reader.records(&mut self.records)?;
            } else if key_equals(key, "deliveryStreamArn") {
                self.stream = reader.value()?;
            } else if key_equals(key, "sourceKinesisStreamArn") {
                self.kinesis_stream = reader.value()?;
            } else {
                reader.scanner.skip_value()?;
            }
        }
        if !found {
            return Err(EventError::NoRecords);
        }
        mark_duplicates(event, &mut self.records);
        Ok(())
    }

    /// Where the event's records came from, if the event says so.
    pub(crate) fn source(&self, event: &[u8]) -> Option<Source> {
        let text = |span: Span| string(span.of(event)).filter(|arn| !arn.is_empty());
        if let Some(arn) = text(self.kinesis_stream) {
            return Some(Source::KinesisStream(arn.into_owned()));
        }
        text(self.stream).map(|arn| Source::DeliveryStream(arn.into_owned()))
    }
}

impl RecordSpan {
    /// The id as text, or as it is spelled where it is no string.
    pub(crate) fn id_text(self, event: &[u8]) -> String {
        let id = self.id.of(event);
        string(id).map_or_else(|| String::from_utf8_lossy(id).into_owned(), Cow::into_owned)
    }

    /// The partition key that the record has in its Kinesis data stream.
    pub(crate) fn partition_key(self, event: &[u8]) -> Option<String> {
        let metadata = self.kinesis.of(event);
        let mut members = members(metadata, 0).ok()?.map_while(Result::ok);
        let member = members.find(|member| {
            key_equals(
                metadata.get(member.key.clone()).unwrap_or_default(),
                "partitionKey",
            )
        })?;
        string(metadata.get(member.value)?).map(Cow::into_owned)
    }
}

struct Reader<'e> {
    event: &'e [u8],
    scanner: Scanner<'e>,
}

/// The size of an event was checked.
fn span(range: Range<usize>) -> Span {
    let offset = |at| u32::try_from(at).unwrap_or(u32::MAX);
    Span {
        start: offset(range.start),
        end: offset(range.end),
    }
}

impl Reader<'_> {
    fn records(&mut self, records: &mut Vec<RecordSpan>) -> Result<(), EventError> {
        self.scanner.enter_array()?;
        while self.scanner.next_element()? {
            if self.scanner.peek() != Some(b'{') {
                let offset = self.scanner.offset();
                // What is no JSON either is told as that.
                self.scanner.skip_value()?;
                return Err(EventError::RecordNotAnObject { offset });
            }
            records.push(self.record()?);
        }
        Ok(())
    }

    fn record(&mut self) -> Result<RecordSpan, EventError> {
        self.scanner.enter_object()?;
        let mut record = RecordSpan::default();
        while let Some(key) = self.scanner.next_member()? {
            let key = self.event.get(key).unwrap_or_default();
            if key_equals(key, "data") {
                record.data = self.data()?;
            } else if key_equals(key, "recordId") {
                let id = self.scanner.skip_value()?;
                self.scanner.check_utf8(id.clone())?;
                record.id = match self.event.get(id.clone()) {
                    Some(b"null") | None => Span::default(),
                    Some(_) => span(id),
                };
            } else if key_equals(key, "kinesisRecordMetadata") {
                record.kinesis = self.value()?;
            } else {
                self.scanner.skip_value()?;
            }
        }
        Ok(record)
    }

    fn value(&mut self) -> Result<Span, EventError> {
        Ok(span(self.scanner.skip_value()?))
    }

    /// Passes the value of `data` without reading it as JSON: the decoder of base64 refuses whatever the
    /// grammar of strings would, and reads every byte anyway.
    fn data(&mut self) -> Result<Data, EventError> {
        if self.scanner.peek() != Some(b'"') {
            self.scanner.skip_value()?;
            return Ok(Data::None);
        }
        let start = self.scanner.offset() + 1;
        let rest = self.event.get(start..).unwrap_or_default();
        if let Some(length) = memchr::memchr(b'"', rest)
            && length.checked_sub(1).and_then(|last| rest.get(last)) != Some(&b'\\')
        {
            // A scanner that starts behind the value goes on as one that passed it.
            self.scanner = Scanner::new(self.event, start + length + 1);
            return Ok(Data::Plain(span(start..start + length)));
        }
        Ok(Data::Escaped(self.value()?))
    }
}

impl Span {
    /// A span of what lies between quotes, with them.
    pub(crate) fn quoted(self) -> Self {
        Self {
            start: self.start.saturating_sub(1),
            end: self.end.saturating_add(1),
        }
    }
}

/// A JSON string, without its quotes and escapes.
pub(crate) fn string(spelled: &[u8]) -> Option<Cow<'_, str>> {
    let inner = spelled.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if memchr::memchr(b'\\', inner).is_none() {
        return str::from_utf8(inner).ok().map(Cow::Borrowed);
    }
    serde_json::from_slice::<String>(spelled)
        .ok()
        .map(Cow::Owned)
}

/// Marks records whose id another one has too. AWS sends ids that ascend, so that as a rule one comparison a
/// record says that there are none.
fn mark_duplicates(event: &[u8], records: &mut [RecordSpan]) {
    let ascending = records.windows(2).all(|pair| match pair {
        [one, next] => one.id.of(event) < next.id.of(event),
        _ => true,
    });
    let escaped = |record: &RecordSpan| memchr::memchr(b'\\', record.id.of(event)).is_some();
    if ascending && !records.iter().any(escaped) {
        return;
    }
    let mut first: HashMap<Cow<'_, [u8]>, usize> = HashMap::with_capacity(records.len());
    for at in 0..records.len() {
        let Some(id) = records.get(at).map(|record| record.id.of(event)) else {
            return;
        };
        if id.is_empty() {
            continue;
        }
        let key = match string(id) {
            Some(Cow::Owned(text)) => Cow::Owned(format!("\"{text}\"").into_bytes()),
            _ => Cow::Borrowed(id),
        };
        let earlier = *first.entry(key).or_insert(at);
        if earlier != at {
            if let Some(record) = records.get_mut(earlier) {
                record.turn = Turn::First;
            }
            if let Some(record) = records.get_mut(at) {
                record.turn = Turn::Again;
            }
        }
    }
}

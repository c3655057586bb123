//! Learning the shape of records from the objects themselves: from a sample of them before a query is
//! planned, and from all of them when the sample turns out not to do.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Instant,
};

use datafusion::{common::runtime::SpawnedTask, error::DataFusionError};
use hydrant_records::json::Scanner;
use memchr::memmem::Finder;

use crate::{
    encoding::{Inflater, Unreadable, beginning},
    error::QueryError,
    fetch::{Feed, Payload, Queue, Share},
    framing::{Records, record_end},
    memory::Memory,
    object::DataObject,
    parquet_object::{self, Fault, Ranges},
    reader::Source,
    shape::Shape,
    stats::{add, add_time},
    text::text as said,
};

/// Objects in a sample, unless there are more groups of them.
const SAMPLE: usize = 48;

/// Most objects of one group in a sample.
const SAMPLE_OF_GROUP: usize = 8;

/// Bytes of an object that are read for a sample, where it is compressed, and of text that are learned from.
const SAMPLE_BYTES: usize = 16 << 10;

/// Readers at a time where objects come from a store: they mostly wait.
const READERS: usize = 16;

/// Folders that say when records came, not what they are.
const TIMES: [&str; 9] = [
    "year", "month", "day", "hour", "minute", "dt", "date", "ds", "datehour",
];

/// The objects to sample: of each group, the folders without those that say when, the few whose keys have
/// the smallest hashes. So it is spread over the lake, depends on nothing but the keys, and changes little
/// when objects are added.
fn sample(objects: &[Arc<DataObject>]) -> Vec<Arc<DataObject>> {
    let mut groups: HashMap<String, Vec<(u64, usize)>> = HashMap::new();
    let (mut folder, mut group) = ("", String::new());
    for (at, object) in objects.iter().enumerate() {
        let place = object.key.rsplit_once('/').map_or("", |(folder, _)| folder);
        if at == 0 || place != folder {
            folder = place;
            group = group_of(place);
        }
        let members = groups.entry_ref(&group);
        let hash = hash(&object.key);
        if members.len() < SAMPLE_OF_GROUP {
            members.push((hash, at));
        } else if let Some(largest) = members.iter_mut().max()
            && (hash, at) < *largest
        {
            *largest = (hash, at);
        }
    }
    let each = (SAMPLE / groups.len().max(1)).clamp(1, SAMPLE_OF_GROUP);
    let mut groups: Vec<Vec<(u64, usize)>> = groups.into_values().collect();
    for group in &mut groups {
        group.sort_unstable();
        group.truncate(each);
    }
    groups.sort_unstable();
    let mut chosen: Vec<usize> = groups
        .into_iter()
        .flatten()
        .map(|(_, at)| at)
        .take(SAMPLE)
        .collect();
    chosen.sort_unstable();
    chosen
        .into_iter()
        .filter_map(|at| objects.get(at).cloned())
        .collect()
}

trait EntryRef {
    fn entry_ref(&mut self, key: &str) -> &mut Vec<(u64, usize)>;
}

impl EntryRef for HashMap<String, Vec<(u64, usize)>> {
    fn entry_ref(&mut self, key: &str) -> &mut Vec<(u64, usize)> {
        if !self.contains_key(key) {
            self.insert(key.to_owned(), Vec::new());
        }
        self.entry(key.to_owned()).or_default()
    }
}

fn group_of(folder: &str) -> String {
    let says_what = |part: &&str| match part.split_once('=') {
        Some((name, _)) => !TIMES.contains(&name),
        None => !part
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-'),
    };
    let parts: Vec<_> = folder.split('/').filter(says_what).collect();
    parts.join("/")
}

/// FNV-1a, mixed once more: keys differ in their last characters.
fn hash(key: &str) -> u64 {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325, fold);
    (hash ^ hash >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The shape that a sample of `objects` has.
///
/// # Errors
///
/// [`QueryError::Store`] when the store refuses an object.
pub(crate) async fn learn_sample(
    source: &Arc<Source>,
    memory: &Arc<Memory>,
    objects: &[Arc<DataObject>],
) -> Result<Shape, QueryError> {
    let start = Instant::now();
    let (mut all, raw) = noted(objects);
    let chosen: Arc<[_]> = sample(&raw).into();
    let remembered = Arc::clone(memory);
    let shapes = each(source, &chosen, move |source, object| {
        let memory = Arc::clone(&remembered);
        async move {
            let remembers = source.directory.is_none();
            if remembers && let Some(known) = memory.get(&object) {
                add(&source.counters.objects_remembered, 1);
                return Ok(known);
            }
            let shape = Arc::new(sample_object(&source, &object).await?);
            if remembers {
                memory.put(&object, Arc::clone(&shape));
            }
            Ok(shape)
        }
    })
    .await?;
    memory.save();
    for shape in &shapes {
        all.merge(shape);
    }
    add_time(&source.counters.learning, start);
    Ok(all)
}

/// The shape of the compacted files among some objects, and the others: of those files it was noted when they
/// were made.
fn noted(objects: &[Arc<DataObject>]) -> (Shape, Vec<Arc<DataObject>>) {
    let (mut shape, mut raw) = (Shape::default(), Vec::with_capacity(objects.len()));
    let mut last: Option<&Arc<Shape>> = None;
    for object in objects {
        match &object.compacted {
            // Files that were made together share theirs.
            Some(file) if last.is_some_and(|last| Arc::ptr_eq(last, &file.shape)) => {}
            Some(file) => {
                shape.merge(&file.shape);
                last = Some(&file.shape);
            }
            None => raw.push(Arc::clone(object)),
        }
    }
    (shape, raw)
}

/// Runs `learn` for each object, some at a time; the answers are in the order of the objects.
async fn each<T, F>(
    source: &Arc<Source>,
    objects: &Arc<[Arc<DataObject>]>,
    learn: impl Fn(Arc<Source>, Arc<DataObject>) -> F + Clone + Send + 'static,
) -> Result<Vec<T>, QueryError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, QueryError>> + Send,
{
    let readers = if source.directory.is_some() {
        source.threads
    } else {
        READERS
    };
    let queue = Arc::new(Queue::new(objects.iter().map(Share::whole)));
    let readers: Vec<_> = (0..readers.min(objects.len()))
        .map(|_| {
            let (queue, source, learn) = (Arc::clone(&queue), Arc::clone(source), learn.clone());
            SpawnedTask::spawn(async move {
                let mut learned = Vec::new();
                while let Some((at, share)) = queue.take() {
                    learned.push((at, learn(Arc::clone(&source), share.object).await?));
                    tokio::task::yield_now().await;
                }
                Ok::<_, QueryError>(learned)
            })
        })
        .collect();
    let mut all = Vec::with_capacity(objects.len());
    for reader in readers {
        all.extend(reader.join().await.map_err(joining)??);
    }
    all.sort_unstable_by_key(|(at, _)| *at);
    Ok(all.into_iter().map(|(_, learned)| learned).collect())
}

fn joining(error: tokio::task::JoinError) -> QueryError {
    QueryError::from(DataFusionError::ExecutionJoin(Box::new(error)))
}

async fn sample_object(source: &Arc<Source>, object: &DataObject) -> Result<Shape, QueryError> {
    let mut shape = Shape::default();
    let gone = |error| match error {
        object_store::Error::NotFound { .. } => Ok(()),
        error => Err(source.store_error(&object.key, error)),
    };
    let mut payload = None;
    if parquet_object::is_named_so(object) {
        match Ranges::of_object(source, object) {
            Ok(ranges) => payload = Some(Payload::Ranges(ranges)),
            Err(error) => return gone(error).map(|()| shape),
        }
    } else {
        let (bytes, is_whole) = match source.get_beginning(object, SAMPLE_BYTES).await {
            Ok(beginning) => beginning,
            Err(error) => return gone(error).map(|()| shape),
        };
        add(&source.counters.bytes_sampled, bytes.len() as u64);
        if let Some((text, all)) = beginning(&bytes, is_whole, SAMPLE_BYTES) {
            observe(&mut shape, &text, if all { End::Nothing } else { End::Cut });
            if all || shape.values() > 0 {
                add(&source.counters.objects_sampled, 1);
                return Ok(shape);
            }
        }
    }
    add(&source.counters.objects_sampled, 1);
    // The first record is longer than that, or the encoding does not begin with what is in it.
    let payload = match payload {
        Some(payload) => payload,
        None => match source.get_whole(object).await {
            Ok(payload) => payload,
            Err(error) => return gone(error).map(|()| shape),
        },
    };
    let mut inflater = Inflater::new(&source.room);
    let learned = learn_object(source, &mut inflater, object, payload, &observe_all).await?;
    shape.merge(&learned);
    Ok(shape)
}

/// What can be learned from of an object.
enum Content<'a> {
    /// Its text, or a stretch of it.
    Text {
        text: &'a [u8],
        /// Whether the text goes on behind it.
        goes_on: bool,
    },
    /// What it says itself of all its records.
    Shape(Shape),
}

/// Takes what can be learned from; gives how much of a text it took, if that goes on.
trait Learn<T>: Fn(&mut T, Content<'_>) -> usize {}

impl<T, F: Fn(&mut T, Content<'_>) -> usize> Learn<T> for F {}

fn observe_all(shape: &mut Shape, content: Content<'_>) -> usize {
    match content {
        Content::Shape(learned) => {
            shape.merge(&learned);
            0
        }
        Content::Text { text, goes_on } => observe(shape, text, End::of(goes_on)),
    }
}

/// Learns from all of an object.
async fn learn_object<T: Default>(
    source: &Arc<Source>,
    inflater: &mut Inflater,
    object: &DataObject,
    payload: Payload,
    learn: &impl Learn<T>,
) -> Result<T, QueryError> {
    let mut learned = T::default();
    match content(source, inflater, object, payload).await? {
        Some(Found::Shape(shape)) => {
            learn(&mut learned, Content::Shape(shape));
        }
        Some(Found::Text) => loop {
            let (text, goes_on) = (inflater.text(), inflater.goes_on());
            add(&source.counters.bytes_inflated, text.len() as u64);
            let done = learn(&mut learned, Content::Text { text, goes_on });
            // What cannot be read is left to the scan to report.
            if !goes_on || inflater.read_on(done).is_err() {
                break;
            }
        },
        None => {}
    }
    Ok(learned)
}

/// What of an object there is to learn from.
enum Found {
    /// Text, which the inflater has.
    Text,
    /// What it says itself of all its records.
    Shape(Shape),
}

/// What an object has to learn from. What cannot be read is left to the scan to report.
async fn content(
    source: &Arc<Source>,
    inflater: &mut Inflater,
    object: &DataObject,
    payload: Payload,
) -> Result<Option<Found>, QueryError> {
    let text = |taken: Result<(), Unreadable>| Ok(taken.is_ok().then_some(Found::Text));
    let ranges = match payload {
        Payload::Ranges(ranges) => ranges,
        Payload::Whole(raw) if parquet_object::is_one(raw.bytes()) => parquet_object::whole(raw),
        Payload::Large(large) if large.is_parquet() => match Ranges::of_object(source, object) {
            Ok(ranges) => ranges,
            Err(_) => return Ok(None),
        },
        payload => return text(payload.give_to(inflater)),
    };
    match parquet_object::shape(source, object, &ranges).await {
        Ok(shape) => Ok(Some(Found::Shape(shape))),
        Err(Fault::Store(object_store::Error::NotFound { .. })) => Ok(None),
        Err(Fault::Store(error)) => Err(source.store_error(&object.key, error)),
        Err(Fault::Foreign) => match source.get_whole(object).await {
            Ok(payload) => text(payload.give_to(inflater)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(source.store_error(&object.key, error)),
        },
        Err(_) => Ok(None),
    }
}

/// A field's name that is looked for in the text of objects.
#[derive(Debug, Clone)]
struct Wanted {
    key: Finder<'static>,
    escape: Finder<'static>,
}

impl Wanted {
    fn new(name: &str) -> Self {
        // How keys are spelled, unless they are spelled with escapes.
        let key = serde_json::Value::from(name).to_string();
        Self {
            key: Finder::new(&key).into_owned(),
            escape: Finder::new("\\u").into_owned(),
        }
    }

    fn is_in(&self, text: &[u8]) -> bool {
        self.key.find(text).is_some() || self.escape.find(text).is_some()
    }
}

/// The shape of all records in `objects`; or of those in objects that have a field called `name` somewhere.
///
/// # Errors
///
/// [`QueryError::Store`] when the store refuses an object.
pub(crate) async fn learn_all(
    source: &Arc<Source>,
    objects: &[Arc<DataObject>],
    name: Option<&str>,
) -> Result<Shape, QueryError> {
    let wanted = name.map(Wanted::new);
    let learn = move |shape: &mut Shape, content: Content<'_>| match content {
        // Where a stretch ends is seen by reading it.
        Content::Text {
            text,
            goes_on: false,
        } if wanted.as_ref().is_some_and(|wanted| !wanted.is_in(text)) => 0,
        content => observe_all(shape, content),
    };
    let (mut all, raw) = noted(objects);
    let shapes = read_all(source, &raw, learn).await?;
    for shape in &shapes {
        all.merge(shape);
    }
    Ok(all)
}

/// Reads every object, with all threads; the answers are in the order of the objects.
async fn read_all<T: Default + Send + 'static>(
    source: &Arc<Source>,
    objects: &[Arc<DataObject>],
    learn: impl Learn<T> + Clone + Send + Sync + 'static,
) -> Result<Vec<T>, QueryError> {
    let start = Instant::now();
    let queue = Arc::new(Queue::new(objects.iter().map(Share::whole)));
    let readers: Vec<_> = (0..source.threads.max(1))
        .map(|_| {
            let (source, learn) = (Arc::clone(source), learn.clone());
            let mut feed = Feed::new(&source, &queue);
            SpawnedTask::spawn(async move {
                let mut inflater = Inflater::new(&source.room);
                let mut answers = Vec::new();
                while let Some(fetched) = feed.next(|| inflater.spare()).await {
                    let object = &fetched.share.object;
                    let payload = match fetched.bytes {
                        Ok(payload) => payload,
                        Err(object_store::Error::NotFound { .. }) => continue,
                        Err(error) => return Err(source.store_error(&object.key, error)),
                    };
                    add(&source.counters.objects_sampled, 1);
                    add(&source.counters.bytes_sampled, payload.length());
                    let learned =
                        learn_object(&source, &mut inflater, object, payload, &learn).await?;
                    answers.push((fetched.at, learned));
                    tokio::task::yield_now().await;
                }
                Ok(answers)
            })
        })
        .collect();
    let mut all = Vec::with_capacity(objects.len());
    for reader in readers {
        all.extend(reader.join().await.map_err(joining)??);
    }
    all.sort_unstable_by_key(|(at, _)| *at);
    add_time(&source.counters.learning, start);
    Ok(all.into_iter().map(|(_, answer)| answer).collect())
}

/// Shapes by event type; see [`crate::EventType`].
pub(crate) type ByType = BTreeMap<Option<String>, Shape>;

/// The shapes of all records in `objects`, by event type.
///
/// # Errors
///
/// [`QueryError::Store`] when the store refuses an object.
pub(crate) async fn learn_types(
    source: &Arc<Source>,
    objects: &[Arc<DataObject>],
) -> Result<Vec<ByType>, QueryError> {
    let learn = |types: &mut ByType, content: Content<'_>| match content {
        Content::Shape(shape) => {
            types.entry(None).or_default().merge(&shape);
            0
        }
        Content::Text { text, goes_on } => for_each_record(text, End::of(goes_on), |record| {
            let shape = types.entry(event_type(record)).or_default();
            // The record was read to its end before.
            shape.observe_record(record).is_ok()
        }),
    };
    read_all(source, objects, learn).await
}

/// The event type of a record.
fn event_type(record: &[u8]) -> Option<String> {
    let string = |value: &[u8]| {
        let spelled = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        said(spelled).map(std::borrow::Cow::into_owned)
    };
    let (mut of_event, mut of_envelope) = (None, None);
    let mut scanner = Scanner::new(record, 0);
    scanner.enter_object().ok()?;
    while let Some(key) = scanner.next_member().ok()? {
        let key = scanner.text(key);
        let value = scanner.skip_value().ok()?;
        let value = scanner.text(value);
        match key {
            b"detail" => {
                let mut detail = Scanner::new(value, 0);
                if detail.enter_object().is_err() {
                    continue;
                }
                while let Some(key) = detail.next_member().ok()? {
                    let is_type = detail.text(key) == b"eventType";
                    let value = detail.skip_value().ok()?;
                    if is_type {
                        return string(detail.text(value));
                    }
                }
            }
            b"eventType" => of_event = string(value),
            b"detail-type" => of_envelope = string(value),
            _ => {}
        }
    }
    of_event.or(of_envelope)
}

/// What is behind a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Nothing.
    Nothing,
    /// It was cut, and what the cut may have damaged does not count.
    Cut,
    /// More, which is read next.
    More,
}

impl End {
    fn of(goes_on: bool) -> Self {
        if goes_on { Self::More } else { Self::Nothing }
    }
}

fn observe(shape: &mut Shape, text: &[u8], end: End) -> usize {
    // A record that is refused was looked at before anything was learned from it.
    for_each_record(text, end, |record| shape.observe_record(record).is_ok())
}

/// Calls `learn` with each record of a text; gives how much of the text was done with.
fn for_each_record(text: &[u8], behind: End, mut learn: impl FnMut(&[u8]) -> bool) -> usize {
    let mut records = Records::start(text);
    while let Some(start) = records.next(text) {
        let error = match record_end(text, start) {
            Ok(end) if learn(text.get(start..end).unwrap_or_default()) => {
                records.accept(end);
                continue;
            }
            Ok(_) => None,
            Err(error) => Some(error),
        };
        match (behind, error) {
            (End::Cut, _) => break,
            (End::More, Some(error)) if records.resync_within(text, &error).is_none() => break,
            (End::More, Some(_)) => {}
            _ => {
                records.resync(text);
            }
        }
    }
    records.done(text).0
}

#[cfg(test)]
mod tests;

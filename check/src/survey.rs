//! What a sample says of a stream: which partitions its records make, and which records have none.

use std::collections::{BTreeMap, HashMap};

/// A sample's records, counted as they come out of the function and the partition keys.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    pub(crate) columns: Vec<Column>,
    pub(crate) buffer_bytes: u64,
    pub(crate) put: u64,
    pub(crate) put_bytes: u64,
    /// Bytes as ingestion counts them.
    pub(crate) billed_bytes: u64,
    pub(crate) accepted: u64,
    pub(crate) accepted_bytes: u64,
    pub(crate) landed: u64,
    pub(crate) landed_bytes: u64,
    pub(crate) dropped: u64,
    /// By the values of the partition keys.
    pub(crate) partitions: HashMap<Vec<String>, Tally>,
    pub(crate) refusals: BTreeMap<(String, String), Refusals>,
    first: Option<String>,
    last: Option<String>,
    /// Compressed bytes and the bytes that they were.
    pub(crate) compressed: Option<(u64, u64)>,
}

/// A partition key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// Parts of the event's time that the value has always been; `None` before the first record.
    slices: Option<Vec<Slice>>,
}

/// A part of an event's time: `2026-11-22T10` is `0..13`.
type Slice = (usize, usize);

/// Where the parts of an ISO 8601 time begin, and where they end.
const PART_STARTS: [usize; 5] = [0, 5, 8, 11, 14];
const PART_ENDS: [usize; 5] = [4, 7, 10, 13, 16];

/// Ingestion counts a record in steps of 5 KB (Amazon Data Firehose pricing).
const BILLED_STEP: u64 = 5 * 1024;

/// Records of one partition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    /// Objects closed because they were full, if all records came within one interval.
    closed: u64,
    open: u64,
}

impl Tally {
    pub(crate) fn objects(&self) -> u64 {
        self.closed + u64::from(self.open > 0)
    }
}

/// Records refused for one reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Refusals {
    pub(crate) records: u64,
    /// The first of them.
    pub(crate) first: String,
}

/// A record that has a place.
#[derive(Debug, Clone, Copy)]
pub struct Landed<'a> {
    /// Values of the partition keys, in the order of the columns.
    pub values: &'a [&'a str],
    /// Bytes that it adds to an object, newline included.
    pub bytes: u64,
    /// The event's own time, where it has one: ISO 8601.
    pub time: Option<&'a str>,
}

impl Survey {
    /// A survey of a stream whose prefix has these partition keys, and whose buffers take so many bytes.
    pub fn new<'n>(columns: impl IntoIterator<Item = &'n str>, buffer_bytes: u64) -> Self {
        let column = |name: &str| Column {
            name: name.to_owned(),
            slices: None,
        };
        Self {
            columns: columns.into_iter().map(column).collect(),
            buffer_bytes,
            ..Self::default()
        }
    }

    /// Counts what a producer put as one record.
    pub fn put(&mut self, bytes: u64) {
        self.put += 1;
        self.put_bytes += bytes;
        self.billed_bytes += bytes.div_ceil(BILLED_STEP).max(1) * BILLED_STEP;
    }

    /// Counts a record as the function gets it: one of those that a put record holds.
    pub fn accept(&mut self, bytes: u64) {
        self.accepted += 1;
        self.accepted_bytes += bytes;
    }

    /// Counts a record that lands.
    pub fn land(&mut self, record: Landed<'_>) {
        self.landed += 1;
        self.landed_bytes += record.bytes;
        for (column, value) in self.columns.iter_mut().zip(record.values) {
            column.see(value, record.time.unwrap_or_default());
        }
        if let Some(time) = record.time {
            if self.first.as_deref().is_none_or(|first| time < first) {
                self.first = Some(time.to_owned());
            }
            if self.last.as_deref().is_none_or(|last| time > last) {
                self.last = Some(time.to_owned());
            }
        }
        let tally = self.tally(record.values);
        tally.records += 1;
        tally.bytes += record.bytes;
        // As a buffer does: it closes for the record that would not fit.
        let limit = self.buffer_bytes;
        let tally = self.tally(record.values);
        if tally.open > 0 && tally.open + record.bytes > limit {
            tally.closed += 1;
            tally.open = 0;
        }
        tally.open += record.bytes;
    }

    fn tally(&mut self, values: &[&str]) -> &mut Tally {
        let known: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
        self.partitions.entry(known).or_default()
    }

    /// Counts a record that the function drops.
    pub fn discard(&mut self) {
        self.dropped += 1;
    }

    /// Counts a record that goes to the error output. `place` names it, such as `events.ndjson:7`.
    pub fn refuse(&mut self, code: &str, reason: &str, place: impl FnOnce() -> String) {
        let key = (code.to_owned(), without_offsets(reason));
        let refusals = self.refusals.entry(key).or_default();
        if refusals.records == 0 {
            refusals.first = place();
        }
        refusals.records += 1;
    }

    /// Says how far a part of the delivered bytes shrank.
    pub fn compressed(&mut self, from: u64, to: u64) {
        if from > 0 {
            self.compressed = Some((to, from));
        }
    }

    /// Records that were put.
    pub fn put_records(&self) -> u64 {
        self.put
    }

    /// Records that land.
    pub fn landed_records(&self) -> u64 {
        self.landed
    }

    /// Distinct partitions.
    pub fn partition_count(&self) -> u64 {
        self.partitions.len() as u64
    }

    /// Objects, if all records come within one buffering interval: what `hydrant deliver` writes.
    pub fn objects(&self) -> u64 {
        self.partitions.values().map(Tally::objects).sum()
    }

    /// Records that go to the error output.
    pub fn refused(&self) -> u64 {
        self.refusals.values().map(|it| it.records).sum()
    }

    /// The first and the last of the events' own times.
    pub fn span(&self) -> Option<(&str, &str)> {
        Some((self.first.as_deref()?, self.last.as_deref()?))
    }

    /// Compressed size over size; 1 where nothing was compressed.
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    pub(crate) fn ratio(&self) -> f64 {
        self.compressed
            .map_or(1.0, |(to, from)| to as f64 / from as f64)
    }

    /// Records and bytes by the values of the columns for which `keep` holds.
    pub(crate) fn grouped(&self, keep: impl Fn(usize) -> bool) -> Vec<(Vec<&str>, u64, u64)> {
        let mut groups: HashMap<Vec<&str>, (u64, u64)> = HashMap::new();
        for (values, tally) in &self.partitions {
            let kept = values.iter().enumerate().filter(|(at, _)| keep(*at));
            let key = kept.map(|(_, value)| value.as_str()).collect();
            let (records, bytes) = groups.entry(key).or_default();
            *records += tally.records;
            *bytes += tally.bytes;
        }
        let mut groups: Vec<_> = groups
            .into_iter()
            .map(|(key, (records, bytes))| (key, records, bytes))
            .collect();
        groups.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        groups
    }
}

/// A reason without the places in the record that it names: the same reason for many records.
fn without_offsets(reason: &str) -> String {
    let mut parts = reason.split("at byte ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        out.push_str(if rest.len() < part.len() {
            "at some byte"
        } else {
            "at byte "
        });
        out.push_str(rest);
    }
    out
}

impl Column {
    fn see(&mut self, value: &str, time: &str) {
        let matches = |(start, end): &Slice| time.get(*start..*end) == Some(value);
        if let Some(slices) = &mut self.slices {
            slices.retain(matches);
            return;
        }
        let all = PART_STARTS
            .iter()
            .flat_map(|start| PART_ENDS.iter().map(move |end| (*start, *end)));
        let all = all.filter(|(start, end)| start < end);
        self.slices = Some(all.filter(matches).collect());
    }

    /// Seconds for which a value that is part of the event's time stays the same; `None` for any other.
    pub(crate) fn period(&self) -> Option<f64> {
        let finest = self.slices.as_ref()?.iter().map(|(_, end)| *end).max()?;
        Some(match finest {
            4 => 365.0 * 86_400.0,
            7 => 30.0 * 86_400.0,
            10 => 86_400.0,
            13 => 3600.0,
            _ => 60.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survey(records: &[(&[&str], u64, &str)]) -> Survey {
        let mut survey = Survey::new(["type", "day", "hour"], 100);
        for (values, bytes, time) in records {
            survey.put(*bytes);
            survey.accept(*bytes);
            survey.land(Landed {
                values,
                bytes: *bytes,
                time: Some(time),
            });
        }
        survey
    }

    #[test]
    fn a_key_that_is_part_of_the_time_is_told_from_one_that_is_not() {
        let survey = survey(&[
            (&["a", "02", "10"], 10, "2026-11-02T10:00:00Z"),
            (&["b", "02", "11"], 10, "2026-11-02T11:02:00Z"),
            (&["10", "03", "10"], 10, "2026-11-03T10:10:10Z"),
        ]);
        let periods: Vec<Option<f64>> = survey.columns.iter().map(Column::period).collect();
        assert_eq!(periods, [None, Some(86_400.0), Some(3600.0)]);
        assert_eq!(
            survey.span(),
            Some(("2026-11-02T10:00:00Z", "2026-11-03T10:10:10Z"))
        );
    }

    #[test]
    fn objects_close_for_the_record_that_would_not_fit() {
        let time = "2026-11-02T10:00:00Z";
        let values: &[&str] = &["a", "02", "10"];
        let survey = survey(&[
            (values, 60, time),
            (values, 40, time),
            (values, 1, time),
            (values, 500, time),
        ]);
        assert_eq!((survey.partition_count(), survey.objects()), (1, 3));
        assert_eq!(survey.billed_bytes, 4 * 5120);
    }

    #[test]
    fn reasons_are_counted_and_the_first_record_is_named() {
        let mut survey = Survey::new(["a"], 1);
        for line in 1..=3 {
            survey.refuse("Code", &format!("no JSON at byte {line}: x"), || {
                format!("f:{line}")
            });
        }
        assert_eq!(survey.refused(), 3);
        let ((_, reason), first) = survey.refusals.first_key_value().unwrap();
        assert_eq!(
            (reason.as_str(), first.first.as_str()),
            ("no JSON at some byte: x", "f:1")
        );
    }
}

//! Records counted by where they land.

use std::{collections::HashMap, io::Write};

use anyhow::Result;
use hydrant_records::limits::MAX_ACTIVE_PARTITIONS;
use serde_json::{Map, Value, json};

use super::{
    placer::{Column, Placed, Refused},
    rows::{Table, csv_line, printable},
};
use crate::{account, args::PartitionFormat, text};

/// Reasons that are told apart; the rest is counted together.
const REASONS: usize = 100;

/// What all records come to.
#[derive(Default)]
pub(super) struct Summary {
    records: u64,
    bytes: u64,
    partitions: HashMap<Place, Count>,
    refusals: Vec<Refusal>,
}

/// Where a record lands: the prefix, and without one the keys.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Place {
    prefix: Option<String>,
    keys: Vec<Option<String>>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    records: u64,
    bytes: u64,
}

/// A reason, and the first record that has it.
struct Refusal {
    refused: Refused,
    records: u64,
    file: String,
    line: u64,
}

impl Summary {
    pub(super) fn add(&mut self, file: &str, line: u64, placed: &Placed<'_>) {
        self.records += 1;
        self.bytes += placed.bytes;
        let Some(refused) = &placed.refused else {
            let place = Place {
                prefix: placed.prefix.map(str::to_owned),
                keys: placed
                    .keys
                    .iter()
                    .map(|key| key.map(str::to_owned))
                    .collect(),
            };
            let count = self.partitions.entry(place).or_default();
            count.records += 1;
            count.bytes += placed.bytes;
            return;
        };
        let full = self.refusals.len() >= REASONS;
        let known = self.refusals.iter_mut().find(|it| it.refused == *refused);
        match known {
            Some(known) => known.records += 1,
            None if full => {
                if let Some(last) = self.refusals.last_mut() {
                    last.records += 1;
                    "and other reasons".clone_into(&mut last.refused.reason);
                }
            }
            None => self.refusals.push(Refusal {
                refused: refused.clone(),
                records: 1,
                file: file.to_owned(),
                line,
            }),
        }
    }

    pub(super) fn refused(&self) -> u64 {
        self.refusals.iter().map(|it| it.records).sum()
    }

    /// What is said at the end. Where the answer does not have the reasons, they are here.
    pub(super) fn account(&self, reasons_shown: bool) -> Vec<String> {
        let refused = self.refused();
        let partitions = self.partitions.len();
        let size = format!("records, {}", text::bytes(self.bytes));
        let placed = format!("in {}", text::plural(partitions as u64, "partition"));
        let mut lines = vec![
            account::row("read", self.records, &size),
            account::row("placed", self.records - refused, &placed),
            account::row("refused", refused, ""),
        ];
        if !reasons_shown {
            let reasons = self.by_size().into_iter();
            lines.extend(
                reasons.map(|it| account::detail(&printable(&it.refused.reason), it.records)),
            );
        }
        if partitions > MAX_ACTIVE_PARTITIONS {
            lines.push(format!(
                "note: AWS allows {MAX_ACTIVE_PARTITIONS} partitions at once unless it raised your quota; if \
                 these records came within one buffering interval, those of further partitions would be refused"
            ));
        }
        lines
    }

    fn by_size(&self) -> Vec<&Refusal> {
        let mut refusals: Vec<_> = self.refusals.iter().collect();
        refusals.sort_by_key(|it| std::cmp::Reverse(it.records));
        refusals
    }

    /// Writes the partitions, the largest first, and then the reasons.
    pub(super) fn write(
        &self,
        out: &mut dyn Write,
        format: PartitionFormat,
        columns: &[Column],
    ) -> Result<()> {
        let mut partitions: Vec<(&Place, Count)> = self
            .partitions
            .iter()
            .map(|(place, count)| (place, *count))
            .collect();
        partitions.sort_by(|(a, few), (b, many)| {
            let places = (&a.prefix, &a.keys).cmp(&(&b.prefix, &b.keys));
            many.records.cmp(&few.records).then(places)
        });
        match format {
            PartitionFormat::Table | PartitionFormat::Csv => {
                let lines = Lines::new(format == PartitionFormat::Table, columns, out)?;
                self.write_lines(out, lines, columns, &partitions)?;
            }
            PartitionFormat::Json => {
                let partitions = partitions
                    .iter()
                    .map(|(place, count)| object(place, *count, columns));
                let all = json!({
                    "records": self.records,
                    "bytes": self.bytes,
                    "refused": self.refused(),
                    "partitions": partitions.collect::<Vec<_>>(),
                    "refusals": self.by_size().into_iter().map(refusal).collect::<Vec<_>>(),
                });
                writeln!(out, "{all:#}")?;
            }
            PartitionFormat::Ndjson => {
                for (place, count) in &partitions {
                    writeln!(out, "{}", object(place, *count, columns))?;
                }
                for it in self.by_size() {
                    writeln!(out, "{}", refusal(it))?;
                }
            }
        }
        Ok(out.flush()?)
    }

    /// Writes a line a partition, and then a line a reason.
    fn write_lines(
        &self,
        out: &mut dyn Write,
        mut lines: Lines,
        columns: &[Column],
        partitions: &[(&Place, Count)],
    ) -> Result<()> {
        for (place, count) in partitions {
            let mut cells = vec![lines.count(count.records), lines.bytes(count.bytes)];
            let keys = place.keys.iter().map(Option::clone);
            cells.extend(
                keys.chain([place.prefix.clone()])
                    .map(Option::unwrap_or_default),
            );
            lines.push(cells, None, out)?;
        }
        for it in self.by_size() {
            let mut cells = vec![lines.count(it.records)];
            cells.resize(columns.len() + 3, String::new());
            lines.push(cells, Some(it), out)?;
        }
        lines.finish(out)
    }
}

/// The summary's lines, for people or as CSV: records, bytes, a cell for each key, prefix, refusal.
enum Lines {
    Table(Table),
    Csv,
}

impl Lines {
    /// With their header.
    fn new(is_table: bool, columns: &[Column], mut out: &mut dyn Write) -> Result<Self> {
        let titles = columns.iter().map(|column| column.title.as_str());
        let header = ["records", "bytes"]
            .into_iter()
            .chain(titles)
            .chain(["prefix"]);
        if is_table {
            let header = header.chain(["refused"]).map(str::to_owned);
            return Ok(Self::Table(Table::new(header.collect())));
        }
        csv_line(&mut out, header.chain(["code", "refused"]))?;
        Ok(Self::Csv)
    }

    fn count(&self, number: u64) -> String {
        match self {
            Self::Table(_) => text::count(number),
            Self::Csv => number.to_string(),
        }
    }

    fn bytes(&self, bytes: u64) -> String {
        match self {
            Self::Table(_) => text::bytes(bytes),
            Self::Csv => bytes.to_string(),
        }
    }

    /// Writes the cells up to the prefix, and why the records are refused, if they are.
    fn push(
        &mut self,
        cells: Vec<String>,
        refusal: Option<&Refusal>,
        mut out: &mut dyn Write,
    ) -> Result<()> {
        match self {
            Self::Table(table) => {
                let reason =
                    refusal.map(|it| format!("{} ({}:{})", it.refused.reason, it.file, it.line));
                let cells = cells.into_iter().chain(reason);
                table.push(cells.map(|cell| printable(&cell)).collect(), &mut out)
            }
            Self::Csv => {
                let refused = refusal.map(|it| &it.refused);
                let why = refused.map_or(["", ""], |it| [it.code, &it.reason]);
                csv_line(&mut out, cells.iter().map(String::as_str).chain(why))
            }
        }
    }

    fn finish(self, mut out: &mut dyn Write) -> Result<()> {
        match self {
            Self::Table(table) => table.finish(&mut out),
            Self::Csv => Ok(()),
        }
    }
}

fn object(place: &Place, count: Count, columns: &[Column]) -> Value {
    let keys = columns.iter().zip(&place.keys);
    let keys: Map<String, Value> = keys
        .filter_map(|(column, key)| Some((column.title.clone(), key.clone()?.into())))
        .collect();
    let mut object = json!({ "records": count.records, "bytes": count.bytes, "keys": keys });
    if let Some(prefix) = &place.prefix {
        object["prefix"] = prefix.as_str().into();
    }
    object
}

fn refusal(it: &Refusal) -> Value {
    json!({
        "records": it.records,
        "refused": { "code": it.refused.code, "message": it.refused.message, "reason": it.refused.reason },
        "first": { "file": it.file, "line": it.line },
    })
}

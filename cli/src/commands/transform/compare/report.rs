//! What the comparison found, for people and for programs.

use std::{collections::BTreeMap, io::Write};

use anyhow::Result;
use serde_json::{Value, json};

use super::{
    Outcome,
    difference::{Difference, Kind},
};
use crate::{
    account,
    args::{CompareArgs, CompareFormat},
    output,
    text::plural,
};

/// Counts, and the first differences of each kind.
pub(super) struct Report<'a> {
    args: &'a CompareArgs,
    records: u64,
    counts: BTreeMap<Kind, u64>,
    shown: Vec<Shown>,
}

/// A record that differs.
struct Shown {
    place: String,
    difference: Difference,
    ours: Value,
    theirs: Value,
}

impl<'a> Report<'a> {
    pub(super) fn new(args: &'a CompareArgs) -> Self {
        Self {
            args,
            records: 0,
            counts: BTreeMap::new(),
            shown: Vec::new(),
        }
    }

    /// Takes the two outcomes of a record.
    pub(super) fn add(&mut self, place: &str, ours: &Outcome, theirs: &Outcome) {
        let difference = Difference::between(ours, theirs);
        self.records += 1;
        let count = self.counts.entry(difference.kind).or_default();
        *count += 1;
        if !self.args.is_same_enough(difference.kind) && *count <= self.args.show {
            self.shown.push(Shown {
                place: place.to_owned(),
                difference,
                ours: told(ours),
                theirs: told(theirs),
            });
        }
    }

    fn count(&self, kind: Kind) -> u64 {
        self.counts.get(&kind).copied().unwrap_or_default()
    }

    /// Records that are not the same, in the sense that was asked for.
    pub(super) fn different(&self) -> u64 {
        self.counts
            .iter()
            .filter(|(kind, _)| !self.args.is_same_enough(**kind))
            .map(|(_, records)| records)
            .sum()
    }

    /// Writes the report to standard output.
    pub(super) fn write(&self) -> Result<()> {
        let mut out = output::open(None)?;
        match self.args.format {
            CompareFormat::Text => out.write_all(self.text().as_bytes())?,
            CompareFormat::Json => {
                serde_json::to_writer_pretty(&mut out, &self.json())?;
                out.write_all(b"\n")?;
            }
        }
        out.flush()?;
        Ok(())
    }

    fn text(&self) -> String {
        let rows = [
            ("compared", self.records, "records"),
            ("same", self.count(Kind::Same), "to the byte"),
            (
                "other",
                self.count(Kind::Bytes),
                "bytes, for the same document",
            ),
            ("other", self.count(Kind::Keys), "partition keys"),
            ("other", self.count(Kind::Document), "document"),
            ("other", self.count(Kind::Result), "result"),
        ];
        let mut lines: Vec<String> = rows
            .into_iter()
            .filter(|(what, records, _)| *what != "other" || *records > 0)
            .map(|(what, records, remark)| account::row(what, records, remark))
            .collect();
        for shown in &self.shown {
            let what = match shown.difference.kind {
                Kind::Same => "same",
                Kind::Bytes => "other bytes",
                Kind::Keys => "other partition keys",
                Kind::Document => "other document",
                Kind::Result => "other result",
            };
            lines.push(format!("\n{}: {what}", shown.place));
            let details = shown.difference.details.iter();
            lines.extend(details.map(|detail| format!("  {detail}")));
        }
        let unshown = self.different() - self.shown.len() as u64;
        if unshown > 0 {
            let more = plural(unshown, "more record");
            lines.push(format!("\nand {more}; --show N shows N of each kind"));
        }
        lines.push(String::new());
        lines.join("\n")
    }

    fn json(&self) -> Value {
        let differences: Vec<Value> = self
            .shown
            .iter()
            .map(|shown| {
                json!({
                    "record": shown.place,
                    "differs": shown.difference.kind,
                    "details": shown.difference.details,
                    "ours": shown.ours,
                    "theirs": shown.theirs,
                })
            })
            .collect();
        json!({
            "records": self.records,
            "same": self.count(Kind::Same),
            "bytes": self.count(Kind::Bytes),
            "keys": self.count(Kind::Keys),
            "document": self.count(Kind::Document),
            "result": self.count(Kind::Result),
            "different": self.different(),
            "differences": differences,
        })
    }
}

/// An outcome for programs: `result` as Firehose would take it, `data` as text.
fn told(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Ok { data, keys } => json!({
            "result": "Ok",
            "data": String::from_utf8_lossy(data),
            "partitionKeys": keys,
        }),
        Outcome::Dropped => json!({ "result": "Dropped" }),
        Outcome::Refused(why) => json!({ "result": "ProcessingFailed", "reason": why }),
    }
}

//! A forecast for people and for programs.

use serde_json::{Value, json};

use super::Forecast;
use crate::{
    shape::StreamShape,
    survey::Survey,
    text::{amount, bytes, dollars, duration, grouped, mebibytes},
};

/// Reasons that are listed.
const REASONS: usize = 10;

/// A period as a person says it: `hour`, `2 hours`.
fn every(seconds: f64) -> String {
    let text = duration(seconds);
    text.strip_prefix("1 ").map_or(text.clone(), str::to_owned)
}

/// `what  value  remark`.
fn row(what: &str, value: &str, remark: &str) -> String {
    format!("  {what:<22} {value:>14}  {remark}")
        .trim_end()
        .to_owned()
}

#[expect(clippy::cast_precision_loss, reason = "counts of a sample")]
impl Survey {
    /// What the sample says, in lines.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![row(
            "records",
            &grouped(self.put as f64),
            &if self.accepted == self.put {
                bytes(self.put_bytes as f64)
            } else {
                format!(
                    "{}, split into {}",
                    bytes(self.put_bytes as f64),
                    grouped(self.accepted as f64)
                )
            },
        )];
        if let Some((first, last)) = self.span() {
            lines.push(row("events from", "", &format!("{first} to {last}")));
        }
        lines.push(row("delivered", &grouped(self.landed as f64), ""));
        if self.dropped > 0 {
            lines.push(row(
                "dropped",
                &grouped(self.dropped as f64),
                "by the function",
            ));
        }
        lines.push(row("refused", &grouped(self.refused() as f64), ""));
        for ((code, reason), refusals) in self.worst_refusals(REASONS) {
            lines.push(row(
                "",
                &grouped(refusals.records as f64),
                &format!("{reason} ({code}); first {}", refusals.first),
            ));
        }
        lines.push(row(
            "partitions",
            &grouped(self.partition_count() as f64),
            "distinct values of the keys together",
        ));
        lines.push(row(
            "objects",
            &grouped(self.objects() as f64),
            "if all of it came within one interval, as `hydrant deliver` has it",
        ));
        lines
    }

    fn worst_refusals(&self, most: usize) -> Vec<(&(String, String), &crate::survey::Refusals)> {
        let mut refusals: Vec<_> = self.refusals.iter().collect();
        refusals.sort_by_key(|(_, it)| std::cmp::Reverse(it.records));
        refusals.truncate(most);
        refusals
    }

    /// The same for programs.
    pub fn json(&self) -> Value {
        let refusals: Vec<Value> = self
            .worst_refusals(1000)
            .into_iter()
            .map(|((code, reason), it)| {
                json!({ "code": code, "reason": reason, "records": it.records, "first": it.first })
            })
            .collect();
        let partitions: Vec<Value> = self
            .grouped(|_| true)
            .into_iter()
            .take(1000)
            .map(|(values, records, bytes)| json!({ "keys": values, "records": records, "bytes": bytes }))
            .collect();
        json!({
            "put": self.put, "putBytes": self.put_bytes, "accepted": self.accepted,
            "delivered": self.landed, "deliveredBytes": self.landed_bytes, "dropped": self.dropped,
            "refused": self.refused(), "refusals": refusals,
            "partitions": self.partition_count(), "objects": self.objects(),
            "keys": self.columns.iter().map(|it| &it.name).collect::<Vec<_>>(),
            "largestPartitions": partitions,
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a sample")]
impl Forecast {
    /// The forecast in lines.
    pub fn lines(&self, shape: &StreamShape) -> Vec<String> {
        let mut lines = Vec::new();
        if shape.is_partitioned {
            self.partition_lines(&mut lines);
        }
        lines.push(row("objects a day", &amount(self.objects_a_day), ""));
        lines.push(row(
            "half of them below",
            &bytes(self.median_object),
            &format!(
                "stored; a buffer is written at {} or after {}",
                mebibytes(shape.buffer_bytes),
                duration(shape.interval)
            ),
        ));
        if self.has_small_objects() {
            lines.push(format!(
                "  warning: {:.0} % of the objects are below 1 MiB, and a reader pays for each: a longer interval, \
                 fewer keys, or compaction afterwards",
                self.small_share * 100.0
            ));
        }
        lines.push(String::new());
        lines.push(format!(
            "  a month of 730 hours, {}, {}",
            self.prices.region, self.prices.date
        ));
        for line in &self.costs {
            lines.push(row(line.what, &dollars(line.dollars), &line.arithmetic));
        }
        lines.push(row("together", &dollars(self.total()), ""));
        for not in &self.not_billed {
            lines.push(format!("  not in it: {not}"));
        }
        lines
    }

    fn partition_lines(&self, lines: &mut Vec<String>) {
        let at_least = if self.active.unseen > 0.0 {
            "at least "
        } else {
            ""
        };
        lines.push(row(
            "active partitions",
            &format!("{at_least}{}", amount(self.active.steady.ceil())),
            &format!("of {} that a stream may have at once", self.quota),
        ));
        if let Some(period) = self.active.period
            && self.active.peak > self.active.steady
        {
            lines.push(row(
                "at most",
                &amount(self.active.peak.ceil()),
                &format!(
                    "every {}, when a key that follows the event's time has changed and old buffers still wait",
                    every(period)
                ),
            ));
        }
        if self.breaks_quota() {
            lines.push(
                "  warning: records of partitions beyond the quota go to the error output; ask AWS for more, or \
                 drop a key"
                    .to_owned(),
            );
        }
        if self.is_thin() {
            lines.push(format!(
                "  warning: the sample has {} records and an interval {}: keys have values that it does not show",
                amount(self.records_seen),
                amount(self.records_an_interval)
            ));
        }
        for key in &self.active.keys {
            let remark = if key.follows_time {
                "follows the event's time".to_owned()
            } else {
                format!(
                    "{} active partitions without it",
                    amount(key.without.ceil())
                )
            };
            lines.push(row(
                &format!("  {}", key.name),
                &match key.values {
                    1 => "1 value".to_owned(),
                    many => format!("{} values", amount(many as f64)),
                },
                &remark,
            ));
        }
    }

    /// The forecast for programs.
    pub fn json(&self) -> Value {
        let costs: Vec<Value> = self
            .costs
            .iter()
            .map(
                |it| json!({ "what": it.what, "arithmetic": it.arithmetic, "dollars": it.dollars }),
            )
            .collect();
        let keys: Vec<Value> = self
            .active
            .keys
            .iter()
            .map(|it| {
                json!({
                    "name": it.name, "values": it.values, "activePartitionsWithout": it.without,
                    "followsTime": it.follows_time,
                })
            })
            .collect();
        json!({
            "recordsPerSecond": self.rate,
            "activePartitions": self.active.steady,
            "activePartitionsPeak": self.active.peak,
            "activePartitionsUnseen": self.active.unseen,
            "quota": self.quota,
            "breaksQuota": self.breaks_quota(),
            "keys": keys,
            "objectsPerDay": self.objects_a_day,
            "medianObjectBytes": self.median_object,
            "smallObjectShare": self.small_share,
            "costs": costs,
            "dollarsPerMonth": self.total(),
            "notInIt": self.not_billed,
            "prices": { "region": self.prices.region, "date": self.prices.date },
        })
    }
}

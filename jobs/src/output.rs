//! Where a job's results go.

use std::fmt;

use hydrant_chart::Kind;
use hydrant_partitioner::{DatePattern, Prefix, Segment};
use hydrant_query::Format;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::interval::{Interval, IntervalSize};

/// The folder of the lake with Delta tables.
pub(crate) const TABLES: &str = "_tables";

/// The folder of the lake with what jobs keep for themselves.
pub(crate) const JOBS: &str = "_jobs";

/// The column of a table that says which interval a row belongs to.
pub(crate) const INTERVAL_COLUMN: &str = "interval_start";

/// Where results go. In both, what an interval had before is replaced at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A Delta table in the lake, `_tables/NAME`; its column `interval_start` says which interval a row belongs to.
    Table(String),
    /// A file in the lake for each interval.
    File(FileOutput),
}

/// A file for each interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOutput {
    text: String,
    segments: Vec<Piece>,
    pub(crate) form: Form,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Time(DatePattern),
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Rows.
    Rows(Format),
    /// A page with a chart.
    Page(Kind),
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(name) => write!(f, "table {name}"),
            Self::File(file) => f.write_str(&file.text),
        }
    }
}

impl Output {
    /// A table of this name.
    pub(crate) fn table(name: &str) -> Result<Self, String> {
        let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || name.len() > 128 || !name.chars().all(letter) {
            return Err(format!(
                "`{name}` is no name for a table: use letters, digits and _"
            ));
        }
        if ["events", "errors", "result"]
            .iter()
            .any(|taken| name.eq_ignore_ascii_case(taken))
        {
            return Err(format!(
                "`{name}` is a table of its own: give the results another name"
            ));
        }
        Ok(Self::Table(name.to_owned()))
    }

    /// A file whose name has the time in `!{timestamp:…}`, as a Prefix of Firehose has it; `lake` is where the lake
    /// is, as a URL that ends in a slash.
    pub(crate) fn file(text: &str, chart: Option<Kind>, lake: &str) -> Result<Self, String> {
        let path = inside(text, lake)?;
        let prefix = Prefix::parse(path).map_err(|violation| {
            format!(
                "`{text}` is no name for files: {}; {}",
                violation.explanation(),
                violation.fix()
            )
        })?;
        let mut segments = Vec::new();
        for segment in prefix.segments() {
            segments.push(match segment {
                Segment::Literal(text) => Piece::Text(text.clone()),
                Segment::Timestamp(pattern) => Piece::Time(pattern.clone()),
                _ => {
                    return Err(format!(
                        "`{text}`: the name of an interval's file depends on !{{timestamp:…}} only"
                    ));
                }
            });
        }
        if prefix.is_literal() {
            return Err(format!(
                "all intervals would write {text}: put the interval's start in the name, such as \
                 !{{timestamp:yyyy-MM-dd}}"
            ));
        }
        Ok(Self::File(FileOutput {
            text: text.to_owned(),
            segments,
            form: form(text, chart)?,
        }))
    }
}

/// The path in the lake. What lies there must be hidden from whoever reads the lake's records.
fn inside<'a>(text: &'a str, lake: &str) -> Result<&'a str, String> {
    let path = match text.split_once("://") {
        None if text.starts_with('/') => None,
        None => Some(text),
        Some(_) => text.strip_prefix(lake),
    };
    let Some(path) = path else {
        return Err(format!(
            "{text} is outside the lake {lake}: results lie in the lake, such as _reports/name-!{{timestamp:yyyy-MM-dd}}.csv"
        ));
    };
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(format!(
            "{text} is no path in the lake: it has an empty folder, `.` or `..`"
        ));
    }
    let top = path.split('/').next().unwrap_or_default();
    if !top.starts_with('_') || top == path {
        return Err(format!(
            "{text} would be read as records of the lake: write results below a folder that begins with _, such as \
             _reports/{path}"
        ));
    }
    if [TABLES, JOBS].contains(&top) {
        return Err(format!(
            "{text} lies in {top}/, which has other things in it: use another folder, such as _reports/"
        ));
    }
    Ok(path)
}

fn form(text: &str, chart: Option<Kind>) -> Result<Form, String> {
    let extension = text
        .rsplit('/')
        .next()
        .and_then(|name| name.rsplit_once('.'));
    let extension = extension.map_or("", |(_, extension)| extension);
    let rows = match extension {
        "html" => return Ok(Form::Page(chart.unwrap_or(Kind::Bar))),
        "csv" => Format::Csv,
        "tsv" => Format::Tsv,
        "json" => Format::Json,
        "ndjson" => Format::NdJson,
        "parquet" => Format::Parquet,
        "arrow" => Format::Arrow,
        "md" => Format::Markdown,
        _ => {
            return Err(format!(
                "the name {text} does not say what the file is: end it in .csv, .tsv, .json, .ndjson, .parquet, \
                 .arrow, .md or .html"
            ));
        }
    };
    match chart {
        Some(_) => Err("a chart is for .html files".to_owned()),
        None => Ok(Form::Rows(rows)),
    }
}

impl FileOutput {
    /// The key of an interval's file.
    pub(crate) fn key(&self, interval: &Interval, zone: &TimeZone) -> String {
        let start = interval.start.to_zoned(zone.clone());
        let mut key = String::new();
        for piece in &self.segments {
            match piece {
                Piece::Text(text) => key += text,
                Piece::Time(pattern) => pattern.format(&start, &mut key),
            }
        }
        key
    }

    /// Looks for two intervals whose files would have one name.
    pub(crate) fn check_names(
        &self,
        size: IntervalSize,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<(), String> {
        let at = |seconds: i64| {
            let then = now.checked_add(SignedDuration::from_secs(seconds)).ok()?;
            size.containing(then, zone)
        };
        let first = at(0).ok_or("there is no interval now")?;
        let next = size.containing(first.end, zone);
        let day = 86_400;
        let later = [1, 7, 28, 31, 92, 365, 366, 3653].map(|days| at(days * day));
        for other in later.into_iter().chain([next]).flatten() {
            if other != first && self.key(&other, zone) == self.key(&first, zone) {
                return Err(format!(
                    "the intervals {first} and {other} would both write {}: put more of the time in the name",
                    self.key(&first, zone)
                ));
            }
        }
        let hour = SignedDuration::from_hours(1);
        for change in zone.following(now).take(4) {
            let change = change.timestamp();
            let before = change
                .checked_sub(hour)
                .ok()
                .and_then(|it| size.containing(it, zone));
            let after = size.containing(change, zone);
            if let (Some(before), Some(after)) = (before, after)
                && before != after
                && self.key(&before, zone) == self.key(&after, zone)
            {
                return Err(format!(
                    "when the clocks go back, the intervals {before} and {after} would both write {}: use timezone = \
                     \"UTC\", or longer intervals",
                    self.key(&before, zone)
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAKE: &str = "s3://bucket/lake/";

    #[test]
    fn a_file_lies_in_the_lake_hidden_from_its_readers() {
        let mut seen = String::new();
        for text in [
            "s3://other/_reports/!{timestamp:yyyy}.csv",
            "/tmp/!{timestamp:yyyy}.csv",
            "_reports/../!{timestamp:yyyy}.csv",
            "reports/!{timestamp:yyyy}.csv",
            "_x!{timestamp:yyyy}.csv",
            "_tables/!{timestamp:yyyy}.csv",
            "_reports/daily.csv",
            "_reports/!{timestamp:yyyy}.xls",
            "_reports/!{timestamp:yyyy}",
            "_reports/!{firehose:random-string}.csv",
            "_reports/!{partitionKeyFromQuery:a}.csv",
            "_reports/!{timestamp:bb}.csv",
        ] {
            seen += &format!("{}\n", Output::file(text, None, LAKE).unwrap_err());
        }
        insta::assert_snapshot!(seen, @r#"
        s3://other/_reports/!{timestamp:yyyy}.csv is outside the lake s3://bucket/lake/: results lie in the lake, such as _reports/name-!{timestamp:yyyy-MM-dd}.csv
        /tmp/!{timestamp:yyyy}.csv is outside the lake s3://bucket/lake/: results lie in the lake, such as _reports/name-!{timestamp:yyyy-MM-dd}.csv
        _reports/../!{timestamp:yyyy}.csv is no path in the lake: it has an empty folder, `.` or `..`
        reports/!{timestamp:yyyy}.csv would be read as records of the lake: write results below a folder that begins with _, such as _reports/reports/!{timestamp:yyyy}.csv
        _x!{timestamp:yyyy}.csv would be read as records of the lake: write results below a folder that begins with _, such as _reports/_x!{timestamp:yyyy}.csv
        _tables/!{timestamp:yyyy}.csv lies in _tables/, which has other things in it: use another folder, such as _reports/
        all intervals would write _reports/daily.csv: put the interval's start in the name, such as !{timestamp:yyyy-MM-dd}
        the name _reports/!{timestamp:yyyy}.xls does not say what the file is: end it in .csv, .tsv, .json, .ndjson, .parquet, .arrow, .md or .html
        the name _reports/!{timestamp:yyyy} does not say what the file is: end it in .csv, .tsv, .json, .ndjson, .parquet, .arrow, .md or .html
        `_reports/!{firehose:random-string}.csv`: the name of an interval's file depends on !{timestamp:…} only
        `_reports/!{partitionKeyFromQuery:a}.csv`: the name of an interval's file depends on !{timestamp:…} only
        `_reports/!{timestamp:bb}.csv` is no name for files: "bb" means nothing in a Java date pattern; use the letters of Java's DateTimeFormatter, and put other text in single quotes or outside the expression
        "#);
    }

    #[test]
    fn two_intervals_never_share_a_file() {
        let now = "2026-11-22T10:00:00Z".parse().unwrap();
        let check = |name: &str, size: &str, zone: &str| {
            let Output::File(file) = Output::file(name, None, LAKE).unwrap() else {
                panic!("{name}");
            };
            let zone = hydrant_schedule::zone(zone).unwrap();
            file.check_names(size.parse().unwrap(), &zone, now)
        };
        let daily = "s3://bucket/lake/_reports/!{timestamp:yyyy-MM-dd}.csv";
        let hourly = "_reports/!{timestamp:yyyy-MM-dd'T'HH}.csv";
        assert_eq!(check(daily, "1 day", "Europe/Berlin"), Ok(()));
        assert_eq!(check(hourly, "1 hour", "UTC"), Ok(()));
        let mut seen = String::new();
        for (name, size, zone) in [
            (daily, "1 hour", "UTC"),
            ("_reports/!{timestamp:HH}.csv", "1 hour", "UTC"),
            ("_reports/!{timestamp:MM-dd}.csv", "1 day", "UTC"),
            (hourly, "1 hour", "Europe/Berlin"),
        ] {
            seen += &format!("{}\n", check(name, size, zone).unwrap_err());
        }
        insta::assert_snapshot!(seen, @r#"
        the intervals 2026-11-22T10:00:00Z to 2026-11-22T11:00:00Z and 2026-11-22T11:00:00Z to 2026-11-22T12:00:00Z would both write _reports/2026-11-22.csv: put more of the time in the name
        the intervals 2026-11-22T10:00:00Z to 2026-11-22T11:00:00Z and 2026-11-23T10:00:00Z to 2026-11-23T11:00:00Z would both write _reports/10.csv: put more of the time in the name
        the intervals 2026-11-22T00:00:00Z to 2026-11-23T00:00:00Z and 2027-11-22T00:00:00Z to 2027-11-23T00:00:00Z would both write _reports/11-22.csv: put more of the time in the name
        when the clocks go back, the intervals 2027-10-31T00:00:00Z to 2027-10-31T01:00:00Z and 2027-10-31T01:00:00Z to 2027-10-31T02:00:00Z would both write _reports/2027-10-31T02.csv: use timezone = "UTC", or longer intervals
        "#);
    }
}

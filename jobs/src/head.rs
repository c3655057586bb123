//! From the text of a file to a job: the head is TOML in SQL comments, between two lines `---`.

use std::{collections::BTreeMap, path::Path};

use hydrant_chart::Kind;
use hydrant_query::{QueryError, named_tables};
use hydrant_schedule::{Dialect, Schedule, Timetable, zone};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::Deserialize;
use toml::Spanned;

use crate::{
    error::JobMistake,
    expect::{Expectation, RESULT},
    interval::IntervalSize,
    job::Job,
    notify::Notify,
    output::Output,
    placeholders::Template,
};

const FENCE: &str = "---";

/// The head, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    name: Option<Spanned<String>>,
    schedule: Spanned<String>,
    timezone: Option<Spanned<String>>,
    interval: Spanned<String>,
    lateness: Option<Spanned<String>>,
    start: Option<Spanned<String>>,
    output: Spanned<OutputHead>,
    #[serde(default)]
    expect: BTreeMap<String, Spanned<String>>,
    notify: Option<Spanned<NotifyHead>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutputHead {
    table: Option<Spanned<String>>,
    file: Option<Spanned<String>>,
    chart: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NotifyHead {
    webhook: String,
    on: Option<String>,
}

/// A mistake at a byte of the file.
type Mistake = (usize, String);

/// Reads a job. `lake` is the lake's URL with a slash at its end; `now` tells a schedule that never fires again.
pub(crate) fn parse(
    file: &Path,
    text: &str,
    lake: &str,
    now: Timestamp,
) -> Result<Job, JobMistake> {
    read(file, text, lake, now).map_err(|(at, reason)| JobMistake {
        file: file.to_owned(),
        line: line_of(text, at),
        reason,
    })
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

fn read(file: &Path, text: &str, lake: &str, now: Timestamp) -> Result<Job, Mistake> {
    let (toml, sql_at) = split(text)?;
    let head: Head = toml::from_str(&toml).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        (at, error.message().trim().to_owned())
    })?;
    let stem = file.file_stem().map(|it| it.to_string_lossy().into_owned());
    let name = match &head.name {
        Some(name) => checked(name, job_name)?,
        None => job_name(&stem.unwrap_or_default()).map_err(|reason| (0, reason))?,
    };
    let timetable = timetable(&head, now)?;
    let place = timetable.zone();
    let interval: IntervalSize = checked(&head.interval, str::parse)?;
    let lateness = head
        .lateness
        .as_ref()
        .map(|it| checked(it, lateness))
        .transpose()?;
    let start = head
        .start
        .as_ref()
        .map(|it| checked(it, |it| start(it, place)))
        .transpose()?;
    let output = output(&head.output, interval, place, lake, now)?;
    let notify = head.notify.as_ref().map(|it| {
        let notify = it.get_ref();
        Notify::new(&notify.webhook, notify.on.as_deref())
            .map_err(|reason| (it.span().start, reason))
    });
    let mut expectations = Vec::new();
    for (name, condition) in &head.expect {
        let expectation = Expectation {
            name: name.clone(),
            condition: condition.get_ref().clone(),
        };
        let named = named_tables(&expectation.sql());
        let named = named.map_err(|error| {
            at(
                condition,
                format!("the expectation `{name}`: {}", without_place(error)),
            )
        })?;
        if !named.iter().any(|it| it.eq_ignore_ascii_case(RESULT)) {
            return Err(at(
                condition,
                format!("the expectation `{name}` is no condition on `{RESULT}`"),
            ));
        }
        expectations.push(expectation);
    }
    let (_, sql) = text.split_at(sql_at);
    let query = Template::parse(sql).map_err(|(at, reason)| (sql_at + at, reason))?;
    check_query(sql, &query, now).map_err(|(at, reason)| (sql_at + at, reason))?;
    Ok(Job {
        name,
        file: file.to_owned(),
        timetable,
        interval,
        lateness: lateness.unwrap_or_default(),
        start,
        output,
        notify: notify.transpose()?,
        expectations,
        query,
        sql: sql.trim().to_owned(),
        line: line_of(text, sql_at),
    })
}

/// The head as TOML in which every byte has the place that it has in the file, and where the query begins.
fn split(text: &str) -> Result<(String, usize), Mistake> {
    let (mut toml, mut at, mut is_inside) = (String::new(), 0, false);
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let begin = at;
        at += line.len();
        let blank = |line: &str| {
            line.chars()
                .map(|c| if c == '\n' { '\n' } else { ' ' })
                .collect::<String>()
        };
        if content == FENCE {
            toml += &blank(line);
            if is_inside {
                return Ok((toml, at));
            }
            is_inside = true;
        } else if !is_inside && content.is_empty() {
            toml += &blank(line);
        } else if !is_inside {
            break;
        } else if let Some(rest) = line.strip_prefix("--") {
            toml += "  ";
            toml += rest;
        } else if content.is_empty() {
            toml += &blank(line);
        } else {
            return Err((
                begin,
                "a line of the head begins with --, up to the line --- that ends it".to_owned(),
            ));
        }
    }
    let reason = if is_inside {
        "the head has no end: a line --- ends it"
    } else {
        "there is no head: a job begins with a line ---, its settings in lines that begin with --, and a line ---"
    };
    Err((0, reason.to_owned()))
}

fn at<T>(place: &Spanned<T>, reason: impl Into<String>) -> Mistake {
    (place.span().start, reason.into())
}

fn checked<T, E: ToString>(
    text: &Spanned<String>,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, Mistake> {
    parse(text.get_ref()).map_err(|reason| at(text, reason.to_string()))
}

fn job_name(name: &str) -> Result<String, String> {
    let letter = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if (1..=64).contains(&name.len()) && name.chars().all(letter) && !name.starts_with('.') {
        return Ok(name.to_owned());
    }
    Err(format!(
        "`{name}` is no name for a job: use at most 64 letters, digits, -, _ and ."
    ))
}

fn timetable(head: &Head, now: Timestamp) -> Result<Timetable, Mistake> {
    let schedule = checked(&head.schedule, |it| Schedule::parse(it, Dialect::Scheduler))?;
    let place = head
        .timezone
        .as_ref()
        .map(|it| checked(it, zone))
        .transpose()?;
    // A rate counts from the beginning of 1970, so that all machines agree.
    let timetable = Timetable::new(
        schedule,
        place.unwrap_or(TimeZone::UTC),
        Timestamp::UNIX_EPOCH,
    );
    let has_been = head.schedule.get_ref().starts_with("at(") && timetable.last(now).is_some();
    if timetable.next(now).is_none() && !has_been {
        let reason = format!(
            "the schedule `{}` never fires from now on",
            timetable.schedule()
        );
        return Err(at(&head.schedule, reason));
    }
    Ok(timetable)
}

fn lateness(text: &str) -> Result<SignedDuration, String> {
    let mistake =
        || format!("`{text}` is no time to wait: write such as 30 minutes, 2 hours or 3 days");
    let (count, unit) = text.trim().split_once(' ').ok_or_else(mistake)?;
    let count: i64 = count
        .parse()
        .ok()
        .filter(|it| (0..=100_000).contains(it))
        .ok_or_else(mistake)?;
    let minutes = match unit.trim().trim_end_matches('s') {
        "minute" => 1,
        "hour" => 60,
        "day" => 24 * 60,
        _ => return Err(mistake()),
    };
    Ok(SignedDuration::from_mins(count * minutes))
}

/// A date or a time in the job's time zone, or an instant.
fn start(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    crate::load::instant(text, zone).ok_or_else(|| {
        format!("`{text}` is no time: write such as 2026-11-22 or 2026-11-22T06:00:00")
    })
}

fn output(
    output: &Spanned<OutputHead>,
    interval: IntervalSize,
    zone: &TimeZone,
    lake: &str,
    now: Timestamp,
) -> Result<Output, Mistake> {
    let head = output.get_ref();
    let chart = head
        .chart
        .as_ref()
        .map(|it| checked(it, str::parse::<Kind>))
        .transpose()?;
    match (&head.table, &head.file) {
        (Some(table), None) => match &head.chart {
            Some(chart) => Err(at(chart, "a chart is for .html files")),
            None => checked(table, Output::table),
        },
        (None, Some(file)) => {
            let output = checked(file, |it| Output::file(it, chart, lake))?;
            if let Output::File(names) = &output {
                names
                    .check_names(interval, zone, now)
                    .map_err(|reason| at(file, reason))?;
            }
            Ok(output)
        }
        _ => Err(at(
            output,
            "say where results go: output.table = \"name\" for a Delta table, or output.file = \"_reports/name-!{timestamp:yyyy-MM-dd}.csv\"",
        )),
    }
}

/// What is wrong, without a place in a text that nobody has before them.
fn without_place(error: QueryError) -> String {
    match error {
        QueryError::Syntax { reason, .. } => format!("this is no SQL: {reason}"),
        error => error.to_string(),
    }
}

/// What can be told of a query without a lake.
fn check_query(sql: &str, query: &Template, now: Timestamp) -> Result<(), Mistake> {
    let statements = hydrant_query::statements(sql);
    let begin = sql.len() - sql.trim_start().len();
    if statements.len() != 1 {
        let reason = match statements.len() {
            0 => "there is no query below the head".to_owned(),
            count => format!("a job is one query, and these are {count}"),
        };
        return Err((begin, reason));
    }
    if query.is_constant() {
        let reason = "the query has neither $start nor $end, so every interval would have the same result: add such as \
                      `where time >= $start and time < $end`";
        return Err((begin, reason.to_owned()));
    }
    let sample = crate::interval::Interval {
        start: now,
        end: now,
    };
    let filled = query.fill(&sample);
    named_tables(&filled).map(drop).map_err(|error| {
        let line = hydrant_query::locate(&filled, &error).map_or(1, |(line, _)| line);
        // Filling in the interval moves columns, never lines.
        let skipped = usize::try_from(line.saturating_sub(1)).unwrap_or_default();
        let lines = sql.split_inclusive('\n').take(skipped);
        (
            lines.map(str::len).sum::<usize>().max(begin.min(sql.len())),
            without_place(error),
        )
    })
}

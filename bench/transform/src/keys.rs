//! What partition keys cost on top of the transform.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use hydrant_partitioner::{ConfinementPolicy, KeyQuery, PartitionWork};
use hydrant_transformer::{Filter, Options, responder};

use crate::batch::text;

/// The two keys of the AWS sample.
const TWO: &str = "eventType=.detail.eventType,schemaVersion=.detail.schemaVersion";
/// The six keys of our template.
const SIX: &str = r#"eventType=.detail.eventType,schemaVersion=.detail.schemaVersion,year=.time|utc("yyyy"),month=.time|utc("MM"),day=.time|utc("dd"),hour=.time|utc("HH")"#;
/// The same six as a `MetadataExtractionQuery` can say them.
const CUT: &str = "eventType=.detail.eventType,schemaVersion=.detail.schemaVersion,year=.time[0:4],month=.time[5:7],day=.time[8:10],hour=.time[11:13]";
/// A key that most records have to themselves.
const CLIENT: &str = "clientId=.detail.clientId,eventType=.detail.eventType";
/// A key below `detail`'s own members, which is not remembered.
const DEEP: &str = "eventType=.detail.eventType,page=.detail.page.url // .detail.eventType";

type Answer = Box<dyn FnMut(&str, &mut Vec<u8>) -> Result<usize>>;

struct Case {
    name: &'static str,
    answer: Answer,
    /// The events' times are those of a year, and not of some minutes.
    scattered: bool,
    best: Duration,
    all: Vec<Duration>,
}

/// Everybody in turns, in this process, and the table.
pub(crate) fn keys(megabytes: f64, turns: usize, only: &str, date: &str) -> Result<()> {
    let (batch, near) = text(megabytes, 1_000_000, Duration::from_hours(24 * 7))?;
    let (_, far) = text(megabytes, 5_000, Duration::from_hours(24 * 3650))?;
    let mut cases = cases()?;
    cases.retain(|case| case.name.contains(only));
    let mut out = Vec::new();
    for _ in 0..turns {
        for case in &mut cases {
            let request = if case.scattered { &far } else { &near };
            let start = Instant::now();
            let ok = (case.answer)(black_box(request), &mut out)?;
            let took = start.elapsed();
            black_box(&out);
            ensure!(
                ok == batch.records || case.scattered,
                "{}: {ok} records",
                case.name
            );
            case.best = case.best.min(took);
            case.all.push(took);
        }
    }
    let table = table(&mut cases, batch.records, turns, date)?;
    std::io::stdout().write_all(table.as_bytes())?;
    Ok(())
}

fn cases() -> Result<Vec<Case>> {
    let case = |name, answer, scattered| Case {
        name,
        answer,
        scattered,
        best: Duration::MAX,
        all: Vec::new(),
    };
    let with = |keys| Ok::<_, anyhow::Error>(transform(Some(query(keys)?)));
    Ok(vec![
        case("transform", transform(None), false),
        case("two keys", with(TWO)?, false),
        case("the template's six", with(SIX)?, false),
        case("the six as slices", with(CUT)?, false),
        case("a key of each client", with(CLIENT)?, false),
        case("a deep key", with(DEEP)?, false),
        case("transform, times of years", transform(None), true),
        case("the template's six, times of years", with(SIX)?, true),
        case("`partitioner`, two keys", partition(query(TWO)?), false),
        case(
            "`partitioner`, the template's six",
            partition(query(SIX)?),
            false,
        ),
    ])
}

/// As the functions make a query of `PARTITION_KEYS`.
fn query(keys: &str) -> Result<KeyQuery> {
    Ok(KeyQuery::partition_keys(keys)?.confined(ConfinementPolicy::Fail))
}

fn transform(partition_keys: Option<KeyQuery>) -> Answer {
    let options = Options {
        partition_keys,
        ..Options::default()
    };
    let mut responder = responder(options, Filter::default());
    Box::new(move |request, out| Ok(responder.respond(request.as_bytes(), out)?.ok))
}

fn partition(query: KeyQuery) -> Answer {
    let mut responder = hydrant_function::Responder::new(PartitionWork::new(query));
    Box::new(move |request, out| Ok(responder.respond(request.as_bytes(), out)?.ok))
}

#[expect(clippy::cast_precision_loss, reason = "numbers for people")]
fn table(cases: &mut [Case], records: usize, turns: usize, date: &str) -> Result<String> {
    let mut text = String::new();
    writeln!(text, "# What partition keys cost, {date}\n")?;
    writeln!(
        text,
        "{records} records, {turns} turns, everybody in turn, one thread. Each row beside the transform of the \
         same events.\n"
    )?;
    writeln!(
        text,
        "| What | Best round, ms | ns a record | More than the transform, best | …, median |"
    )?;
    writeln!(text, "| --- | ---: | ---: | ---: | ---: |")?;
    let mut bases = Vec::new();
    for case in cases {
        case.all.sort_unstable();
        let best = case.best.as_nanos() as f64;
        let median = case.all.get(case.all.len() / 2).context("no turns")?;
        let median = median.as_nanos() as f64;
        // Of the same events; the first is the transform alone.
        if case.name.starts_with("transform") {
            bases.push((best, median));
        }
        let base = if case.scattered {
            bases.last()
        } else {
            bases.first()
        };
        let base = base.copied().unwrap_or((best, median));
        writeln!(
            text,
            "| {} | {:.2} | {:.0} | {:+.1} % | {:+.1} % |",
            case.name,
            best / 1e6,
            best / records as f64,
            (best / base.0 - 1.0) * 100.0,
            (median / base.1 - 1.0) * 100.0,
        )?;
    }
    writeln!(
        text,
        "\n```\ncargo run --profile peers -p hydrant-bench-transform -- keys --turns {turns} --date {date}\n```"
    )?;
    Ok(text)
}

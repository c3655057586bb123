//! What is skipped, guessed or remembered changes no answer.

use std::sync::Arc;

use datafusion::{arrow::array::RecordBatch, arrow::json::LineDelimitedWriter};
use futures::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory, path::Path};
use proptest::prelude::*;
use tokio::runtime::Runtime;
use url::Url;

use super::Engine;
use crate::{options::Options, problems::Problem};

async fn engine(objects: &[(String, String)], options: &Options) -> Engine {
    let store = InMemory::new();
    for (key, text) in objects {
        let text = text.clone().into();
        store.put(&Path::from(key.as_str()), text).await.unwrap();
    }
    let store: Arc<dyn ObjectStore> = Arc::new(store);
    Engine::over(store, Url::parse("memory:///").unwrap(), options).unwrap()
}

fn lines(batches: &[RecordBatch]) -> Vec<String> {
    let mut writer = LineDelimitedWriter::new(Vec::new());
    for batch in batches {
        writer.write(batch).unwrap();
    }
    let text = String::from_utf8(writer.into_inner()).unwrap();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

async fn run(engine: &Engine, sql: &str) -> (String, Vec<String>) {
    let answer = engine.run(sql).await.unwrap();
    let types = format!("{:?}", answer.schema().fields());
    let batches: Vec<_> = answer.try_collect().await.unwrap();
    (types, lines(&batches))
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => (0..5_i32).prop_map(|it| it.to_string()),
        1 => Just("0.5".to_owned()),
        1 => Just("9007199254740993".to_owned()),
        1 => Just("18446744073709551616".to_owned()),
        2 => Just("null".to_owned()),
        3 => "\"(x|xy|é|x\\\\\"|\\\\u0078y)\"",
        1 => Just("true".to_owned()),
        1 => Just("{}".to_owned()),
        2 => "\\{\"[de]\":[0-9]\\}",
        1 => Just("[]".to_owned()),
        1 => Just("[1,\"x\"]".to_owned()),
    ]
}

fn record() -> impl Strategy<Value = String> {
    // Most fields keep to one type, or no schema would be left to guess.
    let member = prop_oneof![
        6 => (0..9_i32).prop_map(|it| format!("\"a\":{it}")),
        6 => "x{0,3}".prop_map(|it| format!("\"b\":\"{it}\"")),
        6 => (0..9_i32).prop_map(|it| format!("\"c\":{{\"d\":{it}}}")),
        1 => ("[a-e]", value()).prop_map(|(name, value)| format!("\"{name}\":{value}")),
        1 => ("[d-g]", value()).prop_map(|(name, value)| format!("\"c\":{{\"{name}\":{value}}}")),
    ];
    prop::collection::vec(member, 0..4).prop_map(|members| format!("{{{}}}\n", members.join(",")))
}

/// The records without what repeats a name.
fn tidy(text: &str) -> String {
    let mut survey = crate::survey::Survey::default();
    let tidied = text.lines().map(|line| {
        let mut seen = Vec::new();
        let inner = line
            .strip_prefix('{')
            .and_then(|it| it.strip_suffix('}'))
            .unwrap();
        let mut rest = inner;
        while !rest.is_empty() {
            let value = survey.mark(rest.as_bytes()).value_end(4).unwrap();
            let (member, after) = rest.split_at(value);
            if !seen.iter().any(|it: &&str| it.get(..4) == member.get(..4)) {
                seen.push(member);
            }
            rest = after.strip_prefix(',').unwrap_or_default();
        }
        format!("{{{}}}\n", seen.join(","))
    });
    tidied.collect()
}

fn objects() -> impl Strategy<Value = Vec<(String, String)>> {
    let object = prop::collection::vec(record(), 1..4);
    prop::collection::vec(object, 12..24).prop_map(|objects| {
        let named = objects.into_iter().enumerate().map(|(n, records)| {
            let key = format!("events/hour={:02}/day=x{}/{n}", n % 12, n % 3);
            (key, tidy(&records.concat()))
        });
        named.collect()
    })
}

const QUESTIONS: [&str; 6] = [
    "select * from events",
    "select a, b from events",
    "select c from events where b >= 'xx'",
    "select a, count(*) as n from events group by a",
    "select b, c, _object from events where hour = 3 or hour = 11",
    "select count(*) as n, max(b) as b from events where day = 'x1'",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_sample_gives_the_answers_that_everything_gives(objects in objects()) {
        Runtime::new().unwrap().block_on(async {
            // Whatever is not there is null, in both.
            let mut objects = objects;
            objects[0].1 += "{\"a\":null,\"b\":null,\"c\":null}\n";
            for sql in QUESTIONS {
                let sampled = engine(&objects, &Options::default()).await;
                let learned = engine(&objects, &Options::default()).await;
                let planned = learned.sql(sql).await.unwrap();
                let everything = lines(&planned.collect().await.unwrap());
                let (types, first) = run(&sampled, sql).await;
                prop_assert_eq!(&first, &everything, "{}", sql);
                // The second time more is remembered.
                prop_assert_eq!((types, first), run(&sampled, sql).await, "{}", sql);
                prop_assert_eq!(sampled.problems(), Vec::<Problem>::new());
            }
            Ok(())
        })?;
    }

    #[test]
    fn what_is_ruled_out_early_does_not_hold(objects in objects(), hour in 0..13_i32, day in 0..4_i32) {
        Runtime::new().unwrap().block_on(async {
            let mut objects = objects;
            objects[0].1 += "{\"b\":\"x\"}\n";
            let engine = engine(&objects, &Options::default()).await;
            for (early, late) in [
                (format!("hour = {hour}"), format!("hour + 0 = {hour}")),
                (format!("hour > {hour} and day <> 'x1'"), format!("hour + 0 > {hour} and day <> 'x1'")),
                (format!("day = 'x{day}' or hour < 3"), format!("day || '' = 'x{day}' or hour + 0 < 3")),
                ("b = 'xy'".to_owned(), "b || '' = 'xy'".to_owned()),
                ("b like '%xx%'".to_owned(), "b || '' like '%xx%'".to_owned()),
                ("b in ('xy', 'xx')".to_owned(), "b || '' in ('xy', 'xx')".to_owned()),
            ] {
                let count = |filter: &str| format!("select count(*) as n, min(_object) as o from events where {filter}");
                let (_, early_rows) = run(&engine, &count(&early)).await;
                let (_, late_rows) = run(&engine, &count(&late)).await;
                prop_assert_eq!(early_rows, late_rows, "{}", early);
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn folders_are_believed_to_be_named_after_the_event_time_only_as_long_as_they_are() {
    let record = |time: &str| format!("{{\"time\":\"{time}\",\"n\":1}}\n");
    let object = |hour: u32, text: String| {
        (
            format!("events/year=2026/month=11/day=02/hour={hour:02}/x"),
            text,
        )
    };
    let by_event: Vec<_> = (0..24)
        .map(|hour| object(hour, record(&format!("2026-11-02T{hour:02}:30:00Z"))))
        .collect();
    let sql = "select count(*) as n from events where time >= '2026-11-02T08:00:00Z' and time < '2026-11-02T09:00:00Z'";
    let part = |part: &str| format!("{part}=!{{partitionKeyFromLambda:{part}}}/");
    let options = Options {
        prefix: Some("events/".to_owned() + &["year", "month", "day", "hour"].map(part).concat()),
        ..Options::default()
    };
    let unknown = engine(&by_event, &Options::default()).await;
    assert_eq!(run(&unknown, sql).await.1, ["{\"n\":1}"]);
    assert_eq!(
        unknown.stats().objects_opened,
        24,
        "nobody said what the folders are named after"
    );
    let believing = engine(&by_event, &options).await;
    assert_eq!(run(&believing, sql).await.1, ["{\"n\":1}"]);
    assert_eq!(
        believing.stats().objects_opened,
        3,
        "the hour, and one on either side"
    );

    let mut by_arrival = by_event;
    by_arrival[9].1 += &record("2026-11-02T08:59:59Z");
    by_arrival[23].1 += &record("2026-11-02T08:10:00Z");
    let doubting = engine(&by_arrival, &options).await;
    assert_eq!(run(&doubting, sql).await.1, ["{\"n\":3}"]);
    assert_eq!(doubting.stats().restarts, 1);
}

#[tokio::test]
async fn a_pinned_schema_is_what_there_is() {
    let objects = [(
        "events/a".to_owned(),
        "{\"a\":\"x\",\"b\":1}\n{\"a\":2}\n".to_owned(),
    )];
    let options = Options {
        schema: Some("a integer\nnever.seen text".to_owned()),
        ..Options::default()
    };
    let engine = engine(&objects, &options).await;
    let (_, rows) = run(&engine, "select a, never.seen as s, _object from events").await;
    let expected = [
        r#"{"_object":"events/a"}"#,
        r#"{"a":2,"_object":"events/a"}"#,
    ];
    assert_eq!(rows, expected);
    assert_eq!(engine.problems().len(), 1);
    assert!(engine.run("select b from events").await.is_err());
}

//! The order of fields: what people see before a compaction is what they see after it.

use hydrant_query::Format;

use super::*;
use crate::lake::answer;

/// Objects of three types whose records have their fields in an order of their own, and fields that are rare.
fn untidy() -> TestLake {
    let lake = TestLake::new();
    for (at, kind) in ["search", "purchase", "login"].into_iter().enumerate() {
        for hour in 0..24 {
            for object in 0..2 {
                let n = at * 100 + hour * 2 + object;
                let data = match n % 3 {
                    0 => format!("\"zone\":{n},\"brand\":\"b\",\"list\":[{{\"y\":1,\"a\":{n}}}]"),
                    1 => format!("\"brand\":\"b\",\"zone\":{n}"),
                    _ => format!("\"list\":[{{\"a\":2}}],\"page\":{n}"),
                };
                let rare = match n % 31 {
                    7 => format!(",\"rare{}\":{n},\"also\":true", n % 5),
                    _ => String::new(),
                };
                let mut text = record(n, kind, hour, &(data + &rare));
                if n % 29 == 3 {
                    text = text.replacen('{', &format!("{{\"top{}\":1,", n % 4), 1);
                }
                lake.put_gz(&key(kind, hour, &format!("o{object}")), text);
            }
        }
    }
    lake
}

/// Every row as text, in which the order of its fields shows, and the paths that the description has.
async fn seen(lake: &TestLake) -> [String; 2] {
    let engine = lake.engine(Options::default()).await;
    let rows = answer(&engine, "select * from events order by id", Format::NdJson).await;
    let described = engine.describe().await.unwrap();
    let paths: Vec<_> = described.fields.into_iter().map(|it| it.path).collect();
    let first = paths.join(" ");
    [rows.unwrap(), first]
}

/// The first line in which two texts differ.
fn difference(one: &[String; 2], other: &[String; 2]) -> Option<String> {
    let lines = |texts: &[String; 2]| {
        let lines = texts.iter().flat_map(|text| text.lines());
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let (one, other) = (lines(one), lines(other));
    let found = one.iter().zip(&other).find(|(one, other)| one != other);
    let found = found.map(|(one, other)| format!("{one}\n{other}"));
    found.or_else(|| (one.len() != other.len()).then(|| "more lines".to_owned()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_stay_in_their_order_whatever_is_compacted_when() {
    let lake = untidy();
    let before = seen(&lake).await;
    assert!(before[0].contains("rare"));
    // A third in a first run, and the rest in commits of its own.
    let early: jiff::Timestamp = "2026-11-02T09:00:00Z".parse().unwrap();
    let surroundings = Surroundings {
        now: early.as_millisecond(),
        run: 1,
    };
    let progress = Arc::new(Progress::default());
    let handle = lake.lake().await;
    let options = Options::default();
    let hours = CompactOptions {
        older_than: Duration::from_hours(1),
        ..CompactOptions::default()
    };
    let first = compact(&handle, &options, &hours, surroundings, &progress);
    let first = first.await.unwrap();
    assert!(first.objects > 0 && first.young > 0, "{first:?}");
    assert_eq!(difference(&before, &seen(&lake).await), None, "in part");
    let small = CompactOptions {
        commit_objects: 20,
        ..all()
    };
    run(&handle, &small, 2).await.unwrap();
    assert_eq!(difference(&before, &seen(&lake).await), None, "all");
    let straggler = record(9_000, "search", 23, "\"rare\":1,\"brand\":\"b\"");
    lake.put_gz(&key("search", 23, "late"), straggler);
    let before = seen(&lake).await;
    run(&handle, &all(), 3).await.unwrap();
    assert_eq!(difference(&before, &seen(&lake).await), None, "late");
}

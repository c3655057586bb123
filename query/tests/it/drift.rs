//! Types that change, and fields that come late: every pair of kinds, wherever they meet.

use hydrant_query::{Format, Options};

use crate::lake::{MemoryLake, answer, value};

/// A kind of value: its name, two values of it, and how they are answered where all others are of the kind too.
struct Kind {
    name: &'static str,
    values: [&'static str; 2],
    alone: [&'static str; 2],
}

const KINDS: [Kind; 9] = [
    Kind {
        name: "boolean",
        values: ["true", "false"],
        alone: ["true", "false"],
    },
    Kind {
        name: "integer",
        values: ["1", "-20"],
        alone: ["1", "-20"],
    },
    Kind {
        name: "number",
        values: ["0.5", "1e3"],
        alone: ["0.5", "1000.0"],
    },
    Kind {
        name: "wide",
        values: ["18446744073709551616", "-9223372036854775809"],
        alone: [r#""18446744073709551616""#, r#""-9223372036854775809""#],
    },
    Kind {
        name: "text",
        values: [r#""x""#, r#""é\n1""#],
        alone: [r#""x""#, r#""é\n1""#],
    },
    Kind {
        name: "digits",
        values: [r#""1""#, r#""true""#],
        alone: [r#""1""#, r#""true""#],
    },
    Kind {
        name: "object",
        values: [r#"{"k":1}"#, r#"{"k":2,"l":"m"}"#],
        alone: [r#"{"k":1}"#, r#"{"k":2,"l":"m"}"#],
    },
    Kind {
        name: "numbers",
        values: ["[1]", "[2,3]"],
        alone: ["[1]", "[2,3]"],
    },
    Kind {
        name: "texts",
        values: [r#"["a"]"#, "[]"],
        alone: [r#"["a"]"#, "[]"],
    },
];

/// How a value is answered where it meets one of another kind: texts as they are, the rest as its JSON text.
fn as_text(value: &str) -> String {
    if value.starts_with('"') {
        value.to_owned()
    } else {
        serde_json::Value::from(value).to_string()
    }
}

/// What is expected of the values of `one` and `other` in one column.
fn expected(one: &Kind, other: &Kind) -> Vec<String> {
    let own = |kind: &Kind, values: [&str; 2]| {
        values
            .map(|value| format!("{}:{value}", kind.name))
            .to_vec()
    };
    let is_text = |kind: &Kind| matches!(kind.name, "text" | "digits");
    let is_list = |kind: &Kind| matches!(kind.name, "numbers" | "texts");
    let numbers = [one.name, other.name];
    let mut answers = if one.name == other.name {
        own(one, one.alone)
    } else if numbers == ["integer", "number"] || numbers == ["number", "integer"] {
        vec![
            "integer:1.0".into(),
            "integer:-20.0".into(),
            "number:0.5".into(),
            "number:1000.0".into(),
        ]
    } else if is_text(one) && is_text(other) {
        [own(one, one.alone), own(other, other.alone)].concat()
    } else if is_list(one) && is_list(other) {
        // The elements meet: 1 beside "a".
        vec![
            r#"numbers:["1"]"#.into(),
            r#"numbers:["2","3"]"#.into(),
            r#"texts:["a"]"#.into(),
            "texts:[]".into(),
        ]
    } else {
        let text = |kind: &Kind| {
            kind.values
                .map(|value| format!("{}:{}", kind.name, as_text(value)))
                .to_vec()
        };
        [text(one), text(other)].concat()
    };
    answers.sort();
    answers
}

/// Records with each value under `path`, whose last name is `v`, beside the kind's name.
fn records(kind: &Kind, wrap: impl Fn(&str) -> String) -> Vec<String> {
    let record = |value: &&str| {
        format!(
            r#"{{"kind":"{}",{}}}"#,
            kind.name,
            wrap(&format!("\"v\":{value}"))
        )
    };
    kind.values.iter().map(record).collect()
}

/// Where the two kinds meet.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// In one object.
    Object,
    /// In two objects.
    Objects,
    /// In a hundred objects, all of the first kind but one.
    Hundred,
}

async fn filled(
    one: &Kind,
    other: &Kind,
    place: Place,
    wrap: impl Fn(&str) -> String + Copy,
) -> MemoryLake {
    let lake = MemoryLake::default();
    let (first, second) = (records(one, wrap), records(other, wrap));
    match place {
        Place::Object => {
            lake.put("events/a", [first, second].concat().join("\n"))
                .await;
        }
        Place::Objects => {
            lake.put("events/a", first.join("\n")).await;
            lake.put_gz("events/b", second.join("\n")).await;
        }
        Place::Hundred => {
            for n in 0..100 {
                let records = if n == 61 { &second } else { &first };
                lake.put(&format!("events/{n:02}"), records.join("\n"))
                    .await;
            }
        }
    }
    lake
}

async fn check(
    one: &Kind,
    other: &Kind,
    place: Place,
    column: &str,
    wrap: impl Fn(&str) -> String + Copy,
) {
    let case = format!("{} and {}, {place:?}, {column}", one.name, other.name);
    let lake = filled(one, other, place, wrap).await;
    let engine = lake.engine(&Options::default());
    let sql = format!("select kind, {column} as v from events");
    let answered = answer(&engine, &sql, Format::NdJson)
        .await
        .unwrap_or_else(|error| panic!("{case}: {error}"));
    let mut found: Vec<String> = answered
        .lines()
        .map(|line| {
            let (kind, v) = line.split_once("\",\"v\":").unwrap();
            format!(
                "{}:{}",
                kind.strip_prefix("{\"kind\":\"").unwrap(),
                v.strip_suffix('}').unwrap()
            )
        })
        .collect();
    found.sort();
    found.dedup();
    let mut expected = expected(one, other);
    expected.dedup();
    assert_eq!(found, expected, "{case}");
    assert_eq!(engine.problems(), [], "{case}");
    let rows = answered.lines().count().to_string();
    let engine = lake.engine(&Options::default());
    assert_eq!(
        value(&engine, &format!("select count({column}) from events")).await,
        rows,
        "{case}"
    );
    assert_eq!(
        value(&engine, "select count(*) from events").await,
        rows,
        "{case}"
    );
}

async fn matrix(place: Place) {
    for one in &KINDS {
        for other in &KINDS {
            Box::pin(check(one, other, place, "v", str::to_owned)).await;
            if one.name <= other.name {
                let nested = |v: &str| format!("\"detail\":{{\"data\":{{{v}}}}}");
                Box::pin(check(one, other, place, "detail.data.v", nested)).await;
            }
        }
    }
}

#[tokio::test]
async fn every_pair_of_kinds_in_one_object_keeps_every_value() {
    matrix(Place::Object).await;
}

#[tokio::test]
async fn every_pair_of_kinds_in_two_objects_keeps_every_value() {
    matrix(Place::Objects).await;
}

#[tokio::test]
async fn one_object_of_another_kind_among_a_hundred_loses_nothing() {
    matrix(Place::Hundred).await;
}

#[tokio::test]
async fn a_null_or_an_absent_field_changes_no_type() {
    for kind in &KINDS {
        let lake = MemoryLake::default();
        lake.put("events/a", "{\"v\":null}\n{}\n").await;
        lake.put("events/b", records(kind, str::to_owned).join("\n"))
            .await;
        let engine = lake.engine(&Options::default());
        let answered = answer(
            &engine,
            "select v from events where v is not null",
            Format::NdJson,
        )
        .await
        .unwrap();
        let mut found: Vec<_> = answered
            .lines()
            .map(|line| {
                line.strip_prefix("{\"v\":")
                    .unwrap()
                    .strip_suffix('}')
                    .unwrap()
            })
            .collect();
        let mut expected = kind.alone.to_vec();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{}", kind.name);
        assert_eq!(
            value(&engine, "select count(*) from events where v is null").await,
            "2"
        );
    }
}

/// A lake of a thousand objects in which one record has a field that no other has.
async fn with_late_field(place: &str) -> MemoryLake {
    let lake = MemoryLake::default();
    for n in 0..1000 {
        let member = if n == 733 { place } else { "\"a\":1" };
        let text = format!(
            "{{\"detail\":{{\"data\":{{\"n\":{n}}}}}}}\n{{\"detail\":{{\"data\":{{{member}}}}}}}\n"
        );
        lake.put(&format!("events/hour={:02}/{n:04}", n % 24), text)
            .await;
    }
    lake
}

#[tokio::test]
async fn a_field_that_one_record_in_a_thousand_objects_has_is_found_by_its_name() {
    let lake = with_late_field(r#""late":{"deep":[{"x":"here"}]}"#).await;
    for (sql, expected) in [
        ("select count(detail.data.late) from events", "1"),
        (
            "select detail.data.late.deep[1]['x'] from events where detail.data.late is not null",
            "\"here\"",
        ),
        (
            "select count(*) from events where detail.data.late.deep is null",
            "1999",
        ),
        (
            "select count(*) from events e where exists (select 1 from events f where f.detail.data.late is not null and f._object = e._object)",
            "2",
        ),
        (
            "with e as (select detail.data as d from events) select count(d.late) from e",
            "1",
        ),
    ] {
        assert_eq!(lake.value(sql).await, expected, "{sql}");
    }
    // In one engine, after questions that did not need it.
    let engine = lake.engine(&Options::default());
    assert_eq!(
        value(&engine, "select count(detail.data.n) from events").await,
        "1000"
    );
    assert_eq!(
        value(&engine, "select count(detail.data.late) from events").await,
        "1"
    );
    // A field that is nowhere is refused by its name.
    let error = answer(&engine, "select detail.data.later from events", Format::Csv)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("later"), "{error}");
}

#[tokio::test]
async fn a_top_level_field_that_comes_late_is_found_by_its_name() {
    let lake = MemoryLake::default();
    for n in 0..500 {
        let member = if n == 321 { ",\"late\":\"here\"" } else { "" };
        lake.put(
            &format!("events/{n:04}"),
            format!("{{\"n\":{n}{member}}}\n"),
        )
        .await;
    }
    assert_eq!(
        lake.value("select late from events where late is not null")
            .await,
        "\"here\""
    );
    assert_eq!(
        lake.value("select count(*) from events where late = 'here'")
            .await,
        "1"
    );
    assert_eq!(
        lake.value("select n from events where late like 'h%'")
            .await,
        "321"
    );
}

#[tokio::test]
async fn a_field_in_the_last_record_of_a_large_object_is_found() {
    let lake = MemoryLake::default();
    let mut text =
        "{\"n\":1,\"padding\":\"0123456789012345678901234567890123456789\"}\n".repeat(100_000);
    text.push_str("{\"n\":\"two\",\"late\":[1.5]}\n");
    lake.put_gz("events/a.gz", &text).await;
    assert_eq!(lake.value("select count(late) from events").await, "1");
    assert_eq!(
        lake.value("select n from events where late is not null")
            .await,
        "\"two\""
    );
    assert_eq!(
        lake.value("select count(*) from events where n = '1'")
            .await,
        "100000"
    );
}

#[tokio::test]
async fn everything_shows_what_the_sample_missed_or_says_so() {
    let lake = with_late_field(r#""late":"here""#).await;
    let engine = lake.engine(&Options::default());
    let all = answer(&engine, "select * from events", Format::NdJson)
        .await
        .unwrap();
    assert_eq!(all.lines().count(), 2000);
    let said: String = engine.problems().iter().map(ToString::to_string).collect();
    assert!(
        all.contains("\"late\":\"here\"") || said.contains("late"),
        "{said}"
    );
}

#[tokio::test]
async fn the_same_field_with_an_escaped_name_is_the_same_field() {
    let lake = MemoryLake::default();
    for n in 0..200 {
        let name = if n == 100 { r"l\u0061te" } else { "other" };
        lake.put(&format!("events/{n:04}"), format!("{{\"{name}\":{n}}}\n"))
            .await;
    }
    assert_eq!(
        lake.value("select late from events where late is not null")
            .await,
        "100"
    );
    assert_eq!(lake.value("select count(other) from events").await, "199");
}

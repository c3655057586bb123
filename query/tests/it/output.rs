//! Every format of an answer.

use hydrant_query::{Format, Options};

use crate::lake::{TestLake, answer};

const SQL: &str = "select name, n, price, time, tags, nested from events order by n";

fn lake() -> TestLake {
    let lake = TestLake::new();
    lake.put(
        "events/a",
        r#"{"name":"games","n":1,"price":9.5,"time":"2026-11-02T08:15:30.5Z","tags":["a","b"],"nested":{"a":1,"b":"x"}}
{"name":"jeux, \"vidéo\"\n電","n":22,"price":1200,"time":"2026-11-02T08:15:30Z","tags":[],"nested":{"b":"\u001b[31m"}}
{"name":null,"n":333}
"#,
    );
    lake
}

async fn printed(sql: &str, format: Format) -> String {
    answer(&lake().engine(Options::default()).await, sql, format)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_table_has_numbers_to_the_right_and_no_control_characters() {
    insta::assert_snapshot!(printed(SQL, Format::Table).await, @r#"
    +-------------------+-----+--------+--------------------------+-----------+--------------------+
    | name              |   n |  price | time                     | tags      | nested             |
    +-------------------+-----+--------+--------------------------+-----------+--------------------+
    | games             |   1 |    9.5 | 2026-11-02T08:15:30.500Z | ["a","b"] | {"a":1,"b":"x"}    |
    | jeux, "vidéo"\n電 |  22 | 1200.0 | 2026-11-02T08:15:30Z     | []        | {"b":"\u001b[31m"} |
    |                   | 333 |        |                          |           |                    |
    +-------------------+-----+--------+--------------------------+-----------+--------------------+
    "#);
}

#[tokio::test]
async fn csv_has_a_header_and_nested_values_as_json() {
    insta::assert_snapshot!(printed(SQL, Format::Csv).await, @r#"
    name,n,price,time,tags,nested
    games,1,9.5,2026-11-02T08:15:30.500Z,"[""a"",""b""]","{""a"":1,""b"":""x""}"
    "jeux, ""vidéo""
    電",22,1200.0,2026-11-02T08:15:30Z,[],"{""b"":""\u001b[31m""}"
    ,333,,,,
    "#);
    assert_eq!(
        printed("select n from events where n > 1000", Format::Csv).await,
        "n\n"
    );
}

#[tokio::test]
async fn json_is_one_array() {
    insta::assert_snapshot!(printed(SQL, Format::Json).await, @r#"
    [
    {"name":"games","n":1,"price":9.5,"time":"2026-11-02T08:15:30.500Z","tags":["a","b"],"nested":{"a":1,"b":"x"}},
    {"name":"jeux, \"vidéo\"\n電","n":22,"price":1200.0,"time":"2026-11-02T08:15:30Z","tags":[],"nested":{"b":"\u001b[31m"}},
    {"name":null,"n":333,"price":null,"time":null,"tags":null,"nested":null}
    ]
    "#);
    assert_eq!(
        printed("select n from events where n > 1000", Format::Json).await,
        "[]\n"
    );
}

#[tokio::test]
async fn ndjson_is_one_object_a_line() {
    insta::assert_snapshot!(printed(SQL, Format::NdJson).await, @r#"
    {"name":"games","n":1,"price":9.5,"time":"2026-11-02T08:15:30.500Z","tags":["a","b"],"nested":{"a":1,"b":"x"}}
    {"name":"jeux, \"vidéo\"\n電","n":22,"price":1200.0,"time":"2026-11-02T08:15:30Z","tags":[],"nested":{"b":"\u001b[31m"}}
    {"name":null,"n":333,"price":null,"time":null,"tags":null,"nested":null}
    "#);
    for line in printed(SQL, Format::NdJson).await.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

#[test]
fn formats_are_named_in_any_case() {
    assert_eq!("NDJSON".parse(), Ok(Format::NdJson));
    insta::assert_snapshot!("xml".parse::<Format>().unwrap_err(), @"unknown format `xml`; there are table, vertical, csv, tsv, json, ndjson, markdown, parquet, arrow");
}

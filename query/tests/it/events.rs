//! The table `events`: what is found, and what its columns are.

use std::fmt::Write;

use hydrant_query::{Format, OnError, Options, QueryError};

use crate::lake::{TestLake, answer, ask, event, gzip, problems};

/// Two hours, two types of events.
pub(crate) fn hive() -> TestLake {
    let lake = TestLake::new();
    let key = |kind: &str, hour: &str| {
        format!(
            "events/eventType={kind}/schemaVersion=1/year=2026/month=11/day=02/hour={hour}/s-1-2026-11-02-{hour}-00-00-x.gz"
        )
    };
    lake.put_gz(
        &key("searching", "08"),
        event(
            "searching",
            "c1",
            "2026-11-02T08:15:30Z",
            r#"{"searchTerm":"games"}"#,
        ) + &event(
            "searching",
            "c2",
            "2026-11-02T08:45:00Z",
            r#"{"searchTerm":"jeux vidéo"}"#,
        ),
    );
    lake.put_gz(
        &key("purchase", "09"),
        event(
            "purchase",
            "c1",
            "2026-11-02T09:00:00Z",
            r#"{"itemSku":123,"price":9.5}"#,
        ),
    );
    lake.put_gz(
        "errors/processing-failed/2026/11/02/09/s-1-2026-11-02-09-00-00-x.gz",
        "{\"rawData\":\"e30=\",\"errorCode\":\"Lambda.FunctionError\"}\n",
    );
    lake
}

#[tokio::test]
async fn camel_case_needs_no_quotes_and_functions_have_no_case() {
    let sql = "SELECT detail.eventType, COUNT(*) AS n, Sum(detail.data.price) AS total FROM EVENTS GROUP BY 1 order by 1";
    insta::assert_snapshot!(hive().ask(sql).await, @"
    +-----------+---+-------+
    | eventType | n | total |
    +-----------+---+-------+
    | purchase  | 1 |   9.5 |
    | searching | 2 |       |
    +-----------+---+-------+
    ");
}

#[tokio::test]
async fn every_column_has_a_type_of_its_own() {
    let lake = hive();
    let engine = lake.engine(Options::default()).await;
    insta::assert_snapshot!(ask(&engine, "describe events").await, @"
    +------------------------+--------------------+
    | column                 | type               |
    +------------------------+--------------------+
    | version                | Utf8               |
    | id                     | Utf8               |
    | detail-type            | Utf8               |
    | source                 | Utf8               |
    | time                   | Timestamp(µs, UTC) |
    | resources              | List of Utf8       |
    | detail                 | Struct of 4 fields |
    | detail.eventType       | Utf8               |
    | detail.schemaVersion   | Utf8               |
    | detail.clientId        | Utf8               |
    | detail.data            | Struct of 3 fields |
    | detail.data.itemSku    | Int64              |
    | detail.data.price      | Float64            |
    | detail.data.searchTerm | Utf8               |
    | eventType              | Utf8               |
    | schemaVersion          | Int64              |
    | year                   | Int64              |
    | month                  | Int64              |
    | day                    | Int64              |
    | hour                   | Int64              |
    | _object                | Utf8               |
    +------------------------+--------------------+
    ");
    insta::assert_snapshot!(ask(&engine, "select time, eventType, hour, _object from events where hour > 8").await, @"
    +----------------------+-----------+------+----------------------------------------------------------------------------------------------------------+
    | time                 | eventType | hour | _object                                                                                                  |
    +----------------------+-----------+------+----------------------------------------------------------------------------------------------------------+
    | 2026-11-02T09:00:00Z | purchase  |    9 | events/eventType=purchase/schemaVersion=1/year=2026/month=11/day=02/hour=09/s-1-2026-11-02-09-00-00-x.gz |
    +----------------------+-----------+------+----------------------------------------------------------------------------------------------------------+
    ");
}

#[tokio::test]
async fn the_lake_of_the_aws_sample_is_read_to_the_last_record() {
    let lake = TestLake::new();
    let record =
        |n: u32| format!(r#"{{"detail":{{"eventType":"shopping","n":{n}}},"resources":[]}}"#);
    lake.put(
        "shopping/1/clienteventsfirehose-1-2026-11-02-08-00-00-a",
        record(1) + &record(2) + &record(3),
    );
    lake.put(
        "searching/2/clienteventsfirehose-1-2026-11-02-08-00-00-b",
        record(4),
    );
    lake.put(
        "error/clienteventsfirehose-1-2026-11-02-08-00-00-c",
        "{\"errorCode\":\"x\"}\n",
    );
    let options = Options {
        prefix: Some(
            "!{partitionKeyFromQuery:eventType}/!{partitionKeyFromQuery:schemaVersion}/".into(),
        ),
        error_prefix: Some("error/".into()),
        ..Options::default()
    };
    let engine = lake.engine(options).await;
    insta::assert_snapshot!(ask(&engine, "select eventType, schemaVersion, count(*), max(detail.n) from events group by 1, 2 order by 1").await, @"
    +-----------+---------------+----------+---------------+
    | eventType | schemaVersion | count(*) | max(detail.n) |
    +-----------+---------------+----------+---------------+
    | searching |             2 |        1 |             4 |
    | shopping  |             1 |        3 |             3 |
    +-----------+---------------+----------+---------------+
    ");
    insta::assert_snapshot!(ask(&engine, "select errorCode from errors").await, @"
    +-----------+
    | errorCode |
    +-----------+
    | x         |
    +-----------+
    ");
    assert_eq!(problems(&engine), "");
}

#[tokio::test]
async fn the_default_layout_gives_year_month_day_and_hour() {
    let lake = TestLake::new();
    lake.put("2026/07/01/10/s-1-2026-07-01-10-15-02-a", "{\"a\":1}\n");
    lake.put("2026/07/01/11/s-1-2026-07-01-11-15-02-a", "{\"a\":2}\n");
    lake.put(
        "processing-failed/2026/07/01/11/s-1-2026-07-01-11-15-02-a",
        "{\"errorCode\":\"x\"}\n",
    );
    insta::assert_snapshot!(lake.ask("select a, year, month, day, hour from events order by a").await, @"
    +---+------+-------+-----+------+
    | a | year | month | day | hour |
    +---+------+-------+-----+------+
    | 1 | 2026 |     7 |   1 |   10 |
    | 2 | 2026 |     7 |   1 |   11 |
    +---+------+-------+-----+------+
    ");
    insta::assert_snapshot!(lake.ask("select errorCode, errorOutputType from errors").await, @"
    +-----------+-------------------+
    | errorCode | errorOutputType   |
    +-----------+-------------------+
    | x         | processing-failed |
    +-----------+-------------------+
    ");
}

#[tokio::test]
async fn types_that_conflict_and_fields_that_come_late_lose_nothing() {
    let lake = TestLake::new();
    for n in 0..50 {
        lake.put(&format!("events/{n:02}"), "{\"id\":1,\"v\":1,\"w\":1}\n");
    }
    lake.put(
        "events/98",
        "{\"id\":2,\"v\":\"text\",\"w\":0.5,\"late\":{\"deep\":[1]}}\n",
    );
    lake.put(
        "events/99",
        "{\"id\":18446744073709551616,\"v\":{\"k\":[1,2]},\"w\":null}\n",
    );
    let sql = "select id, v, w, late.deep as deep, count(*) as n from events group by 1, 2, 3, 4 order by n desc, v";
    insta::assert_snapshot!(lake.ask(sql).await, @r#"
    +----------------------+-------------+-----+------+----+
    | id                   | v           |   w | deep |  n |
    +----------------------+-------------+-----+------+----+
    | 1                    | 1           | 1.0 |      | 50 |
    | 2                    | text        | 0.5 | [1]  |  1 |
    | 18446744073709551616 | {"k":[1,2]} |     |      |  1 |
    +----------------------+-------------+-----+------+----+
    "#);
}

#[tokio::test]
async fn a_partition_column_yields_to_a_field_of_its_name() {
    let lake = TestLake::new();
    lake.put("events/kind=folder/n=007/a", "{\"kind\":\"field\"}\n");
    lake.put(
        "events/kind=folder/n=__HIVE_DEFAULT_PARTITION__/b",
        "{\"kind\":\"field\"}\n",
    );
    insta::assert_snapshot!(lake.ask("select * from events order by _object").await, @"
    +-------+---+---------------------------------------------------+
    | kind  | n | _object                                           |
    +-------+---+---------------------------------------------------+
    | field | 7 | events/kind=folder/n=007/a                        |
    | field |   | events/kind=folder/n=__HIVE_DEFAULT_PARTITION__/b |
    +-------+---+---------------------------------------------------+
    ");
}

#[tokio::test]
async fn what_is_no_data_is_not_read() {
    let lake = TestLake::new();
    lake.put("events/a", "{\"n\":1}")
        .put("events/_tables/b", "{\"n\":2}")
        .put("events/.c", "{\"n\":3}")
        .put("events/d", "");
    lake.put("other/e", "{\"n\":4}");
    insta::assert_snapshot!(lake.ask("select n from events").await, @"
    +---+
    | n |
    +---+
    | 1 |
    +---+
    ");
}

#[tokio::test]
async fn broken_objects_and_lines_are_counted_and_named() {
    let lake = TestLake::new();
    let whole = gzip(
        &event("a", "c", "2026-11-02T08:15:30Z", "{}")
            .repeat(100)
            .into_bytes(),
    );
    lake.put("events/cut.gz", &whole[..whole.len() - 20]);
    lake.put("events/good.gz", &whole);
    lake.put(
        "events/lines",
        "{\"time\":\"noon\"}\n\n{\"time\":\n{\"time\":\"2026-11-02T08:15:30Z\"}\nnonsense\n{}",
    );
    lake.put("events/archive.zip", b"PK\x03\x04...");
    let engine = lake.engine(Options::default()).await;
    insta::assert_snapshot!(ask(&engine, "select count(*), count(time) from events").await, @"
    +----------+-------------+
    | count(*) | count(time) |
    +----------+-------------+
    |      103 |         101 |
    +----------+-------------+
    ");
    insta::assert_snapshot!(problems(&engine), @"
    events/archive.zip: the ZIP data ends early (a truncated object)
    events/cut.gz: the gzip data ends early (a truncated object)
    events/lines line 3: not a JSON object: expected ',' or '}' after a member, 41 bytes into the record; 9 bytes skipped (and 1 more like it in this object)
    events/lines line 1: the value of `time` does not fit the column's type
    ");
    let again = problems(&engine);
    ask(&engine, "select count(*), count(time) from events").await;
    assert_eq!(
        problems(&engine),
        again,
        "a second reading counts nothing twice"
    );

    let strict = lake
        .engine(Options {
            on_error: OnError::Fail,
            ..Options::default()
        })
        .await;
    let error = answer(
        &strict,
        "select count(*) from events where _object like '%lines'",
        Format::Csv,
    )
    .await
    .unwrap_err();
    assert!(matches!(error, QueryError::Problem(_)), "{error:?}");
    insta::assert_snapshot!(error, @"events/lines line 3: not a JSON object: expected ',' or '}' after a member, 41 bytes into the record; 9 bytes skipped; --on-error skip leaves it out and counts it");
}

#[tokio::test]
async fn a_lake_without_events_says_where_it_looked() {
    let lake = TestLake::new();
    lake.put("errors/processing-failed/a", "{}");
    let engine = lake.engine(Options::default()).await;
    let error = answer(&engine, "select 1 from events", Format::Csv)
        .await
        .unwrap_err();
    let text = error
        .to_string()
        .replace(lake.lake().await.url().as_str(), "file:///lake/");
    insta::assert_snapshot!(text, @"no events: there are no objects under file:///lake/; check the lake's URL, or name the stream's Prefix with --prefix or --stream");
    assert_eq!(
        lake.ask("select count(*) as n from errors")
            .await
            .lines()
            .nth(3)
            .unwrap(),
        "| 1 |"
    );
}

/// A scan builds only the fields that a query names; no form of a query may notice.
#[tokio::test]
async fn a_field_is_found_however_it_is_reached() {
    let lake = hive();
    let engine = lake.engine(Options::default()).await;
    let expected = "searchTerm\ngames\njeux vidéo\n";
    for sql in [
        "select detail.data.searchTerm from events where detail.data.searchTerm is not null order by 1",
        "select x.detail.data.searchTerm from (select * from events) x where eventType = 'searching' order by 1",
        "with d as (select detail as inner from events) select inner.data.searchTerm from d where inner.clientId is not null and inner.data.searchTerm > '' order by 1",
        "select searchTerm from (select detail.data.searchTerm as searchTerm from events union all select detail.data.searchTerm from events) where searchTerm is not null group by 1 order by 1",
        "select u.d.data.searchTerm from (select detail as d from events union select detail from events) u where u.d.data.searchTerm is not null order by 1",
        "select a.detail.data.searchTerm from events a join events b on a.id = b.id where b.detail.eventType = 'searching' order by 1",
        "select detail.data.searchTerm from events where detail.clientId in (select detail.clientId from events) and eventType like 's%' order by 1",
        "select distinct get_field(detail, 'data')['searchTerm'] as searchTerm from events where eventType = 'searching' order by 1",
        "select searchTerm from (select detail.data.searchTerm as searchTerm, row_number() over (partition by detail.eventType order by time) as n from events) where n <= 2 and searchTerm is not null order by 1",
    ] {
        assert_eq!(
            answer(&engine, sql, Format::Csv)
                .await
                .unwrap_or_else(|e| panic!("{sql}: {e}")),
            expected,
            "{sql}"
        );
    }
}

#[tokio::test]
async fn a_wrong_name_suggests_the_right_one() {
    let lake = hive();
    let engine = lake.engine(Options::default()).await;
    let mut errors = String::new();
    for sql in [
        "select Detail.eventType from events",
        "select detail.evenType from events",
        "select tiem from events",
        "select 1 from event",
    ] {
        let error = engine.sql(sql).await.unwrap_err();
        writeln!(errors, "{sql}\n  {error}").unwrap();
    }
    insta::assert_snapshot!(errors, @r#"
    select Detail.eventType from events
      there is no field `Detail.eventType`; did you mean detail.eventType, eventType?
    select detail.evenType from events
      there is no field `evenType`; did you mean detail.eventType, eventType?
    select tiem from events
      there is no field `tiem`; did you mean time?
    select 1 from event
      there is no table `event`; there are events, errors
    "#);
}

//! `hydrant sql`.

use crate::support::{Place, REPEATABLE, example};

/// A small lake that is the same every time.
fn lake() -> Place {
    let place = Place::new();
    let events = place
        .run(&[
            "generate",
            "--events",
            "60",
            "--malformed",
            "20",
            "--span",
            "2h",
            "--seed",
            "3",
        ])
        .ok();
    let stream = example("stream.json");
    let mut arguments = vec!["deliver", "-q", "--stream", &stream, "--to", "lake"];
    arguments.extend_from_slice(&REPEATABLE);
    place.pipe(&arguments, events).ok();
    place
}

#[test]
fn every_format_shows_the_same_answer() {
    let place = lake();
    let sql = "select detail.eventType, detail.data.searchTerm as term, detail.data.page as page, time, hour, detail.data.session \
               from events where eventType in ('paging', 'purchase') order by time, id limit 4";
    let screens: Vec<String> = ["table", "csv", "json", "ndjson"]
        .map(|format| {
            place
                .run(&["sql", "--lake", "lake", "--format", format, "-c", sql])
                .screen()
        })
        .into();
    insta::assert_snapshot!(screens.join("\n\n"));
}

#[test]
fn the_error_output_is_a_table() {
    let place = lake();
    let sql = "select errorCode, errorMessage, attemptsMade, errorOutputType, arrivalTimestamp, lambdaArn, count(*) as records, \
               min(length(rawData)) > 100 as has_data from errors group by 1, 2, 3, 4, 5, 6";
    insta::assert_snapshot!(place.run(&["sql", "--lake", "lake", "-c", sql]).screen());
}

#[test]
fn queries_come_from_a_file_or_a_pipe_too_and_answers_go_into_a_file() {
    let place = lake();
    place.file(
        "count.sql",
        "-- how many?\nselect count(*) as events\nfrom events;\n",
    );
    let from_file = place
        .run(&[
            "sql",
            "--lake",
            "lake",
            "-f",
            "count.sql",
            "--format",
            "csv",
        ])
        .ok();
    let piped = place
        .pipe(
            &["sql", "--lake", "lake", "--format", "csv"],
            "select count(*) as events from events",
        )
        .ok();
    place
        .run(&[
            "sql",
            "--lake",
            "lake",
            "-f",
            "count.sql",
            "--format",
            "csv",
            "-o",
            "count.csv",
        ])
        .ok();
    assert_eq!(
        (from_file.as_str(), place.read("count.csv").as_str()),
        (piped.as_str(), piped.as_str())
    );
}

#[test]
fn the_lake_of_the_aws_sample_is_read_by_its_prefix_or_its_stream() {
    let place = Place::new();
    // Its transformer loses the newline and its stream has no delimiter: records run together.
    for (folder, records) in [("shopping/1", 3), ("searching/1", 2)] {
        let (event_type, version) = folder.split_once('/').unwrap();
        let record = format!(
            r#"{{"resources":[],"detail":{{"eventType":"{event_type}","schemaVersion":{version},"accountNumber":"c"}}}}"#
        );
        let name =
            "clienteventsfirehose-1-2022-02-01-10-15-02-3f2c1a9e-8f5e-4a55-9d0c-0b54a1a5d9e1";
        place.file(&format!("lake/{folder}/{name}"), record.repeat(records));
    }
    place.file("lake/error/clienteventsfirehose-1-2022-02-01-10-15-02-3f2c1a9e-8f5e-4a55-9d0c-0b54a1a5d9e2", "{}");
    let sql = "select eventType, schemaVersion, detail.accountNumber, count(*) as events from events group by 1, 2, 3 order by 1";
    let prefix = "!{partitionKeyFromQuery:eventType}/!{partitionKeyFromQuery:schemaVersion}/";
    let by_prefix = place.run(&["sql", "--lake", "lake", "--prefix", prefix, "-c", sql]);
    insta::assert_snapshot!(by_prefix.screen(), @r"
    status 0
    --- stdout
    +-----------+---------------+---------------+--------+
    | eventType | schemaVersion | accountNumber | events |
    +-----------+---------------+---------------+--------+
    | searching |             1 | c             |      2 |
    | shopping  |             1 | c             |      3 |
    +-----------+---------------+---------------+--------+
    --- stderr
    ");
    let stream = example("aws-sample-stream.json");
    let by_stream = place.run(&["sql", "--lake", "lake", "--stream", &stream, "-c", sql]);
    assert_eq!(by_stream.screen(), by_prefix.screen());
}

#[test]
fn what_cannot_be_read_is_left_out_and_named_or_stops_the_query() {
    let place = lake();
    let broken = "lake/events/eventType=broken/schemaVersion=1/year=2026/month=11/day=02/hour=00";
    place.file(
        &format!("{broken}/truncated.gz"),
        &b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b"[..],
    );
    place.file(
        &format!("{broken}/lines"),
        "{\"detail\":{\"eventType\":\"broken\"}}\n{\"detail\":\n",
    );
    let query = "select count(*) as events from events where eventType = 'broken'";
    let screens: Vec<String> = [vec![], vec!["--on-error", "fail"], vec!["-q"]]
        .into_iter()
        .map(|more| {
            place
                .run(
                    &[
                        &["sql", "--lake", "lake", "-c", query, "--format", "csv"][..],
                        &more,
                    ]
                    .concat(),
                )
                .screen()
        })
        .collect();
    insta::assert_snapshot!(screens.join("\n\n"));
}

#[test]
fn mistakes_are_explained() {
    let place = lake();
    std::fs::create_dir(place.path().join("empty")).unwrap();
    let screens: Vec<String> = [
        ["sql", "--lake", "lake", "-c", "select evenType from events"],
        [
            "sql",
            "--lake",
            "lake",
            "-c",
            "select detail.nothing from events",
        ],
        ["sql", "--lake", "lake", "-c", "select * from event"],
        ["sql", "--lake", "lake", "-c", "selec 1"],
        ["sql", "--lake", "empty", "-c", "select * from events"],
        ["sql", "--lake", "nowhere", "-c", "select * from events"],
        ["sql", "--lake", "gs://bucket", "-c", "select 1"],
        ["sql", "--lake", "lake", "-c", " "],
    ]
    .map(|arguments| place.run(&arguments).screen())
    .into();
    let root = place.path().canonicalize().unwrap();
    let screens = screens
        .join("\n\n")
        .replace(root.to_str().unwrap(), "<place>");
    insta::assert_snapshot!(screens);
}

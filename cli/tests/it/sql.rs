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
    let screens: Vec<String> = [
        "table", "vertical", "csv", "tsv", "json", "ndjson", "markdown",
    ]
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

#[test]
fn the_name_of_a_file_says_its_format_and_copy_writes_files_too() {
    let place = lake();
    let sql = "select detail.eventType, count(*) as events from events group by 1 order by 1";
    for file in [
        "a.csv",
        "a.tsv",
        "a.json",
        "a.jsonl",
        "a.md",
        "a.parquet",
        "a.arrow",
    ] {
        place
            .run(&["sql", "--lake", "lake", "-o", file, "-c", sql])
            .ok();
        assert!(!place.path().join(format!("{file}.partial")).exists());
    }
    assert!(place.read("a.csv").starts_with("eventType,events\n"));
    assert!(place.read("a.tsv").starts_with("eventType\tevents\n"));
    assert!(
        place
            .read("a.md")
            .starts_with("| eventType | events |\n| --- | ---: |\n")
    );
    let copy = format!("copy ({sql}) to 'b.parquet'");
    place.run(&["sql", "--lake", "lake", "-c", &copy]).ok();
    let read = "create external table a stored as parquet location 'a.parquet'; \
                create external table b stored as parquet location 'b.parquet'; \
                create external table c stored as arrow location 'a.arrow'; \
                select count(*) from (select * from a intersect select * from b intersect select * from c);";
    let same = place
        .run(&["sql", "--lake", "lake", "--format", "csv", "-c", read])
        .ok();
    let rows = place.read("a.csv").lines().count() - 1;
    assert_eq!(same, format!("count(*)\n{rows}\n"));
}

#[test]
fn a_table_fits_its_room_and_says_what_it_leaves_out() {
    let place = lake().with("COLUMNS", "70");
    let answer = place.run(&[
        "sql",
        "--lake",
        "lake",
        "-c",
        "select * from events order by id limit 2",
    ]);
    let shown = String::from_utf8(answer.stdout.clone()).unwrap();
    let table: Vec<&str> = shown
        .lines()
        .filter(|line| line.starts_with(['|', '+']))
        .collect();
    assert!(
        table.len() > 4 && table.iter().all(|line| line.chars().count() <= 70),
        "{shown}"
    );
    assert!(
        shown.contains("columns do not fit: ") && shown.contains("_object"),
        "{shown}"
    );
    let described = place
        .run(&["sql", "--lake", "lake", "-c", "describe events"])
        .ok();
    assert!(
        described.lines().all(|line| line.chars().count() <= 70),
        "{described}"
    );
    assert!(
        described.contains("| detail.data.session.id "),
        "{described}"
    );
}

#[test]
fn a_script_has_several_statements_and_its_mistakes_a_place() {
    let place = lake();
    place.file(
        "good.sql",
        "create view v as select 1 as one; -- first\nselect * from v;\nselect 'x;y' as two",
    );
    insta::assert_snapshot!(
        place
            .run(&["sql", "--lake", "lake", "--format", "csv", "-f", "good.sql"])
            .screen()
    );
    place.file(
        "bad.sql",
        "select 1 as one;\n\nselect detail.evenType,\n  count(*)\nfrom events group by 1;",
    );
    place.file("worse.sql", "select 1 as one;\n  select a frm b from c;");
    let screens = ["bad.sql", "worse.sql"].map(|file| {
        let run = place.run(&[
            "sql", "--lake", "lake", "--format", "csv", "-o", "out.csv", "-f", file,
        ]);
        assert!(!place.path().join("out.csv").exists());
        run.screen()
    });
    insta::assert_snapshot!(screens.join("\n\n"));
}

#[test]
fn the_lake_is_described_and_the_description_pins_the_schema() {
    let place = lake().with("COLUMNS", "100");
    insta::assert_snapshot!(place.run(&["sql", "--lake", "lake", "--describe"]).screen());
    place
        .run(&["sql", "--lake", "lake", "--describe", "-o", "events.schema"])
        .ok();
    let sql = "select detail.eventType, count(detail.data.page) as pages from events group by 1 order by 1";
    let free = place.run(&["sql", "--lake", "lake", "-c", sql]).ok();
    let pinned = place
        .run(&[
            "sql",
            "--lake",
            "lake",
            "--schema",
            "events.schema",
            "-c",
            sql,
        ])
        .ok();
    assert_eq!(pinned, free);
}

#[test]
fn costs_are_said_on_standard_error() {
    let place = lake();
    let sql = "select count(*) as n from events where eventType = 'paging'";
    let run = place.run(&[
        "sql", "--lake", "lake", "--stats", "--format", "csv", "-c", sql,
    ]);
    assert!(String::from_utf8_lossy(&run.stdout).starts_with("n\n"));
    for said in [
        "listed ",
        "opened ",
        "rows ",
        "time ",
        "Athena   would have charged about 0.00005 USD",
    ] {
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
}

#[test]
fn answers_are_drawn_in_the_terminal_and_into_files() {
    let place = lake();
    let sql =
        "select detail.eventType, count(*) as events from events group by 1 order by 2 desc, 1";
    let drawn = place.run(&["sql", "--lake", "lake", "--chart", "bar", "-c", sql]);
    insta::assert_snapshot!(drawn.screen());
    for (file, begin) in [
        ("a.svg", &b"<svg"[..]),
        ("a.png", b"\x89PNG"),
        ("a.html", b"<!doctype html>"),
    ] {
        place
            .run(&[
                "sql", "--lake", "lake", "--chart", "area", "-o", file, "-c", sql,
            ])
            .ok();
        assert!(
            std::fs::read(place.path().join(file))
                .unwrap()
                .starts_with(begin),
            "{file}"
        );
    }
    let refused = [
        vec!["sql", "--lake", "lake", "-o", "a.svg", "-c", sql],
        vec!["sql", "--lake", "lake", "--chart", "pie", "-c", sql],
        vec![
            "sql",
            "--lake",
            "lake",
            "--chart",
            "line",
            "-c",
            "select 'a' as name",
        ],
    ]
    .map(|arguments| place.run(&arguments).screen());
    insta::assert_snapshot!(refused.join("\n\n"));
}

#[test]
fn settings_come_from_flags_before_the_environment_before_the_file() {
    let place = lake();
    place.file(
        "hydrant.toml",
        "lake = \"lake\"\n[sql]\nformat = \"ndjson\"\n",
    );
    let sql = "select count(*) > 0 as any from events";
    assert_eq!(place.run(&["sql", "-c", sql]).ok(), "{\"any\":true}\n");
    assert_eq!(
        place.run(&["sql", "--format", "csv", "-c", sql]).ok(),
        "any\ntrue\n"
    );
    let place = place.with("HYDRANT_FORMAT", "json");
    assert_eq!(
        place.run(&["sql", "-c", sql]).ok(),
        "[\n{\"any\":true}\n]\n"
    );
    place.file("hydrant.toml", "lakes = 1\n");
    insta::assert_snapshot!(place.run(&["sql", "-c", sql]).screen());
}

/// The most memory of its own that a query held, in KiB: pages of the program's file are nobody's.
#[cfg(target_os = "linux")]
fn most_held(place: &Place, arguments: &[&str]) -> u64 {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_hydrant"))
        .args(arguments)
        .current_dir(place.path())
        .env_clear()
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let held = || {
        let status = std::fs::read_to_string(&status).ok()?;
        let line = status.lines().find(|line| line.starts_with("RssAnon:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    let mut most = 0;
    let done = loop {
        most = most.max(held().unwrap_or_default());
        if let Some(done) = child.try_wait().unwrap() {
            break done;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    };
    assert!(done.success());
    most
}

#[cfg(target_os = "linux")]
#[test]
fn a_bound_on_memory_holds_whatever_the_size_of_an_object() {
    let place = Place::new();
    let record = format!("{{\"n\":1,\"text\":\"{}\"}}\n", "x".repeat(1_000));
    place.file("lake/events/large", record.repeat(32_000));
    let query = |limit: &'static str| {
        let sql = "select sum(n), max(length(text)) from events";
        let mut arguments = vec!["sql", "--lake", "lake", "-c", sql];
        arguments.extend(["--memory-limit", limit]);
        arguments
    };
    let nothing = most_held(&place, &["sql", "--lake", "lake", "-c", "select 1"]);
    let free = most_held(&place, &query("2GB"));
    assert!(
        free > nothing + 32_000,
        "{free} KiB, and {nothing} for nothing"
    );
    let bound = most_held(&place, &query("16MB"));
    assert!(
        bound < nothing + 16_000,
        "{bound} KiB, and {nothing} for nothing"
    );
}

//! `hydrant compact`.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use crate::support::{Place, REPEATABLE, example};

/// A small lake that is the same every time.
fn lake(events: &str) -> Place {
    let place = Place::new();
    let made = [
        "generate", "--events", events, "--span", "5h", "--seed", "3",
    ];
    let events = place.run(&made).ok();
    let stream = example("stream.json");
    let mut arguments = vec!["deliver", "-q", "--stream", &stream, "--to", "lake"];
    arguments.extend_from_slice(&REPEATABLE);
    place.pipe(&arguments, events).ok();
    place
}

const QUESTIONS: [&str; 3] = [
    "select count(*), count(distinct id), min(time), max(time) from events",
    "select * from events order by id",
    "select eventType, hour, count(*) from events where hour > 1 group by 1, 2 order by 1, 2",
];

/// Each answer, to the letter.
fn answers(place: &Place) -> Vec<String> {
    let ask = |sql: &&str| {
        let asked = ["sql", "--lake", "lake", "--format", "ndjson", "-c", sql];
        place.run(&asked).ok()
    };
    QUESTIONS.iter().map(ask).collect()
}

#[test]
fn a_lake_is_compacted_and_every_answer_stays_the_same() {
    let place = lake("400");
    let before = answers(&place);
    let everything = ["compact", "--lake", "lake", "--older-than", "0s"];
    let mut dry = everything.to_vec();
    dry.push("--dry-run");
    let screen = place.run(&dry).screen();
    assert!(screen.contains("would take 39 objects ("), "{screen}");
    assert!(!place.path().join("lake/_tables").exists());
    let screen = place.run(&everything).screen();
    assert!(
        screen.contains("took 39 objects (") && screen.contains(": 400 rows in "),
        "{screen}"
    );
    assert_eq!(answers(&place), before);
    let screen = place.run(&everything).screen();
    assert_eq!(
        screen.trim_end(),
        "status 0\n--- stdout\n\n--- stderr\nnothing to take\n  39 taken before"
    );
    let mut vacuum = everything.to_vec();
    vacuum.extend(["--vacuum", "--grace", "0s"]);
    let screen = place.run(&vacuum).screen();
    assert!(screen.contains("removed 39 raw objects ("), "{screen}");
    assert_eq!(answers(&place), before);
}

#[test]
fn files_alone_have_the_same_rows_and_each_object_once() {
    let place = lake("400");
    let to_files = |more: &[&str]| {
        let arguments = ["compact", "--lake", "lake", "--older-than", "0s"];
        place.run(&[&arguments, more].concat())
    };
    let to = ["--to", "parquet:files/events"];
    let screen = to_files(&[to[0], to[1], "--dry-run"]).screen();
    assert!(screen.contains("would take 39 objects ("), "{screen}");
    assert!(!place.path().join("files").exists());
    let screen = to_files(&to).screen();
    assert!(screen.contains("took 39 objects ("), "{screen}");
    assert!(!place.path().join("lake/_tables").exists());
    let screen = to_files(&to).screen();
    assert!(
        screen.contains("nothing to take\n  39 taken before"),
        "{screen}"
    );
    let rows = |lake: &str| {
        let sql =
            "select id, time, hour, detail.eventType, detail.data.price from events order by id";
        place.run(&["sql", "--lake", lake, "-c", sql]).ok()
    };
    assert_eq!(rows("files/events"), rows("lake"));
    let screen = to_files(&["--to", "parquet:files/events", "--vacuum", "--grace", "0s"]).screen();
    assert!(screen.contains("removed 39 raw objects ("), "{screen}");
    let left = hydrant_testing::files(&place.path().join("lake")).unwrap();
    assert!(
        left.iter().all(|(key, _)| !key.starts_with("events/")),
        "{left:?}"
    );
}

#[test]
fn a_place_for_files_that_cannot_be_is_refused_and_nothing_is_made_there() {
    let place = lake("40");
    place.file("other/_type=x/_date=2026-11-02/part-1.parquet", "x");
    place.file("file", "");
    let compact = |more: &[&str]| {
        let arguments = ["compact", "--lake", "lake", "--older-than", "0s"];
        place.run(&[&arguments, more].concat())
    };
    let mut seen = String::new();
    for to in [
        "parquet:lake",
        "parquet:lake/files",
        "parquet:./new/../lake/files",
        "parquet:lake/_tables/events",
        "parquet:other",
        "parquet:file",
        "parquet:",
        "delta:files",
        "parquet:ftp://files",
    ] {
        let ran = compact(&["--to", to]);
        seen += &format!("{to} status {}\n{}\n", ran.status, ran.stderr.trim_end());
    }
    insta::assert_snapshot!(seen);
    for made in ["lake/files", "lake/_tables", "new"] {
        assert!(!place.path().join(made).exists(), "{made}");
    }
    compact(&[]).ok();
    let ran = compact(&["--to", "parquet:files", "--vacuum"]);
    assert!(
        ran.stderr.contains("use --vacuum without --to"),
        "{}",
        ran.stderr
    );
    assert!(!place.path().join("files").exists());
    compact(&["--to", "parquet:lake/_files"]).ok();
    let elsewhere = lake("20");
    let to = format!("parquet:{}", place.path().join("lake/_files").display());
    let ran = elsewhere.run(&["compact", "--lake", "lake", "--to", &to]);
    assert!(
        ran.stderr.contains("has the files of file://"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_is_wrong_is_said_before_anything_is_done() {
    let place = lake("40");
    place.file("empty/events/.keep", "");
    place.file("file", "");
    place.file(
        "other/_tables/events/_delta_log/00000000000000000000.json",
        "nonsense",
    );
    place.file("other/events/year=2026/a.gz", "x");
    let mistakes: [(&[&str], i32, &str); 7] = [
        (&["--lake", "empty"], 1, "no events: there are no objects"),
        (
            &["--lake", "nowhere"],
            1,
            "nowhere cannot be opened as a lake",
        ),
        (&["--lake", "file"], 1, "error: "),
        (&["--lake", "other"], 1, "could not be read"),
        (
            &["--lake", "lake", "--older-than", "5 parsecs"],
            2,
            "write such as 30s, 1h30m or 7d",
        ),
        (&["--lake", "lake", "--grace", "1d"], 2, "--vacuum"),
        (
            &["--lake", "lake", "--memory-limit", "much"],
            2,
            "`much` is no size",
        ),
    ];
    for (arguments, status, says) in mistakes {
        let ran = place.run(&[&["compact"], arguments].concat());
        assert_eq!(ran.status, status, "{arguments:?} {}", ran.stderr);
        assert!(ran.stderr.contains(says), "{arguments:?} {}", ran.stderr);
    }
    assert!(!place.path().join("lake/_tables").exists());
}

#[test]
fn a_run_that_is_killed_anywhere_loses_nothing_and_counts_nothing_twice() {
    let rounds: u64 = std::env::var("HYDRANT_CRASH_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(6);
    let place = lake("3000");
    let before = answers(&place);
    let arguments = ["compact", "--lake", "lake", "--older-than", "0s", "-q"];
    let (mut killed, mut ended) = (0, 0);
    for round in 0..rounds {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hydrant"))
            .args(arguments)
            .current_dir(place.path())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Spread over the time that a run takes, whatever the machine.
        std::thread::sleep(Duration::from_millis(round * 37 % 400));
        if child.try_wait().unwrap().is_some() {
            ended += 1;
        } else {
            child.kill().unwrap();
            child.wait().unwrap();
            killed += 1;
        }
        if round % 5 == 0 {
            assert_eq!(answers(&place), before, "after {round} rounds");
        }
        if ended > 0 {
            // The next rounds begin where nothing was compacted.
            std::fs::remove_dir_all(place.path().join("lake/_tables")).unwrap();
            ended = 0;
        }
    }
    place.run(&arguments).ok();
    assert_eq!(answers(&place), before);
    assert!(killed > 0, "no run was killed");
}

#[test]
#[cfg(unix)]
fn a_watcher_takes_what_comes_and_ends_when_it_is_asked() {
    let place = lake("200");
    let before = answers(&place);
    let child = Command::new(env!("CARGO_BIN_EXE_hydrant"))
        .args([
            "compact",
            "--lake",
            "lake",
            "--older-than",
            "0s",
            "--watch",
            "200ms",
        ])
        .current_dir(place.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = place
        .path()
        .join("lake/_tables/events/_delta_log/00000000000000000001.json");
    for _ in 0..300 {
        if log.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let asked = Command::new("kill").arg(child.id().to_string()).status();
    assert!(asked.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(log.exists(), "{output:?}");
    assert_eq!(answers(&place), before);
}

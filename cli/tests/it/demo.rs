//! `hydrant demo`.

use crate::support::Place;

/// The demo's screen, with what changes from run to run put aside.
fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"in \d+\.\d s", "in <time> s");
    settings.add_filter(r"\d{4}/\n", "<year>/\n");
    settings.add_filter(r"└── \d\d/\d\d/\d\d/ …", "└── <month>/<day>/<hour>/ …");
    settings.add_filter(
        r"├── errors/ +1 object, [^\n]+",
        "├── errors/ 1 object, <size>",
    );
    settings.add_filter(
        r"processing-failed/ +1 object, [^\n]+",
        "processing-failed/ 1 object, <size>",
    );
    settings.add_filter(
        r"└── \d{4}/ +1 object, [^\n]+",
        "└── <year>/ 1 object, <size>",
    );
    settings
}

#[test]
fn the_demo_shows_the_whole_road() {
    let place = Place::new();
    let ran = place.run(&["demo", "--events", "5000"]);
    settings().bind(|| insta::assert_snapshot!(ran.screen()));
}

#[test]
fn a_second_run_starts_clean_or_adds() {
    let place = Place::new();
    let run = |more: &[&str]| {
        let arguments = [
            &["demo", "--dir", "d", "--events", "500", "--malformed", "0"],
            more,
        ]
        .concat();
        let ran = place.run(&arguments);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let said = ran.stderr.lines().next().unwrap().to_owned();
        let count = place
            .run(&[
                "sql",
                "--lake",
                "d",
                "--format",
                "csv",
                "-c",
                "select count(*) as n from events",
            ])
            .ok();
        format!("{said}: {}", count.replace('\n', " "))
    };
    let said = [run(&[]), run(&["--add"]), run(&[])].join("\n");
    insta::assert_snapshot!(said, @r"
    Starting a new lake in d: n 500 
    Adding to the lake in d (run 2): n 1000 
    Starting clean in d; --add would keep the earlier run: n 500
    ");
}

#[test]
fn a_directory_of_somebody_else_is_left_alone() {
    let place = Place::new();
    place.file("d/thesis.txt", "years of work");
    insta::assert_snapshot!(place.run(&["demo", "--dir", "d"]).screen(), @r"
    status 1
    --- stdout

    --- stderr
    error: d is not empty and the demo did not make it; name another directory with --dir
    ");
    assert_eq!(place.read("d/thesis.txt"), "years of work");
}

/// The whole system, by itself.
#[test]
fn the_full_demo_goes_from_a_token_to_a_replay() {
    let place = Place::new();
    let ran = place.run(&["demo", "--full", "--events", "200"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    for text in [
        "$ hydrant token --client shop-7",
        "accepted  200 entries",
        "| shop-7",
        "\"subject\":\"Loyalty customer purchase\"",
        "400 rows, 200 ids",
        "Everything is in hydrant-demo-full",
    ] {
        assert!(ran.stderr.contains(text), "{text}: {}", ran.stderr);
    }
    assert!(
        !ran.stderr.contains("only-for-the-demo"),
        "a secret is not shown"
    );
    // It can be run again, and touches nothing that is not its own.
    place.run(&["demo", "--full", "--events", "50"]).ok();
    place.file("mine/file", "x");
    let mine = place.run(&["demo", "--full", "--dir", "mine"]);
    assert!(
        mine.stderr.contains("choose another --dir"),
        "{}",
        mine.stderr
    );
}

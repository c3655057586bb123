//! `hydrant sql` as a session, through a pseudo-terminal.

#![cfg(unix)]

use std::process::Command;

use rexpect::session::{PtySession, spawn_command};

use crate::support::{Place, REPEATABLE, example};

/// What the line editor tells the terminal when it begins to read, and when it has a whole statement.
const READING: &str = "\u{1b}[?2004h";
const READ: &str = "\u{1b}[?2004l";

/// What a step may take on a busy machine, in milliseconds.
const PATIENCE: u64 = 60_000;

fn lake() -> Place {
    let place = Place::new();
    let events = place
        .run(&["generate", "--events", "300", "--span", "2h"])
        .ok();
    let stream = example("stream.json");
    let mut deliver = vec!["deliver", "-q", "--stream", &stream, "--to", "lake"];
    deliver.extend_from_slice(&REPEATABLE);
    place.pipe(&deliver, events).ok();
    place
}

fn session(place: &Place) -> PtySession {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hydrant"));
    command
        .args(["sql", "--lake", "lake"])
        .current_dir(place.path())
        .env_clear()
        .env("TERM", "xterm")
        .env("NO_COLOR", "1")
        .env("HYDRANT_HISTORY", place.path().join("history"));
    let mut session = spawn_command(command, Some(PATIENCE)).unwrap();
    session.exp_string("\\? for help").unwrap();
    session.exp_string(READING).unwrap();
    session
}

/// Types a line, and gives what the session says until it asks again.
fn say(session: &mut PtySession, line: &str) -> String {
    session.send_line(line).unwrap();
    session.exp_string(READ).unwrap();
    session.exp_string(READING).unwrap()
}

#[test]
fn a_session_answers_remembers_and_is_told_what_to_do() {
    let place = lake();
    let mut it = session(&place);
    let answer = say(&mut it, "select count(*) as events from events;");
    assert!(
        answer.contains("| events |") && answer.contains("1 row in"),
        "{answer}"
    );
    it.send_line("select 1").unwrap();
    let answer = say(&mut it, "+ 41 as answer;");
    assert!(answer.contains("42"), "{answer}");
    assert!(say(&mut it, "\\d").contains("| errors"));
    assert!(say(&mut it, "\\d errors").contains("rawData"));
    say(&mut it, "\\format csv");
    let answer = say(&mut it, "select 'a' as x, 2 as y;");
    assert!(answer.contains("x,y") && answer.contains("a,2"), "{answer}");
    let answer = say(&mut it, "select oops from events;");
    assert!(answer.contains("there is no field `oops`"), "{answer}");
    assert!(say(&mut it, "\\nonsense").contains("there is no command"));
    say(&mut it, "\\o rows.ndjson");
    say(&mut it, "\\format ndjson");
    say(&mut it, "select 1 as n;");
    it.send_line("\\q").unwrap();
    it.exp_eof().unwrap();
    assert_eq!(place.read("rows.ndjson"), "{\"n\":1}\n");
    assert!(
        place
            .read("history")
            .contains("select count(*) as events from events;")
    );
}

#[test]
fn tab_completes_fields_and_control_c_stops_the_query_and_nothing_else() {
    let place = lake();
    let mut it = session(&place);
    say(&mut it, "describe events;");
    // The names are learned beside the session.
    std::thread::sleep(std::time::Duration::from_millis(500));
    it.send("select count(detail.eventT\t").unwrap();
    it.flush().unwrap();
    it.exp_string("detail.eventType").unwrap();
    let answer = say(&mut it, ") as n from events;");
    assert!(answer.contains("| 300 |"), "{answer}");
    // One that reads for ever, and one that makes too much of what it has read.
    for endless in [
        "select sum(value) from range(0, 1000000000000);",
        "select sum(a.value * b.value) from range(0, 1000000) a, range(0, 1000000) b;",
    ] {
        it.send_line(endless).unwrap();
        it.exp_string(READ).unwrap();
        std::thread::sleep(std::time::Duration::from_secs(1));
        it.send_control('c').unwrap();
        it.exp_string("cancelled").unwrap();
        it.exp_string(READING).unwrap();
    }
    assert!(say(&mut it, "select 40 + 2 as answer;").contains("42"));
    it.send_control('d').unwrap();
    it.exp_eof().unwrap();
}

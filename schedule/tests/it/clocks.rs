//! When schedules fire: the days of `cron`, and what clock changes do.

use hydrant_schedule::{Dialect, Schedule, Timetable, zone};
use jiff::Timestamp;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn table(expression: &str, place: &str, start: &str) -> Timetable {
    let schedule = Schedule::parse(expression, Dialect::Scheduler).unwrap();
    Timetable::new(schedule, zone(place).unwrap(), at(start))
}

/// The next few occurrences as the place's clock shows them.
fn nexts(expression: &str, place: &str, after: &str, count: usize) -> Vec<String> {
    let table = table(expression, place, "1970-01-01T00:00:00Z");
    let mut now = at(after);
    let mut seen = Vec::new();
    while seen.len() < count {
        let Some(next) = table.next(now) else { break };
        now = next;
        let wall = next.to_zoned(table.zone().clone());
        seen.push(wall.strftime("%Y-%m-%d %a %H:%M %:z").to_string());
    }
    seen
}

#[test]
fn days_are_what_quartz_and_aws_mean_by_them() {
    let mut seen = String::new();
    for expression in [
        "cron(0 5 L * ? *)",
        "cron(0 5 L-2 2 ? *)",
        "cron(0 5 LW * ? *)",
        "cron(0 5 15W * ? *)",
        "cron(0 5 1W * ? *)",
        "cron(0 5 31W * ? *)",
        "cron(0 5 ? * 6L *)",
        "cron(0 5 ? * L *)",
        "cron(0 5 ? * SAT#3 *)",
        "cron(0 5 ? * 2#5 *)",
        "cron(0 5 ? * FRI-MON *)",
        "cron(0 22-1/3 ? * 1 *)",
        "cron(0 5 29 2 ? *)",
    ] {
        let found = nexts(expression, "UTC", "2026-01-01T00:00:00Z", 4);
        let days: Vec<_> = found
            .iter()
            .filter_map(|it| it.strip_suffix(" +00:00"))
            .collect();
        seen += &format!("{expression:24} {}\n", days.join(", "));
    }
    insta::assert_snapshot!(seen, @r"
    cron(0 5 L * ? *)        2026-01-31 Sat 05:00, 2026-02-28 Sat 05:00, 2026-03-31 Tue 05:00, 2026-04-30 Thu 05:00
    cron(0 5 L-2 2 ? *)      2026-02-26 Thu 05:00, 2027-02-26 Fri 05:00, 2028-02-27 Sun 05:00, 2029-02-26 Mon 05:00
    cron(0 5 LW * ? *)       2026-01-30 Fri 05:00, 2026-02-27 Fri 05:00, 2026-03-31 Tue 05:00, 2026-04-30 Thu 05:00
    cron(0 5 15W * ? *)      2026-01-15 Thu 05:00, 2026-02-16 Mon 05:00, 2026-03-16 Mon 05:00, 2026-04-15 Wed 05:00
    cron(0 5 1W * ? *)       2026-01-01 Thu 05:00, 2026-02-02 Mon 05:00, 2026-03-02 Mon 05:00, 2026-04-01 Wed 05:00
    cron(0 5 31W * ? *)      2026-01-30 Fri 05:00, 2026-03-31 Tue 05:00, 2026-05-29 Fri 05:00, 2026-07-31 Fri 05:00
    cron(0 5 ? * 6L *)       2026-01-30 Fri 05:00, 2026-02-27 Fri 05:00, 2026-03-27 Fri 05:00, 2026-04-24 Fri 05:00
    cron(0 5 ? * L *)        2026-01-03 Sat 05:00, 2026-01-10 Sat 05:00, 2026-01-17 Sat 05:00, 2026-01-24 Sat 05:00
    cron(0 5 ? * SAT#3 *)    2026-01-17 Sat 05:00, 2026-02-21 Sat 05:00, 2026-03-21 Sat 05:00, 2026-04-18 Sat 05:00
    cron(0 5 ? * 2#5 *)      2026-03-30 Mon 05:00, 2026-06-29 Mon 05:00, 2026-08-31 Mon 05:00, 2026-11-30 Mon 05:00
    cron(0 5 ? * FRI-MON *)  2026-01-02 Fri 05:00, 2026-01-03 Sat 05:00, 2026-01-04 Sun 05:00, 2026-01-05 Mon 05:00
    cron(0 22-1/3 ? * 1 *)   2026-01-04 Sun 01:00, 2026-01-04 Sun 22:00, 2026-01-11 Sun 01:00, 2026-01-11 Sun 22:00
    cron(0 5 29 2 ? *)       2028-02-29 Tue 05:00, 2032-02-29 Sun 05:00, 2036-02-29 Fri 05:00, 2040-02-29 Wed 05:00
    ");
}

#[test]
fn a_time_that_the_clocks_skip_is_skipped() {
    // Berlin, 29 March 2026: 02:00 becomes 03:00.
    assert_eq!(
        nexts(
            "cron(30 2 * * ? *)",
            "Europe/Berlin",
            "2026-03-27T12:00:00Z",
            2
        ),
        ["2026-03-28 Sat 02:30 +01:00", "2026-03-30 Mon 02:30 +02:00"]
    );
    assert_eq!(
        nexts(
            "cron(0 * * * ? *)",
            "Europe/Berlin",
            "2026-03-29T00:00:00Z",
            2
        ),
        ["2026-03-29 Sun 03:00 +02:00", "2026-03-29 Sun 04:00 +02:00"]
    );
}

#[test]
fn a_time_that_comes_twice_fires_once() {
    // New York, 1 November 2026: 02:00 becomes 01:00.
    assert_eq!(
        nexts(
            "cron(30 1 * * ? *)",
            "America/New_York",
            "2026-11-01T00:00:00Z",
            2
        ),
        ["2026-11-01 Sun 01:30 -04:00", "2026-11-02 Mon 01:30 -05:00"]
    );
    // From within the second hour.
    assert_eq!(
        nexts(
            "cron(0/20 * * * ? *)",
            "America/New_York",
            "2026-11-01T06:10:00Z",
            1
        ),
        ["2026-11-01 Sun 02:00 -05:00"]
    );
    let table = table(
        "cron(30 1 * * ? *)",
        "America/New_York",
        "1970-01-01T00:00:00Z",
    );
    assert_eq!(
        table.last(at("2026-11-01T06:45:00Z")),
        Some(at("2026-11-01T05:30:00Z"))
    );
}

#[test]
fn a_day_of_a_rate_is_24_hours() {
    let table = table("rate(1 day)", "Europe/Berlin", "2026-03-28T12:00:00Z");
    assert_eq!(
        table.next(at("2026-03-28T12:00:00Z")),
        Some(at("2026-03-29T12:00:00Z"))
    );
    assert_eq!(
        table.next(at("2026-03-01T00:00:00Z")),
        Some(at("2026-03-28T12:00:00Z"))
    );
    assert_eq!(table.last(at("2026-03-28T11:59:59Z")), None);
    assert_eq!(
        table.last(at("2026-03-29T11:59:59Z")),
        Some(at("2026-03-28T12:00:00Z"))
    );
    assert_eq!(
        table.last(at("2026-03-29T12:00:00Z")),
        Some(at("2026-03-29T12:00:00Z"))
    );
}

#[test]
fn once_is_once() {
    let table = table(
        "at(2026-07-01T08:00:00)",
        "Asia/Tokyo",
        "1970-01-01T00:00:00Z",
    );
    let then = at("2026-06-30T23:00:00Z");
    assert_eq!(table.next(at("2026-01-01T00:00:00Z")), Some(then));
    assert_eq!(table.next(then), None);
    assert_eq!(table.last(then), Some(then));
}

#[test]
fn what_never_fires_says_so() {
    for expression in [
        "cron(0 0 30 2 ? *)",
        "cron(0 0 * * ? 2002-2005)",
        "at(2002-01-01T00:00:00)",
    ] {
        assert!(
            nexts(expression, "UTC", "2026-01-01T00:00:00Z", 1).is_empty(),
            "{expression}"
        );
    }
    let never = table("cron(0 0 30 2 ? *)", "UTC", "1970-01-01T00:00:00Z");
    assert_eq!(never.last(at("2026-01-01T00:00:00Z")), None);
}

#[test]
fn a_zone_that_is_none_is_named() {
    let error = zone("Europe/Atlantis").unwrap_err().to_string();
    insta::assert_snapshot!(error, @"there is no time zone `Europe/Atlantis`: write an IANA name such as UTC or Europe/Berlin");
}

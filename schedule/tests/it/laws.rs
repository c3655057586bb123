//! Laws of timetables, and an oracle: croner, for what both spell alike.

use croner::parser::{CronParser, Seconds, Year};
use hydrant_schedule::{Dialect, Schedule, Timetable, zone};
use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;

/// 1980 to 2060, in seconds.
const SOME_TIME: std::ops::Range<i64> = 315_532_800..2_840_140_800;

fn part(min: u16, max: u16) -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just("*".to_owned()),
        3 => (min..=max).prop_map(|n| n.to_string()),
        1 => (min..=max, min..=max).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        1 => (1..=max).prop_map(|step| format!("*/{step}")),
        1 => (min..=max, min..=max).prop_map(|(a, b)| format!("{a},{b}")),
    ]
}

/// The two fields of days, as AWS and as croner spell them.
fn days() -> impl Strategy<Value = (String, String, String, String)> {
    let of_month = prop_oneof![
        4 => part(1, 31),
        1 => Just("L".to_owned()),
        1 => (1_u16..=28).prop_map(|n| format!("{n}W")),
    ];
    let of_week = prop_oneof![
        4 => part(1, 7),
        1 => (1_u16..=7).prop_map(|n| format!("{n}L")),
        1 => (1_u16..=7, 1_u16..=5).prop_map(|(n, nth)| format!("{n}#{nth}")),
    ];
    prop_oneof![
        of_month.prop_map(|it| (it.clone(), "?".into(), it, "*".into())),
        of_week.prop_map(|it| ("?".into(), it.clone(), "*".into(), it)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn croner_agrees(
        minutes in part(0, 59), hours in part(0, 23), month in part(1, 12), days in days(), now in SOME_TIME,
    ) {
        let (of_month, of_week, their_month, their_week) = days;
        let ours = format!("cron({minutes} {hours} {of_month} {month} {of_week} *)");
        let theirs = format!("{minutes} {hours} {their_month} {month} {their_week}");
        let schedule = Schedule::parse(&ours, Dialect::Rules).unwrap();
        let table = Timetable::new(schedule, TimeZone::UTC, Timestamp::UNIX_EPOCH);
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .alternative_weekdays(true)
            .build();
        let oracle = parser.parse(&theirs).unwrap();
        let now = Timestamp::from_second(now).unwrap();
        let expected = oracle.find_next_occurrence(&now.to_zoned(TimeZone::UTC), false);
        let next = table.next(now);
        match expected {
            Ok(expected) => prop_assert_eq!(next, Some(expected.timestamp()), "{}", ours),
            // It looks a few years ahead only.
            Err(_) => prop_assert!(next.is_none_or(|it| it.as_second() - now.as_second() > 86_400 * 365)),
        }
    }

    #[test]
    fn next_and_last_are_each_others_inverse(
        minutes in part(0, 59), hours in part(0, 23), month in part(1, 12), days in days(), now in SOME_TIME,
        place in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]),
    ) {
        let expression = format!("cron({minutes} {hours} {} {month} {} *)", days.0, days.1);
        let schedule = Schedule::parse(&expression, Dialect::Scheduler).unwrap();
        let table = Timetable::new(schedule, zone(place).unwrap(), Timestamp::UNIX_EPOCH);
        let now = Timestamp::from_second(now).unwrap();
        if let Some(next) = table.next(now) {
            prop_assert!(next > now);
            prop_assert_eq!(table.last(next), Some(next), "{} {}", expression, place);
            // Nothing fires in between.
            let between = Timestamp::from_second(next.as_second() - 1).unwrap();
            prop_assert_eq!(table.last(between), table.last(now), "{} {}", expression, place);
        }
        if let Some(last) = table.last(now) {
            prop_assert!(last <= now);
            prop_assert_eq!(table.next(last), table.next(now), "{} {}", expression, place);
        }
    }

    #[test]
    fn a_rate_fires_every_so_often(count in 1_i64..5000, unit in 0..3_usize, start in SOME_TIME, now in SOME_TIME) {
        let (unit, seconds) = [("minutes", 60), ("hours", 3600), ("days", 86_400)][unit];
        let schedule = Schedule::parse(&format!("rate({count} {unit})"), Dialect::Scheduler).unwrap();
        let start = Timestamp::from_second(start).unwrap();
        let table = Timetable::new(schedule, TimeZone::UTC, start);
        let now = Timestamp::from_second(now).unwrap();
        let next = table.next(now).unwrap();
        prop_assert!(next > now && next >= start);
        prop_assert_eq!((next.as_second() - start.as_second()) % (count * seconds), 0);
        if now >= start {
            prop_assert_eq!(next.as_second() - table.last(now).unwrap().as_second(), count * seconds);
        }
    }

    #[test]
    fn nothing_panics(text in "(cron|rate|at)\\([ -~]{0,40}\\)|[ -~é]{0,20}") {
        for dialect in [Dialect::Rules, Dialect::Scheduler] {
            if let Ok(schedule) = Schedule::parse(&text, dialect) {
                let table = Timetable::new(schedule, zone("Europe/Berlin").unwrap(), Timestamp::UNIX_EPOCH);
                for now in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
                    table.next(now);
                    table.last(now);
                }
            }
        }
    }
}

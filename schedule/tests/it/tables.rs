//! Expressions that AWS was seen to take and to refuse.

use hydrant_schedule::{Dialect, Schedule};

const CRONS: [&str; 16] = [
    "cron(0 20 * * ? *)",
    "cron(15 10 ? * 6L 2002-2005)",
    "cron(0 2 ? * SAT#3 *)",
    "cron(* * ? * SAT#3 *)",
    "cron(0/5 5 ? JAN 1-5 2022)",
    "cron(5,35 14 * * ? *)",
    "cron(0/30 20-23 ? * MON-FRI *)",
    "cron(0-15/1 8-8 ? * 2,3,4,5,6,7 *)",
    "cron(*/15 * * * ? *)",
    "cron(0-59/10 0-23/2 ? * * *)",
    "cron(0 10 * * ? *)",
    "cron(15 12 * * ? *)",
    "cron(0 18 ? * MON-FRI *)",
    "cron(0 8 1 * ? *)",
    "cron(0 9 ? * 2#1 *)",
    "cron(0 5 L * ? *)",
];

const NOT_CRONS: [&str; 24] = [
    "cron(INVALID)",
    "cron(0 dummy ? * MON-FRI *)",
    "cron(7 20 * * NOT *)",
    "cron(71 8 1 * ? *)",
    "cron(0 1 * * * *)",
    "cron(0 1 ? * ? *)",
    "cron(0 1 * * ?)",
    "cron(0 1 * * ? * *)",
    "cron(0 24 * * ? *)",
    "cron(0 1 0 * ? *)",
    "cron(0 1 32 * ? *)",
    "cron(0 1 * 13 ? *)",
    "cron(0 1 ? * 0 *)",
    "cron(0 1 ? * 8 *)",
    "cron(0 1 ? * 3#1,6#3 *)",
    "cron(0 1 ? * 3#6 *)",
    "cron(0 1 ? * 3#0 *)",
    "cron(0 1 * * ? 1969)",
    "cron(0 1 * * ? 2200)",
    "cron(0 1 * * ? 2005-2002)",
    "cron(*/0 1 * * ? *)",
    "cron(*/61 1 * * ? *)",
    "cron(+5 1 * * ? *)",
    "cron(0 1 * * ? *) ",
];

const RATES: [&str; 5] = [
    "rate(1 minute)",
    "rate(10 minutes)",
    "rate(1 hour)",
    "rate(36 hours)",
    "rate(1 day)",
];

const NOT_RATES: [&str; 16] = [
    "rate(10 seconds)",
    "rate(10 years)",
    "rate()",
    "rate(10)",
    "rate(0 minutes)",
    "rate(-10 minutes)",
    "rate(+10 minutes)",
    "rate( 10 minutes )",
    "rate(10  minutes)",
    " rate(10 minutes)",
    "rate(10 minutess)",
    "rate(1.5 hours)",
    "rate(99999999999999999999 days)",
    "rate(9223372036854775807 days)",
    "rate(5 minutes",
    "5 minutes",
];

fn says(expression: &str, dialect: Dialect) -> String {
    let error = Schedule::parse(expression, dialect).expect_err(expression);
    error.aws_message()
}

#[test]
fn what_aws_takes_is_taken() {
    for expression in CRONS.iter().chain(&RATES) {
        for dialect in [Dialect::Rules, Dialect::Scheduler] {
            let parsed = Schedule::parse(expression, dialect);
            assert_eq!(parsed.map(|it| it.to_string()).as_deref(), Ok(*expression));
        }
    }
}

#[test]
fn what_aws_refuses_is_refused_in_its_words() {
    for expression in NOT_CRONS.iter().chain(&NOT_RATES) {
        assert_eq!(
            says(expression, Dialect::Rules),
            "Parameter ScheduleExpression is not valid."
        );
        assert_eq!(
            says(expression, Dialect::Scheduler),
            format!("Invalid Schedule Expression {expression}.")
        );
    }
}

#[test]
fn only_rules_insist_on_the_plural() {
    for expression in ["rate(1 days)", "rate(2 hour)"] {
        says(expression, Dialect::Rules);
        assert!(
            Schedule::parse(expression, Dialect::Scheduler).is_ok(),
            "{expression}"
        );
    }
}

#[test]
fn only_the_scheduler_has_a_time_that_comes_once() {
    assert!(Schedule::parse("at(2021-12-31T23:59:59)", Dialect::Scheduler).is_ok());
    says("at(2021-12-31T23:59:59)", Dialect::Rules);
    for expression in [
        "at(2021-12-31)",
        "at(2021-12-31T23:59:59Z)",
        "at(2021-12-31T23:59:59+01)",
        "at(2021-13-31T23:59:59)",
        "at(2021-12-31 23:59:59)",
        "at()",
    ] {
        says(expression, Dialect::Scheduler);
    }
}

#[test]
fn what_is_wrong_is_said_with_what_would_be_right() {
    let mut seen = String::new();
    for expression in [
        "cron(0 1 * * ?)",
        "cron(0 1 * * * *)",
        "cron(0 1 ? * ? *)",
        "cron(71 8 1 * ? *)",
        "cron(7 20 ? * NOT *)",
        "cron(0 1 ? * 3#1,6#3 *)",
        "cron(0 1 * * ? 2005-2002)",
        "cron(*/90 1 * * ? *)",
        "rate(10)",
        "rate(ten minutes)",
        "rate(10 parsecs)",
        "rate(1 hours)",
        "at(2021-12-31T23:59:59)",
        "every day",
    ] {
        let error = Schedule::parse(expression, Dialect::Rules).expect_err(expression);
        seen += &format!("{error}\n");
    }
    insta::assert_snapshot!(seen, @r"
    the schedule `cron(0 1 * * ?)` is not valid: it has 5 fields, not the six: minutes hours day-of-month month day-of-week year
    the schedule `cron(0 1 * * * *)` is not valid: day of month and day of week are both given: write `?` for one
    the schedule `cron(0 1 ? * ? *)` is not valid: day of month and day of week are both `?`: write `*` for one
    the schedule `cron(71 8 1 * ? *)` is not valid: `71` in minutes is not in 0-59
    the schedule `cron(7 20 ? * NOT *)` is not valid: `NOT` in day of week is not in 1-7 or SUN-SAT
    the schedule `cron(0 1 ? * 3#1,6#3 *)` is not valid: `3#1,6#3` in day of week has more than one `#`, and AWS takes one
    the schedule `cron(0 1 * * ? 2005-2002)` is not valid: 2005-2002 in year ends before it begins
    the schedule `cron(*/90 1 * * ? *)` is not valid: the steps of `90` in minutes are not in 1-60
    the schedule `rate(10)` is not valid: write rate(5 minutes), rate(1 hour) or rate(2 days)
    the schedule `rate(ten minutes)` is not valid: `ten` is not a positive whole number; write rate(5 minutes), rate(1 hour) or rate(2 days)
    the schedule `rate(10 parsecs)` is not valid: `parsecs` is not minutes, hours or days; write rate(5 minutes), rate(1 hour) or rate(2 days)
    the schedule `rate(1 hours)` is not valid: a rule takes rate(1 hour)
    the schedule `at(2021-12-31T23:59:59)` is not valid: only EventBridge Scheduler takes at(…)
    the schedule `every day` is not valid: write rate(…) or cron(…)
    ");
}

//! An expression, parsed.

use std::fmt;

use jiff::civil::DateTime;

use crate::{cron::Cron, error::ScheduleError, rate::Rate};

/// Who takes the expression. They differ in little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// A rule of Amazon EventBridge: `rate` and `cron`, in UTC (user guide, Setting a schedule pattern for
    /// scheduled rules).
    Rules,
    /// EventBridge Scheduler: `at` besides, in a time zone (user guide, Schedule types).
    Scheduler,
}

/// A schedule expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    text: String,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Rate(Rate),
    Cron(Cron),
    /// Once.
    At(DateTime),
}

impl Schedule {
    /// Parses an expression as strictly as AWS does: `rate(5 minutes)`, `cron(0 6 * * ? *)`,
    /// `at(2026-11-22T06:00:00)`.
    ///
    /// In `cron`, days of the week are 1-7 or SUN-SAT; `?` stands for exactly one of day of month and day of week;
    /// `L`, `L-3`, `LW`, `15W`, `6L` and `SAT#3` are days; years are 1970-2199.
    ///
    /// # Errors
    ///
    /// [`ScheduleError`]; its [`aws_message`](ScheduleError::aws_message) is what AWS would say.
    pub fn parse(expression: &str, dialect: Dialect) -> Result<Self, ScheduleError> {
        let kind = parse(expression, dialect).map_err(|reason| ScheduleError {
            expression: expression.to_owned(),
            dialect,
            reason,
        })?;
        Ok(Self {
            text: expression.to_owned(),
            kind,
        })
    }

    /// The expression, as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn parse(expression: &str, dialect: Dialect) -> Result<Kind, String> {
    let inner = |name: &str| {
        let rest = expression.strip_prefix(name)?;
        rest.strip_prefix('(')?.strip_suffix(')')
    };
    if let Some(text) = inner("rate") {
        return Rate::parse(text, dialect).map(Kind::Rate);
    }
    if let Some(text) = inner("cron") {
        return Cron::parse(text).map(Kind::Cron);
    }
    match (inner("at"), dialect) {
        (Some(text), Dialect::Scheduler) => at(text).map(Kind::At),
        (Some(_), Dialect::Rules) => Err("only EventBridge Scheduler takes at(…)".to_owned()),
        (None, Dialect::Scheduler) => Err("write rate(…), cron(…) or at(…)".to_owned()),
        (None, Dialect::Rules) => Err("write rate(…) or cron(…)".to_owned()),
    }
}

/// `yyyy-mm-ddThh:mm:ss`, and nothing after it.
fn at(text: &str) -> Result<DateTime, String> {
    const SHAPE: &str = "0000-00-00T00:00:00";
    let fits = text.len() == SHAPE.len()
        && text
            .bytes()
            .zip(SHAPE.bytes())
            .all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                shape => byte == shape,
            });
    let parsed = text.parse::<DateTime>().ok().filter(|_| fits);
    parsed.ok_or_else(|| {
        format!("`{text}` is not yyyy-mm-ddThh:mm:ss; the time zone is given apart from it")
    })
}

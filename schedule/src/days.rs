//! The days on which a cron expression fires: the day of month or the day of week, whichever is not `?`.

use jiff::civil::{Date, Weekday};

use crate::field::{DAYS_OF_MONTH, DAYS_OF_WEEK};

/// Days of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Days(Vec<Day>);

/// One part of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    /// `15`: this day of the month.
    OfMonth(i8),
    /// `L`, `L-3`: so many days before the last one.
    FromLast(i8),
    /// `15W`: the weekday nearest to this day, in the same month.
    NearestWeekday(i8),
    /// `LW`: the last weekday.
    LastWeekday,
    /// `MON`: each of them.
    Each(Weekday),
    /// `6L`: the last of them.
    Last(Weekday),
    /// `SAT#3`: the third of them.
    Nth(Weekday, i8),
}

impl Days {
    /// From the two fields, of which one is `?`.
    pub(crate) fn parse(of_month: &str, of_week: &str) -> Result<Self, String> {
        let days = match (of_month, of_week) {
            ("?", "?") => {
                return Err("day of month and day of week are both `?`: write `*` for one".into());
            }
            (text, "?") => list(text, of_month_part)?,
            ("?", text) => {
                if text.matches('#').count() > 1 {
                    return Err(format!(
                        "`{text}` in day of week has more than one `#`, and AWS takes one"
                    ));
                }
                list(text, of_week_part)?
            }
            _ => {
                return Err(
                    "day of month and day of week are both given: write `?` for one".into(),
                );
            }
        };
        Ok(Self(days))
    }

    /// The days of the month that `first` begins: bit 1 is the first day.
    pub(crate) fn of(&self, first: Date) -> u32 {
        let length = first.days_in_month();
        let mut days = 0;
        for day in (1..=length).filter(|day| self.0.iter().any(|it| it.is(first, *day, length))) {
            days |= 1 << day;
        }
        days
    }
}

impl Day {
    fn is(self, first: Date, day: i8, length: i8) -> bool {
        // Where in the week a day of this month is, from Sunday as 0.
        let in_week = |day: i8| (first.weekday().to_sunday_zero_offset() + day - 1) % 7;
        let weekday = in_week(day);
        match self {
            Self::OfMonth(it) => day == it,
            Self::FromLast(before) => day == length - before,
            Self::NearestWeekday(it) if it > length => false,
            Self::NearestWeekday(it) => day == nearest(it, in_week(it), length),
            Self::LastWeekday => day == nearest(length, in_week(length), length),
            Self::Each(it) => weekday == it.to_sunday_zero_offset(),
            Self::Last(it) => weekday == it.to_sunday_zero_offset() && day + 7 > length,
            Self::Nth(it, n) => weekday == it.to_sunday_zero_offset() && (day - 1) / 7 + 1 == n,
        }
    }
}

/// The weekday nearest to a day, without leaving the month.
fn nearest(day: i8, in_week: i8, length: i8) -> i8 {
    match in_week {
        6 if day == 1 => 3,
        6 => day - 1,
        0 if day == length => day - 2,
        0 => day + 1,
        _ => day,
    }
}

fn list(text: &str, part: fn(&str) -> Result<Vec<Day>, String>) -> Result<Vec<Day>, String> {
    let mut days = Vec::new();
    for it in text.split(',') {
        days.extend(part(it)?);
    }
    Ok(days)
}

fn of_month_part(text: &str) -> Result<Vec<Day>, String> {
    let day = |text: &str| DAYS_OF_MONTH.number(text).map(small);
    let is = |letters: &str| text.eq_ignore_ascii_case(letters);
    let upper = text.to_ascii_uppercase();
    Ok(vec![if is("L") {
        Day::FromLast(0)
    } else if is("LW") {
        Day::LastWeekday
    } else if let Some(before) = upper.strip_prefix("L-") {
        Day::FromLast(
            day(before)
                .ok()
                .filter(|it| *it <= 30)
                .ok_or_else(|| format!("`{text}` in day of month: write L-1 to L-30"))?,
        )
    } else if let Some(near) = upper.strip_suffix('W') {
        Day::NearestWeekday(day(near)?)
    } else {
        let days = DAYS_OF_MONTH.part(text)?;
        return Ok(days.into_iter().map(|it| Day::OfMonth(small(it))).collect());
    }])
}

fn of_week_part(text: &str) -> Result<Vec<Day>, String> {
    let weekday = |text: &str| DAYS_OF_WEEK.number(text).map(weekday);
    if text.eq_ignore_ascii_case("L") {
        return Ok(vec![Day::Each(Weekday::Saturday)]);
    }
    if let Some((day, n)) = text.split_once('#') {
        let n = n.parse().ok().filter(|n| (1..=5).contains(n));
        let n = n.ok_or_else(|| format!("`{text}` in day of week: after `#` stands 1-5"))?;
        return Ok(vec![Day::Nth(weekday(day)?, n)]);
    }
    if let Some(day) = text.strip_suffix(['L', 'l']) {
        return Ok(vec![Day::Last(weekday(day)?)]);
    }
    let days = DAYS_OF_WEEK.part(text)?;
    Ok(days
        .into_iter()
        .map(|it| Day::Each(self::weekday(it)))
        .collect())
}

/// Days and weeks of a month fit.
fn small(number: u16) -> i8 {
    i8::try_from(number).unwrap_or(i8::MAX)
}

/// 1 is Sunday.
fn weekday(number: u16) -> Weekday {
    Weekday::from_sunday_one_offset(small(number)).unwrap_or(Weekday::Sunday)
}

//! One field of a cron expression: a set of numbers, spelled with `*`, `,`, `-`, `/` and names.

/// What a field may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    /// Its name in messages.
    pub(crate) name: &'static str,
    /// The least number.
    pub(crate) min: u16,
    /// The greatest.
    pub(crate) max: u16,
    /// Names of the numbers, from `min`.
    pub(crate) names: &'static [&'static str],
}

/// Minutes of an hour.
pub(crate) const MINUTES: Field = Field::numbers("minutes", 0, 59);
/// Hours of a day.
pub(crate) const HOURS: Field = Field::numbers("hours", 0, 23);
/// Days of a month.
pub(crate) const DAYS_OF_MONTH: Field = Field::numbers("day of month", 1, 31);
/// Months of a year.
pub(crate) const MONTHS: Field = Field {
    name: "month",
    min: 1,
    max: 12,
    names: &[
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ],
};
/// Days of a week, from Sunday.
pub(crate) const DAYS_OF_WEEK: Field = Field {
    name: "day of week",
    min: 1,
    max: 7,
    names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
};
/// Years.
pub(crate) const YEARS: Field = Field::numbers("year", 1970, 2199);

impl Field {
    const fn numbers(name: &'static str, min: u16, max: u16) -> Self {
        Self {
            name,
            min,
            max,
            names: &[],
        }
    }

    /// How many numbers there are.
    fn size(self) -> u16 {
        self.max - self.min + 1
    }

    /// What may stand in the field, for messages.
    fn range(self) -> String {
        match (self.names.first(), self.names.last()) {
            (Some(first), Some(last)) => format!("{}-{} or {first}-{last}", self.min, self.max),
            _ => format!("{}-{}", self.min, self.max),
        }
    }

    /// One number, or the name of one.
    pub(crate) fn number(self, text: &str) -> Result<u16, String> {
        let named = self
            .names
            .iter()
            .zip(self.min..)
            .find(|(name, _)| name.eq_ignore_ascii_case(text));
        if let Some((_, number)) = named {
            return Ok(number);
        }
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| is_number);
        number
            .filter(|number| (self.min..=self.max).contains(number))
            .ok_or_else(|| format!("`{text}` in {} is not in {}", self.name, self.range()))
    }

    /// The numbers of one part of a list: `*`, `5`, `1-5`, `MON-FRI`, `*/15`, `0/5`, `0-30/10`.
    ///
    /// A range that ends before it begins goes on from the least number, except of years.
    pub(crate) fn part(self, text: &str) -> Result<Vec<u16>, String> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step)?)),
            None => (text, None),
        };
        let (from, to) = if range == "*" {
            (self.min, self.max)
        } else if let Some((from, to)) = range.split_once('-') {
            (self.number(from)?, self.number(to)?)
        } else {
            let from = self.number(range)?;
            (from, if step.is_some() { self.max } else { from })
        };
        let length = if from <= to {
            to - from + 1
        } else if self.min == YEARS.min {
            return Err(format!(
                "{from}-{to} in {} ends before it begins",
                self.name
            ));
        } else {
            to + self.size() - from + 1
        };
        let numbers = (0..length).step_by(usize::from(step.unwrap_or(1)));
        Ok(numbers
            .map(|n| self.min + (from - self.min + n) % self.size())
            .collect())
    }

    fn step(self, text: &str) -> Result<u16, String> {
        let step = text
            .parse()
            .ok()
            .filter(|step| (1..=self.size()).contains(step));
        step.filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
            .ok_or_else(|| {
                format!(
                    "the steps of `{text}` in {} are not in 1-{}",
                    self.name,
                    self.size()
                )
            })
    }

    /// All numbers of a list, as a set of the numbers from `min`.
    pub(crate) fn set(self, text: &str) -> Result<Set, String> {
        let mut set = Set::default();
        for part in text.split(',') {
            for number in self.part(part)? {
                set.insert(number - self.min);
            }
        }
        Ok(set)
    }
}

/// A set of small numbers; the years are the most, 230 of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Set([u64; 4]);

impl Set {
    pub(crate) fn insert(&mut self, number: u16) {
        if let Some(word) = self.0.get_mut(usize::from(number / 64)) {
            *word |= 1 << (number % 64);
        }
    }

    pub(crate) fn contains(&self, number: u16) -> bool {
        let word = self.0.get(usize::from(number / 64));
        word.is_some_and(|word| word >> (number % 64) & 1 == 1)
    }
}

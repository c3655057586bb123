//! Java `DateTimeFormatter` patterns, which `!{timestamp:…}` takes.
//!
//! Text is English and weeks are those of the United States (Sunday first, the week of 1 January is week
//! 1), as Java's `Locale.US` has them: which locale Firehose runs in is not published.

mod render;

use jiff::Zoned;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use render::render;

/// A parsed pattern, such as `yyyy/MM/dd/HH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatePattern {
    items: Vec<Item>,
}

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// Text as it is.
    Literal(String),
    /// A pattern letter and how often it stands.
    Field(char, usize),
}

/// Why a pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternError {
    /// Java refuses the pattern, and so AWS does.
    #[error(
        "{0:?} means nothing in a date pattern; use yyyy, MM, dd, HH and the like, and put other text in single quotes"
    )]
    Refused(String),
    /// Java takes the pattern; this crate cannot render it.
    #[error("{0:?} cannot be written here; use yyyy, MM, dd, HH and the other numeric fields")]
    Unsupported(String),
}

impl DatePattern {
    pub(crate) fn parse(pattern: &str) -> Result<Self, PatternError> {
        let mut items = Vec::new();
        let mut chars = pattern.chars().peekable();
        while let Some(first) = chars.next() {
            match first {
                '\'' => {
                    let mut text = String::new();
                    if !quoted(&mut chars, &mut text) {
                        return Err(PatternError::Refused("'".to_owned()));
                    }
                    push_literal(&mut items, &text);
                }
                '{' | '}' | '#' => return Err(PatternError::Refused(first.to_string())),
                // Optional sections bind when parsing; formatting prints what is in them.
                '[' | ']' => {}
                letter if letter.is_ascii_alphabetic() => {
                    let mut count = 1;
                    while chars.next_if_eq(&letter).is_some() {
                        count += 1;
                    }
                    items.push(field(letter, count)?);
                }
                other => push_literal(&mut items, other.encode_utf8(&mut [0; 4])),
            }
        }
        Ok(Self { items })
    }

    /// `yyyy/MM/dd/HH/`: what Firehose appends to a prefix without expressions.
    pub(crate) fn appended_date() -> Self {
        let literal = || Item::Literal("/".to_owned());
        let fields = [('y', 4), ('M', 2), ('d', 2), ('H', 2)];
        let items = fields
            .into_iter()
            .flat_map(|(letter, count)| [Item::Field(letter, count), literal()]);
        Self {
            items: items.collect(),
        }
    }

    pub(crate) fn items(&self) -> &[Item] {
        &self.items
    }

    /// Appends an instant as the pattern renders it.
    pub fn format(&self, at: &Zoned, out: &mut String) {
        for item in &self.items {
            match item {
                Item::Literal(text) => out.push_str(text),
                Item::Field(letter, count) => render(*letter, *count, at, out),
            }
        }
    }

    /// As [`format`](Self::format), for a time in UTC that is an instant. The fields of most patterns are
    /// written from their digits.
    pub(crate) fn format_utc(&self, utc: DateTime, out: &mut String) {
        for item in &self.items {
            let (Item::Field(letter, count), text) = (item, &mut *out) else {
                if let Item::Literal(text) = item {
                    out.push_str(text);
                }
                continue;
            };
            let two = |number: i8, out: &mut String| two_digits(number.unsigned_abs(), out);
            match (letter, count) {
                ('y' | 'u', 4) if (0..=9999).contains(&utc.year()) => {
                    let year = utc.year().unsigned_abs();
                    for half in [year / 100, year % 100] {
                        two_digits(u8::try_from(half).unwrap_or_default(), text);
                    }
                }
                ('M' | 'L', 2) => two(utc.month(), text),
                ('d', 2) => two(utc.day(), text),
                ('H', 2) => two(utc.hour(), text),
                ('m', 2) => two(utc.minute(), text),
                ('s', 2) => two(utc.second(), text),
                _ => {
                    if let Ok(at) = utc.to_zoned(TimeZone::UTC) {
                        render(*letter, *count, &at, text);
                    }
                }
            }
        }
    }

    /// Characters that the pattern can take at most, for years up to 9999.
    pub(crate) fn longest(&self) -> usize {
        let longest = |item: &Item| match item {
            Item::Literal(text) => text.len(),
            Item::Field('V', _) => crate::limits::MAX_TIME_ZONE_CHARS,
            Item::Field(letter, count) => (*count).max(longest_text(*letter, *count)),
        };
        self.items.iter().map(longest).sum()
    }
}

fn two_digits(number: u8, out: &mut String) {
    out.push(char::from(b'0' + number / 10 % 10));
    out.push(char::from(b'0' + number % 10));
}

/// Longest rendering of a field, where it is longer than the letters.
fn longest_text(letter: char, count: usize) -> usize {
    match (letter, count) {
        ('y' | 'u' | 'Y', _) => 4,
        ('Q' | 'q' | 'Z' | 'O' | 'G', 4) => 11,
        ('M' | 'L' | 'E' | 'c' | 'e', 4) | ('z' | 'Z' | 'X' | 'x' | 'O', _) => 9,
        ('A' | 'n' | 'N' | 'g', _) => 14,
        _ => 3,
    }
}

/// Reads up to the closing quote; `''` is a quote, inside and on its own.
fn quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, text: &mut String) -> bool {
    if chars.next_if_eq(&'\'').is_some() {
        text.push('\'');
        return true;
    }
    while let Some(next) = chars.next() {
        if next != '\'' {
            text.push(next);
        } else if chars.next_if_eq(&'\'').is_some() {
            text.push('\'');
        } else {
            return true;
        }
    }
    false
}

fn push_literal(items: &mut Vec<Item>, text: &str) {
    if let Some(Item::Literal(last)) = items.last_mut() {
        last.push_str(text);
    } else {
        items.push(Item::Literal(text.to_owned()));
    }
}

/// Checks a letter and its count as Java's `DateTimeFormatterBuilder.appendPattern` does.
fn field(letter: char, count: usize) -> Result<Item, PatternError> {
    let allowed = match letter {
        'd' | 'h' | 'H' | 'k' | 'K' | 'm' | 's' | 'w' => count <= 2,
        'a' | 'W' | 'F' => count == 1,
        'D' => count <= 3,
        'M' | 'L' | 'E' | 'e' | 'Q' | 'q' | 'G' | 'Z' | 'X' | 'x' => count <= 5,
        'c' => count != 2 && count <= 5,
        'S' => count <= 9,
        'z' => count <= 4,
        'V' => count == 2,
        'O' | 'v' => matches!(count, 1 | 4),
        'B' => matches!(count, 1 | 4 | 5),
        'y' | 'u' | 'Y' | 'A' | 'n' | 'N' | 'g' => count <= 19,
        _ => false,
    };
    let text = || std::iter::repeat_n(letter, count).collect::<String>();
    if !allowed {
        return Err(PatternError::Refused(text()));
    }
    // Day periods and generic zone names need locale data; `F` changed its meaning between Java versions.
    if matches!(letter, 'B' | 'v' | 'F') || (letter == 'z' && count == 4) {
        return Err(PatternError::Unsupported(text()));
    }
    Ok(Item::Field(letter, count))
}

#[cfg(test)]
mod tests;

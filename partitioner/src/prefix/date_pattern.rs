//! Java `DateTimeFormatter` patterns, which `!{timestamp:…}` takes.
//!
//! Text is English and weeks are those of the United States (Sunday first, the week of 1 January is week
//! 1), as Java's `Locale.US` has them: which locale Firehose runs in is not published.

mod render;

use std::iter::Peekable;
use std::str::Chars;

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
    /// The same, with spaces before it up to so many characters.
    Padded(usize, char, usize),
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
        let mut sections = 0_usize;
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
                // Optional sections bind when parsing; formatting prints what is in them. One may stay open.
                '[' => sections += 1,
                ']' => {
                    let close = || PatternError::Refused("]".to_owned());
                    sections = sections.checked_sub(1).ok_or_else(close)?;
                }
                'p' => {
                    let width = 1 + same(&mut chars, 'p');
                    let padded = chars.next_if(char::is_ascii_alphabetic);
                    let letter = padded.ok_or_else(|| PatternError::Refused("p".repeat(width)))?;
                    items.push(padded_field(width, letter, 1 + same(&mut chars, letter))?);
                }
                letter if letter.is_ascii_alphabetic() => {
                    items.push(field(letter, 1 + same(&mut chars, letter))?);
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
            render_item(item, at, out);
        }
    }

    /// As [`format`](Self::format), for a time in UTC that is an instant. The fields of most patterns are
    /// written from their digits.
    pub(crate) fn format_utc(&self, utc: DateTime, out: &mut String) {
        for item in &self.items {
            let (letter, count, text) = match item {
                Item::Field(letter, count) => (letter, count, &mut *out),
                Item::Literal(text) => {
                    out.push_str(text);
                    continue;
                }
                Item::Padded(..) => {
                    if let Ok(at) = utc.to_zoned(TimeZone::UTC) {
                        render_item(item, &at, out);
                    }
                    continue;
                }
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

    /// Whether every moment of an hour is written alike.
    pub(crate) fn is_of_an_hour(&self) -> bool {
        let finer = |item: &Item| {
            matches!(
                item,
                Item::Field('m' | 's' | 'S' | 'n' | 'N' | 'A' | 'B', _)
            )
        };
        !self.items.iter().any(finer)
    }

    /// Characters that the pattern can take at most, for years up to 9999.
    pub(crate) fn longest(&self) -> usize {
        let longest = |item: &Item| match item {
            Item::Literal(text) => text.len(),
            Item::Field(letter, count) => longest_field(*letter, *count),
            Item::Padded(width, ..) => *width,
        };
        self.items.iter().map(longest).sum()
    }
}

fn render_item(item: &Item, at: &Zoned, out: &mut String) {
    match item {
        Item::Literal(text) => out.push_str(text),
        Item::Field(letter, count) => render(*letter, *count, at, out),
        Item::Padded(width, letter, count) => {
            let mut text = String::new();
            render(*letter, *count, at, &mut text);
            let length = text.chars().count();
            out.extend(std::iter::repeat_n(' ', width.saturating_sub(length)));
            out.push_str(&text);
        }
    }
}

fn two_digits(number: u8, out: &mut String) {
    out.push(char::from(b'0' + number / 10 % 10));
    out.push(char::from(b'0' + number % 10));
}

/// Longest rendering of a field, for years up to 9999.
fn longest_field(letter: char, count: usize) -> usize {
    count.max(longest_text(letter, count))
}

/// The same, where it is longer than the letters.
fn longest_text(letter: char, count: usize) -> usize {
    match (letter, count) {
        ('V', _) => crate::limits::MAX_TIME_ZONE_CHARS,
        ('d' | 'H' | 'h' | 'K' | 'k' | 'm' | 's' | 'w' | 'a', _) | ('M' | 'L', 1 | 2) => 2,
        ('W' | 'S', _) | ('Q' | 'q' | 'e' | 'c', 1 | 2) => 1,
        ('y' | 'u' | 'Y', _) => 4,
        ('Q' | 'q' | 'Z' | 'O' | 'G', 4) => 11,
        ('M' | 'L' | 'E' | 'c' | 'e', 4) | ('z' | 'Z' | 'X' | 'x' | 'O', _) => 9,
        ('A' | 'n' | 'N' | 'g', _) => 14,
        _ => 3,
    }
}

/// Reads up to the closing quote; `''` is a quote, inside and on its own.
fn quoted(chars: &mut Peekable<Chars<'_>>, text: &mut String) -> bool {
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

/// How many times `letter` follows.
fn same(chars: &mut Peekable<Chars<'_>>, letter: char) -> usize {
    std::iter::from_fn(|| chars.next_if_eq(&letter)).count()
}

/// The field after a pad letter. Where the field can be longer than the pad, Java raises an error on the day
/// when it is.
fn padded_field(width: usize, letter: char, count: usize) -> Result<Item, PatternError> {
    let Item::Field(letter, count) = field(letter, count)? else {
        return Err(PatternError::Refused(letter.to_string()));
    };
    if width < longest_field(letter, count) {
        let text = format!("{}{}", "p".repeat(width), letter.to_string().repeat(count));
        return Err(PatternError::Unsupported(text));
    }
    Ok(Item::Padded(width, letter, count))
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

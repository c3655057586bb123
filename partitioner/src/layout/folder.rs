//! One folder of a key: the parts of it, and how its text is taken apart again.

use super::ERROR_OUTPUT_TYPE_COLUMN;
use crate::prefix::{DateItem, RANDOM_STRING_CHARS, Segment};

/// The parts between two slashes of a prefix.
#[derive(Debug, Clone, Default)]
pub(super) struct Folder {
    parts: Vec<Part>,
    /// `name=…`: bytes before the value, and the column.
    hive: Option<(usize, usize)>,
    /// The name of the object follows in the same text.
    tail: bool,
}

#[derive(Debug, Clone)]
struct Part {
    shape: Shape,
    /// Place of the column that the part gives.
    column: Option<usize>,
}

#[derive(Debug, Clone)]
enum Shape {
    Literal(String),
    /// A partition key or an error type, of that name.
    Value(String),
    /// A letter of a date pattern, its count, and whether it is a folder of the pattern by itself.
    Date(char, usize, bool),
    /// A field that is always so many characters long.
    Padded(usize),
    Random,
}

/// Cuts segments at the slashes of their literal text. The last folder is what stands before the name of
/// the object.
pub(super) fn split(segments: &[Segment]) -> Vec<Folder> {
    let mut folders = vec![Folder::default()];
    for segment in segments {
        match segment {
            Segment::Literal(text) => push_literal(&mut folders, text),
            Segment::Timestamp(pattern) => {
                push_date(&mut folders, pattern.items());
            }
            Segment::RandomString => push(&mut folders, Shape::Random),
            Segment::ErrorOutputType => {
                push(
                    &mut folders,
                    Shape::Value(ERROR_OUTPUT_TYPE_COLUMN.to_owned()),
                );
            }
            Segment::PartitionKey { name, .. } => push(&mut folders, Shape::Value(name.clone())),
        }
    }
    folders
}

fn push(folders: &mut [Folder], shape: Shape) {
    if let Some(folder) = folders.last_mut() {
        folder.parts.push(Part {
            shape,
            column: None,
        });
    }
}

fn push_date(folders: &mut Vec<Folder>, items: &[DateItem]) {
    for (place, item) in items.iter().enumerate() {
        match item {
            DateItem::Literal(text) => push_literal(folders, text),
            DateItem::Field(letter, count) => {
                let before = place.checked_sub(1).and_then(|place| items.get(place));
                let starts = match before {
                    Some(DateItem::Literal(text)) => text.ends_with('/'),
                    Some(DateItem::Field(..) | DateItem::Padded(..)) => false,
                    None => true,
                };
                let ends = match items.get(place + 1) {
                    Some(DateItem::Literal(text)) => text.starts_with('/'),
                    Some(DateItem::Field(..) | DateItem::Padded(..)) => false,
                    None => true,
                };
                push(folders, Shape::Date(*letter, *count, starts && ends));
            }
            DateItem::Padded(width, ..) => push(folders, Shape::Padded(*width)),
        }
    }
}

fn push_literal(folders: &mut Vec<Folder>, text: &str) {
    for (place, text) in text.split('/').enumerate() {
        if place > 0 {
            folders.push(Folder::default());
        }
        let last = folders
            .last_mut()
            .and_then(|folder| folder.parts.last_mut());
        match last {
            _ if text.is_empty() => {}
            Some(Part {
                shape: Shape::Literal(last),
                ..
            }) => last.push_str(text),
            _ => push(folders, Shape::Literal(text.to_owned())),
        }
    }
}

impl Folder {
    /// Makes it what stands before the name of the object. Where nothing would say where its last value
    /// ends and the name begins, it is forgotten.
    pub(super) fn into_tail(self) -> Self {
        let open = self.parts.last().is_some_and(|part| part.width().is_none());
        Self {
            tail: true,
            ..if open { Self::default() } else { self }
        }
    }

    /// Gives the folder's columns their places, and adds them to the names.
    pub(super) fn name_columns(&mut self, columns: &mut Vec<String>) {
        if let [
            Part {
                shape: Shape::Literal(text),
                ..
            },
            _,
            ..,
        ] = self.parts.as_slice()
            && let Some((name, _)) = text.split_once('=').filter(|(name, _)| !name.is_empty())
        {
            self.hive = add(columns, name).map(|column| (name.len() + 1, column));
            return;
        }
        for part in &mut self.parts {
            part.column = match &part.shape {
                Shape::Value(name) => add(columns, name),
                Shape::Date('y' | 'u', 4, true) => add(columns, "year"),
                Shape::Date('M', 2, true) => add(columns, "month"),
                Shape::Date('d', 2, true) => add(columns, "day"),
                Shape::Date('H', 2, true) => add(columns, "hour"),
                _ => None,
            };
        }
    }

    /// Takes the folder's text off the front, adds its values, and gives what is left.
    pub(super) fn parse<'a>(
        &self,
        text: &'a str,
        columns: &'a [String],
        out: &mut Vec<(&'a str, &'a str)>,
    ) -> Option<&'a str> {
        let mut rest = text;
        for (place, part) in self.parts.iter().enumerate() {
            let following = self.parts.get(place + 1..).unwrap_or_default();
            let end = part.end(rest, following, self.tail)?;
            let (value, after) = rest.split_at_checked(end)?;
            out.extend(
                part.column
                    .and_then(|column| Some((columns.get(column)?.as_str(), value))),
            );
            rest = after;
        }
        if let Some((start, column)) = self.hive {
            let value = text.get(start..text.len() - rest.len())?;
            out.push((columns.get(column)?, value));
        }
        Some(rest)
    }

    /// Adds the folder's text as far as it is known; false when it is not known to its end.
    pub(super) fn list<'v>(
        &self,
        columns: &[String],
        known: &dyn Fn(&str) -> Option<&'v str>,
        out: &mut String,
    ) -> bool {
        let value = |column: Option<usize>| known(columns.get(column?)?);
        if let Some((start, column)) = self.hive
            && let Some(value) = value(Some(column))
            && let Some(Part {
                shape: Shape::Literal(text),
                ..
            }) = self.parts.first()
        {
            out.push_str(text.get(..start).unwrap_or_default());
            out.push_str(value);
            return true;
        }
        self.parts.iter().all(|part| {
            let text = match &part.shape {
                Shape::Literal(text) => Some(text.as_str()),
                _ => value(part.column),
            };
            out.push_str(text.unwrap_or_default());
            text.is_some()
        })
    }
}

fn add(columns: &mut Vec<String>, name: &str) -> Option<usize> {
    if columns.iter().any(|column| column == name) {
        return None;
    }
    columns.push(name.to_owned());
    Some(columns.len() - 1)
}

impl Part {
    /// Bytes of the part, where that does not depend on its value.
    fn width(&self) -> Option<usize> {
        match &self.shape {
            Shape::Literal(text) => Some(text.len()),
            Shape::Random => Some(RANDOM_STRING_CHARS),
            Shape::Padded(width) => Some(*width),
            Shape::Date('y' | 'u' | 'Y', 4, _) => Some(4),
            Shape::Date(
                'y' | 'u' | 'Y' | 'M' | 'L' | 'd' | 'H' | 'h' | 'K' | 'k' | 'm' | 's' | 'w',
                2,
                _,
            )
            | Shape::Date('a', ..) => Some(2),
            Shape::Date('M' | 'L' | 'E' | 'D', 3, _) => Some(3),
            Shape::Date('S', count, _) => Some(*count),
            Shape::Date(..) | Shape::Value(_) => None,
        }
    }

    /// Where the part ends in a text that starts with it.
    fn end(&self, text: &str, following: &[Self], tail: bool) -> Option<usize> {
        match &self.shape {
            Shape::Literal(literal) => text.starts_with(literal.as_str()).then_some(literal.len()),
            Shape::Date(letter, count, _) => match self.width() {
                Some(width) => {
                    let field = text.get(..width)?;
                    let numeric =
                        *count <= 2 && *letter != 'a' || matches!(letter, 'y' | 'u' | 'D' | 'S');
                    (!numeric || field.bytes().all(|byte| byte.is_ascii_digit())).then_some(width)
                }
                None => open_end(text, following, tail),
            },
            Shape::Random => text.get(..RANDOM_STRING_CHARS).map(str::len),
            Shape::Padded(width) => text.get(..*width).map(str::len),
            Shape::Value(_) => open_end(text, following, tail),
        }
    }
}

/// Where a value ends: as far from the end of the folder as what follows it is wide, or else where the
/// literal text after it first stands.
fn open_end(text: &str, following: &[Part], tail: bool) -> Option<usize> {
    let width = following
        .iter()
        .try_fold(0, |sum, part| part.width().map(|width| sum + width));
    if let Some(width) = width.filter(|_| !tail) {
        return text.len().checked_sub(width).filter(|end| *end > 0);
    }
    let first = text.chars().next()?.len_utf8();
    match &following.first()?.shape {
        Shape::Literal(literal) => text
            .get(first..)?
            .find(literal.as_str())
            .map(|at| first + at),
        // Two values with nothing between them: the first takes one character, for want of a rule.
        _ => Some(first),
    }
}

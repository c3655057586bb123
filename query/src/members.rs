//! The wanted members of an object, each with the column it goes to.

use std::collections::HashMap;

use arrow::{
    array::ArrayRef,
    datatypes::{FieldRef, Fields},
    error::ArrowError,
};

use crate::{
    column::{Column, ENOUGH, Fault, Reading},
    paths::Wanted,
    shape::Shape,
    skim::Marked,
    text::text as said,
};

/// Keys that are remembered; objects with more members are keyed by data.
const REMEMBERED: usize = 256;

/// Bytes of a key that are compared at once.
const WORD: usize = 16;

/// The columns of an object's members.
///
/// Of a member that is there twice the first counts: what follows the last that is wanted is not read.
pub(crate) struct Members {
    fields: Fields,
    columns: Vec<Column>,
    index: HashMap<String, usize>,
    /// How the n-th member of the last object began, up to its value: the next object most likely begins
    /// its n-th the same.
    order: Vec<Lead>,
    rows: usize,
    /// Those of the columns that are filled.
    wanted: Vec<usize>,
    /// Whether a member without a column is a misfit, and not merely unwanted.
    whole: bool,
}

/// The key of a member with its quotes and its colon, and where its value goes.
struct Lead {
    spelled: Vec<u8>,
    /// The first bytes of that, as a number, and which of its bits count.
    word: u128,
    mask: u128,
    to: To,
}

impl Lead {
    fn new(spelled: &[u8], to: To) -> Self {
        let (mut word, mut mask) = ([0; WORD], [0; WORD]);
        for ((byte, bits), spelled) in word.iter_mut().zip(&mut mask).zip(spelled) {
            (*byte, *bits) = (*spelled, u8::MAX);
        }
        Self {
            spelled: spelled.to_vec(),
            word: u128::from_le_bytes(word),
            mask: u128::from_le_bytes(mask),
            to,
        }
    }

    /// Whether the member at `at` begins so.
    #[inline]
    fn is_at(&self, text: Marked<'_>, at: usize) -> bool {
        let Some(word) = text.word(at) else {
            return text.between(at, at + self.spelled.len()) == self.spelled;
        };
        let differs = (u128::from_le_bytes(word) ^ self.word) & self.mask != 0;
        !differs
            && (self.spelled.len() <= WORD
                || text.between(at + WORD, at + self.spelled.len())
                    == self.spelled.get(WORD..).unwrap_or_default())
    }
}

#[derive(Clone, Copy)]
enum To {
    /// This column.
    Column(usize),
    /// A field that is not wanted.
    Nowhere,
    /// A field that nobody knew of.
    Unknown,
}

impl Members {
    /// Columns for `fields`, of which only some are wanted; `shape` is what the fields were made from, at
    /// `depth`, and not known when they are pinned.
    pub(crate) fn new(
        fields: &Fields,
        wanted: &Wanted,
        shape: Option<&Shape>,
        depth: usize,
    ) -> Self {
        let column = |field: &FieldRef| {
            let whole = Wanted::Whole;
            let wanted = match wanted {
                Wanted::Whole => &whole,
                Wanted::Fields(some) => match some.get(field.name()) {
                    Some(wanted) => wanted,
                    None => return Column::absent(field.data_type()),
                },
            };
            let shape = shape.map(|shape| shape.field(field.name()).unwrap_or(Shape::nothing()));
            Column::new(field.data_type(), wanted, shape, depth + 1)
        };
        let whole = matches!(wanted, Wanted::Whole) && shape.is_some();
        Self::with_columns(fields.clone(), fields.iter().map(column).collect(), whole)
    }

    /// These columns, one for each of `fields`.
    pub(crate) fn with_columns(fields: Fields, columns: Vec<Column>, whole: bool) -> Self {
        let names = fields.iter().enumerate();
        Self {
            index: names
                .map(|(at, field)| (field.name().clone(), at))
                .collect(),
            fields,
            order: Vec::new(),
            rows: 0,
            wanted: (0..columns.len())
                .filter(|at| !columns[*at].is_absent())
                .collect(),
            columns,
            whole,
        }
    }

    /// Reads the object at `at` as one row; gives the offset behind it, or [`ENOUGH`] if `last` says that
    /// nothing behind it is wanted and its end was not looked for.
    ///
    /// # Errors
    ///
    /// [`Fault`]; the row is then half there until [`Members::pad`].
    pub(crate) fn read(
        &mut self,
        reading: &mut Reading<'_>,
        at: usize,
        last: bool,
    ) -> Result<usize, Fault> {
        let end = self.read_members(reading, at, last)?;
        self.rows += 1;
        for &at in &self.wanted {
            if let Some(column) = self.columns.get_mut(at)
                && column.rows < self.rows
            {
                column.append_null();
            }
        }
        Ok(end)
    }

    fn read_members(
        &mut self,
        reading: &mut Reading<'_>,
        at: usize,
        last: bool,
    ) -> Result<usize, Fault> {
        let text = reading.text;
        let mut left = self.wanted.len();
        if left == 0 && !self.whole {
            return if last {
                Ok(ENOUGH)
            } else {
                text.close_end(at + 1).ok_or(Fault::Broken)
            };
        }
        let mut at = text.space_end(at + 1);
        if text.byte(at) == b'}' {
            return Ok(at + 1);
        }
        let mut position = 0;
        loop {
            let (to, value) = self.lead(text, at, position)?;
            position += 1;
            at = value;
            let column = match to {
                To::Column(column) => self.columns.get_mut(column),
                To::Unknown if self.whole => return Err(Fault::Misfit),
                To::Nowhere | To::Unknown => None,
            };
            at = match column.filter(|column| column.rows == self.rows) {
                Some(column) => {
                    left -= 1;
                    let enough = left == 0 && !self.whole;
                    let was_bad = reading.bad.is_some();
                    at = column.read(reading, at, last && enough)?;
                    if let (false, Some(path), To::Column(at)) = (was_bad, &mut reading.bad, to) {
                        let dot = if path.is_empty() { "" } else { "." };
                        *path = format!("{}{dot}{path}", self.fields[at].name());
                    }
                    if enough {
                        return if last {
                            Ok(ENOUGH)
                        } else {
                            text.close_end(at).ok_or(Fault::Broken)
                        };
                    }
                    at
                }
                None => text.value_end(at).ok_or(Fault::Broken)?,
            };
            at = text.space_end(at);
            match text.byte(at) {
                b',' => at = text.space_end(at + 1),
                b'}' => return Ok(at + 1),
                _ => return Err(Fault::Broken),
            }
        }
    }

    /// Where the value of the member goes whose key is at `at`, and where the value is.
    #[inline]
    fn lead(&mut self, text: Marked<'_>, at: usize, position: usize) -> Result<(To, usize), Fault> {
        if let Some(lead) = self.order.get(position)
            && lead.is_at(text, at)
        {
            let value = at + lead.spelled.len();
            return Ok((lead.to, text.space_end(value)));
        }
        self.new_lead(text, at, position)
    }

    fn new_lead(
        &mut self,
        text: Marked<'_>,
        at: usize,
        position: usize,
    ) -> Result<(To, usize), Fault> {
        if text.byte(at) != b'"' {
            return Err(Fault::Broken);
        }
        let key_end = text.string_end(at + 1).ok_or(Fault::Broken)?;
        let colon = text.space_end(key_end);
        if text.byte(colon) != b':' {
            return Err(Fault::Broken);
        }
        let key = said(text.between(at + 1, key_end - 1));
        let to = match key.and_then(|key| self.index.get(key.as_ref()).copied()) {
            Some(column) if self.columns.get(column).is_some_and(|it| !it.is_absent()) => {
                To::Column(column)
            }
            Some(_) => To::Nowhere,
            None => To::Unknown,
        };
        let lead = Lead::new(text.between(at, colon + 1), to);
        match self.order.get_mut(position) {
            Some(known) => *known = lead,
            None if position < REMEMBERED => self.order.push(lead),
            None => {}
        }
        Ok((to, text.space_end(colon + 1)))
    }

    /// Makes it `rows` rows, the last of them null as far as they were not read.
    pub(crate) fn pad(&mut self, rows: usize) {
        self.rows = rows;
        for &at in &self.wanted {
            if let Some(column) = self.columns.get_mut(at) {
                column.pad(rows);
            }
        }
    }

    /// Whether no record needs to be looked at.
    pub(crate) fn reads_nothing(&self) -> bool {
        self.wanted.is_empty() && !self.whole
    }

    /// The column of a field.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// The last value of a column of times.
    pub(crate) fn last_time(&self, column: usize) -> Option<i64> {
        self.columns.get(column)?.last_time()
    }

    /// The columns so far; they are empty again.
    ///
    /// # Errors
    ///
    /// As [`Column::finish`].
    pub(crate) fn finish(&mut self) -> Result<(Fields, Vec<ArrayRef>), ArrowError> {
        let rows = std::mem::take(&mut self.rows);
        for column in self.columns.iter_mut().filter(|column| column.is_absent()) {
            column.rows = rows;
        }
        let arrays = self.columns.iter_mut().map(Column::finish);
        Ok((self.fields.clone(), arrays.collect::<Result<_, _>>()?))
    }
}

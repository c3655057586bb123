//! The fields of objects.

use std::collections::HashMap;

use hydrant_records::json::{JsonError, Scanner};

use super::{MAX_FIELDS, Shape};
use crate::text::text;

/// The fields of the objects in one place, in order of appearance.
#[derive(Debug, Clone, Default)]
pub(super) struct Members {
    pub(super) fields: Vec<(String, Shape)>,
    pub(super) index: HashMap<String, usize>,
    /// The field that the n-th member had in the last object: the next object most likely has the same.
    pub(super) order: Vec<usize>,
    /// More fields appeared than are kept.
    pub(super) overflow: bool,
}

impl Members {
    /// Learns from the object where the scanner stands, which then stands behind it; `also` sees each field
    /// that is kept, and its value.
    pub(super) fn observe<'a>(
        &mut self,
        scanner: &mut Scanner<'a>,
        mut also: impl FnMut(&str, &mut Shape, &'a [u8]),
    ) -> Result<(), JsonError> {
        let mut position = 0;
        scanner.enter_object()?;
        while let Some(key) = scanner.next_member()? {
            let field = self.field(position, scanner.text(key));
            position += 1;
            let Some((name, shape)) = field.and_then(|at| self.fields.get_mut(at)) else {
                scanner.skip_value()?;
                continue;
            };
            let start = scanner.offset();
            shape.observe(scanner)?;
            also(name, shape, scanner.text(start..scanner.offset()));
        }
        Ok(())
    }

    fn field(&mut self, position: usize, raw_key: &[u8]) -> Option<usize> {
        if let Some(&guess) = self.order.get(position)
            && let Some((name, _)) = self.fields.get(guess)
            && name.as_bytes() == raw_key
        {
            return Some(guess);
        }
        let key = text(raw_key)?;
        let at = match self.index.get(key.as_ref()) {
            Some(&at) => at,
            None => self.add(&key)?,
        };
        if let Some(guess) = self.order.get_mut(position) {
            *guess = at;
        } else if self.order.len() == position {
            self.order.push(at);
        }
        Some(at)
    }

    pub(super) fn add(&mut self, name: &str) -> Option<usize> {
        if self.fields.len() >= MAX_FIELDS {
            self.overflow = true;
            return None;
        }
        let at = self.fields.len();
        self.fields.push((name.to_owned(), Shape::default()));
        self.index.insert(name.to_owned(), at);
        Some(at)
    }
}

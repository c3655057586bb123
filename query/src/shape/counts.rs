//! Shapes without their counts: of what was seen, and not of how often.

use super::{Shape, members::Members};

impl Shape {
    /// The same shape, as if each kind of value had been seen once.
    pub(crate) fn without_counts(&self) -> Self {
        let mut shape = Self {
            kinds: self.kinds,
            values: self.values.min(1),
            members: None,
            elements: self
                .elements
                .as_ref()
                .map(|it| Box::new(it.without_counts())),
            timestamps: match self.timestamps {
                (0, 0) => (0, 0),
                (times, others) if times >= others => (1, 0),
                _ => (0, 1),
            },
        };
        if let Some(members) = &self.members {
            let mut once = Members {
                overflow: members.overflow,
                ..Members::default()
            };
            for (name, field) in &members.fields {
                if let Some(at) = once.add(name)
                    && let Some((_, known)) = once.fields.get_mut(at)
                {
                    *known = field.without_counts();
                }
            }
            shape.members = Some(Box::new(once));
        }
        shape
    }

    /// The same shape, with nothing counted.
    pub(crate) fn uncounted(&self) -> Self {
        let mut shape = self.clone();
        shape.forget_counts();
        shape
    }

    fn forget_counts(&mut self) {
        self.values = 0;
        for (_, field) in self.members.iter_mut().flat_map(|it| &mut it.fields) {
            field.forget_counts();
        }
        if let Some(elements) = &mut self.elements {
            elements.forget_counts();
        }
    }
}

//! Text without regard to case, as the service compares it: each UTF-16 code unit of the pattern stands for
//! its lower and its upper form; what lies beyond the basic plane stands for itself.

/// A text of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Folded {
    /// Where it is ASCII alone: itself in lower case.
    ascii: Option<Box<str>>,
    /// The two forms of each character.
    forms: Box<[(Box<str>, Box<str>)]>,
}

impl Folded {
    pub(super) fn new(text: &str) -> Self {
        let forms = text.chars().map(|letter| {
            if u32::from(letter) > 0xFFFF {
                let itself: Box<str> = letter.to_string().into();
                (itself.clone(), itself)
            } else {
                let lower: String = letter.to_lowercase().collect();
                let upper: String = letter.to_uppercase().collect();
                (lower.into(), upper.into())
            }
        });
        Self {
            ascii: text.is_ascii().then(|| text.to_ascii_lowercase().into()),
            forms: forms.collect(),
        }
    }

    /// Itself in lower case, where it is ASCII alone: it then equals what is it in lower case, and nothing
    /// else.
    pub(super) fn ascii(&self) -> Option<&str> {
        self.ascii.as_deref()
    }

    pub(super) fn equals(&self, text: &str) -> bool {
        match &self.ascii {
            Some(ascii) => ascii.eq_ignore_ascii_case(text),
            None => self.ends(text).contains(&text.len()),
        }
    }

    pub(super) fn starts(&self, text: &str) -> bool {
        match &self.ascii {
            Some(ascii) => text
                .as_bytes()
                .get(..ascii.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(ascii.as_bytes())),
            None => !self.ends(text).is_empty(),
        }
    }

    pub(super) fn finishes(&self, text: &str) -> bool {
        if let Some(ascii) = &self.ascii {
            let start = text.len().checked_sub(ascii.len());
            return start
                .and_then(|start| text.as_bytes().get(start..))
                .is_some_and(|end| end.eq_ignore_ascii_case(ascii.as_bytes()));
        }
        let mut starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        starts.any(|start| text.get(start..).is_some_and(|rest| self.equals(rest)))
    }

    /// Where it may end when it begins where `text` does.
    fn ends(&self, text: &str) -> Vec<usize> {
        let mut ends = vec![0];
        for (lower, upper) in &self.forms {
            let mut next = Vec::with_capacity(ends.len());
            for end in ends {
                for form in [lower, upper] {
                    let rest = text.get(end..).unwrap_or_default();
                    let after = end + form.len();
                    if rest.starts_with(&**form) && !next.contains(&after) {
                        next.push(after);
                    }
                }
            }
            ends = next;
        }
        ends
    }
}

//! `wildcard`: `*` stands for any text, `\*` and `\\` for themselves.

use memchr::memmem::Finder;

/// A wildcard pattern, taken apart at its stars.
#[derive(Debug, Clone)]
pub(super) struct Glob {
    /// What it must begin with.
    start: Box<[u8]>,
    /// What must follow, in this order; each can be looked for from left to right, because what lies left of
    /// it is free.
    middle: Box<[Finder<'static>]>,
    /// What it must end with; `None` without a star.
    end: Option<Box<[u8]>>,
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        let middle = |it: &Self| -> Vec<Vec<u8>> {
            it.middle
                .iter()
                .map(|part| part.needle().to_vec())
                .collect()
        };
        self.start == other.start && self.end == other.end && middle(self) == middle(other)
    }
}

/// Why a text is no wildcard pattern. Places count from the quote in front of it.
#[derive(Debug, PartialEq)]
pub(super) enum NoGlob {
    Escape(usize),
    Consecutive(usize),
    Complex,
}

impl Glob {
    /// Reads a pattern of at most `complexity` parts that could stand at one place.
    pub(super) fn new(text: &str, complexity: usize) -> Result<Self, NoGlob> {
        let mut parts: Vec<Vec<u8>> = vec![Vec::new()];
        let mut bytes = text.bytes().enumerate().peekable();
        while let Some((index, byte)) = bytes.next() {
            let next = bytes.peek().map(|(_, next)| *next);
            match (byte, next) {
                (b'*', Some(b'*')) => return Err(NoGlob::Consecutive(index + 1)),
                (b'*', _) => parts.push(Vec::new()),
                (b'\\', Some(escaped @ (b'*' | b'\\'))) => {
                    bytes.next();
                    if let Some(part) = parts.last_mut() {
                        part.push(escaped);
                    }
                }
                (b'\\', _) => return Err(NoGlob::Escape(index + 1)),
                (byte, _) => {
                    if let Some(part) = parts.last_mut() {
                        part.push(byte);
                    }
                }
            }
        }
        let start = parts.remove(0);
        let end = parts.pop();
        if repeated(&parts) >= complexity.max(1) {
            return Err(NoGlob::Complex);
        }
        let middle = parts.iter().map(|part| Finder::new(part).into_owned());
        Ok(Self {
            start: start.into(),
            middle: middle.collect(),
            end: end.map(Into::into),
        })
    }

    /// What a value must begin with, and what it must end with.
    pub(super) fn anchors(&self) -> (&[u8], &[u8]) {
        (&self.start, self.end.as_deref().unwrap_or_default())
    }

    /// Whether `text` is one that it stands for; takes time in proportion to the text.
    pub(super) fn matches(&self, text: &[u8]) -> bool {
        let Some(rest) = text.strip_prefix(&*self.start) else {
            return false;
        };
        let Some(end) = &self.end else {
            return rest.is_empty();
        };
        let Some(mut rest) = rest.strip_suffix(&**end) else {
            return false;
        };
        for part in &self.middle {
            match part.find(rest) {
                Some(at) => rest = &rest[at + part.needle().len()..],
                None => return false,
            }
        }
        true
    }
}

/// How many of the parts between stars could begin at one place of a text at most: those that continue one
/// of them.
fn repeated(parts: &[Vec<u8>]) -> usize {
    let counts = parts.iter().enumerate().map(|(index, part)| {
        let later = parts.iter().skip(index);
        later.filter(|it| it.starts_with(part)).count()
    });
    counts.max().unwrap_or(0)
}

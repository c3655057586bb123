//! The bytes of a buffer.

use bytes::Bytes;

/// Bytes one behind the other: copied together where they come in small pieces, held as they came where they do not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Content {
    parts: Vec<Bytes>,
    /// Bytes of `parts`.
    length: usize,
    /// Memory that they take.
    memory: usize,
    /// What came after them.
    tail: Vec<u8>,
}

/// What is this large is held: of smaller pieces, an object would have very many.
const WORTH_HOLDING: usize = 64 << 10;

impl Content {
    pub(crate) fn len(&self) -> usize {
        self.length + self.tail.len()
    }

    /// Memory that it takes, whether bytes fill it yet or not.
    pub(crate) fn memory(&self) -> usize {
        self.memory + self.tail.capacity()
    }

    /// Appends a copy of `bytes`.
    pub(crate) fn copy(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
    }

    /// Appends `bytes`.
    pub(crate) fn hold(&mut self, bytes: Bytes) {
        if bytes.len() < WORTH_HOLDING {
            self.copy(&bytes);
            return;
        }
        self.end_tail();
        self.memory += bytes.len();
        self.push(bytes);
    }

    fn end_tail(&mut self) {
        if !self.tail.is_empty() {
            self.memory += self.tail.capacity();
            let tail = std::mem::take(&mut self.tail);
            self.push(tail.into());
        }
    }

    fn push(&mut self, bytes: Bytes) {
        self.length += bytes.len();
        self.parts.push(bytes);
    }

    /// How many lines end in it.
    pub(crate) fn newlines(&self) -> usize {
        let parts = self.parts.iter().map(|part| &part[..]);
        parts
            .chain([&self.tail[..]])
            .map(|part| memchr::memchr_iter(b'\n', part).count())
            .sum()
    }

    /// Its bytes, in as many pieces as it has.
    pub(crate) fn into_parts(mut self) -> Vec<Bytes> {
        self.end_tail();
        self.parts
    }

    /// Its bytes, in one piece.
    pub(crate) fn into_bytes(self) -> Bytes {
        let mut parts = self.into_parts();
        match parts.len() {
            0 => Bytes::new(),
            1 => parts.remove(0),
            _ => parts.concat().into(),
        }
    }
}

impl From<Vec<u8>> for Content {
    fn from(tail: Vec<u8>) -> Self {
        Self {
            tail,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_copied_and_what_is_held_lies_one_behind_the_other(
            pieces in prop::collection::vec((any::<u8>(), prop_oneof![0..20_usize, 60_000..70_000_usize], any::<bool>()), 0..12),
        ) {
            let mut content = Content::default();
            let mut expected = Vec::new();
            for (byte, length, is_held) in pieces {
                let piece = vec![byte; length];
                expected.extend_from_slice(&piece);
                if is_held {
                    content.hold(piece.into());
                } else {
                    content.copy(&piece);
                }
                prop_assert_eq!(content.len(), expected.len());
                prop_assert!(content.memory() >= content.len());
            }
            let lines = memchr::memchr_iter(b'\n', &expected).count();
            prop_assert_eq!(content.newlines(), lines);
            prop_assert_eq!(content.into_bytes(), expected);
        }
    }
}

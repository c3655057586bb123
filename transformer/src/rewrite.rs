use std::ops::Range;

use crate::cuts::Cuts;
use crate::envelope::{Content, Detail, Envelope};

/// What is to be done to one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Move {
    /// Nothing.
    Keep,
    /// Take every `clientId` out of `detail`.
    Strip,
    /// Vacate the envelope and put the string at this range, quotes included, into `detail.clientId`.
    Put(Range<usize>),
}

/// Appends the object to `out`, changed as `how` says and in no other byte.
pub(crate) fn write(bytes: &[u8], envelope: &Envelope, how: &Move, out: &mut Vec<u8>) {
    let mut copy = Copy {
        bytes,
        at: envelope.span.start,
        out,
    };
    match how {
        Move::Keep => {}
        Move::Strip => {
            if let Some(Detail::Object { cuts, .. }) = &envelope.detail {
                copy.without(cuts);
            }
        }
        Move::Put(id) => put(&mut copy, envelope, id.clone()),
    }
    copy.up_to(envelope.span.end);
}

/// A change to the envelope.
enum Change<'a> {
    Remove(&'a Cuts),
    Empty(Range<usize>),
    Detail(&'a Cuts),
}

/// Makes the changes of a move in the order in which they come in the text, whichever it is.
fn put(copy: &mut Copy<'_>, envelope: &Envelope, id: Range<usize>) {
    let removed = envelope
        .cuts
        .ranges()
        .next()
        .map(|cut| (cut.start, Change::Remove(&envelope.cuts)));
    let emptied = match &envelope.resources {
        Some(place) if place.content != Content::Vacant => {
            Some((place.value.start, Change::Empty(place.value.clone())))
        }
        _ => None,
    };
    let detail = match &envelope.detail {
        Some(Detail::Object { start, cuts, .. }) => Some((*start, Change::Detail(cuts))),
        _ => None,
    };
    let mut changes = [removed, emptied, detail];
    changes.sort_unstable_by_key(|change| change.as_ref().map(|(start, _)| *start));
    for (_, change) in changes.into_iter().flatten() {
        match change {
            Change::Remove(cuts) => copy.without(cuts),
            Change::Empty(value) => {
                copy.up_to(value.start);
                copy.out.extend_from_slice(b"[]");
                copy.at = value.end;
            }
            Change::Detail(cuts) => {
                copy.without(cuts);
                copy.up_to(cuts.end());
                let key: &[u8] = if cuts.keeps_any() {
                    b",\"clientId\":"
                } else {
                    b"\"clientId\":"
                };
                copy.out.extend_from_slice(key);
                copy.out
                    .extend_from_slice(copy.bytes.get(id.clone()).unwrap_or_default());
            }
        }
    }
}

/// Copies a text from left to right, with changes on the way.
struct Copy<'a> {
    bytes: &'a [u8],
    at: usize,
    out: &'a mut Vec<u8>,
}

impl Copy<'_> {
    fn up_to(&mut self, end: usize) {
        self.out
            .extend_from_slice(self.bytes.get(self.at..end).unwrap_or_default());
        self.at = end;
    }

    fn without(&mut self, cuts: &Cuts) {
        for cut in cuts.ranges() {
            self.up_to(cut.start);
            self.at = cut.end;
        }
    }
}

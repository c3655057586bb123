//! Whether a text is one compact JSON object, and where the members are that decide whose event it is.

use fearless_simd::{Level, dispatch, prelude::*};

use super::block::{BLOCK, Block, Seen};
use super::carry::Carry;
use super::checker::{Checker, Text};
use super::memo::Memo;
use super::wanted::{Spots, Wanted};

/// Where things are in a common record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Places {
    /// The value of `resources`.
    pub(super) resources: usize,
    /// Behind the closing brace of `detail`.
    pub(super) detail_end: usize,
    /// The values of the members that were wanted.
    pub(super) spots: Spots,
}

/// The places of a common record.
pub(super) fn check(
    level: Level,
    memo: &mut Memo,
    wanted: &Wanted,
    record: &[u8],
) -> Option<Places> {
    if memo.is_due() {
        dispatch!(level, simd => check_with::<_, true>(simd, memo, wanted, record))
    } else {
        dispatch!(level, simd => check_with::<_, false>(simd, memo, wanted, record))
    }
}

/// [`check`] with the instructions of one kind of processor; to `LEARN` for later, or from what is known.
#[expect(
    clippy::inline_always,
    reason = "what is inlined is compiled for the processor that runs it"
)]
#[inline(always)]
fn check_with<S: Simd, const LEARN: bool>(
    simd: S,
    memo: &mut Memo,
    wanted: &Wanted,
    record: &[u8],
) -> Option<Places> {
    if record.first() != Some(&b'{') {
        return None;
    }
    let mut seen = Seen::nothing(simd);
    let (blocks, rest) = record.as_chunks::<BLOCK>();
    let text = Text { record, wanted };
    let (mut checker, mut carry, mut done) = (Checker::start(), Carry::start(), 0);
    if !LEARN {
        done = memo.recall(simd, blocks, &mut seen);
        if let Some(standing) = memo.after(done) {
            (checker, carry) = *standing;
        }
    }
    for bytes in blocks.iter().skip(done) {
        let block = Block::read(simd, bytes, &mut seen);
        let free = checker.block(text, &block, u64::MAX, done * BLOCK, &mut carry)?;
        if LEARN {
            memo.learn(done, bytes, free, (checker, carry));
        }
        done += 1;
    }
    if !rest.is_empty() {
        // Read again with what is before it, which is one read more and no copy.
        let block = if let Some(bytes) = record.last_chunk::<BLOCK>() {
            Block::read(simd, bytes, &mut seen).skip(BLOCK - rest.len())
        } else {
            let mut bytes = [b' '; BLOCK];
            bytes.get_mut(..rest.len())?.copy_from_slice(rest);
            Block::read(simd, &bytes, &mut seen)
        };
        let valid = (1 << rest.len()) - 1;
        checker.block(text, &block, valid, done * BLOCK, &mut carry)?;
    }
    if seen.odd() || (seen.beyond_ascii() && simdutf8::basic::from_utf8(record).is_err()) {
        return None;
    }
    checker.places(&carry)
}

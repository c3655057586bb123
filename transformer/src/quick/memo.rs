//! What is known of a record from an earlier one.
//!
//! The bus spells every event of a stream alike up to `detail`: the same members in the same order, ids and
//! times of the same length. A block that differs from the same block of an earlier record in nothing but the
//! content of strings needs no second check; where the checker stood after the one it stands after the other.

use fearless_simd::{prelude::*, u8x64};

use super::block::{BLOCK, Seen};
use super::carry::Carry;
use super::checker::Checker;

/// Blocks that are remembered: as far as an envelope goes.
const BLOCKS: usize = 6;

/// How many records pass from one that is learned to the next.
const TURNS: u32 = 64;

/// The first blocks of an earlier record.
#[derive(Debug)]
pub(super) struct Memo {
    blocks: [Remembered; BLOCKS],
    known: usize,
    turn: u32,
}

/// Where a check stands after a block.
pub(super) type Standing = (Checker, Carry);

#[derive(Debug, Clone, Copy)]
struct Remembered {
    bytes: [u8; BLOCK],
    /// Which of them may differ: the content of strings that are no keys.
    free: u64,
    after: Standing,
    /// Whether a check can go on behind it: nothing that it looked at there reaches into what follows.
    end: bool,
}

impl Memo {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        let nothing = Remembered {
            bytes: [0; BLOCK],
            free: 0,
            after: (Checker::start(), Carry::start()),
            end: false,
        };
        Self {
            blocks: [nothing; BLOCKS],
            known: 0,
            turn: 0,
        }
    }

    /// Whether the next record is to be learned, and all that was known is forgotten.
    #[inline]
    pub(super) fn is_due(&mut self) -> bool {
        self.turn = self.turn.wrapping_add(1);
        let due = self.known == 0 || self.turn.is_multiple_of(TURNS);
        if due {
            self.known = 0;
        }
        due
    }

    /// How many of `blocks`, from the first on, are known to pass, up to one that a check can go on behind.
    #[expect(
        clippy::inline_always,
        reason = "what is inlined is compiled for the processor that runs it"
    )]
    #[inline(always)]
    pub(super) fn recall<S: Simd>(
        &self,
        simd: S,
        blocks: &[[u8; BLOCK]],
        seen: &mut Seen<S>,
    ) -> usize {
        let mut passed = 0;
        let known = self.blocks.iter().take(self.known);
        for (at, (known, bytes)) in (1..).zip(known.zip(blocks)) {
            let bytes = u8x64::from_slice(simd, bytes);
            let same = bytes.simd_eq(u8x64::from_slice(simd, &known.bytes));
            let quotes = bytes.simd_eq(b'"').to_bitmask();
            if same.to_bitmask() | known.free != u64::MAX || quotes & known.free != 0 {
                break;
            }
            seen.see(bytes);
            if known.end {
                passed = at;
            }
        }
        passed
    }

    /// Where a check stands after the first `blocks` blocks, which were recalled.
    #[inline]
    pub(super) fn after(&self, blocks: usize) -> Option<&Standing> {
        let last = self.blocks.get(blocks.checked_sub(1)?)?;
        Some(&last.after)
    }

    /// Remembers the block number `at` if all before it are remembered; `after` stands behind it.
    #[inline]
    pub(super) fn learn(&mut self, at: usize, bytes: &[u8; BLOCK], free: u64, after: Standing) {
        if at != self.known {
            return;
        }
        if let Some(remembered) = self.blocks.get_mut(at) {
            *remembered = Remembered {
                bytes: *bytes,
                free,
                after,
                end: after.0.is_between(&after.1),
            };
            self.known += 1;
        }
    }
}

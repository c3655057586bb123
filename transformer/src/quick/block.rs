//! Sixty-four bytes as words of sixty-four bits, one for each kind of byte.

use fearless_simd::{mask8x64, prelude::*, u8x64};

/// Bytes in a block.
pub(super) const BLOCK: usize = 64;

/// Where the bytes of a kind are, inside and outside strings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    pub(super) quotes: u64,
    /// `{` and `[`.
    pub(super) opens: u64,
    /// `}` and `]`.
    pub(super) closes: u64,
    /// Of the brackets, those that are `{` or `}`.
    pub(super) curly: u64,
    pub(super) commas: u64,
    pub(super) colons: u64,
    pub(super) digits: u64,
    pub(super) zeros: u64,
}

/// What a whole text has, in any block.
#[derive(Clone, Copy)]
pub(super) struct Seen<S: Simd> {
    /// All bytes, or-ed.
    bytes: u8x64<S>,
    /// Where in any block there was a backslash or a control character.
    odd: mask8x64<S>,
}

impl<S: Simd> Seen<S> {
    #[expect(
        clippy::inline_always,
        reason = "what is inlined is compiled for the processor that runs it"
    )]
    #[inline(always)]
    pub(super) fn nothing(simd: S) -> Self {
        Self {
            bytes: u8x64::splat(simd, 0),
            odd: mask8x64::splat(simd, false),
        }
    }

    /// Notes what is in a block.
    #[expect(clippy::inline_always, reason = "as above")]
    #[inline(always)]
    pub(super) fn see(&mut self, bytes: u8x64<S>) {
        self.bytes |= bytes;
        self.odd |= bytes.simd_le(0x1f) | bytes.simd_eq(b'\\');
    }

    /// A byte that is not ASCII.
    #[expect(clippy::inline_always, reason = "as above")]
    #[inline(always)]
    pub(super) fn beyond_ascii(self) -> bool {
        self.bytes.simd_ge(0x80).to_bitmask() != 0
    }

    /// A backslash or a control character.
    #[expect(clippy::inline_always, reason = "as above")]
    #[inline(always)]
    pub(super) fn odd(self) -> bool {
        self.odd.to_bitmask() != 0
    }
}

impl Block {
    #[expect(clippy::inline_always, reason = "as above")]
    #[inline(always)]
    pub(super) fn read<S: Simd>(simd: S, bytes: &[u8; BLOCK], seen: &mut Seen<S>) -> Self {
        let bytes = u8x64::from_slice(simd, bytes);
        seen.see(bytes);
        // In ASCII the brackets are the braces without this bit.
        let folded = bytes | 0x20;
        Self {
            quotes: bytes.simd_eq(b'"').to_bitmask(),
            opens: folded.simd_eq(b'{').to_bitmask(),
            closes: folded.simd_eq(b'}').to_bitmask(),
            curly: bytes.simd_eq(folded).to_bitmask(),
            commas: bytes.simd_eq(b',').to_bitmask(),
            colons: bytes.simd_eq(b':').to_bitmask(),
            digits: (bytes - b'0').simd_le(9).to_bitmask(),
            zeros: bytes.simd_eq(b'0').to_bitmask(),
        }
    }

    /// The same block read `bytes` bytes further on; nothing of any kind follows.
    #[inline]
    pub(super) fn skip(self, bytes: usize) -> Self {
        Self {
            quotes: self.quotes >> bytes,
            opens: self.opens >> bytes,
            closes: self.closes >> bytes,
            curly: self.curly >> bytes,
            commas: self.commas >> bytes,
            colons: self.colons >> bytes,
            digits: self.digits >> bytes,
            zeros: self.zeros >> bytes,
        }
    }
}

/// Every bit the xor of itself and all below: between two quotes, ones.
#[inline]
pub(super) fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

//! Sixty-four bytes as words of sixty-four bits, one for each kind of byte.

use wide::u8x32;

/// Bytes in a block.
pub(super) const BLOCK: usize = 64;

/// Where the bytes of a kind are, inside and outside strings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    pub(super) quotes: u64,
    /// `{` and `[`.
    pub(super) opens: u64,
    /// `{`.
    pub(super) braces: u64,
    /// `}` and `]`.
    pub(super) closes: u64,
    pub(super) commas: u64,
    pub(super) colons: u64,
    pub(super) digits: u64,
    pub(super) zeros: u64,
}

/// What a whole text has, in any block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// All bytes, or-ed.
    bytes: u8x32,
    /// All ones where there was a backslash or a control character.
    odd: u8x32,
}

impl Seen {
    pub(super) fn nothing() -> Self {
        Self {
            bytes: u8x32::splat(0),
            odd: u8x32::splat(0),
        }
    }

    /// A byte that is not ASCII.
    pub(super) fn beyond_ascii(self) -> bool {
        self.bytes.to_bitmask() != 0
    }

    /// A backslash or a control character.
    pub(super) fn odd(self) -> bool {
        self.odd.to_bitmask() != 0
    }
}

impl Block {
    #[inline]
    pub(super) fn read(bytes: &[u8; BLOCK], seen: &mut Seen) -> Self {
        let mut block = Self {
            quotes: 0,
            opens: 0,
            braces: 0,
            closes: 0,
            commas: 0,
            colons: 0,
            digits: 0,
            zeros: 0,
        };
        let (halves, _) = bytes.as_chunks::<32>();
        for (half, shift) in halves.iter().zip([0, 32]) {
            let bytes = u8x32::new(*half);
            seen.bytes |= bytes;
            // In ASCII the brackets are the braces without this bit.
            let folded = bytes | u8x32::splat(0x20);
            let control = bytes.min(u8x32::splat(0x1f)).simd_eq(bytes);
            seen.odd |= control | bytes.simd_eq(u8x32::splat(b'\\'));
            block.quotes |= find(bytes, b'"') << shift;
            block.opens |= find(folded, b'{') << shift;
            block.braces |= find(bytes, b'{') << shift;
            block.closes |= find(folded, b'}') << shift;
            block.commas |= find(bytes, b',') << shift;
            block.colons |= find(bytes, b':') << shift;
            let from_zero = bytes - u8x32::splat(b'0');
            let digits = from_zero.min(u8x32::splat(9)).simd_eq(from_zero);
            block.digits |= u64::from(digits.to_bitmask()) << shift;
            block.zeros |= find(bytes, b'0') << shift;
        }
        block
    }
}

#[inline]
fn find(bytes: u8x32, byte: u8) -> u64 {
    u64::from(bytes.simd_eq(u8x32::splat(byte)).to_bitmask())
}

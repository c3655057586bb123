//! What the check of one block tells that of the next.

/// What one block passes on to the next: of these the last bit counts, as one before the first.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Carry {
    pub(super) strings: u64,
    /// A key goes on.
    pub(super) key: bool,
    pub(super) braces: u64,
    /// What a value may follow.
    pub(super) before_value: u64,
    pub(super) opens: u64,
    /// What ends a value.
    pub(super) ends: u64,
    pub(super) commas: u64,
    pub(super) scalars: u64,
    pub(super) key_ends: u64,
    pub(super) colons: u64,
}

impl Carry {
    /// Before the first byte.
    pub(super) fn start() -> Self {
        Self {
            // The text is a value.
            before_value: 1 << 63,
            ..Self::default()
        }
    }

    /// All ones inside a string.
    #[inline]
    pub(super) fn in_string(&self) -> u64 {
        0_u64.wrapping_sub(self.strings >> 63)
    }
}

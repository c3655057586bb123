//! Members whose values are noted in passing, because partition keys are made of them.

/// Members that can be wanted at a time.
pub(super) const SPOTS: usize = 6;

/// Where the values of wanted members are, by number; of several members of one name the last counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spots([u32; SPOTS]);

impl Spots {
    /// None of them was found.
    pub(super) const NONE: Self = Self([u32::MAX; SPOTS]);

    /// Where the value of a member starts.
    #[inline]
    pub(super) fn get(&self, number: usize) -> Option<usize> {
        let spot = self.0.get(number).filter(|spot| **spot != u32::MAX)?;
        usize::try_from(*spot).ok()
    }

    /// No record is as long as what a spot can say; one that were would be without the member.
    #[inline]
    fn set(&mut self, number: usize, at: usize) {
        if let Some(spot) = self.0.get_mut(number) {
            *spot = u32::try_from(at).unwrap_or(u32::MAX);
        }
    }
}

/// The members that are wanted.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) in_envelope: Names,
    pub(super) in_detail: Names,
}

/// Names of members of one object.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// A bit for each letter that one of them begins with, modulo 64.
    first: u64,
    names: Vec<Name>,
}

#[derive(Debug)]
struct Name {
    /// The name as a key has it, from behind the opening quote up to the colon.
    text: Box<[u8]>,
    number: usize,
}

impl Names {
    /// Adds a member. A name that needs an escape is not looked for: where a check succeeds, there is none.
    pub(super) fn add(&mut self, name: &str, number: usize) {
        let escaped = |byte: u8| byte < b' ' || matches!(byte, b'"' | b'\\');
        if !name.bytes().any(escaped) {
            let text: Box<[u8]> = [name.as_bytes(), b"\":"].concat().into();
            self.first |= text.first().map_or(0, |first| bit(*first));
            self.names.push(Name { text, number });
        }
    }

    /// Notes where the value of the key is that starts at `at` with `text`, if it is wanted.
    #[inline]
    pub(super) fn note(&self, first: u8, text: &[u8], at: usize, spots: &mut Spots) {
        if self.first & bit(first) != 0 {
            self.find(text, at, spots);
        }
    }

    /// Out of the way of records without wanted members.
    #[inline(never)]
    fn find(&self, text: &[u8], at: usize, spots: &mut Spots) {
        if let Some(name) = self.names.iter().find(|name| text.starts_with(&name.text)) {
            spots.set(name.number, at + name.text.len());
        }
    }
}

fn bit(byte: u8) -> u64 {
    1 << (byte & 63)
}

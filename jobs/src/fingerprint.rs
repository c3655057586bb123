//! Short names of long lists and texts, the same on every machine and in every version.

/// FNV-1a, 64 bits (Fowler, Noll and Vo): it tells changes, and is no secret.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds a text; where one ends and the next begins counts.
    pub(crate) fn add(&mut self, text: &str) {
        for byte in text.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    pub(crate) fn text(self) -> String {
        format!("{:016x}", self.0)
    }
}

/// The fingerprint of what feeds an interval: how many objects, and which, in any order.
pub(crate) fn of_keys(mut keys: Vec<String>) -> String {
    keys.sort_unstable();
    keys.dedup();
    let mut print = Fingerprint::new();
    for key in &keys {
        print.add(key);
    }
    format!("{}-{}", keys.len(), print.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_does_not_matter_and_their_limits_do() {
        let of = |keys: &[&str]| of_keys(keys.iter().map(ToString::to_string).collect());
        assert_eq!(of(&["a", "b"]), of(&["b", "a"]));
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["a"]), of(&["a", "b"]));
        assert_eq!(of(&["a"]), "1-089be207b544f1e4");
    }
}

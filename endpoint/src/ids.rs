//! Where names come from.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uuid::{Builder, Uuid};

/// A seeded source of ids: the same seed gives the same ids in the same order.
#[derive(Debug, Clone)]
pub struct Ids(ChaCha8Rng);

impl Ids {
    /// A source that begins at `seed`.
    pub fn from_seed(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// The source of the run with this number among those that begin with the same seed.
    #[must_use]
    pub fn nth(mut self, number: u64) -> Self {
        self.0.set_stream(number);
        self
    }

    /// A source of its own, which begins where this one says.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self::from_seed(self.0.next_u64())
    }

    /// A version 4 UUID.
    pub fn uuid(&mut self) -> Uuid {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        Builder::from_random_bytes(bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_ids_again_and_another_seed_others() {
        let (mut a, mut b, mut c) = (Ids::from_seed(1), Ids::from_seed(1), Ids::from_seed(2));
        let first = a.uuid();
        assert_eq!(first, b.uuid());
        assert_ne!(first, c.uuid());
        assert_ne!(first, a.uuid());
        assert_eq!(first.get_version_num(), 4);
    }
}

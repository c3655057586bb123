//! Chance: integers only, so that the same seed means the same events on every platform.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng as _},
};

/// One stream of chance out of the seed.
#[derive(Debug, Clone)]
pub(crate) struct Dice(ChaCha8Rng);

/// What a stream of chance is for; streams of one seed are independent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    /// Who comes when and does what.
    Traffic = 0,
    /// What is on sale and searched for.
    Catalogue = 1,
    /// Which records are malformed, and how.
    Faults = 2,
}

impl Dice {
    pub(crate) fn new(seed: u64, stream: Stream) -> Self {
        // The seed is spelled out here, not expanded by the library, whose expansion may change.
        let mut key = *b"........hydrant client events v1";
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(stream as u64);
        Self(rng)
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number in `0..bound`; 0 for a bound of 0. The bias of the multiplication is below 2⁻³² × bound.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        let product = u64::from(self.0.next_u32()) * u64::from(bound);
        // The product is below 2³² × bound, so its upper half is a u32.
        u32::try_from(product >> 32).unwrap_or(u32::MAX)
    }

    /// Yes in `percent` of 100 cases.
    pub(crate) fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// One of the choices, each as likely.
    pub(crate) fn pick<T: Copy, const N: usize>(&mut self, choices: &[T; N]) -> T {
        const { assert!(N > 0 && N < 1 << 16) };
        let bound = u32::try_from(N).unwrap_or(1);
        choices[self.below(bound) as usize]
    }
}

/// Ranks `0..count` where rank r is drawn in proportion to 1 / (r + offset + 1): Zipf's law, with Mandelbrot's
/// offset, which keeps the first few from owning everything.
///
/// Drawn exactly and without tables: an octave [2ʲ, 2ʲ⁺¹) as likely as any other, a number in it, and that
/// number accepted in 2ʲ of its own many cases.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Zipf {
    offset: u32,
    last: u32,
    octaves: (u32, u32),
}

impl Zipf {
    /// `count` is at least 1 and `offset + count` below 2³⁰: larger values are clamped.
    pub(crate) fn new(count: u32, offset: u32) -> Self {
        let offset = offset.min(1 << 28);
        let last = offset + count.clamp(1, 1 << 29);
        let low = (offset + 1).ilog2();
        Self {
            offset,
            last,
            octaves: (low, last.ilog2() - low + 1),
        }
    }

    pub(crate) fn draw(&self, dice: &mut Dice) -> u32 {
        // Every octave but the two at the ends accepts at least half, and those two always hold an acceptable number.
        loop {
            let base = 1u32 << (self.octaves.0 + dice.below(self.octaves.1));
            let number = base + dice.below(base);
            let inside = number > self.offset && number <= self.last;
            if inside && dice.below(number) < base {
                return number - self.offset - 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_draws_of_a_seed_never_change() {
        let mut dice = Dice::new(1, Stream::Traffic);
        let draws: [u32; 8] = std::array::from_fn(|_| dice.below(1_000));
        assert_eq!(draws, [122, 419, 320, 44, 545, 506, 68, 610]);
    }

    #[test]
    fn streams_of_one_seed_differ() {
        let mut traffic = Dice::new(1, Stream::Traffic);
        assert_ne!(traffic.bits(), Dice::new(1, Stream::Catalogue).bits());
        assert_ne!(traffic.bits(), Dice::new(2, Stream::Traffic).bits());
    }

    #[test]
    fn rank_r_is_drawn_in_proportion_to_its_reciprocal() {
        let (count, offset, draws) = (50u32, 3u32, 400_000u32);
        let zipf = Zipf::new(count, offset);
        let mut dice = Dice::new(7, Stream::Traffic);
        let mut seen = vec![0u32; count as usize];
        for _ in 0..draws {
            seen[zipf.draw(&mut dice) as usize] += 1;
        }
        let total: f64 = (0..count).map(|r| 1.0 / f64::from(r + offset + 1)).sum();
        for (rank, &seen) in (0u32..).zip(&seen) {
            let share = 1.0 / f64::from(rank + offset + 1) / total;
            let expected = share * f64::from(draws);
            let sigmas = (f64::from(seen) - expected) / (expected * (1.0 - share)).sqrt();
            assert!(
                sigmas.abs() < 5.0,
                "rank {rank}: {seen} draws, expected {expected:.0}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_rank_is_always_below_the_count(count in 1u32..5_000_000, offset in 0u32..5_000, seed: u64) {
            let mut dice = Dice::new(seed, Stream::Traffic);
            for _ in 0..20 {
                prop_assert!(Zipf::new(count, offset).draw(&mut dice) < count);
            }
        }
    }
}

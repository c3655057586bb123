//! Costs as functions of the size of the input, and how they add up.

use super::{Bounded, refused};

/// `fixed + each × size`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Affine {
    pub(super) fixed: u64,
    pub(super) each: u64,
}

/// What an evaluation comes to, by the size of its input.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    /// How many results there are.
    pub(super) results: Affine,
    /// Size of all results.
    pub(super) size: Affine,
    /// Steps.
    pub(super) work: Affine,
}

impl Affine {
    pub(super) const ONE: Self = Self { fixed: 1, each: 0 };
    /// The size of the input.
    pub(super) const INPUT: Self = Self { fixed: 1, each: 1 };

    pub(super) fn fixed(fixed: u64) -> Self {
        Self { fixed, each: 0 }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            fixed: self.fixed.saturating_add(other.fixed),
            each: self.each.saturating_add(other.each),
        }
    }

    pub(super) fn times(self, other: Self) -> Bounded<Self> {
        let (constant, other) = match (self.each, other.each) {
            (0, _) => (self.fixed, other),
            (_, 0) => (other.fixed, self),
            _ => return refused("it goes through the record again for each part of the record"),
        };
        Ok(other.scaled(constant))
    }

    pub(super) fn scaled(self, by: u64) -> Self {
        Self {
            fixed: self.fixed.saturating_mul(by),
            each: self.each.saturating_mul(by),
        }
    }

    /// The sum of this function over inputs of which there are `results` and whose sizes add up to `size`.
    pub(super) fn over(self, results: Self, size: Self) -> Self {
        results.scaled(self.fixed).plus(size.scaled(self.each))
    }
}

impl Cost {
    /// One result of that size.
    pub(super) fn one(size: Affine, work: Affine) -> Self {
        let results = Affine::ONE;
        Self {
            results,
            size,
            work,
        }
    }

    /// One result that is a number, a boolean or a short text.
    pub(super) fn small(work: Affine) -> Self {
        Self::one(Affine::fixed(64), work)
    }

    /// Both, one after the other, on one input.
    pub(super) fn and_then(self, other: Self) -> Self {
        Self {
            results: self.results.plus(other.results),
            size: self.size.plus(other.size),
            work: self.work.plus(other.work),
        }
    }

    /// `self | next`.
    pub(super) fn pipe(self, next: Self) -> Self {
        let over = |cost: Affine| cost.over(self.results, self.size);
        Self {
            results: over(next.results),
            size: over(next.size),
            work: self.work.plus(over(next.work)),
        }
    }

    /// Each result of one with each of the other.
    pub(super) fn product(self, other: Self) -> Bounded<Self> {
        let size = self.size.times(other.results)?;
        Ok(Self {
            results: self.results.times(other.results)?,
            size: size.plus(other.size.times(self.results)?),
            work: self.work.plus(other.work.times(self.results)?),
        })
    }

    /// All results in one.
    pub(super) fn collected(self) -> Self {
        Self::one(self.size.plus(self.results), self.work)
    }
}

/// `.[]`: values that lie beside one another.
pub(super) fn every_member() -> Cost {
    Cost {
        results: Affine::INPUT,
        size: Affine::INPUT,
        work: Affine::INPUT,
    }
}

/// `..`: values that lie within one another, so that each is in as many results as it is deep.
pub(super) fn every_value() -> Cost {
    Cost {
        results: Affine::INPUT,
        size: Affine::INPUT.scaled(16),
        work: Affine::INPUT.scaled(16),
    }
}

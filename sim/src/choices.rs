//! Decisions that a seed repeats.

use uns_model::{Random, SeededRandom};

/// Decides at random, the same for the same seed.
#[derive(Debug)]
pub(crate) struct Choices(SeededRandom);

impl Choices {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SeededRandom::new(seed))
    }

    /// A number below `limit`.
    pub(crate) fn below(&self, limit: usize) -> usize {
        let limit = u64::try_from(limit).expect("a small number");
        usize::try_from(self.0.u64() % limit).expect("a small number")
    }

    pub(crate) fn one_in(&self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    pub(crate) fn pick<T: Copy>(&self, among: &[T]) -> T {
        among[self.below(among.len())]
    }
}

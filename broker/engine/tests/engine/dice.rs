//! Decisions that a seed repeats.

use uns_model::{Random, SeededRandom};

/// Decides at random, the same for the same seed.
#[derive(Debug)]
pub(crate) struct Dice(SeededRandom);

impl Dice {
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

    pub(crate) fn byte(&self) -> u8 {
        self.0.u64().to_le_bytes()[0]
    }

    pub(crate) fn small(&self, limit: u16) -> u16 {
        u16::try_from(self.below(usize::from(limit))).expect("below a u16")
    }
}

/// How many seeds: few in `make test`, many in `make soak` (`UNS_SOAK=1`), one with `UNS_SEED`.
pub(crate) fn seeds(few: u64, many: u64) -> std::ops::Range<u64> {
    if let Some(one) = std::env::var_os("UNS_SEED") {
        let one = one.to_str().and_then(|one| one.parse().ok()).expect("a seed is a number");
        return one..one + 1;
    }
    0..if std::env::var_os("UNS_SOAK").is_some() { many } else { few }
}

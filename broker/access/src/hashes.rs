//! How long password hashes take, so that the refusal of a name nobody has comes as late as that of
//! a wrong password, without the work and without a place in the queue of those who have one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use uns_model::Random;

/// How many are remembered.
const KEPT: usize = 32;
/// What the first hash is taken to last, while it is under way.
const GUESSED: Duration = Duration::from_millis(60);

/// The last hashes.
#[derive(Debug, Default)]
pub(crate) struct Hashes {
    lasted: Mutex<Lasted>,
    /// One log-in of a name nobody has is hashed all the same, to have something to go by.
    measured: AtomicBool,
}

#[derive(Debug, Default)]
struct Lasted {
    times: Vec<Duration>,
    oldest: usize,
}

impl Hashes {
    /// One took so long.
    pub(crate) fn took(&self, time: Duration) {
        let mut lasted = self.lasted.lock();
        if lasted.times.len() < KEPT {
            return lasted.times.push(time);
        }
        let oldest = lasted.oldest % KEPT;
        lasted.times[oldest] = time;
        lasted.oldest = oldest + 1;
    }

    /// How long to pretend that one takes: as long as some other one did. Nothing when none is
    /// known, and this one is to be made.
    pub(crate) fn pretend(&self, random: &dyn Random) -> Option<Duration> {
        let lasted = self.lasted.lock();
        let known = u64::try_from(lasted.times.len()).unwrap_or(1);
        let Some(one) = random.u64().checked_rem(known) else {
            return self.measured.swap(true, Ordering::Relaxed).then_some(GUESSED);
        };
        usize::try_from(one).ok().and_then(|one| lasted.times.get(one)).copied().or(Some(GUESSED))
    }
}

#[cfg(test)]
mod tests {
    use uns_model::SeededRandom;

    use super::*;

    #[test]
    fn a_pretended_hash_takes_as_long_as_one_of_the_last() {
        let (hashes, random) = (Hashes::default(), SeededRandom::new(1));
        assert_eq!(hashes.pretend(&random), None, "the first is measured");
        assert_eq!(hashes.pretend(&random), Some(GUESSED), "and nobody waits for it");
        for n in 0..100 {
            hashes.took(Duration::from_millis(n));
        }
        for _ in 0..1000 {
            let pretended = hashes.pretend(&random).unwrap().as_millis();
            assert!((68..100).contains(&pretended), "{pretended}");
        }
    }
}

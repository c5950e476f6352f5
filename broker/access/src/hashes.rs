//! How long it takes to verify a password, the wait for it included, so that a name nobody has costs and
//! lasts what a wrong password does. One such name at a time is hashed like any other, in the queue of
//! those who have a password. For those that come meanwhile it is pretended, so that strangers do not
//! fill that queue.

use std::time::Duration;

use parking_lot::Mutex;
use uns_model::Random;

/// How many are remembered.
const KEPT: usize = 32;
/// What the first hash is taken to last, while it is under way.
const GUESSED: Duration = Duration::from_millis(60);
/// A decoy that is not over by then never began: its client is gone, or there was no room for it.
const DECOY_MAX: Duration = Duration::from_secs(10);

/// The last hashes.
#[derive(Debug, Default)]
pub(crate) struct Hashes(Mutex<Lasted>);

#[derive(Debug, Default)]
struct Lasted {
    times: Vec<Duration>,
    oldest: usize,
    /// Since when a name nobody has is being hashed.
    decoy: Option<Duration>,
}

/// What becomes of a log-in under a name that nobody has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Nobody {
    /// It is verified like any other.
    Hash,
    /// It is refused after this time: as long as some other one took lately.
    Pretend(Duration),
}

impl Hashes {
    /// One took so long.
    pub(crate) fn took(&self, time: Duration) {
        let mut lasted = self.0.lock();
        if lasted.times.len() < KEPT {
            return lasted.times.push(time);
        }
        let oldest = lasted.oldest % KEPT;
        lasted.times[oldest] = time;
        lasted.oldest = oldest + 1;
    }

    /// A log-in under a name that nobody has begins.
    pub(crate) fn nobody(&self, now: Duration, random: &dyn Random) -> Nobody {
        let mut lasted = self.0.lock();
        if lasted.decoy.is_none_or(|since| now.saturating_sub(since) >= DECOY_MAX) {
            lasted.decoy = Some(now);
            return Nobody::Hash;
        }
        let known = u64::try_from(lasted.times.len()).unwrap_or(1);
        let one = random.u64().checked_rem(known).and_then(|one| usize::try_from(one).ok());
        let one = one.and_then(|one| lasted.times.get(one)).copied();
        Nobody::Pretend(one.unwrap_or(GUESSED))
    }

    /// The one that was verified is over.
    pub(crate) fn nobody_done(&self) {
        self.0.lock().decoy = None;
    }

    /// How many were noted; no more than are remembered.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.0.lock().times.len()
    }
}

#[cfg(test)]
mod tests {
    use uns_model::SeededRandom;

    use super::*;

    #[test]
    fn one_name_nobody_has_is_hashed_at_a_time() {
        let (hashes, random) = (Hashes::default(), SeededRandom::new(1));
        let at = Duration::from_secs;
        for round in 0..3 {
            assert_eq!(hashes.nobody(at(round), &random), Nobody::Hash);
            assert_eq!(hashes.nobody(at(round), &random), Nobody::Pretend(GUESSED));
            hashes.nobody_done();
        }
        assert_eq!(hashes.nobody(at(10), &random), Nobody::Hash);
        assert_ne!(hashes.nobody(at(19), &random), Nobody::Hash);
        assert_eq!(hashes.nobody(at(20), &random), Nobody::Hash, "its client went before");
    }

    #[test]
    fn a_pretended_hash_takes_as_long_as_one_of_the_last() {
        let (hashes, random) = (Hashes::default(), SeededRandom::new(1));
        assert_eq!(hashes.nobody(Duration::ZERO, &random), Nobody::Hash);
        for n in 0..100 {
            hashes.took(Duration::from_millis(n));
        }
        for _ in 0..1000 {
            let Nobody::Pretend(time) = hashes.nobody(Duration::ZERO, &random) else {
                unreachable!("one is under way")
            };
            assert!((68..100).contains(&time.as_millis()), "{time:?}");
        }
    }
}

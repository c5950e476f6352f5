//! How long it takes to verify a password, the wait for it included. With it, the refusal of an unknown
//! name takes as long as that of a wrong password. One unknown name at a time is hashed like any other,
//! in the same queue. Those that come meanwhile are only delayed, so that they do not fill that queue.

use std::time::Duration;

use parking_lot::Mutex;
use uns_model::Random;

/// How many times are remembered.
const KEPT: usize = 32;
/// The time that is used until the first hash is done.
const GUESSED: Duration = Duration::from_millis(60);
/// A decoy that is not done after this time never began: its client is gone, or there was no room.
const DECOY_MAX: Duration = Duration::from_secs(10);

/// How long the last hashes took.
#[derive(Debug, Default)]
pub(crate) struct HashTimes(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    times: Vec<Duration>,
    oldest: usize,
    /// Since when an unknown name is being hashed.
    decoy: Option<Duration>,
}

/// What to do with a log-in under an unknown name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum UnknownName {
    /// Verify it like any other.
    Verify,
    /// Refuse it after this time, which another log-in took lately.
    RefuseAfter(Duration),
}

impl HashTimes {
    /// Records how long one took.
    pub(crate) fn add(&self, time: Duration) {
        let mut state = self.0.lock();
        if state.times.len() < KEPT {
            return state.times.push(time);
        }
        let oldest = state.oldest % KEPT;
        state.times[oldest] = time;
        state.oldest = oldest + 1;
    }

    /// A log-in under an unknown name begins.
    pub(crate) fn unknown_name(&self, now: Duration, random: &dyn Random) -> UnknownName {
        let mut state = self.0.lock();
        if state.decoy.is_none_or(|since| now.saturating_sub(since) >= DECOY_MAX) {
            state.decoy = Some(now);
            return UnknownName::Verify;
        }
        let known = u64::try_from(state.times.len()).unwrap_or(1);
        let one = random.u64().checked_rem(known).and_then(|one| usize::try_from(one).ok());
        let one = one.and_then(|one| state.times.get(one)).copied();
        UnknownName::RefuseAfter(one.unwrap_or(GUESSED))
    }

    /// The unknown name that was verified is done.
    pub(crate) fn decoy_done(&self) {
        self.0.lock().decoy = None;
    }

    /// How many times are remembered now.
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
    fn one_unknown_name_is_hashed_at_a_time() {
        let (hashes, random) = (HashTimes::default(), SeededRandom::new(1));
        let at = Duration::from_secs;
        for round in 0..3 {
            assert_eq!(hashes.unknown_name(at(round), &random), UnknownName::Verify);
            assert_eq!(hashes.unknown_name(at(round), &random), UnknownName::RefuseAfter(GUESSED));
            hashes.decoy_done();
        }
        assert_eq!(hashes.unknown_name(at(10), &random), UnknownName::Verify);
        assert_ne!(hashes.unknown_name(at(19), &random), UnknownName::Verify);
        assert_eq!(
            hashes.unknown_name(at(20), &random),
            UnknownName::Verify,
            "its client went before"
        );
    }

    #[test]
    fn an_unknown_name_is_refused_after_the_time_of_a_recent_hash() {
        let (hashes, random) = (HashTimes::default(), SeededRandom::new(1));
        assert_eq!(hashes.unknown_name(Duration::ZERO, &random), UnknownName::Verify);
        for n in 0..100 {
            hashes.add(Duration::from_millis(n));
        }
        for _ in 0..1000 {
            let UnknownName::RefuseAfter(time) = hashes.unknown_name(Duration::ZERO, &random)
            else {
                unreachable!("one is under way")
            };
            assert!((68..100).contains(&time.as_millis()), "{time:?}");
        }
    }
}

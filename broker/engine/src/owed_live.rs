//! What a share gives to a connection whose session ends with it, while other members have sessions
//! that last: until the connection acknowledges, the log has it as owed to
//! [`SessionNo::LIVE`](uns_model::SessionNo::LIVE). After a crash the connection is gone and the share is
//! not, and another member gets it from there.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use uns_model::Sequence;

/// A record that is owed to a connection. Whoever has the message to deliver has a clone. With the
/// last one it is settled: the message was acknowledged, was dropped, or another member has it.
#[derive(Debug)]
pub(crate) struct OwedLive {
    /// [`NOT_COMMITTED`], [`KEPT`], or what it has in the log.
    sequence: AtomicU64,
    settled: Arc<SettledLive>,
}

/// Before the commit. Without one there is nothing to settle.
const NOT_COMMITTED: u64 = 0;
/// Whatever becomes of the commit, the last clone does not settle it.
const KEPT: u64 = u64::MAX;

impl OwedLive {
    pub(crate) fn new(settled: &Arc<SettledLive>) -> Arc<Self> {
        Arc::new(Self { sequence: AtomicU64::new(NOT_COMMITTED), settled: Arc::clone(settled) })
    }

    /// It is committed. One that is to stay owed does so.
    pub(crate) fn committed(&self, sequence: Sequence) {
        self.replace(NOT_COMMITTED, sequence.0);
    }

    /// Its sequence, if it is committed, for somebody who settles it.
    pub(crate) fn take_sequence(&self) -> Option<Sequence> {
        let sequence = self.sequence.load(Ordering::Relaxed);
        let takes = settles(sequence) && self.replace(sequence, KEPT);
        takes.then_some(Sequence(sequence))
    }

    /// It stays owed, to be given to another member after the next start. Its commit may still be
    /// undecided, or be decided on another core at this moment.
    pub(crate) fn keep(&self) {
        self.sequence.store(KEPT, Ordering::Relaxed);
    }

    /// Whether it was this and is that now.
    fn replace(&self, before: u64, now: u64) -> bool {
        let order = Ordering::Relaxed;
        self.sequence.compare_exchange(before, now, order, order).is_ok()
    }
}

impl Drop for OwedLive {
    fn drop(&mut self) {
        let sequence = *self.sequence.get_mut();
        if settles(sequence) {
            self.settled.add(&[Sequence(sequence)]);
        }
    }
}

/// Whether there is something to settle in the log.
fn settles(sequence: u64) -> bool {
    !matches!(sequence, NOT_COMMITTED | KEPT)
}

/// The most that is said to the log in one batch.
const AT_ONCE: usize = 4_096;

/// What is settled and not yet said to the log, of all cores.
#[derive(Debug, Default)]
pub(crate) struct SettledLive {
    /// Whether there is something.
    some: AtomicBool,
    sequences: Mutex<Vec<Sequence>>,
    /// The broker goes down, so connections end without having acknowledged.
    closed: AtomicBool,
}

impl SettledLive {
    pub(crate) fn add(&self, settled: &[Sequence]) {
        if !self.closed.load(Ordering::Acquire) {
            let mut sequences = self.sequences.lock();
            sequences.extend_from_slice(settled);
            self.some.store(true, Ordering::Release);
        }
    }

    /// From now on what is not acknowledged stays owed.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Takes some of what is settled, to say it to the log.
    #[inline]
    pub(crate) fn take(&self) -> Vec<Sequence> {
        if !self.some.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let mut sequences = self.sequences.lock();
        let some = sequences.len().min(AT_ONCE);
        let rest = sequences.split_off(some);
        self.some.store(!rest.is_empty(), Ordering::Relaxed);
        mem::replace(&mut *sequences, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the last clone settles.
    fn settled(happens: impl Fn(&OwedLive)) -> Vec<Sequence> {
        let all = Arc::default();
        let owed = OwedLive::new(&all);
        happens(&owed);
        drop(owed);
        all.take()
    }

    #[test]
    fn what_is_to_stay_owed_is_not_settled_whenever_its_commit_comes() {
        let seven = Sequence(7);
        assert_eq!(settled(|_| {}), [], "it is not in the log");
        assert_eq!(settled(|owed| owed.committed(seven)), [seven]);
        assert_eq!(settled(OwedLive::keep), []);
        let committed_first = |owed: &OwedLive| {
            owed.committed(seven);
            owed.keep();
        };
        assert_eq!(settled(committed_first), []);
        let kept_first = |owed: &OwedLive| {
            owed.keep();
            owed.committed(seven);
        };
        assert_eq!(settled(kept_first), [], "the connection ended before the commit");
    }

    #[test]
    fn a_sequence_is_taken_once_and_only_where_it_does_not_stay_owed() {
        let taken = |owed: &OwedLive| {
            assert_eq!(owed.take_sequence(), None);
            owed.committed(Sequence(7));
            assert_eq!([0; 2].map(|_| owed.take_sequence()), [Some(Sequence(7)), None]);
        };
        assert_eq!(settled(taken), [], "whoever took it settles it");
        let kept = |owed: &OwedLive| {
            owed.committed(Sequence(7));
            owed.keep();
            assert_eq!(owed.take_sequence(), None);
        };
        assert_eq!(settled(kept), []);
    }
}

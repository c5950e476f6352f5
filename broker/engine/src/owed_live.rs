//! What a share gives to a connection whose session ends with it, while other members have sessions
//! that last: until the connection acknowledges, the log has it as owed to [`SessionNo::LIVE`](uns_model::SessionNo::LIVE). After a
//! crash the connection is gone and the share is not, and another member gets it from there.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use uns_model::Sequence;

/// A record that is owed to a connection. Whoever has the message to deliver has a clone. With the
/// last one it is settled: the message was acknowledged, was dropped, or another member has it.
#[derive(Debug)]
pub(crate) struct OwedLive {
    /// 0 before the commit. Without one there is nothing to settle.
    sequence: AtomicU64,
    settled: Arc<SettledLive>,
}

impl OwedLive {
    pub(crate) fn new(settled: &Arc<SettledLive>) -> Arc<Self> {
        Arc::new(Self { sequence: AtomicU64::new(0), settled: Arc::clone(settled) })
    }

    /// It is committed.
    pub(crate) fn committed(&self, sequence: Sequence) {
        self.sequence.store(sequence.0, Ordering::Relaxed);
    }

    /// Its sequence, if it is committed, for somebody who settles it.
    pub(crate) fn take_sequence(&self) -> Option<Sequence> {
        let sequence = Sequence(self.sequence.swap(0, Ordering::Relaxed));
        (sequence != Sequence::ZERO).then_some(sequence)
    }

    /// It stays owed, to be given to another member after the next start.
    pub(crate) fn keep(&self) {
        self.sequence.store(0, Ordering::Relaxed);
    }
}

impl Drop for OwedLive {
    fn drop(&mut self) {
        let sequence = Sequence(*self.sequence.get_mut());
        if sequence != Sequence::ZERO {
            self.settled.add(&[sequence]);
        }
    }
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

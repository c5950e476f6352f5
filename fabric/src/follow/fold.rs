//! What a module writes to be driven: its fold, and what a checkpoint of it is.

use std::time::Duration;

use uns_model::Sequence;

use crate::{CheckpointError, Frame, GapReason};

/// What is folded from a log.
///
/// A follower calls it from one thread at a time. What others read of it lies behind a lock of its
/// own, which no method may hold for long.
pub trait Fold {
    /// Applies the records of a frame; how many of them count towards the next checkpoint.
    fn frame(&mut self, frame: &Frame) -> u64;

    /// Takes note of records that cannot be had. It says what that means: the driver only counts.
    fn gap(&mut self, gap: Gap);

    /// Nothing is left of what was committed up to here.
    fn caught_up(&mut self, until: Sequence);

    /// Whether it takes a piece of the log now. If not, the log keeps the rest until a checkpoint
    /// is written, somebody calls [`Handle::wake`](super::Handle::wake), or the time comes that [`Fold::tend`] named.
    fn is_ready(&self) -> bool {
        true
    }

    /// Does what else it has to do, after each turn and whenever it is woken; the monotonic time at
    /// which it wants to be called again.
    fn tend(&mut self, _now: Duration) -> Option<Duration> {
        None
    }

    /// Whether somebody waits for what is committed next, besides those who wait at the
    /// [`Handle`](super::Handle). If nobody does, commits gather for some milliseconds: to be woken for each one
    /// costs more than to apply it.
    fn is_awaited(&self) -> bool {
        true
    }

    /// Whether a checkpoint should be written before its time, as when memory is full.
    fn wants_checkpoint(&self) -> bool {
        false
    }

    /// What a checkpoint needs of the fold as it is now. The fold stands still meanwhile, so this
    /// must be cheap. `None` when there is nothing to write, or no memory for it.
    fn snapshot(&mut self) -> Option<Snapshot>;
}

/// Encodes and writes what was taken, on another thread than the fold's. It gives `None` when
/// nothing needed to become durable, or when it was given up because the fold is told to stop.
pub type Snapshot = Box<dyn FnOnce() -> Result<Option<Durable>, CheckpointError> + Send>;

/// A checkpoint that a crash cannot take back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Durable {
    /// The fold needs nothing up to here any more: the log may forget it.
    pub floor: Sequence,
    /// What was written.
    pub bytes: u64,
}

/// Records that existed and cannot be had: those after `after`, up to and with `until`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gap {
    /// The last sequence before it.
    pub after: Sequence,
    /// The last sequence inside it.
    pub until: Sequence,
    /// Why.
    pub reason: GapReason,
}

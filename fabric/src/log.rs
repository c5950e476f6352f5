//! The log and its tails.

use std::sync::Arc;

use tokio::sync::watch;
use uns_model::Sequence;

use crate::{Batch, Error, Frame, GapReason, Health};

/// The sequences one batch was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Commit {
    /// Of its first record.
    pub first: Sequence,
    /// Of its last record.
    pub last: Sequence,
}

/// Called once, on the appender's thread, when the fate of a batch is known: it must be short.
pub type OnCommit = Box<dyn FnOnce(Result<Commit, Arc<Error>>) + Send>;

/// One stream of records: strictly increasing sequences, durable once visible.
pub trait Log: Send + Sync {
    /// Queues one batch, atomically in one frame.
    ///
    /// With `on_commit` somebody waits and the commit starts at once; without, the batch may wait
    /// some milliseconds for company, and on a full disk it is dropped and counted. An empty batch
    /// with `on_commit` is a barrier: its [`Commit`] has `first` after `last`.
    ///
    /// # Errors
    /// `Full` when the queue bound is hit, `TooLarge`, `DiskFull` (only with `on_commit`),
    /// `ReadOnly`, `Closed`. After an error `on_commit` is never called.
    fn append(&self, batch: Batch, on_commit: Option<OnCommit>) -> Result<(), Error>;

    /// The last committed sequence.
    fn committed(&self) -> Sequence;

    /// The first sequence that may still be read.
    fn oldest(&self) -> Sequence;

    /// Follows [`Log::committed`], for asynchronous and blocking waits.
    fn watch(&self) -> watch::Receiver<Sequence>;

    /// The committed records with a sequence greater than `after`.
    fn tail(&self, after: Sequence) -> Box<dyn Tail>;

    /// A named durable consumer has taken everything up to `at`: retention keeps what follows.
    fn hold(&self, name: &str, at: Sequence);

    /// A fold that was opened on this log has everything up to `at`.
    ///
    /// A log that ends before `at` is not whole: its newest files were removed, cut, or put back
    /// from an older copy. It then goes on after [`epoch_after`](crate::epoch_after) of that position, so that no
    /// sequence is given out twice, and what is missing is a [`Gap`](TailItem::Gap) with the reason
    /// [`GapReason::Lost`] for every tail that starts before. Each fold says its position when it
    /// opens, before anything is appended.
    fn begin_after(&self, fold: &str, at: Sequence);

    /// How it is doing.
    fn health(&self) -> Health;
}

/// A reader of a log that never misses or repeats a record without saying so.
pub trait Tail: Send {
    /// The next committed piece; `None` when caught up (then wait on [`Log::watch`]).
    ///
    /// Reads memory and falls back to disk, so it may block on disk reads.
    ///
    /// # Errors
    /// When a file cannot be read; the tail stays where it was and may be asked again.
    fn next(&mut self) -> Result<Option<TailItem>, Error>;
}

/// What a tail hands out.
#[derive(Clone, Debug)]
pub enum TailItem {
    /// Records; those at or before the tail's start are left out.
    Frame(Frame),
    /// Records that existed and cannot be had: those after `after`, up to and with `until`.
    Gap {
        /// The last sequence before the gap.
        after: Sequence,
        /// The last sequence inside the gap.
        until: Sequence,
        /// Why.
        reason: GapReason,
    },
}

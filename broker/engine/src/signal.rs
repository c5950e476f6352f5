//! What one core tells another one, beside batches of messages.

use crate::dead_letter::DeadLetterNo;
use crate::key::{Address, CoreNo, Key};

/// A word from one core to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// This connection's client id was taken over; say so to the new holder when it is gone.
    TakeOver {
        /// Who has to go.
        old: Key,
        /// Who takes its place.
        new: Address,
    },
    /// The old holder of this connection's client id is gone.
    TakenOver {
        /// Who may go on.
        new: Key,
    },
    /// Somebody drained: paused publishers may try again.
    Resume,
    /// The fold that keeps the retained messages has moved.
    Folded,
    /// A core wants to know when everything admitted here by now is handed to the log.
    FlushAsked {
        /// Which core.
        by: CoreNo,
        /// The number of its question.
        round: u64,
    },
    /// A core has handed over what it had admitted when it was asked.
    Flushed {
        /// The number of the question.
        round: u64,
    },
    /// A dead letter that an answer waits for is on disk, or will not be.
    DeadLetterStored(DeadLetterNo, bool),
}

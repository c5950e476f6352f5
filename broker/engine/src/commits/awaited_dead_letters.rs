//! Dead letters that answers wait for: a client of MQTT 3.1.1 is told that its publish is taken only
//! when what became of it is on disk.

use std::collections::BTreeSet;

use fabric::Rejection;
use uns_model::Reason;

use crate::dead_letter::DeadLetterNo;

/// The awaited dead letters of one core. Each belongs to a publish that is not answered yet, of which
/// clients may have so many.
#[derive(Debug, Default)]
pub(crate) struct AwaitedDeadLetters {
    last: DeadLetterNo,
    pending: BTreeSet<DeadLetterNo>,
    /// Those that will not be on disk, until their publishes are answered.
    lost: BTreeSet<DeadLetterNo>,
}

impl AwaitedDeadLetters {
    /// The number of the next one.
    pub(crate) fn next(&self) -> DeadLetterNo {
        DeadLetterNo(self.last.0 + 1)
    }

    /// One more is waited for.
    pub(crate) fn begin(&mut self) -> DeadLetterNo {
        self.last = self.next();
        self.pending.insert(self.last);
        self.last
    }

    /// The last one so far.
    pub(super) fn last(&self) -> DeadLetterNo {
        self.last
    }

    /// It is known what became of one.
    pub(crate) fn decide(&mut self, dead_letter: DeadLetterNo, stored: bool) {
        if self.pending.remove(&dead_letter) && !stored {
            self.lost.insert(dead_letter);
        }
    }

    /// Whether it is known what became of all up to this one.
    pub(super) fn are_decided(&self, up_to: DeadLetterNo) -> bool {
        self.pending.first().is_none_or(|first| *first > up_to)
    }

    /// All that waited for these are answered. Those of single rows of a batch, whose others are
    /// stored, refuse nothing.
    pub(super) fn forget(&mut self, up_to: DeadLetterNo) {
        self.lost.retain(|dead_letter| *dead_letter > up_to);
    }

    /// A refused publish is answered: what else it is refused for, if its letter is not on disk.
    pub(super) fn answered(&mut self, refused: Option<&Rejection>) -> Option<Rejection> {
        let dead_letter = DeadLetterNo(refused?.letter?);
        self.lost.remove(&dead_letter).then(|| {
            let detail = "the description of the refused publish could not be stored";
            Rejection::new(Reason::StorageFull, detail)
        })
    }
}

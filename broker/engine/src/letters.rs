//! Dead letters that answers wait for: a client of MQTT 3.1.1 is told that its publish is taken only
//! when what became of it is on disk.

use std::collections::BTreeSet;

use crate::dead::LetterNo;
use fabric::Rejection;
use uns_model::Reason;

/// Those of one core. Each belongs to a publish that is not answered yet, of which clients may have
/// so many.
#[derive(Debug, Default)]
pub(crate) struct Letters {
    last: LetterNo,
    pending: BTreeSet<LetterNo>,
    /// Those that will not be on disk, until their publishes are answered.
    lost: BTreeSet<LetterNo>,
}

impl Letters {
    /// The number of the next one.
    pub(crate) fn next(&self) -> LetterNo {
        LetterNo(self.last.0 + 1)
    }

    /// One more is waited for.
    pub(crate) fn begin(&mut self) -> LetterNo {
        self.last = self.next();
        self.pending.insert(self.last);
        self.last
    }

    /// The last one so far.
    pub(crate) fn last(&self) -> LetterNo {
        self.last
    }

    /// It is known what became of one.
    pub(crate) fn decide(&mut self, letter: LetterNo, kept: bool) {
        if self.pending.remove(&letter) && !kept {
            self.lost.insert(letter);
        }
    }

    /// Whether it is known what became of all up to this one.
    pub(crate) fn are_decided(&self, up_to: LetterNo) -> bool {
        self.pending.first().is_none_or(|first| *first > up_to)
    }

    /// All that waited for these are answered. Those of single rows of a batch, whose others are
    /// stored, refuse nothing.
    pub(crate) fn forget(&mut self, up_to: LetterNo) {
        self.lost.retain(|letter| *letter > up_to);
    }

    /// A refused publish is answered: what else it is refused for, if its letter is not on disk.
    pub(crate) fn answered(&mut self, refused: Option<&Rejection>) -> Option<Rejection> {
        let letter = LetterNo(refused?.letter?);
        self.lost.remove(&letter).then(|| {
            let detail = "the description of the refused publish could not be stored";
            Rejection::new(Reason::StorageFull, detail)
        })
    }
}

//! A snapshot of the fold as of one sequence, copied in pieces while the fold goes on. Nothing is
//! encoded or sorted here: lists of deliveries are copied as they lie in memory, strings and messages
//! are shared.

use uns_model::{Sequence, SessionNo};

use super::{Fold, Marks, RetainedCopy};
use crate::owed::{Entry, Owed};
use crate::session::{PendingWill, Session};

/// About what one piece costs: one for each entry that is looked at, and one for each delivery and
/// subscription that is copied. A session is always copied whole.
pub(crate) const PIECE: usize = 1_024;

/// The fold as of one sequence, in no order.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) applied: Sequence,
    pub(crate) seen: SessionNo,
    pub(crate) sessions: Vec<Session>,
    pub(crate) wills: Vec<(SessionNo, PendingWill)>,
    pub(crate) due_wills: Vec<(SessionNo, Vec<PendingWill>)>,
    pub(crate) retained: Vec<RetainedCopy>,
    pub(crate) remains: Vec<(SessionNo, Owed)>,
    pub(crate) marks: Marks,
    /// Tells it from snapshots that were begun later.
    number: u64,
}

/// Whether a snapshot is complete.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Progress {
    /// There are more pieces to copy.
    More,
    /// It has everything.
    Complete,
    /// Another one was begun: this one can never be completed.
    Superseded,
}

impl Snapshot {
    /// The oldest publish from here on that was owed when it began. The snapshot has to be complete.
    pub(crate) fn oldest_owed(&self, from: Sequence) -> Option<Sequence> {
        let open = |entry: &&Entry| entry.sequence() >= from && !entry.is_settled();
        self.lists().filter_map(|(_, owed)| owed.entries().find(open)).map(Entry::sequence).min()
    }

    /// What was owed of records before this one, as far as it was not known to have arrived.
    pub(crate) fn owed_before(&self, oldest: Sequence) -> Vec<(SessionNo, Sequence)> {
        let before = |(number, owed): (SessionNo, &Owed)| {
            let entries = owed.entries().take_while(|entry| entry.sequence() < oldest);
            let open = entries.filter(|entry| !entry.is_settled() && !entry.is_released());
            open.map(|entry| (number, entry.sequence())).collect::<Vec<_>>()
        };
        self.lists().flat_map(before).collect()
    }

    fn lists(&self) -> impl Iterator<Item = (SessionNo, &Owed)> {
        let sessions = self.sessions.iter().map(|session| (session.number, &session.owed));
        sessions.chain(self.remains.iter().map(|(number, owed)| (*number, owed)))
    }
}

impl Fold {
    /// Begins a snapshot of the fold as it is now. [`Fold::copy_piece`] completes it, while the fold
    /// may go on in between.
    pub(crate) fn begin_snapshot(&mut self) -> Snapshot {
        self.snapshots += 1;
        self.sessions.begin_copy(self.seen);
        self.wills.begin_copy();
        self.due_wills.begin_copy();
        self.remains.begin_copy();
        self.retained.begin_copy();
        Snapshot {
            applied: self.applied,
            seen: self.seen,
            sessions: Vec::new(),
            wills: Vec::new(),
            due_wills: Vec::new(),
            retained: Vec::new(),
            remains: Vec::new(),
            marks: self.marks.clone(),
            number: self.snapshots,
        }
    }

    /// Copies the next piece, of about this cost.
    pub(crate) fn copy_piece(&mut self, snapshot: &mut Snapshot, cost: usize) -> Progress {
        if snapshot.number != self.snapshots {
            return Progress::Superseded;
        }
        let deliveries = |owed: &Owed| owed.entries().len();
        let is_complete = self.sessions.copy_piece(cost, &mut snapshot.sessions)
            && self.wills.copy_piece(cost, |_| 0, &mut snapshot.wills)
            && self.due_wills.copy_piece(cost, Vec::len, &mut snapshot.due_wills)
            && self.remains.copy_piece(cost, deliveries, &mut snapshot.remains)
            && self.retained.copy_piece(cost, &mut snapshot.retained);
        if is_complete { Progress::Complete } else { Progress::More }
    }

    /// Gives a snapshot up, so that changes are not saved for it any more.
    pub(crate) fn cancel_snapshot(&mut self, snapshot: &Snapshot) {
        if snapshot.number == self.snapshots {
            self.sessions.cancel_copy();
            self.wills.cancel_copy();
            self.due_wills.cancel_copy();
            self.remains.cancel_copy();
            self.retained.cancel_copy();
        }
    }

    /// The whole fold at once, where nobody waits for it.
    pub(crate) fn snapshot(&mut self) -> Snapshot {
        let mut snapshot = self.begin_snapshot();
        while self.copy_piece(&mut snapshot, PIECE) == Progress::More {}
        snapshot
    }
}

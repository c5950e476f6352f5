//! The numbers of audiences in the open batch of this core.

use fabric::Place;

use super::route::Owed;
use crate::gate::OwedTo;

/// Counts batches, and the audiences of the open one.
#[derive(Debug)]
pub(super) struct Audiences {
    batch: u64,
    next: u32,
}

impl Default for Audiences {
    fn default() -> Self {
        Self { batch: 1, next: 0 }
    }
}

impl Audiences {
    /// The batch was handed to the log: the next one says anew who its audiences are.
    pub(super) fn begin_batch(&mut self) {
        self.batch += 1;
        self.next = 0;
    }

    /// A record of the open batch is owed to these.
    pub(super) fn owe<'a>(&mut self, place: Place, owed: &'a Owed) -> OwedTo<'a> {
        let (audience, known) = owed.number(self.batch, self.next);
        self.next += u32::from(!known);
        OwedTo { place, audience, members: (!known).then_some(&*owed.members) }
    }
}

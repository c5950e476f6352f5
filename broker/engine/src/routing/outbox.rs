//! Deliveries that wait to be handed over to one other core.

use std::sync::Arc;

use super::batch::Batch;
use super::route::Remote;
use super::tree::ShareName;
use crate::message::Message;
use crate::owed_live::OwedLive;

/// Of which share a receiver is the chosen member.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chosen<'a> {
    pub(crate) share: &'a Arc<ShareName>,
    /// The record that is owed to it, if it has no session that lasts.
    pub(crate) owed_live: Option<&'a Arc<OwedLive>>,
}

/// Deliveries to one other core.
#[derive(Debug)]
pub(super) struct Outbox {
    batch: Batch,
    /// Counts batches, so that routes know whether their targets are noted in this one.
    number: u64,
}

impl Default for Outbox {
    fn default() -> Self {
        Self { batch: Batch::default(), number: 1 }
    }
}

impl Outbox {
    pub(super) fn bytes(&self) -> usize {
        self.batch.bytes_len()
    }

    pub(super) fn push(
        &mut self,
        message: &Message<'_>,
        remote: &Remote,
        chosen: Option<Chosen<'_>>,
    ) {
        let (number, mut targets) = remote.noted.get();
        if number != self.number {
            let share = chosen.map(|chosen| chosen.share);
            targets = self.batch.add_targets(&remote.targets, share);
            remote.noted.set((self.number, targets));
        }
        self.batch.push(message, targets, chosen.and_then(|chosen| chosen.owed_live));
    }

    /// Takes what waits, in exchange for an empty batch.
    pub(super) fn take(&mut self, empty: Batch) -> Batch {
        debug_assert!(empty.is_empty(), "a batch is cleared before it is reused");
        self.number += 1;
        std::mem::replace(&mut self.batch, empty)
    }
}

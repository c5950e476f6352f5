//! Deliveries that wait to be handed over to one other core.

use std::sync::Arc;

use super::batch::Batch;
use super::route::Remote;
use super::tree::ShareName;
use crate::message::Message;

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
        share: Option<&Arc<ShareName>>,
    ) {
        let (number, mut targets) = remote.noted.get();
        if number != self.number {
            targets = self.batch.add_targets(&remote.targets, share);
            remote.noted.set((self.number, targets));
        }
        self.batch.push(message, targets);
    }

    /// Takes what waits, in exchange for an empty batch.
    pub(super) fn take(&mut self, empty: Batch) -> Batch {
        debug_assert!(empty.is_empty(), "a batch is cleared before it is reused");
        self.number += 1;
        std::mem::replace(&mut self.batch, empty)
    }
}

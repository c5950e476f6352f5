//! A checkpoint of the sessions.

use std::sync::atomic::Ordering;

use fabric::CheckpointError;
use fabric::follow::Durable;
use uns_model::Sequence;

use crate::checkpoint::{self, Taken};
use crate::ledger::{HOLD, State};
use crate::{Error, Ledger};

impl Ledger {
    /// Writes a checkpoint of what is folded and moves the log's hold; nothing if one of the same
    /// sequence exists, or while there is no memory for it.
    ///
    /// # Errors
    /// When the file cannot be written; the ones before stay usable.
    pub fn checkpoint(&self) -> Result<(), Error> {
        if self.has_room_for_checkpoint()
            && let Some(Durable { floor, .. }) = self.write_checkpoint(self.take())?
        {
            self.log.hold(HOLD, floor);
        }
        Ok(())
    }

    pub(super) fn has_room_for_checkpoint(&self) -> bool {
        let room = self.memory_room.load(Ordering::Relaxed);
        let has_room = checkpoint::memory(&self.state.lock().fold) <= room;
        if !has_room {
            tracing::info!(room, "a checkpoint of the sessions waits for memory");
        }
        has_room
    }

    /// What a checkpoint needs of the fold as it is now.
    pub(super) fn take(&self) -> (Taken, Option<Sequence>) {
        let mut state = self.state.lock();
        let State { fold, feeder } = &mut *state;
        feeder.drop_before(fold, self.log.oldest());
        (Taken::of(fold), fold.oldest_owed())
    }

    pub(super) fn write_checkpoint(
        &self,
        (taken, oldest_owed): (Taken, Option<Sequence>),
    ) -> Result<Option<Durable>, CheckpointError> {
        let mut checkpoints = self.checkpoints.lock();
        let applied = taken.applied;
        if checkpoints.is_current(applied) {
            return Ok(None);
        }
        let bytes = checkpoint::encode(taken);
        checkpoints.write(applied, &bytes)?;
        let floor = checkpoint::floor(&checkpoints, oldest_owed);
        Ok(Some(Durable { floor, bytes: bytes.len() as u64 }))
    }
}

//! Checkpoints of the sessions. They are copied from the fold in pieces, and encoded and written, on the
//! thread that writes them; the fold waits for one piece at a time.

use std::sync::atomic::Ordering;

use fabric::CheckpointError;
use fabric::follow::Durable;
use parking_lot::MutexGuard;
use uns_model::{Sequence, SessionNo};

use crate::checkpoint;
use crate::fold::{PIECE, Progress, Snapshot};
use crate::ledger::{HOLD, State};
use crate::{Error, Ledger};

impl Ledger {
    /// Writes a checkpoint of what is folded and moves the log's hold. Does nothing if there is one of
    /// the same sequence, or while there is no memory for it.
    ///
    /// # Errors
    /// When the file cannot be written; the ones before stay usable.
    pub fn checkpoint(&self) -> Result<(), Error> {
        if self.has_room_for_checkpoint()
            && let Some(Durable { floor, .. }) = self.write_checkpoint(self.draft())?
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

    /// Begins a checkpoint of the fold as it is now. Nothing is copied yet.
    pub(super) fn draft(&self) -> Snapshot {
        self.state.lock().fold.begin_snapshot()
    }

    /// Copies what the checkpoint holds and writes it; `None` if there is nothing to write. What retention
    /// has removed and was still owed is found in the copy, too, so that the fold does not wait for it.
    pub(super) fn write_checkpoint(
        &self,
        mut snapshot: Snapshot,
    ) -> Result<Option<Durable>, CheckpointError> {
        let mut checkpoints = self.checkpoints.lock();
        let applied = snapshot.applied;
        if checkpoints.is_current(applied) {
            self.state.lock().fold.cancel_snapshot(&snapshot);
            return Ok(None);
        }
        if self.copy(&mut snapshot) == Progress::Superseded {
            return Ok(None);
        }
        let oldest = self.log.oldest();
        let oldest_owed = snapshot.oldest_owed(oldest);
        self.drop_lost(&snapshot.owed_before(oldest));
        let bytes = checkpoint::encode(snapshot);
        checkpoints.write(applied, &bytes)?;
        let floor = checkpoint::floor(&checkpoints, oldest_owed);
        Ok(Some(Durable { floor, bytes: bytes.len() as u64 }))
    }

    /// Drops what the log does not have any more, piece by piece.
    fn drop_lost(&self, lost: &[(SessionNo, Sequence)]) {
        for piece in lost.chunks(PIECE) {
            let mut state = self.state.lock();
            let State { fold, feeder } = &mut *state;
            for (number, sequence) in piece {
                feeder.drop_lost(fold, *number, *sequence);
            }
            MutexGuard::unlock_fair(state);
        }
    }

    /// Copies the fold into a snapshot, piece by piece. Whoever waits for the fold comes between two
    /// pieces.
    fn copy(&self, snapshot: &mut Snapshot) -> Progress {
        loop {
            let mut state = self.state.lock();
            let progress = state.fold.copy_piece(snapshot, PIECE);
            MutexGuard::unlock_fair(state);
            if progress != Progress::More {
                return progress;
            }
        }
    }
}

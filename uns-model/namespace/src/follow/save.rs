//! A checkpoint of the namespace. Nothing is copied for it beforehand: it is written in pieces, each
//! taken while the fold waits for no more than that piece.

use std::sync::atomic::Ordering;

use fabric::CheckpointError;
use fabric::follow::Durable;

use crate::checkpoint::{Next, write};
use crate::{Error, Namespace};

/// What writing a checkpoint takes: a piece of it, and the page cache of what is not synced.
const CHECKPOINT_BYTES: u64 = 8 << 20;

impl Namespace {
    /// Writes a checkpoint of what is applied and moves the log's hold; nothing if one of the same
    /// sequence exists, or while there is no memory for it.
    ///
    /// # Errors
    /// When the file cannot be written; the ones before stay usable.
    pub fn checkpoint(&self) -> Result<(), Error> {
        if self.has_room_for_checkpoint()
            && let Some(Durable { floor, .. }) = self.write_checkpoint()?
        {
            self.log.hold(Self::HOLD, floor);
        }
        Ok(())
    }

    pub(super) fn has_room_for_checkpoint(&self) -> bool {
        let room = self.memory_room.load(Ordering::Relaxed);
        let has_room = room >= CHECKPOINT_BYTES;
        if !has_room {
            tracing::info!(room, "a checkpoint of the namespace waits for memory");
        }
        has_room
    }

    pub(super) fn write_checkpoint(&self) -> Result<Option<Durable>, CheckpointError> {
        self.forget_deleted();
        let mut checkpoints = self.checkpoints.lock();
        let applied = self.view.read().applied;
        if checkpoints.is_current(applied) {
            return Ok(None);
        }
        let mut draft = checkpoints.begin(applied)?;
        write(&self.view, &mut draft, || {
            let (node, topic) = self.registry.next_numbers();
            Next { publisher: self.publishers.next(), node, topic }
        })?;
        let bytes = checkpoints.finish(draft)?;
        Ok(Some(Durable { floor: checkpoints.floor(), bytes }))
    }

    /// Forgets deleted topics once the log has forgotten every record that names them.
    fn forget_deleted(&self) {
        /// Readers wait for one turn at most.
        const TURN: usize = 1_000;
        let oldest = self.log.oldest();
        loop {
            let mut view = self.view.write();
            let gone = view.forget(oldest, TURN);
            let mut mint = self.registry.mint();
            gone.iter().for_each(|node| self.registry.forget(&mut mint, node));
            if gone.len() < TURN {
                return;
            }
        }
    }
}

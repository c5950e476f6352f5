//! When checkpoints are written while the ledger runs.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use uns_model::Sequence;

use super::warn_with_cause;
use crate::{Error, Ledger};

const NAME: &str = "sessions-checkpoint";

/// As of the last checkpoint that was begun.
pub(super) struct Saving {
    at: Duration,
    changes: u64,
    folded: Sequence,
    writing: Option<JoinHandle<()>>,
}

impl Saving {
    pub(super) fn new(at: Duration, folded: Sequence) -> Self {
        Self { at, changes: 0, folded, writing: None }
    }

    /// Waits for the one being written.
    pub(super) fn finish(&mut self) {
        if let Some(writing) = self.writing.take()
            && writing.join().is_err()
        {
            tracing::error!("writing a checkpoint of the sessions has panicked");
        }
    }
}

impl Ledger {
    /// Writes a checkpoint on a thread of its own: the disk may be slow.
    pub(super) fn checkpoint_if_due(self: &Arc<Self>, saving: &mut Saving) {
        if saving.writing.as_ref().is_some_and(|writing| !writing.is_finished()) {
            return;
        }
        saving.finish();
        let state = self.state.lock();
        let (folded, changes) = (state.fold.applied, state.fold.counts.changes);
        drop(state);
        let now = self.clock.monotonic();
        let many = changes - saving.changes >= self.config.checkpoint_records;
        let late = now.saturating_sub(saving.at) >= self.config.checkpoint_interval;
        if folded == saving.folded || !(many || late) {
            return;
        }
        // A failed one is tried again after a whole interval: the disk may be full for long.
        (saving.at, saving.changes, saving.folded) = (now, changes, folded);
        let ledger = Arc::clone(self);
        let spawned = Builder::new().name(NAME.to_owned()).spawn(move || {
            if let Err(error) = ledger.checkpoint() {
                warn_with_cause(&error);
            }
        });
        match spawned {
            Ok(writing) => saving.writing = Some(writing),
            Err(source) => warn_with_cause(&Error::Thread { name: NAME, source }),
        }
    }
}

//! The store turn by turn, for simulations: no thread of its own but that of the catalog, which works
//! while the caller waits, so a seed repeats everything.

use std::fmt;
use std::sync::Arc;

use fabric::follow::{Job, Next, Phase};
use tokio::sync::watch;

use super::follow::Folding;
use super::{Parts, Store};
use crate::catalog::CatalogFile;
use crate::error::Error;

/// What [`Store::run`] would keep on its stack, and what its writer would be busy with.
pub struct Steps {
    folding: Folding,
    /// Taken from memory, and not written yet.
    job: Option<Job>,
    /// It is never told to stop.
    _running: watch::Sender<bool>,
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Steps").field("job", &self.job).finish_non_exhaustive()
    }
}

impl Store {
    /// [`Store::open`] for a disk that is no real one: SQLite reaches it as the file system ("VFS") of
    /// this name.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub fn open_on(parts: Parts, vfs: &str) -> Result<Arc<Self>, Error> {
        Self::open_at(parts, CatalogFile::on(vfs))
    }

    /// In place of [`Store::run`]: the caller is the loop.
    pub fn steps(self: &Arc<Self>) -> Steps {
        let (running, stop) = watch::channel(false);
        Steps { folding: self.folding(stop).giving_up(), job: None, _running: running }
    }

    /// A turn of the thread that follows the log; whether there is more to do at once.
    pub fn step(&self, steps: &mut Steps) -> bool {
        let step = self.follower.lock().turn(&mut steps.folding, Phase::Running);
        // While one is on its way the follower takes no other.
        steps.job = steps.job.take().or(step.job);
        step.next == Next::Again
    }

    /// Whether whoever meets a damaged file now has to wait, since others are being replaced.
    pub fn sets_aside(&self) -> bool {
        self.setting_aside.is_locked()
    }

    /// Whether a damaged file is still listed, since there was no room for what replaces it.
    pub fn has_unrepaired(&self) -> bool {
        !self.state.lock().unrepaired.is_empty()
    }

    /// A turn of the thread that writes files: one attempt to write what a turn before has taken;
    /// whether there was anything. What could not be written is taken again by a later turn.
    pub fn write(&self, steps: &mut Steps) -> bool {
        steps.job.take().map(Job::run).is_some()
    }
}

//! Disks that say too early that something is durable. Without a fault nobody uses them.

use std::io;
use std::path::Path;
use std::sync::Arc;

use fabric::Disk;
use fabric::sim::{Hook, HookedDisk, Operation, SimDisk, Verdict};

use crate::Fault;

/// Leaves every sync out.
#[derive(Debug)]
struct NoSync;

impl Hook for NoSync {
    fn before(&self, operation: Operation<'_>) -> io::Result<Verdict> {
        match operation {
            Operation::SyncFile | Operation::SyncDir(_) => Ok(Verdict::LeaveOut),
            _ => Ok(Verdict::Do),
        }
    }
}

/// The disk as somebody has it who does not sync, if that is the mistake.
pub(super) fn unsynced(disk: Arc<dyn Disk>, fault: Option<Fault>, mistake: Fault) -> Arc<dyn Disk> {
    if fault == Some(mistake) { Arc::new(HookedDisk::new(disk, Arc::new(NoSync))) } else { disk }
}

/// The syncs of a log that come too late.
pub(super) struct LateSync {
    disk: SimDisk,
    /// Where the log is.
    dir: &'static Path,
}

impl LateSync {
    /// Of the log in this directory.
    pub(super) fn new(disk: SimDisk, dir: &'static Path) -> Self {
        Self { disk, dir }
    }

    /// Syncs what was committed before, and commits without a sync.
    pub(super) fn commit(&self, commit: impl FnOnce() -> bool) -> bool {
        for name in self.disk.list(self.dir).unwrap_or_default() {
            // A disk that is off syncs nothing.
            drop(self.disk.open(&self.dir.join(name)).and_then(|file| file.sync_data()));
        }
        drop(self.disk.sync_dir(self.dir));
        self.disk.set_lying(true);
        let committed = commit();
        self.disk.set_lying(false);
        committed
    }
}

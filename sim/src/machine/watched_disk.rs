//! The disk as history has it: somebody looks before each change, and there may be a mistake in between.
//! Without both it changes nothing.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fabric::Disk;
use fabric::sim::{Hook, HookedDisk, Operation, Verdict};
use parking_lot::Mutex;

use crate::Fault;

/// Looks at history in the middle of a turn.
pub(crate) type Look = Box<dyn FnMut() + Send>;

/// A disk somebody watches.
pub(crate) type WatchedDisk = HookedDisk<Watch>;

/// Who stands between history and its disk.
pub(crate) struct Watch {
    disk: Arc<dyn Disk>,
    fault: Option<Fault>,
    look: Mutex<Option<Look>>,
    /// Files that do not have their names yet.
    late: Mutex<Vec<(PathBuf, PathBuf)>>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("fault", &self.fault).finish_non_exhaustive()
    }
}

/// Puts a watch in front of a disk.
pub(super) fn watched(disk: Arc<dyn Disk>, fault: Option<Fault>) -> WatchedDisk {
    let (look, late) = (Mutex::default(), Mutex::default());
    let watch = Watch { disk: Arc::clone(&disk), fault, look, late };
    HookedDisk::new(disk, Arc::new(watch))
}

impl Watch {
    /// From now on this is called before each change.
    pub(crate) fn watch(&self, look: Look) {
        *self.look.lock() = Some(look);
    }

    /// Nobody looks any more.
    pub(crate) fn watch_no_more(&self) {
        *self.look.lock() = None;
    }

    /// The process is gone, with what it had not done.
    pub(super) fn forget(&self) {
        self.late.lock().clear();
        self.watch_no_more();
    }

    /// A change comes next, unless the disk is off. What somebody who looks changes, as when a damaged
    /// file is set aside, is not looked at.
    fn changes(&self) -> io::Result<()> {
        let is_on = self.disk.space(Path::new("/")).is_ok();
        let look = if is_on { self.look.lock().take() } else { None };
        if let Some(mut look) = look {
            look();
            *self.look.lock() = Some(look);
        }
        let late = std::mem::take(&mut *self.late.lock());
        late.into_iter().try_for_each(|(from, to)| self.disk.rename(&from, &to))
    }
}

impl Hook for Watch {
    fn before(&self, operation: Operation<'_>) -> io::Result<Verdict> {
        match (operation, self.fault) {
            (Operation::SyncFile, Some(Fault::HistoryDoesNotSync))
            | (
                Operation::SyncDir(_),
                Some(Fault::HistoryDoesNotSync | Fault::HistoryListsFilesEarly),
            ) => return Ok(Verdict::LeaveOut),
            (Operation::Open(_) | Operation::Write(_) | Operation::SyncFile, _) => {
                return Ok(Verdict::Do);
            }
            (
                Operation::Create(_)
                | Operation::Rename { .. }
                | Operation::Remove(_)
                | Operation::SyncDir(_),
                _,
            ) => self.changes()?,
        }
        if let (Operation::Rename { from, to }, Some(Fault::HistoryListsFilesEarly)) =
            (operation, self.fault)
        {
            self.late.lock().push((from.to_owned(), to.to_owned()));
            return Ok(Verdict::LeaveOut);
        }
        Ok(Verdict::Do)
    }
}

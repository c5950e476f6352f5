//! The disk as history has it: somebody looks before each change, and there may be a mistake in between.
//! Without both it changes nothing.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fabric::{DirLock, Disk, File, Space};
use parking_lot::Mutex;

use crate::Fault;

/// Looks at history in the middle of a turn.
pub(crate) type Look = Box<dyn FnMut() + Send>;

/// A disk somebody watches.
pub(crate) struct WatchedDisk {
    disk: Arc<dyn Disk>,
    fault: Option<Fault>,
    look: Mutex<Option<Look>>,
    /// Files that do not have their names yet.
    late: Mutex<Vec<(PathBuf, PathBuf)>>,
}

impl fmt::Debug for WatchedDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedDisk").field("fault", &self.fault).finish_non_exhaustive()
    }
}

impl WatchedDisk {
    pub(super) fn new(disk: Arc<dyn Disk>, fault: Option<Fault>) -> Self {
        Self { disk, fault, look: Mutex::default(), late: Mutex::default() }
    }

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

    /// A change comes next, unless the disk is off. What somebody who looks changes, as when a damaged file is set aside, is
    /// not looked at.
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

    fn opened(&self, file: Arc<dyn File>) -> Arc<dyn File> {
        match self.fault {
            Some(Fault::HistoryDoesNotSync) => Arc::new(Unsynced(file)),
            _ => file,
        }
    }
}

impl Disk for WatchedDisk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.changes()?;
        self.disk.create(path).map(|file| self.opened(file))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.disk.open(path).map(|file| self.opened(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.changes()?;
        if self.fault == Some(Fault::HistoryListsFilesEarly) {
            self.late.lock().push((from.to_owned(), to.to_owned()));
            return Ok(());
        }
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.changes()?;
        self.disk.remove(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.disk.list(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        match self.fault {
            Some(Fault::HistoryDoesNotSync | Fault::HistoryListsFilesEarly) => Ok(()),
            _ => {
                self.changes()?;
                self.disk.sync_dir(dir)
            }
        }
    }

    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.disk.create_dir_all(dir)
    }

    fn lock_dir(&self, dir: &Path) -> io::Result<DirLock> {
        self.disk.lock_dir(dir)
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        self.disk.space(path)
    }
}

/// A file that claims to have synced.
#[derive(Debug)]
struct Unsynced(Arc<dyn File>);

impl File for Unsynced {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        self.0.allocate(length)
    }

    fn lock(&self) -> io::Result<()> {
        self.0.lock()
    }

    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }
}

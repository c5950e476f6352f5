//! A disk with somebody in front of it, who sees each operation before it happens: a test that lets
//! something happen in between, holds readers up, or leaves out what a faulty program would forget.

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::{DirLock, Disk, File, Space};

/// What comes next on a disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation<'a> {
    /// A file is created.
    Create(&'a Path),
    /// A file is opened.
    Open(&'a Path),
    /// So many bytes are written to a file.
    Write(usize),
    /// A file is synced.
    SyncFile,
    /// A file gets another name.
    Rename {
        /// The name it has.
        from: &'a Path,
        /// The name it gets.
        to: &'a Path,
    },
    /// A file is removed.
    Remove(&'a Path),
    /// A directory is synced.
    SyncDir(&'a Path),
}

/// What becomes of an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is done.
    Do,
    /// It is left out and said to be done. Files that are created or opened always are.
    LeaveOut,
}

/// Who stands in front of a disk.
pub trait Hook: Debug + Send + Sync + 'static {
    /// Called before each operation, on the thread that asks for it.
    ///
    /// # Errors
    /// The operation then fails with the same.
    fn before(&self, operation: Operation<'_>) -> io::Result<Verdict>;
}

/// The disk behind a hook.
#[derive(Debug)]
pub struct HookedDisk<H> {
    disk: Arc<dyn Disk>,
    hook: Arc<H>,
}

impl<H: Hook> HookedDisk<H> {
    /// Puts a hook in front of a disk.
    pub fn new(disk: Arc<dyn Disk>, hook: Arc<H>) -> Self {
        Self { disk, hook }
    }

    /// Who stands in front of it.
    pub fn hook(&self) -> &H {
        &self.hook
    }

    fn file(&self, file: Arc<dyn File>) -> Arc<dyn File> {
        Arc::new(HookedFile { file, hook: Arc::clone(&self.hook) })
    }
}

/// Asks the hook, and then does it.
fn ask<H: Hook>(
    hook: &H,
    operation: Operation<'_>,
    run: impl FnOnce() -> io::Result<()>,
) -> io::Result<()> {
    match hook.before(operation)? {
        Verdict::Do => run(),
        Verdict::LeaveOut => Ok(()),
    }
}

impl<H: Hook> Disk for HookedDisk<H> {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.hook.before(Operation::Create(path))?;
        self.disk.create(path).map(|file| self.file(file))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.hook.before(Operation::Open(path))?;
        self.disk.open(path).map(|file| self.file(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        ask(&*self.hook, Operation::Rename { from, to }, || self.disk.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        ask(&*self.hook, Operation::Remove(path), || self.disk.remove(path))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.disk.list(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        ask(&*self.hook, Operation::SyncDir(dir), || self.disk.sync_dir(dir))
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

#[derive(Debug)]
struct HookedFile<H> {
    file: Arc<dyn File>,
    hook: Arc<H>,
}

impl<H: Hook> File for HookedFile<H> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let write = || self.file.write_all_at(bytes, offset);
        ask(&*self.hook, Operation::Write(bytes.len()), write)
    }

    fn sync_data(&self) -> io::Result<()> {
        ask(&*self.hook, Operation::SyncFile, || self.file.sync_data())
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        self.file.allocate(length)
    }

    fn lock(&self) -> io::Result<()> {
        self.file.lock()
    }

    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
}

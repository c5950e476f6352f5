//! The seeded disk: unsynced writes are dropped, torn at sectors and reordered at a crash.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::file::SimFile;
use super::state::{Faults, State, device_error};
use super::step::{Cut, Step};
use crate::{DirLock, Disk, File, Space};

/// A file system in memory that behaves as badly as real ones may.
///
/// Written sectors of 512 bytes and directory changes are durable only after `sync_data` and
/// `sync_dir`; at [`SimDisk::crash`] each other one is there or not. Paths need no directories.
/// Clones share the disk.
#[derive(Clone, Debug)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

impl SimDisk {
    /// An empty disk; the same seed gives the same accidents.
    pub fn new(seed: u64, capacity: u64) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(seed, capacity))) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }

    /// The power fails and comes back. Files opened before fail for ever.
    pub fn crash(&self) {
        self.state().crash();
    }

    /// The power is off from now on: everything fails until [`SimDisk::crash`] or
    /// [`SimDisk::restart`].
    pub fn power_off(&self) {
        self.state().off = true;
    }

    /// The process is killed and started again, and the machine goes on: what was written is there,
    /// synced or not. Files opened before fail for ever.
    pub fn restart(&self) {
        self.state().restart();
    }

    /// Lets the disk claim that it has synced without doing so, or do so again. What it claims is
    /// forgotten at [`SimDisk::crash`], like this order.
    pub fn set_lying(&self, lies: bool) {
        self.state().faults.lies = lies;
    }

    /// The power fails in the middle of the changing operation that comes after `operations` more;
    /// everything fails from then on, until [`SimDisk::crash`].
    pub fn power_off_in(&self, operations: u64) {
        self.state().faults.power_off_in = Some(operations);
    }

    /// The power fails in the middle of the next operation of this kind, whenever that comes.
    pub fn power_off_at(&self, step: Step) {
        self.state().faults.power_off_at = Some(step);
    }

    /// In the middle of what the power went off since this was asked last. A test that cuts at every
    /// operation shows with it that none was left out.
    pub fn take_cut(&self) -> Option<Cut> {
        self.state().cut.take()
    }

    /// The sync that comes after `syncs` more fails once; syncing again would claim success.
    pub fn fail_sync_in(&self, syncs: u64) {
        self.state().faults.sync_fails_in = Some(syncs);
    }

    /// The write that comes after `writes` more writes half of its bytes and fails.
    pub fn fail_write_in(&self, writes: u64) {
        self.state().faults.write_fails_in = Some(writes);
    }

    /// Lets the process have no descriptors left, or again some: what is open stays usable, nothing
    /// else is opened, directories included.
    pub fn set_no_descriptors(&self, none: bool) {
        self.state().faults.no_descriptors = none;
    }

    /// Lets a file belong to somebody else, who does not let it be opened; it can be renamed and
    /// removed, as the owner of a directory may.
    pub fn deny_opening(&self, path: &Path) {
        self.state().faults.denied = Some(path.to_path_buf());
    }

    /// Takes back what was ordered and has not happened yet.
    pub fn clear_faults(&self) {
        self.state().faults = Faults::default();
    }

    /// Makes the disk larger or smaller; what is stored stays.
    pub fn set_capacity(&self, capacity: u64) {
        self.state().capacity = capacity;
    }

    /// Flips one bit of a file, durably; `false` when the file has no such bit.
    pub fn flip_bit(&self, path: &Path, bit: u64) -> bool {
        self.state().flip_bit(path, bit).is_some()
    }

    fn take_descriptor(&self) -> io::Result<()> {
        // EMFILE, "too many open files".
        const NONE_LEFT: i32 = 24;
        let none = self.state().faults.no_descriptors;
        if none { Err(io::Error::from_raw_os_error(NONE_LEFT)) } else { Ok(()) }
    }

    fn file(&self, inode: u64, epoch: u64) -> Arc<dyn File> {
        Arc::new(SimFile { state: Arc::clone(&self.state), inode, epoch })
    }

    /// One changing operation on names.
    fn change<T>(
        &self,
        step: Step,
        path: &Path,
        change: impl FnOnce(&mut State) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.state();
        let epoch = state.epoch;
        if state.step(epoch, step, path)? {
            return Err(device_error());
        }
        change(&mut state)
    }
}

/// A locked directory.
struct Locked {
    state: Arc<Mutex<State>>,
    dir: PathBuf,
    epoch: u64,
}

impl Drop for Locked {
    fn drop(&mut self) {
        let mut state = self.state.lock().expect("no holder of this lock panics");
        // A crash has freed it already, and somebody else may have it.
        if state.epoch == self.epoch {
            state.locked.remove(&self.dir);
        }
    }
}

impl Disk for SimDisk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.take_descriptor()?;
        let (inode, epoch) =
            self.change(Step::Create, path, |state| Ok((state.link_new(path), state.epoch)))?;
        Ok(self.file(inode, epoch))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.take_descriptor()?;
        let state = self.state();
        state.powered(state.epoch)?;
        if state.faults.denied.as_deref() == Some(path) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let inode = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(self.file(inode, state.epoch))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(Step::Rename, to, |state| state.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.change(Step::Remove, path, |state| state.unlink(path))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.take_descriptor()?;
        let state = self.state();
        state.powered(state.epoch)?;
        let here = state.names.keys().filter(|path| path.parent() == Some(dir));
        let name = |path: &std::path::PathBuf| Some(path.file_name()?.to_str()?.to_owned());
        Ok(here.filter_map(name).collect())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.take_descriptor()?;
        self.change(Step::SyncDir, dir, |state| {
            state.sync_dir(dir);
            Ok(())
        })
    }

    fn create_dir_all(&self, _dir: &Path) -> io::Result<()> {
        let state = self.state();
        state.powered(state.epoch)
    }

    fn lock_dir(&self, dir: &Path) -> io::Result<DirLock> {
        self.take_descriptor()?;
        let mut state = self.state();
        state.powered(state.epoch)?;
        if !state.locked.insert(dir.to_path_buf()) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let (dir, epoch) = (dir.to_path_buf(), state.epoch);
        Ok(DirLock::new(Locked { state: Arc::clone(&self.state), dir, epoch }))
    }

    fn space(&self, _path: &Path) -> io::Result<Space> {
        let state = self.state();
        state.powered(state.epoch)?;
        Ok(Space { total: state.capacity, free: state.capacity.saturating_sub(state.used()) })
    }
}

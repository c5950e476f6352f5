//! An open file of the simulated disk.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use super::state::{Inode, State, device_error};
use super::step::Step;
use crate::File;

#[derive(Debug)]
pub(super) struct SimFile {
    pub(super) state: Arc<Mutex<State>>,
    pub(super) inode: u64,
    pub(super) epoch: u64,
}

impl SimFile {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

fn at(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(io::Error::other)
}

impl File for SimFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.state();
        state.powered(self.epoch)?;
        let bytes = state.inodes.get(&self.inode).map_or(&[][..], |file: &Inode| &file.cached);
        let rest = bytes.get(at(offset)?..).unwrap_or_default();
        let read = rest.len().min(buffer.len());
        buffer[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.state();
        state.file_step(self.epoch, Step::Write, self.inode)?;
        state.write(self.inode, bytes, at(offset)?)
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        state.file_step(self.epoch, Step::Sync, self.inode)?;
        state.sync(self.inode)
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        let mut state = self.state();
        if state.file_step(self.epoch, Step::Allocate, self.inode)? {
            return Err(device_error());
        }
        let length = at(length)?;
        if state.grow(self.inode, length) < length {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    /// One process at a time reaches this disk, and it locks directories.
    fn lock(&self) -> io::Result<()> {
        self.state().powered(self.epoch)
    }

    fn length(&self) -> io::Result<u64> {
        let state = self.state();
        state.powered(self.epoch)?;
        Ok(state.inodes.get(&self.inode).map_or(0, |file: &Inode| file.cached.len() as u64))
    }
}

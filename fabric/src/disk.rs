//! The only door to files.
//!
//! Everything durable goes through [`Disk`] and [`File`], so that a simulated disk can drop, tear
//! and reorder whatever was not synced.

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Room on a file system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Space {
    /// Its size in bytes.
    pub total: u64,
    /// What an ordinary user may still take.
    pub free: u64,
}

/// A lock on a directory, freed when it is dropped, and by the kernel when the process ends.
pub struct DirLock {
    _held: Box<dyn Send + Sync>,
}

impl DirLock {
    /// Held as long as this value.
    pub fn new(held: impl Send + Sync + 'static) -> Self {
        Self { _held: Box::new(held) }
    }
}

impl Debug for DirLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DirLock")
    }
}

/// An open file, read and written by offset.
pub trait File: Debug + Send + Sync {
    /// Reads some bytes; 0 at the end.
    ///
    /// # Errors
    /// Those of the device.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all bytes, growing the file where needed; on an error a part may be written.
    ///
    /// # Errors
    /// `StorageFull` when there is no room, else those of the device.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes what was written durable, with the length needed to read it.
    ///
    /// # Errors
    /// After an error nobody knows what is stored; asking again proves nothing.
    fn sync_data(&self) -> io::Result<()>;

    /// Grows the file to `length` zero bytes and reserves their place.
    ///
    /// # Errors
    /// `StorageFull` when there is no room.
    fn allocate(&self, length: u64) -> io::Result<()>;

    /// Keeps every other process from locking this file, until it is closed.
    ///
    /// # Errors
    /// `WouldBlock` when another process has it.
    fn lock(&self) -> io::Result<()>;

    /// Its length.
    ///
    /// # Errors
    /// Those of the device.
    fn length(&self) -> io::Result<u64>;

    /// Fills the buffer, or fails with `UnexpectedEof`.
    ///
    /// # Errors
    /// Those of [`File::read_at`].
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.read_at(rest, offset + done as u64) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// A file system, or a simulation of one.
pub trait Disk: Debug + Send + Sync {
    /// Creates or empties a file, open for reading and writing.
    ///
    /// # Errors
    /// Those of the device.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>>;

    /// Opens an existing file for reading and writing.
    ///
    /// # Errors
    /// `NotFound`, else those of the device.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>>;

    /// Renames a file over whatever has the new name; durable after [`Disk::sync_dir`].
    ///
    /// # Errors
    /// Those of the device.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file; durable after [`Disk::sync_dir`].
    ///
    /// # Errors
    /// `NotFound`, else those of the device.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// The names of the files in a directory, sorted.
    ///
    /// # Errors
    /// Those of the device.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// Those of the device.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Creates a directory and those above it, durably.
    ///
    /// # Errors
    /// Those of the device.
    fn create_dir_all(&self, dir: &Path) -> io::Result<()>;

    /// Locks a directory against other processes. The lock is on the directory itself, so it holds
    /// whatever files in it are removed.
    ///
    /// # Errors
    /// `WouldBlock` when another process has it, else those of the device.
    fn lock_dir(&self, dir: &Path) -> io::Result<DirLock>;

    /// The room on the file system that holds `path`.
    ///
    /// # Errors
    /// Those of the device.
    fn space(&self, path: &Path) -> io::Result<Space>;

    /// Reads a whole file.
    ///
    /// # Errors
    /// `NotFound`, else those of the device.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.open(path)?;
        let length = usize::try_from(file.length()?).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }

    /// Replaces a file so that a crash leaves the old bytes or the new ones, never a mixture.
    ///
    /// # Errors
    /// Those of the device; the old file is then still there.
    fn write_atomic(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(".tmp");
        let temporary = path.with_file_name(name);
        let file = self.create(&temporary)?;
        file.write_all_at(bytes, 0)?;
        file.sync_data()?;
        self.rename(&temporary, path)?;
        match path.parent() {
            Some(dir) => self.sync_dir(dir),
            None => Ok(()),
        }
    }
}

//! Files that take a descriptor only while something is read from them.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::{Disk, File};

/// A file that never changes its name, opened anew for each call. What readers of any number hold
/// then costs no descriptors: those are bounded by the threads that read. A file that was removed
/// in the meantime is `NotFound`.
#[derive(Clone, Debug)]
pub struct Reopened {
    disk: Arc<dyn Disk>,
    path: PathBuf,
}

impl Reopened {
    /// The file of this path.
    pub fn new(disk: Arc<dyn Disk>, path: PathBuf) -> Self {
        Self { disk, path }
    }

    fn open(&self) -> io::Result<Arc<dyn File>> {
        self.disk.open(&self.path)
    }
}

impl File for Reopened {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.open()?.read_at(buffer, offset)
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.open()?.read_exact_at(buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.open()?.write_all_at(bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.open()?.sync_data()
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        self.open()?.allocate(length)
    }

    /// What is opened for one call cannot hold a lock.
    fn lock(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn length(&self) -> io::Result<u64> {
        self.open()?.length()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::sim::SimDisk;

    #[test]
    fn a_removed_file_is_not_found() {
        let disk: Arc<dyn Disk> = Arc::new(SimDisk::new(1, 1 << 20));
        let path = Path::new("/a");
        disk.create(path).unwrap().write_all_at(b"abc", 0).unwrap();
        let file = Reopened::new(Arc::clone(&disk), path.to_owned());
        let mut read = [0; 2];
        file.read_exact_at(&mut read, 1).unwrap();
        assert_eq!((&read, file.length().unwrap()), (b"bc", 3));
        disk.remove(path).unwrap();
        let error = file.read_exact_at(&mut read, 1).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}

//! A checkpoint that is written piece by piece: a fold need not stand still for it, nor keep all its
//! bytes in memory.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use uns_model::Sequence;

use super::Format;
use super::bytes::Writer;
use crate::{CheckpointError, Disk, File};

/// So much is written between two syncs: what commits to the same disk at the same time waits for
/// that at most.
const SYNC_BYTES: usize = 1 << 20;

/// The file under its temporary name.
#[derive(Debug)]
pub struct Draft {
    file: Arc<dyn File>,
    path: PathBuf,
    pub(super) generation: u64,
    pub(super) applied: Sequence,
    piece: Writer,
    crc: crc32fast::Hasher,
    offset: u64,
    unsynced: usize,
}

/// What a file is called until it is whole.
fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    name.into()
}

impl Draft {
    pub(super) fn begin(
        disk: &dyn Disk,
        format: Format,
        (path, generation): (PathBuf, u64),
        applied: Sequence,
    ) -> Result<Self, CheckpointError> {
        let file = match disk.create(&temporary(&path)) {
            Ok(file) => file,
            Err(source) => return Err(CheckpointError::Write { path, source }),
        };
        let mut piece = Writer::default();
        format.head(applied, &mut piece);
        let crc = crc32fast::Hasher::new();
        Ok(Self { file, path, generation, applied, piece, crc, offset: 0, unsynced: 0 })
    }

    /// Where the next piece of the body goes.
    pub fn piece(&mut self) -> &mut Writer {
        &mut self.piece
    }

    /// Writes the piece.
    ///
    /// # Errors
    /// When that fails; the checkpoint is then given up, and those before stay usable.
    pub fn flush(&mut self) -> Result<(), CheckpointError> {
        self.crc.update(self.piece.written());
        self.write().map_err(|source| CheckpointError::Write { path: self.path.clone(), source })
    }

    fn write(&mut self) -> io::Result<()> {
        let bytes = self.piece.written();
        self.file.write_all_at(bytes, self.offset)?;
        self.offset += bytes.len() as u64;
        self.unsynced += bytes.len();
        self.piece.clear();
        if self.unsynced >= SYNC_BYTES {
            self.file.sync_data()?;
            self.unsynced = 0;
        }
        Ok(())
    }

    /// Gives the file its name once all of it is durable; its bytes.
    pub(super) fn finish(mut self, disk: &dyn Disk) -> Result<u64, CheckpointError> {
        self.flush()?;
        self.piece.u32(self.crc.clone().finalize());
        let done = self.write().and_then(|()| self.file.sync_data()).and_then(|()| {
            disk.rename(&temporary(&self.path), &self.path)?;
            self.path.parent().map_or(Ok(()), |dir| disk.sync_dir(dir))
        });
        done.map_err(|source| CheckpointError::Write { path: self.path, source })?;
        Ok(self.offset)
    }
}

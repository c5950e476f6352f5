//! The segments of a log: those with committed frames, and the next one, which is prepared ahead.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fabric::{Disk, File, FrameKey};
use parking_lot::{Mutex, RwLock};

use super::keeper_signal::KeeperSignal;
use super::view::View;
use crate::segment::PREPARED_FILE;

/// Zeros written and synced at a time; the appender may have to wait for one such piece.
const ZERO_BYTES: usize = 1 << 20;

/// The next segment, before it has a name.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) file: Arc<dyn File>,
    /// Up to here it was filled with zeros.
    pub(super) written: u64,
}

/// The files of a log.
pub(super) struct Segments {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) dir: PathBuf,
    pub(super) key: FrameKey,
    /// How long each is.
    pub(super) segment_bytes: u64,
    /// What is committed.
    pub(super) view: RwLock<View>,
    /// The next segment, allocated; whoever holds this lock may write to it.
    pub(super) prepared: Mutex<Option<Prepared>>,
    /// Wakes whoever prepares it.
    pub(super) keeper: KeeperSignal,
}

impl Segments {
    /// Reserves the next segment; the caller holds the lock of `prepared`.
    pub(super) fn allocate(&self) -> io::Result<Prepared> {
        let path = self.dir.join(PREPARED_FILE);
        let bytes = self.segment_bytes;
        if let Ok(file) = self.disk.open(&path)
            && file.length()? == bytes
        {
            file.lock()?;
            return Ok(Prepared { file, written: 0 });
        }
        let file = self.disk.create(&path)?;
        file.lock()?;
        if let Err(error) = file.allocate(bytes) {
            // A partial reservation would keep others from the space.
            self.remove_quietly(&path);
            return Err(error);
        }
        Ok(Prepared { file, written: 0 })
    }

    /// Reserves the next segment where `is_wanted` says so and it is not done yet; `true` when there is
    /// one now.
    pub(super) fn prepare(&self, is_wanted: impl FnOnce() -> bool) -> bool {
        let mut prepared = self.prepared.lock();
        if !is_wanted() {
            return false;
        }
        if prepared.is_none() {
            match self.allocate() {
                Ok(allocated) => *prepared = Some(allocated),
                Err(error) => {
                    // The appender finds out for itself whether it still has room.
                    tracing::debug!(log = %self.dir.display(), %error, "cannot prepare");
                    return false;
                }
            }
        }
        true
    }

    /// Fills one more piece of the prepared segment; `true` when there is more to do.
    pub(super) fn fill_with_zeros(&self) -> bool {
        // Holding the lock keeps the appender from taking the file in the middle of a write.
        let mut prepared = self.prepared.lock();
        let Some(next) = &mut *prepared else { return false };
        let left = self.segment_bytes.saturating_sub(next.written);
        let piece = usize::try_from(left).unwrap_or(ZERO_BYTES).min(ZERO_BYTES);
        if piece == 0 {
            return false;
        }
        let zeros = vec![0; piece];
        let written = next.file.write_all_at(&zeros, next.written);
        if let Err(error) = written.and_then(|()| next.file.sync_data()) {
            // A file that failed once is not trusted with records.
            tracing::warn!(log = %self.dir.display(), %error, "cannot fill with zeros");
            *prepared = None;
            self.remove_quietly(&self.dir.join(PREPARED_FILE));
            return false;
        }
        next.written += piece as u64;
        true
    }

    fn remove_quietly(&self, path: &Path) {
        if let Err(error) = self.disk.remove(path) {
            tracing::warn!(path = %path.display(), %error, "cannot remove");
        }
    }
}

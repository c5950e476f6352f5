//! Which log a fold was made from.
//!
//! A fold knows how far it has read, and a position means something in one log only. So each
//! directory that is folded from a log keeps a copy of that log's header, which holds its key: a
//! log that was put there from elsewhere is told from one that lost files.

use std::path::{Path, PathBuf};

use fabric::{Disk, FrameKey};

use crate::header::Header;
use crate::segment::LOG_FILE;
use crate::{Error, LocalLog};

/// The log that some directories were folded from.
#[derive(Debug)]
pub struct Origin {
    folds: Vec<PathBuf>,
    /// What they say, where they say anything: a directory and its key.
    known: Option<(PathBuf, FrameKey)>,
    /// Some do not say it yet, or not any more.
    incomplete: bool,
}

impl Origin {
    /// Reads what the directories of folds say; missing ones say nothing.
    ///
    /// # Errors
    /// `ForeignFold` when two of them were made from different logs.
    pub fn read(disk: &dyn Disk, folds: &[PathBuf]) -> Result<Self, Error> {
        let mut known: Option<(PathBuf, FrameKey)> = None;
        let mut incomplete = false;
        for dir in folds {
            let path = dir.join(LOG_FILE);
            let bytes = disk.read(&path).ok();
            let header = bytes.as_ref().and_then(|bytes| Header::decode(bytes));
            if bytes.is_some() && header.is_none() {
                tracing::warn!(path = %path.display(), "which log a fold is of cannot be read: its \
                    file is damaged and written again");
            }
            match (header, &known) {
                (None, _) => incomplete = true,
                (Some(header), None) => known = Some((dir.clone(), header.key)),
                (Some(header), Some((other, key))) if header.key != *key => {
                    return Err(Error::ForeignFold { fold: dir.clone(), other: other.clone() });
                }
                (Some(_), Some(_)) => {}
            }
        }
        Ok(Self { folds: folds.to_vec(), known, incomplete })
    }

    /// The key for a log that has to be made anew: it takes the place of the one that is missing,
    /// which may come back.
    pub fn key(&self) -> Option<FrameKey> {
        self.known.as_ref().map(|(_, key)| *key)
    }

    /// Compares with the log that was found, in `dir`.
    ///
    /// # Errors
    /// `ForeignLog` when the folds were made from another one.
    pub fn check(&self, log: &LocalLog, dir: &Path) -> Result<(), Error> {
        match &self.known {
            Some((fold, key)) if *key != log.key() => {
                Err(Error::ForeignLog { path: dir.to_path_buf(), fold: fold.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Lets every directory say that it is folded from this log. Where that cannot be written now,
    /// as on a full disk, the next start does it.
    pub fn write(&self, disk: &dyn Disk, log: &LocalLog) {
        if !self.incomplete {
            return;
        }
        let header = Header::of_log(log.key()).encode();
        for dir in &self.folds {
            let path = dir.join(LOG_FILE);
            if let Err(error) = disk.write_atomic(&path, &header) {
                tracing::warn!(path = %path.display(), %error, "cannot note the log of a fold");
            }
        }
    }
}

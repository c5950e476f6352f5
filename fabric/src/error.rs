//! What can go wrong with a log, and with the checkpoints of what follows it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::FORMAT_VERSION;

/// Why a log refused, or could not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bounded queue in front of the appender is full: the caller is faster than the disk.
    #[error("the log queue is full: {queued} of {limit} bytes are waiting for the disk")]
    Full {
        /// Bytes waiting.
        queued: usize,
        /// The bound.
        limit: usize,
    },
    /// One batch exceeds what one frame may carry.
    #[error("a batch of {bytes} bytes and {records} records exceeds the limit of one frame")]
    TooLarge {
        /// Bytes of the batch.
        bytes: usize,
        /// Records of the batch.
        records: usize,
    },
    /// The file system has no room for the next segment; nothing of the batch was stored.
    #[error("the disk is full: the log cannot grow until space is freed")]
    DiskFull,
    /// The log stopped accepting for ever, because a write or sync failed.
    #[error("the log is read-only until the hub is restarted on a disk that works: {reason}")]
    ReadOnly {
        /// What happened.
        reason: Arc<str>,
    },
    /// The batch was being committed when the disk failed: it may or may not be found on restart.
    #[error("the commit failed, the outcome is unknown until restart: {reason}")]
    CommitFailed {
        /// What happened.
        reason: Arc<str>,
    },
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
    /// A file of the log could not be read.
    #[error("cannot read the log file {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What follows the log needs a thread, or timers, and does not get them.
    #[error("cannot start following the log for the {what}")]
    Start {
        /// What is folded.
        what: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The data was written by a newer release.
    #[error(
        "log format {found} is newer than format {FORMAT_VERSION}, which this release reads; run \
        the release that wrote it, or a newer one"
    )]
    NewerFormat {
        /// The version found.
        found: u16,
    },
}

/// Why checkpoints cannot be used.
///
/// Complete on purpose: whoever folds the log says each case in words of its own.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The directory cannot be used.
    #[error("cannot use the directory {path}")]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A checkpoint is there and cannot be read: going on without it would lose what it knows.
    #[error(
        "cannot read the checkpoint {path}: give the hub's account the right to read it, or \
        repair the disk; if it is moved elsewhere, an older one or the log takes its place"
    )]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A checkpoint cannot be written; those before stay usable.
    #[error("cannot write the checkpoint {path}")]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A checkpoint was written by a newer release.
    #[error("checkpoint {path} has format {found}, this release reads up to {known}")]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its format version.
        found: u32,
        /// The newest version this release reads.
        known: u32,
    },
}

//! What can go wrong when a data directory or a log is opened.

use std::io;
use std::path::{Path, PathBuf};

use fabric::Damage;

use crate::locks;

/// Why a data directory or log could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file operation failed.
    #[error("cannot {operation} {path}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// Another process uses the data directory, or a part of it.
    #[error("{path} is in use by {}; stop that one first, or give this one a data directory of \
        its own with --data", holder(*.pid))]
    InUse {
        /// What it has locked.
        path: PathBuf,
        /// The process that holds its lock, where it could be read.
        pid: Option<u32>,
    },
    /// The data was written by a newer release.
    #[error("{path} has format {found}, newer than format {supported}, which this release reads")]
    NewerFormat {
        /// Which file.
        path: PathBuf,
        /// The version found.
        found: u32,
        /// The newest version this release reads.
        supported: u32,
    },
    /// The `VERSION` file holds no version.
    #[error("{path} does not say which format the data directory has")]
    VersionUnreadable {
        /// Which file.
        path: PathBuf,
    },
    /// The directory is not empty and not ours.
    #[error("{path} is not empty and no data directory: it has no VERSION file")]
    NotOurs {
        /// Which directory.
        path: PathBuf,
    },
    /// The log is not the one that a fold was made from.
    #[error(
        "the log {path} is not the one that {fold} was made from, so positions in one mean \
        nothing in the other; put the log back that belongs to it, or move {fold} and what is \
        beside it (history, namespace, sessions) somewhere else to begin anew with this log"
    )]
    ForeignLog {
        /// Where the log is.
        path: PathBuf,
        /// The directory that was made from another one.
        fold: PathBuf,
    },
    /// Two folds were made from different logs.
    #[error(
        "{fold} and {other} were made from different logs; put the one back that belongs to \
        this data directory, or move the other one somewhere else"
    )]
    ForeignFold {
        /// One.
        fold: PathBuf,
        /// The other.
        other: PathBuf,
    },
    /// Neither the log's header nor any segment tells the key of its frames.
    #[error("the log {path} has segments but every copy of its key is damaged")]
    KeyLost {
        /// Which directory.
        path: PathBuf,
    },
    /// Records are damaged and the operator asked to be stopped then.
    #[error("the log {path} is damaged in {} places, the first after sequence {}",
        .damage.len(), .damage.first().map_or(0, |damage| damage.after.0))]
    Damaged {
        /// Which directory.
        path: PathBuf,
        /// Which records.
        damage: Vec<Damage>,
    },
    /// Reading the log failed.
    #[error("cannot read the log")]
    Log(#[source] fabric::Error),
    /// A thread could not be started.
    #[error("cannot start the thread {name}")]
    Thread {
        /// Which one.
        name: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

impl Error {
    /// For `map_err`: a lock that was not had.
    pub(crate) fn in_use(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| match error.kind() {
            io::ErrorKind::WouldBlock => {
                Self::InUse { path: path.to_path_buf(), pid: locks::holder(path) }
            }
            _ => Self::io("lock", path)(error),
        }
    }

    /// For `map_err`: names the operation and the file.
    pub(crate) fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { operation, path: path.to_path_buf(), source }
    }
}

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
    #[error("cannot {operation} {path}{}", remedy(.source.kind()))]
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
    #[error(
        "{path} has format {found}, newer than format {supported}, which this release reads; \
        run the release that wrote it, or a newer one"
    )]
    NewerFormat {
        /// Which file.
        path: PathBuf,
        /// The version found.
        found: u32,
        /// The newest version this release reads.
        supported: u32,
    },
    /// The `VERSION` file holds no version.
    #[error(
        "{path} does not say which format the data directory has; put the file of a backup back, \
        or that of a new directory made by the release that wrote this one"
    )]
    VersionUnreadable {
        /// Which file.
        path: PathBuf,
    },
    /// The directory is not empty and not ours.
    #[error(
        "{path} is not empty and no data directory: it has no VERSION file; name an empty or a \
        new one with --data"
    )]
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
    #[error(
        "the log {path} has segments but every copy of its key is damaged; put its file LOG of a \
        backup back, or move the segments elsewhere: history keeps what it has, and the hub begins a \
        new log"
    )]
    KeyLost {
        /// Which directory.
        path: PathBuf,
    },
    /// Records are damaged and the operator asked to be stopped then.
    #[error("the log {path} is damaged in {} places, the first after sequence {}; put the segment \
        of a backup back, or serve the rest with --set log.on_damage=serve",
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

/// What helps against the common failures of a file operation.
fn remedy(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::PermissionDenied => {
            "; give it to the account that runs the hub (chown -R), or name another data directory \
             with --data"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "; mount its file system for writing, or name another data directory with --data"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space on its file system"
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "; a file is where a directory should be: move it, or name another data directory with \
             --data"
        }
        _ => "",
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_refuses_a_start_says_what_helps() {
        let path = || PathBuf::from("/data");
        let io = |kind: io::ErrorKind| Error::io("create", Path::new("/data"))(kind.into());
        for (error, remedy) in [
            (Error::InUse { path: path(), pid: Some(7) }, "stop that one first"),
            (io(io::ErrorKind::PermissionDenied), "chown"),
            (io(io::ErrorKind::ReadOnlyFilesystem), "mount"),
            (io(io::ErrorKind::StorageFull), "free some space"),
            (io(io::ErrorKind::NotADirectory), "another data directory with --data"),
            (Error::NewerFormat { path: path(), found: 2, supported: 1 }, "run the release"),
            (Error::VersionUnreadable { path: path() }, "backup"),
            (Error::NotOurs { path: path() }, "--data"),
            (Error::KeyLost { path: path() }, "begins a new log"),
            (Error::Damaged { path: path(), damage: Vec::new() }, "log.on_damage=serve"),
            (Error::ForeignLog { path: path(), fold: path() }, "put the log back"),
            (Error::ForeignFold { fold: path(), other: path() }, "move the other one"),
        ] {
            let said = error.to_string();
            assert!(said.contains("/data") && said.contains(remedy), "{said}");
            assert!(!said.contains("  "), "{said}");
        }
    }
}

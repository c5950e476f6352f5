//! Errors of the ledger.

use std::path::PathBuf;

use uns_model::Sequence;

/// Why the ledger could not start, follow the log or write a checkpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory of checkpoints cannot be used.
    #[error("cannot use the directory {path} for the sessions' checkpoints")]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A checkpoint is there but cannot be read. Going on without it would lose what it holds.
    #[error(
        "cannot read the checkpoint {path}: give the hub's account the right to read it, or \
        repair the disk; if it is moved elsewhere, an older one or the log takes its place"
    )]
    ReadCheckpoint {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A checkpoint cannot be written; earlier ones stay usable.
    #[error("cannot write the checkpoint {path}")]
    WriteCheckpoint {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A checkpoint was written by a newer release.
    #[error("checkpoint {path} has format {found}, this release reads up to {known}")]
    NewerCheckpoint {
        /// Which file.
        path: PathBuf,
        /// Its format version.
        found: u32,
        /// The newest version this release reads.
        known: u32,
    },
    /// The log cannot be read.
    #[error("cannot follow the log after sequence {after}")]
    Follow {
        /// The last sequence that was folded.
        after: Sequence,
        /// Why.
        #[source]
        source: fabric::Error,
    },
    /// Following the log cannot be set up.
    #[error("cannot set up the sessions' thread")]
    Run {
        /// Why.
        #[source]
        source: fabric::Error,
    },
    /// A thread cannot be started.
    #[error("cannot start the thread {name}")]
    Thread {
        /// Which.
        name: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl From<fabric::CheckpointError> for Error {
    fn from(error: fabric::CheckpointError) -> Self {
        use fabric::CheckpointError as E;
        match error {
            E::Directory { path, source } => Self::Directory { path, source },
            E::Read { path, source } => Self::ReadCheckpoint { path, source },
            E::Write { path, source } => Self::WriteCheckpoint { path, source },
            E::Newer { path, found, known } => Self::NewerCheckpoint { path, found, known },
        }
    }
}

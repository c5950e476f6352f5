//! What can go wrong with the namespace as a whole; a refused publish is a [`fabric::Rejection`].

use std::path::PathBuf;
use std::sync::Arc;

/// A failed operation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory of the checkpoints cannot be used.
    #[error("cannot use the namespace directory {path}")]
    Directory {
        /// Which directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A checkpoint was written by a newer release: opening would lose what it knows.
    #[error("{path} has format {found}, this release reads up to {known}")]
    NewerCheckpoint {
        /// Which file.
        path: PathBuf,
        /// The format it has.
        found: u32,
        /// The newest format this release reads.
        known: u32,
    },
    /// A checkpoint is there and cannot be read: going on without it would lose what it knows.
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
    /// A checkpoint could not be written.
    #[error("cannot write the checkpoint {path}")]
    WriteCheckpoint {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The log could not be read.
    #[error("cannot follow the log after {after}")]
    Follow {
        /// The last sequence applied.
        after: uns_model::Sequence,
        /// Why.
        #[source]
        source: fabric::Error,
    },
    /// The log did not take a deletion.
    #[error("the log did not take the deletion of {path}")]
    Delete {
        /// The node or subtree.
        path: String,
        /// Why.
        #[source]
        source: Arc<fabric::Error>,
    },
    /// A page token that this namespace never gave out.
    #[error("`after` is no page token: {token}")]
    PageToken {
        /// What was passed.
        token: String,
    },
    /// Following the log cannot be set up.
    #[error("cannot start the follower of the log")]
    Run {
        /// Why.
        #[source]
        source: fabric::Error,
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

//! What a power cut can fall into.

use std::path::PathBuf;

/// An operation that changes what is stored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Step {
    /// A file gets its name.
    Create,
    /// Bytes are written; a part of them may be.
    Write,
    /// A file grows and its place is reserved.
    Allocate,
    /// Written bytes become durable; each sector may be.
    Sync,
    /// A file gets another name.
    Rename,
    /// A file loses its name.
    Remove,
    /// The names in a directory become durable; each change may be.
    SyncDir,
}

/// Where the power went off.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Cut {
    /// The operation it interrupted.
    pub step: Step,
    /// Of which file or directory; the new name of a renamed one, none of a file that has lost its.
    pub path: PathBuf,
}

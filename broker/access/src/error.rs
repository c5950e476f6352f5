//! Errors of the access file and the files beside it.

use std::io;
use std::path::PathBuf;

/// Why the access file cannot be used or changed. No message contains a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read, written or locked.
    #[error("cannot {doing} {path}", path = path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The content is not valid.
    #[error("{path}{place}: {what}", path = path.display(), place = line.map(|line| format!(" line {line}")).unwrap_or_default())]
    Content {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1, if a line is at fault.
        line: Option<usize>,
        /// The key, what is wrong with it, and the remedy.
        what: String,
    },
    /// An account that is to be added exists already.
    #[error("{kind} `{name}` exists already; {remedy}")]
    Exists {
        /// `user` or `device`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What to do instead.
        remedy: &'static str,
    },
    /// An account that is to be changed does not exist.
    #[error("there is no {kind} `{name}`; `uns {kind} list` shows them")]
    Unknown {
        /// `user` or `device`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// A name, password or filter is not valid.
    #[error("{0}")]
    Unusable(String),
}

impl Error {
    pub(crate) fn file(
        doing: &'static str,
        path: &std::path::Path,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { doing, path, source }
    }
}

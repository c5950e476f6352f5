//! What can be wrong with the access file and those beside it.

use std::io;
use std::path::PathBuf;

/// Why the access file cannot be used or changed. No text carries a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be worked with.
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
    /// The content is wrong.
    #[error("{path}{place}: {what}", path = path.display(), place = line.map(|line| format!(" line {line}")).unwrap_or_default())]
    Content {
        /// The file.
        path: PathBuf,
        /// The line, from 1, where one is to blame.
        line: Option<usize>,
        /// The key, what is wrong with it, and the remedy.
        what: String,
    },
    /// An entry that is to be made is there already.
    #[error("{kind} `{name}` exists already; {remedy}")]
    Exists {
        /// `user` or `device`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What to do instead.
        remedy: &'static str,
    },
    /// An entry that is to be changed does not exist.
    #[error("there is no {kind} `{name}`; `uns {kind} list` shows them")]
    Unknown {
        /// `user` or `device`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// A name, password or filter is not usable.
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

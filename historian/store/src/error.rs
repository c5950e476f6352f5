//! What can go wrong in the store.

use std::io::ErrorKind;
use std::path::PathBuf;

/// A failed operation of the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The catalog database refused.
    #[error("cannot {action} the history catalog")]
    Catalog {
        /// What was being done.
        action: &'static str,
        /// Why it failed.
        #[source]
        source: sqlx::Error,
    },
    /// The catalog was written by a newer release.
    #[error(
        "history catalog format {found} is newer than format {known}, which this release reads: \
         start the newer release again; nothing was changed"
    )]
    NewerFormat {
        /// The version found.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// Another process has the catalog open.
    #[error(
        "the history catalog is in use: another hub runs on this directory, or a tool has \
         catalog.sqlite open; stop it first"
    )]
    CatalogInUse,
    /// A row of the catalog makes no sense.
    #[error("the history catalog is inconsistent: {0}")]
    Inconsistent(&'static str),
    /// The thread of the catalog is gone.
    #[error("the history catalog is closed")]
    CatalogClosed,
    /// Following the log cannot be set up.
    #[error("cannot start the follower of history")]
    Run {
        /// Why.
        #[source]
        source: fabric::Error,
    },
    /// A file or directory could not be read or written.
    #[error("cannot {action} {path}")]
    Disk {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// Samples could not become a file.
    #[error("cannot encode history file {name}")]
    Encode {
        /// Which file.
        name: String,
        /// Why.
        #[source]
        source: historian_segment::Error,
    },
    /// A published file is not what was written; it is set aside.
    #[error("history file {name} is damaged: {what}")]
    Damaged {
        /// Which file.
        name: String,
        /// What is wrong with it.
        what: String,
    },
    /// A thread or its timer could not be started.
    #[error("cannot start {what}")]
    Start {
        /// Which.
        what: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The log could not be read.
    #[error("cannot read the log for history")]
    Log(#[source] fabric::Error),
}

impl Error {
    /// Whether the disk, or the quota of who runs the hub, has no room: what was asked for succeeds
    /// once it has.
    pub fn is_no_room(&self) -> bool {
        match self {
            Self::Disk { source, .. } => {
                matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
            }
            Self::Catalog { .. } => {
                self.sqlite_code().is_some_and(|code| code & 0xff == SQLITE_FULL)
            }
            _ => false,
        }
    }

    /// The result code of SQLite, where the failure is one of SQLite.
    pub(crate) fn sqlite_code(&self) -> Option<i32> {
        let Self::Catalog { source: sqlx::Error::Database(database), .. } = self else {
            return None;
        };
        database.code()?.parse::<i32>().ok()
    }
}

/// The primary result code of a database that cannot grow.
const SQLITE_FULL: i32 = 13;

/// An error with its causes, for people.
pub(crate) fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        text.push_str(": ");
        text.push_str(&source.to_string());
        cause = source.source();
    }
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use std::borrow::Cow;
    use std::error::Error as StdError;

    use super::*;

    /// What SQLite answers with a code.
    #[derive(Debug)]
    struct Refused(&'static str);

    impl std::fmt::Display for Refused {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "code {}", self.0)
        }
    }

    impl StdError for Refused {}

    impl sqlx::error::DatabaseError for Refused {
        fn message(&self) -> &str {
            self.0
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.into())
        }

        fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> sqlx::error::ErrorKind {
            sqlx::error::ErrorKind::Other
        }
    }

    /// A failure of the catalog with this code.
    pub(crate) fn refused(code: &'static str) -> Error {
        Error::Catalog { action: "commit", source: sqlx::Error::Database(Box::new(Refused(code))) }
    }

    #[test]
    fn a_full_quota_is_no_room_as_a_full_disk_is() {
        let disk = |kind: ErrorKind| Error::Disk {
            action: "write",
            path: PathBuf::from("history"),
            source: kind.into(),
        };
        for (error, expected) in [
            (disk(ErrorKind::StorageFull), true),
            (disk(ErrorKind::QuotaExceeded), true),
            (disk(ErrorKind::PermissionDenied), false),
            // SQLITE_FULL; SQLITE_IOERR_WRITE, SQLITE_IOERR_READ, SQLITE_CORRUPT, SQLITE_BUSY.
            (refused("13"), true),
            (refused("778"), false),
            (refused("266"), false),
            (refused("11"), false),
            (refused("5"), false),
        ] {
            assert_eq!(error.is_no_room(), expected, "{}", chain(&error));
        }
    }
}

//! What the catalog knows, and what changes in it.

use std::sync::Arc;

use uns_model::{Sequence, Timestamp};

use crate::error::Error;
use crate::file::Entry;
use crate::gap::Gap;
use crate::registry::{Changes, NodeRow, Registry};

/// The format this release writes. It reads older ones too, and turns them into this one.
pub(super) const FORMAT: i64 = 3;

/// Everything the catalog knows.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) registry: Registry,
    pub(crate) files: Vec<Entry>,
    pub(crate) gaps: Vec<Gap>,
    /// Files that others stand for, to be removed.
    pub(crate) doomed: Vec<String>,
    pub(crate) cursor: Sequence,
    /// The newest ingest time up to the cursor.
    pub(crate) ingest: Timestamp,
    /// A purge has not gone through all files yet.
    pub(crate) purging: bool,
    /// What the catalog should know, files may still tell: it was made just now, or by a start that
    /// was killed before it had asked them.
    pub(crate) is_new: bool,
    /// The table that names series for other tools lacks some.
    pub(crate) series_map_is_old: bool,
    /// Listed files that are damaged, and what is wrong with them: there was no room for what replaces
    /// them.
    pub(crate) unrepaired: Vec<(String, String)>,
    /// Why there was no catalog to read though there had been one, and where it is now.
    pub(crate) lost: Option<String>,
}

/// What was taken over from a catalog that could not be used.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) nodes: Vec<NodeRow>,
    pub(super) gaps: Vec<Gap>,
}

/// What changes in the catalog, atomically.
#[derive(Clone, Debug, Default)]
pub(crate) struct Publication {
    /// Where the cursor is then, and the newest ingest time up to there.
    pub(crate) position: Option<(Sequence, Timestamp)>,
    pub(crate) changes: Arc<Changes>,
    pub(crate) files: Vec<Entry>,
    pub(crate) gaps: Vec<Gap>,
    /// Names that leave the manifest.
    pub(crate) unlisted: Vec<String>,
    /// Names that are to be removed from the disk.
    pub(crate) doomed: Vec<String>,
    /// Names that were removed from the disk.
    pub(crate) gone: Vec<String>,
    /// Whether files may hold samples of purged series from now on.
    pub(crate) purging: Option<bool>,
    /// Whether what files tell is still to come.
    pub(crate) rebuilding: Option<bool>,
}

/// Names what was being done when SQLite refused.
pub(super) fn sql(action: &'static str) -> impl FnOnce(sqlx::Error) -> Error {
    move |source| Error::Catalog { action, source }
}

//! What ingest writes and readers see, under one lock: so a view is of one moment.

use std::collections::HashSet;
use std::sync::Arc;

use uns_model::{Sequence, Timestamp};

use crate::file::HistoryFile;
use crate::gap::Gap;
use crate::health::{Aside, Counters};
use crate::memory::{Frozen, Memory};
use crate::registry::Registry;

/// The store at one moment.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) registry: Registry,
    /// Samples after the last rotation.
    pub(crate) memory: Memory,
    /// Samples being written to files; readers see them until the files are published.
    pub(crate) frozen: Option<Arc<Frozen>>,
    /// A checkpoint is on its way.
    pub(crate) flushing: bool,
    /// In order of publication.
    pub(crate) files: Arc<Vec<Arc<HistoryFile>>>,
    pub(crate) gaps: Vec<Gap>,
    /// Files that were set aside, and catalogs.
    pub(crate) aside: Vec<Aside>,
    /// Gaps the catalog does not know yet.
    pub(crate) new_gaps: Vec<Gap>,
    /// A lost part of the log whose end in time is not known yet.
    pub(crate) open_gap: Option<Gap>,
    /// A purge was read since the last rotation.
    pub(crate) purge_noted: bool,
    /// A checkpoint with a purge is on its way.
    pub(crate) purge_writing: bool,
    /// Files may hold samples of purged series.
    pub(crate) purging: bool,
    /// Names of files a purge replaced: they are not given away again before the next start.
    pub(crate) doomed: HashSet<String>,
    /// Listed files that are damaged, and what is wrong with them: there was no room for what replaces
    /// them. It is tried again.
    pub(crate) unrepaired: Vec<(String, String)>,
    pub(crate) counters: Counters,
    /// The last sequence folded in.
    pub(crate) applied: Sequence,
    /// The ingest time of the newest record folded in.
    pub(crate) ingest: Timestamp,
    /// Everything up to here is in published files.
    pub(crate) cursor: Sequence,
    pub(crate) flush_error: Option<Arc<str>>,
}

impl State {
    /// Whether files that are there have to be changed: samples of them purged, or damaged ones replaced.
    pub(crate) fn has_files_to_change(&self) -> bool {
        self.purging || !self.unrepaired.is_empty()
    }
}

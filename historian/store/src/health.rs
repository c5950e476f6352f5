//! How the store is doing.

use std::sync::Arc;

use uns_model::Sequence;

use crate::Gap;

/// A snapshot for readiness, metrics and people.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Health {
    /// Everything up to here is in files.
    pub cursor: Sequence,
    /// Everything up to here can be queried.
    pub applied: Sequence,
    /// Samples not yet in files.
    pub pending_samples: usize,
    /// The memory they take.
    pub pending_bytes: usize,
    /// Published files.
    pub files: usize,
    /// Bytes of the published files.
    pub file_bytes: u64,
    /// Known series.
    pub series: usize,
    /// Why the last flush failed; it is tried again until it works.
    pub flush_error: Option<Arc<str>>,
    /// What history lacks: damaged files by name, lost parts of the log.
    pub gaps: Vec<Gap>,
    /// What lies set aside, until somebody takes it away.
    pub aside: Vec<Aside>,
    /// Totals since the store was opened.
    pub counters: Counters,
}

/// A file that was set aside instead of being used; it is never removed by the hub.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Aside {
    /// Its name now, below the directory of history; empty where there is no file.
    pub name: Arc<str>,
    /// Why, for people.
    pub why: Arc<str>,
}

/// Totals since the store was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Samples taken from the log.
    pub samples: u64,
    /// Publishes outside our own prefixes, where those have no history.
    pub brownfield: u64,
    /// Payloads that look like JSON and are broken, kept as text.
    pub malformed: u64,
    /// Opaque payloads: they have no history.
    pub opaque: u64,
    /// Publishes of nodes the log did not introduce, or that were deleted.
    pub unknown_node: u64,
    /// Source times out of range or over 60 s ahead, replaced by ingest time (NS-23, NS-25).
    pub time_replaced: u64,
    /// Values refused because there are too many series.
    pub series_refused: u64,
    /// Values that continued a series although they named another unit: their node or field has
    /// series in as many units as there may be.
    pub units_refused: u64,
    /// Checkpoints published.
    pub flushes: u64,
    /// Failed attempts to publish one.
    pub flush_failures: u64,
}

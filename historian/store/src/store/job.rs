//! What is on its way from memory into files.

use std::sync::Arc;

use uns_model::{Sequence, Timestamp};

use crate::gap::Gap;
use crate::memory::Frozen;
use crate::registry::Changes;

/// One checkpoint to publish.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) frozen: Arc<Frozen>,
    pub(super) changes: Arc<Changes>,
    pub(super) gaps: Vec<Gap>,
    /// The samples came after the first and up to the second.
    pub(super) range: (Sequence, Sequence),
    pub(super) ingest: Timestamp,
}

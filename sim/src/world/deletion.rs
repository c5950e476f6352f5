//! A branch that the operator has deleted, until that is done.

use std::collections::BTreeSet;
use std::pin::Pin;

use uns_model::NodeNo;

/// A branch that is being deleted.
pub(super) struct Deletion {
    pub(super) path: String,
    pub(super) purge: bool,
    /// The nodes that lived there when it began.
    pub(super) nodes: BTreeSet<NodeNo>,
    /// Whether all of them were deleted. It waits for commits and folds.
    pub(super) under_way: Pin<Box<dyn Future<Output = bool>>>,
}

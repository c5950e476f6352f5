//! What a program inside the hub has published and heard nothing of yet.

use std::collections::BTreeMap;

use broker_engine::Offer;

/// What it has under way.
#[derive(Default)]
pub(crate) struct Program {
    pub(crate) next_token: u64,
    /// A batch the core did not take yet.
    pub(crate) waiting: Option<(u64, Offer)>,
    /// The numbers of batches whose answers are to come.
    pub(crate) open: BTreeMap<u64, Vec<u32>>,
}

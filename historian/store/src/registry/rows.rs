//! Nodes and series as the catalog keeps them, and what a checkpoint adds to it.

use std::sync::Arc;

use historian_segment::SeriesId;
use uns_model::{NodeId, NodeNo, OrgId, TopicId};

use super::types::ValueType;

/// A node as the catalog keeps it.
#[derive(Debug)]
pub(crate) struct NodeRow {
    pub(crate) number: NodeNo,
    pub(crate) org: OrgId,
    pub(crate) topic: TopicId,
    pub(crate) id: NodeId,
    pub(crate) name: Arc<str>,
    pub(crate) deleted: bool,
    pub(crate) purged: bool,
}

/// A series as the catalog keeps it.
#[derive(Debug)]
pub(crate) struct SeriesRow {
    pub(crate) sid: SeriesId,
    pub(crate) node: NodeNo,
    pub(crate) field: Option<Arc<str>>,
    pub(crate) value_type: ValueType,
    /// 0 for the first series of its node or field, then counting up.
    pub(crate) generation: u8,
    pub(crate) unit: Option<Arc<str>>,
}

/// What a checkpoint has to add to the catalog.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) nodes: Vec<NodeRow>,
    /// Nodes the catalog has that were deleted since, and whether they were purged.
    pub(crate) deleted: Vec<(NodeNo, bool)>,
    pub(crate) series: Vec<SeriesRow>,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.deleted.is_empty() && self.series.is_empty()
    }

    /// Whether a node was purged.
    pub(crate) fn purges(&self) -> bool {
        self.nodes.iter().any(|node| node.purged) || self.deleted.iter().any(|(_, purged)| *purged)
    }
}

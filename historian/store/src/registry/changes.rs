//! What a checkpoint adds to the catalog, and the tables' rows.

use std::sync::Arc;

use historian_segment::{SeriesEntry, SeriesId};
use uns_model::{NodeId, NodeNo, OrgId, TopicId};

use super::latest::{DELETED, PURGED};
use super::{Node, Registry, ValueType};

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

impl Registry {
    /// What changed since this was last asked.
    pub(crate) fn take_changes(&mut self) -> Changes {
        let mut minted = std::mem::take(&mut self.minted);
        let mut deleted = std::mem::take(&mut self.deleted);
        // Of a number minted twice, the last counts.
        minted.reverse();
        minted.sort_by_key(|(number, ..)| *number);
        minted.dedup_by_key(|(number, ..)| *number);
        deleted.sort_unstable();
        deleted.dedup();
        deleted.retain(|node| minted.binary_search_by_key(node, |(number, ..)| *number).is_err());
        let row = |(number, topic, id)| {
            let node = self.node(number)?;
            let (id, org) = (NodeId(u128::from_ne_bytes(id)), node.org);
            let name = Arc::clone(&node.name);
            let (deleted, purged) = (self.is(number, DELETED), self.is(number, PURGED));
            Some(NodeRow { number, org, topic, id, name, deleted, purged })
        };
        let nodes = minted.into_iter().filter_map(row).collect();
        let deleted = deleted.into_iter().map(|number| (number, self.is(number, PURGED))).collect();
        let series = (self.saved_series..self.series.len()).filter_map(|at| self.row(at)).collect();
        self.saved_series = self.series.len();
        Changes { nodes, deleted, series }
    }

    /// Every series that can be named, for the table that names them.
    pub(crate) fn entries(&self) -> impl Iterator<Item = SeriesEntry> {
        let rows = (0..self.series.len()).filter_map(|at| self.row(at));
        rows.filter_map(|row| {
            let known = |node: &&Node| !node.name.is_empty() && !self.is(row.node, PURGED);
            let node = self.node(row.node).filter(known)?;
            Some(SeriesEntry {
                sid: row.sid,
                org: node.org.0,
                topic: node.name.to_string(),
                field: row.field.as_deref().map(str::to_owned),
                kind: row.value_type.name().into(),
                unit: row.unit.as_deref().map(str::to_owned),
            })
        })
    }
}

//! What a checkpoint takes from the registry.

use historian_segment::SeriesEntry;
use uns_model::NodeId;

use super::Registry;
use super::latest::{DELETED, PURGED};
use super::node::Node;
use super::rows::{Changes, NodeRow, SeriesRow};

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
        let nodes = &self.nodes;
        let row = |(number, topic, id)| {
            let node = nodes.get(number)?;
            Some(NodeRow {
                number,
                org: node.org,
                topic,
                id: NodeId(u128::from_ne_bytes(id)),
                name: node.name.clone(),
                deleted: nodes.is(number, DELETED),
                purged: nodes.is(number, PURGED),
            })
        };
        let deleted = deleted.into_iter().map(|number| (number, nodes.is(number, PURGED)));
        let changes = Changes {
            nodes: minted.into_iter().filter_map(row).collect(),
            deleted: deleted.collect(),
            series: self.series.rows(self.saved_series).collect(),
        };
        self.saved_series = self.series.len();
        changes
    }

    /// Every series that can be named, for the table that names them.
    pub(crate) fn entries(&self) -> impl Iterator<Item = SeriesEntry> {
        self.named().map(|(row, node)| SeriesEntry {
            sid: row.sid,
            org: node.org.0,
            topic: node.name.to_string(),
            field: row.field.as_deref().map(str::to_owned),
            kind: row.value_type.name().into(),
            unit: row.unit.as_deref().map(str::to_owned),
        })
    }

    /// How many those are.
    pub(crate) fn entries_count(&self) -> usize {
        self.named().count()
    }

    fn named(&self) -> impl Iterator<Item = (SeriesRow, &Node)> {
        self.series.rows(0).filter_map(|row| {
            let known = |node: &&Node| !node.name.is_empty() && !self.nodes.is(row.node, PURGED);
            let node = self.nodes.get(row.node).filter(known)?;
            Some((row, node))
        })
    }
}

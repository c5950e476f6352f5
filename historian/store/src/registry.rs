//! Nodes and their series, folded from the log. There are millions of them, so a node is small: what
//! the catalog alone wants to know is kept until the catalog has it, and only a node with fields, or
//! with values of several types, holds more than one series number.

mod adopt;
mod assign;
mod changes;
mod latest;
mod node;
mod nodes;
mod rows;
mod series;
mod types;

use std::sync::Arc;

use historian_segment::{SeriesId, SeriesOrigin};
use uns_model::{NodeId, NodeNo, OrgId, TopicId};

#[cfg(test)]
use adopt::Contradiction;
pub(crate) use assign::{NoSeries, Of};
pub(crate) use nodes::{NO_NUMBER, is_numbered};
pub(crate) use rows::{Changes, NodeRow, SeriesRow};
pub use types::ValueType;

use crate::names::SharedNames;
use latest::{BROWNFIELD, DELETED, KNOWN, PURGED};
use node::Wanted;
use nodes::Nodes;
use series::SeriesTable;

/// All nodes and series.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    nodes: Nodes,
    series: SeriesTable,
    /// How many values continued a series although they named another unit.
    units_refused: u64,
    /// What the catalog does not know yet.
    minted: Vec<(NodeNo, TopicId, [u8; 16])>,
    deleted: Vec<NodeNo>,
    saved_series: usize,
}

impl Registry {
    /// Introduces a node, or gives it another topic.
    pub(crate) fn mint(
        &mut self,
        number: NodeNo,
        (org, topic, id): (OrgId, TopicId, NodeId),
        name: Arc<str>,
    ) {
        if self.nodes.insert(number, org, name) {
            self.minted.push((number, topic, id.0.to_ne_bytes()));
        }
    }

    /// Nodes have numbers below this one.
    pub(crate) fn nodes_end(&self) -> u32 {
        self.nodes.end()
    }

    /// Whether a node was minted; others know it by its number.
    pub(crate) fn knows(&self, number: NodeNo) -> bool {
        self.nodes.latest_numbered(number).is_some_and(|latest| latest.is(KNOWN))
    }

    /// Marks a node deleted; gives the series to forget when it is purged.
    pub(crate) fn delete(&mut self, number: NodeNo, purge: bool) -> Vec<SeriesId> {
        if !is_numbered(number) || !self.nodes.is(number, KNOWN) {
            return Vec::new();
        }
        let mut gone = vec![number];
        if let Some(node) = self.nodes.get(number).filter(|_| purge) {
            // What lost its number counts as the node that has its topic now.
            let others = self.nodes.of_topic(node.org, &node.name).map(|(other, _)| other);
            gone.extend(others.filter(|other| !is_numbered(*other)));
        }
        let mut series = Vec::new();
        for number in gone {
            self.deleted.push(number);
            let Some((node, latest)) = self.nodes.get_mut(number) else { continue };
            latest.set(DELETED);
            if purge {
                latest.set(PURGED);
                series.extend(node.series(latest, Wanted::All));
            }
        }
        series
    }

    /// The series of a topic or field: every generation, of every node the topic has had and that
    /// was not purged. `None` when the topic was never seen.
    pub(crate) fn find(
        &self,
        org: OrgId,
        topic: &str,
        field: Option<&str>,
    ) -> Option<Vec<SeriesId>> {
        let wanted = field.map_or(Wanted::Own, Wanted::Field);
        let mut found = Vec::new();
        let mut known = false;
        for (number, node) in self.nodes.of_topic(org, topic) {
            if !self.nodes.is(number, PURGED) {
                known = true;
                let latest = self.nodes.latest(number).copied().unwrap_or_default();
                found.extend(node.series(&latest, wanted));
            }
        }
        found.sort_unstable();
        known.then_some(found)
    }

    /// The fields of the nodes a topic has had, by name.
    pub(crate) fn fields_of(&self, org: OrgId, topic: &str) -> Vec<Arc<str>> {
        let nodes = self.nodes.of_topic(org, topic);
        let nodes = nodes.filter(|(number, _)| !self.nodes.is(*number, PURGED));
        let mut fields: Vec<_> =
            nodes.flat_map(|(_, node)| node.fields()).map(|(name, _)| Arc::clone(name)).collect();
        fields.sort_unstable();
        fields.dedup();
        fields
    }

    pub(crate) fn is_purged(&self, sid: SeriesId) -> bool {
        self.series.node_of(sid).is_some_and(|node| self.nodes.is(node, PURGED))
    }

    /// Reads a little of some nodes ahead of those who need them, so that they come from memory at
    /// the same time.
    pub(crate) fn touch(&self, nodes: &[NodeNo]) {
        self.nodes.touch(nodes);
    }

    /// Whether a node lives outside our own prefixes.
    pub(crate) fn is_brownfield(&self, number: NodeNo) -> bool {
        self.nodes.is(number, BROWNFIELD)
    }

    pub(crate) fn series_count(&self) -> usize {
        self.series.len()
    }

    /// How many values continued a series although they named another unit.
    pub(crate) fn units_refused(&self) -> u64 {
        self.units_refused
    }

    /// Type and unit of some series.
    pub(crate) fn kinds(
        &self,
        series: &[SeriesId],
    ) -> Vec<(SeriesId, ValueType, Option<Arc<str>>)> {
        let kind = |sid: &SeriesId| {
            let (value_type, unit) = self.series.kind_of(*sid)?;
            Some((*sid, value_type, unit))
        };
        series.iter().filter_map(kind).collect()
    }

    /// A series as a file tells of it, so that it is known without the catalog.
    pub(crate) fn origin_of(&self, sid: SeriesId) -> Option<SeriesOrigin> {
        let row = self.series.row(sid)?;
        let node = self.nodes.get(row.node)?;
        Some(SeriesOrigin {
            sid,
            node: row.node,
            org: node.org,
            topic: Arc::clone(&node.name),
            field: row.field,
            value_type: row.value_type as u8,
            generation: row.generation,
            unit: row.unit,
        })
    }

    /// Puts back a node from the catalog.
    pub(crate) fn restore_node(&mut self, row: &NodeRow) {
        if is_numbered(row.number) {
            self.nodes.insert(row.number, row.org, Arc::clone(&row.name));
        } else {
            self.nodes.insert_unnumbered(row.org, &row.name);
        }
        if let Some((_, latest)) = self.nodes.get_mut(row.number) {
            for (state, is) in [(DELETED, row.deleted), (PURGED, row.purged)] {
                if is {
                    latest.set(state);
                }
            }
        }
    }

    /// Puts back a series from the catalog; they come in order of their ids.
    pub(crate) fn restore_series(&mut self, row: &SeriesRow) {
        self.add_series(row);
        self.saved_series = self.series.len();
    }

    /// Adds the next series, and makes it the latest of its node or field.
    fn add_series(&mut self, row: &SeriesRow) {
        let sid = self.series.next().unwrap_or(SeriesId(u32::MAX));
        self.series.push(row);
        self.make_latest(sid, row);
    }

    /// Makes a series the latest of its node or field.
    fn make_latest(&mut self, sid: SeriesId, row: &SeriesRow) {
        let Some((node, latest)) = self.nodes.get_mut(row.node) else { return };
        match &row.field {
            None => {
                let mut types = node.own(latest).into_owned();
                types.set(row.value_type, sid);
                node.set_own(types, latest, row.value_type);
            }
            Some(field) => node.add_field(field).set(row.value_type, sid),
        }
    }

    /// Lets nodes share the strings of their topics with who else has them; from a place on, so
    /// many at a time. Gives the next place while there is one.
    pub(crate) fn share_names(
        &mut self,
        from: usize,
        count: usize,
        names: &SharedNames,
    ) -> Option<usize> {
        self.nodes.share_names(from, count, names)
    }
}

#[cfg(test)]
mod tests;

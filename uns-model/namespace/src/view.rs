//! The committed namespace: nodes, tree, last values, retained messages. A fold over the log.

mod fold;
mod last;
mod properties;
mod retained;
mod tree;
mod walk;

use std::sync::Arc;

use ahash::{AHashMap, AHashSet};
use uns_model::{NodeNo, OrgId, Sequence, Timestamp, TopicId};

pub(crate) use fold::Scratch;
pub(crate) use last::{Arrived, Field, Last, LastSaved};
pub use retained::Retained;
pub(crate) use retained::Stored;
pub(crate) use tree::{Level, Tree};
pub(crate) use walk::{Pattern, Walk};

use crate::node::Node;

/// Field names shared between nodes; beyond this many each node keeps its own copy.
const SHARED_FIELDS_MAX: usize = 65_536;

/// Everything folded from records up to `applied`.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) applied: Sequence,
    pub(crate) entries: Vec<Option<Box<Entry>>>,
    pub(crate) tree: Tree,
    pub(crate) retained: AHashMap<TopicId, Stored>,
    pub(crate) counts: FoldCounts,
    shared_fields: AHashSet<Arc<str>>,
}

/// A node that was minted, deleted or not.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) node: Arc<Node>,
    /// Whether its deletion is not committed; [`Node::is_deleted`] runs ahead of this.
    pub(crate) living: bool,
    pub(crate) last_ingest: Option<Timestamp>,
    pub(crate) own: Option<Last>,
    /// The values of its JSON fields, by name (NS-20).
    #[expect(clippy::box_collection, reason = "one word for the many nodes without fields")]
    pub(crate) fields: Option<Box<Vec<Field>>>,
}

/// What the fold met since the hub started.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct FoldCounts {
    /// Points folded.
    pub points: u64,
    /// Late or historical points: no effect on last values (NS-24).
    pub history_only: u64,
    /// Repeated points (NS-26).
    pub duplicates: u64,
    /// Corrections of the last sample (NS-26).
    pub corrections: u64,
    /// Source times outside 2000..2100 (NS-23).
    pub out_of_range: u64,
    /// Source times over 60 s ahead (NS-25).
    pub ahead: u64,
    /// Source clocks that were set back (NS-24).
    pub clock_steps: u64,
    /// Brownfield payloads of broken JSON, kept as text.
    pub broken_json: u64,
    /// Publishes that raced the deletion of their node: history only.
    pub orphans: u64,
}

impl View {
    /// A node, deleted ones included.
    pub(crate) fn entry(&self, node: NodeNo) -> Option<&Entry> {
        self.entries.get(node.0 as usize)?.as_deref()
    }

    pub(crate) fn entry_mut(&mut self, node: NodeNo) -> Option<&mut Entry> {
        self.entries.get_mut(node.0 as usize)?.as_deref_mut()
    }

    /// The node that lives on a topic.
    pub(crate) fn node_of_topic(&self, org: OrgId, topic: &str) -> Option<&Entry> {
        let level = self.tree.level(self.tree.find(org, topic.split('/'))?);
        self.entry(level.node?)
    }

    /// Adds a node that was not there.
    pub(crate) fn insert(&mut self, entry: Entry) {
        let place = entry.node.number.0 as usize;
        if self.entries.len() <= place {
            self.entries.resize_with(place + 1, || None);
        }
        if entry.living {
            let node = &entry.node;
            let before = self.tree.insert(node.org, &node.name, node.number);
            // Only a deletion whose commit failed leaves a living node behind.
            if let Some(before) = before.and_then(|before| self.entry_mut(before)) {
                before.bury();
            }
        }
        self.entries[place] = Some(Box::new(entry));
    }

    /// One copy of a field name for all nodes that have it.
    pub(crate) fn share_field(&mut self, field: Arc<str>) -> Arc<str> {
        if let Some(known) = self.shared_fields.get(&field) {
            return known.clone();
        }
        if self.shared_fields.len() < SHARED_FIELDS_MAX {
            self.shared_fields.insert(field.clone());
        }
        field
    }
}

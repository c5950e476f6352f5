//! The committed namespace: nodes, tree, last values, retained messages. A fold over the log.

mod children;
mod clocks;
mod entries;
mod entry;
mod fold;
mod held;
mod known;
mod last;
mod level;
mod more;
mod remark;
mod retained;
mod tree;
mod walk;

use std::sync::Arc;

use ahash::{AHashMap, AHashSet};
use uns_model::{Kept, NodeNo, OrgId, Sequence, Timestamp};

pub(crate) use clocks::{Clock, Clocks};
pub(crate) use entry::Entry;
pub(crate) use fold::Scratch;
pub(crate) use last::{Arrived, Field, Last, LastSaved};
pub(crate) use more::{Ended, Remarks};
pub(crate) use retained::Sink;
pub use retained::{Retained, RetainedChange, RetainedSink};
pub(crate) use tree::Tree;
pub(crate) use walk::{Pattern, Step, Walk};

use entries::Entries;
use known::Known;
pub(crate) use known::PIECE;

use crate::node::Node;

/// Field names and units shared between nodes; beyond this many each node keeps its own copy.
const SHARED_FIELDS_MAX: usize = 65_536;

/// Everything folded from records up to `applied`.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) applied: Sequence,
    pub(crate) entries: Entries,
    pub(crate) tree: Tree,
    /// How many entries have a retained message.
    pub(crate) retained: usize,
    /// When those that expire came in.
    pub(crate) expiring: AHashMap<NodeNo, Timestamp>,
    /// Deleted nodes, with the last record that may name them.
    pub(crate) deleted: AHashMap<NodeNo, Sequence>,
    /// What the checkpoint that was loaded knows beyond the sequence it is as of.
    pub(crate) known: Known,
    pub(crate) counts: FoldCounts,
    /// Whose clocks cannot be right.
    pub(crate) clocks: Clocks,
    shared_fields: AHashSet<Arc<str>>,
    /// Of how many fields of a node it keeps values.
    pub(crate) fields_max: usize,
    /// Who else is told what is retained.
    pub(crate) sink: Sink,
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
    /// Source times that cannot be read (NS-23).
    pub unreadable: u64,
    /// Source times over 60 s ahead (NS-25).
    pub ahead: u64,
    /// Source clocks that were set back (NS-24).
    pub clock_steps: u64,
    /// Payloads of broken JSON, kept as text or bytes.
    pub broken_json: u64,
    /// Publishes that raced the deletion of their node: history only.
    pub orphans: u64,
}

impl View {
    /// A node, deleted ones included.
    pub(crate) fn entry(&self, node: NodeNo) -> Option<&Entry> {
        self.entries.get(node)
    }

    pub(crate) fn entry_mut(&mut self, node: NodeNo) -> Option<&mut Entry> {
        self.entries.get_mut(node)
    }

    /// The node that lives on a topic.
    pub(crate) fn node_of_topic(&self, org: OrgId, topic: &str) -> Option<&Entry> {
        self.entry(self.tree.find(org, topic.split('/'))?.node?)
    }

    /// Adds a node that was not there.
    pub(crate) fn insert(&mut self, entry: Entry) {
        let number = entry.node.number;
        let before = if entry.is_living() {
            self.tree.insert(&entry.node)
        } else {
            // As of a checkpoint: nothing before it says when it was deleted.
            self.deleted.insert(number, self.applied.next());
            None
        };
        self.entries.insert(entry);
        // Only a deletion whose commit failed leaves a living node behind.
        if let Some(before) = before.filter(|before| *before != number)
            && let Some(old) = self.entries.get_mut(before)
        {
            old.set_deletion_folded();
            self.deleted.insert(before, self.applied.next());
            let kept = old.retained.clone();
            let ingest = self.expiring.get(&before).copied().unwrap_or_default();
            self.retain(before, None, ingest);
            self.retain(number, kept, ingest);
        }
    }

    /// Puts a retained message in place of the node's last one.
    pub(crate) fn retain(&mut self, node: NodeNo, kept: Option<Kept>, ingest: Timestamp) {
        let Some(entry) = self.entries.get_mut(node) else { return };
        self.retained -= usize::from(entry.retained.is_some());
        self.retained += usize::from(kept.is_some());
        match kept.as_ref().and_then(Kept::expiry) {
            Some(_) => drop(self.expiring.insert(node, ingest)),
            None if self.expiring.is_empty() => {}
            None => drop(self.expiring.remove(&node)),
        }
        entry.retained = kept;
        let (org, name, kept) = (entry.node.org, &entry.node.name, entry.retained.as_ref());
        self.sink.changed(RetainedChange { org, name, kept, ingest });
    }

    /// The retained message of a node, unless it has expired.
    pub(crate) fn retained_of<'a>(
        &'a self,
        entry: &'a Entry,
        now: Timestamp,
    ) -> Option<Retained<'a>> {
        Retained::of(entry, || self.expiring.get(&entry.node.number).copied(), now)
    }

    /// Forgets deleted nodes that no record from `oldest` on can name, at most so many; gives them.
    pub(crate) fn forget(&mut self, oldest: Sequence, most: usize) -> Vec<Arc<Node>> {
        let gone = self.deleted.iter().filter(|(_, last)| **last < oldest);
        let gone: Vec<NodeNo> = gone.map(|(node, _)| *node).take(most).collect();
        let forget = |node: &NodeNo| {
            self.deleted.remove(node);
            Some(self.entries.remove(*node)?.node)
        };
        gone.iter().filter_map(forget).collect()
    }

    /// One copy of a field name or unit for all nodes that have it.
    pub(crate) fn share_field(&mut self, field: &str) -> Arc<str> {
        share_field(&mut self.shared_fields, field)
    }
}

fn share_field(shared: &mut AHashSet<Arc<str>>, field: &str) -> Arc<str> {
    if let Some(known) = shared.get(field) {
        return known.clone();
    }
    let field = Arc::from(field);
    if shared.len() < SHARED_FIELDS_MAX {
        shared.insert(Arc::clone(&field));
    }
    field
}

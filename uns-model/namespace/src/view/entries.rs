//! The entries of all nodes by number.

use std::hint::black_box;
use std::ops::Range;

use uns_model::NodeNo;

use super::Entry;
use crate::blocks::Blocks;

/// What is known of each node.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    blocks: Blocks<Entry>,
    len: usize,
}

impl Entries {
    /// One more than the highest number there was.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&self, node: NodeNo) -> Option<&Entry> {
        self.blocks.get(node.0)
    }

    pub(crate) fn get_mut(&mut self, node: NodeNo) -> Option<&mut Entry> {
        self.blocks.get_mut(node.0)
    }

    /// Reads a little of some entries. Among a million nodes each is far from the processor: asked
    /// for one behind the other here, they come at the same time.
    pub(crate) fn touch(&self, nodes: &[NodeNo]) {
        let read = nodes.iter().filter_map(|node| self.get(*node)).map(Entry::touch);
        black_box(read.fold(0, u64::wrapping_add));
    }

    pub(crate) fn insert(&mut self, entry: Entry) {
        let number = entry.node.number;
        *self.blocks.place(number.0) = Some(entry);
        self.len = self.len.max(number.0 as usize + 1);
    }

    pub(crate) fn remove(&mut self, node: NodeNo) -> Option<Entry> {
        self.blocks.remove(node.0)
    }

    /// Those there are, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.blocks.iter()
    }

    /// Those there are in a range of numbers.
    pub(crate) fn range(&self, numbers: Range<usize>) -> impl Iterator<Item = &Entry> {
        numbers.filter_map(|number| self.blocks.get(u32::try_from(number).ok()?))
    }
}

//! The entries of all nodes by number, in blocks: growing moves none of them, however many there are.

use std::hint::black_box;
use std::ops::Range;

use uns_model::NodeNo;

use super::Entry;

const BLOCK: usize = 1024;

/// What is known of each node.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    blocks: Vec<Box<[Option<Entry>]>>,
    len: usize,
}

impl Entries {
    /// One more than the highest number.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&self, node: NodeNo) -> Option<&Entry> {
        let place = node.0 as usize;
        self.blocks.get(place / BLOCK)?.get(place % BLOCK)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, node: NodeNo) -> Option<&mut Entry> {
        let place = node.0 as usize;
        self.blocks.get_mut(place / BLOCK)?.get_mut(place % BLOCK)?.as_mut()
    }

    /// Reads a little of some entries. Among a million nodes each is far from the processor: asked
    /// for one behind the other here, they come at the same time.
    pub(crate) fn touch(&self, nodes: &[NodeNo]) {
        let read = nodes.iter().filter_map(|node| self.get(*node)).map(Entry::touch);
        black_box(read.fold(0, u64::wrapping_add));
    }

    pub(crate) fn insert(&mut self, entry: Entry) {
        let place = entry.node.number.0 as usize;
        while self.blocks.len() <= place / BLOCK {
            self.blocks.push(std::iter::repeat_with(|| None).take(BLOCK).collect());
        }
        self.blocks[place / BLOCK][place % BLOCK] = Some(entry);
        self.len = self.len.max(place + 1);
    }

    /// Those there are, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.blocks.iter().flatten().flatten()
    }

    /// Those there are in a range of numbers.
    pub(crate) fn range(&self, numbers: Range<usize>) -> impl Iterator<Item = &Entry> {
        let entry = |place: usize| self.blocks.get(place / BLOCK)?.get(place % BLOCK)?.as_ref();
        numbers.filter_map(entry)
    }
}

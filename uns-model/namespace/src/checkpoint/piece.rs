//! A piece of a checkpoint: the nodes of some numbers, as of one sequence. The fold waits while it is
//! taken, which shares what the nodes hold and copies none of it; it is encoded and written while the
//! fold goes on.

use fabric::CheckpointError;
use fabric::checkpoint::Draft;
use uns_model::{Sequence, Timestamp};

use super::entry::{encode_entry, encode_retained};
use crate::view::{Entry, PIECE, View};

/// Before a piece.
pub(super) const MORE: u8 = 1;

/// With so much encoded it is written: a few nodes may hold more than the memory there is.
const WRITE_BYTES: usize = 1 << 20;

/// The nodes of [`PIECE`] numbers.
#[derive(Debug, Default)]
pub(super) struct Piece {
    first: u32,
    /// Where the next one begins.
    next: u32,
    applied: Sequence,
    nodes: Vec<Taken>,
}

/// A node as it was when the piece was taken.
#[derive(Debug)]
struct Taken {
    entry: Entry,
    living: bool,
    /// When its retained message came in, if that expires.
    ingest: Timestamp,
}

impl Piece {
    /// Takes what comes behind this piece in its place; whether there was more.
    pub(super) fn take(&mut self, view: &View) -> bool {
        self.nodes.clear();
        (self.first, self.applied) = (self.next, view.applied);
        self.next = self.first.saturating_add(PIECE);
        let numbers = self.first as usize..self.next as usize;
        if numbers.start >= view.entries.len() {
            return false;
        }
        self.nodes.extend(view.entries.range(numbers).map(|entry| Taken {
            living: entry.is_living(),
            ingest: view.expiring.get(&entry.node.number).copied().unwrap_or_default(),
            entry: entry.clone(),
        }));
        true
    }

    /// Encodes and writes it, letting go of each node behind it.
    pub(super) fn write(&mut self, draft: &mut Draft) -> Result<(), CheckpointError> {
        // What is left of topics that are forgotten: no record names them any more.
        if self.nodes.is_empty() {
            return Ok(());
        }
        let to = draft.piece();
        to.u8(MORE);
        to.u32(self.first);
        to.u64(self.applied.0);
        to.length(self.nodes.len());
        for Taken { entry, living, ingest } in self.nodes.drain(..) {
            let to = draft.piece();
            encode_entry(&entry, living, to);
            to.flag(entry.retained.is_some());
            if let Some(kept) = &entry.retained {
                encode_retained(entry.node.topic, kept, ingest, to);
            }
            if to.written().len() >= WRITE_BYTES {
                draft.flush()?;
            }
        }
        draft.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use uns_model::{Kept, NodeNo, PublisherId, Quality, Value};

    use super::*;
    use crate::node::Node;
    use crate::view::{Field, Last, LastSaved};

    fn last(sequence: u64, value: &str) -> Last {
        Last::restore(LastSaved {
            value: Value::Document(value.into()),
            quality: Quality::GOOD,
            publisher: PublisherId(0),
            time: Timestamp(1),
            ingest: Timestamp(1),
            sequence: Sequence(sequence),
            seq: None,
        })
    }

    /// What the lock is held for is counted in nodes alone, so it must not depend on what they hold.
    #[test]
    fn what_nodes_hold_is_shared_and_stays_as_it_was_taken() {
        let mut view = View::default();
        view.applied = Sequence(7);
        let large = "x".repeat(100_000);
        for number in 0..PIECE + 2 {
            let mut entry = Entry::new(Node::named(number, &format!("a/{number}")));
            entry.own = Some(last(5, &large));
            let (last, seen) = (last(5, &large), Sequence(5));
            let (is_beside, is_ended) = (false, false);
            let field = Field { name: "f".into(), last, seen, unit: None, is_beside, is_ended };
            entry.set_fields(vec![field]);
            view.insert(entry);
            let kept = Kept::new(1, Some(9), b"", large.as_bytes());
            view.retain(NodeNo(number), Some(kept), Timestamp(3));
        }
        let mut piece = Piece::default();
        assert!(piece.take(&view));
        assert_eq!((piece.first, piece.applied, piece.nodes.len()), (0, Sequence(7), 1024));
        let (taken, entry) = (&piece.nodes[1], view.entry(NodeNo(1)).unwrap());
        let (kept, known) = (taken.entry.retained.as_ref(), entry.retained.as_ref());
        assert!(kept.unwrap().is_shared_with(known.unwrap()));
        assert_eq!(taken.entry.fields().as_ptr(), entry.fields().as_ptr());
        let document = |entry: &Entry| match entry.own.as_ref().map(Last::value) {
            Some(Value::Document(text)) => Some(text),
            _ => None,
        };
        let (one, other) = (document(&taken.entry).unwrap(), document(entry).unwrap());
        assert!(Arc::ptr_eq(&one, &other));
        assert_eq!((taken.living, taken.ingest), (true, Timestamp(3)));

        // The fold goes on: a field changes, a message is replaced, a node is deleted.
        view.entry_mut(NodeNo(1)).unwrap().fields_mut()[0].seen = Sequence(8);
        view.retain(NodeNo(1), Some(Kept::new(1, None, b"", b"new")), Timestamp(4));
        view.entry_mut(NodeNo(2)).unwrap().node.set_deletion_folded();
        let taken = &piece.nodes[1];
        assert_eq!(taken.entry.fields()[0].seen, Sequence(5));
        assert_eq!(taken.entry.retained.as_ref().unwrap().payload().len(), large.len());
        assert!(piece.nodes[2].living);
        view.applied = Sequence(8);
        assert!(piece.take(&view));
        assert_eq!((piece.first, piece.applied, piece.nodes.len()), (1024, Sequence(8), 2));
        assert!(!piece.take(&view));
    }
}

//! What a checkpoint knows beyond the sequence it is as of. Its pieces were written one after the
//! other while the fold went on, so each is ahead of the file by some records: those are not
//! applied a second time.

use fabric::Record;
use uns_model::{NodeNo, Sequence};

/// How many numbers of nodes a piece of a checkpoint is for: those are written while the fold waits.
pub(crate) const PIECE: u32 = 1024;

/// As of which sequence each piece is; empty once the fold has passed all of them.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pieces: Vec<Sequence>,
    /// The newest of them.
    until: Sequence,
}

impl Known {
    /// A piece is as of this sequence.
    pub(crate) fn note(&mut self, piece: u32, applied: Sequence) {
        let place = piece as usize;
        if self.pieces.len() <= place {
            self.pieces.resize(place + 1, Sequence::ZERO);
        }
        self.pieces[place] = applied;
        self.until = self.until.max(applied);
    }

    /// The newest sequence any piece knows.
    pub(crate) fn until(&self) -> Sequence {
        self.until
    }

    /// Whether what a record says of a node is known.
    #[inline]
    pub(crate) fn holds(&mut self, record: &Record<'_>, sequence: Sequence) -> bool {
        if self.pieces.is_empty() {
            return false;
        }
        if sequence > self.until {
            self.pieces = Vec::new();
            return false;
        }
        match record {
            Record::Publish(publish) => self.holds_node(publish.node, sequence),
            Record::NodeMinted { node, .. } | Record::NodeDeleted { node, .. } => {
                self.holds_node(*node, sequence)
            }
            _ => false,
        }
    }

    /// Whether the piece of a node is as of this sequence or a later one.
    pub(crate) fn holds_node(&self, node: NodeNo, sequence: Sequence) -> bool {
        let piece = self.pieces.get((node.0 / PIECE) as usize);
        piece.is_some_and(|applied| sequence <= *applied)
    }
}

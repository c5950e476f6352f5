//! Checkpoints: the view and what the gates must know, as of one sequence, in one file: every node
//! with its last values, every retained message, the publisher counter.
//!
//! The body belongs to this module alone; files, generations and what surrounds a body are those of
//! [`fabric::checkpoint`].

mod entry;
mod last;
mod piece;
mod remarks;

use fabric::CheckpointError;
use fabric::checkpoint::{Checkpoints, Draft, Format, Reader};
use parking_lot::RwLock;
use uns_model::Sequence;
use uns_model::grammar::Names;

use crate::Error;
use crate::registry::Registry;
use crate::view::{PIECE, View};
use entry::{decode_entry, decode_retained};
use piece::{MORE, Piece};

/// The version is the one this release writes; since version 2 it is in pieces, and the next
/// numbers of nodes and topics are in it, since deleted ones are not for ever. Since version 3 it has what
/// is said of fields, and since version 4 fields that have ended keep what they were.
pub(crate) const FORMAT: Format =
    Format { prefix: "checkpoint-", magic: b"UNSSPACE", version: 4, what: "namespace" };

/// What a checkpoint brings back.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) registry: Registry,
    pub(crate) view: View,
    pub(crate) next_publisher: u32,
}

/// The numbers that come next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Next {
    pub(crate) publisher: u32,
    pub(crate) node: u32,
    pub(crate) topic: u32,
}

/// Loads the newest usable checkpoint; an empty namespace if there is none.
pub(crate) fn load(checkpoints: &mut Checkpoints, names: Names) -> Result<Loaded, Error> {
    let loaded = checkpoints.load(|applied, from| decode(applied, from, names))?;
    let empty =
        || Loaded { registry: Registry::new(names), view: View::default(), next_publisher: 0 };
    Ok(loaded.unwrap_or_else(empty))
}

/// After the last piece.
const END: u8 = 0;

/// Writes a checkpoint while the fold goes on. It stands still only while a piece is taken, so each
/// piece is as of a sequence of its own, which is in it; the file is as of the first one.
pub(crate) fn write(
    view: &RwLock<View>,
    draft: &mut Draft,
    next: impl FnOnce() -> Next,
) -> Result<(), CheckpointError> {
    let mut piece = Piece::default();
    loop {
        // In a statement of its own: the lock must be gone before anything is encoded.
        let more = piece.take(&view.read());
        if !more {
            break;
        }
        piece.write(draft)?;
    }
    let to = draft.piece();
    to.u8(END);
    let Next { publisher, node, topic } = next();
    to.u32(publisher);
    to.u32(node);
    to.u32(topic);
    Ok(())
}

fn decode(applied: Sequence, from: &mut Reader<'_>, names: Names) -> Option<Loaded> {
    if from.version() == 1 {
        return decode_1(applied, from, names);
    }
    let registry = Registry::new(names);
    let mut view = View::default();
    loop {
        match from.u8()? {
            END => break,
            MORE => decode_piece(from, &registry, &mut view)?,
            _ => return None,
        }
    }
    view.applied = applied;
    let (next_publisher, node, topic) = (from.u32()?, from.u32()?, from.u32()?);
    registry.reserve_below(node, topic);
    Some(Loaded { registry, view, next_publisher })
}

fn decode_piece(from: &mut Reader<'_>, registry: &Registry, view: &mut View) -> Option<()> {
    let first = from.u32()?;
    view.applied = Sequence(from.u64()?);
    view.known.note(first / PIECE, view.applied);
    for _ in 0..from.u32()? {
        let entry = decode_entry(from, registry, view)?;
        let (node, topic) = (entry.node.number, entry.node.topic);
        view.insert(entry);
        if from.flag()? {
            let (of, kept, ingest) = decode_retained(from)?;
            (of == topic).then_some(())?;
            view.retain(node, Some(kept), ingest);
        }
    }
    Some(())
}

/// Format 1 was as of one sequence, with the retained messages behind all nodes.
fn decode_1(applied: Sequence, from: &mut Reader<'_>, names: Names) -> Option<Loaded> {
    let registry = Registry::new(names);
    let mut view = View::default();
    view.applied = applied;
    let next_publisher = from.u32()?;
    for _ in 0..from.u32()? {
        let entry = decode_entry(from, &registry, &mut view)?;
        view.insert(entry);
    }
    for _ in 0..from.u32()? {
        let (topic, kept, ingest) = decode_retained(from)?;
        let known = registry.interned(topic)?;
        let node = registry.find(known.org, &known.name)?.number;
        view.retain(node, Some(kept), ingest);
    }
    Some(Loaded { registry, view, next_publisher })
}

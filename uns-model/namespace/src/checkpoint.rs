//! Checkpoints: the view and what the gates must know, as of one sequence, in one file: every node
//! with its last values, every retained message, the publisher counter.
//!
//! The body belongs to this module alone; files, generations and what surrounds a body are those of
//! [`fabric::checkpoint`].

mod last;
mod remarks;

use std::sync::Arc;

use fabric::CheckpointError;
use fabric::checkpoint::{Checkpoints, Draft, Format, Reader, Writer};
use parking_lot::RwLock;
use uns_model::grammar::Names;
use uns_model::{Kept, NodeId, NodeNo, OrgId, Sequence, Timestamp, TopicId};

use crate::Error;
use crate::node::Minted;
use crate::registry::Registry;
use crate::view::{Entry, Field, PIECE, View};
use last::{decode_last, encode_last};
use remarks::{decode_remarks, encode_remarks};

/// The version is the one this release writes; since version 2 it is in pieces, and the next
/// numbers of nodes and topics are in it, since deleted ones are not for ever.
pub(crate) const FORMAT: Format =
    Format { prefix: "checkpoint-", magic: b"UNSSPACE", version: 2, what: "namespace" };

const LIVING: u8 = 0b0001;
const HAS_OWN: u8 = 0b0010;
const HAS_FIELDS: u8 = 0b0100;
const HAS_INGEST: u8 = 0b1000;
/// What is said of it beside its value, and when each field was seen last; in version 2 only.
const HAS_REMARKS: u8 = 0b1_0000;

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

/// Before a piece, and after the last one.
const MORE: u8 = 1;
const END: u8 = 0;

/// Writes a checkpoint while the fold goes on. It stands still for one piece at a time only, so each
/// piece is as of a sequence of its own, which is in it; the file is as of the first one.
pub(crate) fn write(
    view: &RwLock<View>,
    draft: &mut Draft,
    next: impl FnOnce() -> Next,
) -> Result<(), CheckpointError> {
    let mut first = 0;
    loop {
        // In a statement of its own: the lock must be gone before anything is written.
        let more = encode_piece(&view.read(), first, draft.piece());
        let Some(more) = more else { break };
        draft.flush()?;
        first = more;
    }
    let to = draft.piece();
    to.u8(END);
    let Next { publisher, node, topic } = next();
    to.u32(publisher);
    to.u32(node);
    to.u32(topic);
    Ok(())
}

/// The nodes from a number on, and where the next piece begins; `None` behind the last one.
fn encode_piece(view: &View, first: u32, to: &mut Writer) -> Option<u32> {
    let range = first as usize..first as usize + PIECE as usize;
    if range.start >= view.entries.len() {
        return None;
    }
    let entries = || view.entries.range(range.clone());
    to.u8(MORE);
    to.u32(first);
    to.u64(view.applied.0);
    to.length(entries().count());
    for entry in entries() {
        encode_entry(entry, to);
        to.flag(entry.retained.is_some());
        if let Some(kept) = &entry.retained {
            encode_retained(entry, kept, view, to);
        }
    }
    Some(first + PIECE)
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

/// Publisher and sequence have their place in the format, and are not kept any more.
fn encode_retained(entry: &Entry, kept: &Kept, view: &View, to: &mut Writer) {
    let ingest = view.expiring.get(&entry.node.number).copied().unwrap_or_default();
    to.u32(entry.node.topic.0);
    to.u32(0);
    to.u8(kept.qos());
    to.option_u64(kept.expiry().map(u64::from));
    to.i64(ingest.0);
    to.u64(0);
    let (properties, payload) = (kept.properties(), kept.payload());
    to.length(properties.len());
    to.length(properties.len() + payload.len());
    to.raw(properties);
    to.raw(payload);
}

fn decode_retained(from: &mut Reader<'_>) -> Option<(TopicId, Kept, Timestamp)> {
    let topic = TopicId(from.u32()?);
    from.u32()?;
    let qos = from.u8()?;
    let expiry = from.option_u64()?.map(u32::try_from).transpose().ok()?;
    let ingest = Timestamp(from.i64()?);
    from.u64()?;
    let properties = from.u32()? as usize;
    let (properties, payload) = from.bytes()?.split_at_checked(properties)?;
    Some((topic, Kept::new(qos, expiry, properties, payload), ingest))
}

fn encode_entry(entry: &Entry, to: &mut Writer) {
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    let (fields, last_ingest, remarks) = (entry.fields(), entry.last_ingest(), entry.remarks());
    to.u8(flag(entry.is_living(), LIVING)
        | flag(entry.own.is_some(), HAS_OWN)
        | flag(!fields.is_empty(), HAS_FIELDS)
        | flag(last_ingest.is_some(), HAS_INGEST)
        | flag(remarks.is_some(), HAS_REMARKS));
    let node = &entry.node;
    to.u32(node.org.0);
    to.u32(node.topic.0);
    to.u32(node.number.0);
    to.u128(node.id.0);
    to.text(&node.name);
    if let Some(ingest) = last_ingest {
        to.i64(ingest.0);
    }
    if let Some(own) = &entry.own {
        encode_last(own, to);
    }
    if !fields.is_empty() {
        to.length(fields.len());
        for field in fields {
            to.text(&field.name);
            encode_last(&field.last, to);
        }
    }
    if let Some(remarks) = remarks {
        encode_remarks(remarks, fields, to);
    }
}

fn decode_entry(from: &mut Reader<'_>, registry: &Registry, view: &mut View) -> Option<Entry> {
    let flags = from.u8()?;
    let minted = Minted {
        org: OrgId(from.u32()?),
        topic: TopicId(from.u32()?),
        number: NodeNo(from.u32()?),
        id: NodeId(from.u128()?),
        name: Arc::from(from.text()?),
    };
    let living = flags & LIVING != 0;
    // Pieces are as of one sequence after the other: the node that had the topic before was deleted
    // in between.
    if living
        && let Some(before) = registry.find(minted.org, &minted.name)
        && before.counts()
    {
        view.delete(registry, before.number, view.applied);
    }
    let mut mint = registry.mint();
    let node = match living {
        true => registry.insert(&mut mint, minted),
        false => registry.insert_deleted(&mut mint, minted),
    };
    if !living {
        node.bury();
    }
    let mut entry = Entry::new(node);
    let last_ingest = if flags & HAS_INGEST != 0 { Some(Timestamp(from.i64()?)) } else { None };
    if flags & HAS_OWN != 0 {
        entry.own = Some(decode_last(from)?);
    }
    if flags & HAS_FIELDS != 0 {
        let mut fields = Vec::new();
        for _ in 0..from.u32()? {
            let name = view.share_field(Arc::from(from.text()?));
            let last = decode_last(from)?;
            fields.push(Field { name, seen: last.sequence, last });
        }
        entry.set_fields(fields);
    }
    if flags & HAS_REMARKS != 0 {
        decode_remarks(&mut entry, from, view)?;
    }
    if let Some(ingest) = last_ingest {
        entry.note_ingest(ingest);
    }
    Some(entry)
}

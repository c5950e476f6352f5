//! Checkpoints: the view and what the gates must know, as of one sequence, in one file: every node
//! with its last values, every retained message, the publisher counter.
//!
//! The body belongs to this module alone; files, generations and what surrounds a body are those of
//! [`fabric::checkpoint`].

mod last;

use std::sync::Arc;

use fabric::checkpoint::{Checkpoints, Format, Reader, Writer};
use uns_model::grammar::Names;
use uns_model::{Kept, NodeId, NodeNo, OrgId, Sequence, Timestamp, TopicId};

use crate::Error;
use crate::node::Minted;
use crate::registry::Registry;
use crate::view::{Entry, Field, View};
use last::{decode_last, encode_last};

/// The version is the one this release writes; since version 2 the next numbers of nodes and topics
/// are in it, since deleted ones are not for ever.
pub(crate) const FORMAT: Format =
    Format { prefix: "checkpoint-", magic: b"UNSSPACE", version: 2, what: "namespace" };

const LIVING: u8 = 0b0001;
const HAS_OWN: u8 = 0b0010;
const HAS_FIELDS: u8 = 0b0100;
const HAS_INGEST: u8 = 0b1000;

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

/// The bytes of a checkpoint.
pub(crate) fn encode(view: &View, next: Next) -> Vec<u8> {
    FORMAT.encode(view.applied, |to| {
        to.u32(next.publisher);
        to.u32(next.node);
        to.u32(next.topic);
        to.length(view.entries.iter().count());
        for entry in view.entries.iter() {
            encode_entry(entry, to);
        }
        to.length(view.retained);
        for entry in view.entries.iter() {
            if let Some(kept) = &entry.retained {
                encode_retained(entry, kept, view, to);
            }
        }
    })
}

/// What [`encode`] takes at most while its bytes grow: they are copied into twice the space.
pub(crate) fn memory(view: &View) -> u64 {
    let bytes = |entry: &Entry| {
        let mut to = Writer::default();
        encode_entry(entry, &mut to);
        if let Some(kept) = &entry.retained {
            encode_retained(entry, kept, view, &mut to);
        }
        to.written().len() as u64
    };
    3 * view.entries.iter().map(bytes).sum::<u64>()
}

fn decode(applied: Sequence, from: &mut Reader<'_>, names: Names) -> Option<Loaded> {
    let registry = Registry::new(names);
    let mut view = View::default();
    view.applied = applied;
    let next_publisher = from.u32()?;
    if from.version() > 1 {
        let (node, topic) = (from.u32()?, from.u32()?);
        registry.reserve_below(node, topic);
    }
    for _ in 0..from.u32()? {
        let entry = decode_entry(from, &registry, &mut view)?;
        view.insert(entry);
    }
    for _ in 0..from.u32()? {
        decode_retained(from, &registry, &mut view)?;
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

fn decode_retained(from: &mut Reader<'_>, registry: &Registry, view: &mut View) -> Option<()> {
    let topic = TopicId(from.u32()?);
    from.u32()?;
    let qos = from.u8()?;
    let expiry = from.option_u64()?.map(u32::try_from).transpose().ok()?;
    let ingest = Timestamp(from.i64()?);
    from.u64()?;
    let properties = from.u32()? as usize;
    let (properties, payload) = from.bytes()?.split_at_checked(properties)?;
    let known = registry.interned(topic)?;
    let node = registry.find(known.org, &known.name)?.number;
    view.retain(node, Some(Kept::new(qos, expiry, properties, payload)), ingest);
    Some(())
}

fn encode_entry(entry: &Entry, to: &mut Writer) {
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    let (fields, last_ingest) = (entry.fields(), entry.last_ingest());
    to.u8(flag(entry.is_living(), LIVING)
        | flag(entry.own.is_some(), HAS_OWN)
        | flag(!fields.is_empty(), HAS_FIELDS)
        | flag(last_ingest.is_some(), HAS_INGEST));
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
            fields.push(Field { name, last: decode_last(from)? });
        }
        entry.set_fields(fields);
    }
    if let Some(ingest) = last_ingest {
        entry.note_ingest(ingest);
    }
    Some(entry)
}

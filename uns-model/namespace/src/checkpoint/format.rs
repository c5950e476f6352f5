//! The body of a checkpoint: every node with its last values, every retained message, the publisher
//! counter, and the sequence all of it is as of.

use std::sync::Arc;

use uns_model::grammar::Names;
use uns_model::{Kept, NodeId, NodeNo, OrgId, PublisherId, Quality, Sequence, Timestamp, TopicId};

use super::Loaded;
use super::bytes::{Reader, Writer};
use crate::node::Minted;
use crate::registry::Registry;
use crate::view::{Entry, Field, Last, LastSaved, View};

/// The version this release writes, and the newest it reads.
pub(super) const FORMAT_VERSION: u32 = 1;

const MAGIC: &[u8; 8] = b"UNSSPACE";
const CRC_BYTES: usize = 4;

const LIVING: u8 = 0b0001;
const HAS_OWN: u8 = 0b0010;
const HAS_FIELDS: u8 = 0b0100;
const HAS_INGEST: u8 = 0b1000;

/// Why a file is of no use.
#[derive(Debug)]
pub(super) enum Unusable {
    /// Its bytes are not what was written.
    Damaged(String),
    /// A newer release wrote it, in this format.
    Newer(u32),
}

pub(super) fn encode(view: &View, next_publisher: u32) -> Vec<u8> {
    let mut to = Writer::default();
    to.raw(MAGIC);
    to.u32(FORMAT_VERSION);
    to.u64(view.applied.0);
    to.u32(next_publisher);
    to.length(view.entries.iter().count());
    for entry in view.entries.iter() {
        encode_entry(entry, &mut to);
    }
    to.length(view.retained);
    for entry in view.entries.iter() {
        if let Some(kept) = &entry.retained {
            encode_retained(entry, kept, view, &mut to);
        }
    }
    let crc = crc32fast::hash(&to.0);
    to.u32(crc);
    to.0
}

/// The sequence a sound checkpoint is as of.
pub(super) fn applied(file: &[u8]) -> Result<Sequence, Unusable> {
    body(file)?.u64().map(Sequence).ok_or_else(cut_short)
}

pub(super) fn decode(file: &[u8], names: Names) -> Result<Loaded, Unusable> {
    decode_body(&mut body(file)?, names).ok_or_else(cut_short)
}

fn cut_short() -> Unusable {
    Unusable::Damaged("its content contradicts its format".to_owned())
}

/// Checks what surrounds the body.
fn body(file: &[u8]) -> Result<Reader<'_>, Unusable> {
    let damaged = |what: &str| Unusable::Damaged(what.to_owned());
    let (content, crc) =
        file.split_last_chunk::<CRC_BYTES>().ok_or_else(|| damaged("too short"))?;
    if crc32fast::hash(content) != u32::from_le_bytes(*crc) {
        return Err(damaged("its checksum does not match"));
    }
    let mut from = Reader(content);
    if from.take(MAGIC.len()) != Some(MAGIC) {
        return Err(damaged("it is no checkpoint"));
    }
    match from.u32().ok_or_else(|| damaged("too short"))? {
        FORMAT_VERSION => Ok(from),
        newer if newer > FORMAT_VERSION => Err(Unusable::Newer(newer)),
        _ => Err(damaged("its format version never existed")),
    }
}

fn decode_body(from: &mut Reader<'_>, names: Names) -> Option<Loaded> {
    let registry = Registry::new(names);
    let mut view = View::default();
    view.applied = Sequence(from.u64()?);
    let next_publisher = from.u32()?;
    for _ in 0..from.u32()? {
        let entry = decode_entry(from, &registry, &mut view)?;
        view.insert(entry);
    }
    for _ in 0..from.u32()? {
        decode_retained(from, &registry, &mut view)?;
    }
    from.0.is_empty().then_some(Loaded { registry, view, next_publisher })
}

/// Publisher and sequence have their place in the format, and are not kept any more.
fn encode_retained(entry: &Entry, kept: &Kept, view: &View, to: &mut Writer) {
    let ingest = view.expiring.get(&entry.node.number).copied().unwrap_or_default();
    to.u32(entry.node.topic.0);
    to.u32(0);
    to.u8(kept.qos());
    encode_option(kept.expiry().map(u64::from), to);
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
    let expiry = decode_option(from)?.map(u32::try_from).transpose().ok()?;
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
    to.bytes(node.name.as_bytes());
    if let Some(ingest) = last_ingest {
        to.i64(ingest.0);
    }
    if let Some(own) = &entry.own {
        encode_last(own, to);
    }
    if !fields.is_empty() {
        to.length(fields.len());
        for field in fields {
            to.bytes(field.name.as_bytes());
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

fn encode_last(last: &Last, to: &mut Writer) {
    let saved = last.save();
    to.value(&saved.value);
    to.u32(saved.quality.0);
    to.u32(saved.publisher.0);
    to.i64(saved.time.0);
    to.i64(saved.ingest.0);
    to.u64(saved.sequence.0);
    encode_option(saved.seq, to);
}

fn decode_last(from: &mut Reader<'_>) -> Option<Last> {
    Some(Last::restore(LastSaved {
        value: from.value()?,
        quality: Quality(from.u32()?),
        publisher: PublisherId(from.u32()?),
        time: Timestamp(from.i64()?),
        ingest: Timestamp(from.i64()?),
        sequence: Sequence(from.u64()?),
        seq: decode_option(from)?,
    }))
}

fn encode_option(number: Option<u64>, to: &mut Writer) {
    to.u8(u8::from(number.is_some()));
    if let Some(number) = number {
        to.u64(number);
    }
}

fn decode_option(from: &mut Reader<'_>) -> Option<Option<u64>> {
    Some(match from.u8()? {
        0 => None,
        1 => Some(from.u64()?),
        _ => return None,
    })
}

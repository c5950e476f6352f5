//! A node in a checkpoint, and its retained message.

use std::sync::Arc;

use fabric::checkpoint::{Reader, Writer};
use uns_model::{Kept, NodeId, NodeNo, OrgId, Timestamp, TopicId};

use super::last::{decode_last, encode_last};
use super::remarks::{decode_more, decode_remarks, encode_more, encode_remarks};
use crate::node::{Minted, Node};
use crate::registry::Registry;
use crate::view::{Entry, Field, View};

const LIVING: u8 = 0b0001;
const HAS_OWN: u8 = 0b0010;
const HAS_FIELDS: u8 = 0b0100;
const HAS_INGEST: u8 = 0b1000;
/// What is said of it beside its value, and when each field was seen last; since version 2.
const HAS_REMARKS: u8 = 0b1_0000;
/// What is said of its fields, and when they ended; since version 3.
const HAS_MORE: u8 = 0b10_0000;

/// Publisher and sequence have their place in the format, and are not kept any more.
pub(super) fn encode_retained(topic: TopicId, kept: &Kept, ingest: Timestamp, to: &mut Writer) {
    to.u32(topic.0);
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

pub(super) fn decode_retained(from: &mut Reader<'_>) -> Option<(TopicId, Kept, Timestamp)> {
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

/// Whether it lived is that of when it was taken: the node itself may be deleted by now.
pub(super) fn encode_entry(entry: &Entry, living: bool, to: &mut Writer) {
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    let (fields, last_ingest, remarks) = (entry.fields(), entry.last_ingest(), entry.remarks());
    to.u8(flag(living, LIVING)
        | flag(entry.own.is_some(), HAS_OWN)
        | flag(!fields.is_empty(), HAS_FIELDS)
        | flag(last_ingest.is_some(), HAS_INGEST)
        | flag(remarks.is_some(), HAS_REMARKS)
        | flag(remarks.is_some(), HAS_MORE));
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
        encode_more(entry, to);
    }
}

pub(super) fn decode_entry(
    from: &mut Reader<'_>,
    registry: &Registry,
    view: &mut View,
) -> Option<Entry> {
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
        true => registry.insert(&mut mint, Node::new(minted)),
        false => registry.insert_deleted(&mut mint, minted),
    };
    if !living {
        node.set_deletion_folded();
    }
    let mut entry = Entry::new(node);
    let last_ingest = if flags & HAS_INGEST != 0 { Some(Timestamp(from.i64()?)) } else { None };
    if flags & HAS_OWN != 0 {
        entry.own = Some(decode_last(from)?);
    }
    if flags & HAS_FIELDS != 0 {
        let mut fields = Vec::new();
        for _ in 0..from.u32()? {
            let name = view.share_field(from.text()?);
            let last = decode_last(from)?;
            let (seen, is_ended) = (last.sequence, last.is_closed());
            fields.push(Field { name, last, seen, unit: None, is_beside: false, is_ended });
        }
        entry.set_fields(fields);
    }
    if flags & HAS_REMARKS != 0 {
        decode_remarks(&mut entry, from, view)?;
    }
    if flags & HAS_MORE != 0 {
        decode_more(&mut entry, from, view)?;
    }
    if let Some(ingest) = last_ingest {
        entry.note_ingest(ingest);
    }
    Some(entry)
}

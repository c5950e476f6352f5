//! Writing records.

use super::{
    FLAG_EXPIRY, FLAG_PURGE, FLAG_RETAIN, FLAG_SOURCE, HEAD_BYTES, KIND_NODE_DELETED,
    KIND_NODE_MINTED, KIND_PUBLISH, KIND_PUBLISHER, PUBLISH_FIXED_BYTES, Publish, Record,
};
use uns_model::Timestamp;

/// The bytes this record takes.
pub(crate) fn encoded_len(record: &Record<'_>) -> usize {
    match record {
        Record::Publish(publish) => publish_len(publish),
        Record::NodeMinted { name, .. } => HEAD_BYTES + 28 + name.len(),
        Record::NodeDeleted { .. } => HEAD_BYTES + 8,
        Record::Publisher { client_id, .. } => HEAD_BYTES + 4 + client_id.len(),
    }
}

fn publish_len(publish: &Publish<'_>) -> usize {
    PUBLISH_FIXED_BYTES
        + if publish.expiry.is_some() { 4 } else { 0 }
        + if publish.source.is_some() { 8 } else { 0 }
        + publish.properties.len()
        + publish.payload.len()
}

fn head(length: usize, kind: u8, flags: u8, ingest: Timestamp) -> [u8; HEAD_BYTES] {
    let length = u32::try_from(length).expect("one record stays below 4 GiB");
    let mut head = [0; HEAD_BYTES];
    head[..4].copy_from_slice(&length.to_le_bytes());
    head[4] = kind;
    head[5] = flags;
    head[8..].copy_from_slice(&ingest.0.to_le_bytes());
    head
}

/// Appends the record to `out`.
pub(crate) fn encode(record: &Record<'_>, out: &mut Vec<u8>) {
    let length = encoded_len(record);
    match record {
        Record::Publish(publish) => encode_publish(publish, length, out),
        Record::NodeMinted { org, topic, node, id, name, ingest } => {
            out.extend_from_slice(&head(length, KIND_NODE_MINTED, 0, *ingest));
            out.extend_from_slice(&org.0.to_le_bytes());
            out.extend_from_slice(&topic.0.to_le_bytes());
            out.extend_from_slice(&node.0.to_le_bytes());
            out.extend_from_slice(&id.0.to_le_bytes());
            out.extend_from_slice(name.as_bytes());
        }
        Record::NodeDeleted { org, node, purge, ingest } => {
            let flags = if *purge { FLAG_PURGE } else { 0 };
            out.extend_from_slice(&head(length, KIND_NODE_DELETED, flags, *ingest));
            out.extend_from_slice(&org.0.to_le_bytes());
            out.extend_from_slice(&node.0.to_le_bytes());
        }
        Record::Publisher { publisher, client_id, ingest } => {
            out.extend_from_slice(&head(length, KIND_PUBLISHER, 0, *ingest));
            out.extend_from_slice(&publisher.0.to_le_bytes());
            out.extend_from_slice(client_id.as_bytes());
        }
    }
}

fn encode_publish(publish: &Publish<'_>, length: usize, out: &mut Vec<u8>) {
    debug_assert!(publish.qos <= 2, "the gate admits QoS 0 to 2");
    let flags = publish.qos.min(2)
        | if publish.retain { FLAG_RETAIN } else { 0 }
        | if publish.expiry.is_some() { FLAG_EXPIRY } else { 0 }
        | if publish.source.is_some() { FLAG_SOURCE } else { 0 };
    let properties = u32::try_from(publish.properties.len()).expect("one record stays below 4 GiB");
    let mut fixed = [0; PUBLISH_FIXED_BYTES];
    fixed[..HEAD_BYTES].copy_from_slice(&head(length, KIND_PUBLISH, flags, publish.ingest));
    fixed[16..20].copy_from_slice(&publish.org.0.to_le_bytes());
    fixed[20..24].copy_from_slice(&publish.topic.0.to_le_bytes());
    fixed[24..28].copy_from_slice(&publish.node.0.to_le_bytes());
    fixed[28..32].copy_from_slice(&publish.publisher.0.to_le_bytes());
    fixed[32..].copy_from_slice(&properties.to_le_bytes());
    out.reserve(length);
    out.extend_from_slice(&fixed);
    if let Some(expiry) = publish.expiry {
        out.extend_from_slice(&expiry.to_le_bytes());
    }
    if let Some(source) = publish.source {
        out.extend_from_slice(&source.0.to_le_bytes());
    }
    out.extend_from_slice(publish.properties);
    out.extend_from_slice(publish.payload);
}

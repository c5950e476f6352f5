//! Writing records.

use uns_model::OrgId;

use super::head::{
    FLAG_ORG, FLAG_PURGE, HEAD_BYTES, KIND_AUDIENCE, KIND_NODE_DELETED, KIND_NODE_MINTED,
    KIND_OWED, KIND_PUBLISHER, head,
};
use super::kind::Record;
use super::mark::{encode_mark, mark_len};
use super::publish::{encode_message, encode_publish, message_len, publish_len};
use super::session::{change_len, encode_change};

/// The bytes this record takes.
pub(crate) fn encoded_len(record: &Record<'_>) -> usize {
    match record {
        Record::Publish(publish) => publish_len(publish),
        Record::NodeMinted { name, .. } => HEAD_BYTES + 28 + name.len(),
        Record::NodeDeleted { .. } | Record::Owed { .. } => HEAD_BYTES + 8,
        Record::Publisher { org, client_id, .. } => {
            HEAD_BYTES + 4 + if *org == OrgId::DEFAULT { 0 } else { 4 } + client_id.len()
        }
        Record::Message(message) => message_len(message),
        Record::Audience { members, .. } => HEAD_BYTES + 4 + members.as_bytes().len(),
        Record::Session { change, .. } => HEAD_BYTES + 4 + change_len(change),
        Record::Mark(mark) => mark_len(mark),
    }
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
        Record::Publisher { org, publisher, client_id, ingest } => {
            let named = *org != OrgId::DEFAULT;
            let flags = if named { FLAG_ORG } else { 0 };
            out.extend_from_slice(&head(length, KIND_PUBLISHER, flags, *ingest));
            out.extend_from_slice(&publisher.0.to_le_bytes());
            if named {
                out.extend_from_slice(&org.0.to_le_bytes());
            }
            out.extend_from_slice(client_id.as_bytes());
        }
        Record::Message(message) => encode_message(message, length, out),
        Record::Audience { number, members, ingest } => {
            out.extend_from_slice(&head(length, KIND_AUDIENCE, 0, *ingest));
            out.extend_from_slice(&number.to_le_bytes());
            out.extend_from_slice(members.as_bytes());
        }
        Record::Owed { audience, back, ingest } => {
            out.extend_from_slice(&head(length, KIND_OWED, 0, *ingest));
            out.extend_from_slice(&audience.to_le_bytes());
            out.extend_from_slice(&back.to_le_bytes());
        }
        Record::Session { session, change, ingest } => {
            encode_change((*session, change, *ingest), length, out);
        }
        Record::Mark(mark) => encode_mark(mark, length, out),
    }
}

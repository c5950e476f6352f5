//! Reading records, without copying.

use uns_model::{NodeId, NodeNo, OrgId, PublisherId, SessionNo, TopicId};

use super::audience::Members;
use super::cut::Cut;
use super::head::{
    FLAG_ORG, FLAG_PURGE, HEAD_BYTES, KIND_AUDIENCE, KIND_MARK, KIND_MESSAGE, KIND_NODE_DELETED,
    KIND_NODE_MINTED, KIND_OWED, KIND_PUBLISH, KIND_PUBLISHER, KIND_SESSION,
};
use super::kind::Record;
use super::mark::decode_mark;
use super::publish::{Publish, decode_message, decode_publish};
use super::session::decode_change;

/// The length of the record that starts here; `None` when it would leave the buffer.
#[inline]
pub(crate) fn length(bytes: &[u8]) -> Option<usize> {
    let length = u32::from_le_bytes(*bytes.first_chunk::<4>()?) as usize;
    (length >= HEAD_BYTES && length <= bytes.len()).then_some(length)
}

/// Decodes one record that fills `bytes` exactly; `None` when it is malformed.
pub(crate) fn decode(bytes: &[u8]) -> Option<Record<'_>> {
    let mut cut = Cut(bytes);
    let [_, _, _, _, kind, flags, change, _] = cut.take::<8>()?;
    let ingest = cut.time()?;
    match kind {
        KIND_PUBLISH => decode_publish(flags, ingest, cut).map(Record::Publish),
        KIND_NODE_MINTED => Some(Record::NodeMinted {
            org: OrgId(cut.u32()?),
            topic: TopicId(cut.u32()?),
            node: NodeNo(cut.u32()?),
            id: NodeId(u128::from_le_bytes(cut.take()?)),
            name: cut.text()?,
            ingest,
        }),
        KIND_NODE_DELETED => Some(Record::NodeDeleted {
            org: OrgId(cut.u32()?),
            node: NodeNo(cut.u32()?),
            purge: flags & FLAG_PURGE != 0,
            ingest,
        }),
        KIND_PUBLISHER => Some(Record::Publisher {
            publisher: PublisherId(cut.u32()?),
            org: if flags & FLAG_ORG == 0 { OrgId::DEFAULT } else { OrgId(cut.u32()?) },
            client_id: cut.text()?,
            ingest,
        }),
        KIND_MESSAGE => decode_message(flags, ingest, cut).map(Record::Message),
        KIND_AUDIENCE => Some(Record::Audience {
            number: cut.u32()?,
            members: Members::from_bytes(cut.0),
            ingest,
        }),
        KIND_OWED => Some(Record::Owed { audience: cut.u32()?, back: cut.u32()?, ingest }),
        KIND_SESSION => Some(Record::Session {
            session: SessionNo(cut.u32()?),
            change: decode_change(change, flags, cut)?,
            ingest,
        }),
        KIND_MARK => decode_mark(flags, ingest, cut).map(Record::Mark),
        _ => None,
    }
}

/// The same for a record that is known to be a publish.
#[inline]
pub(super) fn decode_as_publish(bytes: &[u8]) -> Option<Publish<'_>> {
    let mut cut = Cut(bytes);
    let [_, _, _, _, _, flags, _, _] = cut.take::<8>()?;
    decode_publish(flags, cut.time()?, cut)
}

/// Whether these bytes are exactly one record, and everything in it makes sense.
pub(crate) fn check(bytes: &[u8]) -> bool {
    match decode(bytes) {
        Some(Record::Publish(Publish { points: Some(points), .. })) => points.is_whole(),
        record => record.is_some(),
    }
}

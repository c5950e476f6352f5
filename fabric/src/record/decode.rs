//! Reading records, without copying.

use uns_model::{NodeId, NodeNo, OrgId, PublisherId, Timestamp, TopicId};

use super::{
    FLAG_EXPIRY, FLAG_PURGE, FLAG_QOS, FLAG_RETAIN, FLAG_SOURCE, HEAD_BYTES, KIND_NODE_DELETED,
    KIND_NODE_MINTED, KIND_PUBLISH, KIND_PUBLISHER, Publish, Record,
};

/// Cuts fixed-size pieces off the front.
struct Cut<'a>(&'a [u8]);

impl<'a> Cut<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (piece, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*piece)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn time(&mut self) -> Option<Timestamp> {
        self.take().map(|bytes| Timestamp(i64::from_le_bytes(bytes)))
    }
}

/// The length of the record that starts here; `None` when it would leave the buffer.
pub(crate) fn length(bytes: &[u8]) -> Option<usize> {
    let length = u32::from_le_bytes(*bytes.first_chunk::<4>()?) as usize;
    (length >= HEAD_BYTES && length <= bytes.len()).then_some(length)
}

/// Decodes one record that fills `bytes` exactly; `None` when it is malformed.
pub(crate) fn decode(bytes: &[u8]) -> Option<Record<'_>> {
    let mut cut = Cut(bytes);
    let [_, _, _, _, kind, flags, _, _] = cut.take::<8>()?;
    let ingest = cut.time()?;
    match kind {
        KIND_PUBLISH => decode_publish(flags, ingest, cut),
        KIND_NODE_MINTED => Some(Record::NodeMinted {
            org: OrgId(cut.u32()?),
            topic: TopicId(cut.u32()?),
            node: NodeNo(cut.u32()?),
            id: NodeId(u128::from_le_bytes(cut.take()?)),
            name: std::str::from_utf8(cut.0).ok()?,
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
            client_id: std::str::from_utf8(cut.0).ok()?,
            ingest,
        }),
        _ => None,
    }
}

#[inline]
fn decode_publish(flags: u8, ingest: Timestamp, mut cut: Cut<'_>) -> Option<Record<'_>> {
    let org = OrgId(cut.u32()?);
    let topic = TopicId(cut.u32()?);
    let node = NodeNo(cut.u32()?);
    let publisher = PublisherId(cut.u32()?);
    let properties_len = cut.u32()? as usize;
    let expiry = if flags & FLAG_EXPIRY == 0 { None } else { Some(cut.u32()?) };
    let source = if flags & FLAG_SOURCE == 0 { None } else { Some(cut.time()?) };
    let (properties, payload) = cut.0.split_at_checked(properties_len)?;
    Some(Record::Publish(Publish {
        org,
        topic,
        node,
        publisher,
        qos: flags & FLAG_QOS,
        retain: flags & FLAG_RETAIN != 0,
        expiry,
        source,
        ingest,
        properties,
        payload,
    }))
}

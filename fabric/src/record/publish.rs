//! Publishes: to a node, and to a plain topic.

use uns_model::{NodeNo, OrgId, PublisherId, Timestamp, TopicId};

use super::cut::Cut;
use super::head::{
    FLAG_EXPIRY, FLAG_POINTS, FLAG_QOS, FLAG_RETAIN, FLAG_SOURCE, HEAD_BYTES, KIND_MESSAGE,
    KIND_PUBLISH, head, length_of,
};
use super::points::Points;

const PUBLISH_FIXED_BYTES: usize = 36;
/// Where the node of a publish stands in its record.
pub(super) const NODE_OFFSET: usize = 24;
/// Where its publisher stands.
pub(super) const PUBLISHER_OFFSET: usize = 28;
const MESSAGE_FIXED_BYTES: usize = 32;

/// One accepted publish.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Publish<'a> {
    /// The organisation it was published to.
    pub org: OrgId,
    /// The interned topic; a [`Record::NodeMinted`](super::Record::NodeMinted) before it in the log
    /// says which string it is.
    pub topic: TopicId,
    /// The node it belongs to.
    pub node: NodeNo,
    /// Who published.
    pub publisher: PublisherId,
    /// MQTT QoS of the publisher, 0 to 2.
    pub qos: u8,
    /// MQTT RETAIN as published.
    pub retain: bool,
    /// MQTT 5 Message Expiry Interval in seconds.
    pub expiry: Option<u32>,
    /// When the hub took it; the appender makes it strictly increasing.
    pub ingest: Timestamp,
    /// MQTT 5 PUBLISH properties that pass unchanged, in wire form without their length.
    pub properties: &'a [u8],
    /// The payload, as it was published.
    pub payload: &'a [u8],
    /// What the gate understood of the payload; `None` in a record of an earlier format that nobody
    /// has upgraded.
    pub points: Option<Points<'a>>,
}

/// One accepted publish to a topic without a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Message<'a> {
    /// The organisation it was published to.
    pub org: OrgId,
    /// Who published.
    pub publisher: PublisherId,
    /// MQTT QoS of the publisher, 0 to 2.
    pub qos: u8,
    /// MQTT RETAIN as published; with an empty payload it removes the retained message.
    pub retain: bool,
    /// MQTT 5 Message Expiry Interval in seconds.
    pub expiry: Option<u32>,
    /// When the hub took it; the appender makes it strictly increasing.
    pub ingest: Timestamp,
    /// The topic.
    pub topic: &'a str,
    /// MQTT 5 PUBLISH properties that pass unchanged, in wire form without their length.
    pub properties: &'a [u8],
    /// The payload.
    pub payload: &'a [u8],
}

pub(super) fn publish_len(publish: &Publish<'_>) -> usize {
    PUBLISH_FIXED_BYTES
        + if publish.expiry.is_some() { 4 } else { 0 }
        + publish.points.map_or(0, |points| section_len(points.as_bytes()))
        + publish.properties.len()
        + publish.payload.len()
}

/// Bytes of a points section and of its length.
fn section_len(section: &[u8]) -> usize {
    varint_len(section.len()) + section.len()
}

fn varint_len(number: usize) -> usize {
    (usize::BITS - (number | 1).leading_zeros()).div_ceil(7) as usize
}

pub(super) fn encode_publish(publish: &Publish<'_>, length: usize, out: &mut Vec<u8>) {
    let flags = flags(publish.qos, publish.retain, publish.expiry)
        | if publish.points.is_some() { FLAG_POINTS } else { 0 };
    let mut fixed = [0; PUBLISH_FIXED_BYTES];
    fixed[..HEAD_BYTES].copy_from_slice(&head(length, KIND_PUBLISH, flags, publish.ingest));
    fixed[16..20].copy_from_slice(&publish.org.0.to_le_bytes());
    fixed[20..24].copy_from_slice(&publish.topic.0.to_le_bytes());
    fixed[NODE_OFFSET..PUBLISHER_OFFSET].copy_from_slice(&publish.node.0.to_le_bytes());
    fixed[PUBLISHER_OFFSET..32].copy_from_slice(&publish.publisher.0.to_le_bytes());
    fixed[32..].copy_from_slice(&length_of(publish.properties));
    out.reserve(length);
    out.extend_from_slice(&fixed);
    if let Some(expiry) = publish.expiry {
        out.extend_from_slice(&expiry.to_le_bytes());
    }
    if let Some(points) = publish.points {
        let mut length = points.as_bytes().len() as u64;
        while length >= 0x80 {
            out.push((length & 0x7F) as u8 | 0x80);
            length >>= 7;
        }
        out.push((length & 0x7F) as u8);
        out.extend_from_slice(points.as_bytes());
    }
    // Properties and payload end every publish: who is owed one shares that piece of the frame.
    out.extend_from_slice(publish.properties);
    out.extend_from_slice(publish.payload);
}

#[inline]
pub(super) fn decode_publish(
    flags: u8,
    ingest: Timestamp,
    mut cut: Cut<'_>,
) -> Option<Publish<'_>> {
    let org = OrgId(cut.u32()?);
    let topic = TopicId(cut.u32()?);
    let node = NodeNo(cut.u32()?);
    let publisher = PublisherId(cut.u32()?);
    let properties_len = cut.u32()?;
    let expiry = if flags & FLAG_EXPIRY == 0 { None } else { Some(cut.u32()?) };
    if flags & FLAG_SOURCE != 0 {
        cut.time()?;
    }
    let section = match flags & FLAG_POINTS {
        0 => None,
        _ => {
            let length = u32::try_from(cut.varint()?).ok()?;
            Some(cut.piece(length)?)
        }
    };
    let properties = cut.piece(properties_len)?;
    let payload = cut.0;
    let points = section.map(|section| Points::new(section, payload));
    Some(Publish {
        org,
        topic,
        node,
        publisher,
        qos: flags & FLAG_QOS,
        retain: flags & FLAG_RETAIN != 0,
        expiry,
        ingest,
        properties,
        payload,
        points,
    })
}

pub(super) fn message_len(message: &Message<'_>) -> usize {
    MESSAGE_FIXED_BYTES
        + if message.expiry.is_some() { 4 } else { 0 }
        + message.topic.len()
        + message.properties.len()
        + message.payload.len()
}

pub(super) fn encode_message(message: &Message<'_>, length: usize, out: &mut Vec<u8>) {
    let flags = flags(message.qos, message.retain, message.expiry);
    out.reserve(length);
    out.extend_from_slice(&head(length, KIND_MESSAGE, flags, message.ingest));
    out.extend_from_slice(&message.org.0.to_le_bytes());
    out.extend_from_slice(&message.publisher.0.to_le_bytes());
    out.extend_from_slice(&length_of(message.topic.as_bytes()));
    out.extend_from_slice(&length_of(message.properties));
    if let Some(expiry) = message.expiry {
        out.extend_from_slice(&expiry.to_le_bytes());
    }
    out.extend_from_slice(message.topic.as_bytes());
    out.extend_from_slice(message.properties);
    out.extend_from_slice(message.payload);
}

pub(super) fn decode_message(
    flags: u8,
    ingest: Timestamp,
    mut cut: Cut<'_>,
) -> Option<Message<'_>> {
    let org = OrgId(cut.u32()?);
    let publisher = PublisherId(cut.u32()?);
    let (topic_len, properties_len) = (cut.u32()?, cut.u32()?);
    let expiry = if flags & FLAG_EXPIRY == 0 { None } else { Some(cut.u32()?) };
    let topic = std::str::from_utf8(cut.piece(topic_len)?).ok()?;
    let properties = cut.piece(properties_len)?;
    Some(Message {
        org,
        publisher,
        qos: flags & FLAG_QOS,
        retain: flags & FLAG_RETAIN != 0,
        expiry,
        ingest,
        topic,
        properties,
        payload: cut.0,
    })
}

/// The flags all publishes have in common, wills included.
pub(super) fn flags(qos: u8, retain: bool, expiry: Option<u32>) -> u8 {
    debug_assert!(qos <= 2, "the gate admits QoS 0 to 2");
    qos.min(2)
        | if retain { FLAG_RETAIN } else { 0 }
        | if expiry.is_some() { FLAG_EXPIRY } else { 0 }
}

//! Publishes: to a node, and to a plain topic.

use uns_model::{NodeNo, OrgId, PublisherId, Timestamp, TopicId};

use super::cut::Cut;
use super::encode::{head, length_of};
use super::{
    FLAG_EXPIRY, FLAG_QOS, FLAG_RETAIN, FLAG_SOURCE, HEAD_BYTES, KIND_MESSAGE, KIND_PUBLISH,
};

const PUBLISH_FIXED_BYTES: usize = 36;
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
    /// The time the payload names, where the gate read one.
    pub source: Option<Timestamp>,
    /// When the hub took it; the appender makes it strictly increasing.
    pub ingest: Timestamp,
    /// MQTT 5 PUBLISH properties that pass unchanged, in wire form without their length.
    pub properties: &'a [u8],
    /// The payload.
    pub payload: &'a [u8],
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
        + if publish.source.is_some() { 8 } else { 0 }
        + publish.properties.len()
        + publish.payload.len()
}

pub(super) fn encode_publish(publish: &Publish<'_>, length: usize, out: &mut Vec<u8>) {
    let flags = flags(publish.qos, publish.retain, publish.expiry)
        | if publish.source.is_some() { FLAG_SOURCE } else { 0 };
    let mut fixed = [0; PUBLISH_FIXED_BYTES];
    fixed[..HEAD_BYTES].copy_from_slice(&head(length, KIND_PUBLISH, flags, publish.ingest));
    fixed[16..20].copy_from_slice(&publish.org.0.to_le_bytes());
    fixed[20..24].copy_from_slice(&publish.topic.0.to_le_bytes());
    fixed[24..28].copy_from_slice(&publish.node.0.to_le_bytes());
    fixed[28..32].copy_from_slice(&publish.publisher.0.to_le_bytes());
    fixed[32..].copy_from_slice(&length_of(publish.properties));
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
    let source = if flags & FLAG_SOURCE == 0 { None } else { Some(cut.time()?) };
    let properties = cut.piece(properties_len)?;
    Some(Publish {
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
        payload: cut.0,
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

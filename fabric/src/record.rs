//! Records: what the log stores, and their byte format.
//!
//! Every record starts with 16 bytes: length of the whole record (u32), kind (u8), flags (u8), two
//! zero bytes, ingest time (i64) — the ingest time at a fixed place, because the appender patches
//! it. All integers are little-endian. A record has no sequence of its own: it is the frame's first
//! sequence plus its position. New kinds or fields raise the frame's format version.

mod decode;
mod encode;

use uns_model::{NodeId, NodeNo, OrgId, PublisherId, Timestamp, TopicId};

pub(crate) use decode::{decode, length};
pub(crate) use encode::encode;

/// The smallest record there is: bounds how many records some bytes can hold.
pub const RECORD_BYTES_MIN: usize = 20;

pub(crate) const HEAD_BYTES: usize = 16;
pub(crate) const INGEST_OFFSET: usize = 8;
pub(crate) const PUBLISH_FIXED_BYTES: usize = 36;

pub(crate) const KIND_PUBLISH: u8 = 1;
pub(crate) const KIND_NODE_MINTED: u8 = 2;
pub(crate) const KIND_NODE_DELETED: u8 = 3;
pub(crate) const KIND_PUBLISHER: u8 = 4;

pub(crate) const FLAG_QOS: u8 = 0b0000_0011;
pub(crate) const FLAG_RETAIN: u8 = 0b0000_0100;
pub(crate) const FLAG_EXPIRY: u8 = 0b0000_1000;
pub(crate) const FLAG_SOURCE: u8 = 0b0001_0000;
pub(crate) const FLAG_PURGE: u8 = 0b0000_0001;

/// One accepted publish.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Publish<'a> {
    /// The organisation it was published to.
    pub org: OrgId,
    /// The interned topic; a [`Record::NodeMinted`] before it in the log says which string it is.
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

/// One record of the log, borrowed from a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Record<'a> {
    /// An accepted publish.
    Publish(Publish<'a>),
    /// A node came to be; also introduces its topic id.
    NodeMinted {
        /// The organisation.
        org: OrgId,
        /// The interned topic.
        topic: TopicId,
        /// The dense number.
        node: NodeNo,
        /// The global name.
        id: NodeId,
        /// The topic string.
        name: &'a str,
        /// When.
        ingest: Timestamp,
    },
    /// A node was deleted.
    NodeDeleted {
        /// The organisation.
        org: OrgId,
        /// Which node.
        node: NodeNo,
        /// Its history goes as well.
        purge: bool,
        /// When.
        ingest: Timestamp,
    },
    /// A publisher was numbered.
    Publisher {
        /// Its number.
        publisher: PublisherId,
        /// Its client id.
        client_id: &'a str,
        /// When.
        ingest: Timestamp,
    },
}

impl Record<'_> {
    /// When the hub took it.
    pub fn ingest(&self) -> Timestamp {
        match *self {
            Self::Publish(Publish { ingest, .. })
            | Self::NodeMinted { ingest, .. }
            | Self::NodeDeleted { ingest, .. }
            | Self::Publisher { ingest, .. } => ingest,
        }
    }
}

#[cfg(test)]
mod tests;

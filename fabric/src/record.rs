//! Records: what the log stores, and their byte format.
//!
//! Every record starts with 16 bytes: length of the whole record (u32), kind (u8), flags (u8), the
//! change of a session record (u8, else zero), a zero byte, ingest time (i64) — the ingest time at a
//! fixed place, because the appender patches it. All integers are little-endian. A record has no
//! sequence of its own: it is the frame's first sequence plus its position. New kinds or fields raise
//! the frame's format version: kinds 1 to 4 are of version 1, 5 to 8 came with version 2; with
//! version 3 the end of a will may name it, and a member of an audience the share it is chosen of.

mod audience;
mod cut;
mod decode;
mod encode;
mod publish;
mod session;
mod skim;

use uns_model::{NodeId, NodeNo, OrgId, PublisherId, SessionNo, Timestamp, TopicId};

pub use audience::{Audience, Ids, Member, Members};
pub(crate) use decode::{decode, length};
pub(crate) use encode::encode;
pub use publish::{Message, Publish};
pub use session::SessionChange;
pub use skim::{Kind, Raw, Skim};

/// The smallest record there is: bounds how many records some bytes can hold.
pub const RECORD_BYTES_MIN: usize = 20;

pub(crate) const HEAD_BYTES: usize = 16;
pub(crate) const INGEST_OFFSET: usize = 8;

pub(crate) const KIND_PUBLISH: u8 = 1;
pub(crate) const KIND_NODE_MINTED: u8 = 2;
pub(crate) const KIND_NODE_DELETED: u8 = 3;
pub(crate) const KIND_PUBLISHER: u8 = 4;
pub(crate) const KIND_MESSAGE: u8 = 5;
pub(crate) const KIND_AUDIENCE: u8 = 6;
pub(crate) const KIND_OWED: u8 = 7;
pub(crate) const KIND_SESSION: u8 = 8;

pub(crate) const FLAG_QOS: u8 = 0b0000_0011;
pub(crate) const FLAG_RETAIN: u8 = 0b0000_0100;
pub(crate) const FLAG_EXPIRY: u8 = 0b0000_1000;
pub(crate) const FLAG_SOURCE: u8 = 0b0001_0000;
pub(crate) const FLAG_PURGE: u8 = 0b0000_0001;

/// One record of the log, borrowed from a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Record<'a> {
    /// An accepted publish to a node.
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
    /// An accepted publish to a topic without a node: retained, or owed to a session.
    Message(Message<'a>),
    /// Some sessions under a number, which [`Record::Owed`] behind it in the same batch names.
    Audience {
        /// Valid until the next definition of the same number, at most to the end of the batch.
        number: u32,
        /// Who.
        members: Members<'a>,
        /// When.
        ingest: Timestamp,
    },
    /// A publish or message before this record, in the same batch, is owed to an audience.
    Owed {
        /// The number of the audience.
        audience: u32,
        /// How many positions before this record it stands.
        back: u32,
        /// When.
        ingest: Timestamp,
    },
    /// Something changed about a session that outlives its connection, or has a will.
    Session {
        /// Which.
        session: SessionNo,
        /// What.
        change: SessionChange<'a>,
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
            | Self::Publisher { ingest, .. }
            | Self::Message(Message { ingest, .. })
            | Self::Audience { ingest, .. }
            | Self::Owed { ingest, .. }
            | Self::Session { ingest, .. } => ingest,
        }
    }
}

/// Reads bytes as records: no bytes may make that panic.
pub fn fuzz(data: &[u8]) {
    let mut rest = data;
    while let Some(length) = length(rest) {
        let (one, others) = rest.split_at(length);
        rest = others;
        let Some(record) = decode(one) else { continue };
        if let Record::Audience { members, .. } = record {
            members.iter().for_each(|member| member.ids.iter().for_each(drop));
        }
        let qos = match record {
            Record::Publish(Publish { qos, .. })
            | Record::Message(Message { qos, .. })
            | Record::Session { change: SessionChange::Will { qos, .. }, .. } => qos,
            _ => 0,
        };
        if qos > 2 {
            continue;
        }
        let mut again = Vec::new();
        encode(&record, &mut again);
        let same = decode(&again).expect("what was encoded is decoded");
        assert_eq!(same, record, "a record survives its bytes");
    }
}

#[cfg(test)]
mod tests;

//! The kinds of records.

use uns_model::{NodeId, NodeNo, OrgId, PublisherId, SessionNo, Timestamp, TopicId};

use super::audience::Members;
use super::mark::Mark;
use super::publish::{Message, Publish};
use super::session::SessionChange;

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
        /// The organisation it publishes in; that of records before format version 4 is the default.
        org: OrgId,
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
    /// How far a durable consumer is, beside what it published.
    Mark(Mark<'a>),
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
            | Self::Session { ingest, .. }
            | Self::Mark(Mark { ingest, .. }) => ingest,
        }
    }
}

//! What others are told about sessions: at start, by operators, by metrics.

use std::sync::Arc;
use std::time::Duration;

use uns_model::{Kept, OrgId, PublisherId, Sequence, SessionNo, Timestamp};

use crate::{Place, Subscription, Will};

/// A session as the log left it.
#[derive(Clone, Copy, Debug)]
pub struct Restored<'a> {
    /// Its number.
    pub session: SessionNo,
    /// Its organisation.
    pub org: OrgId,
    /// Its client id.
    pub client_id: &'a Arc<str>,
    /// Its number as a publisher.
    pub publisher: PublisherId,
    /// The name of the log-in it belongs to, if not to anybody.
    pub owner: Option<&'a Arc<str>>,
    /// Session Expiry Interval in seconds.
    pub expiry: u32,
    /// Its subscriptions, by filter.
    pub subscriptions: &'a [Subscription],
    /// QoS 2 packet ids received from the client and not released, ascending.
    pub took: &'a [u16],
    /// Its will, not withdrawn and not published.
    pub will: Option<&'a Will>,
}

/// A retained message of a topic without a node. To clone topic and message is to share them.
#[derive(Clone, Copy, Debug)]
pub struct PlainRetained<'a> {
    /// The organisation.
    pub org: OrgId,
    /// The topic.
    pub topic: &'a Arc<str>,
    /// Who published.
    pub publisher: PublisherId,
    /// When the hub took it: its expiry counts from then.
    pub ingest: Timestamp,
    /// Its place in the log: of two messages of one topic the later one is retained.
    pub sequence: Sequence,
    /// The message; its payload is never empty.
    pub kept: &'a Kept,
}

/// One session for operators.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SessionInfo {
    /// Its number.
    pub session: SessionNo,
    /// Its client id.
    pub client_id: Arc<str>,
    /// The log says that a connection has it.
    pub online: bool,
    /// The connection that is fed.
    pub connected: Option<Place>,
    /// Session Expiry Interval in seconds.
    pub expiry: u32,
    /// When it expires, if it is not connected before.
    pub expires_in: Option<Duration>,
    /// How many subscriptions.
    pub subscriptions: usize,
    /// Deliveries not settled.
    pub owed: usize,
    /// Bytes they take in the log.
    pub owed_bytes: u64,
    /// Those of them handed to its connection.
    pub inflight: usize,
    /// Deliveries dropped in its life.
    pub dropped: u64,
    /// It has a will.
    pub will: bool,
}

/// Deliveries dropped, by cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Dropped {
    /// The session, or all together, were owed too much.
    pub quota: u64,
    /// Retention removed the record.
    pub retention: u64,
    /// The record is damaged, or nobody knows its topic.
    pub damage: u64,
    /// It was for a share, and had possibly begun with QoS 2 to a member whose session ended: then
    /// it may not go to another one [MQTT-4.8.2-5].
    pub shared: u64,
}

/// Figures for metrics and people.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Sessions.
    pub sessions: usize,
    /// Those of them that are fed.
    pub attached: usize,
    /// Subscriptions of all sessions.
    pub subscriptions: usize,
    /// Deliveries not settled.
    pub owed: usize,
    /// Bytes they take in the log, each counted per session.
    pub owed_bytes: u64,
    /// The oldest of them; retention of the log stops there.
    pub owed_oldest: Option<Sequence>,
    /// Deliveries handed over and not settled.
    pub inflight: usize,
    /// Deliveries dropped since start.
    pub dropped: Dropped,
    /// Retained messages of topics without a node.
    pub retained: usize,
    /// Wills.
    pub wills: usize,
    /// Records that contradict those before them: an unknown session, audience or publish.
    pub contradictions: u64,
    /// The last sequence folded.
    pub folded: Sequence,
    /// Checkpoints found damaged at start.
    pub damaged_checkpoints: u64,
}

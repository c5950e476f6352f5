//! What the ledger says about sessions: to the broker at start, to operators, and in metrics.

use std::sync::Arc;
use std::time::Duration;

use uns_model::{Kept, OrgId, Sequence, SessionNo, Timestamp};

use crate::{Place, Subscription};

/// A session as it is in the log.
#[derive(Clone, Copy, Debug)]
pub struct Restored<'a> {
    /// Its number.
    pub session: SessionNo,
    /// Its organisation.
    pub org: OrgId,
    /// Its client id.
    pub client_id: &'a Arc<str>,
    /// The log-in that owns it, if any.
    pub owner: Option<&'a Arc<str>>,
    /// Session Expiry Interval in seconds.
    pub expiry: u32,
    /// Its subscriptions, by filter.
    pub subscriptions: &'a [Subscription],
    /// QoS 2 packet ids received from the client and not released, ascending.
    pub took: &'a [u16],
}

/// A retained message of a topic without a node. Clones of topic and message share their memory.
#[derive(Clone, Copy, Debug)]
pub struct PlainRetained<'a> {
    /// The organisation.
    pub org: OrgId,
    /// The topic.
    pub topic: &'a Arc<str>,
    /// When the hub accepted it. Its expiry counts from then.
    pub ingest: Timestamp,
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
    /// Whether the log says that a connection has it.
    pub online: bool,
    /// The connection that is fed.
    pub connected: Option<Place>,
    /// Session Expiry Interval in seconds.
    pub expiry: u32,
    /// The time until it expires, unless it is connected before.
    pub expires_in: Option<Duration>,
    /// How many subscriptions.
    pub subscriptions: usize,
    /// Deliveries that are not settled.
    pub owed: usize,
    /// Their bytes in the log.
    pub owed_bytes: u64,
    /// Those of them that were handed to its connection.
    pub inflight: usize,
    /// Deliveries dropped in its life.
    pub dropped: u64,
    /// Whether it has a will.
    pub will: bool,
}

/// Deliveries dropped, by cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Dropped {
    /// The session, or all sessions together, were owed too much.
    pub quota: u64,
    /// Retention removed the record.
    pub retention: u64,
    /// The record is damaged, or its topic is not known.
    pub damage: u64,
    /// The message was for a share, and its QoS 2 exchange with a member whose session ended may have
    /// begun. Then it must not go to another member [MQTT-4.8.2-5].
    pub shared: u64,
}

impl Dropped {
    /// The counts under the stable names of their causes.
    pub fn by_cause(&self) -> [(&'static str, u64); 4] {
        let Self { quota, retention, damage, shared } = *self;
        [("quota", quota), ("retention", retention), ("damage", damage), ("shared", shared)]
    }
}

/// Figures for metrics and people.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// The number of sessions.
    pub sessions: usize,
    /// Those of them that are fed.
    pub attached: usize,
    /// Subscriptions of all sessions.
    pub subscriptions: usize,
    /// Deliveries not settled.
    pub owed: usize,
    /// Their bytes in the log, counted once for each session.
    pub owed_bytes: u64,
    /// The oldest of them. The log keeps everything from there.
    pub owed_oldest: Option<Sequence>,
    /// Deliveries handed over and not settled.
    pub inflight: usize,
    /// Deliveries dropped since start.
    pub dropped: Dropped,
    /// Retained messages of topics without a node.
    pub retained: usize,
    /// Wills.
    pub wills: usize,
    /// Records that contradict earlier ones, because they name an unknown session, audience or publish.
    pub contradictions: u64,
    /// The last sequence folded.
    pub folded: Sequence,
    /// Checkpoints found damaged at start.
    pub damaged_checkpoints: u64,
}

//! One packet that a trace has seen.

use broker_codec::{PacketType, Publish};
use fabric::Findings;
use uns_model::{OrgId, Timestamp};

use super::topics::TracedTopics;

/// How much of a payload is kept.
const PAYLOAD_MAX: usize = 256;

/// One packet that was seen.
#[derive(Clone, Debug)]
pub struct TraceEvent {
    /// When.
    pub time: Timestamp,
    /// Whether the broker got it; else it gave it.
    pub incoming: bool,
    /// Whose it is.
    pub client_id: Box<str>,
    /// Its type.
    pub packet: PacketType,
    /// The topic, or the filters.
    pub topics: TracedTopics,
    /// Its Packet Identifier.
    pub packet_id: Option<u16>,
    /// QoS, RETAIN and DUP of a PUBLISH.
    pub flags: Option<(u8, bool, bool)>,
    /// Its reason, or why it was refused.
    pub reason: Option<Box<str>>,
    /// What was understood of a publish to a node.
    pub read: Option<Understood>,
    /// Bytes of the whole packet.
    pub bytes: usize,
    /// The beginning of the payload, where it was asked for.
    pub payload: Option<Box<[u8]>>,
}

/// What the gate understood of a publish.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Understood {
    /// How many points were read from it.
    pub points: u32,
    /// What was remarkable about it.
    pub findings: Findings,
}

impl TraceEvent {
    pub(super) fn cost(&self) -> usize {
        let text = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        let payload = self.payload.as_ref().map_or(0, |payload| payload.len());
        size_of::<Self>()
            + self.client_id.len()
            + self.topics.bytes()
            + text(&self.reason)
            + payload
    }
}

/// Whose packet it is, which way it went and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) time: Timestamp,
    pub(crate) incoming: bool,
    pub(crate) org: OrgId,
    pub(crate) client_id: &'a str,
}

pub(super) fn head<'a>(publish: &Publish<'a>) -> &'a [u8] {
    publish.payload.get(..PAYLOAD_MAX).unwrap_or(publish.payload)
}

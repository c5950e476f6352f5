//! Wills. They are kept from CONNECT until the log says that they are gone.

use std::sync::Arc;

use bytes::Bytes;
use uns_model::{OrgId, PublisherId, Sequence, SessionNo};

/// The message to publish when a client is gone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Will {
    /// Will Delay Interval in seconds.
    pub delay: u32,
    /// Will QoS, 0 to 2.
    pub qos: u8,
    /// Will Retain.
    pub retain: bool,
    /// Message Expiry Interval in seconds, from the moment it is published.
    pub expiry: Option<u32>,
    /// Will Topic.
    pub topic: Box<str>,
    /// The MQTT 5 properties of the publish, in wire form without their length.
    pub properties: Bytes,
    /// Will Payload.
    pub payload: Bytes,
}

/// A will that is due.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DueWill {
    /// Its session. The core appends `WillGone` for this session even if it has ended.
    pub session: SessionNo,
    /// Its organisation.
    pub org: OrgId,
    /// The publisher number of the client.
    pub publisher: PublisherId,
    /// Its client id.
    pub client_id: Arc<str>,
    /// The owner of the session when the will was logged, if any. The will is checked against the rights
    /// of that owner.
    pub owner: Option<Arc<str>>,
    /// What to publish.
    pub will: Arc<Will>,
    /// Its record, by which `WillGone` tells it from a later will of the same session; unknown if an
    /// earlier release wrote the checkpoint it comes from.
    pub sequence: Option<Sequence>,
}

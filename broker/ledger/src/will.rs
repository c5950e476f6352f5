//! Wills: kept from CONNECT until the log says that they are gone.

use std::sync::Arc;

use bytes::Bytes;
use uns_model::{OrgId, PublisherId, Sequence, SessionNo};

/// What a session wants published when it is gone.
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

/// A will whose time has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DueWill {
    /// Whose; `WillGone` is its record, also after the session has ended.
    pub session: SessionNo,
    /// Its organisation.
    pub org: OrgId,
    /// Its number as a publisher.
    pub publisher: PublisherId,
    /// Its client id.
    pub client_id: Arc<str>,
    /// Who the session belonged to when it was left, if not to anybody: their rights judge it.
    pub owner: Option<Arc<str>>,
    /// What to publish.
    pub will: Arc<Will>,
    /// Its record, by which `WillGone` tells it from the one its client may come back with;
    /// unknown if it was kept by a release that did not note it.
    pub sequence: Option<Sequence>,
}

//! Wills: what a client asks to be published when it is lost.

use std::sync::Arc;

use fabric::SessionChange;
use uns_model::{OrgId, PublisherId, Sequence, SessionNo};

use crate::message::Message;

/// What is published when the client is lost.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Will {
    /// Will Topic.
    pub topic: Box<str>,
    /// Will Payload.
    pub payload: Box<[u8]>,
    /// MQTT 5 properties that pass unchanged, in wire form.
    pub properties: Box<[u8]>,
    /// Will QoS.
    pub qos: u8,
    /// Will Retain.
    pub retain: bool,
    /// Message Expiry Interval.
    pub expiry: Option<u32>,
    /// Will Delay Interval in seconds.
    pub delay: u32,
}

impl Will {
    pub(crate) fn message(&self) -> Message<'_> {
        Message {
            topic: &self.topic,
            qos: self.qos,
            retain: self.retain,
            expiry: self.expiry,
            properties: &self.properties,
            payload: &self.payload,
            publisher: None,
        }
    }

    /// As the log notes it.
    pub(crate) fn change(&self) -> SessionChange<'_> {
        SessionChange::Will {
            delay: self.delay,
            qos: self.qos,
            retain: self.retain,
            expiry: self.expiry,
            topic: &self.topic,
            properties: &self.properties,
            payload: &self.payload,
        }
    }
}

/// A will whose delay is over.
#[derive(Clone, Debug)]
pub struct DueWill {
    /// Whose topics.
    pub org: OrgId,
    /// The session it belongs to.
    pub session: SessionNo,
    /// Who left it.
    pub publisher: PublisherId,
    /// The client id.
    pub client_id: Box<str>,
    /// The owner of the session when it was left, as the log names it.
    pub owner: Option<Arc<str>>,
    /// The message.
    pub will: Will,
    /// Its record, where that is known: its client may have come back with another will.
    pub sequence: Option<Sequence>,
}

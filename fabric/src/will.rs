//! Wills, as they pass between the crates that log them, keep them and publish them.

use std::sync::Arc;

use bytes::Bytes;
use uns_model::{OrgId, PublisherId, Sequence, SessionNo};

use crate::SessionChange;

/// The message to publish when a client is lost: a [`SessionChange::Will`] that owns its content.
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

impl Will {
    /// The will in a change of a session; `None` if the change is another one.
    pub fn of(change: &SessionChange<'_>) -> Option<Self> {
        let SessionChange::Will { delay, qos, retain, expiry, topic, properties, payload } =
            *change
        else {
            return None;
        };
        let [properties, payload] = [properties, payload].map(Bytes::copy_from_slice);
        Some(Self { delay, qos, retain, expiry, topic: topic.into(), properties, payload })
    }

    /// The change that logs it.
    pub fn change(&self) -> SessionChange<'_> {
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

/// A will that is due.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DueWill {
    /// Its session. Whoever publishes the will appends `WillGone` for this session even if it has ended.
    pub session: SessionNo,
    /// Its organisation.
    pub org: OrgId,
    /// The publisher number of the client.
    pub publisher: PublisherId,
    /// The client id.
    pub client_id: Arc<str>,
    /// The owner of the session when the will was logged, if any. The will is checked against the rights
    /// of that owner.
    pub owner: Option<Arc<str>>,
    /// The will.
    pub will: Arc<Will>,
    /// Its record, by which `WillGone` tells it from a later will of the same session; unknown if an
    /// earlier release wrote the checkpoint it comes from.
    pub sequence: Option<Sequence>,
    /// How often it was handed out before, and nobody took it.
    pub not_taken: u8,
}

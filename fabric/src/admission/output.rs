//! Messages that the gate adds to what was published.

use std::sync::Arc;

use bytes::Bytes;

use super::place::Place;

/// A message the gate adds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    /// Whose words they are.
    pub author: Author,
    /// Where to. Only the fabric writes below `$uns/`.
    pub topic: Arc<str>,
    /// What.
    pub payload: Bytes,
    /// MQTT QoS, 0 to 2.
    pub qos: u8,
    /// MQTT RETAIN.
    pub retain: bool,
    /// MQTT 5 Message Expiry Interval in seconds.
    pub expiry: Option<u32>,
    /// Where its record stands in the open batch. A topic without a node has none until the broker finds
    /// that the message is to be retained or is owed to a session.
    pub place: Option<Place>,
}

/// Whose words a message of the gate is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Author {
    /// The publisher's own, on another topic: a row of its batch. Its rights were asked for.
    Publisher,
    /// The fabric's: a violation, an alert. No rights are asked for.
    Fabric,
}

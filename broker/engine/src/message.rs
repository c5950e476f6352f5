//! One message on its way from its publisher to its receivers.

use std::time::Duration;

use fabric::Inbound;
use uns_model::{PublisherId, Timestamp};

use crate::key::Address;

/// A message as deliveries see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub(crate) topic: &'a str,
    /// The QoS it was published with, 0 to 2.
    pub(crate) qos: u8,
    /// The publisher's RETAIN flag.
    pub(crate) retain: bool,
    /// Seconds it has left.
    pub(crate) expiry: Option<u32>,
    /// Properties that pass, in wire form.
    pub(crate) properties: &'a [u8],
    pub(crate) payload: &'a [u8],
    /// Who published it, where No Local matters.
    pub(crate) publisher: Option<Address>,
}

impl<'a> Message<'a> {
    /// As the gate takes it.
    pub(crate) fn inbound(&self, publisher: PublisherId, ingest: Timestamp) -> Inbound<'a> {
        Inbound {
            publisher,
            qos: self.qos,
            retain: self.retain,
            expiry: self.expiry,
            properties: self.properties,
            payload: self.payload,
            ingest,
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.topic.len() + self.properties.len() + self.payload.len()
    }
}

/// The seconds left, rounded up; the outer `None` once the time is over.
pub(crate) fn seconds_left(expires: Option<Duration>, now: Duration) -> Option<Option<u32>> {
    let Some(at) = expires else { return Some(None) };
    let left = at.checked_sub(now).filter(|left| !left.is_zero())?;
    let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    Some(Some(u32::try_from(seconds).unwrap_or(u32::MAX)))
}

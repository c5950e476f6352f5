//! A message that is kept until its receivers take it.

use std::rc::Rc;
use std::time::Duration;

use crate::message::{Message, seconds_left};

/// A message that waits: copied out of the read buffer once for all sessions that keep it.
#[derive(Debug)]
pub(crate) struct Stored {
    topic: Box<str>,
    body: Box<[u8]>,
    properties_len: usize,
    /// When it expires, on the monotonic clock.
    expires: Option<Duration>,
}

impl Stored {
    pub(crate) fn new(message: &Message<'_>, now: Duration) -> Rc<Self> {
        let mut body = Vec::with_capacity(message.properties.len() + message.payload.len());
        body.extend_from_slice(message.properties);
        body.extend_from_slice(message.payload);
        Rc::new(Self {
            topic: message.topic.into(),
            body: body.into_boxed_slice(),
            properties_len: message.properties.len(),
            expires: message.expiry.map(|s| now + Duration::from_secs(u64::from(s))),
        })
    }

    pub(crate) fn bytes(&self) -> usize {
        const OVERHEAD: usize = 96;
        self.topic.len() + self.body.len() + OVERHEAD
    }

    /// As a message of this QoS with the time it has left; `None` once it expired.
    pub(crate) fn message(&self, now: Duration, qos: u8) -> Option<Message<'_>> {
        let (properties, payload) = self.body.split_at_checked(self.properties_len)?;
        Some(Message {
            topic: &self.topic,
            qos,
            retain: false,
            expiry: seconds_left(self.expires, now)?,
            properties,
            payload,
            publisher: None,
        })
    }
}

//! One message on its way to its receivers: encoded once per version and QoS, copied into each
//! receiver's output.

use std::num::{NonZeroU16, NonZeroU32};
use std::rc::Rc;
use std::time::Duration;

use broker_codec::{
    Encoded, PassThrough, Publish, PublishProperties, QoS, SubscriptionIds, Version, encode_publish,
};

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

impl Message<'_> {
    pub(crate) fn bytes(&self) -> usize {
        self.topic.len() + self.properties.len() + self.payload.len()
    }
}

/// How one receiver gets a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Form<'a> {
    pub(crate) version: Version,
    pub(crate) qos: u8,
    pub(crate) ids: &'a [NonZeroU32],
    pub(crate) naming: Naming,
}

/// How a packet names its topic.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Naming {
    #[default]
    Topic,
    /// With an alias, still to be patched in.
    Both,
    /// The alias alone.
    Alias,
}

/// Encodings of the message at hand. Reused from message to message.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    buffer: Vec<u8>,
    /// By version and QoS: where the encoding lies.
    known: [Option<(usize, Encoded)>; 4],
    /// The same with an alias, by QoS and whether the topic is there too.
    aliased: [Option<(usize, Encoded)>; 4],
    /// Few clients take aliases: there is nothing to forget in between.
    has_aliased: bool,
    /// The message copied for queues.
    stored: Option<Rc<Stored>>,
}

impl Encoder {
    /// Forgets the last message.
    #[inline]
    pub(crate) fn begin(&mut self) {
        const KEEP: usize = 256 << 10;
        if self.buffer.capacity() > KEEP {
            self.buffer = Vec::new();
        }
        self.buffer.clear();
        self.known = [None; 4];
        if std::mem::take(&mut self.has_aliased) {
            self.aliased = [None; 4];
        }
        self.stored = None;
    }

    /// The message to keep: one copy for all queues it goes to.
    pub(crate) fn stored(&mut self, message: &Message<'_>, now: Duration) -> Rc<Stored> {
        Rc::clone(self.stored.get_or_insert_with(|| Stored::new(message, now)))
    }

    /// The packet for this form, packet identifier and the first byte's flags still missing: QoS 1
    /// and 2 differ in nothing else. `None` if the message cannot be a packet.
    #[inline]
    pub(crate) fn encode(
        &mut self,
        message: &Message<'_>,
        form: Form<'_>,
    ) -> Option<(&[u8], Encoded)> {
        let id = usize::from(form.qos > 0);
        self.has_aliased |= form.naming != Naming::Topic;
        let known = match form.naming {
            Naming::Topic => &mut self.known[usize::from(form.version == Version::V5) * 2 + id],
            Naming::Both => &mut self.aliased[id],
            Naming::Alias => &mut self.aliased[2 + id],
        };
        let (at, encoded) = match *known {
            Some(known) if form.ids.is_empty() => known,
            _ => {
                let at = self.buffer.len();
                let encoded = encode(message, form, &mut self.buffer)?;
                if form.ids.is_empty() {
                    *known = Some((at, encoded));
                }
                (at, encoded)
            }
        };
        Some((self.buffer.get(at..at + encoded.len)?, encoded))
    }
}

fn encode(message: &Message<'_>, form: Form<'_>, out: &mut Vec<u8>) -> Option<Encoded> {
    let publish = Publish {
        dup: false,
        qos: QoS::from_level(form.qos)?,
        retain: false,
        topic: if form.naming == Naming::Alias { "" } else { message.topic },
        packet_id: None,
        properties: PublishProperties {
            topic_alias: (form.naming != Naming::Topic).then_some(NonZeroU16::MIN),
            message_expiry: message.expiry,
            subscription_ids: SubscriptionIds::new(form.ids),
            pass_through: PassThrough::from_checked(message.properties),
        },
        payload: message.payload,
    };
    encode_publish(form.version, &publish, out).ok()
}

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
            expiry: remaining(self.expires, now)?,
            properties,
            payload,
            publisher: None,
        })
    }
}

/// The seconds left, rounded up; the outer `None` once the time is over.
pub(crate) fn remaining(expires: Option<Duration>, now: Duration) -> Option<Option<u32>> {
    let Some(at) = expires else { return Some(None) };
    let left = at.checked_sub(now).filter(|left| !left.is_zero())?;
    let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    Some(Some(u32::try_from(seconds).unwrap_or(u32::MAX)))
}

//! A message is encoded once per version and QoS, and its bytes are copied into the output of each
//! receiver.

use std::num::{NonZeroU16, NonZeroU32};
use std::rc::Rc;
use std::time::Duration;

use broker_codec::{
    Encoded, PassThrough, Publish, PublishProperties, QoS, SubscriptionIds, Version, encode_publish,
};

use super::stored::Stored;
use crate::message::Message;

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

//! A packet over the limit ends its connection and leaves a trace (NS-32): a client that sends it
//! again after every reconnect is jammed until somebody reads why.

use broker_codec::{Error, PacketType, PublishTopic, QoS, ReasonCode, publish_topic};

use super::Engine;
use super::publish::Publisher;
use super::step::Fatal;
use crate::gate::Gate;
use crate::key::Key;
use crate::message::Message;
use crate::now::Now;
use crate::oversize::Oversize;
use fabric::Rejection;
use uns_model::Reason;

/// A PUBLISH that is larger than it may be.
struct Over<'a> {
    header: u8,
    topic: &'a str,
    len: usize,
    max: usize,
}

impl<G: Gate> Engine<G> {
    /// The fixed header of a packet cannot be read, or says too much. `None` while the topic of a
    /// PUBLISH that is too large has not arrived.
    #[cold]
    pub(super) fn unframed(
        &mut self,
        now: Now,
        key: Key,
        bytes: &[u8],
        error: Error,
    ) -> Option<Fatal> {
        let Error::PacketTooLarge { len, max } = error else {
            return Some(self.fault(key, bytes, error));
        };
        let Some(connection) = self.sessions.get(key).filter(|c| c.is_up()) else {
            return Some(self.fault(key, bytes, error));
        };
        let fatal = Some(Fatal(error.reason()));
        let header = bytes.first().copied().unwrap_or_default();
        let Some(packet) = PacketType::from_header(header) else { return fatal };
        let topic: Option<Box<str>> = match packet {
            PacketType::Publish => match publish_topic(connection.version, bytes) {
                PublishTopic::Incomplete => return None,
                PublishTopic::Name(topic) => Some(topic.into()),
                PublishTopic::Alias(alias) => {
                    connection.aliases.topic(alias).map(|topic| topic.as_ref().into())
                }
                PublishTopic::Unknown => None,
            },
            _ => None,
        };
        if let Some(topic) = &topic {
            self.reject_oversize(now, key, &Over { header, topic, len, max });
        }
        let connection = self.sessions.get(key)?;
        if self.broker.notices.is_due(&connection.client_id, "packet_too_large", now.monotonic) {
            let client_id = connection.client_id.clone();
            let address = connection.peer.address.clone();
            self.effects.oversize.push(Oversize {
                client_id,
                address,
                packet,
                topic,
                bytes: len,
                max,
            });
        }
        fatal
    }

    fn reject_oversize(&mut self, now: Now, key: Key, Over { header, topic, len, max }: &Over<'_>) {
        self.stats.oversize += 1;
        let detail =
            format!("a PUBLISH of {len} bytes exceeds mqtt.packet_bytes_max, which is {max} bytes");
        let refused = Rejection::new(Reason::PayloadTooLarge, detail);
        // The packet is refused, whatever it carries.
        let mut refused = Rejection { code: ReasonCode::PacketTooLarge.byte(), ..refused };
        let message = Message {
            topic,
            qos: QoS::from_level(header >> 1 & 3).unwrap_or_default().level(),
            retain: header & 1 != 0,
            expiry: None,
            properties: &[],
            // It is not waited for.
            payload: &[],
            publisher: None,
        };
        self.reject(now, Publisher::Ending(key), &message, &mut refused);
    }
}

//! What a trace says about a packet.

use broker_codec::{Packet, PacketType, Publish, ReasonCode};

use super::event::{Context, TraceEvent, Understood, head};
use super::topics::TracedTopics;

/// The words for one packet.
#[derive(Clone, Debug)]
pub(crate) struct Words<'a> {
    pub(crate) packet: PacketType,
    pub(crate) bytes: usize,
    /// A PUBLISH, its alias resolved.
    pub(crate) publish: Option<Publish<'a>>,
    pub(crate) filters: TracedTopics,
    pub(crate) packet_id: Option<u16>,
    pub(crate) reason: Option<String>,
    pub(crate) read: Option<Understood>,
}

/// The longest text of an event.
const TEXT_MAX: usize = 1024;

impl<'a> Words<'a> {
    pub(crate) fn new(packet: PacketType, bytes: usize) -> Self {
        let filters = TracedTopics::default();
        Self { packet, bytes, publish: None, filters, packet_id: None, reason: None, read: None }
    }

    pub(crate) fn of(packet: &Packet<'a>, bytes: usize) -> Self {
        let mut words = Self::new(packet.packet_type(), bytes);
        let name = |reason: ReasonCode| Some(reason.name().to_owned());
        match packet {
            Packet::Publish(publish) => {
                words.packet_id = publish.packet_id.map(|id| id.get());
                words.publish = Some(*publish);
            }
            Packet::Puback(ack)
            | Packet::Pubrec(ack)
            | Packet::Pubrel(ack)
            | Packet::Pubcomp(ack) => {
                words.packet_id = Some(ack.packet_id.get());
                words.reason = name(ack.reason);
            }
            Packet::Connack(connack) => words.reason = name(connack.reason),
            Packet::Disconnect(disconnect) => words.reason = name(disconnect.reason),
            Packet::Auth(auth) => words.reason = name(auth.reason),
            Packet::Subscribe(subscribe) => {
                words.packet_id = Some(subscribe.packet_id.get());
                words.filters =
                    TracedTopics::of(subscribe.filters.iter().map(|(filter, _)| filter));
            }
            Packet::Unsubscribe(unsubscribe) => {
                words.packet_id = Some(unsubscribe.packet_id.get());
                words.filters = TracedTopics::of(unsubscribe.filters.iter());
            }
            Packet::Suback(suback) => {
                words.packet_id = Some(suback.packet_id.get());
                words.reason = Some(joined(suback.codes.iter().map(ReasonCode::name)));
            }
            Packet::Unsuback(unsuback) => {
                words.packet_id = Some(unsuback.packet_id.get());
                words.reason = Some(joined(unsuback.codes.iter().map(ReasonCode::name)));
            }
            Packet::Connect(_) | Packet::Pingreq | Packet::Pingresp => {}
        }
        words
    }

    pub(super) fn event(&self, context: Context<'_>, payload: bool) -> TraceEvent {
        let publish = self.publish.as_ref();
        let topic = publish.map(|publish| TracedTopics::of([publish.topic]));
        TraceEvent {
            time: context.time,
            incoming: context.incoming,
            client_id: cut(context.client_id),
            packet: self.packet,
            topics: topic.unwrap_or_else(|| self.filters.clone()),
            packet_id: self.packet_id,
            flags: publish.map(|publish| (publish.qos.level(), publish.retain, publish.dup)),
            reason: self.reason.as_deref().map(cut),
            read: self.read,
            bytes: self.bytes,
            payload: publish.filter(|_| payload).map(|publish| head(publish).into()),
        }
    }
}

/// Some of the parts, as many as make sense in one line.
fn joined<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for part in parts {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(part);
        if text.len() > TEXT_MAX {
            break;
        }
    }
    text
}

fn cut(text: &str) -> Box<str> {
    text.get(..text.floor_char_boundary(TEXT_MAX)).unwrap_or(text).into()
}

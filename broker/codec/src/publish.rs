//! PUBLISH, the hot path: decoded as a view, encoded once for many receivers.

use std::num::NonZeroU16;

use bytes::BufMut;

use crate::property::pass_through::passes;
use crate::property::{Place, Property, PropertyReader};
use crate::read::Reader;
use crate::topic::{check_topic, check_topic_bytes};
use crate::write::{Body, Put, Section, packet, section, varint_len};
use crate::{Error, PacketId, PacketType, PassThrough, QoS, SubscriptionIds, Version};

/// A PUBLISH that borrows from the read buffer, or from its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Publish<'a> {
    /// Sent before, perhaps.
    pub dup: bool,
    /// Quality of service.
    pub qos: QoS,
    /// Retain flag.
    pub retain: bool,
    /// Topic name; empty only in version 5, where the topic alias stands for it.
    pub topic: &'a str,
    /// Present exactly for QoS 1 and 2. To encode, `None` leaves room that
    /// [`patch_packet_id`] fills.
    pub packet_id: Option<PacketId>,
    /// Empty in MQTT 3.1.1.
    pub properties: PublishProperties<'a>,
    /// Application message.
    pub payload: &'a [u8],
}

/// Properties of PUBLISH, and of a will.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PublishProperties<'a> {
    /// Topic Alias.
    pub topic_alias: Option<NonZeroU16>,
    /// Message Expiry Interval in seconds.
    pub message_expiry: Option<u32>,
    /// Subscription Identifiers, from server to client only.
    pub subscription_ids: SubscriptionIds<'a>,
    /// What reaches the subscribers unchanged.
    pub pass_through: PassThrough<'a>,
}

impl<'a> PublishProperties<'a> {
    /// Also returns the Will Delay Interval, which only a will can have.
    #[inline]
    pub(crate) fn read(from: &mut Reader<'a>, place: Place) -> Result<(Self, Option<u32>), Error> {
        let reader = PropertyReader::new(from, place)?;
        if reader.raw().is_empty() {
            return Ok((Self::default(), None));
        }
        Self::read_some(reader)
    }

    fn read_some(mut reader: PropertyReader<'a>) -> Result<(Self, Option<u32>), Error> {
        let raw = reader.raw();
        let mut properties = Self::default();
        let mut will_delay = None;
        // The range from the first to the last property that passes, and how much of it does.
        let (mut start, mut end, mut passed) = (None, 0, 0);
        let mut position = 0;
        while let Some(property) = reader.next()? {
            let after = reader.position();
            match property {
                Property::TopicAlias(alias) => properties.topic_alias = Some(alias),
                Property::MessageExpiryInterval(seconds) => {
                    properties.message_expiry = Some(seconds);
                }
                Property::SubscriptionIdentifier(_) => {
                    properties.subscription_ids = SubscriptionIds::wire(raw);
                }
                Property::WillDelayInterval(seconds) => will_delay = Some(seconds),
                passing if passes(&passing) => {
                    start.get_or_insert(position);
                    passed += after - position;
                    end = after;
                }
                _ => {}
            }
            position = after;
        }
        if let Some(start) = start {
            let range = raw.get(start..end).unwrap_or_default();
            properties.pass_through = PassThrough::new(range, passed < range.len());
        }
        Ok((properties, will_delay))
    }
}

impl Section for PublishProperties<'_> {
    #[inline]
    fn put(&self, out: &mut impl Put) {
        if let Some(alias) = self.topic_alias {
            Property::TopicAlias(alias).put(out);
        }
        if let Some(seconds) = self.message_expiry {
            Property::MessageExpiryInterval(seconds).put(out);
        }
        self.subscription_ids.put(out);
        self.pass_through.put(out);
    }
}

/// Decodes the body of a PUBLISH whose first byte is `header`. Allocates nothing.
///
/// # Errors
/// The clause that the packet breaks.
#[inline]
pub fn decode_publish(version: Version, header: u8, body: &[u8]) -> Result<Publish<'_>, Error> {
    let qos = QoS::from_level(header >> 1 & 3).ok_or(Error::QosThree)?;
    let dup = header & 0b1000 != 0;
    if dup && qos == QoS::AtMostOnce {
        return Err(Error::DupAtQosZero);
    }
    let mut from = Reader::new(body);
    let topic = from.utf8("topic name")?;
    check_topic_bytes(topic.as_bytes())?;
    let packet_id = match qos {
        QoS::AtMostOnce => None,
        QoS::AtLeastOnce | QoS::ExactlyOnce => Some(from.packet_id(PacketType::Publish)?),
    };
    let properties = match version {
        Version::V31 | Version::V311 => PublishProperties::default(),
        Version::V5 => PublishProperties::read(&mut from, Place::Packet(PacketType::Publish))?.0,
    };
    if topic.is_empty() && properties.topic_alias.is_none() {
        return Err(match version {
            Version::V31 | Version::V311 => Error::TopicEmpty,
            Version::V5 => Error::TopicMissing,
        });
    }
    let retain = header & 1 != 0;
    Ok(Publish { dup, qos, retain, topic, packet_id, properties, payload: from.take_rest() })
}

/// What the beginning of a PUBLISH says of where it goes, when the rest is not waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishTopic<'a> {
    /// More of it has to arrive.
    Incomplete,
    /// Its topic.
    Name(&'a str),
    /// The alias of its topic.
    Alias(NonZeroU16),
    /// It is no well-formed PUBLISH.
    Unknown,
}

/// Reads the topic at the beginning of a PUBLISH, `bytes` from its first byte on, however large
/// the packet is and however little of it is there.
#[must_use]
pub fn publish_topic(version: Version, bytes: &[u8]) -> PublishTopic<'_> {
    match topic_of(version, bytes) {
        Ok(topic) => topic,
        Err(Error::Truncated { .. }) => PublishTopic::Incomplete,
        Err(_) => PublishTopic::Unknown,
    }
}

fn topic_of(version: Version, bytes: &[u8]) -> Result<PublishTopic<'_>, Error> {
    /// Longer properties are not waited for.
    const PROPERTIES_MAX: u32 = 1 << 16;
    let mut from = Reader::new(bytes);
    let header = from.u8("fixed header")?;
    from.varint("remaining length")?;
    let topic = from.utf8("topic name")?;
    if !topic.is_empty() {
        check_topic(topic)?;
        return Ok(PublishTopic::Name(topic));
    }
    if version != Version::V5 {
        return Ok(PublishTopic::Unknown);
    }
    if header & 0b110 != 0 {
        from.u16("packet identifier")?;
    }
    let mut ahead = from;
    if ahead.varint("property length")? > PROPERTIES_MAX {
        return Ok(PublishTopic::Unknown);
    }
    let mut properties = PropertyReader::new(&mut from, Place::Packet(PacketType::Publish))?;
    while let Some(property) = properties.next()? {
        if let Property::TopicAlias(alias) = property {
            return Ok(PublishTopic::Alias(alias));
        }
    }
    Ok(PublishTopic::Unknown)
}

/// Where things are in an encoded PUBLISH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoded {
    /// Size of the packet in bytes.
    pub len: usize,
    /// Offset of the packet identifier from the start of the packet; `None` at QoS 0.
    pub packet_id_at: Option<usize>,
}

/// Writes a PUBLISH; in MQTT 3.1.1 without its properties.
///
/// # Errors
/// The topic or the whole is too long; nothing is written.
#[inline]
pub fn encode_publish(
    version: Version,
    publish: &Publish<'_>,
    out: &mut impl BufMut,
) -> Result<Encoded, Error> {
    let header = PacketType::Publish.header()
        | u8::from(publish.dup) << 3
        | publish.qos.level() << 1
        | u8::from(publish.retain);
    let len = packet(header, &(version, publish), out)?;
    let packet_id_at =
        (publish.qos != QoS::AtMostOnce).then(|| fixed_header_len(len) + 2 + publish.topic.len());
    Ok(Encoded { len, packet_id_at })
}

/// The length of the fixed header in a packet of `len` bytes.
const fn fixed_header_len(len: usize) -> usize {
    let mut header = 2;
    while 1 + varint_len(len - header) > header {
        header += 1;
    }
    header
}

/// Puts the packet identifier of one receiver into an encoded PUBLISH. `packet` starts at its
/// first byte, `at` is [`Encoded::packet_id_at`]; nothing happens if that lies outside.
#[inline]
pub fn patch_packet_id(packet: &mut [u8], at: usize, id: PacketId) {
    if let Some(place) = packet.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<2>) {
        *place = id.get().to_be_bytes();
    }
}

/// Puts the topic alias of one receiver into an encoded PUBLISH of version 5 that has one; the
/// encoder writes it as the first property. Nothing happens in a packet without.
pub fn patch_topic_alias(packet: &mut [u8], alias: NonZeroU16) {
    let Some(at) = topic_alias_at(packet) else { return };
    if let Some(place) = packet.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<2>) {
        *place = alias.get().to_be_bytes();
    }
}

fn topic_alias_at(packet: &[u8]) -> Option<usize> {
    const TOPIC_ALIAS: u8 = 0x23;
    let after_varint = |at: usize| {
        let len = packet.get(at..)?.iter().take(4).position(|byte| byte & 0x80 == 0)?;
        Some(at + len + 1)
    };
    let at = after_varint(1)?;
    let topic = usize::from(u16::from_be_bytes(*packet.get(at..)?.first_chunk()?));
    let id = if packet.first()? & 0b110 == 0 { 0 } else { 2 };
    let at = after_varint(at + 2 + topic + id)?;
    (packet.get(at) == Some(&TOPIC_ALIAS)).then_some(at + 1)
}

impl Publish<'_> {
    /// Writes it and returns its length, see [`encode_publish`].
    ///
    /// # Errors
    /// The topic or the whole is too long; nothing is written.
    pub fn encode(&self, version: Version, out: &mut impl BufMut) -> Result<usize, Error> {
        encode_publish(version, self, out).map(|encoded| encoded.len)
    }
}

impl Body for (Version, &Publish<'_>) {
    #[inline]
    fn put(&self, out: &mut impl Put) {
        let (version, publish) = *self;
        out.string(publish.topic);
        if publish.qos != QoS::AtMostOnce {
            out.u16(publish.packet_id.map_or(0, PacketId::get));
        }
        if version == Version::V5 {
            section(out, &publish.properties);
        }
        out.slice(publish.payload);
    }
}

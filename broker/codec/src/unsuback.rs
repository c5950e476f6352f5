//! UNSUBACK: one reason code for each filter of UNSUBSCRIBE, none in MQTT 3.1.1.

use bytes::BufMut;

use crate::read::Reader;
use crate::write::{Body, Put, plain, section};
use crate::{AckProperties, Error, PacketId, PacketType, ReasonCode, ReasonCodes, Version};

/// An UNSUBACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsuback<'a> {
    /// That of UNSUBSCRIBE.
    pub packet_id: PacketId,
    /// Empty in MQTT 3.1.1.
    pub properties: AckProperties<'a>,
    /// One for each filter, in its order; empty in MQTT 3.1.1.
    pub codes: ReasonCodes<'a>,
}

impl<'a> Unsuback<'a> {
    pub(crate) fn decode(version: Version, body: &'a [u8]) -> Result<Self, Error> {
        let packet = PacketType::Unsuback;
        let mut from = Reader::new(body);
        let packet_id = from.packet_id(packet)?;
        if version != Version::V5 {
            from.finish(packet)?;
            let properties = AckProperties::default();
            return Ok(Self { packet_id, properties, codes: ReasonCodes::new(&[]) });
        }
        let properties = AckProperties::read(&mut from, packet)?;
        let codes = ReasonCodes::read(packet, from.take_rest(), |code| {
            matches!(
                code,
                ReasonCode::Success
                    | ReasonCode::NoSubscriptionExisted
                    | ReasonCode::UnspecifiedError
                    | ReasonCode::ImplementationSpecificError
                    | ReasonCode::NotAuthorized
                    | ReasonCode::TopicFilterInvalid
                    | ReasonCode::PacketIdentifierInUse
            )
        })?;
        Ok(Self { packet_id, properties, codes })
    }

    /// Writes it and returns its length.
    ///
    /// # Errors
    /// A property is too long; nothing is written.
    pub fn encode(&self, version: Version, out: &mut impl BufMut) -> Result<usize, Error> {
        plain(PacketType::Unsuback, &(version, self), out)
    }
}

impl Body for (Version, &Unsuback<'_>) {
    fn put(&self, out: &mut impl Put) {
        let (version, unsuback) = *self;
        out.u16(unsuback.packet_id.get());
        if version == Version::V5 {
            section(out, &unsuback.properties);
            unsuback.codes.iter().for_each(|code| out.u8(code.byte()));
        }
    }
}

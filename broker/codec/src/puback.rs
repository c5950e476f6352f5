//! PUBACK, PUBREC, PUBREL and PUBCOMP: one shape, with two short forms in version 5.

use bytes::BufMut;

use crate::read::Reader;
use crate::write::{Body, Put, plain, section};
use crate::{AckProperties, Error, PacketId, PacketType, ReasonCode, Version};

/// The content of PUBACK, PUBREC, PUBREL and PUBCOMP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ack<'a> {
    /// The PUBLISH it belongs to.
    pub packet_id: PacketId,
    /// Always success in MQTT 3.1.1.
    pub reason: ReasonCode,
    /// Empty in MQTT 3.1.1.
    pub properties: AckProperties<'a>,
}

/// Answers a QoS 1 PUBLISH.
pub type Puback<'a> = Ack<'a>;
/// Answers a QoS 2 PUBLISH.
pub type Pubrec<'a> = Ack<'a>;
/// Answers PUBREC.
pub type Pubrel<'a> = Ack<'a>;
/// Answers PUBREL.
pub type Pubcomp<'a> = Ack<'a>;

impl<'a> Ack<'a> {
    /// Success without properties.
    #[must_use]
    pub fn new(packet_id: PacketId) -> Self {
        Self::with_reason(packet_id, ReasonCode::Success)
    }

    /// A reason without properties.
    #[must_use]
    pub fn with_reason(packet_id: PacketId, reason: ReasonCode) -> Self {
        Self { packet_id, reason, properties: AckProperties::default() }
    }

    pub(crate) fn decode(
        version: Version,
        packet: PacketType,
        body: &'a [u8],
    ) -> Result<Self, Error> {
        let mut from = Reader::new(body);
        let mut ack = Self::new(from.packet_id(packet)?);
        if version == Version::V5 && !from.is_empty() {
            ack.reason = reason(packet, from.u8("reason code")?)?;
            if !from.is_empty() {
                ack.properties = AckProperties::read(&mut from, packet)?;
            }
        }
        from.finish(packet)?;
        Ok(ack)
    }

    /// Writes it as PUBACK and returns its length.
    ///
    /// # Errors
    /// A property is too long; nothing is written.
    pub fn encode_puback(&self, version: Version, out: &mut impl BufMut) -> Result<usize, Error> {
        self.encode(version, PacketType::Puback, out)
    }

    /// Writes it as PUBREC and returns its length.
    ///
    /// # Errors
    /// A property is too long; nothing is written.
    pub fn encode_pubrec(&self, version: Version, out: &mut impl BufMut) -> Result<usize, Error> {
        self.encode(version, PacketType::Pubrec, out)
    }

    /// Writes it as PUBREL and returns its length.
    ///
    /// # Errors
    /// A property is too long; nothing is written.
    pub fn encode_pubrel(&self, version: Version, out: &mut impl BufMut) -> Result<usize, Error> {
        self.encode(version, PacketType::Pubrel, out)
    }

    /// Writes it as PUBCOMP and returns its length.
    ///
    /// # Errors
    /// A property is too long; nothing is written.
    pub fn encode_pubcomp(&self, version: Version, out: &mut impl BufMut) -> Result<usize, Error> {
        self.encode(version, PacketType::Pubcomp, out)
    }

    fn encode(
        &self,
        version: Version,
        packet: PacketType,
        out: &mut impl BufMut,
    ) -> Result<usize, Error> {
        plain(packet, &(version, self), out)
    }
}

/// Bytes of a PUBACK that says success and nothing else.
pub const PUBACK_BYTES: usize = 4;

/// Writes a PUBACK of success for each of these and returns how many. Every version knows this form.
#[inline]
pub fn encode_pubacks(of: impl Iterator<Item = PacketId>, out: &mut impl BufMut) -> u64 {
    let mut count = 0;
    for id in of {
        let [high, low] = id.get().to_be_bytes();
        let puback: [u8; PUBACK_BYTES] = [PacketType::Puback.header(), 2, high, low];
        out.put_slice(&puback);
        count += 1;
    }
    count
}

impl Body for (Version, &Ack<'_>) {
    fn put(&self, out: &mut impl Put) {
        let (version, ack) = *self;
        out.u16(ack.packet_id.get());
        let bare = ack.properties.is_empty();
        if version != Version::V5 || (bare && ack.reason == ReasonCode::Success) {
            return;
        }
        out.u8(ack.reason.byte());
        if !bare {
            section(out, &ack.properties);
        }
    }
}

fn reason(packet: PacketType, code: u8) -> Result<ReasonCode, Error> {
    use ReasonCode as R;
    let unknown = Error::UnknownReason { packet, code };
    let reason = R::from_byte(code).ok_or(unknown)?;
    let known = match packet {
        PacketType::Pubrel | PacketType::Pubcomp => {
            matches!(reason, R::Success | R::PacketIdentifierNotFound)
        }
        _ => matches!(
            reason,
            R::Success
                | R::NoMatchingSubscribers
                | R::UnspecifiedError
                | R::ImplementationSpecificError
                | R::NotAuthorized
                | R::TopicNameInvalid
                | R::PacketIdentifierInUse
                | R::QuotaExceeded
                | R::PayloadFormatInvalid
        ),
    };
    if known { Ok(reason) } else { Err(unknown) }
}

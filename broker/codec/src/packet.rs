//! Any packet: dispatch from the first byte to the file of its type, and back.

use bytes::BufMut;

use crate::{
    Auth, Connack, Connect, Disconnect, Error, PacketType, Puback, Pubcomp, Publish, Pubrec,
    Pubrel, Suback, Subscribe, Unsuback, Unsubscribe, Version, decode_publish, encode_pingreq,
    encode_pingresp,
};

/// A decoded packet that borrows from the read buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet<'a> {
    /// CONNECT, boxed because it is large and rare.
    Connect(Box<Connect<'a>>),
    /// CONNACK, boxed because it is large and rare.
    Connack(Box<Connack<'a>>),
    /// PUBLISH.
    Publish(Publish<'a>),
    /// PUBACK.
    Puback(Puback<'a>),
    /// PUBREC.
    Pubrec(Pubrec<'a>),
    /// PUBREL.
    Pubrel(Pubrel<'a>),
    /// PUBCOMP.
    Pubcomp(Pubcomp<'a>),
    /// SUBSCRIBE.
    Subscribe(Subscribe<'a>),
    /// SUBACK.
    Suback(Suback<'a>),
    /// UNSUBSCRIBE.
    Unsubscribe(Unsubscribe<'a>),
    /// UNSUBACK.
    Unsuback(Unsuback<'a>),
    /// PINGREQ.
    Pingreq,
    /// PINGRESP.
    Pingresp,
    /// DISCONNECT.
    Disconnect(Disconnect<'a>),
    /// AUTH.
    Auth(Auth<'a>),
}

/// Decodes the packet with this first byte and body.
///
/// A CONNECT says its own version; `version` is ignored for it.
///
/// # Errors
/// The clause that the packet breaks.
#[inline]
pub fn decode(version: Version, header: u8, body: &[u8]) -> Result<Packet<'_>, Error> {
    if header >> 4 == PacketType::Publish as u8 {
        return decode_publish(version, header, body).map(Packet::Publish);
    }
    decode_control(version, header, body)
}

fn decode_control(version: Version, header: u8, body: &[u8]) -> Result<Packet<'_>, Error> {
    let packet =
        PacketType::from_header(header).ok_or(Error::ReservedType { packet_type: header >> 4 })?;
    if packet == PacketType::Auth && version != Version::V5 {
        return Err(Error::NotInVersion { packet });
    }
    if header != packet.header() && !is_repeated_in_v31(version, packet, header) {
        return Err(Error::HeaderFlags { packet });
    }
    Ok(match packet {
        PacketType::Connect => Packet::Connect(Box::new(Connect::decode(body)?)),
        PacketType::Connack => Packet::Connack(Box::new(Connack::decode(version, body)?)),
        PacketType::Publish => Packet::Publish(decode_publish(version, header, body)?),
        PacketType::Puback => Packet::Puback(Puback::decode(version, packet, body)?),
        PacketType::Pubrec => Packet::Pubrec(Pubrec::decode(version, packet, body)?),
        PacketType::Pubrel => Packet::Pubrel(Pubrel::decode(version, packet, body)?),
        PacketType::Pubcomp => Packet::Pubcomp(Pubcomp::decode(version, packet, body)?),
        PacketType::Subscribe => Packet::Subscribe(Subscribe::decode(version, body)?),
        PacketType::Suback => Packet::Suback(Suback::decode(version, body)?),
        PacketType::Unsubscribe => Packet::Unsubscribe(Unsubscribe::decode(version, body)?),
        PacketType::Unsuback => Packet::Unsuback(Unsuback::decode(version, body)?),
        PacketType::Pingreq => empty(packet, body).map(|()| Packet::Pingreq)?,
        PacketType::Pingresp => empty(packet, body).map(|()| Packet::Pingresp)?,
        PacketType::Disconnect => Packet::Disconnect(Disconnect::decode(version, body)?),
        PacketType::Auth => Packet::Auth(Auth::decode(body)?),
    })
}

/// MQTT 3.1 repeats SUBSCRIBE, UNSUBSCRIBE and PUBREL with the flag that PUBLISH alone has since.
fn is_repeated_in_v31(version: Version, packet: PacketType, header: u8) -> bool {
    const DUP: u8 = 0x08;
    let repeats =
        matches!(packet, PacketType::Subscribe | PacketType::Unsubscribe | PacketType::Pubrel);
    version == Version::V31 && repeats && header & !DUP == packet.header()
}

const fn empty(packet: PacketType, body: &[u8]) -> Result<(), Error> {
    match body.len() {
        0 => Ok(()),
        extra => Err(Error::TrailingBytes { packet, extra }),
    }
}

impl Packet<'_> {
    /// Its type.
    #[must_use]
    pub const fn packet_type(&self) -> PacketType {
        match self {
            Self::Connect(_) => PacketType::Connect,
            Self::Connack(_) => PacketType::Connack,
            Self::Publish(_) => PacketType::Publish,
            Self::Puback(_) => PacketType::Puback,
            Self::Pubrec(_) => PacketType::Pubrec,
            Self::Pubrel(_) => PacketType::Pubrel,
            Self::Pubcomp(_) => PacketType::Pubcomp,
            Self::Subscribe(_) => PacketType::Subscribe,
            Self::Suback(_) => PacketType::Suback,
            Self::Unsubscribe(_) => PacketType::Unsubscribe,
            Self::Unsuback(_) => PacketType::Unsuback,
            Self::Pingreq => PacketType::Pingreq,
            Self::Pingresp => PacketType::Pingresp,
            Self::Disconnect(_) => PacketType::Disconnect,
            Self::Auth(_) => PacketType::Auth,
        }
    }

    /// Writes it and returns its length. What MQTT 3.1.1 cannot express is left out; CONNECT
    /// is written in its own version.
    ///
    /// # Errors
    /// A field is too long, or the version lacks the packet; nothing is written.
    pub fn encode(&self, version: Version, out: &mut impl BufMut) -> Result<usize, Error> {
        match self {
            Self::Connect(packet) => packet.encode(out),
            Self::Connack(packet) => packet.encode(version, out),
            Self::Publish(packet) => packet.encode(version, out),
            Self::Puback(packet) => packet.encode_puback(version, out),
            Self::Pubrec(packet) => packet.encode_pubrec(version, out),
            Self::Pubrel(packet) => packet.encode_pubrel(version, out),
            Self::Pubcomp(packet) => packet.encode_pubcomp(version, out),
            Self::Subscribe(packet) => packet.encode(version, out),
            Self::Suback(packet) => packet.encode(version, out),
            Self::Unsubscribe(packet) => packet.encode(version, out),
            Self::Unsuback(packet) => packet.encode(version, out),
            Self::Pingreq => {
                encode_pingreq(out);
                Ok(2)
            }
            Self::Pingresp => {
                encode_pingresp(out);
                Ok(2)
            }
            Self::Disconnect(packet) => packet.encode(version, out),
            Self::Auth(packet) => packet.encode(version, out),
        }
    }
}

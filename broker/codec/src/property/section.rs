//! A section of properties: which may stand where and how often, and reading them in order.

use crate::property::Property;
use crate::read::Reader;
use crate::{Error, PacketType};

/// What a property section belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Packet(PacketType),
    Will,
}

impl Place {
    const fn bit(self) -> u16 {
        match self {
            Self::Will => 1,
            Self::Packet(packet) => 1 << packet as u16,
        }
    }

    const fn packet(self) -> PacketType {
        match self {
            Self::Will => PacketType::Connect,
            Self::Packet(packet) => packet,
        }
    }
}

/// The places of a property as bits of [`Place::bit`].
const fn places(id: u8) -> u16 {
    const WILL: u16 = Place::Will.bit();
    const CONNECT: u16 = Place::Packet(PacketType::Connect).bit();
    const CONNACK: u16 = Place::Packet(PacketType::Connack).bit();
    const PUBLISH: u16 = Place::Packet(PacketType::Publish).bit();
    const SUBSCRIBE: u16 = Place::Packet(PacketType::Subscribe).bit();
    const UNSUBSCRIBE: u16 = Place::Packet(PacketType::Unsubscribe).bit();
    const DISCONNECT: u16 = Place::Packet(PacketType::Disconnect).bit();
    const AUTH: u16 = Place::Packet(PacketType::Auth).bit();
    const ACKS: u16 = Place::Packet(PacketType::Puback).bit()
        | Place::Packet(PacketType::Pubrec).bit()
        | Place::Packet(PacketType::Pubrel).bit()
        | Place::Packet(PacketType::Pubcomp).bit()
        | Place::Packet(PacketType::Suback).bit()
        | Place::Packet(PacketType::Unsuback).bit();
    const REASONED: u16 = ACKS | CONNACK | DISCONNECT | AUTH;
    match id {
        0x01..=0x09 => PUBLISH | WILL,
        0x0B => PUBLISH | SUBSCRIBE,
        0x11 => CONNECT | CONNACK | DISCONNECT,
        0x15 | 0x16 => CONNECT | CONNACK | AUTH,
        0x17 | 0x19 => CONNECT,
        0x18 => WILL,
        0x1C => CONNACK | DISCONNECT,
        0x1F => REASONED,
        0x21 | 0x22 | 0x27 => CONNECT | CONNACK,
        0x23 => PUBLISH,
        0x26 => REASONED | CONNECT | PUBLISH | WILL | SUBSCRIBE | UNSUBSCRIBE,
        _ => CONNACK,
    }
}

/// Reads one property section, and refuses strangers and repetitions.
#[derive(Debug)]
pub(crate) struct PropertyReader<'a> {
    raw: &'a [u8],
    rest: Reader<'a>,
    place: Place,
    seen: u64,
}

impl<'a> PropertyReader<'a> {
    /// Takes the section with its length off the front of `from`.
    #[inline]
    pub(crate) fn new(from: &mut Reader<'a>, place: Place) -> Result<Self, Error> {
        let len = from.varint("property length")?;
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        Ok(Self::over(from.take(len, "properties")?, place))
    }

    /// Reads a section whose length is known.
    pub(crate) const fn over(raw: &'a [u8], place: Place) -> Self {
        Self { raw, rest: Reader::new(raw), place, seen: 0 }
    }

    /// The section, without its length.
    pub(crate) const fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// How many bytes of the section have been read.
    pub(crate) const fn position(&self) -> usize {
        self.raw.len() - self.rest.remaining()
    }

    /// The next property, `None` at the end.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<Property<'a>>, Error> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let property = Property::read(&mut self.rest)?;
        let id = property.id();
        if places(id) & self.place.bit() == 0 {
            return Err(Error::PropertyNotAllowed { packet: self.place.packet(), id });
        }
        let repeats =
            id == 0x26 || (id == 0x0B && self.place == Place::Packet(PacketType::Publish));
        let bit = 1_u64 << id;
        if self.seen & bit != 0 && !repeats {
            return Err(Error::DuplicateProperty { id });
        }
        self.seen |= bit;
        Ok(Some(property))
    }
}

/// Properties in wire form that have been checked before; ends at the first fault if not.
#[derive(Debug, Clone, Copy)]
pub struct Properties<'a> {
    rest: Reader<'a>,
}

impl<'a> Properties<'a> {
    pub(crate) const fn new(raw: &'a [u8]) -> Self {
        Self { rest: Reader::new(raw) }
    }

    /// The next property and the length of what follows it.
    pub(crate) fn next_at(&mut self) -> Option<(Property<'a>, usize)> {
        if self.rest.is_empty() {
            return None;
        }
        let property = Property::read(&mut self.rest).ok();
        if property.is_none() {
            self.rest = Reader::new(&[]);
        }
        Some((property?, self.rest.remaining()))
    }
}

impl<'a> Iterator for Properties<'a> {
    type Item = Property<'a>;

    fn next(&mut self) -> Option<Property<'a>> {
        self.next_at().map(|(property, _)| property)
    }
}

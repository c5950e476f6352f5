//! UNSUBSCRIBE: topic filters to give up.

use std::fmt;

use bytes::BufMut;

use crate::property::{Place, PropertyReader};
use crate::read::Reader;
use crate::write::{Body, Put, Section, plain, section};
use crate::{Error, PacketId, PacketType, UserProperties, Version};

/// An UNSUBSCRIBE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsubscribe<'a> {
    /// What UNSUBACK repeats.
    pub packet_id: PacketId,
    /// User Properties.
    pub user: UserProperties<'a>,
    /// At least one.
    pub filters: Topics<'a>,
}

/// Topic filters in wire form, strings of MQTT but not otherwise checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Topics<'a> {
    raw: &'a [u8],
}

/// Appends one filter to the wire form that [`Topics::parse`] takes.
///
/// # Errors
/// The filter has more than 65,535 bytes; nothing is written.
pub fn push_topic(filter: &str, out: &mut impl BufMut) -> Result<(), Error> {
    let len = u16::try_from(filter.len()).map_err(|_| Error::FilterLong)?;
    out.put_u16(len);
    out.put_slice(filter.as_bytes());
    Ok(())
}

impl<'a> Topics<'a> {
    /// Checks filters in wire form.
    ///
    /// # Errors
    /// There is none, or one is cut off or not a string of MQTT.
    pub fn parse(raw: &'a [u8]) -> Result<Self, Error> {
        if raw.is_empty() {
            return Err(Error::NoFilters { packet: PacketType::Unsubscribe });
        }
        let mut from = Reader::new(raw);
        while !from.is_empty() {
            from.string("topic filter")?;
        }
        Ok(Self { raw })
    }

    /// The filters in order.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let mut from = Reader::new(self.raw);
        std::iter::from_fn(move || from.utf8("topic filter").ok())
    }
}

impl fmt::Debug for Topics<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> Unsubscribe<'a> {
    pub(crate) fn decode(version: Version, body: &'a [u8]) -> Result<Self, Error> {
        let mut from = Reader::new(body);
        let packet_id = from.packet_id(PacketType::Unsubscribe)?;
        let mut user = UserProperties::default();
        if version == Version::V5 {
            let place = Place::Packet(PacketType::Unsubscribe);
            let mut reader = PropertyReader::new(&mut from, place)?;
            while reader.next()?.is_some() {}
            user = UserProperties::new(reader.raw());
        }
        let filters = Topics::parse(from.take_rest())?;
        Ok(Self { packet_id, user, filters })
    }

    /// Writes it and returns its length.
    ///
    /// # Errors
    /// A property is too long; nothing is written.
    pub fn encode(&self, version: Version, out: &mut impl BufMut) -> Result<usize, Error> {
        plain(PacketType::Unsubscribe, &(version, self), out)
    }
}

impl Section for Unsubscribe<'_> {
    fn put(&self, out: &mut impl Put) {
        self.user.put(out);
    }
}

impl Body for (Version, &Unsubscribe<'_>) {
    fn put(&self, out: &mut impl Put) {
        let (version, unsubscribe) = *self;
        out.u16(unsubscribe.packet_id.get());
        if version == Version::V5 {
            section(out, unsubscribe);
        }
        out.slice(unsubscribe.filters.raw);
    }
}

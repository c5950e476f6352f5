//! SUBSCRIBE: topic filters, each with its options.

use std::fmt;
use std::num::NonZeroU32;

use bytes::BufMut;

use crate::property::{Place, Property, PropertyReader};
use crate::read::Reader;
use crate::write::{Body, Put, Section, plain, section};
use crate::{Error, PacketId, PacketType, QoS, UserProperties, Version};

/// A SUBSCRIBE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscribe<'a> {
    /// What SUBACK repeats.
    pub packet_id: PacketId,
    /// Subscription Identifier, given to all of its filters.
    pub subscription_id: Option<NonZeroU32>,
    /// User Properties.
    pub user: UserProperties<'a>,
    /// At least one.
    pub filters: Filters<'a>,
}

/// Options of one subscription; MQTT 3.1.1 has only the QoS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SubscribeOptions {
    /// The highest QoS to deliver with.
    pub qos: QoS,
    /// Do not send back what this client publishes.
    pub no_local: bool,
    /// Keep the retain flag as published.
    pub retain_as_published: bool,
    /// When to send retained messages.
    pub retain_handling: RetainHandling,
}

/// When a subscription is sent retained messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum RetainHandling {
    /// At each SUBSCRIBE.
    #[default]
    Always = 0,
    /// Only if the subscription is new.
    IfNew = 1,
    /// Not at all.
    Never = 2,
}

impl SubscribeOptions {
    /// What [`SubscribeOptions::byte`] made; `None` for a byte that MQTT 5 forbids.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::read(Version::V5, byte).ok()
    }

    fn read(version: Version, byte: u8) -> Result<Self, Error> {
        let reserved = if version != Version::V5 { 0xFC } else { 0xC0 };
        if byte & reserved != 0 {
            return Err(Error::SubscribeReserved);
        }
        let retain_handling = match byte >> 4 & 3 {
            0 => RetainHandling::Always,
            1 => RetainHandling::IfNew,
            2 => RetainHandling::Never,
            _ => return Err(Error::RetainHandlingThree),
        };
        Ok(Self {
            qos: QoS::from_level(byte & 3).ok_or(Error::SubscribeQosThree)?,
            no_local: byte & 0x04 != 0,
            retain_as_published: byte & 0x08 != 0,
            retain_handling,
        })
    }

    /// As the byte behind a filter in SUBSCRIBE.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self.qos.level()
            | (self.no_local as u8) << 2
            | (self.retain_as_published as u8) << 3
            | (self.retain_handling as u8) << 4
    }
}

/// Topic filters with options, in wire form.
///
/// Filters are strings of MQTT but not yet checked otherwise: one bad filter is refused in its
/// place of SUBACK (see [`crate::check_filter`]), not with the packet.
#[derive(Clone, Copy)]
pub struct Filters<'a> {
    raw: &'a [u8],
}

/// Appends one filter to the wire form that [`Filters::parse`] takes.
///
/// # Errors
/// The filter has more than 65,535 bytes; nothing is written.
pub fn push_filter(
    filter: &str,
    options: SubscribeOptions,
    out: &mut impl BufMut,
) -> Result<(), Error> {
    let len = u16::try_from(filter.len()).map_err(|_| Error::FilterLong)?;
    out.put_u16(len);
    out.put_slice(filter.as_bytes());
    out.put_u8(options.byte());
    Ok(())
}

impl<'a> Filters<'a> {
    /// Checks filters in wire form.
    ///
    /// # Errors
    /// There is none, or one is cut off, not a string of MQTT or has forbidden options.
    pub fn parse(version: Version, raw: &'a [u8]) -> Result<Self, Error> {
        if raw.is_empty() {
            return Err(Error::NoFilters { packet: PacketType::Subscribe });
        }
        let mut from = Reader::new(raw);
        while !from.is_empty() {
            let filter = from.string("topic filter")?;
            let options = SubscribeOptions::read(version, from.u8("subscription options")?)?;
            if options.no_local && filter.starts_with("$share/") {
                return Err(Error::NoLocalOnShared);
            }
        }
        Ok(Self { raw })
    }

    /// The filters in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, SubscribeOptions)> + use<'a> {
        let mut from = Reader::new(self.raw);
        std::iter::from_fn(move || {
            let filter = from.utf8("topic filter").ok()?;
            let options = from.u8("subscription options").ok()?;
            Some((filter, SubscribeOptions::read(Version::V5, options).ok()?))
        })
    }
}

impl PartialEq for Filters<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl Eq for Filters<'_> {}

impl fmt::Debug for Filters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> Subscribe<'a> {
    pub(crate) fn decode(version: Version, body: &'a [u8]) -> Result<Self, Error> {
        let mut from = Reader::new(body);
        let packet_id = from.packet_id(PacketType::Subscribe)?;
        let mut subscription_id = None;
        let mut user = UserProperties::default();
        if version == Version::V5 {
            let place = Place::Packet(PacketType::Subscribe);
            let mut reader = PropertyReader::new(&mut from, place)?;
            user = UserProperties::new(reader.raw());
            while let Some(property) = reader.next()? {
                if let Property::SubscriptionIdentifier(id) = property {
                    subscription_id = Some(id);
                }
            }
        }
        let filters = Filters::parse(version, from.take_rest())?;
        Ok(Self { packet_id, subscription_id, user, filters })
    }

    /// Writes it and returns its length.
    ///
    /// # Errors
    /// A property is too long; nothing is written.
    pub fn encode(&self, version: Version, out: &mut impl BufMut) -> Result<usize, Error> {
        plain(PacketType::Subscribe, &(version, self), out)
    }
}

impl Section for Subscribe<'_> {
    fn put(&self, out: &mut impl Put) {
        if let Some(id) = self.subscription_id {
            Property::SubscriptionIdentifier(id).put(out);
        }
        self.user.put(out);
    }
}

impl Body for (Version, &Subscribe<'_>) {
    fn put(&self, out: &mut impl Put) {
        let (version, subscribe) = *self;
        out.u16(subscribe.packet_id.get());
        match version {
            Version::V31 | Version::V311 => {
                for (filter, options) in subscribe.filters.iter() {
                    out.string(filter);
                    out.u8(options.qos.level());
                }
            }
            Version::V5 => {
                section(out, subscribe);
                out.slice(subscribe.filters.raw);
            }
        }
    }
}

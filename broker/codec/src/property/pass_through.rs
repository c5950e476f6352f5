//! Properties of a PUBLISH that reach its subscribers unchanged and in order.

use std::fmt;

use crate::property::{Place, Properties, Property, PropertyReader};
use crate::write::Put;
use crate::{Error, PacketType, UserProperties};

/// Payload format, content type, response topic, correlation data and user properties.
///
/// Topic alias, expiry, will delay and subscription identifiers are not among them: each hop
/// sets its own.
#[derive(Clone, Copy, Default)]
pub struct PassThrough<'a> {
    raw: &'a [u8],
    /// Other properties stand between those that pass.
    mixed: bool,
}

impl<'a> PassThrough<'a> {
    /// No property.
    pub const NONE: Self = Self { raw: &[], mixed: false };

    pub(crate) const fn new(raw: &'a [u8], mixed: bool) -> Self {
        Self { raw, mixed }
    }

    /// Over bytes that [`PassThrough::bytes`] gave earlier. Others do no harm here, but the
    /// receiver of a packet made from them will object.
    #[must_use]
    pub const fn from_checked(raw: &'a [u8]) -> Self {
        Self { raw, mixed: false }
    }

    /// Over properties built with [`Property::encode`].
    ///
    /// # Errors
    /// The bytes are no properties of PUBLISH; those that do not pass are left out.
    pub fn parse(raw: &'a [u8]) -> Result<Self, Error> {
        let mut reader = PropertyReader::over(raw, Place::Packet(PacketType::Publish));
        let mut mixed = false;
        while let Some(property) = reader.next()? {
            mixed |= !passes(&property);
        }
        Ok(Self { raw, mixed })
    }

    /// The wire form, without a length; copied into `scratch` only if others stand in between.
    #[must_use]
    pub fn bytes<'s>(&'s self, scratch: &'s mut Vec<u8>) -> &'s [u8]
    where
        'a: 's,
    {
        if !self.mixed {
            return self.raw;
        }
        scratch.clear();
        self.pieces(|piece| scratch.extend_from_slice(piece));
        scratch
    }

    /// The wire form if it lies in one piece, which it does unless a sender puts an alias or an
    /// expiry in the middle.
    #[must_use]
    pub const fn contiguous(&self) -> Option<&'a [u8]> {
        if self.mixed { None } else { Some(self.raw) }
    }

    /// The properties in order.
    pub fn iter(&self) -> impl Iterator<Item = Property<'a>> + use<'a> {
        Properties::new(self.raw).filter(passes)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Content Type.
    #[must_use]
    pub fn content_type(&self) -> Option<&'a str> {
        self.iter().find_map(|property| match property {
            Property::ContentType(text) => Some(text),
            _ => None,
        })
    }

    /// Response Topic.
    #[must_use]
    pub fn response_topic(&self) -> Option<&'a str> {
        self.iter().find_map(|property| match property {
            Property::ResponseTopic(topic) => Some(topic),
            _ => None,
        })
    }

    /// Correlation Data.
    #[must_use]
    pub fn correlation_data(&self) -> Option<&'a [u8]> {
        self.iter().find_map(|property| match property {
            Property::CorrelationData(data) => Some(data),
            _ => None,
        })
    }

    /// Whether the sender says that the payload is UTF-8.
    #[must_use]
    pub fn payload_is_utf8(&self) -> bool {
        self.iter().any(|property| property == Property::PayloadFormatIndicator(true))
    }

    /// The user properties.
    #[must_use]
    pub const fn user(&self) -> UserProperties<'a> {
        UserProperties::new(self.raw)
    }

    #[inline]
    pub(crate) fn put(&self, out: &mut impl Put) {
        if self.mixed {
            self.pieces(|piece| out.slice(piece));
        } else {
            out.slice(self.raw);
        }
    }

    /// Calls with the bytes of each property that passes.
    fn pieces(&self, mut with: impl FnMut(&'a [u8])) {
        let mut properties = Properties::new(self.raw);
        let mut rest = self.raw;
        while let Some((property, left)) = properties.next_at() {
            let Some((piece, after)) = rest.split_at_checked(rest.len() - left) else { return };
            rest = after;
            if passes(&property) {
                with(piece);
            }
        }
    }
}

pub(crate) const fn passes(property: &Property<'_>) -> bool {
    matches!(property.id(), 0x01 | 0x03 | 0x08 | 0x09 | 0x26)
}

impl PartialEq for PassThrough<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for PassThrough<'_> {}

impl fmt::Debug for PassThrough<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

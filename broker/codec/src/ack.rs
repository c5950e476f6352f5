//! Reason string and user properties: all that the properties of most acknowledgements hold.

use crate::property::{Place, Property, PropertyReader};
use crate::read::Reader;
use crate::write::{Put, Section};
use crate::{Error, PacketType, UserProperties};

/// Properties of PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK and UNSUBACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AckProperties<'a> {
    /// Reason String, for people.
    pub reason_string: Option<&'a str>,
    /// User Properties.
    pub user: UserProperties<'a>,
}

impl<'a> AckProperties<'a> {
    pub(crate) fn read(from: &mut Reader<'a>, packet: PacketType) -> Result<Self, Error> {
        let mut reader = PropertyReader::new(from, Place::Packet(packet))?;
        let mut properties = Self { user: UserProperties::new(reader.raw()), ..Self::default() };
        while let Some(property) = reader.next()? {
            if let Property::ReasonString(text) = property {
                properties.reason_string = Some(text);
            }
        }
        Ok(properties)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.reason_string.is_none() && self.user.is_empty()
    }
}

impl Section for AckProperties<'_> {
    fn put(&self, out: &mut impl Put) {
        if let Some(text) = self.reason_string {
            Property::ReasonString(text).put(out);
        }
        self.user.put(out);
    }
}

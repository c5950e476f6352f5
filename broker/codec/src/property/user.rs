//! User properties: name and value pairs in their order, names may repeat.

use std::fmt;

use crate::property::{Place, Properties, Property, PropertyReader};
use crate::write::Put;
use crate::{Error, PacketType};

/// The user properties among wire-form properties; others in between are passed over.
#[derive(Clone, Copy, Default)]
pub struct UserProperties<'a> {
    raw: &'a [u8],
}

impl<'a> UserProperties<'a> {
    /// Over a section that has been checked.
    pub(crate) const fn new(raw: &'a [u8]) -> Self {
        Self { raw }
    }

    /// Over user properties built with [`Property::encode`].
    ///
    /// # Errors
    /// The bytes are not user properties.
    pub fn parse(raw: &'a [u8]) -> Result<Self, Error> {
        let mut reader = PropertyReader::over(raw, Place::Packet(PacketType::Unsubscribe));
        while reader.next()?.is_some() {}
        Ok(Self { raw })
    }

    /// The pairs in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        Properties::new(self.raw).filter_map(|property| match property {
            Property::UserProperty(name, value) => Some((name, value)),
            _ => None,
        })
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    pub(crate) fn put(&self, out: &mut impl Put) {
        for (name, value) in self.iter() {
            Property::UserProperty(name, value).put(out);
        }
    }
}

impl PartialEq for UserProperties<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for UserProperties<'_> {}

impl fmt::Debug for UserProperties<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

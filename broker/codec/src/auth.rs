//! AUTH: the exchange of enhanced authentication, version 5 only.

use bytes::BufMut;

use crate::property::{Place, Property, PropertyReader};
use crate::read::Reader;
use crate::write::{Body, Put, Section, plain, section};
use crate::{Error, PacketType, ReasonCode, UserProperties, Version};

/// An AUTH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Auth<'a> {
    /// Success, continue authentication or re-authenticate.
    pub reason: ReasonCode,
    /// Its properties.
    pub properties: AuthProperties<'a>,
}

/// Properties of AUTH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuthProperties<'a> {
    /// Authentication Method; absent only in the form without any content.
    pub authentication_method: Option<&'a str>,
    /// Authentication Data.
    pub authentication_data: Option<&'a [u8]>,
    /// Reason String.
    pub reason_string: Option<&'a str>,
    /// User Properties.
    pub user: UserProperties<'a>,
}

impl<'a> Auth<'a> {
    pub(crate) fn decode(body: &'a [u8]) -> Result<Self, Error> {
        let mut from = Reader::new(body);
        if from.is_empty() {
            let properties = AuthProperties::default();
            return Ok(Self { reason: ReasonCode::Success, properties });
        }
        let code = from.u8("reason code")?;
        let reason = ReasonCode::from_byte(code)
            .filter(|reason| {
                matches!(
                    reason,
                    ReasonCode::Success
                        | ReasonCode::ContinueAuthentication
                        | ReasonCode::ReAuthenticate
                )
            })
            .ok_or(Error::UnknownReason { packet: PacketType::Auth, code })?;
        let properties = AuthProperties::read(&mut from)?;
        from.finish(PacketType::Auth)?;
        Ok(Self { reason, properties })
    }

    /// Writes it and returns its length.
    ///
    /// # Errors
    /// A property is too long, or the version has no AUTH; nothing is written.
    pub fn encode(&self, version: Version, out: &mut impl BufMut) -> Result<usize, Error> {
        if version != Version::V5 {
            return Err(Error::NotInVersion { packet: PacketType::Auth });
        }
        plain(PacketType::Auth, self, out)
    }
}

impl<'a> AuthProperties<'a> {
    fn read(from: &mut Reader<'a>) -> Result<Self, Error> {
        let mut reader = PropertyReader::new(from, Place::Packet(PacketType::Auth))?;
        let mut all = Self { user: UserProperties::new(reader.raw()), ..Self::default() };
        while let Some(property) = reader.next()? {
            match property {
                Property::AuthenticationMethod(text) => all.authentication_method = Some(text),
                Property::AuthenticationData(data) => all.authentication_data = Some(data),
                Property::ReasonString(text) => all.reason_string = Some(text),
                _ => {}
            }
        }
        if all.authentication_method.is_none() { Err(Error::AuthMethodMissing) } else { Ok(all) }
    }
}

impl Section for AuthProperties<'_> {
    fn put(&self, out: &mut impl Put) {
        let all = [
            self.authentication_method.map(Property::AuthenticationMethod),
            self.authentication_data.map(Property::AuthenticationData),
            self.reason_string.map(Property::ReasonString),
        ];
        all.iter().flatten().for_each(|property| property.put(out));
        self.user.put(out);
    }
}

impl Body for Auth<'_> {
    fn put(&self, out: &mut impl Put) {
        if self.reason == ReasonCode::Success && self.properties.len() == 0 {
            return;
        }
        out.u8(self.reason.byte());
        section(out, &self.properties);
    }
}

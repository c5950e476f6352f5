//! DISCONNECT: the last packet, from either side in version 5.

use bytes::BufMut;

use crate::property::{Place, Property, PropertyReader};
use crate::read::Reader;
use crate::write::{Body, Put, Section, plain, section};
use crate::{Error, PacketType, ReasonCode, UserProperties, Version};

/// A DISCONNECT; in MQTT 3.1.1 without content and from the client only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disconnect<'a> {
    /// Why.
    pub reason: ReasonCode,
    /// Empty in MQTT 3.1.1.
    pub properties: DisconnectProperties<'a>,
}

/// Properties of DISCONNECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DisconnectProperties<'a> {
    /// Session Expiry Interval in seconds, from the client only.
    pub session_expiry_interval: Option<u32>,
    /// Reason String.
    pub reason_string: Option<&'a str>,
    /// User Properties.
    pub user: UserProperties<'a>,
    /// Server Reference, from the server only.
    pub server_reference: Option<&'a str>,
}

impl<'a> Disconnect<'a> {
    /// A reason without properties.
    #[must_use]
    pub fn new(reason: ReasonCode) -> Self {
        Self { reason, properties: DisconnectProperties::default() }
    }

    pub(crate) fn decode(version: Version, body: &'a [u8]) -> Result<Self, Error> {
        let mut from = Reader::new(body);
        let mut disconnect = Self::new(ReasonCode::NORMAL_DISCONNECTION);
        if version == Version::V5 && !from.is_empty() {
            disconnect.reason = reason(from.u8("reason code")?)?;
            if !from.is_empty() {
                disconnect.properties = DisconnectProperties::read(&mut from)?;
            }
        }
        from.finish(PacketType::Disconnect)?;
        Ok(disconnect)
    }

    /// Writes it and returns its length.
    ///
    /// # Errors
    /// A property is too long; nothing is written.
    pub fn encode(&self, version: Version, out: &mut impl BufMut) -> Result<usize, Error> {
        plain(PacketType::Disconnect, &(version, self), out)
    }
}

fn reason(code: u8) -> Result<ReasonCode, Error> {
    use ReasonCode as R;
    let unknown = Error::UnknownReason { packet: PacketType::Disconnect, code };
    let reason = R::from_byte(code).ok_or(unknown)?;
    match reason {
        R::Success | R::DisconnectWithWillMessage => Ok(reason),
        R::UnsupportedProtocolVersion
        | R::ClientIdentifierNotValid
        | R::BadUserNameOrPassword
        | R::ServerUnavailable
        | R::Banned
        | R::BadAuthenticationMethod
        | R::PacketIdentifierInUse
        | R::PacketIdentifierNotFound => Err(unknown),
        _ if reason.is_error() => Ok(reason),
        _ => Err(unknown),
    }
}

impl<'a> DisconnectProperties<'a> {
    fn read(from: &mut Reader<'a>) -> Result<Self, Error> {
        let mut reader = PropertyReader::new(from, Place::Packet(PacketType::Disconnect))?;
        let mut all = Self { user: UserProperties::new(reader.raw()), ..Self::default() };
        while let Some(property) = reader.next()? {
            match property {
                Property::SessionExpiryInterval(n) => all.session_expiry_interval = Some(n),
                Property::ReasonString(text) => all.reason_string = Some(text),
                Property::ServerReference(text) => all.server_reference = Some(text),
                _ => {}
            }
        }
        Ok(all)
    }
}

impl Section for DisconnectProperties<'_> {
    fn put(&self, out: &mut impl Put) {
        let all = [
            self.session_expiry_interval.map(Property::SessionExpiryInterval),
            self.reason_string.map(Property::ReasonString),
            self.server_reference.map(Property::ServerReference),
        ];
        all.iter().flatten().for_each(|property| property.put(out));
        self.user.put(out);
    }
}

impl Body for (Version, &Disconnect<'_>) {
    fn put(&self, out: &mut impl Put) {
        let (version, disconnect) = *self;
        let bare = disconnect.properties.len() == 0;
        if version != Version::V5 || (bare && disconnect.reason == ReasonCode::Success) {
            return;
        }
        out.u8(disconnect.reason.byte());
        if !bare {
            section(out, &disconnect.properties);
        }
    }
}
